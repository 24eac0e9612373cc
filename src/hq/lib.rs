//! The region: issue, revoke, sign, publish, collect.
