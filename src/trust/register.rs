//! The register: passes that say nothing themselves, found by what was presented.
//!
//! Nothing in the register names anybody. A record stands under a keyed hash of the code, link, card or plate; the
//! key is the region's *pepper*, which boxes hold and no release does. Whoever steals a box can still try every plate
//! there is, so a record says only kind, validity and flags, and seals the rest under the presented text itself, where
//! that has at least 80 bits that nobody guesses.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key as SealKey, KeyInit as _, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use minicbor::{Decode, Encode};
use sha2::Sha256;
use verdict::Record;
use wire::RegionId;
use zeroize::Zeroizing;

use crate::Release;
use crate::format::{hex, read_record};
use crate::table::Key;

/// What the pepper's file says it is.
const LINE: &str = "pepper hmac-sha256 ";

/// Longest pepper file in bytes.
const LONGEST_FILE: u64 = 256;

/// Longest text that is looked up, in bytes.
pub const LONGEST_TEXT: usize = 512;

/// Bits below which a presented text could be guessed, so that nothing is sealed under it.
const SEALING_BITS: f64 = 80.0;

/// Length of the nonce before a sealed part.
const NONCE: usize = 12;

/// Why the register cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pepper's file.
    #[error("the pepper {path} cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// Not a pepper.
    #[error("the file does not hold a pepper: one line that says so, and 32 bytes in hexadecimal")]
    Pepper,
    /// Nothing that could stand in a register.
    #[error("the {0} cannot stand in a register")]
    Text(&'static str),
    /// The record holds too much for its place.
    #[error("the record says too much: at most {0} bytes")]
    TooLong(usize),
    /// A record that is not what its format says, or that another text sealed.
    #[error("the record cannot be read")]
    Malformed,
    /// The release cannot be read.
    #[error("the register cannot be read")]
    Release(#[from] crate::Error),
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Pepper => "pepper",
            Self::Text(_) => "register-text",
            Self::TooLong(_) => "register-too-long",
            Self::Malformed => "register-record",
            Self::Release(error) => error.code(),
        }
    }
}

/// What was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presented {
    /// A code, typed or scanned.
    Code,
    /// The id in a link.
    Link,
    /// The number of a card.
    Card,
    /// A registration plate.
    Plate,
}

impl Presented {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Link => "link",
            Self::Card => "card",
            Self::Plate => "plate",
        }
    }

    /// What has a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Code, Self::Link, Self::Card, Self::Plate].into_iter().find(|what| what.as_str() == name)
    }

    /// The one form of a text, however it was written.
    ///
    /// # Errors
    /// [`Error::Text`] when nothing is left of it, or too much.
    pub fn normal(self, text: &str) -> Result<String, Error> {
        let normal: String = match self {
            Self::Plate => plate::fold(text),
            // Codes are printed in groups and typed without regard to case.
            Self::Code => text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect(),
            Self::Card => text.chars().filter(char::is_ascii_digit).collect(),
            Self::Link => text.trim().to_owned(),
        };
        let fits = (1..=LONGEST_TEXT).contains(&normal.len()) && text.len() <= 4 * LONGEST_TEXT;
        if fits { Ok(normal) } else { Err(Error::Text(self.as_str())) }
    }

    /// Whether something may be sealed under a text in its normal form: as long as if it had been drawn at random
    /// from 80 bits or more. Cards and plates are numbers that others give out and anybody may list.
    pub fn can_seal(self, normal: &str) -> bool {
        if matches!(self, Self::Card | Self::Plate) || !normal.is_ascii() {
            return false;
        }
        let has = |is: fn(&u8) -> bool| normal.as_bytes().iter().any(is);
        let alphabet =
            [(has(u8::is_ascii_digit), 10.0), (has(u8::is_ascii_uppercase), 26.0), (has(u8::is_ascii_lowercase), 26.0)];
        let size: f64 = alphabet.iter().filter(|(is_used, _)| *is_used).map(|(_, letters)| letters).sum();
        let letters = u32::try_from(normal.bytes().filter(u8::is_ascii_alphanumeric).count()).unwrap_or(u32::MAX);
        f64::from(letters) * size.max(1.0).log2() >= SEALING_BITS
    }
}

/// What the officer compares, as far as it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Compared {
    /// The holder's name, as short as a pass writes it.
    #[n(0)]
    pub holder: Option<String>,
    /// Birth date, or a part of it.
    #[n(1)]
    pub birth: Option<String>,
    /// The last digits of the document.
    #[n(2)]
    pub id_digits: Option<String>,
    /// The plate it is bound to, folded.
    #[n(3)]
    pub plate: Option<String>,
}

/// The secret of a region's register.
pub struct Pepper(Zeroizing<[u8; 32]>);

