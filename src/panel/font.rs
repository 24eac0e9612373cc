//! Letters: the one file that knows the fonts, from which face to which, and what stands for a letter
//! that none of them has.
//!
//! All faces are bitmaps of one width per letter, so a text of `n` letters is `n` cells wide. Between the
//! small faces and the large ones, and above the largest, some are drawn at twice their size; the corners
//! this leaves are rounded off with the rule of Scale2x. Most strokes are thickened, because a thin white
//! line on a wet or sunlit panel is not seen from two metres away.

use embedded_graphics::{pixelcolor::BinaryColor, prelude::*, primitives::Rectangle};
use u8g2_fonts::{
    FontRenderer, fonts,
    types::{FontColor, VerticalPosition},
};

use crate::mask::Mask;

/// One font at one size, in pixels of the panel.
#[derive(Debug)]
pub struct Face {
    font: FontRenderer,
    /// Drawn at twice its size.
    doubled: bool,
    /// How many pixels each stroke is thickened to the right.
    bold: i32,
    /// Height of a capital letter.
    pub cap: i32,
    /// Width of every letter.
    pub advance: i32,
    /// From one base line to the next.
    pub line: i32,
}

const fn face<F: u8g2_fonts::Font>(advance: i32, scale: i32, bold: i32) -> Face {
    let font = FontRenderer::new::<F>();
    Face {
        cap: font.get_ascent() as i32 * scale,
        advance: advance * scale,
        line: (font.get_font_bounding_box(VerticalPosition::Baseline).size.height as i32) * scale,
        font,
        doubled: scale == 2,
        bold,
    }
}

/// Every face, from the largest to the smallest.
pub static FACES: [Face; 19] = [
    face::<fonts::u8g2_font_inr53_t_cyrillic>(43, 2, 6),
    face::<fonts::u8g2_font_inr46_t_cyrillic>(37, 2, 6),
    face::<fonts::u8g2_font_inr38_t_cyrillic>(30, 2, 5),
    face::<fonts::u8g2_font_inr33_t_cyrillic>(26, 2, 4),
    face::<fonts::u8g2_font_inr53_t_cyrillic>(43, 1, 3),
    face::<fonts::u8g2_font_inr46_t_cyrillic>(37, 1, 3),
    face::<fonts::u8g2_font_inr42_t_cyrillic>(34, 1, 2),
    face::<fonts::u8g2_font_inr38_t_cyrillic>(30, 1, 2),
    face::<fonts::u8g2_font_inr33_t_cyrillic>(26, 1, 2),
    face::<fonts::u8g2_font_inr30_t_cyrillic>(24, 1, 2),
    face::<fonts::u8g2_font_inr27_t_cyrillic>(22, 1, 1),
    face::<fonts::u8g2_font_inr24_t_cyrillic>(20, 1, 1),
    face::<fonts::u8g2_font_7x13_t_cyrillic>(7, 2, 1),
    face::<fonts::u8g2_font_6x13_t_cyrillic>(6, 2, 1),
    face::<fonts::u8g2_font_10x20_t_cyrillic>(10, 1, 0),
    face::<fonts::u8g2_font_9x15_t_cyrillic>(9, 1, 1),
    face::<fonts::u8g2_font_8x13_t_cyrillic>(8, 1, 1),
    face::<fonts::u8g2_font_7x13_t_cyrillic>(7, 1, 0),
    face::<fonts::u8g2_font_6x13_t_cyrillic>(6, 1, 0),
];

/// What a text is on the panel; each may be drawn in a range of faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The verdict's one word.
    Word,
    /// What is to be compared: a plate, a name.
    Fact,
    /// What somebody is asked to do who has not come near yet.
    Call,
    /// Why, in one line.
    Headline,
    /// What to do.
    Body,
    /// What only somebody standing close needs.
    Small,
}

impl Size {
    /// The faces it may be drawn in on a panel of that height, largest first; never none.
    pub fn faces(self, panel_height: i32) -> impl Iterator<Item = &'static Face> {
        // Capital letters in thousandths of the panel's height, at most and at least. Six thousandths of the
        // distance can be read without effort: 40 on a panel 15 cm high are 6 mm, good for two metres.
        let (most, least) = match self {
            Self::Word => (235, 100),
            Self::Fact => (235, 27),
            Self::Call => (125, 50),
            Self::Headline => (85, 37),
            Self::Body => (55, 27),
            Self::Small => (38, 20),
        };
        // No face is smaller than nine pixels: on a small panel the floor gives way to the letters.
        let (most, least) = ((panel_height * most / 1000).max(9), (panel_height * least / 1000).min(20));
        FACES.iter().filter(move |face| face.cap <= most && face.cap >= least)
    }
}

/// The same text with signs that no face has written in signs that they have.
pub fn legible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '«' | '»' | '“' | '”' | '„' => out.push('"'),
            '’' | '‘' | 'ʼ' => out.push('\''),
            '…' => out.push_str("..."),
            '№' => out.push('N'),
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

