//! The region: issue, revoke, sign, publish, collect, show.
//!
//! Responsible for the one folder a region consists of, for the keys in it and what each may sign, for
//! passes from their issue to their revocation, for releases of trust, and for taking in what boxes report.
//!
//! Not responsible for judging passes (the boxes do), for being reachable (brokers and web servers of the
//! trade do that in a region), nor for knowing people: no name is stored here.
//!
//! Invariants: a key signs for one purpose; nothing is issued that a box could not read; a revocation is
//! final; sequences of releases only rise; a receipt leaves only after the ledger holds the rows; time is
//! an argument wherever it is judged or written.
//!
//! Words: an *issuer* signs passes within its scope; a *series* is one status list, in which an *index* is
//! drawn at random for every pass; the *ledger* holds the boxes' rows as they came, sealed.
#![forbid(unsafe_code)]

pub mod boxes;
pub mod broker;
pub mod broker_setup;
pub mod ca;
mod card;
pub mod ceremony;
pub mod collect;
pub mod command;
pub mod commands;
pub mod enrol;
mod error;
pub mod export;
pub mod foreign;
pub mod import;
mod issue;
pub mod keys;
pub mod ledger;
pub mod open;
mod order;
pub mod policy;
pub mod publish;
pub mod qr;
mod region;
pub mod register;
mod release;
mod revoke;
mod rule;
pub mod run;
pub mod serve;
pub mod signer;
pub mod span;
pub mod stick;
pub mod stolen;
pub mod tables;
pub mod tls;
pub mod uses;

pub use card::{EnteredCard, IssuedCard};
pub use error::Error;
pub use issue::{IssueRequest, IssuedPass};
pub use order::NewOrder;
pub use publish::Published;
pub use region::{Addresses, Founding, Issuer, Places, Region, Series, Settings};
pub use revoke::{Change, Changed, Which};
pub use rule::Batch;
