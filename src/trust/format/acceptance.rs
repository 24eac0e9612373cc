//! The base of an acceptance stream: by which rules certificates of others are accepted.
//!
//! The rules are CertLogic (ehn-dcc-development/eu-dcc-business-rules), checked at the headquarters and carried
//! to the boxes as they are. One stream holds one country's rules, as an array.

/// One rule.
pub use verdict::certlogic::Rule as AcceptanceRule;
