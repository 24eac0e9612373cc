//! The driver's view: one of five signs, and nothing else.

use board::{Light, Picture};
use verdict::Outcome;

use crate::colour::{ADMIT, CHECK, DARK, PAPER, Pair, REFUSE, WAITING};
use crate::font::Size;
use crate::icon;
use crate::sheet::{Align, Sheet};
use crate::text;
use crate::view::{Language, Screen, View};

/// What the driver sees. It has no room for a reason, a name, a plate or an alert, so that nothing meant for the
/// officer can reach the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Driver {
    /// Nothing: the box is not at work.
    #[default]
    Nothing,
    /// Hold the pass here.
    HoldHere,
    /// Wait: the officer is looking.
    Wait,
    /// Go.
    Go,
    /// Stop.
    Stop,
}

impl Driver {
    /// Every sign there is.
    pub const ALL: [Self; 5] = [Self::Nothing, Self::HoldHere, Self::Wait, Self::Go, Self::Stop];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::HoldHere => "hold-here",
            Self::Wait => "wait",
            Self::Go => "go",
            Self::Stop => "stop",
        }
    }

    /// What the lamp is to show.
    pub const fn light(self) -> Light {
        match self {
            Self::Nothing | Self::HoldHere => Light::Off,
            Self::Wait => Light::Amber,
            Self::Go => Light::Green,
            Self::Stop => Light::Red,
        }
    }
}

/// What the driver sees while the officer sees a view.
///
/// Green comes with the officer's key and not with the verdict: a pass is valid only with a document, which
/// no box has seen, and a driver who sees green drives.
pub const fn driver(view: &View) -> Driver {
    match &view.screen {
        Screen::Fault(_) | Screen::Stick(_) | Screen::Run(_) | Screen::Enrol(_) => Driver::Nothing,
        Screen::Idle | Screen::Recent(_) | Screen::SignIn(_) => Driver::HoldHere,
        Screen::Hint(_) | Screen::AdmittedBefore { .. } | Screen::Menu(_) | Screen::Arrival(_) => Driver::Wait,
        Screen::Verdict(card) => match card.outcome {
            Outcome::Admit | Outcome::Check => Driver::Wait,
            Outcome::Refuse => Driver::Stop,
        },
        // What is not written down lets nobody drive.
        Screen::Closed { passed: true, .. } if view.bar.journal_fails => Driver::Wait,
        Screen::Closed { passed: true, .. } => Driver::Go,
        Screen::Closed { passed: false, .. } => Driver::Stop,
    }
}

/// Draws the driver's sign over all of a picture, for a screen that faces the driver.
pub fn draw_driver(driver: Driver, language: Language, onto: &mut Picture) {
    on_sheet(driver, language, &mut Sheet::new(onto));
}

pub(crate) fn on_sheet(driver: Driver, language: Language, sheet: &mut Sheet<'_>) {
    let place = sheet.whole();
    if place.width == 0 || place.height == 0 {
        return;
    }
    let pair = pair(driver);
    sheet.fill(place, pair.ground);
    let mut rest = place.inset(sheet.share(40));
    let Some(word) = text::driver(language, driver) else { return };
    let picture = rest.cut_top(rest.height * 64 / 100);
    match driver {
        Driver::Nothing => {}
        Driver::HoldHere => {
            let side = picture.height;
            let mut picture = picture.middle(side * 5 / 2, side);
            let phone = picture.cut_left(side * 3 / 4);
            sheet.card(phone, PAPER.ground, PAPER.letters, (side / 24).max(1));
            icon::code(sheet, phone.inset(side / 10), PAPER.letters);
            icon::arrow(sheet, picture.cut_left(side * 3 / 4).inset(side / 8), pair.letters);
            icon::eye(sheet, picture, pair.letters);
        }
        Driver::Wait => icon::hand(sheet, picture, pair.letters),
        Driver::Go => icon::arrow_up(sheet, picture, pair.letters),
        Driver::Stop => icon::no_entry(sheet, picture, pair.letters, pair.ground),
    }
    rest.cut_top(sheet.share(20));
    sheet.text(word, rest, Size::Word, pair, Align::Middle);
}

const fn pair(driver: Driver) -> Pair {
    match driver {
        Driver::Nothing => DARK,
        Driver::HoldHere => WAITING,
        Driver::Wait => CHECK,
        Driver::Go => ADMIT,
        Driver::Stop => REFUSE,
    }
}

#[cfg(test)]
mod tests {
    use verdict::Reason;

    use super::*;
    use crate::sample::{card, view};

    #[test]
    fn the_drivers_view_has_room_for_one_sign_and_nothing_else() {
        // One byte: there is no field that could carry a reason, a name or an alert.
        assert_eq!(size_of::<Driver>(), 1);
        let drawn = |driver| {
            let mut picture = Picture::new(320, 240);
            draw_driver(driver, Language::Ru, &mut picture);
            picture
        };
        let alert = view(Language::Ru, Screen::Verdict(card(&[Reason::RegisterAlert, Reason::ComparePlate])));
        let none = view(Language::Ru, Screen::Verdict(card(&[Reason::ComparePlate])));
        assert_eq!(driver(&alert), driver(&none));
        assert!(drawn(driver(&alert)) == drawn(driver(&none)));
        for reason in Reason::ALL {
            let seen = driver(&view(Language::Ru, Screen::Verdict(card(&[*reason]))));
            let expected = if reason.outcome() == Outcome::Refuse { Driver::Stop } else { Driver::Wait };
            assert_eq!(seen, expected, "{reason:?}");
        }
    }
}
