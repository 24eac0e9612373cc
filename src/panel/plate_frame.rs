//! A plate as it looks on a car: black on white, framed, the region apart, an empty box for a place that
//! the pass leaves open.

use embedded_graphics::prelude::Point;

use crate::colour::PAPER;
use crate::font::{Face, Size};
use crate::place::Place;
use crate::sheet::Sheet;

/// Longest plate that is drawn whole; the longest that exist anywhere have eleven signs.
const LONGEST: usize = 12;

/// Draws a plate as large as its place allows, in the middle of it.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, plate: &str) {
    let signs: String = if plate.chars().count() > LONGEST {
        plate.chars().take(LONGEST - 2).chain("..".chars()).collect()
    } else {
        plate.to_owned()
    };
    let (base, region) = signs.split_at(region_at(&signs));
    let panel = sheet.whole().height;
    let shape = |face: &Face| (frame_width(face, base, region), face.cap * 3 / 2 + 2);
    let fitting = Size::Fact.faces(panel).find(|face| {
        let (width, height) = shape(face);
        width <= place.width && height <= place.height
    });
    let Some(face) = fitting.or_else(|| Size::Fact.faces(panel).last()) else { return };
    let (width, height) = shape(face);
    if width > place.width || height > place.height {
        sheet.note(|| format!("no room for plate {plate} in {place:?}"));
    }
    let thick = (face.cap / 12).max(2);
    let frame = place.middle(width, height);
    sheet.card(frame, PAPER.ground, PAPER.letters, thick);
    let mut at = Point::new(frame.left + pad(face), frame.top + (frame.height + face.cap) / 2);
    let part = |sheet: &mut Sheet<'_>, at: &mut Point, signs: &str| {
        for sign in signs.chars() {
            if sign == '?' {
                let open = Place::new(at.x, at.y - face.cap, face.advance, face.cap);
                sheet.edge(open.inset_by((face.advance / 10).max(1), 0), PAPER.letters, (face.cap / 14).max(1));
            } else {
                sheet.line(face, sign.encode_utf8(&mut [0; 4]), *at, PAPER);
            }
            at.x += face.advance;
        }
    };
    part(sheet, &mut at, base);
    if !region.is_empty() {
        let bar = Place::new(at.x + pad(face) - thick / 2, frame.top, thick, frame.height);
        sheet.fill(bar, PAPER.letters);
        at.x += 2 * pad(face);
        part(sheet, &mut at, region);
    }
}

fn pad(face: &Face) -> i32 {
    face.advance / 3 + 2
}

fn frame_width(face: &Face, base: &str, region: &str) -> i32 {
    let gap = if region.is_empty() { 0 } else { 2 * pad(face) };
    face.width(base) + face.width(region) + 2 * pad(face) + gap
}

/// Where the region of a plate begins; at its end when it has none or its form is not known.
fn region_at(signs: &str) -> usize {
    let known = plate::grammar::parses(signs).map(|parse| parse.base).next();
    let open = || {
        let base = signs.len().checked_sub(2).filter(|at| signs.is_char_boundary(*at));
        base.filter(|at| plate::grammar::is_base(&signs[..*at]) && signs[*at..].bytes().all(|b| b.is_ascii_digit()))
    };
    known.or_else(open).unwrap_or(signs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_stands_apart_where_there_is_one() {
        assert_eq!(region_at("A123BC77"), 6);
        assert_eq!(region_at("A123BC777"), 6);
        assert_eq!(region_at("AB12377"), 5);
        assert_eq!(region_at("A???BC77"), 6);
        assert_eq!(region_at("?123??"), 6);
        assert_eq!(region_at("WX70KLM"), 7);
        assert_eq!(region_at("漢字"), "漢字".len());
    }
}