impl Pepper {
    /// Takes 32 random bytes as a pepper.
    pub const fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Reads a pepper's file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Pepper`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let mut line = Zeroizing::new(String::new());
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(LONGEST_FILE).read_to_string(&mut line).map_err(failed)?;
        Self::parse(&line)
    }

    /// Reads what [`Self::line`] wrote.
    ///
    /// # Errors
    /// [`Error::Pepper`].
    pub fn parse(line: &str) -> Result<Self, Error> {
        let digits = line.strip_prefix(LINE).and_then(|rest| rest.strip_suffix('\n')).ok_or(Error::Pepper)?;
        if digits.len() != 64 || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
            return Err(Error::Pepper);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| Error::Pepper)?;
        }
        // What a lost write leaves behind.
        if bytes.iter().all(|byte| *byte == bytes[0]) { Err(Error::Pepper) } else { Ok(Self(bytes)) }
    }

    /// Writes its file, which only its owner may read, in the place of an older one: whole or not at all.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn keep(&self, path: &Path) -> Result<(), Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let aside = path.with_extension("part");
        let mut options = std::fs::File::options();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&aside).map_err(failed)?;
        file.write_all(self.line().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&aside, path).map_err(failed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Its 32 bytes, to be sealed to a box.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The line of its file.
    pub fn line(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex(&self.0[..]));
        Zeroizing::new(format!("{LINE}{}\n", *digits))
    }

    /// Where the record of a text in normal form stands in the register of a day; day 0 is the permanent one.
    pub fn key(&self, region: &RegionId, day: u64, what: Presented, normal: &str) -> Key {
        let index = self.derive(&["checkpoint register index/1", region.as_str(), &day.to_string()], &[]);
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&index[..]).expect("HMAC takes a key of any length");
        for part in [what.as_str(), normal] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        key
    }

    /// Seals what the officer compares under a text in normal form. `nonce` is drawn anew for every record.
    ///
    /// # Errors
    /// [`Error::Text`] when the text could be guessed.
    pub fn seal(
        &self,
        region: &RegionId,
        (what, normal): (Presented, &str),
        key: &Key,
        compared: &Compared,
        nonce: [u8; NONCE],
    ) -> Result<Vec<u8>, Error> {
        if !what.can_seal(normal) {
            return Err(Error::Text("short code"));
        }
        let plain = Zeroizing::new(wire::encode(compared));
        let payload = Payload { msg: &plain, aad: key };
        let sealed = self.record_key(region, what, normal).encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.expect("a short text can be sealed");
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what [`Self::seal`] sealed.
    ///
    /// # Errors
    /// [`Error::Malformed`] when another text sealed it, or for another key.
    pub fn unseal(
        &self,
        region: &RegionId,
        (what, normal): (Presented, &str),
        key: &Key,
        sealed: &[u8],
    ) -> Result<Compared, Error> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Error::Malformed)?;
        let payload = Payload { msg: sealed, aad: key };
        let plain = self.record_key(region, what, normal).decrypt(&Nonce::from(*nonce), payload);
        let plain = Zeroizing::new(plain.map_err(|_| Error::Malformed)?);
        wire::decode(&plain, "record").map_err(|_| Error::Malformed)
    }

    /// Pepper and presented text together: neither opens a record alone.
    fn record_key(&self, region: &RegionId, what: Presented, normal: &str) -> ChaCha20Poly1305 {
        let key = self.derive(&["checkpoint register record/1", region.as_str(), what.as_str()], normal.as_bytes());
        ChaCha20Poly1305::new(SealKey::from_slice(&key[..]))
    }

    fn derive(&self, labels: &[&str], text: &[u8]) -> Zeroizing<[u8; 32]> {
        let material = Zeroizing::new([&self.0[..], text].concat());
        let mut key = Zeroizing::new([0; 32]);
        // Labels hold no zero byte, so that no two lists of them are one.
        let info = labels.join("\0");
        Hkdf::<Sha256>::new(None, &material).expand(info.as_bytes(), &mut key[..]).expect("32 bytes can be derived");
        key
    }
}

/// What a register holds of what was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Whose register.
    pub issuer: String,
    /// The day it is for, since 1970; 0: the permanent one.
    pub day: u64,
    /// The record.
    pub record: Record,
    /// What the officer compares, if it was registered and this text opens it.
    pub compared: Option<Compared>,
}

/// Looks up what was presented in the region's registers, the day's before the permanent one.
///
/// # Errors
/// [`Error::Text`] for what cannot stand there, [`Error::Release`], [`Error::Malformed`].
pub fn look_up(release: &Release, pepper: &Pepper, what: Presented, text: &str) -> Result<Option<Found>, Error> {
    let normal = what.normal(text)?;
    let mut registers: Vec<_> = release.registers().collect();
    registers.sort_by_key(|(_, day)| std::cmp::Reverse(*day));
    for (issuer, day) in registers {
        let key = pepper.key(release.region(), day, what, &normal);
        let Some(value) = release.registered(issuer, day, &key)? else { continue };
        let record = read_record(&value).map_err(|_| Error::Malformed)?;
        let open = |sealed: &Vec<u8>| pepper.unseal(release.region(), (what, &normal), &key, sealed);
        let compared = record.sealed.as_ref().map(open).transpose()?;
        return Ok(Some(Found { issuer: issuer.to_owned(), day, record, compared }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