impl Face {
    /// Whether every letter of a text is in this face.
    pub fn has(&self, text: &str) -> bool {
        text.chars().all(|c| self.extent(c).is_some())
    }

    /// Width of a text.
    pub fn width(&self, text: &str) -> i32 {
        i32::try_from(text.chars().count()).unwrap_or(i32::MAX).saturating_mul(self.advance)
    }

    /// How far a text reaches above and below its base line.
    pub fn reach(&self, text: &str) -> (i32, i32) {
        text.chars().filter(|c| *c != ' ').fold((0, 0), |(above, below), c| {
            let ink =
                self.extent(c).unwrap_or(Rectangle::new(Point::new(0, -self.cap), Size2::new(1, self.cap as u32)));
            (above.max(-ink.top_left.y), below.max(ink.top_left.y + ink.size.height as i32))
        })
    }

    /// Where the ink of a letter is, seen from the base line; `None` when the face does not have it.
    fn extent(&self, c: char) -> Option<Rectangle> {
        let scale = if self.doubled { 2 } else { 1 };
        let found = self.font.get_rendered_dimensions(c, Point::zero(), VerticalPosition::Baseline).ok()?;
        let ink = found.bounding_box.unwrap_or_default();
        Some(Rectangle::new(ink.top_left * scale, ink.size * scale as u32))
    }

    /// Draws one letter with the left end of its base line at `at`; a letter that is not in the face becomes
    /// an empty box.
    pub fn letter<D: DrawTarget>(&self, c: char, at: Point, colour: D::Color, onto: &mut D) -> Result<(), D::Error> {
        let cell = self.font.get_font_bounding_box(VerticalPosition::Baseline);
        // Two pixels of margin, so that no letter touches the edge of its mask.
        let base = Point::new(2 - cell.top_left.x, 2 - cell.top_left.y);
        let mut mask = Mask::new(cell.size + Size2::new(4 + cell.size.width, 4));
        if self
            .font
            .render(c, base, VerticalPosition::Baseline, FontColor::Transparent(BinaryColor::On), &mut mask)
            .is_err()
        {
            return self.missing(at, colour, onto);
        }
        let (mask, base) = if self.doubled { (mask.doubled(), base * 2) } else { (mask, base) };
        onto.draw_iter(mask.thickened(self.bold).map(|point| Pixel(at + point - base, colour)))
    }

    fn missing<D: DrawTarget>(&self, at: Point, colour: D::Color, onto: &mut D) -> Result<(), D::Error> {
        let (wide, high, thick) = (self.advance * 7 / 10, self.cap, (self.cap / 10).max(1));
        let left = at + Point::new((self.advance - wide) / 2, 0);
        let edge = move |p: &Point| p.x < thick || p.x >= wide - thick || p.y < thick || p.y >= high - thick;
        let points = Rectangle::new(Point::zero(), Size2::new(wide as u32, high as u32)).points().filter(edge);
        onto.draw_iter(points.map(|p| Pixel(left + Point::new(p.x, p.y - high), colour)))
    }
}

/// The size of an area, under a name that leaves `Size` to texts.
type Size2 = embedded_graphics::geometry::Size;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_a_face_on_every_panel() {
        for size in [Size::Word, Size::Fact, Size::Call, Size::Headline, Size::Body, Size::Small] {
            for height in 1..2000 {
                assert!(size.faces(height).next().is_some(), "{size:?} on {height}");
            }
        }
    }

    #[test]
    fn faces_stand_from_the_largest_to_the_smallest() {
        assert!(FACES.windows(2).all(|w| w[0].cap >= w[1].cap && w[0].advance > w[1].advance));
    }

    #[test]
    fn no_letter_is_wider_than_its_cell() {
        for face in &FACES {
            for c in ('!'..='~').chain('А'..='я').chain(['Ё', 'ё']) {
                let ink = face.extent(c).unwrap();
                let right = ink.top_left.x + ink.size.width as i32 + face.bold;
                // Thickening may use the gap to the next letter, and no more.
                assert!(right <= face.advance + face.bold, "{c} at {} reaches {right} of {}", face.cap, face.advance);
            }
        }
    }

    #[test]
    fn a_letter_nobody_has_is_drawn_as_a_box() {
        let mut picture = board::Picture::new(60, 60);
        let face = &FACES[8];
        assert!(!face.has("漢"));
        face.letter('漢', Point::new(5, 50), embedded_graphics::pixelcolor::Rgb888::WHITE, &mut picture).unwrap();
        assert!(picture.rgb().iter().filter(|b| **b != 0).count() > 100);
    }

    #[test]
    fn signs_without_a_glyph_are_written_with_others() {
        assert_eq!(legible("№ 5 – «да»…\n"), "N 5 - \"да\"... ");
    }
}
