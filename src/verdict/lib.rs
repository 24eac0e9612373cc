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
//! green; an *outcome* is admit, check or refuse; an *order* is HQ's word over signed dates; a *rule* revokes
//! many passes at once.
#![forbid(unsafe_code)]

pub mod certlogic;
pub mod condition;
mod facts;
mod freshness;
mod judge;
mod order;
mod policy;
mod reason;
mod record;
mod rule;

pub use facts::{Acceptance, Condition, Facts, Listed, PlateSource, RegisterState, Status, Used};
pub use freshness::{Ages, Freshness, Grade, Knowledge};
pub use judge::{AHEAD_OF_FLOOR, judge};
pub use order::{Action, Order};
pub use policy::{
    AcceptedBy, Arrivals, Attempts, Exemption, KindRule, Limits, PlateRule, PlateTrust, Policy, Purpose, Scope,
};
pub use reason::{Outcome, Reason};
pub use record::{Flags, Record};
pub use rule::Rule;

/// The verdict on one sighting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What the panel says.
    pub outcome: Outcome,
    /// Everything that speaks against plain green, weightiest first; empty only for admit.
    pub reasons: Vec<Reason>,
    /// Number of the order that applies to the pass.
    pub order: Option<u64>,
    /// Unix seconds when its validity ends, extensions by order included.
    pub ends: Option<i64>,
}
