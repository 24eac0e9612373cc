//! The messages between box and HQ: the only vocabulary of the network.
//!
//! Responsible for the shape of everything that crosses the link or is signed: identifiers, topics,
//! journal rows and the entries sealed in them, receipts, commands, health, enrolment, times with their trust,
//! the strict CBOR that all of it is written in, and the COSE_Sign1 envelope with its closed set of purposes.
//!
//! Not responsible for keeping keys, for transport, or for what a message means to its reader.
//!
//! Invariants: no I/O, no clock, no private keys; every decoder refuses what a deterministic encoder
//! (RFC 8949 §4.2.1) would not have written; a signature made for one purpose holds for no other.
//!
//! Words: a *row* is one sealed line of a box's journal; an *entry* is what is sealed in it; an *epoch*
//! is a run of rows under one sealing context; a *receipt* is HQ's word that rows are in its ledger.
#![forbid(unsafe_code)]

pub mod base45;
pub mod cbor;
pub mod command;
pub mod enrol;
pub mod entry;
pub mod fingerprint;
pub mod health;
pub mod id;
pub mod row;
pub mod sign;
pub mod time;
pub mod topic;
pub mod uses;

#[cfg(test)]
mod examples;

pub use id::{BoxId, RegionId};
pub use time::{ClockTrust, Grade, WallTime};

/// What can be wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not CBOR as this house writes it.
    #[error("the message is not strict CBOR")]
    Cbor(#[from] cbor::Error),
    /// Strict CBOR, but not the message it should be.
    #[error("the message does not have the shape of a {0}")]
    Shape(&'static str),
    /// Nothing shows that the sender has the key it names.
    #[error("the proof that the sender has its TLS key does not hold")]
    Possession,
    /// The envelope or its signature does not hold.
    #[error("the signature does not hold")]
    Sign(#[from] sign::Error),
}

/// Decodes one message of ours: strict first, typed second.
///
/// # Errors
/// [`Error::Cbor`] when the bytes are not deterministic CBOR, [`Error::Shape`] when they are not a `T`.
pub fn decode<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8], what: &'static str) -> Result<T, Error> {
    cbor::check(bytes, &cbor::Limits::MESSAGE)?;
    minicbor::decode(bytes).map_err(|_| Error::Shape(what))
}

/// Encodes one message of ours.
pub fn encode<T: minicbor::Encode<()>>(message: &T) -> Vec<u8> {
    minicbor::to_vec(message).expect("writing to memory cannot fail")
}
