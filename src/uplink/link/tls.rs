//! TLS of the box: whom it believes, what it shows, and by which clock it judges certificates.
//!
//! Only the region's own authorities count, and the time is the box's own, which is never below what HQ has signed: a
//! clock that stands at 1970 must not lock a box out.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};

/// What the link shows to the broker. Asked before every connection, since certificates are renewed meanwhile.
pub trait Credentials: Send {
    /// TLS for the next connection.
    ///
    /// # Errors
    /// What is wrong with the files, for the log.
    fn next(&mut self) -> Result<Arc<ClientConfig>, String>;

    /// The broker has taken what was shown last.
    fn accepted(&mut self);

    /// The connection ended before the broker had taken it, and why.
    fn refused(&mut self, why: &str);
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No certificate, or no key, in the PEM.
    #[error("the {0} cannot be read as PEM")]
    Pem(&'static str),
    /// The certificate and the key do not go together, or cannot be used.
    #[error("the certificates cannot be used")]
    Unfit(#[from] rustls::Error),
}

/// Unix seconds by the box.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A client that believes these authorities (PEM) alone, and shows a certificate with its key (PEM) where it has one.
///
/// # Errors
/// [`Error`].
pub fn client(authorities: &[u8], own: Option<(&[u8], &[u8])>, now: Now) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        roots.add(authority.map_err(|_| Error::Pem("authority"))?)?;
    }
    if roots.is_empty() {
        return Err(Error::Pem("authority"));
    }
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_details(provider, Arc::new(Clock(now)));
    let builder = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
            let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(Error::Pem("certificate"))?;
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Error::Pem("key"))?;
            builder.with_client_auth_cert(chain, key)?
        }
    };
    Ok(Arc::new(config))
}

/// What a broker says by an alert (RFC 8446 §6.2) begins with this: it has something against what was shown.
pub const ALERT: &str = "received fatal alert";

/// What TLS has to say in an error of the client library, which buries it.
pub(super) fn trouble(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let beneath = std::iter::successors(Some(error), |error| error.source()).find_map(|error| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        inner.downcast_ref::<rustls::Error>().map(ToString::to_string)
    });
    // Some of its errors name their cause and do not give it.
    beneath.or_else(|| {
        let text = error.to_string();
        text.find(ALERT).map(|at| text[at..].to_owned())
    })
}

/// The box's clock, as TLS asks for it.
struct Clock(Now);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from((self.0)()).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}
