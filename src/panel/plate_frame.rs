//! A plate as it looks on a car: black on white, framed, the region apart, an empty box for a place that
//! the pass leaves open.

use embedded_graphics::prelude::Point;

use crate::colour::{BAR, PAPER};
use crate::font::{Face, Size};
use crate::place::Place;
use crate::sheet::Sheet;

/// Longest plate that is drawn whole; the longest that exist anywhere have eleven signs.
const LONGEST: usize = 12;

/// Draws a plate as large as its place allows, in the middle of it. Signs that are not those of the plate it
/// stands beside are white on black.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, plate: &str, beside: Option<&str>) {
    let panel = sheet.whole().height;
    let fits = |signs: &str, face: &Face| {
        let (base, region) = signs.split_at(region_at(signs));
        frame_width(face, base, region) <= place.width && frame_height(face) <= place.height
    };
    let Some(smallest) = Size::Fact.faces(panel).last() else { return };
    if frame_height(smallest) > place.height {
        sheet.note(|| format!("no room for a plate in {place:?}"));
    }
    let mut signs = shortened(plate, LONGEST);
    while !fits(&signs, smallest) && signs.chars().count() > 3 {
        signs = shortened(plate, signs.chars().count() - 1);
    }
    let face = Size::Fact.faces(panel).find(|face| fits(&signs, face)).unwrap_or(smallest);
    let (base, region) = signs.split_at(region_at(&signs));

    let thick = (face.cap / 12).max(2);
    let frame = place.middle(frame_width(face, base, region), frame_height(face));
    sheet.card(frame, PAPER.ground, PAPER.letters, thick);
    let mut at = Point::new(frame.left + pad(face), frame.top + (frame.height + face.cap) / 2);
    for (i, sign) in signs.chars().enumerate() {
        if i == base.chars().count() {
            sheet.fill(Place::new(at.x + pad(face) - thick / 2, frame.top, thick, frame.height), PAPER.letters);
            at.x += 2 * pad(face);
        }
        let cell = Place::new(at.x, at.y - face.cap, face.advance, face.cap);
        if sign == '?' {
            sheet.edge(cell.inset_by((face.advance / 10).max(1), 0), PAPER.letters, (face.cap / 14).max(1));
        } else {
            let other = beside.is_some_and(|beside| differs(beside, plate, i));
            if other {
                sheet.fill(cell.inset_by(0, -face.cap / 8 - 1), BAR.ground);
            }
            sheet.line(face, sign.encode_utf8(&mut [0; 4]), at, if other { BAR } else { PAPER });
        }
        at.x += face.advance;
    }
}

/// The first signs of a plate, two points for those left out.
fn shortened(plate: &str, signs: usize) -> String {
    if plate.chars().count() <= signs {
        return plate.to_owned();
    }
    plate.chars().take(signs.saturating_sub(2)).chain("..".chars()).collect()
}

/// Whether two plates of the same length have different signs at a place, neither left open.
fn differs(one: &str, other: &str, at: usize) -> bool {
    let sign = |plate: &str| plate.chars().nth(at).filter(|sign| *sign != '?');
    one.chars().count() == other.chars().count() && sign(one).zip(sign(other)).is_some_and(|(a, b)| a != b)
}

/// The height below which no plate can be drawn.
pub fn least_height(sheet: &Sheet<'_>) -> i32 {
    Size::Fact.faces(sheet.whole().height).last().map_or(0, frame_height)
}

fn frame_height(face: &Face) -> i32 {
    face.cap * 3 / 2 + 2
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
    fn signs_that_differ_are_found_only_where_the_plates_can_be_laid_over_each_other() {
        assert!(differs("A128BC77", "A123BC77", 3));
        assert!(!differs("A128BC77", "A123BC77", 2));
        assert!(!differs("A128BC77", "?12???77", 4));
        assert!(!differs("A128BC777", "A123BC77", 3));
    }

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
