//! Codes of the qrcode crate, and pictures of them as a camera would have them: from any side, bent, blurred, noisy.

use qrcode::{Color, EcLevel, QrCode, Version};

use super::super::geometry::{Homography, Point, point};
use super::super::image::Image;
use super::super::layout::layout;
use super::Chance;

/// Levels of correction, in the order in which the search numbers them.
pub(super) const LEVELS: [EcLevel; 4] = [EcLevel::L, EcLevel::M, EcLevel::Q, EcLevel::H];

/// A code's modules.
#[derive(Clone)]
pub(super) struct Grid {
    pub size: usize,
    dark: Vec<bool>,
}

impl From<&QrCode> for Grid {
    fn from(code: &QrCode) -> Self {
        Self { size: code.width(), dark: code.to_colors().into_iter().map(|color| color == Color::Dark).collect() }
    }
}

impl Grid {
    pub(super) fn of(text: &str, version: usize, level: usize) -> Self {
        Self::from(&QrCode::with_version(text, Version::Normal(version as i16), LEVELS[level]).unwrap())
    }

    pub(super) fn is_dark(&self, x: usize, y: usize) -> bool {
        self.dark[y * self.size + x]
    }

    pub(super) fn mirrored(&self) -> Self {
        let size = self.size;
        Self { size, dark: (0..size * size).map(|at| self.is_dark(at / size, at % size)).collect() }
    }

    pub(super) fn evidence(&self) -> Vec<f32> {
        self.dark.iter().map(|dark| if *dark { 1.0 } else { -1.0 }).collect()
    }

    /// Makes nonsense of what it says, and leaves the patterns and the format as they are.
    pub(super) fn scramble(&mut self, chance: &mut Chance) {
        let plan = layout((self.size - 17) / 4).unwrap();
        for place in &plan.bits {
            self.dark[*place as usize] = chance.below(2) == 0;
        }
    }

    /// The shade at a point in modules; 4 of them around the code are its margin, beyond is nothing.
    fn shade(&self, p: Point) -> Option<f32> {
        let margin = -4.0..self.size as f32 + 4.0;
        if !margin.contains(&p.x) || !margin.contains(&p.y) {
            return None;
        }
        let is_inside = p.x >= 0.0 && p.y >= 0.0 && p.x < self.size as f32 && p.y < self.size as f32;
        Some(if is_inside && self.is_dark(p.x as usize, p.y as usize) { 35.0 } else { 215.0 })
    }
}

/// How a code lies in a picture.
pub(super) struct Pose {
    /// Where the middle of the code is, in pixels.
    pub at: Point,
    /// Pixels of a module that faces the camera.
    pub module: f32,
    /// In degrees: turned in the picture, and tilted away from the camera.
    pub turn: f32,
    pub tilt: f32,
}

impl Pose {
    pub(super) fn flat(at: Point, module: f32) -> Self {
        Self { at, module, turn: 0.0, tilt: 0.0 }
    }

    /// The pixel of a point in modules, seen from five times as far as the code is wide.
    pub(super) fn pixel(&self, size: usize, p: Point) -> Point {
        let half = size as f32 / 2.0;
        let (x, y) = ((p.x - half) * self.module, (p.y - half) * self.module);
        let (sin, cos) = self.tilt.to_radians().sin_cos();
        let far = size as f32 * self.module * 5.0;
        let scale = far / (far + x * sin);
        let (x, y) = (x * cos * scale, y * scale);
        let (sin, cos) = self.turn.to_radians().sin_cos();
        self.at + point(x * cos - y * sin, x * sin + y * cos)
    }

    pub(super) fn corners(&self, size: usize) -> [Point; 4] {
        let end = size as f32;
        [(0.0, 0.0), (end, 0.0), (end, end), (0.0, end)].map(|(x, y)| self.pixel(size, point(x, y)))
    }

    /// From pixels to modules.
    fn inverse(&self, size: usize) -> Homography {
        let end = size as f32;
        let pairs = [(0.0, 0.0), (end, 0.0), (end, end), (0.0, end)].map(|(x, y)| point(x, y));
        Homography::fit(&pairs.map(|p| (self.pixel(size, p), p, 1.0))).unwrap()
    }
}

/// A picture that is being drawn.
pub(super) struct Canvas {
    pub width: usize,
    pub height: usize,
    shades: Vec<f32>,
}

impl Canvas {
    /// A road: grey, and not quite even.
    pub(super) fn road(width: usize, height: usize) -> Self {
        let shade = |at: usize| 120.0 + (at % width) as f32 * 30.0 / width as f32;
        Self { width, height, shades: (0..width * height).map(shade).collect() }
    }

    /// Draws a code through a map from pixels to modules: the mean of nine places of every pixel.
    pub(super) fn through(&mut self, grid: &Grid, modules: impl Fn(Point) -> Point) {
        for y in 0..self.height {
            for x in 0..self.width {
                // What is more than a margin away is not drawn more finely.
                if grid.shade(modules(point(x as f32 + 0.5, y as f32 + 0.5))).is_none() {
                    continue;
                }
                let cell = &mut self.shades[y * self.width + x];
                let ground = *cell;
                let places = (0..9)
                    .map(|i| point(x as f32 + (i % 3) as f32 / 3.0 + 0.17, y as f32 + (i / 3) as f32 / 3.0 + 0.17));
                *cell = places.map(|p| grid.shade(modules(p)).unwrap_or(ground)).sum::<f32>() / 9.0;
            }
        }
    }

    pub(super) fn code(&mut self, grid: &Grid, pose: &Pose) {
        let map = pose.inverse(grid.size);
        self.through(grid, |p| map.map(p));
    }

    /// Makes all of one shade whose point in modules fulfils something.
    pub(super) fn cover(&mut self, grid: &Grid, pose: &Pose, shade: f32, covers: impl Fn(Point) -> bool) {
        let map = pose.inverse(grid.size);
        for y in 0..self.height {
            for x in 0..self.width {
                if covers(map.map(point(x as f32 + 0.5, y as f32 + 0.5))) {
                    self.shades[y * self.width + x] = shade;
                }
            }
        }
    }

    /// Gauss's blur with this deviation in pixels.
    pub(super) fn blur(&mut self, deviation: f32) {
        let reach = (deviation * 3.0).ceil() as isize;
        let weights: Vec<f32> =
            (-reach..=reach).map(|d| (-(d * d) as f32 / (2.0 * deviation * deviation)).exp()).collect();
        let sum: f32 = weights.iter().sum();
        for (step, length) in [(1, self.width), (self.width, self.height)] {
            let before = self.shades.clone();
            for (at, shade) in self.shades.iter_mut().enumerate() {
                let along = (at / step % length) as isize;
                let near = |d: isize| {
                    before[(at as isize + ((along + d).clamp(0, length as isize - 1) - along) * step as isize) as usize]
                };
                *shade = (-reach..=reach).zip(&weights).map(|(d, weight)| near(d) * weight).sum::<f32>() / sum;
            }
        }
    }

    pub(super) fn noise(&mut self, deviation: f32, chance: &mut Chance) {
        self.shades.iter_mut().for_each(|shade| *shade += chance.normal() * deviation);
    }

    pub(super) fn inverted(mut self) -> Self {
        self.shades.iter_mut().for_each(|shade| *shade = 255.0 - *shade);
        self
    }

    pub(super) fn image(&self) -> Image {
        let luma = self.shades.iter().map(|shade| shade.round().clamp(0.0, 255.0) as u8).collect();
        Image { width: self.width, height: self.height, luma }
    }
}
