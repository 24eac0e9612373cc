//! A view becomes a picture: the bar, what has been typed, and the screen in what is left.

use board::Picture;

use crate::enrol::Enrol;
use crate::place::Place;
use crate::sheet::Sheet;
use crate::view::{Screen, View};
use crate::{bar, screen, text, typed};

#[cfg(test)]
mod tests;

/// Draws a view over all of a picture. It only reads; the same view gives the same picture.
///
/// Any size works; 800×480 and 320×240 are looked after. A panel on which letters of nine pixels do not
/// fit shows as much as there is room for.
pub fn draw(view: &View, onto: &mut Picture) {
    on_sheet(view, &mut Sheet::new(onto));
}

fn on_sheet(view: &View, sheet: &mut Sheet<'_>) {
    let mut rest = sheet.whole();
    if rest.width == 0 || rest.height == 0 {
        return;
    }
    if let Screen::Enrol(Enrol::Request { code, name, digits }) = &view.screen {
        return screen::enrol::request(sheet, rest, view.language, code, name, digits);
    }
    let words = text::words(view.language);
    let bar_place = rest.cut_bottom(sheet.share(75).max(18));
    bar::draw(sheet, bar_place, words, &view.bar);
    if let Some(typed) = &view.typed {
        let strip: Place = rest.cut_bottom(sheet.share(120).max(26));
        typed::draw(sheet, strip, words, typed);
        if let Some(letters) = &typed.letters {
            // A verdict keeps its word and its colour above what is chosen.
            if let Screen::Verdict(card) = &view.screen {
                screen::letters::band(sheet, rest.cut_top(sheet.share(110).max(22)), words, card.outcome);
            }
            return screen::letters::draw(sheet, rest, words, letters);
        }
    }
    match &view.screen {
        Screen::Idle => screen::idle::draw(sheet, rest, words, view.bar.room),
        Screen::Hint(hint) => screen::hint::draw(sheet, rest, view.language, *hint),
        Screen::Verdict(card) => screen::verdict::draw(sheet, rest, view.language, card),
        Screen::Closed { passed, card } => screen::closed::draw(sheet, rest, view.language, *passed, card),
        Screen::AdmittedBefore { at, card } => screen::admitted_before::draw(sheet, rest, words, at, card),
        Screen::Fault(fault) => screen::fault::draw(sheet, rest, view.language, *fault),
        Screen::Stick(stick) => screen::stick::draw(sheet, rest, view.language, stick),
        Screen::Run(run) => screen::run::draw(sheet, rest, view.language, run),
        Screen::Enrol(enrol) => screen::enrol::draw(sheet, rest, view.language, enrol),
        Screen::Menu(menu) => screen::menu::draw(sheet, rest, view.language, menu),
        Screen::Recent(recent) => screen::recent::draw(sheet, rest, view.language, recent),
        Screen::Arrival(arrival) => screen::arrival::draw(sheet, rest, view.language, arrival),
        Screen::SignIn(sign_in) => screen::sign_in::draw(sheet, rest, view.language, sign_in),
    }
}
