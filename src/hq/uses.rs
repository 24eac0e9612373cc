//! Uses of passes, merged: what HQ tells every box of the uses at all of them, under its own key for that.
//!
//! The key is none of the root's: the publisher names it in every release, as a key of an issuer that no pass can name
//! and for no kind of pass. Whoever has the publishing key can say anything that boxes believe of passes anyway; so
//! this takes nothing from anybody, and a root need not be signed anew for it.

use pass::PublicKey;
use trust::format::KeyEntry;
use verdict::Scope;
use wire::sign::Context;
use wire::uses::{Day as Told, Head, hash};

use crate::keys::{Key, Purpose};
use crate::open::Day;
use crate::region::{KEYS, Region};
use crate::{Error, open};

/// What boxes are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Unix seconds at HQ.
    pub as_of: i64,
    /// The head, signed.
    pub head: Vec<u8>,
    /// The sheets it names, by their hash.
    pub sheets: Vec<([u8; 32], Vec<u8>)>,
}

impl Word {
    /// Signs what was merged.
    ///
    /// # Errors
    /// [`Error::Unsigned`].
    pub fn sign(region: &Region, key: &Key, days: Vec<Day>, as_of: i64) -> Result<Self, Error> {
        let (mut told, mut sheets) = (Vec::with_capacity(days.len()), Vec::new());
        for open::Day { begins, key, sheets: of_day } in days {
            let of_day: Vec<_> = of_day.iter().map(wire::encode).map(|bytes| (hash(&bytes), bytes)).collect();
            let names = of_day.iter().map(|(name, _)| (*name).into()).collect();
            told.push(Told { begins, key, sheets: names });
            sheets.extend(of_day);
        }
        let head = Head { region: region.id().clone(), as_of, days: told };
        Ok(Self { as_of, head: key.envelope(Context::Uses, &wire::encode(&head))?, sheets })
    }
}

impl Region {
    /// The key that signs uses; drawn when it is asked for first.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::File`], [`Error::Random`].
    pub fn uses_key(&self) -> Result<Key, Error> {
        let keys = self.path(KEYS);
        if Purpose::Uses.file(&keys).exists() {
            Key::open(&keys, Purpose::Uses)
        } else {
            Key::create(&keys, Purpose::Uses)
        }
    }

    /// How a release names it; nothing before there is one.
    pub(crate) fn uses_entry(&self) -> Result<Option<KeyEntry>, Error> {
        if !Purpose::Uses.file(&self.path(KEYS)).exists() {
            return Ok(None);
        }
        let key = PublicKey::from_ed25519(self.uses_key()?.public().as_bytes());
        let key = key.map_err(|_| Error::UnsoundIssuer(Context::Uses.as_str().to_owned()))?;
        let issuer = Context::Uses.as_str().to_owned();
        let (kinds, territories) = (Vec::new(), Vec::new());
        // For as long as releases name it.
        Ok(Some(KeyEntry::new(&key, Scope { issuer, kinds, territories, valid_from: 0, valid_to: i64::MAX })))
    }
}

#[cfg(test)]
mod tests;
