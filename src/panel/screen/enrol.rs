//! HQ does not know this box yet: its request, how far the answer is, what came of it.

use crate::colour::{ADMIT, CAPTION, DARK, PAPER, Pair, WAITING, WARNING};
use crate::enrol::{Enrol, Modules, NotEnrolled};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::{self, Words};
use crate::view::Language;

/// Light modules around a code (ISO/IEC 18004 §6.3.8).
const QUIET: i32 = 4;

/// Draws the request over the whole panel: each line of pixels that is left over makes the code larger.
pub fn request(
    sheet: &mut Sheet<'_>,
    place: Place,
    language: Language,
    code: &Modules,
    name: &str,
    digits: &[String; 6],
) {
    let words = text::words(language);
    sheet.fill(place, PAPER.ground);
    let mut rest = place;
    let side = rest.height.min(rest.width * 73 / 100);
    let drawn = modules(sheet, Place { width: side, height: rest.height, ..rest }, code);
    rest.cut_left(drawn.left + drawn.width - rest.left);
    let gap = sheet.share(20);
    let mut column = Place { width: rest.width - gap, ..rest }.inset_by(0, gap);
    let part = |percent: i32| (place.height - 2 * gap) * percent / 100;
    sheet.text(words.enrol.headline, column.cut_top(part(12)), Size::Headline, PAPER, Align::Left);
    column.cut_top(gap / 2);
    sheet.foreign(name, column.cut_top(part(13)), Size::Headline, PAPER, Align::Left);
    column.cut_top(gap / 2);
    sheet.text(words.enrol_compare, column.cut_top(part(7)), Size::Small, CAPTION, Align::Left);
    groups(sheet, column.cut_top(part(26)), digits);
    column.cut_top(gap);
    sheet.text(words.enrol.advice, column, Size::Body, PAPER, Align::Top);
}

/// Three lines of two groups, all as large.
fn groups(sheet: &mut Sheet<'_>, place: Place, digits: &[String; 6]) {
    let lines: Vec<String> = digits.chunks(2).map(|two| two.join(" ")).collect();
    let line = Place { height: place.height / 3, ..place };
    // With air between the lines, so that nobody reads one twice.
    let (set, whole) = sheet.set(&lines[0], Place { height: line.height * 3 / 4, ..line }, Size::Headline);
    if !whole || set.lines.len() > 1 {
        sheet.note(|| format!("no room for digits in {line:?}"));
    }
    for (at, text) in (0..).zip(lines) {
        let line = Place { top: line.top + at * line.height, ..line };
        let set = crate::sheet::Set { face: set.face, lines: vec![text] };
        sheet.write(&set, line, PAPER, Align::Left);
    }
}

/// The code as large as whole pixels allow, with its quiet zone; the place it takes.
fn modules(sheet: &mut Sheet<'_>, place: Place, code: &Modules) -> Place {
    let width = i32::try_from(code.width()).unwrap_or(i32::MAX / 2);
    let with_quiet = width + 2 * QUIET;
    let pixels = place.width.min(place.height) / with_quiet;
    if pixels == 0 {
        sheet.note(|| format!("no room for a code of {width} modules in {place:?}"));
        return place;
    }
    let left = Place { width: pixels * with_quiet, ..place };
    let zone = left.middle(pixels * with_quiet, pixels * with_quiet);
    let inside = zone.inset(QUIET * pixels);
    for y in 0..code.width() {
        for x in (0..code.width()).filter(|x| code.is_dark(*x, y)) {
            let at = |module: usize| module as i32 * pixels;
            let module = Place::new(inside.left + at(x), inside.top + at(y), pixels, pixels);
            sheet.fill(module, PAPER.letters);
        }
    }
    zone
}

/// Draws everything that is not the request: a sign, what is the matter, how far it is or what it is about, what to do.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, enrol: &Enrol) {
    let (said, words) = (text::enrol(language, enrol), text::words(language));
    let refused = matches!(enrol, Enrol::Refused(_));
    let (pair, call) = if refused { (DARK, WARNING) } else { (WAITING, WAITING) };
    sheet.fill(place, pair.ground);
    let margin = sheet.share(40);
    let mut rest = place.inset(margin);
    sign(sheet, rest.cut_top(rest.height * 32 / 100), enrol, pair);
    rest.cut_top(margin / 2);
    let advice = rest.cut_bottom(rest.height * 40 / 100);
    // Large letters that fill their place must not touch what stands below.
    rest.cut_bottom(margin);
    if let Enrol::Receiving { percent } = enrol {
        let line = rest.cut_bottom(rest.height * 42 / 100);
        super::run::gauge(sheet, line, *percent);
    } else if let Some(fact) = fact(enrol, words) {
        let line = rest.cut_bottom(rest.height * 42 / 100);
        sheet.text(&fact, line, Size::Headline, pair, Align::Middle);
    }
    sheet.text(said.headline, rest, Size::Call, call, Align::Middle);
    sheet.text(said.advice, advice, Size::Body, pair, Align::Middle);
}

fn sign(sheet: &mut Sheet<'_>, place: Place, enrol: &Enrol, pair: Pair) {
    let sign = place.square();
    match enrol {
        Enrol::Refused(_) => icon::warning(sheet, sign, WARNING.letters, pair.ground),
        Enrol::Accepted { .. } => {
            sheet.card(sign, ADMIT.ground, ADMIT.letters, (sign.height / 40).max(1));
            icon::tick(sheet, sign.inset(sign.height / 8), ADMIT.letters);
        }
        Enrol::Request { .. } | Enrol::Receiving { .. } => {
            sheet.card(sign, PAPER.ground, PAPER.letters, (sign.height / 24).max(1));
            icon::code(sheet, sign.inset(sign.height / 10), PAPER.letters);
        }
    }
}

/// The name or day it is about.
fn fact(enrol: &Enrol, words: &Words) -> Option<String> {
    match enrol {
        Enrol::Accepted { until } => Some(format!("{} {until}", words.certificate)),
        // Names from outside; they have at most 32 letters of the simplest kind.
        Enrol::Refused(NotEnrolled::OtherRegion { region: name } | NotEnrolled::OtherBox { name }) => {
            Some(name.clone())
        }
        _ => None,
    }
}
