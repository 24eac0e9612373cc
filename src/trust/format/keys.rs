//! The base of a keys stream: an array of entries.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use pass::{Certificate, PublicKey};
use verdict::Scope;

/// One key in a keys base.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyEntry {
    /// As [`pass::PublicKey::to_bytes`] writes it.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub key: Vec<u8>,
    /// The hint that its passes carry.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub kid: Vec<u8>,
    /// What it may be believed for.
    #[n(2)]
    pub scope: Scope,
    /// Of an authority whose signers travel in their passes: the serial numbers of those it has taken back.
    #[cbor(n(3), default, skip_if = "Vec::is_empty")]
    pub revoked: Vec<ByteVec>,
}

impl KeyEntry {
    /// An issuer's key, with the kid that our own passes carry.
    pub fn new(key: &PublicKey, scope: Scope) -> Self {
        Self { key: key.to_bytes(), kid: key.kid().to_vec(), scope, revoked: Vec::new() }
    }
}

/// A foreign certificate as an entry of a keys base.
impl From<&Certificate> for KeyEntry {
    fn from(certificate: &Certificate) -> Self {
        Self {
            key: certificate.key.to_bytes(),
            kid: certificate.kid.to_vec(),
            scope: Scope {
                // The certificate's holder is named nowhere; the pass itself says who issued it.
                issuer: String::new(),
                kinds: certificate.kinds.iter().map(|kind| kind.number()).collect(),
                territories: Vec::new(),
                valid_from: certificate.valid_from,
                valid_to: certificate.valid_to,
            },
            revoked: Vec::new(),
        }
    }
}
