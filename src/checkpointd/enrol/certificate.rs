//! X.509 as far as a box needs it: whose key, in whose name, until when, issued by whom.

use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use wire::enrol::{LONGEST_CERTIFICATE, TlsKey};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::der::oid::db::rfc5280::ID_CE_BASIC_CONSTRAINTS;
use x509_cert::der::oid::db::rfc5912::ECDSA_WITH_SHA_256;
use x509_cert::der::pem::{self, LineEnding};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::BasicConstraints;

use super::Refused;

/// A certificate that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    parsed: x509_cert::Certificate,
}

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// [`Refused::Certificate`].
    pub fn from_der(der: &[u8]) -> Result<Self, Refused> {
        let parsed = (der.len() <= LONGEST_CERTIFICATE).then(|| x509_cert::Certificate::from_der(der));
        let parsed = parsed.and_then(Result::ok).ok_or(Refused::Certificate)?;
        Ok(Self { der: der.to_vec(), parsed })
    }

    /// Reads PEM.
    ///
    /// # Errors
    /// [`Refused::Certificate`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, Refused> {
        match pem::decode_vec(pem) {
            Ok(("CERTIFICATE", der)) => Self::from_der(&der),
            _ => Err(Refused::Certificate),
        }
    }

    /// Reads every certificate of a PEM.
    ///
    /// # Errors
    /// [`Refused::Certificate`].
    pub fn all_from_pem(pem: &[u8]) -> Result<Vec<Self>, Refused> {
        let all = x509_cert::Certificate::load_pem_chain(pem).map_err(|_| Refused::Certificate)?;
        all.iter().map(|one| Self::from_der(&one.to_der().map_err(|_| Refused::Certificate)?)).collect()
    }

    /// As it was issued.
    pub fn to_der(&self) -> &[u8] {
        &self.der
    }

    /// Writes PEM.
    pub fn to_pem(&self) -> String {
        pem::encode_string("CERTIFICATE", LineEnding::LF, &self.der).expect("PEM of a few kilobytes can be written")
    }

    /// Whether it is for this key.
    pub fn is_for(&self, key: &TlsKey) -> bool {
        self.key().is_some_and(|own| own.to_encoded_point(true).as_bytes() == key)
    }

    /// The common name of its holder.
    pub fn name(&self) -> Option<String> {
        common_name(&self.parsed.tbs_certificate.subject)
    }

    /// The common name of its issuer.
    pub fn issuer(&self) -> Option<String> {
        common_name(&self.parsed.tbs_certificate.issuer)
    }

    /// Its serial number, big-endian.
    pub fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate.serial_number.as_bytes()
    }

    /// Unix seconds from which it counts.
    pub fn not_before(&self) -> i64 {
        seconds(self.parsed.tbs_certificate.validity.not_before)
    }

    /// Unix seconds until which it counts.
    pub fn not_after(&self) -> i64 {
        seconds(self.parsed.tbs_certificate.validity.not_after)
    }

    /// Whether it may issue others.
    pub fn is_authority(&self) -> bool {
        let extensions = self.parsed.tbs_certificate.extensions.iter().flatten();
        let mut constraints = extensions.filter(|one| one.extn_id == ID_CE_BASIC_CONSTRAINTS);
        constraints.any(|one| BasicConstraints::from_der(one.extn_value.as_bytes()).is_ok_and(|is| is.ca))
    }

    /// Whether an authority with a P-256 key has issued it.
    pub fn is_issued_by(&self, authority: &Self) -> bool {
        let algorithm = self.parsed.signature_algorithm.oid == ECDSA_WITH_SHA_256;
        let named = self.parsed.tbs_certificate.issuer == authority.parsed.tbs_certificate.subject;
        let signature = self.parsed.signature.as_bytes().and_then(|bytes| DerSignature::from_bytes(bytes).ok());
        // DER has one encoding: what is written again is what was signed.
        let signed = self.parsed.tbs_certificate.to_der().ok();
        let (Some(signature), Some(signed), Some(key)) = (signature, signed, authority.key()) else { return false };
        algorithm && named && authority.is_authority() && key.verify(&signed, &signature).is_ok()
    }

    fn key(&self) -> Option<VerifyingKey> {
        let key = self.parsed.tbs_certificate.subject_public_key_info.to_der().ok()?;
        VerifyingKey::from_public_key_der(&key).ok()
    }
}

fn common_name(name: &x509_cert::name::Name) -> Option<String> {
    let mut parts = name.0.iter().flat_map(|part| part.0.iter()).filter(|part| part.oid == COMMON_NAME);
    std::str::from_utf8(parts.next()?.value.value()).ok().map(str::to_owned)
}

fn seconds(time: x509_cert::time::Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}
