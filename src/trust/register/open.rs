//! A region's register, open to who holds its pepper.
//!
//! What a look-up needs is derived once: a key for each day, and of short codes the last few that were stretched. So
//! a look-up of a strong code costs one HMAC and one read for each table.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key as SealKey, KeyInit as _, Nonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use wire::RegionId;
use zeroize::Zeroizing;

use super::{Compared, Error, Found, Pepper, Shown};
use crate::Release;
use crate::format::read_record;
use crate::table::Key;

/// Length of the nonce before a sealed part.
const NONCE: usize = 12;

/// Memory of one stretching in KiB, and passes over it (RFC 9106): what a Raspberry Pi 3 does within 300 ms, so that
/// trying every code of a stolen box costs as much as it can. How that was reckoned: `docs/register.md`.
const STRETCH: (u32, u32) = (8 * 1024, 2);

/// Codes whose stretched form is remembered: a code is judged again when a plate or a release comes.
const REMEMBERED: usize = 8;

/// Days whose keys are kept.
const DAYS: usize = 64;

/// Short codes and what they were stretched to, the oldest first.
type Stretched = VecDeque<(String, Arc<Zeroizing<[u8; 32]>>)>;

/// A register of one region.
pub struct Register {
    pepper: Pepper,
    region: RegionId,
    /// HMAC keyed for each day.
    days: RwLock<BTreeMap<u64, Hmac<Sha256>>>,
    stretched: Mutex<Stretched>,
}

impl Register {
    /// The register of a region, by its pepper.
    pub fn new(pepper: Pepper, region: RegionId) -> Self {
        let (days, stretched) = (RwLock::new(BTreeMap::new()), Mutex::new(VecDeque::new()));
        Self { pepper, region, days, stretched }
    }

    /// Where the record of a text stands in the register of a day; day 0 is the permanent one.
    pub fn key(&self, day: u64, shown: &Shown) -> Key {
        let mut mac = self.day(day);
        mac.update(shown.what.as_str().as_bytes());
        mac.update(&[0]);
        if shown.is_short() {
            // No text is 32 bytes that end without a zero by any chance that matters.
            mac.update(&self.stretch(shown)[..]);
        } else {
            mac.update(shown.normal.as_bytes());
            mac.update(&[0]);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        key
    }

    fn day(&self, day: u64) -> Hmac<Sha256> {
        if let Some(mac) = self.days.read().unwrap_or_else(PoisonError::into_inner).get(&day) {
            return mac.clone();
        }
        let key = self.pepper.derive(&["checkpoint register index/1", self.region.as_str(), &day.to_string()], &[]);
        let mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&key[..]).expect("HMAC takes a key of any length");
        let mut days = self.days.write().unwrap_or_else(PoisonError::into_inner);
        if days.len() >= DAYS {
            days.clear();
        }
        days.insert(day, mac.clone());
        mac
    }

    /// Whether a look-up of a text takes no time to speak of: it needs no stretching, or was stretched before.
    pub fn is_ready(&self, shown: &Shown) -> bool {
        let known = self.stretched.lock().unwrap_or_else(PoisonError::into_inner);
        !shown.is_short() || known.iter().any(|(normal, _)| *normal == shown.normal)
    }

    /// Stretches a short code, once for all days (Argon2id, RFC 9106).
    pub fn stretch(&self, shown: &Shown) -> Arc<Zeroizing<[u8; 32]>> {
        let find = |known: &Stretched| {
            known.iter().find(|(normal, _)| *normal == shown.normal).map(|(_, stretched)| stretched.clone())
        };
        if let Some(found) = find(&self.stretched.lock().unwrap_or_else(PoisonError::into_inner)) {
            return found;
        }
        let salt = self.pepper.derive(&["checkpoint register stretch/1", self.region.as_str()], &[]);
        let (memory, passes) = STRETCH;
        let params = Params::new(memory, passes, 1, Some(32)).expect("the parameters are within RFC 9106");
        let mut stretched = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(shown.normal.as_bytes(), &salt[..], &mut stretched[..])
            .expect("a short text and a salt of 32 bytes can be stretched");
        let stretched = Arc::new(stretched);
        let mut known = self.stretched.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == REMEMBERED {
            known.pop_front();
        }
        known.push_back((shown.normal.clone(), stretched.clone()));
        stretched
    }

    /// Seals what the officer compares under a text. `nonce` is drawn anew for every record.
    ///
    /// # Errors
    /// [`Error::Text`] when the text could be guessed.
    pub fn seal(&self, shown: &Shown, key: &Key, compared: &Compared, nonce: [u8; NONCE]) -> Result<Vec<u8>, Error> {
        if !shown.can_seal() {
            return Err(Error::Text("short code"));
        }
        let plain = Zeroizing::new(wire::encode(compared));
        let payload = Payload { msg: &plain, aad: key };
        let sealed = self.record_key(shown).encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.expect("a short text can be sealed");
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what [`Self::seal`] sealed.
    ///
    /// # Errors
    /// [`Error::Malformed`] when another text sealed it, or for another key.
    pub fn unseal(&self, shown: &Shown, key: &Key, sealed: &[u8]) -> Result<Compared, Error> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Error::Malformed)?;
        let payload = Payload { msg: sealed, aad: key };
        let plain = self.record_key(shown).decrypt(&Nonce::from(*nonce), payload);
        let plain = Zeroizing::new(plain.map_err(|_| Error::Malformed)?);
        wire::decode(&plain, "record").map_err(|_| Error::Malformed)
    }

    /// Pepper and presented text together: neither opens a record alone.
    fn record_key(&self, shown: &Shown) -> ChaCha20Poly1305 {
        let labels = ["checkpoint register record/1", self.region.as_str(), shown.what.as_str()];
        let key = self.pepper.derive(&labels, shown.normal.as_bytes());
        ChaCha20Poly1305::new(SealKey::from_slice(&key[..]))
    }

    /// Looks a text up in the region's registers, those of days before the permanent one.
    ///
    /// # Errors
    /// [`Error::Release`], [`Error::Malformed`].
    pub fn look_up(&self, release: &Release, shown: &Shown) -> Result<Option<Found>, Error> {
        let (days, permanent): (Vec<_>, Vec<_>) = release.registers().partition(|(_, day)| *day > 0);
        for (issuer, day) in days.into_iter().chain(permanent) {
            let key = self.key(day, shown);
            let Some(value) = release.registered(issuer, day, &key)? else { continue };
            let record = read_record(&value).map_err(|_| Error::Malformed)?;
            let open = |sealed: &Vec<u8>| self.unseal(shown, &key, sealed);
            let compared = record.sealed.as_ref().map(open).transpose()?;
            return Ok(Some(Found { issuer: issuer.to_owned(), day, key, record, compared }));
        }
        Ok(None)
    }
}
