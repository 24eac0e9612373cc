//! What happened here: append-only, chained, sealed, pruned only by receipt.
//!
//! Responsible for making every accountable event durable before anybody acts on it, for sealing it so
//! that only HQ can read it, for the chain that makes changes visible, and for handing rows to the link.
//!
//! Not responsible for sending them, nor for what an entry means.
//!
//! Invariants: [`Journal::append`] returns only when the rows are on the disk; a sealing key lives
//! only in RAM and is never resumed; every start of the process and every failed commit opens a new epoch;
//! a row leaves only after a receipt of HQ that names its own chain hash, however little room there is; a use of a pass
//! is on the disk with the row that tells of it, or neither is.
//!
//! Words: an *epoch* is a run of rows under one sealing key; the *opening* is its first, signed row; a
//! *checkpoint* is a signed row over the chain so far; the *head* is the last row. A *stage* says what follows from the
//! room that is left; the *reserve* is room that is given up when there is none; an *export* is a file for a stick.
#![forbid(unsafe_code)]

mod bounds;
mod budget;
pub mod chain;
mod disk;
mod epoch;
mod error;
pub mod export;
mod outbox;
mod reserve;
mod signed;
mod status;
mod store;
mod traffic;
pub mod uses;
mod verify;
mod writer;

pub use bounds::Bounds;
pub use budget::{Budget, Gauge, Reserve, Stage};
pub use chain::{Author, Fault, Place};
pub use epoch::{MAC_KEY, ROW_KEY, aad, info, nonce, padded, unpadded};
pub use error::Error;
pub use outbox::{Outbox, Urgent};
pub use signed::{Checkpoint, Opening};
pub use status::{Status, status};
pub use store::{Identity, Journal, look_at};
pub use verify::{Report, verify, verify_by, verify_with};
pub use writer::{Acknowledgement, Requests, Writer, run};

#[cfg(test)]
mod tests;
