//! The head: the one small statement that binds everything of a release.

use minicbor::{Decode, Encode};
use wire::RegionId;
use wire::sign::Sign1;

use super::Hash;
use crate::Error;

/// Longest head in bytes (design: all that a check without news fetches).
pub const LONGEST_HEAD: u64 = 300;

/// Longest time in seconds from `issued` to `not_after`. Whoever holds a stolen publishing key that has run
/// out can still date a head back into its validity; this ends that.
pub const LONGEST_LIFE: i64 = 90 * 86_400;

/// The head of a release: the payload of a COSE_Sign1 under [`wire::sign::Context::TrustManifest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// The region.
    #[n(0)]
    pub region: RegionId,
    /// The newest root when this was signed.
    #[n(1)]
    pub root: u64,
    /// Rises with every release; the first is 1.
    #[n(2)]
    pub sequence: u64,
    /// Unix seconds at HQ: a floor for the box's time.
    #[n(3)]
    pub issued: i64,
    /// Unix seconds until which this counts as fresh.
    #[n(4)]
    pub expires: i64,
    /// Unix seconds after which this is no longer adopted.
    #[n(5)]
    pub not_after: i64,
    /// Merkle root over the records.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub streams: Hash,
    /// Number of the records.
    #[n(7)]
    pub count: u16,
}

impl Head {
    /// Takes a head file apart. Nothing in it may be believed before the envelope is verified.
    ///
    /// # Errors
    /// [`Error::TooLong`] or [`Error::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<(Sign1<'_>, Self), Error> {
        if bytes.len() as u64 > LONGEST_HEAD {
            return Err(Error::TooLong("the head"));
        }
        let message = Sign1::parse(bytes).map_err(|_| Error::Malformed("head"))?;
        let head = wire::decode(message.payload, "head").map_err(|_| Error::Malformed("head"))?;
        Ok((message, head))
    }

    /// Whether its own times agree with each other.
    ///
    /// # Errors
    /// [`Error::Times`].
    pub fn check_times(&self) -> Result<(), Error> {
        let in_order = self.issued >= 0 && self.issued <= self.expires && self.expires <= self.not_after;
        if in_order && self.not_after.saturating_sub(self.issued) <= LONGEST_LIFE { Ok(()) } else { Err(Error::Times) }
    }
}
