//! The base of an acceptance stream: by which rules certificates of others are accepted.
//!
//! The rules are CertLogic (ehn-dcc-development/eu-dcc-business-rules), checked at the headquarters and carried
//! to the boxes as they are. One stream holds one country's rules.

use minicbor::{Decode, Encode};

/// One rule, as an entry of the base's array.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AcceptanceRule {
    /// Its name: `VR-DE-0002`.
    #[n(0)]
    pub identifier: String,
    /// Its version: `1.0.3`. Of several that are valid, the highest counts.
    #[n(1)]
    pub version: String,
    /// The country whose rule it is.
    #[n(2)]
    pub country: String,
    /// Whether it tells which certificates are invalid, and not which are accepted.
    #[n(3)]
    pub invalidates: bool,
    /// The kind of certificate it is about; none: all.
    #[n(4)]
    pub kind: Option<u16>,
    /// Unix seconds from which it counts.
    #[n(5)]
    pub valid_from: i64,
    /// Unix seconds until which it counts.
    #[n(6)]
    pub valid_to: i64,
    /// The expression as JSON, without spaces; true: the certificate passes.
    #[n(7)]
    pub logic: String,
    /// What it says, for people: language and text.
    #[n(8)]
    pub texts: Vec<(String, String)>,
}
