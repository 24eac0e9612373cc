//! The ink of one letter, before it has a colour.

use core::convert::Infallible;

use embedded_graphics::{pixelcolor::BinaryColor, prelude::*};

/// Which pixels of a small area are ink.
pub struct Mask {
    width: i32,
    height: i32,
    ink: Vec<bool>,
}

impl Mask {
    /// No ink.
    pub fn new(size: Size) -> Self {
        Self {
            width: size.width as i32,
            height: size.height as i32,
            ink: vec![false; (size.width * size.height) as usize],
        }
    }

    fn at(&self, x: i32, y: i32) -> bool {
        (0..self.width).contains(&x) && (0..self.height).contains(&y) && self.ink[(y * self.width + x) as usize]
    }

    /// Twice as large, by Scale2x (Mazzoleni, 2001): each pixel becomes four, and one of the four takes its
    /// two outer neighbours' side where they agree and the opposite ones do not.
    pub fn doubled(&self) -> Self {
        let mut out = Self::new(Size::new(self.width as u32 * 2, self.height as u32 * 2));
        for y in 0..self.height {
            for x in 0..self.width {
                let (up, down) = (self.at(x, y - 1), self.at(x, y + 1));
                let (left, right) = (self.at(x - 1, y), self.at(x + 1, y));
                let flat = up == down || left == right;
                let pick = |vertical: bool, horizontal: bool| {
                    if !flat && vertical == horizontal { vertical } else { self.at(x, y) }
                };
                let quarters = [pick(up, left), pick(up, right), pick(down, left), pick(down, right)];
                for (ink, (dx, dy)) in quarters.into_iter().zip([(0, 0), (1, 0), (0, 1), (1, 1)]) {
                    out.ink[((y * 2 + dy) * out.width + x * 2 + dx) as usize] = ink;
                }
            }
        }
        out
    }

    /// The points of ink, with every stroke made `by` pixels wider.
    pub fn thickened(&self, by: i32) -> impl Iterator<Item = Point> + '_ {
        let points = (0..self.height).flat_map(move |y| (0..self.width).map(move |x| Point::new(x, y)));
        points.filter(move |p| (0..=by).any(|d| self.at(p.x - d, p.y)))
    }
}

impl OriginDimensions for Mask {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Mask {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(point, colour) in pixels {
            if (0..self.width).contains(&point.x) && (0..self.height).contains(&point.y) {
                self.ink[(point.y * self.width + point.x) as usize] = colour.is_on();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: [&str; 3]) -> Mask {
        let mut mask = Mask::new(Size::new(3, 3));
        mask.ink = rows.concat().chars().map(|c| c == '#').collect();
        mask
    }

    #[test]
    fn doubling_keeps_straight_lines_straight_and_rounds_stairs() {
        let bar = mask(["###", "...", "..."]).doubled();
        assert_eq!(bar.ink.iter().filter(|i| **i).count(), 12);
        let stairs = mask(["#..", ".#.", "..#"]).doubled();
        assert!(stairs.at(2, 1) && stairs.at(1, 2), "the step between two pixels is filled");
    }

    #[test]
    fn thickening_adds_to_the_right() {
        let dot = mask(["...", "#..", "..."]);
        assert_eq!(dot.thickened(1).collect::<Vec<_>>(), [Point::new(0, 1), Point::new(1, 1)]);
    }
}
