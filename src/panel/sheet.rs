//! What a screen is drawn on: fields, texts that fit their place, and a record of what did not.

use board::Picture;
use embedded_graphics::{
    pixelcolor::Rgb888,
    prelude::*,
    primitives::{PrimitiveStyleBuilder, RoundedRectangle, StrokeAlignment},
};

use crate::colour::Pair;
use crate::font::{Face, Size, legible};
use crate::place::Place;

/// Where a text stands within its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left edge, halfway down.
    Left,
    /// In the middle.
    Middle,
    /// At the right edge, halfway down.
    Right,
    /// At the left edge, from the top.
    Top,
}

/// A text set in a face.
#[derive(Debug, Clone)]
pub struct Set {
    /// The face.
    pub face: &'static Face,
    /// Its lines.
    pub lines: Vec<String>,
}

impl Set {
    /// Width of the longest line.
    pub fn width(&self) -> i32 {
        self.lines.iter().map(|line| self.face.width(line)).max().unwrap_or(0)
    }

    /// From the highest ink to the lowest.
    pub fn height(&self) -> i32 {
        let (Some(first), Some(last)) = (self.lines.first(), self.lines.last()) else { return 0 };
        self.face.reach(first).0 + (self.lines.len() as i32 - 1) * self.face.line + self.face.reach(last).1
    }
}

/// A picture being drawn.
pub struct Sheet<'a> {
    picture: &'a mut Picture,
    /// Texts of the panel's own that did not fit, or would have been drawn over something.
    #[cfg(test)]
    pub faults: Vec<String>,
    /// Every text that was written, lines joined.
    #[cfg(test)]
    pub written: Vec<String>,
}

impl<'a> Sheet<'a> {
    /// A sheet as large as the picture.
    pub fn new(picture: &'a mut Picture) -> Self {
        Self {
            picture,
            #[cfg(test)]
            faults: Vec::new(),
            #[cfg(test)]
            written: Vec::new(),
        }
    }

    /// All of it.
    pub fn whole(&self) -> Place {
        let (width, height) = self.picture.dimensions();
        let side = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
        Place::new(0, 0, side(width), side(height))
    }

    /// A share of the panel's height, in thousandths; at least one pixel. All distances are made of it.
    pub fn share(&self, thousandths: i32) -> i32 {
        (self.whole().height * thousandths / 1000).max(1)
    }

    /// Whether there is room for more than what is asked for.
    pub fn is_wide(&self) -> bool {
        self.whole().width >= 600
    }

    /// Fills a place.
    pub fn fill(&mut self, place: Place, colour: Rgb888) {
        let Ok(()) = self.picture.fill_solid(&place.rectangle(), colour);
    }

    /// Fills a place with rounded corners, and draws its edge if that is to have a width.
    pub fn card(&mut self, place: Place, ground: Rgb888, edge: Rgb888, width: i32) {
        let style = PrimitiveStyleBuilder::new()
            .fill_color(ground)
            .stroke_color(edge)
            .stroke_width(width.max(0) as u32)
            .stroke_alignment(StrokeAlignment::Inside)
            .build();
        let corner = self.share(16) as u32;
        let card = RoundedRectangle::with_equal_corners(
            place.rectangle(),
            embedded_graphics::geometry::Size::new_equal(corner),
        );
        let Ok(()) = card.into_styled(style).draw(self.picture);
    }

    /// The edge of a place.
    pub fn edge(&mut self, place: Place, colour: Rgb888, width: i32) {
        let style = PrimitiveStyleBuilder::new()
            .stroke_color(colour)
            .stroke_width(width.max(1) as u32)
            .stroke_alignment(StrokeAlignment::Inside)
            .build();
        let Ok(()) = place.rectangle().into_styled(style).draw(self.picture);
    }

    /// Colours the points of a place; each gives how much of 255 it takes of the colour.
    pub fn shade(&mut self, place: Place, colour: Rgb888, cover: impl Fn(i32, i32) -> u8) {
        let bounds = self.picture.bounding_box();
        let (width, _) = self.picture.dimensions();
        for point in place.rectangle().intersection(&bounds).points() {
            let part = cover(point.x, point.y);
            if part > 0 {
                let at = (point.y as usize * width as usize + point.x as usize) * 3;
                let rgb = &self.picture.rgb()[at..at + 3];
                let under = Rgb888::new(rgb[0], rgb[1], rgb[2]);
                let Ok(()) = Pixel(point, crate::colour::between(under, colour, part)).draw(self.picture);
            }
        }
    }

