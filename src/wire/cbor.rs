//! The CBOR this house writes and accepts: deterministic encoding (RFC 8949 §4.2.1), bounded.
//!
//! Definite lengths, shortest integers and lengths, map keys in bytewise order without duplicates, no
//! trailing bytes, no floats but where a format says so, text in NFC. A typed decoder runs only on what passed
//! here, so that two readers can never understand one message differently.

use unicode_normalization::is_nfc;

/// Bounds on one message.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest message in bytes.
    pub bytes: usize,
    /// Deepest nesting of arrays, maps and tags.
    pub depth: usize,
    /// Most entries of one map.
    pub map_entries: u64,
    /// Most items of one array.
    pub array_items: u64,
}

impl Limits {
    /// A message of ours over the link: 1 MiB.
    pub const MESSAGE: Self = Self { bytes: 1 << 20, depth: 8, map_entries: 64, array_items: 65_536 };
    /// A signed envelope: the payload inside is one opaque string.
    pub const ENVELOPE: Self = Self { bytes: 1 << 20, depth: 3, map_entries: 4, array_items: 4 };
}

/// What is wrong with the bytes, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct Error {
    /// Offset of the offending item.
    pub at: usize,
    /// What it is.
    pub problem: Problem,
}

/// What can be wrong with CBOR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// More bytes than the limit.
    #[error("message too long")]
    TooLong,
    /// The bytes end inside an item.
    #[error("message ends inside an item")]
    Truncated,
    /// Bytes after the one item.
    #[error("bytes after the end")]
    Trailing,
    /// Nested too deep.
    #[error("nested too deep")]
    TooDeep,
    /// More entries or items than the limit.
    #[error("too many entries")]
    TooMany,
    /// An integer or length not in its shortest form.
    #[error("integer not in its shortest form")]
    NotShortest,
    /// An indefinite length.
    #[error("indefinite length")]
    Indefinite,
    /// Map keys out of order.
    #[error("map keys out of order")]
    Unordered,
    /// The same key twice.
    #[error("duplicate map key")]
    DuplicateKey,
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// Text that is not in Unicode normal form C.
    #[error("text is not in normal form C")]
    NotNfc,
    /// A float, an unassigned simple value or a reserved head.
    #[error("a value of a kind not used here")]
    NotUsed,
}

/// Checks that `bytes` are exactly one deterministic CBOR item within the limits.
///
/// # Errors
/// The first thing that is wrong, with its offset.
pub fn check(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    if bytes.len() > limits.bytes {
        return Err(Error { at: limits.bytes, problem: Problem::TooLong });
    }
    let mut walk = Walk { bytes, at: 0, limits };
    walk.item(0)?;
    if walk.at == bytes.len() { Ok(()) } else { Err(walk.fail(Problem::Trailing)) }
}

struct Walk<'b, 'l> {
    bytes: &'b [u8],
    at: usize,
    limits: &'l Limits,
}

impl<'b> Walk<'b, '_> {
    fn fail(&self, problem: Problem) -> Error {
        Error { at: self.at, problem }
    }

    fn take(&mut self, length: u64) -> Result<&'b [u8], Error> {
        let left = &self.bytes[self.at..];
        let length = usize::try_from(length).ok().filter(|l| *l <= left.len());
        let length = length.ok_or_else(|| self.fail(Problem::Truncated))?;
        self.at += length;
        Ok(&left[..length])
    }

    /// Major type and argument.
    fn head(&mut self) -> Result<(u8, u64), Error> {
        let start = self.at;
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        let (value, least) = match info {
            0..=23 => (u64::from(info), 0),
            24 => (u64::from(self.take(1)?[0]), 24),
            25..=27 => {
                let width = 1 << (info - 24);
                let value = self.take(width)?.iter().fold(0u64, |v, b| v << 8 | u64::from(*b));
                (value, 1 << (4 * width))
            }
            31 => return Err(Error { at: start, problem: Problem::Indefinite }),
            _ => return Err(Error { at: start, problem: Problem::NotUsed }),
        };
        if major == 7 && !(20..=22).contains(&info) {
            return Err(Error { at: start, problem: Problem::NotUsed });
        }
        if value < least {
            return Err(Error { at: start, problem: Problem::NotShortest });
        }
        Ok((major, value))
    }

    fn item(&mut self, depth: usize) -> Result<(), Error> {
        let start = self.at;
        let (major, value) = self.head()?;
        if matches!(major, 4..=6) && depth >= self.limits.depth {
            return Err(Error { at: start, problem: Problem::TooDeep });
        }
        match major {
            2 => self.take(value).map(drop),
            3 => {
                let text = core::str::from_utf8(self.take(value)?);
                let text = text.map_err(|_| Error { at: start, problem: Problem::NotUtf8 })?;
                if is_nfc(text) { Ok(()) } else { Err(Error { at: start, problem: Problem::NotNfc }) }
            }
            4 => {
                if value > self.limits.array_items {
                    return Err(Error { at: start, problem: Problem::TooMany });
                }
                (0..value).try_for_each(|_| self.item(depth + 1))
            }
            5 => self.map(start, value, depth),
            6 => self.item(depth + 1),
            _ => Ok(()),
        }
    }

    fn map(&mut self, start: usize, entries: u64, depth: usize) -> Result<(), Error> {
        if entries > self.limits.map_entries {
            return Err(Error { at: start, problem: Problem::TooMany });
        }
        let mut previous: Option<&[u8]> = None;
        for _ in 0..entries {
            let key_start = self.at;
            self.item(depth + 1)?;
            let key = &self.bytes[key_start..self.at];
            match previous.map(|p| p.cmp(key)) {
                Some(core::cmp::Ordering::Equal) => {
                    return Err(Error { at: key_start, problem: Problem::DuplicateKey });
                }
                Some(core::cmp::Ordering::Greater) => return Err(Error { at: key_start, problem: Problem::Unordered }),
                _ => previous = Some(key),
            }
            self.item(depth + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(hex: &str) -> Option<Problem> {
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        check(&bytes, &Limits { bytes: 64, depth: 2, map_entries: 3, array_items: 3 }).err().map(|e| e.problem)
    }

    #[test]
    fn only_the_deterministic_form_is_accepted() {
        for (hex, expected) in [
            ("00", None),
            ("1818", None),
            ("1817", Some(Problem::NotShortest)),
            ("1900ff", Some(Problem::NotShortest)),
            ("190100", None),
            ("1a0000ffff", Some(Problem::NotShortest)),
            ("1b00000000ffffffff", Some(Problem::NotShortest)),
            ("1b0000000100000000", None),
            ("5f4100ff", Some(Problem::Indefinite)),
            ("a201000100", Some(Problem::DuplicateKey)),
            ("a202000100", Some(Problem::Unordered)),
            ("a2010020f6", None),
            ("0000", Some(Problem::Trailing)),
            ("4201", Some(Problem::Truncated)),
            ("f93c00", Some(Problem::NotUsed)),
            ("f8ff", Some(Problem::NotUsed)),
            ("f5", None),
            ("61ff", Some(Problem::NotUtf8)),
            ("6365cc81", Some(Problem::NotNfc)),
            ("818100", None),
            ("81818100", Some(Problem::TooDeep)),
            ("8400000000", Some(Problem::TooMany)),
            ("9bffffffffffffffff", Some(Problem::TooMany)),
            ("5bffffffffffffffff", Some(Problem::Truncated)),
        ] {
            assert_eq!(problem(hex), expected, "{hex}");
        }
    }
}
