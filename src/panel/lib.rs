//! What the officer and the driver see and hear: screens, signals, languages.
//!
//! Responsible for drawing every screen at any size with `embedded-graphics`, for every text in every
//! language, for the driver's light, and for the one tone that goes with a change.
//!
//! Not responsible for what is to be shown (the lane makes the [`View`]), nor for any device.
//!
//! Invariants: drawing only reads; colour is never the only signal (shape, word and tone go with it); the
//! driver's [`Light`](board::Light) is made from a type that cannot carry what is meant for the officer alone.
//!
//! Words: a *view* is everything on the panel at one moment; a *card* is one judged pass; the *bar* is the
//! line that says how the box itself is.
#![forbid(unsafe_code)]

mod view;

pub use view::{Bar, Card, Fault, Language, Names, Screen, View};
