//! Links in codes: only the identifier is taken, and only from an address that is exactly one of the policy's.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Presented, bits};
use crate::Format;

/// One form of links.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
#[serde(deny_unknown_fields)]
pub struct LinkForm {
    /// Its name; part of what the register's keys are made of.
    #[n(0)]
    pub name: String,
    /// The host, in lower-case ASCII, without a port.
    #[n(1)]
    pub host: String,
    /// What stands between the host and the identifier, with both slashes: `/covid-cert/verify/`.
    #[n(2)]
    pub path: String,
    /// What the identifier looks like.
    #[n(3)]
    pub id: IdShape,
    /// Whether a query may follow. It is not looked at.
    #[cbor(n(4), default, skip_if = "is_false")]
    #[serde(default, skip_serializing_if = "is_false")]
    pub query: bool,
    /// Whether `http://` will do as well: the link is not opened, so nothing depends on it.
    #[cbor(n(5), default, skip_if = "is_false")]
    #[serde(default, skip_serializing_if = "is_false")]
    pub http: bool,
}

/// What an identifier looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdShape {
    /// A UUID (RFC 9562), in either case.
    #[n(0)]
    Uuid,
    /// So many digits.
    #[n(1)]
    Digits {
        /// How many.
        #[n(0)]
        n: u8,
    },
    /// ASCII letters, digits, `-` and `_`, as they are.
    #[n(2)]
    Token {
        /// Least characters.
        #[n(0)]
        min: u8,
        /// Most characters.
        #[n(1)]
        max: u8,
    },
}

/// Bits of a random UUID (RFC 9562, section 5.4).
const UUID_BITS: u32 = 122;

impl LinkForm {
    /// What a link presents, if it has this form. Everything but the scheme's and the host's case must be exact: user
    /// names, ports, trailing dots, other scripts and fragments make it another address.
    pub(super) fn read(&self, text: &str) -> Option<Presented> {
        let (scheme, rest) = text.split_once("://")?;
        let is_open = self.http && scheme.eq_ignore_ascii_case("http");
        if !is_open && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        let (host, rest) = rest.split_at(rest.find('/')?);
        if !host.eq_ignore_ascii_case(&self.host) {
            return None;
        }
        let rest = rest.strip_prefix(self.path.as_str())?;
        let (id, query) = rest.split_once('?').map_or((rest, None), |(id, query)| (id, Some(query)));
        let is_query = |query: &str| query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !query.is_none_or(|query| self.query && is_query(query)) {
            return None;
        }
        let (id, bits) = self.id.read(id)?;
        Some(Presented::new(Format::Link, &self.name, &id, bits))
    }
}

impl IdShape {
    /// The identifier in its one form, and its bits.
    fn read(self, id: &str) -> Option<(String, u32)> {
        match self {
            Self::Uuid => is_uuid(id).then(|| (id.to_ascii_lowercase(), UUID_BITS)),
            Self::Digits { n } => {
                let fits = id.len() == usize::from(n) && id.bytes().all(|byte| byte.is_ascii_digit());
                fits.then(|| (id.to_owned(), bits(id.len(), 10)))
            }
            Self::Token { min, max } => {
                let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                let fits = (usize::from(min)..=usize::from(max)).contains(&id.len()) && id.bytes().all(is_token);
                fits.then(|| (id.to_owned(), bits(id.len(), 64)))
            }
        }
    }
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_uuid(id: &str) -> bool {
    let is_hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, u8)| if is_hyphen(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    id.len() == 36 && id.bytes().enumerate().all(fits)
}

/// Whether a text is meant for a browser: some scheme and two slashes, however they are written.
pub(super) fn is_address(text: &str) -> bool {
    let text = text.trim_start();
    let scheme = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
    let slash = |byte: Option<u8>| matches!(byte, Some(b'/' | b'\\'));
    let mut rest = text[scheme..].bytes();
    scheme > 0 && rest.next() == Some(b':') && slash(rest.next()) && slash(rest.next())
}

const fn is_false(flag: &bool) -> bool {
    !*flag
}