    /// The largest setting of a text that fits, or else as much of it as fits, with the answer that it is not all.
    pub fn set(&self, text: &str, place: Place, size: Size) -> (Set, bool) {
        let text = legible(text);
        let panel = self.whole().height;
        // A name with a letter that only the small faces have is better small than full of boxes.
        let covered = size.faces(panel).any(|face| face.has(&text));
        let mut smallest = None;
        for face in size.faces(panel).filter(|face| !covered || face.has(&text)) {
            if let Some(lines) = wrap(face, &text, place.width) {
                let set = Set { face, lines };
                if set.height() <= place.height {
                    let even = Set { face, lines: balanced(face, &text, &set) };
                    // Other letters in the first and the last line may reach further.
                    return (if even.height() <= place.height { even } else { set }, true);
                }
            }
            smallest = Some(face);
        }
        let face = smallest.expect("every size has a face on every panel, and one of them was tried");
        (Set { face, lines: cut(face, &text, place) }, false)
    }

    /// Writes one of the panel's own texts as large as its place and its size allow.
    pub fn text(&mut self, text: &str, place: Place, size: Size, pair: Pair, align: Align) -> Place {
        let (set, whole) = self.set(text, place, size);
        if !whole {
            self.note(|| format!("no room for {text:?} in {place:?}"));
        }
        self.write(&set, place, pair, align)
    }

    /// Writes a text that came from outside: as much of it as there is room for.
    pub fn foreign(&mut self, text: &str, place: Place, size: Size, pair: Pair, align: Align) -> Place {
        let (set, _) = self.set(text, place, size);
        self.write(&set, place, pair, align)
    }

    /// Writes a set text, and says where its ink is.
    pub fn write(&mut self, set: &Set, place: Place, pair: Pair, align: Align) -> Place {
        let (width, height) = (set.width(), set.height());
        let spare = (place.width - width, place.height - height);
        let top = place.top + if align == Align::Top { 0 } else { spare.1 / 2 };
        let ink = Place::new(
            place.left
                + match align {
                    Align::Left | Align::Top => 0,
                    Align::Middle => spare.0 / 2,
                    Align::Right => spare.0,
                },
            top,
            width,
            height,
        );
        self.prove(ink, pair, &set.lines);
        let mut base = top + set.lines.first().map_or(0, |line| set.face.reach(line).0);
        for line in &set.lines {
            let left = match align {
                Align::Left | Align::Top => place.left,
                Align::Middle => place.left + (place.width - set.face.width(line)) / 2,
                Align::Right => place.left + place.width - set.face.width(line),
            };
            self.line(set.face, line, Point::new(left, base), pair);
            base += set.face.line;
        }
        ink
    }

    /// One line of letters in their cells, from the left end of its base line.
    pub fn line(&mut self, face: &Face, line: &str, at: Point, pair: Pair) {
        let mut at = at;
        for c in line.chars() {
            if c != ' ' {
                let Ok(()) = face.letter(c, at, pair.letters, self.picture);
            }
            at.x += face.advance;
        }
    }

    #[cfg(not(test))]
    fn prove(&self, _: Place, _: Pair, _: &[String]) {}

    #[cfg(not(test))]
    pub fn note(&self, _: impl FnOnce() -> String) {}

    /// Notes a fault, for the tests of all screens.
    #[cfg(test)]
    pub fn note(&mut self, fault: impl FnOnce() -> String) {
        self.faults.push(fault());
    }

