//! The register: passes that say nothing themselves, found by what was presented.
//!
//! Nothing in the register names anybody. A record stands under a keyed hash of the code, link, card or plate; the
//! key is the region's *pepper*, which boxes hold and no release does. Whoever steals a box can still try every plate
//! there is, so a record says only kind, validity and flags, and seals the rest under the presented text itself, where
//! that has at least 80 bits that nobody guesses.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use hkdf::Hkdf;
use minicbor::{Decode, Encode};
use pass::Format;
use sha2::Sha256;
use verdict::Record;
use zeroize::Zeroizing;

use crate::format::hex;
use crate::table::Key;

/// What the pepper's file says it is.
const LINE: &str = "pepper hmac-sha256 ";

/// Longest pepper file in bytes.
const LONGEST_FILE: u64 = 256;

/// Longest text that is looked up, in bytes.
pub const LONGEST_TEXT: usize = 512;

/// Bits below which a presented text could be guessed, so that nothing is sealed under it.
const SEALING_BITS: u32 = 80;

mod open;

pub use open::Register;

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

    /// What a format presents; none for one that speaks for itself.
    pub const fn of(format: Format) -> Option<Self> {
        match format {
            Format::Code => Some(Self::Code),
            Format::Link => Some(Self::Link),
            Format::Card => Some(Self::Card),
            Format::Plate => Some(Self::Plate),
            _ => None,
        }
    }

    /// The format of a pass that was presented so.
    pub const fn format(self) -> Format {
        match self {
            Self::Code => Format::Code,
            Self::Link => Format::Link,
            Self::Card => Format::Card,
            Self::Plate => Format::Plate,
        }
    }
}

/// A text that is looked up: its one form, however it was written, and how hard it is to guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    what: Presented,
    normal: String,
    bits: u32,
}

impl Shown {
    /// A text as the forms of a policy have recognised it.
    ///
    /// # Errors
    /// [`Error::Text`] for what is not looked up, or is too long.
    pub fn recognised(found: &pass::registered::Presented) -> Result<Self, Error> {
        let what = Presented::of(found.format).ok_or(Error::Text("signed pass"))?;
        Self::checked(what, found.normal.clone(), found.bits)
    }

    /// A vehicle's plate.
    ///
    /// # Errors
    /// [`Error::Text`].
    pub fn plate(folded: &str) -> Result<Self, Error> {
        Self::checked(Presented::Plate, folded.to_owned(), 0)
    }

    /// A text of no form: what stands in a region whose policy has none.
    ///
    /// # Errors
    /// [`Error::Text`] when nothing is left of it, or too much.
    pub fn plain(what: Presented, text: &str) -> Result<Self, Error> {
        if text.len() > 4 * LONGEST_TEXT {
            return Err(Error::Text(what.as_str()));
        }
        let normal: String = match what {
            Presented::Plate => plate::fold(text),
            // Codes are printed in groups and typed without regard to case.
            Presented::Code => text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect(),
            Presented::Card => text.chars().filter(char::is_ascii_digit).collect(),
            Presented::Link => text.trim().to_owned(),
        };
        let bits = bits(&normal);
        Self::checked(what, normal, bits)
    }

    fn checked(what: Presented, normal: String, bits: u32) -> Result<Self, Error> {
        let fits = (1..=LONGEST_TEXT).contains(&normal.len());
        if fits { Ok(Self { what, normal, bits }) } else { Err(Error::Text(what.as_str())) }
    }

    /// What it is.
    pub const fn what(&self) -> Presented {
        self.what
    }

    /// Whether something may be sealed under it: nobody guesses it. Cards and plates are numbers that others give out
    /// and anybody may list.
    pub const fn can_seal(&self) -> bool {
        matches!(self.what, Presented::Code | Presented::Link) && self.bits >= SEALING_BITS
    }

    /// Whether it is a code so short that trying them all must cost something: it is [stretched](Register::stretch).
    pub fn is_short(&self) -> bool {
        self.what == Presented::Code && !self.can_seal()
    }
}

/// Bits of a text, had it been drawn at random from the classes of characters that it shows.
fn bits(normal: &str) -> u32 {
    if !normal.is_ascii() {
        return 0;
    }
    let has = |is: fn(&u8) -> bool| normal.as_bytes().iter().any(is);
    let alphabet =
        [(has(u8::is_ascii_digit), 10.0), (has(u8::is_ascii_uppercase), 26.0), (has(u8::is_ascii_lowercase), 26.0)];
    let size: f64 = alphabet.iter().filter(|(is_used, _)| *is_used).map(|(_, letters)| letters).sum();
    let letters = u32::try_from(normal.bytes().filter(u8::is_ascii_alphanumeric).count()).unwrap_or(u32::MAX);
    // Rounded down, and of no text more than its length allows.
    (f64::from(letters) * size.max(1.0).log2()) as u32
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
    /// Where it stands there: the id of the pass, to whoever counts its uses.
    pub key: Key,
    /// The record.
    pub record: Record,
    /// What the officer compares, if it was registered and this text opens it.
    pub compared: Option<Compared>,
}

#[cfg(test)]
mod tests;
