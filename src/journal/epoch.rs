//! One epoch: a sealing context that lives only in RAM, and the MAC key that is hashed forward.

use std::time::{Duration, Instant};

use hpke::aead::{AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, OpModeS, Serializable as _};
use rand_core::TryRngCore as _;
use wire::row::{EpochId, HASH};
use wire::{BoxId, RegionId};
use zeroize::Zeroizing;

use crate::{Error, chain};

/// Longest life of an epoch: what a thief of a running box can still read is at most this.
const LONGEST: Duration = Duration::from_secs(3600);

/// Most entries of an epoch.
const MOST_ENTRIES: u32 = 1000;

/// Sealed plaintexts are padded to steps of this many bytes, so that lengths tell little.
const STEP: usize = 128;

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

/// HPKE's `aad` of a row: its place and the chain hash before it.
pub fn aad(sequence: u64, previous: &[u8; HASH]) -> Vec<u8> {
    [&sequence.to_be_bytes()[..], previous].concat()
}

/// Pads to a step: one byte 0x80, then zeros (ISO/IEC 7816-4).
pub fn padded(mut plain: Vec<u8>) -> Vec<u8> {
    plain.push(0x80);
    plain.resize(plain.len().next_multiple_of(STEP), 0);
    plain
}

/// Takes the padding off, or `None` when there is none.
pub fn unpadded(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    (padded[end] == 0x80).then(|| &padded[..end])
}

/// The context of the open epoch.
pub(crate) struct Epoch {
    pub(crate) id: EpochId,
    pub(crate) encapsulated: [u8; 32],
    pub(crate) sealed_mac_key: Vec<u8>,
    context: AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>,
    mac_key: Zeroizing<[u8; 32]>,
    entries: u32,
    opened: Instant,
}

impl Epoch {
    pub(crate) fn open(counter: u64, region: &RegionId, name: &BoxId, sealing_key: &[u8; 32]) -> Result<Self, Error> {
        let mut nonce = [0; 8];
        let mut mac_key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut nonce).and_then(|()| getrandom::fill(&mut *mac_key)).map_err(|_| Error::Random)?;
        let id = EpochId { counter, nonce };
        let to = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(sealing_key).map_err(|_| Error::SealingKey)?;
        let (encapsulated, mut context) = hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256, _>(
            &OpModeS::Base,
            &to,
            &info(region, name, &id, sealing_key),
            &mut rand_core::OsRng.unwrap_err(),
        )
        .map_err(|_| Error::SealingKey)?;
        let sealed_mac_key = context.seal(&*mac_key, b"mac").map_err(|_| Error::SealingKey)?;
        let encapsulated = encapsulated.to_bytes().into();
        Ok(Self { id, encapsulated, sealed_mac_key, context, mac_key, entries: 0, opened: Instant::now() })
    }

    /// Whether the next entry belongs to a new epoch.
    pub(crate) fn is_spent(&self) -> bool {
        self.entries >= MOST_ENTRIES || self.opened.elapsed() >= LONGEST
    }

    /// Seals an entry for its place. Each call seals once and for all.
    pub(crate) fn seal(&mut self, plain: Vec<u8>, sequence: u64, previous: &[u8; HASH]) -> Result<Vec<u8>, Error> {
        self.entries += 1;
        self.context.seal(&padded(plain), &aad(sequence, previous)).map_err(|_| Error::SealingKey)
    }

    /// The MAC of a row, after which its key is gone.
    pub(crate) fn mac(&mut self, chain: &[u8; HASH]) -> [u8; HASH] {
        let mac = chain::mac(&self.mac_key, chain);
        self.mac_key = Zeroizing::new(chain::next_mac_key(&self.mac_key));
        mac
    }
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