    /// Notes a text that leaves the panel, or does not stand on its own ground alone: on another text, on a
    /// picture, or across an edge.
    #[cfg(test)]
    fn prove(&mut self, ink: Place, pair: Pair, lines: &[String]) {
        self.written.push(lines.join(" "));
        let area = ink.rectangle();
        let (width, _) = self.picture.dimensions();
        let whole = self.picture.bounding_box();
        if area.intersection(&whole) != area {
            self.faults.push(format!("{lines:?} runs over the edge: {ink:?}"));
            return;
        }
        let ground = [pair.ground.r(), pair.ground.g(), pair.ground.b()];
        let clean = area.points().all(|p| {
            let at = (p.y as usize * width as usize + p.x as usize) * 3;
            self.picture.rgb()[at..at + 3] == ground
        });
        if !clean {
            self.faults.push(format!("{lines:?} stands on something else: {ink:?}"));
        }
    }
}

/// Breaks a text into lines no wider than `width`; `None` when a single word is wider.
fn wrap(face: &Face, text: &str, width: i32) -> Option<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        // A dash never begins a line.
        while let Some(dash) = words.next_if(|next| *next == "-") {
            word = format!("{word} {dash}");
        }
        if face.width(&word) > width {
            return None;
        }
        match lines.last_mut() {
            Some(line) if face.width(line) + face.advance + face.width(&word) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    Some(lines)
}

/// The same number of lines, as even as they get: a last word that stands alone is easily overlooked.
fn balanced(face: &Face, text: &str, set: &Set) -> Vec<String> {
    let mut best = set.lines.clone();
    let mut width = set.width();
    while best.len() > 1 {
        width -= face.advance;
        match wrap(face, text, width) {
            Some(lines) if lines.len() == best.len() => best = lines,
            _ => break,
        }
    }
    best
}

/// As much of a text as a place holds, words broken where they must be, two points for what is left out.
fn cut(face: &'static Face, text: &str, place: Place) -> Vec<String> {
    let columns = usize::try_from(place.width / face.advance.max(1)).unwrap_or(0);
    let mut rest: Vec<char> = text.chars().collect();
    let mut lines: Vec<String> = Vec::new();
    while columns > 2 && !rest.is_empty() {
        let full = Set { face, lines: [lines.clone(), vec!["Щ".into()]].concat() }.height() > place.height;
        if full {
            break;
        }
        let taken = rest.len().min(columns);
        lines.push(rest.drain(..taken).collect::<String>().trim().to_owned());
    }
    if !rest.is_empty()
        && let Some(last) = lines.last_mut()
    {
        *last = last.chars().take(columns - 2).chain("..".chars()).collect();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::PAPER;

    fn face() -> &'static Face {
        Size::Small.faces(240).last().unwrap()
    }

    #[test]
    fn lines_break_between_words_and_are_never_too_wide() {
        assert_eq!(wrap(face(), "один два  три", 8 * 6).unwrap(), ["один два", "три"]);
        assert_eq!(wrap(face(), "одиннадцать", 8 * 6), None);
        assert_eq!(wrap(face(), "", 8 * 6).unwrap(), Vec::<String>::new());
        assert_eq!(wrap(face(), "кода - нет", 7 * 6).unwrap(), ["кода -", "нет"]);
    }

    #[test]
    fn a_foreign_text_without_room_is_cut_and_says_so() {
        let lines = cut(face(), &"ИВАНОВ".repeat(40), Place::new(0, 0, 60, 30));
        assert!(lines.len() >= 2 && lines.iter().all(|line| line.chars().count() <= 10), "{lines:?}");
        assert!(lines.last().unwrap().ends_with(".."));
        assert_eq!(cut(face(), "ИВАНОВ", Place::new(0, 0, 0, 0)), Vec::<String>::new());
    }

    #[test]
    fn a_text_of_our_own_that_does_not_fit_is_noted() {
        let mut picture = Picture::new(100, 60);
        let mut sheet = Sheet::new(&mut picture);
        sheet.fill(sheet.whole(), PAPER.ground);
        sheet.text("fits", sheet.whole(), Size::Small, PAPER, Align::Left);
        assert_eq!(sheet.faults, Vec::<String>::new());
        sheet.text("fits", sheet.whole(), Size::Small, PAPER, Align::Left);
        assert!(sheet.faults.pop().unwrap().contains("something else"));
        sheet.text("does not fit at all", Place::new(0, 0, 30, 10), Size::Small, PAPER, Align::Left);
        assert!(sheet.faults[0].contains("no room"));
    }
}
