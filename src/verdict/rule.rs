//! Revocation by rule: a stolen key, a bad batch.

use minicbor::{Decode, Encode};
use pass::Document;

/// Passes that are revoked together: all those to which everything that stands here applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Rule {
    /// The kid of the key they were signed with; none: any.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub kid: Option<Vec<u8>>,
    /// Their kind; none: any.
    #[n(1)]
    pub kind: Option<u16>,
    /// Their issuer; none: any.
    #[n(2)]
    pub issuer: Option<String>,
    /// Unix seconds before which they were issued; none: whenever.
    #[n(3)]
    pub issued_before: Option<i64>,
}

impl Rule {
    /// Whether it says which passes it is about: a rule without key and kind would revoke everything.
    pub const fn is_sound(&self) -> bool {
        self.kid.is_some() || self.kind.is_some()
    }

    /// Whether it revokes a pass that was signed with a key of this kid.
    pub fn revokes(&self, document: &Document, kid: &[u8]) -> bool {
        // A pass that does not say when it was issued cannot claim to be newer.
        let issued = document.issued.or(document.not_before).unwrap_or(i64::MIN);
        self.is_sound()
            && self.kid.as_deref().is_none_or(|own| own == kid)
            && self.kind.is_none_or(|kind| kind == document.kind.number())
            && self.issuer.as_ref().is_none_or(|issuer| *issuer == document.issuer)
            && self.issued_before.is_none_or(|before| issued < before)
    }
}
