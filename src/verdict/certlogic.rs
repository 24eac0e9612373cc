//! CertLogic: the rules by which countries say which certificates they accept, so that a region can adopt a
//! published rule as it stands.
//!
//! Responsible for reading an expression (specification 1.3.3 of ehn-dcc-development/eu-dcc-business-rules), for
//! evaluating it within bounds, and for choosing and applying the rules of a country as verifiers of the European
//! gateway do. No crate does this in Rust, so it is our own.
//!
//! Not responsible for what a rule is about: the certificate, the value sets and the time arrive as values.
//!
//! Invariants: no I/O, no clock, no panic on any rule over any data; every evaluation ends within [`MOST_STEPS`].
//!
//! Words: an *expression* is one rule's logic; a *value set* is a list of codes that rules name (vaccines, tests,
//! countries); a rule is *open* when it cannot be evaluated over this certificate, which is neither yes nor no.

mod evaluate;
mod expression;
mod rule;
mod time;
mod value;

pub use evaluate::{MOST_STEPS, evaluate};
pub use expression::{BadExpression, Expression, LONGEST};
pub use rule::{Country, Decision, ENGINE, Rule, Selection, Version, decide};
pub use value::{Fault, Value};
