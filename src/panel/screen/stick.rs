//! A stick was put in: how far it is, or what came of it.

use crate::colour::{ADMIT, DARK, Pair, WAITING, WARNING};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::{self, Words};
use crate::view::{Language, Stick};

/// Draws it: the stick with a sign beside it, what is the matter, the number it is about, what to do.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, stick: &Stick) {
    let (said, words) = (text::stick(language, stick), text::words(language));
    let (pair, call) = if stick.is_well() { (WAITING, WAITING) } else { (DARK, WARNING) };
    sheet.fill(place, pair.ground);
    let margin = sheet.share(40);
    let mut rest = place.inset(margin);
    picture(sheet, rest.cut_top(rest.height * 36 / 100), stick, pair);
    rest.cut_top(margin / 2);
    let advice = rest.cut_bottom(rest.height * 36 / 100);
    // Large letters that fill their place must not touch what stands below.
    rest.cut_bottom(margin);
    if let Some(fact) = fact(stick, words) {
        let line = rest.cut_bottom(rest.height * 42 / 100);
        sheet.text(&fact, line, Size::Headline, pair, Align::Middle);
    }
    sheet.text(said.headline, rest, Size::Call, call, Align::Middle);
    sheet.text(said.advice, advice, Size::Body, pair, Align::Middle);
}

fn picture(sheet: &mut Sheet<'_>, place: Place, stick: &Stick, pair: Pair) {
    let side = place.height;
    let mut place = place.middle(side * 9 / 4, side);
    icon::stick(sheet, place.cut_left(side), pair.letters, pair.ground);
    let sign = place.cut_right(side);
    match stick {
        Stick::Reading { .. } => icon::arrow(sheet, sign.inset(side / 8), pair.letters),
        _ if stick.is_well() => {
            sheet.card(sign.inset(side / 12), ADMIT.ground, ADMIT.letters, (side / 40).max(1));
            icon::tick(sheet, sign.inset(side / 5), ADMIT.letters);
        }
        _ => icon::warning(sheet, sign, WARNING.letters, pair.ground),
    }
}

/// The number or name it is about.
fn fact(stick: &Stick, words: &Words) -> Option<String> {
    let Words { release, on_stick, on_box, .. } = words;
    match stick {
        Stick::Reading { done, total } => Some(read(*done, *total, words)),
        Stick::Adopted { sequence } | Stick::Current { sequence } => Some(format!("{release} {sequence}")),
        Stick::Older { here, there } => Some(format!("{on_box} {here}, {on_stick} {there}")),
        // A name from outside; a region has at most 32 letters of the simplest kind.
        Stick::OtherRegion { region } => Some(region.clone()),
        _ => None,
    }
}

fn read(done: u64, total: u64, words: &Words) -> String {
    // A count that passes what it was to come to says nothing.
    let total = total.max(done);
    if total < 1_000_000 {
        format!("{} / {} {}", done / 1000, total / 1000, words.kilobytes)
    } else {
        let tenths = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
        format!("{} / {} {}", tenths(done), tenths(total), words.megabytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_told_in_the_unit_that_says_enough() {
        let told = |done, total| read(done, total, text::words(Language::En));
        assert_eq!([told(0, 0), told(2_100, 999_999)], ["0 / 0 kB", "2 / 999 kB"]);
        assert_eq!([told(90_000, 1_000_000), told(12_480_000, 280_940_000)], ["0.0 / 1.0 MB", "12.4 / 280.9 MB"]);
    }
}
