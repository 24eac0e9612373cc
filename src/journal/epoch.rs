//! One epoch: a sealing key that lives only in RAM, and the MAC key that is hashed forward.
//!
//! One HPKE encapsulation an epoch. The first MAC key is sealed by HPKE itself; rows are sealed by the same
//! AEAD under a key exported from the context (RFC 9180 §5.3), with the row's sequence as the nonce. HPKE's
//! own counter would have to be followed without a gap: one flipped bit on a card would cost HQ the rest of
//! the epoch, up to a thousand crossings. So each row opens by itself.

use std::time::{Duration, Instant};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, Nonce};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, OpModeS, Serializable as _};
use rand_core::TryRngCore as _;
use wire::row::{EpochId, HASH};
use wire::{BoxId, RegionId};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{Error, chain};

/// Longest life of an epoch: what a thief of a running box can still read is at most this.
const LONGEST: Duration = Duration::from_secs(3600);

/// Most entries of an epoch.
const MOST_ENTRIES: u32 = 1000;

/// Sealed plaintexts are padded to steps of this many bytes, so that lengths tell little.
const STEP: usize = 128;

/// HPKE's `aad` of the first MAC key.
pub const MAC_KEY: &[u8] = b"mac";

/// HPKE's `exporter_context` of the key that seals rows.
pub const ROW_KEY: &[u8] = b"rows";

/// The nonce of a row: its sequence, big-endian. Unique under its key, because a sequence is sealed once in an
/// epoch: after a commit that failed the epoch is over.
pub const fn nonce(sequence: u64) -> [u8; 12] {
    let s = sequence.to_be_bytes();
    [0, 0, 0, 0, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]]
}

/// HPKE's `info`: purpose, region, box, epoch and HQ's key.
pub fn info(region: &RegionId, name: &BoxId, epoch: &EpochId, sealed_to: &[u8; 32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    minicbor::Encoder::new(&mut out)
        .array(6)
        .and_then(|e| e.str("checkpoint-journal/1"))
        .and_then(|e| e.str(region.as_str()))
        .and_then(|e| e.str(name.as_str()))
        .and_then(|e| e.u64(epoch.counter))
        .and_then(|e| e.bytes(&epoch.nonce))
        .and_then(|e| e.bytes(sealed_to))
        .expect("writing to memory cannot fail");
    out
}

/// The associated data of a sealed row: its place and the chain hash before it.
pub fn aad(sequence: u64, previous: &[u8; HASH]) -> Vec<u8> {
    [&sequence.to_be_bytes()[..], previous].concat()
}

/// Pads to a step: one byte 0x80, then zeros (ISO/IEC 7816-4). What was given is wiped.
pub fn padded(plain: Vec<u8>) -> Vec<u8> {
    let plain = Zeroizing::new(plain);
    let length = (plain.len() + 1).next_multiple_of(STEP);
    let mut padded = Vec::with_capacity(length);
    padded.extend_from_slice(&plain);
    padded.push(0x80);
    padded.resize(length, 0);
    padded
}

/// Takes the padding off, or `None` when there is none.
pub fn unpadded(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    (padded[end] == 0x80).then(|| &padded[..end])
}

/// The open epoch. Dropping it wipes its keys.
pub(crate) struct Epoch {
    pub(crate) id: EpochId,
    /// Behind a pointer: moving an epoch must not leave copies of its keys on the stack.
    keys: Box<Keys>,
    entries: u32,
    opened: Instant,
}

/// What a thief of the running box can use.
#[derive(Default)]
struct Keys {
    rows: [u8; 32],
    /// Of the next row.
    mac: [u8; 32],
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.rows.zeroize();
        self.mac.zeroize();
    }
}

/// What the opening row tells HQ, so that it can follow.
pub(crate) struct Sealed {
    pub(crate) encapsulated: [u8; 32],
    pub(crate) mac_key: Vec<u8>,
}

impl Epoch {
    pub(crate) fn open(
        counter: u64,
        region: &RegionId,
        name: &BoxId,
        sealing_key: &[u8; 32],
    ) -> Result<(Self, Sealed), Error> {
        let mut nonce = [0; 8];
        let mut keys = Box::<Keys>::default();
        getrandom::fill(&mut nonce).and_then(|()| getrandom::fill(&mut keys.mac)).map_err(|_| Error::Random)?;
        let id = EpochId { counter, nonce };
        let to = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(sealing_key).map_err(|_| Error::SealingKey)?;
        let (encapsulated, mut context) = hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256, _>(
            &OpModeS::Base,
            &to,
            &info(region, name, &id, sealing_key),
            // The same source gave bytes a moment ago.
            &mut rand_core::OsRng.unwrap_err(),
        )
        .map_err(|_| Error::SealingKey)?;
        let sealed = context.seal(&keys.mac, MAC_KEY).map_err(|_| Error::SealingKey)?;
        context.export(ROW_KEY, &mut keys.rows).map_err(|_| Error::SealingKey)?;
        let sealed = Sealed { encapsulated: encapsulated.to_bytes().into(), mac_key: sealed };
        Ok((Self { id, keys, entries: 0, opened: Instant::now() }, sealed))
    }

    /// Whether the next entry belongs to a new epoch.
    pub(crate) fn is_spent(&self) -> bool {
        self.entries >= MOST_ENTRIES || self.opened.elapsed() >= LONGEST
    }

    /// Whether it has sealed no more than so many entries.
    pub(crate) const fn is_young(&self, entries: u32) -> bool {
        self.entries <= entries
    }

    /// Seals an entry for its place. Each call seals once and for all.
    pub(crate) fn seal(&mut self, plain: Vec<u8>, sequence: u64, previous: &[u8; HASH]) -> Result<Vec<u8>, Error> {
        self.entries += 1;
        let plain = Zeroizing::new(padded(plain));
        let payload = Payload { msg: &plain, aad: &aad(sequence, previous) };
        let rows = chacha20poly1305::ChaCha20Poly1305::new((&self.keys.rows).into());
        let body = rows.encrypt(&Nonce::from(nonce(sequence)), payload).map_err(|_| Error::SealingKey)?;
        #[cfg(test)]
        crate::tests::nonces::sealed(&plain, &body);
        Ok(body)
    }

    /// The MAC of a row, after which its key is gone.
    pub(crate) fn mac(&mut self, chain: &[u8; HASH]) -> [u8; HASH] {
        let mac = chain::mac(&self.keys.mac, chain);
        self.keys.mac = chain::next_mac_key(&self.keys.mac);
        mac
    }
}

/// Overwrites what finished calls have left below on this thread's stack: what works with a key leaves copies of it
/// there. To be called when a key must be gone.
#[inline(never)]
pub(crate) fn wipe_stack() {
    // Deeper than sealing, encapsulating and hashing go.
    let mut below = [0u8; 32 * 1024];
    below.zeroize();
    std::hint::black_box(&below);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn padding_comes_off_again(plain in proptest::collection::vec(any::<u8>(), 0..300)) {
            let padded = padded(plain.clone());
            prop_assert_eq!(padded.len() % STEP, 0);
            prop_assert_eq!(unpadded(&padded), Some(&plain[..]));
        }
    }
}
