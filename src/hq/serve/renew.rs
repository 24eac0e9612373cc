//! Where boxes renew their certificates: `POST /renew/nonce`, then `POST /renew` with a request over that nonce.
//!
//! The box's signing key is what counts, not the certificate it may still have: a box that was cut off through a winter
//! comes back by itself. What is refused is answered with a stable code on one line, and says nothing else.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use wire::enrol::{Kind, RenewalRequest, Renewed};

use super::Clock;
use super::https::Peer;
use crate::{Error, Region, enrol};

#[cfg(test)]
mod tests;

/// Longest request in bytes; an honest one has some 300.
const LONGEST: usize = 1024;

/// For so long a nonce counts. The slowest line has brought the answer by then.
const NONCE_LIFE: Duration = Duration::from_secs(300);

/// Most nonces that wait for their request.
const MOST_NONCES: usize = 4096;

/// Requests one address may make at once, and the time in which it gets one back. A box needs two in a year.
const BURST: u32 = 40;
const ONE_EVERY: Duration = Duration::from_secs(1);

/// Most addresses that are counted; beyond, all of them begin anew.
const MOST_PEERS: usize = 4096;

/// What is asked here.
pub(super) fn router(region: Arc<Region>, clock: Clock) -> Router {
    let desk = Arc::new(Desk { region, clock, nonces: Mutex::default(), peers: Mutex::default() });
    Router::new()
        .route("/renew/nonce", post(nonce))
        .route("/renew", post(renew))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(desk)
}

struct Desk {
    region: Arc<Region>,
    clock: Clock,
    nonces: Mutex<HashMap<[u8; 32], Instant>>,
    peers: Mutex<HashMap<IpAddr, Instant>>,
}

/// Why nothing was issued.
#[derive(Debug)]
enum Refused {
    /// Too much is asked from this address, or altogether.
    Busy,
    /// Not a request.
    Request,
    /// The nonce is not HQ's, was used, or is too old.
    Nonce,
    /// The signature, or the proof for the new key, does not hold.
    Proof(&'static str),
    /// HQ's rules.
    Region(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Region(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy"),
            Self::Request => (StatusCode::BAD_REQUEST, "request"),
            Self::Nonce => (StatusCode::CONFLICT, "nonce"),
            Self::Proof(code) => (StatusCode::FORBIDDEN, *code),
            Self::Region(Error::Enrol(error @ enrol::Error::TooMany(_))) => {
                (StatusCode::TOO_MANY_REQUESTS, error.code())
            }
            Self::Region(Error::Enrol(error)) => (StatusCode::FORBIDDEN, error.code()),
            Self::Region(error) => {
                tracing::error!(code = error.code(), "no certificate: {}", crate::commands::chain(error));
                (StatusCode::INTERNAL_SERVER_ERROR, "failed")
            }
        };
        (status, format!("{code}\n")).into_response()
    }
}

async fn nonce(State(desk): State<Arc<Desk>>, ConnectInfo(Peer(peer)): ConnectInfo<Peer>) -> Result<Response, Refused> {
    let now = Instant::now();
    desk.admit(peer.ip(), now)?;
    Ok(octets(desk.draw(now)?.to_vec()))
}

async fn renew(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    body: Bytes,
) -> Result<Response, Refused> {
    desk.admit(peer.ip(), Instant::now())?;
    // The books are on a disk.
    let renewed = tokio::task::spawn_blocking(move || {
        let renewed = desk.renew(&body, Instant::now());
        if let Err(refused) = &renewed {
            tracing::warn!(?refused, "a box's certificate was not renewed");
        }
        renewed
    });
    match renewed.await {
        Ok(renewed) => Ok(octets(wire::encode(&renewed?))),
        Err(_) => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

fn octets(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")], bytes).into_response()
}

impl Desk {
    /// Counts a request. An address is as far ahead of the time as it has asked too often.
    fn admit(&self, peer: IpAddr, now: Instant) -> Result<(), Refused> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= MOST_PEERS {
            peers.retain(|_, ahead| *ahead > now);
            if peers.len() >= MOST_PEERS {
                peers.clear();
            }
        }
        let ahead = peers.entry(who(peer)).or_insert(now);
        let next = (*ahead).max(now) + ONE_EVERY;
        if next.duration_since(now) > ONE_EVERY * BURST {
            return Err(Refused::Busy);
        }
        *ahead = next;
        Ok(())
    }

    fn draw(&self, now: Instant) -> Result<[u8; 32], Refused> {
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if nonces.len() >= MOST_NONCES {
            nonces.retain(|_, drawn| now.duration_since(*drawn) < NONCE_LIFE);
        }
        if nonces.len() >= MOST_NONCES {
            return Err(Refused::Busy);
        }
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce).map_err(|_| Error::Random)?;
        nonces.insert(nonce, now);
        Ok(nonce)
    }

    /// Whether a nonce counts; from then on it does not.
    fn spend(&self, nonce: &[u8; 32], now: Instant) -> bool {
        let drawn = self.nonces.lock().unwrap_or_else(PoisonError::into_inner).remove(nonce);
        drawn.is_some_and(|drawn| now.duration_since(drawn) < NONCE_LIFE)
    }

    fn renew(&self, cose: &[u8], now: Instant) -> Result<Renewed, Refused> {
        let (region, name) = RenewalRequest::claimed(cose).map_err(|_| Refused::Request)?;
        if region != *self.region.id() {
            return Err(Error::Enrol(enrol::Error::OtherRegion { region, name }).into());
        }
        self.region.enrolled(&name)?;
        let key = self.region.box_key(&name)?.ok_or(enrol::Error::NotEnrolled(name)).map_err(Error::from)?;
        let request = RenewalRequest::verify(cose, &key).map_err(|error| match error {
            wire::Error::Possession => Refused::Proof("possession"),
            _ => Refused::Proof("other-key"),
        })?;
        // Spent only by whoever could use it, and before anything is issued: a second time it is nobody's.
        if !self.spend(&request.nonce, now) {
            return Err(Refused::Nonce);
        }
        let at = (self.clock)();
        let issued = self.region.renew(&request.name, &request.tls, at)?;
        let authority = self.region.authority(at)?.certificate().map_err(Error::from)?;
        tracing::info!(name = %request.name, "a box's certificate was renewed");
        Ok(Renewed { kind: Kind, certificate: issued.certificate, authorities: vec![authority.into()] })
    }
}

/// The network that an address stands for: whoever has an IPv6 line has 2^64 of them.
fn who(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}
