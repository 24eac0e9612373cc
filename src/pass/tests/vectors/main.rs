//! The vectors of others. Where the full sets stand beside the project they are run, else the part that the
//! project carries in `tests/data`; each test prints which, and fails when it found none.
#![allow(clippy::unwrap_used, reason = "a test may say what it means")]

mod base45;
mod cbor;
mod cose;
mod dgc;
mod ed25519;
mod nzcp;
mod qa;
mod set;
mod shc;
mod vdsnc;
mod wycheproof;
