//! X.509 certificates of foreign issuers, as far as a verifier needs them: key, kid, what it may sign.

use sha2::{Digest as _, Sha256};
use x509_cert::der::{Decode as _, Document, Encode as _};
use x509_cert::ext::pkix::ExtendedKeyUsage;

use crate::{BadKey, Kind, PublicKey};

/// What each extended key usage of the EU's certificates allows. The second column is a slip of the pen
/// that real certificates carry.
const USAGES: [(Kind, &str, &str); 3] = [
    (Kind::TEST, "1.3.6.1.4.1.1847.2021.1.1", "1.3.6.1.4.1.0.1847.2021.1.1"),
    (Kind::VACCINATION, "1.3.6.1.4.1.1847.2021.1.2", "1.3.6.1.4.1.0.1847.2021.1.2"),
    (Kind::RECOVERY, "1.3.6.1.4.1.1847.2021.1.3", "1.3.6.1.4.1.0.1847.2021.1.3"),
];

/// A signer's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its key.
    pub key: PublicKey,
    /// First 8 bytes of SHA-256 of its DER: what `HC1:` passes carry.
    pub kid: [u8; 8],
    /// Certificate kinds it may sign; all three when it names none.
    pub kinds: Vec<Kind>,
    /// Unix seconds.
    pub valid_from: i64,
    /// Unix seconds.
    pub valid_to: i64,
}

/// Why a certificate cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// Not an X.509 certificate.
    #[error("not an X.509 certificate")]
    Shape,
    /// Its key is of no use here.
    #[error("the certificate's key cannot be used")]
    Key(#[from] BadKey),
}

impl Certificate {
    /// Reads a certificate in DER or PEM.
    ///
    /// # Errors
    /// [`BadCertificate`].
    pub fn read(bytes: &[u8]) -> Result<Self, BadCertificate> {
        let shape = |_| BadCertificate::Shape;
        let pem = str::from_utf8(bytes).ok().map(str::trim).filter(|text| text.starts_with("-----BEGIN"));
        // The kid is over the bytes as issued: writing a parsed certificate again may change them, since
        // some in use are not quite DER.
        let der = match pem.map(Document::from_pem).transpose().map_err(shape)? {
            Some(("CERTIFICATE", der)) => der.into_vec(),
            Some(_) => return Err(BadCertificate::Shape),
            None => bytes.to_vec(),
        };
        let parsed = x509_cert::Certificate::from_der(&der).map_err(shape)?;
        let tbs = &parsed.tbs_certificate;
        let spki = tbs.subject_public_key_info.to_der().map_err(shape)?;
        let seconds =
            |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        Ok(Self {
            key: PublicKey::from_spki(&spki)?,
            kid: Sha256::digest(&der)[..8].try_into().expect("SHA-256 has 32 bytes"),
            kinds: kinds(tbs),
            valid_from: seconds(tbs.validity.not_before),
            valid_to: seconds(tbs.validity.not_after),
        })
    }
}

/// What the extended key usage allows: one of the three named ones limits, anything else does not.
fn kinds(tbs: &x509_cert::TbsCertificate) -> Vec<Kind> {
    let named: Vec<String> = tbs
        .extensions
        .iter()
        .flatten()
        .filter(|extension| extension.extn_id.to_string() == "2.5.29.37")
        .filter_map(|extension| ExtendedKeyUsage::from_der(extension.extn_value.as_bytes()).ok())
        .flat_map(|usage| usage.0.into_iter().map(|oid| oid.to_string()).collect::<Vec<_>>())
        .collect();
    let limited: Vec<Kind> = USAGES
        .into_iter()
        .filter(|(_, right, mistyped)| named.iter().any(|oid| oid == right || oid == mistyped))
        .map(|(kind, ..)| kind)
        .collect();
    if limited.is_empty() { USAGES.map(|(kind, ..)| kind).to_vec() } else { limited }
}
