//! The region: issue, revoke, sign, publish, collect.

pub mod broker;
