//! The box cannot do its work: what to do without it.

use crate::colour::{DARK, WARNING};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text;
use crate::view::{Fault, Language};

/// Draws it.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, fault: Fault) {
    let said = text::fault(language, fault);
    sheet.fill(place, DARK.ground);
    let mut rest = place;
    let stripes = rest.cut_top(sheet.share(40));
    sheet.shade(stripes, WARNING.letters, |x, y| {
        if (x + y).rem_euclid(stripes.height.max(1) * 2) < stripes.height { 255 } else { 0 }
    });
    let margin = sheet.share(40);
    rest = rest.inset(margin);
    let mut top = rest.cut_top(place.height * 32 / 100);
    let side = top.height;
    icon::warning(sheet, top.cut_left(side), WARNING.letters, DARK.ground);
    top.cut_left(margin / 2);
    sheet.text(said.headline, top, Size::Call, WARNING, Align::Left);
    rest.cut_top(margin / 2);
    sheet.text(said.advice, rest, Size::Headline, DARK, Align::Top);
}
