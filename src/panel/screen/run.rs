//! A phone shows an update to the camera: how far it is, or what came of it.

use crate::colour::{ADMIT, DARK, PAPER, Pair, WAITING, WARNING};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::{self, Words};
use crate::view::{Language, Run};

/// Draws it: a phone with a sign beside it, what is the matter, how far it is or which number it is about, what to do.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, run: &Run) {
    let (said, words) = (text::run(language, run), text::words(language));
    let (pair, call) = if run.is_well() { (WAITING, WAITING) } else { (DARK, WARNING) };
    sheet.fill(place, pair.ground);
    let margin = sheet.share(40);
    let mut rest = place.inset(margin);
    picture(sheet, rest.cut_top(rest.height * 36 / 100), run, pair);
    rest.cut_top(margin / 2);
    let advice = rest.cut_bottom(rest.height * 38 / 100);
    rest.cut_bottom(margin);
    if let Run::Receiving { percent } = run {
        let line = rest.cut_bottom(rest.height * 42 / 100);
        gauge(sheet, line, *percent);
    } else if let Some(fact) = fact(run, words) {
        let line = rest.cut_bottom(rest.height * 42 / 100);
        sheet.text(&fact, line, Size::Headline, pair, Align::Middle);
    }
    sheet.text(said.headline, rest, Size::Call, call, Align::Middle);
    sheet.text(said.advice, advice, Size::Body, pair, Align::Middle);
}

/// A bar that fills up, and the number beside it.
pub(super) fn gauge(sheet: &mut Sheet<'_>, place: Place, percent: u8) {
    let mut place = place;
    let number = place.cut_right(place.width / 5);
    sheet.text(&format!("{percent} %"), number, Size::Headline, WAITING, Align::Middle);
    place.cut_right(sheet.share(20));
    let bar = Place { top: place.top + place.height / 5, height: place.height * 3 / 5, ..place };
    let thick = sheet.share(8);
    sheet.edge(bar, WAITING.letters, thick);
    let inside = bar.inset(2 * thick);
    let full = Place { width: inside.width * i32::from(percent.min(100)) / 100, ..inside };
    sheet.fill(full, WAITING.letters);
}

fn picture(sheet: &mut Sheet<'_>, place: Place, run: &Run, pair: Pair) {
    let side = place.height;
    let mut place = place.middle(side * 9 / 4, side);
    let phone = place.cut_left(side * 3 / 4);
    sheet.card(phone, PAPER.ground, PAPER.letters, (side / 24).max(1));
    icon::code(sheet, phone.inset(side / 10), PAPER.letters);
    let sign = place.cut_right(side);
    match run {
        Run::Receiving { .. } | Run::Checking => icon::arrow(sheet, sign.inset(side / 8), pair.letters),
        _ if run.is_well() => {
            sheet.card(sign.inset(side / 12), ADMIT.ground, ADMIT.letters, (side / 40).max(1));
            icon::tick(sheet, sign.inset(side / 5), ADMIT.letters);
        }
        _ => icon::warning(sheet, sign, WARNING.letters, pair.ground),
    }
}

/// The number or name it is about.
fn fact(run: &Run, words: &Words) -> Option<String> {
    let Words { release, on_phone, on_box, .. } = words;
    match run {
        Run::Adopted { sequence } | Run::Current { sequence } => Some(format!("{release} {sequence}")),
        Run::Older { here, there } => Some(format!("{on_box} {here}, {on_phone} {there}")),
        // A name from outside; a region has at most 32 letters of the simplest kind.
        Run::OtherRegion { region } => Some(region.clone()),
        _ => None,
    }
}
