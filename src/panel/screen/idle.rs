//! Nobody is here: where the pass goes.

use crate::colour::{CHECK, PAPER, WAITING};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::{HOURS, Words};
use crate::view::Room;

/// Draws it: a phone with a code, on its way to the camera's eye; and what an officer must know before the next car.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words, room: Option<Room>) {
    sheet.fill(place, WAITING.ground);
    let margin = sheet.share(40);
    let mut rest = place.inset(margin);

    let mut picture = rest.cut_top(rest.height * 40 / 100);
    let side = picture.height;
    picture = picture.middle(side * 5 / 2, side);
    let phone = picture.cut_left(side * 3 / 4);
    sheet.card(phone, PAPER.ground, PAPER.letters, (side / 24).max(1));
    icon::code(sheet, phone.inset(side / 10), PAPER.letters);
    icon::arrow(sheet, picture.cut_left(side * 3 / 4).inset(side / 8), WAITING.letters);
    icon::eye(sheet, picture, WAITING.letters);

    rest.cut_top(margin / 2);
    let foot = rest.cut_bottom(rest.height * 18 / 100);
    let advice = rest.cut_bottom(rest.height * 36 / 100);
    rest.cut_bottom(margin / 3);
    sheet.text(words.idle.headline, rest, Size::Call, WAITING, Align::Middle);
    sheet.text(words.idle.advice, advice, Size::Body, WAITING, Align::Middle);
    match room {
        None => {
            sheet.text(words.idle_type, foot, Size::Small, WAITING, Align::Middle);
        }
        Some(room) => {
            sheet.fill(foot, CHECK.ground);
            let said = match room {
                Room::Hours(hours) => words.room_for.replace(HOURS, &hours.min(999).to_string()),
                Room::Little => words.little_room.to_owned(),
            };
            sheet.text(&said, foot.inset(1), Size::Small, CHECK, Align::Middle);
        }
    }
}
