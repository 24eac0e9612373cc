//! The format of trust releases; its specification stands in `docs/formats/trust-release.md`.
//!
//! One folder, the same for HTTP and stick: `root.N`, `head`, `index/HASH`, `record/HASH`, `base/HASH`.

use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use verdict::Scope;
use wire::RegionId;
use wire::sign::{Context, Sign1};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Longest root file in bytes: a dozen keys and signatures.
pub const LONGEST_ROOT: u64 = 16 * 1024;

/// Longest head in bytes (design: all that a check without news fetches).
pub const LONGEST_HEAD: u64 = 300;

/// Most streams of one release: 21 regions with all their parts and days stay far below.
pub const MOST_STREAMS: usize = 4096;

/// Longest record in bytes: the chunk list of the longest base.
pub const LONGEST_RECORD: u64 = 256 * 1024;

/// Longest base in bytes: 20 million ids are 280 MB.
pub const LONGEST_BASE: u64 = 320 * 1024 * 1024;

/// Bases are hashed in pieces of this size, so that each is checked as it comes.
pub const CHUNK: usize = 64 * 1024;

/// Name of the head.
pub const HEAD: &str = "head";

/// Name of a root.
pub fn root_name(version: u64) -> String {
    format!("root.{version}")
}

/// Name of a file that is found by its hash: `index`, `record` or `base`.
pub fn object_name(what: &str, hash: &Hash) -> String {
    format!("{what}/{}", hex(hash))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

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
    /// Offline keys that sign roots.
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
}

/// A root with its signatures: the payload once, then `[protected, signature]` per signer, each a
/// COSE_Sign1 with its payload detached (RFC 9052 §4.1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedRoot {
    /// The [`Root`], as it was signed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub payload: Vec<u8>,
    /// Complete COSE_Sign1 envelopes whose payload is the SHA-256 of the root's.
    #[n(1)]
    pub signatures: Vec<minicbor::bytes::ByteVec>,
}

impl SignedRoot {
    /// The root inside, not yet verified.
    ///
    /// # Errors
    /// [`wire::Error`] when it is none.
    pub fn root(&self) -> Result<Root, wire::Error> {
        wire::decode(&self.payload, "root")
    }

    /// Whether at least `by`'s threshold of `by`'s root keys have signed this.
    pub fn is_signed_by(&self, by: &Root) -> bool {
        let digest = sha256(&self.payload);
        let signed = by.root.iter().filter(|key| {
            let Ok(key) = VerifyingKey::from_bytes(&key.key) else { return false };
            self.signatures.iter().any(|signature| {
                Sign1::parse(signature)
                    .and_then(|message| message.verify(Context::TrustRoot, &key))
                    .is_ok_and(|payload| payload == digest)
            })
        });
        // A key listed twice must not count twice.
        let distinct: std::collections::BTreeSet<_> = signed.map(|key| key.key).collect();
        by.threshold > 0 && distinct.len() >= usize::from(by.threshold)
    }
}

impl Root {
    /// The publishing keys that counted at a time.
    pub fn publishing_at(&self, at: i64) -> impl Iterator<Item = VerifyingKey> + '_ {
        self.publishing
            .iter()
            .filter(move |key| key.covers(at))
            .filter_map(|key| VerifyingKey::from_bytes(&key.key).ok())
    }

    /// The receipt keys that counted at a time.
    pub fn receipt_at(&self, at: i64) -> impl Iterator<Item = VerifyingKey> + '_ {
        self.receipt.iter().filter(move |key| key.covers(at)).filter_map(|key| VerifyingKey::from_bytes(&key.key).ok())
    }

    /// The key that journals are sealed to.
    pub fn sealing_key(&self) -> Option<[u8; 32]> {
        self.sealing.last().map(|key| key.key)
    }
}

/// The head of a release: the payload of a COSE_Sign1 under [`Context::TrustManifest`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// The region.
    #[n(0)]
    pub region: RegionId,
    /// Version of the root whose key signed this.
    #[n(1)]
    pub root: u64,
    /// Rises with every release.
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
}

/// A part of what HQ tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Part {
    /// Keys and scopes.
    #[n(0)]
    Keys,
    /// One status list.
    #[n(1)]
    Status,
    /// The region's rules.
    #[n(2)]
    Policy,
}

/// A stream's record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// What its base holds.
    #[n(0)]
    pub part: Part,
    /// Whose it is: an issuer; the region's own name for keys and policy.
    #[n(1)]
    pub issuer: String,
    /// Which of several: the series of a status list, else 0.
    #[n(2)]
    pub series: u64,
    /// SHA-256 of the base.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub base: Hash,
    /// Its length in bytes.
    #[n(4)]
    pub length: u64,
    /// SHA-256 of each [`CHUNK`] of it, one after the other.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub chunks: Vec<u8>,
    /// Sequence of the newest delta on this base; 0 without deltas.
    #[n(6)]
    pub head_sequence: u64,
    /// Chain hash of the newest delta; the base's own hash without deltas.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub head: Hash,
}

impl Record {
    /// Describes a base without deltas.
    pub fn describe(part: Part, issuer: &str, series: u64, base: &[u8]) -> Self {
        let hash = sha256(base);
        Self {
            part,
            issuer: issuer.to_owned(),
            series,
            base: hash,
            length: base.len() as u64,
            chunks: base.chunks(CHUNK).flat_map(sha256).collect(),
            head_sequence: 0,
            head: hash,
        }
    }
}

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
}

/// Hash of a record as a leaf (RFC 9162 §2.1.1).
pub fn leaf(record: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(record).finalize().into()
}

/// Merkle root over leaves, in their order; of none, the hash of nothing (RFC 9162 §2.1.1).
pub fn merkle(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Sha256::new_with_prefix([1]).chain_update(merkle(left)).chain_update(merkle(right)).finalize().into()
        }
    }
}
