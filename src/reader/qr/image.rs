//! Pictures in shades of grey, and their smaller and larger renderings.
//!
//! Coordinates are continuous: the pixel in column `i` covers `i..i + 1`, its middle is `i + 0.5`. So a point
//! of a picture of half the size is exactly half the point.

use super::geometry::Point;

/// A borrowed picture, rows without padding, 0 is black.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub width: usize,
    pub height: usize,
    pub luma: &'a [u8],
}

/// A picture of its own.
#[derive(Clone, Default)]
pub(crate) struct Image {
    pub width: usize,
    pub height: usize,
    pub luma: Vec<u8>,
}

impl Image {
    pub(crate) fn view(&self) -> View<'_> {
        View { width: self.width, height: self.height, luma: &self.luma }
    }
}

impl View<'_> {
    /// The shade at a point, between the four pixels around it; outside, that of the nearest pixel.
    #[inline]
    pub(crate) fn sample(&self, point: Point) -> f32 {
        // `as` saturates, and takes what is not a number for 0.
        let x = (point.x - 0.5).max(0.0).min((self.width - 1) as f32);
        let y = (point.y - 0.5).max(0.0).min((self.height - 1) as f32);
        let (left, upper) = (x as i32 as usize, y as i32 as usize);
        let (u, v) = (x - left as i32 as f32, y - upper as i32 as f32);
        let right = usize::from(left + 1 < self.width);
        let below = if upper + 1 < self.height { self.width } else { 0 };
        let at = upper * self.width + left;
        let (upper, lower) = (&self.luma[at..=at + right], &self.luma[at + below..=at + below + right]);
        let between = |near: u8, far: u8| f32::from(near) + (f32::from(far) - f32::from(near)) * u;
        let (a, b) = (between(upper[0], upper[right]), between(lower[0], lower[right]));
        a + (b - a) * v
    }

    pub(crate) fn contains(&self, point: Point) -> bool {
        point.x >= 0.0 && point.y >= 0.0 && point.x < self.width as f32 && point.y < self.height as f32
    }

    /// Half the size: each pixel the mean of four.
    pub(crate) fn half(&self) -> Image {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut luma = Vec::with_capacity(width * height);
        let mut columns = vec![0_u16; self.width];
        for rows in self.luma.chunks_exact((self.width * 2).max(1)) {
            let (upper, lower) = rows.split_at(self.width);
            for ((sum, above), below) in columns.iter_mut().zip(upper).zip(lower) {
                *sum = u16::from(*above) + u16::from(*below);
            }
            luma.extend(columns.as_chunks::<2>().0.iter().map(|[left, right]| ((left + right + 2) / 4) as u8));
        }
        Image { width, height, luma }
    }
}
