//! `root.N`: which keys a region has, and for what.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};
use wire::RegionId;
use wire::sign::{Context, Sign1};

use super::sha256;
use crate::Error;

/// Longest root file in bytes: dozens of keys and signatures.
pub const LONGEST_ROOT: u64 = 16 * 1024;

/// Longest validity of a publishing key in seconds. A stolen one can run ahead of the true time, and drag
/// the boxes' floor along, for no longer than this.
pub const LONGEST_PUBLISHING: i64 = 90 * 86_400;

/// Fewest root keys that must sign: one alone could be stolen with one bag.
const LEAST_THRESHOLD: u8 = 2;

/// A public key as it stands in a root.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RootKey {
    /// 32 bytes: Ed25519, or X25519 for sealing.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// Unix seconds from which it counts.
    #[n(1)]
    pub valid_from: i64,
    /// Unix seconds until which it counts.
    #[n(2)]
    pub valid_to: i64,
}

impl RootKey {
    fn covers(&self, at: i64) -> bool {
        (self.valid_from..=self.valid_to).contains(&at)
    }
}

/// What a root takes back: the cure for a stolen publishing key that ran ahead. A box that walks onto the
/// root forgets any higher sequence and any later floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reset {
    /// The highest sequence that HQ itself has given out.
    #[n(0)]
    pub sequence: u64,
    /// The newest time that HQ itself has signed, in Unix seconds.
    #[n(1)]
    pub floor: i64,
}

/// The root: which keys a region has, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Root {
    /// The region.
    #[n(0)]
    pub region: RegionId,
    /// Rises by exactly one.
    #[n(1)]
    pub version: u64,
    /// Unix seconds after which nothing is adopted under it.
    #[n(2)]
    pub expires: i64,
    /// Root keys that must sign.
    #[n(3)]
    pub threshold: u8,
    /// Offline keys that sign roots. Their validity is the root's own, not what stands beside them.
    #[n(4)]
    pub root: Vec<RootKey>,
    /// Online keys that sign heads.
    #[n(5)]
    pub publishing: Vec<RootKey>,
    /// Keys that sign receipts.
    #[n(6)]
    pub receipt: Vec<RootKey>,
    /// Keys that sign commands.
    #[n(7)]
    pub command: Vec<RootKey>,
    /// X25519 keys that journals are sealed to; the last one is used.
    #[n(8)]
    pub sealing: Vec<RootKey>,
    /// What it takes back.
    #[n(9)]
    pub reset: Option<Reset>,
}

impl Root {
    /// Whether this can be a region's root at all, whoever signed it.
    ///
    /// # Errors
    /// [`Error::Malformed`]: a threshold below two or beyond its keys, a key that stands twice or for two
    /// purposes, a publishing key that counts for longer than [`LONGEST_PUBLISHING`].
    pub fn check(&self) -> Result<(), Error> {
        let all = [&self.root, &self.publishing, &self.receipt, &self.command, &self.sealing];
        let mut seen = BTreeSet::new();
        let one_purpose_each = all.into_iter().flatten().all(|key| seen.insert(key.key));
        let short = |key: &RootKey| key.valid_to.saturating_sub(key.valid_from) <= LONGEST_PUBLISHING;
        let threshold = usize::from(self.threshold);
        let sound = self.version > 0
            && self.threshold >= LEAST_THRESHOLD
            && threshold <= self.root.len()
            && one_purpose_each
            && self.publishing.iter().all(short);
        if sound { Ok(()) } else { Err(Error::Malformed("root")) }
    }

    /// The publishing keys that counted at a time.
    pub fn publishing_at(&self, at: i64) -> impl Iterator<Item = VerifyingKey> + '_ {
        counting(&self.publishing, at)
    }

    /// The receipt keys that counted at a time.
    pub fn receipt_at(&self, at: i64) -> impl Iterator<Item = VerifyingKey> + '_ {
        counting(&self.receipt, at)
    }

    /// The command keys that counted at a time.
    pub fn command_at(&self, at: i64) -> impl Iterator<Item = VerifyingKey> + '_ {
        counting(&self.command, at)
    }

    /// The key that journals are sealed to.
    pub fn sealing_key(&self) -> Option<[u8; 32]> {
        self.sealing.last().map(|key| key.key)
    }
}

fn counting(keys: &[RootKey], at: i64) -> impl Iterator<Item = VerifyingKey> + '_ {
    keys.iter().filter(move |key| key.covers(at)).filter_map(|key| VerifyingKey::from_bytes(&key.key).ok())
}

/// A root with its signatures. They are apart from it, so that each may be made on a machine of its own.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedRoot {
    /// The [`Root`], as it was signed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
    /// COSE_Sign1 envelopes under [`Context::TrustRoot`], each over the payload's SHA-256.
    #[n(1)]
    pub signatures: Vec<minicbor::bytes::ByteVec>,
}

impl SignedRoot {
    /// Reads a root file. Nothing is said yet about who signed it.
    ///
    /// # Errors
    /// [`Error::TooLong`] or [`Error::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() as u64 > LONGEST_ROOT {
            return Err(Error::TooLong("the root"));
        }
        wire::decode(bytes, "root").map_err(|_| Error::Malformed("root"))
    }

    /// The root inside, sound in itself, its signatures not yet verified.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn root(&self) -> Result<Root, Error> {
        let root: Root = wire::decode(&self.payload, "root").map_err(|_| Error::Malformed("root"))?;
        root.check().map(|()| root)
    }

    /// Whether at least `by`'s threshold of `by`'s root keys have signed this.
    pub fn is_signed_by(&self, by: &Root) -> bool {
        let digest = sha256(&self.payload);
        let messages: Vec<_> = self.signatures.iter().filter_map(|signature| Sign1::parse(signature).ok()).collect();
        let signed = by.root.iter().filter(|key| {
            VerifyingKey::from_bytes(&key.key).is_ok_and(|key| {
                let holds = |message: &Sign1<'_>| message.verify(Context::TrustRoot, &key) == Ok(&digest[..]);
                messages.iter().any(holds)
            })
        });
        // A key listed twice must not count twice.
        let distinct: BTreeSet<_> = signed.map(|key| key.key).collect();
        by.threshold > 0 && distinct.len() >= usize::from(by.threshold)
    }
}
