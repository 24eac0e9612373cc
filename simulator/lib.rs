//! A region on a desk: the same box on simulated hardware, HQ, a broker, traffic, bad weather.
//!
//! Responsible for boards that exist only in memory, for a line between boxes and HQ that can be cut, for
//! the passes people try, for the page on which a visitor holds them up, and for the busy hour that is
//! played without anybody looking.
//!
//! Not responsible for anything a real region does: boxes, headquarters and broker are the real ones, from
//! the same libraries, and only their devices are simulated.
//!
//! Invariants: every port is on loopback; nothing here is linked into a box or a headquarters; whatever the
//! page can do, an officer, a clerk or the weather could do.
//!
//! Words: a *post* is one box with its board and its folder; a *line* is the way from a post to HQ; a *held*
//! picture is what is in front of a camera; the *era* is the time the region lives in.
#![forbid(unsafe_code)]

pub mod board;
pub mod certificates;
pub mod era;
pub mod error;
pub mod line;
pub mod page;
pub mod paper;
pub mod passes;
pub mod phone;
pub mod play;
pub mod post;
pub mod region;
pub mod report;
pub mod scene;
pub mod traffic;
pub mod weather;

pub use error::Error;
