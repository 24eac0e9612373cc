//! May this vehicle cross here, now? Facts in, verdict and reasons out.
//!
//! Responsible for the closed set of reasons with their stable codes, for the order of checks, and for
//! the one pure function that judges. Every reason found is kept; the weightiest decides.
//!
//! Not responsible for gathering facts: decoding, looking things up, telling the time and reading
//! plates are done by others and arrive here as values.
//!
//! Invariants: no I/O, no clock, no panic; the same facts always give the same verdict; a verdict that
//! does not admit names at least one reason.
//!
//! Words: *facts* are everything known about one sighting; a *reason* is what speaks against plain
//! green; an *outcome* is admit, check or refuse.
#![forbid(unsafe_code)]

mod facts;
mod freshness;
mod judge;
mod policy;
mod reason;

pub use facts::{Facts, Status};
pub use freshness::{Ages, Freshness, Grade, Knowledge};
pub use judge::judge;
pub use policy::{KindRule, PlateRule, Policy, Scope};
pub use reason::{Outcome, Reason};

/// The verdict on one sighting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What the panel says.
    pub outcome: Outcome,
    /// Everything that speaks against plain green, weightiest first; empty only for admit.
    pub reasons: Vec<Reason>,
}
