//! TLS at HQ: the collector's end of the line to the broker, and the server where boxes renew their certificates.
//!
//! Keys of both are drawn at the start and live in memory alone; the authority vouches for them on the spot.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::Error;
use crate::ca::{COLLECTOR, Failure, Pair};
use crate::collect::Credentials;
use crate::enrol::books;
use crate::region::{Region, db};
use crate::serve::Clock;

/// For so long a certificate of the collector counts, in seconds: it draws another when a third is left.
const COLLECTOR_LIFE: i64 = 30 * 86_400;

/// Who the audit says has asked for it.
const BY_ITSELF: &str = "serve";

/// What the collector shows to the broker, drawn anew before it runs out.
pub fn collector(region: Arc<Region>, clock: Clock) -> Credentials {
    let shown: Mutex<Option<(i64, Arc<ClientConfig>)>> = Mutex::default();
    Arc::new(move || {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock();
        if let Some((until, config)) = &*shown
            && now < *until
        {
            return Ok(config.clone());
        }
        let config = collector_config(&region, now)?;
        *shown = Some((now + COLLECTOR_LIFE * 2 / 3, config.clone()));
        Ok(config)
    })
}

fn collector_config(region: &Region, now: i64) -> Result<Arc<ClientConfig>, Error> {
    let authority = region.authority(now)?;
    let Pair { issued, key } = authority.collector(now, COLLECTOR_LIFE)?;
    let subject = format!("{COLLECTOR} {}", trust::format::hex(&issued.serial));
    region.books(|books| {
        books::add(books, COLLECTOR, &issued, now)
            .and_then(|()| db::audit(books, now, BY_ITSELF, "collector", &subject))
            .map_err(Error::database("entering a certificate"))
    })?;
    let mut authorities = RootCertStore::empty();
    authorities.add(authority.certificate()?.into()).map_err(failed)?;
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    let builder = builder.with_root_certificates(authorities);
    let config = builder.with_client_auth_cert(vec![issued.certificate.into()], private(&key)).map_err(failed)?;
    Ok(Arc::new(config))
}

/// A server that is reached by these names. No client needs a certificate: one that ran out is what brings boxes here.
///
/// # Errors
/// [`Error::Authority`].
pub fn server(region: &Region, hosts: &[String], now: i64) -> Result<Arc<ServerConfig>, Error> {
    let authority = region.authority(now)?;
    let Pair { issued, key } = authority.server(hosts, now)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    let chain: Vec<CertificateDer<'static>> = vec![issued.certificate.into(), authority.certificate()?.into()];
    Ok(Arc::new(builder.with_no_client_auth().with_single_cert(chain, private(&key)).map_err(failed)?))
}

fn private(key: &[u8]) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()))
}

fn failed(error: rustls::Error) -> Error {
    Failure::Write(Box::new(error)).into()
}
