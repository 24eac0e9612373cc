//! Asking HQ for the next certificate: a nonce, a request over it, and an answer that is checked before it is kept.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use wire::enrol::{Kind, RenewalRequest, Renewed};
use wire::{BoxId, RegionId};

use super::Pair;
use crate::enrol::Certificate;
use crate::identity::{Identity, TlsKey};

/// How long one answer may take, in whole.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest code of a refusal.
const LONGEST_CODE: usize = 32;

/// Why there is no next certificate yet.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The enrolment names no place to ask.
    #[error("the enrolment names no address for renewal")]
    NoAddress,
    /// HQ's server was not reached, or is not the region's.
    #[error("HQ was not reached: {0}")]
    Line(String),
    /// HQ has refused, with its code.
    #[error("HQ refuses: {0}")]
    Refused(String),
    /// What came is no certificate for this box's new key by an authority it knows.
    #[error("HQ's answer is not a certificate for this box")]
    Answer,
    /// A file or a key.
    #[error("the disk, or a key on it, cannot be used")]
    Disk,
}

impl Trouble {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAddress => "renewal-address",
            Self::Line(_) => "renewal-line",
            Self::Refused(_) => "renewal-refused",
            Self::Answer => "renewal-answer",
            Self::Disk => "renewal-disk",
        }
    }
}

/// Who asks.
pub(super) struct Asked<'a> {
    pub(super) region: &'a RegionId,
    pub(super) name: &'a BoxId,
    pub(super) identity: &'a Identity,
}

/// What came, unchecked, and the key it should be for.
pub(super) struct Answer {
    pub(super) certificate: Vec<u8>,
    pub(super) key: TlsKey,
}

impl Asked<'_> {
    /// Asks for a certificate for a new key.
    pub(super) fn ask(&self, url: &str, tls: Arc<ClientConfig>) -> Result<Answer, Trouble> {
        // Nothing of it is secret, but whoever answers must be the region.
        if !url.starts_with("https://") {
            return Err(Trouble::NoAddress);
        }
        let agent = trust::agent(tls, PATIENCE);
        let url = url.trim_end_matches('/');
        let nonce = post(&agent, &format!("{url}/nonce"), &[])?.try_into().map_err(|_| Trouble::Answer)?;
        let key = TlsKey::draw().map_err(|_| Trouble::Disk)?;
        let mut request = RenewalRequest {
            kind: Kind,
            region: self.region.clone(),
            name: self.name.clone(),
            tls: key.public(),
            nonce,
            possession: [0; 64],
        };
        request.possession = key.prove(&request.to_be_proven());
        let cose = request.sign(self.identity).map_err(|_| Trouble::Disk)?;
        let answer = Renewed::read(&post(&agent, url, &cose)?).map_err(|_| Trouble::Answer)?;
        Ok(Answer { certificate: answer.certificate, key })
    }

    /// That it is for the new key, in this box's name, by an authority this box knows, and counts now.
    pub(super) fn check(&self, answer: Answer, authorities: &[Certificate], now: i64) -> Result<Pair, Trouble> {
        let Answer { certificate, key } = answer;
        let certificate = Certificate::from_der(&certificate).map_err(|_| Trouble::Answer)?;
        let is_ours = certificate.is_for(&key.public())
            && certificate.name().as_deref() == Some(self.name.as_str())
            && authorities.iter().any(|authority| certificate.is_issued_by(authority))
            && certificate.not_after() > now;
        let key = key.to_pem().map_err(|_| Trouble::Disk)?;
        if is_ours { Ok(Pair { certificate, key }) } else { Err(Trouble::Answer) }
    }
}

fn post(agent: &ureq::Agent, url: &str, body: &[u8]) -> Result<Vec<u8>, Trouble> {
    let line = |error: ureq::Error| Trouble::Line(error.to_string());
    let request = agent.post(url).config().http_status_as_error(false).max_redirects(0).build();
    let mut answer = request.send(body).map_err(line)?;
    let is_given = answer.status() == 200;
    let limit = u64::try_from(wire::enrol::LONGEST).unwrap_or(u64::MAX);
    let bytes = answer.body_mut().with_config().limit(limit).read_to_vec().map_err(line)?;
    if is_given {
        return Ok(bytes);
    }
    // A stranger's words are not written into a log.
    let code = String::from_utf8(bytes).unwrap_or_default();
    let code = code.trim();
    let is_code = code.len() <= LONGEST_CODE && code.bytes().all(|c| c.is_ascii_lowercase() || c == b'-');
    Err(Trouble::Refused(if is_code { code.to_owned() } else { answer.status().as_u16().to_string() }))
}
