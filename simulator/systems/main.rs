//! The systems that regions chose, each judged by its own rules: from a picture, a typed code or a plate to the row in
//! the ledger.
//!
//! A region is founded with the policy under `regions/`, and one box of it stands here with everything that decides:
//! its reader, its lane, its trust, its register, its journal, all real. Only devices and time are made up, so a
//! fortnight takes seconds. What the box wrote is taken into a ledger and opened as headquarters do, and each situation
//! is compared with what stands there.

#![allow(clippy::unwrap_used, reason = "a test may say what it means")]

mod certificates;
mod federal;
mod komi;
mod konakovo;
mod moscow;
mod oblast;
mod picture;
mod post;
mod quarantine;
mod samara;
mod situation;
mod sms;
mod trips;
mod tula;
