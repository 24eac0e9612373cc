//! Places on the panel, cut from one another like paper.

use embedded_graphics::{prelude::*, primitives::Rectangle};

/// A part of the panel, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Distance from the left edge.
    pub left: i32,
    /// Distance from the upper edge.
    pub top: i32,
    /// Width; never negative.
    pub width: i32,
    /// Height; never negative.
    pub height: i32,
}

impl Place {
    /// A place; what would be negative is nothing.
    pub fn new(left: i32, top: i32, width: i32, height: i32) -> Self {
        Self { left, top, width: width.max(0), height: height.max(0) }
    }

    /// Cuts a strip off the upper edge and leaves the rest.
    pub fn cut_top(&mut self, height: i32) -> Self {
        let height = height.clamp(0, self.height);
        let strip = Self { height, ..*self };
        (self.top, self.height) = (self.top + height, self.height - height);
        strip
    }

    /// Cuts a strip off the lower edge and leaves the rest.
    pub fn cut_bottom(&mut self, height: i32) -> Self {
        let height = height.clamp(0, self.height);
        self.height -= height;
        Self { top: self.top + self.height, height, ..*self }
    }

    /// Cuts a strip off the left edge and leaves the rest.
    pub fn cut_left(&mut self, width: i32) -> Self {
        let width = width.clamp(0, self.width);
        let strip = Self { width, ..*self };
        (self.left, self.width) = (self.left + width, self.width - width);
        strip
    }

    /// Cuts a strip off the right edge and leaves the rest.
    pub fn cut_right(&mut self, width: i32) -> Self {
        let width = width.clamp(0, self.width);
        self.width -= width;
        Self { left: self.left + self.width, width, ..*self }
    }

    /// Without a margin on every side.
    pub fn inset(self, by: i32) -> Self {
        self.inset_by(by, by)
    }

    /// Without a margin left and right, and one above and below.
    pub fn inset_by(self, x: i32, y: i32) -> Self {
        Self::new(self.left + x, self.top + y, self.width - 2 * x, self.height - 2 * y)
    }

    /// A place of that size in its middle, no larger than itself.
    pub fn middle(self, width: i32, height: i32) -> Self {
        let (width, height) = (width.min(self.width), height.min(self.height));
        Self::new(self.left + (self.width - width) / 2, self.top + (self.height - height) / 2, width, height)
    }

    /// The largest square in its middle.
    pub fn square(self) -> Self {
        let side = self.width.min(self.height);
        self.middle(side, side)
    }

    /// For `embedded-graphics`.
    pub fn rectangle(self) -> Rectangle {
        Rectangle::new(Point::new(self.left, self.top), Size::new(self.width as u32, self.height as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_and_the_rest_are_the_whole_and_never_more() {
        let mut rest = Place::new(0, 0, 100, 50);
        let (top, left) = (rest.cut_top(10), rest.cut_left(30));
        let (bottom, right) = (rest.cut_bottom(500), rest.cut_right(20));
        assert_eq!(top, Place::new(0, 0, 100, 10));
        assert_eq!(left, Place::new(0, 10, 30, 40));
        assert_eq!(bottom, Place::new(30, 10, 70, 40));
        assert_eq!((right, rest), (Place::new(80, 10, 20, 0), Place::new(30, 10, 50, 0)));
    }
}
