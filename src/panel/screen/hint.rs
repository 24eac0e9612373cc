//! Something is in view that cannot be read: what to do with it.

use embedded_graphics::pixelcolor::Rgb888;

use crate::colour::{self, WAITING};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text;
use crate::view::{Hint, Language};

/// Draws it: a picture of what the camera sees or what is to be done, a call, and a line for who stands close.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, language: Language, hint: Hint) {
    let said = text::hint(language, hint);
    sheet.fill(place, WAITING.ground);
    let margin = sheet.share(40);
    let mut rest = place.inset(margin);
    picture(sheet, rest.cut_top(rest.height * 52 / 100), hint);
    rest.cut_top(margin / 2);
    let advice = rest.cut_bottom(rest.height * 42 / 100);
    sheet.text(said.headline, rest, Size::Call, WAITING, Align::Middle);
    sheet.text(said.advice, advice, Size::Body, WAITING, Align::Middle);
}

fn picture(sheet: &mut Sheet<'_>, place: Place, hint: Hint) {
    let ink = WAITING.letters;
    let frame = place.square();
    let inside = |percent: i32| frame.inset(frame.width * percent / 100);
    match hint {
        // A code that is too small for the frame it is to fill.
        Hint::Unread => {
            icon::corners(sheet, frame, ink);
            icon::code(sheet, inside(28), ink);
        }
        Hint::TooFar => between(sheet, place, 20, |sheet, at| icon::arrow(sheet, at, ink)),
        Hint::TooClose => between(sheet, place, 4, |sheet, at| icon::arrow_back(sheet, at, ink)),
        // A code that is lost in the dark, and a light that would help.
        Hint::TooDark => {
            let (code, sun) = pair(place);
            icon::code(sheet, code.inset(code.width * 12 / 100), faint());
            icon::corners(sheet, code, ink);
            icon::sun(sheet, sun, ink);
        }
        Hint::Glare => {
            let (code, turn) = pair(place);
            icon::code(sheet, code.inset(code.width * 8 / 100), ink);
            icon::flare(sheet, code, ink, WAITING.ground);
            icon::tilt(sheet, turn.inset(turn.width * 12 / 100), ink);
        }
        // The same code beside itself, as it is seen by a camera that is out of focus or sees it move.
        Hint::Blurred => {
            icon::corners(sheet, frame, ink);
            let (code, by) = (inside(20), (frame.width / 16).max(2));
            for off in [-by, by] {
                icon::code(sheet, Place { left: code.left + off, top: code.top + off / 2, ..code }, faint());
            }
            icon::code(sheet, code, ink);
        }
        // A code that runs out of the frame.
        Hint::CutOff => {
            let code = Place { left: frame.left + frame.width * 40 / 100, ..frame };
            icon::code(sheet, code.inset(code.width * 14 / 100), faint());
            let beyond = Place { left: frame.left + frame.width, ..frame };
            sheet.fill(beyond, WAITING.ground);
            icon::corners(sheet, frame, ink);
            icon::arrow_back(sheet, beyond.inset(frame.width * 20 / 100), ink);
        }
        Hint::NotQr => icon::bars_struck(sheet, frame, ink, WAITING.ground),
    }
}

/// A code on its way to the camera's eye, or away from it.
fn between(sheet: &mut Sheet<'_>, place: Place, small: i32, arrow: impl FnOnce(&mut Sheet<'_>, Place)) {
    let side = place.height;
    let mut place = place.middle(side * 3, side);
    let code = place.cut_left(side);
    icon::code(sheet, code.inset(side * small / 100), WAITING.letters);
    arrow(sheet, place.cut_left(side).inset(side / 8));
    icon::eye(sheet, place, WAITING.letters);
}

/// Two squares beside each other.
fn pair(place: Place) -> (Place, Place) {
    let side = place.height;
    let mut place = place.middle(side * 9 / 4, side);
    (place.cut_left(side), place.cut_right(side))
}

/// What is seen badly.
fn faint() -> Rgb888 {
    colour::between(WAITING.ground, WAITING.letters, 90)
}
