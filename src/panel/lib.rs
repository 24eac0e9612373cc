//! What the officer and the driver see and hear: screens, signals, languages.
//!
//! Responsible for drawing every screen at any size with `embedded-graphics`, for every text in every
//! language, for the driver's light, and for the one tone that goes with a change.
//!
//! Not responsible for what is to be shown (the lane makes the [`View`]), nor for any device.
//!
//! Invariants: drawing only reads; colour is never the only signal (shape, word and tone go with it); the
//! driver sees a [`Driver`], a type that cannot carry what is meant for the officer alone.
//!
//! Words: a *view* is everything on the panel at one moment; a *card* is one judged pass; the *bar* is the
//! line that says how the box itself is.
#![forbid(unsafe_code)]

mod bar;
mod colour;
mod desk;
mod draw;
mod driver;
mod enrol;
mod facts;
mod font;
mod icon;
mod mask;
mod place;
mod plate_frame;
#[cfg(test)]
mod sample;
mod screen;
mod sheet;
mod show;
mod signal;
mod text;
mod typed;
mod view;

pub use desk::{Arrival, CardFault, Choice, Ending, Letters, Meant, Menu, Override, Past, SignIn, Stay, Title, Typed};
pub use draw::draw;
pub use driver::{Driver, draw_driver, driver};
pub use enrol::{Enrol, Modules, NotEnrolled};
pub use show::{Latest, show};
pub use signal::tone;
pub use view::{Bar, Card, Fault, Hint, Language, Names, Presented, Room, Run, Screen, Stick, View};

/// What the matter is, in a few words: the headline of a reason, for pages and reports that speak of it too.
pub const fn headline(reason: verdict::Reason, language: Language) -> &'static str {
    text::reason(language, reason).headline
}

/// What a fault or a hint says in a few words; other screens say more than that.
pub const fn call(screen: &Screen, language: Language) -> Option<&'static str> {
    match screen {
        Screen::Fault(fault) => Some(text::fault(language, *fault).headline),
        Screen::Hint(hint) => Some(text::hint(language, *hint).headline),
        Screen::Stick(stick) => Some(text::stick(language, stick).headline),
        Screen::Run(run) => Some(text::run(language, run).headline),
        Screen::Enrol(enrol) => Some(text::enrol(language, enrol).headline),
        Screen::SignIn(sign_in) => Some(text::sign_in(language, sign_in).headline),
        _ => None,
    }
}
