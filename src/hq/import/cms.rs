//! CMS signatures (RFC 5652) around what others publish.
//!
//! The EU's gateway writes BER with open lengths and strings in pieces; [`to_der`] closes and joins them first.

use base64ct::{Base64, Encoding as _};
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerInfo};
use x509_cert::der::asn1::OctetString;
use x509_cert::der::{Decode as _, Encode as _};

use pass::x509::{Signed, hash};

/// Deepest nesting that is read; the gateway's messages have eleven levels.
const DEPTH: usize = 32;

/// A message, with what it carries.
pub struct Message {
    signed: SignedData,
    content: Vec<u8>,
}

impl Message {
    /// Reads a message from its bytes or its base64.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text: String = str::from_utf8(bytes).unwrap_or_default().split_ascii_whitespace().collect();
        let unarmoured = if text.is_empty() { bytes.to_vec() } else { Base64::decode_vec(&text).ok()? };
        let info = ContentInfo::from_der(&to_der(&unarmoured)?).ok()?;
        if info.content_type.to_string() != "1.2.840.113549.1.7.2" {
            return None;
        }
        let signed: SignedData = info.content.decode_as().ok()?;
        let content = signed.encap_content_info.econtent.as_ref();
        let content = content.map(|any| any.decode_as::<OctetString>().map(OctetString::into_bytes));
        Some(Self { content: content.transpose().ok()?.unwrap_or_default(), signed })
    }

    /// What it carries; nothing of a signature that lies beside its content.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Whether one of these has signed a content: its own, or the one it lies beside.
    pub fn is_signed_by<'a>(&self, content: &[u8], signers: impl IntoIterator<Item = &'a Signed>) -> bool {
        signers
            .into_iter()
            .any(|signer| self.signed.signer_infos.0.iter().any(|info| verify(info, content, signer).unwrap_or(false)))
    }
}

/// RFC 5652 §5.4 and §5.6.
fn verify(info: &SignerInfo, content: &[u8], signer: &Signed) -> Option<bool> {
    let digest = info.digest_alg.oid.to_string();
    let message = match &info.signed_attrs {
        None => content.to_vec(),
        Some(attributes) => {
            let value = |oid: &str| {
                let attribute = attributes.iter().find(|attribute| attribute.oid.to_string() == oid)?;
                attribute.values.iter().next()
            };
            let told: OctetString = value("1.2.840.113549.1.9.4")?.decode_as().ok()?;
            if told.as_bytes() != hash(&digest, content).ok()? {
                return Some(false);
            }
            attributes.to_der().ok()?
        }
    };
    signer.holds(&info.signature_algorithm, Some(&digest), &message, info.signature.as_bytes()).ok()
}

/// BER as DER would write its lengths and strings: nothing open, nothing in pieces.
pub fn to_der(ber: &[u8]) -> Option<Vec<u8>> {
    let (der, rest) = element(ber, DEPTH)?;
    rest.is_empty().then_some(der)
}

/// One element, and what follows it.
fn element(ber: &[u8], depth: usize) -> Option<(Vec<u8>, &[u8])> {
    const CONSTRUCTED: u8 = 0x20;
    const STRING: u8 = 0x04;
    let (&tag, rest) = ber.split_first()?;
    // Tags above 30 occur in none of these formats.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (length, rest) = length(rest)?;
    if tag & CONSTRUCTED == 0 {
        let (content, rest) = rest.split_at_checked(length?)?;
        return Some((compose(tag, content), rest));
    }
    let depth = depth.checked_sub(1)?;
    let (mut content, after) = match length {
        Some(length) => {
            let (content, after) = rest.split_at_checked(length)?;
            (content, Some(after))
        }
        None => (rest, None),
    };
    let mut parts = Vec::new();
    let rest = loop {
        match after {
            Some(after) if content.is_empty() => break after,
            None if content.starts_with(&[0, 0]) => break &content[2..],
            _ => {}
        }
        let (part, rest) = element(content, depth)?;
        if tag == CONSTRUCTED | STRING {
            // Its pieces are strings themselves, closed by now.
            let (length, piece) = self::length(part.strip_prefix(&[STRING])?)?;
            parts.extend_from_slice(piece.get(..length?)?);
        } else {
            parts.extend_from_slice(&part);
        }
        content = rest;
    };
    Some((compose(if tag == CONSTRUCTED | STRING { STRING } else { tag }, &parts), rest))
}

/// A length (none: open), and what follows it.
fn length(bytes: &[u8]) -> Option<(Option<usize>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        0..=0x7f => Some((Some(usize::from(first)), rest)),
        0x80 => Some((None, rest)),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            Some((Some(digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))), rest))
        }
        _ => None,
    }
}

fn compose(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => der.push(short),
        _ => {
            let digits = content.len().to_be_bytes();
            let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
            der.push(0x80 | digits.len() as u8);
            der.extend_from_slice(digits);
        }
    }
    der.extend_from_slice(content);
    der
}
