//! The server for boxes, over TLS: `/renew`, and releases, so that a box needs only one.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Clock, Http, http, listen, renew};
use crate::{Error, Region};

/// How long a handshake may take. Cellular lines take seconds.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// Most handshakes under way.
const SHAKING: usize = 256;

/// Rest after the system could not accept a connection.
const REST: Duration = Duration::from_millis(100);

/// Where to serve over TLS, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secure {
    /// Where; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Names and addresses boxes reach it by, beside those in `region.toml`.
    pub hosts: Vec<String>,
}

/// A server that is ready to start.
pub(super) struct Https {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    region: Arc<Region>,
    clock: Clock,
}

impl Https {
    /// Takes the port, and lets the authority vouch for the server.
    pub(super) fn open(secure: &Secure, region: Arc<Region>, clock: Clock) -> Result<Self, Error> {
        let listener = listen(secure.address)?;
        let failed = |source| Error::Listen { address: secure.address, source };
        let address = listener.local_addr().map_err(failed)?;
        let config = crate::tls::server(&region, &hosts(secure, &region), clock())?;
        Ok(Self { listener, address, acceptor: config.into(), region, clock })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn start(self) -> Result<Http, Error> {
        let Self { listener, acceptor, region, clock, .. } = self;
        let releases = http::releases(&region.release_folder());
        let router = renew::router(region, clock).nest("/release", releases);
        let service = router.into_make_service_with_connect_info::<Peer>();
        Http::start("https", move || {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Ok(axum::serve(Door { listener, acceptor, shaking: JoinSet::new() }, service))
        })
    }
}

/// What stands in the server's certificate: every name boxes may have been told.
fn hosts(secure: &Secure, region: &Region) -> Vec<String> {
    let addresses = &region.settings().addresses;
    let told = [&addresses.release, &addresses.renewal].into_iter().flatten();
    let told = told.filter_map(|url| Some(url.parse::<axum::http::Uri>().ok()?.host()?.to_owned()));
    let own = Some(secure.address.ip()).filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string());
    let mut hosts: Vec<String> = secure.hosts.iter().cloned().chain(told).chain(own).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Accepts connections whose handshake is done; none waits for another's.
pub(super) struct Door {
    listener: tokio::net::TcpListener,
    acceptor: TlsAcceptor,
    shaking: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl Listener for Door {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if self.shaking.len() < SHAKING => match accepted {
                    Ok((stream, peer)) => {
                        let shaking = self.acceptor.accept(stream);
                        self.shaking.spawn(async move {
                            let shaken = tokio::time::timeout(HANDSHAKE, shaking).await.ok()?;
                            shaken.ok().map(|stream| (stream, peer))
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(REST).await;
                    }
                },
                Some(done) = self.shaking.join_next() => if let Ok(Some(open)) = done {
                    return open;
                },
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
