//! Texts of passes, and what can become of them between a printer, a crease and a forger.

use std::fs;

use base64ct::{Base64, Encoding as _};
use pass::{Certificate, Document, PublicKey};

use crate::chance::Chance;
use crate::programs;

/// Signers as a reader takes them.
pub type Keys = Vec<(Vec<u8>, PublicKey)>;

/// A text that is valid, and what it says.
pub struct Genuine {
    /// The text.
    pub text: String,
    /// What it says.
    pub document: Document,
}

/// Every certificate of the EU's test set, as far as the project carries it, that verifies with its own signer,
/// and all those signers.
///
/// # Panics
/// When the set is not there.
pub fn certificates() -> (Vec<Genuine>, Keys) {
    let (mut genuine, mut keys) = (Vec::new(), Keys::new());
    for file in programs::files(&programs::project().join("tests/data/dgc-testdata")) {
        let vector = fs::read(&file).expect("a vector can be read");
        let Ok(vector) = serde_json::from_slice::<serde_json::Value>(&vector) else { continue };
        let der = vector["TESTCTX"]["CERTIFICATE"].as_str().and_then(|text| Base64::decode_vec(text).ok());
        let Some(signer) = der.and_then(|der| Certificate::read(&der).ok()) else { continue };
        let Some(text) = vector["PREFIX"].as_str() else { continue };
        let own: Keys = vec![(signer.kid.to_vec(), signer.key)];
        if let Ok(verified) = pass::read(text, &own) {
            genuine.push(Genuine { text: text.to_owned(), document: verified.document });
            keys.extend(own);
        }
    }
    assert!(genuine.len() >= 10, "only {} certificates of the set verify", genuine.len());
    (genuine, keys)
}

/// A way in which a text goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Twist {
    /// Bits of what the alphabet carries are others: the alphabet stays right, the content does not.
    Bits,
    /// Bits of a certificate's envelope are others, beneath a compression that is sound.
    Envelope,
    /// Characters are others, within the alphabet.
    Characters,
    /// It ends too early, or begins too late.
    Cut,
    /// The head of one and the tail of another.
    Splice,
    /// A piece stands twice, or a thousand times.
    Repeat,
    /// Characters outside the alphabet, lower case, spaces at the ends.
    Alphabet,
    /// Characters outside ASCII: look-alikes, wide ones, marks, nothing visible.
    Unicode,
    /// More than any code holds.
    Huge,
    /// The prefix of another format, half of one, or two.
    Prefix,
    /// Nothing of a pass at all.
    Noise,
}

impl Twist {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Bits,
        Self::Envelope,
        Self::Characters,
        Self::Cut,
        Self::Splice,
        Self::Repeat,
        Self::Alphabet,
        Self::Unicode,
        Self::Huge,
        Self::Prefix,
        Self::Noise,
    ];
}

/// Base45's alphabet (RFC 9285 §4.2).
const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Length of a format's prefix.
const PREFIX: usize = 4;

/// A text gone wrong. It may come out as it was, or as another that is genuine.
pub fn twisted(twist: Twist, text: &str, other: &str, chance: &mut Chance) -> String {
    let mut bytes = text.as_bytes().to_vec();
    match twist {
        Twist::Bits => {
            let Some(mut content) = pass::base45_decode(&text[PREFIX..]) else { return text.to_owned() };
            flip(&mut content, chance);
            return format!("{}{}", &text[..PREFIX], pass::base45_encode(&content));
        }
        Twist::Envelope => {
            let inflated = pass::hc1::unwrap(text).and_then(|packed| pass::hc1::inflate(&packed));
            let Ok(mut envelope) = inflated else { return twisted(Twist::Bits, text, other, chance) };
            flip(&mut envelope, chance);
            let packed = miniz_oxide::deflate::compress_to_vec_zlib(&envelope, 6);
            return format!("HC1:{}", pass::base45_encode(&packed));
        }
        Twist::Characters => {
            for _ in 0..=chance.below(5) {
                let at = chance.within(PREFIX..bytes.len());
                bytes[at] = *chance.one_of(ALPHABET);
            }
        }
        Twist::Cut if chance.once_in(4) => drop(bytes.drain(..chance.below(text.len()))),
        Twist::Cut => bytes.truncate(chance.below(text.len())),
        Twist::Splice => {
            let at = chance.below(bytes.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other.as_bytes()[at.min(other.len())..]);
        }
        Twist::Repeat => {
            let from = chance.below(bytes.len());
            let piece = bytes[from..(from + chance.within(1..60)).min(bytes.len())].to_vec();
            let times = *chance.one_of(&[1, 2, 100]);
            bytes.splice(from..from, piece.repeat(times));
        }
        Twist::Alphabet => {
            for _ in 0..=chance.below(3) {
                let at = chance.below(bytes.len() + 1);
                bytes.insert(at, *chance.one_of(b"abcxyz!\"#&'()<>=?@[]_`{|}~\t\n\r,; "));
            }
        }
        Twist::Unicode => return foreign(text, chance),
        Twist::Huge => {
            let length = *chance.one_of(&[1_025, 4_297, 7_089, 7_090, 20_000, 70_000]);
            bytes = bytes.iter().copied().cycle().take(length).collect();
        }
        Twist::Prefix => {
            let prefix =
                *chance.one_of(&["HC1:", "MP1:", "hc1:", "MP2:", "HC1", "MP1::", "MP1:MP1:", "HC1:MP1:", ":", ""]);
            return format!("{prefix}{}", &text[PREFIX..]);
        }
        Twist::Noise => bytes = (0..chance.below(400)).map(|_| (chance.below(126) + 1) as u8).collect(),
    }
    String::from_utf8(bytes).expect("ASCII stays ASCII")
}

/// Turns up to eight bits over.
fn flip(bytes: &mut [u8], chance: &mut Chance) {
    for _ in 0..=chance.below(8) {
        let at = chance.below(bytes.len());
        bytes[at] ^= 1 << chance.below(8);
    }
}

fn foreign(text: &str, chance: &mut Chance) -> String {
    const STRANGE: [char; 14] = [
        'А',
        'О',
        'Т',
        'é',
        '０',
        'Ａ',
        '\u{301}',
        '\u{200b}',
        '\u{202e}',
        '\u{feff}',
        '\u{0}',
        '𝟘',
        '🚗',
        '\u{10ffff}',
    ];
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=chance.below(4) {
        let at = chance.below(characters.len());
        if chance.once_in(2) {
            characters[at] = *chance.one_of(&STRANGE);
        } else {
            characters.insert(at, *chance.one_of(&STRANGE));
        }
    }
    characters.into_iter().collect()
}
