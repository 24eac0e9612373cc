//! A shift is to begin: the card, the PIN, or what is wrong with the card.

use crate::colour::{DARK, PAPER, WARNING};
use crate::desk::SignIn;
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text;
use crate::view::Language;

/// Boxes for the digits of a PIN.
const DIGITS: usize = 8;

/// Draws it. Digits are dots: whoever stands beside the officer counts them and no more.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, sign_in: &SignIn) {
    let (words, said) = (text::words(language), text::sign_in(language, sign_in));
    sheet.fill(place, DARK.ground);
    let margin = sheet.share(40);
    let mut rest = place.inset(margin);
    let mut top = rest.cut_top(place.height * 40 / 100);
    rest.cut_top(margin / 2);
    if let SignIn::Pin { pseudonym, typed, wait, wrong } = sign_in {
        let pair = if *wrong || *wait > 0 { WARNING } else { DARK };
        let name = format!("{} {pseudonym}", words.shift);
        let side = top.height.min(top.width / 4);
        icon::badge(sheet, top.cut_left(side).square(), DARK.letters, DARK.ground);
        top.cut_left(margin / 2);
        let line = top.cut_bottom(top.height * 40 / 100);
        sheet.text(said.headline, top, Size::Call, pair, Align::Left);
        sheet.foreign(&name, line, Size::Headline, DARK, Align::Left);
        let advice = rest.cut_bottom(rest.height * 45 / 100);
        if *wait > 0 {
            let wait = format!("{} {} {}", words.wait, (*wait).min(9999), words.seconds);
            sheet.text(&wait, rest, Size::Call, WARNING, Align::Middle);
        } else {
            dots(sheet, rest, *typed);
        }
        sheet.text(said.advice, advice, Size::Headline, DARK, Align::Middle);
        return;
    }
    let pair = if matches!(sign_in, SignIn::Card) { DARK } else { WARNING };
    let side = top.height.min(top.width / 4);
    icon::badge(sheet, top.cut_left(side).square(), pair.letters, DARK.ground);
    top.cut_left(margin / 2);
    sheet.text(said.headline, top, Size::Call, pair, Align::Left);
    sheet.text(said.advice, rest, Size::Headline, DARK, Align::Top);
}

fn dots(sheet: &mut Sheet<'_>, place: Place, typed: usize) {
    let side = (place.width / DIGITS as i32).min(place.height);
    let mut row = place.middle(side * DIGITS as i32, side);
    for digit in 0..DIGITS {
        let cell = row.cut_left(side).inset((side / 8).max(1));
        sheet.card(cell, PAPER.ground, PAPER.letters, 1);
        if digit < typed {
            let dot = cell.inset(cell.width / 4);
            sheet.card(dot, PAPER.letters, PAPER.letters, 0);
        }
    }
}
