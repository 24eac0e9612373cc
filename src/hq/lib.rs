//! The region: issue, revoke, sign, publish, collect.

pub mod broker;
pub mod collect;
