//! Bounds on what stands in a message of enrolment, kept before anybody looks at it.

use minicbor::Decode;

use super::{
    Bundle, LONGEST_ADDRESS, LONGEST_CERTIFICATE, LONGEST_SECRETS, MOST_AUTHORITIES, RenewalRequest, Renewed, Request,
};
use crate::Error;

/// Whether a message keeps its bounds.
pub(super) trait Sound {
    fn is_sound(&self) -> bool {
        true
    }
}

impl Sound for Request {}
impl Sound for RenewalRequest {}

impl Sound for Bundle {
    fn is_sound(&self) -> bool {
        let addresses = [&self.broker, &self.releases, &self.renewal];
        certificates(&self.certificate, &self.authorities)
            && addresses.into_iter().flatten().all(|address| is_address(address))
            && self.secrets.len() <= LONGEST_SECRETS
    }
}

impl Sound for Renewed {
    fn is_sound(&self) -> bool {
        certificates(&self.certificate, &self.authorities)
    }
}

/// Printable ASCII without a space: what names a host or a page, and breaks no line of a log.
fn is_address(text: &str) -> bool {
    (1..=LONGEST_ADDRESS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn certificates(own: &[u8], authorities: &[minicbor::bytes::ByteVec]) -> bool {
    let mut all = authorities.iter().map(|authority| &authority[..]).chain([own]);
    (1..=MOST_AUTHORITIES).contains(&authorities.len())
        && all.all(|certificate| (1..=LONGEST_CERTIFICATE).contains(&certificate.len()))
}

/// Decodes a payload and keeps its bounds.
pub(super) fn sound<'b, T: Sound + Decode<'b, ()>>(payload: &'b [u8], what: &'static str) -> Result<T, Error> {
    let message: T = crate::decode(payload, what)?;
    if message.is_sound() { Ok(message) } else { Err(Error::Shape(what)) }
}
