//! What HQ has told the box: releases, keys, revocations, policy.
//!
//! Responsible for the format of trust releases, for fetching one over any carrier, for checking
//! everything of it before use, for adopting it atomically, and for answering from it: which key, which
//! scope, which status, which rules, how old.
//!
//! Not responsible for signing anything (that is HQ's alone), nor for what an answer means for a vehicle.
//!
//! Invariants: the carrier is never trusted; a box holds the old release or the new one, through any
//! power cut; versions never go back; both state slots unreadable means *refuse and ask for
//! provisioning*, never *first use*; what has been adopted never stops serving by itself.
//!
//! Words: the *root* names the keys and is signed offline; the *head* is the small signed statement that
//! binds everything of one release; a *stream* is one issuer's one part (keys, status list, policy); a
//! *record* describes a stream's content: its *base* and the *deltas* on it, which a box keeps as the stream's
//! *log*; a *fold* makes a new base of a base and its log; the *floor* is the newest time HQ has signed.
#![forbid(unsafe_code)]

mod bundle;
mod carrier;
mod content;
#[cfg(test)]
mod desk;
mod error;
pub mod format;
pub mod register;
mod release;
pub mod run;
pub mod service;
mod status;
mod store;
pub mod table;
pub mod uses;

pub use bundle::{Bundle, LONGEST_BUNDLE};
pub use carrier::{Carrier, CarrierError, Folder, Http, Layered, News, OnStick, Stick, agent, beneath};
pub use content::check;
pub use error::Error;
pub use format::Carry;
pub use release::{Release, Stream};
pub use status::{Bits, StatusList};
pub use store::{Adoption, Progress, Store, View};
