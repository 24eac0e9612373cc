//! X.509 as far as passes and lists of keys need it: who signed what, for which country, by which number.
//!
//! What was signed is verified as it came: some certificates in use are not quite DER, and writing them again
//! would break their signatures.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::pkcs1::RsaPssParams;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode as _, Document, Encode as _, Reader as _, SliceReader};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, SubjectKeyIdentifier};
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use crate::key::on_p521;
use crate::{BadKey, PublicKey};

/// A certificate with the bytes that its issuer signed.
#[derive(Debug, Clone)]
pub struct Signed {
    /// As it was issued.
    pub der: Vec<u8>,
    /// What it says.
    pub parsed: Certificate,
    tbs: Vec<u8>,
}

/// A list of revoked certificates with the bytes that its issuer signed.
#[derive(Debug, Clone)]
pub struct Crl {
    /// What it says.
    pub parsed: CertificateList,
    tbs: Vec<u8>,
}

/// An algorithm that is not verified here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signature algorithm that is not verified here")]
pub struct Unsupported;

impl Signed {
    /// Reads a certificate in DER or PEM.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let der = unarmour(bytes, "CERTIFICATE")?;
        let parsed = Certificate::from_der(&der).ok()?;
        Some(Self { tbs: signed_part(&der)?, der, parsed })
    }

    /// Its key.
    ///
    /// # Errors
    /// [`BadKey`] for one of a kind that is not used here.
    pub fn key(&self) -> Result<PublicKey, BadKey> {
        PublicKey::from_spki(&self.parsed.tbs_certificate.subject_public_key_info.to_der().map_err(|_| BadKey)?)
    }

    /// Whether it is signed by the holder of another certificate.
    ///
    /// # Errors
    /// [`Unsupported`].
    pub fn is_signed_by(&self, issuer: &Self) -> Result<bool, Unsupported> {
        self.is_signed_with(&issuer.key().map_err(|_| Unsupported)?)
    }

    /// Whether it is signed with a key.
    ///
    /// # Errors
    /// [`Unsupported`].
    pub fn is_signed_with(&self, key: &PublicKey) -> Result<bool, Unsupported> {
        let signature = self.parsed.signature.as_bytes().unwrap_or_default();
        holds(key, &self.parsed.signature_algorithm, None, &self.tbs, signature)
    }

    /// Whether the certificate's key has signed a message. `digest` is for algorithms that do not name one
    /// themselves.
    ///
    /// # Errors
    /// [`Unsupported`].
    pub fn holds(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        digest: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, Unsupported> {
        holds(&self.key().map_err(|_| Unsupported)?, algorithm, digest, message, signature)
    }

    /// The country of its holder, else of its issuer: two capital letters.
    pub fn country(&self) -> Option<String> {
        let tbs = &self.parsed.tbs_certificate;
        let names = [&tbs.subject, &tbs.issuer];
        let country = names.into_iter().flat_map(|name| &name.0).flat_map(|rdn| rdn.0.iter()).find_map(|part| {
            if part.oid.to_string() != "2.5.4.6" {
                return None;
            }
            let printable = part.value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned());
            printable.or_else(|_| part.value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned())).ok()
        });
        country.map(|country| country.to_ascii_uppercase()).filter(|country| is_country(country))
    }

    /// Its serial number.
    pub fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate.serial_number.as_bytes()
    }

    /// Whether it may sign other certificates.
    pub fn is_authority(&self) -> bool {
        self.extension("2.5.29.19").and_then(|bytes| BasicConstraints::from_der(bytes).ok()).is_some_and(|is| is.ca)
    }

    /// The content of an extension.
    pub fn extension(&self, oid: &str) -> Option<&[u8]> {
        let extensions = self.parsed.tbs_certificate.extensions.iter().flatten();
        extensions.into_iter().find(|one| one.extn_id.to_string() == oid).map(|one| one.extn_value.as_bytes())
    }

    /// Unix seconds from and until which it counts.
    pub fn validity(&self) -> (i64, i64) {
        let validity = &self.parsed.tbs_certificate.validity;
        (seconds(validity.not_before), seconds(validity.not_after))
    }

    /// How its authority calls the key that signed it, if it says so (RFC 5280, section 4.2.1.1).
    pub fn authority_key(&self) -> Option<Vec<u8>> {
        let named = AuthorityKeyIdentifier::from_der(self.extension("2.5.29.35")?).ok()?;
        named.key_identifier.map(|id| id.as_bytes().to_vec())
    }

    /// How it calls its own key, if it does (RFC 5280, section 4.2.1.2).
    pub fn own_key(&self) -> Option<Vec<u8>> {
        SubjectKeyIdentifier::from_der(self.extension("2.5.29.14")?).ok().map(|id| id.0.as_bytes().to_vec())
    }

    /// Whether it was issued by one of these authorities while that one counted.
    ///
    /// # Errors
    /// [`Unsupported`] when only an authority that is not verified here can have issued it.
    pub fn is_issued_by_one_of<'a>(
        &self,
        authorities: impl IntoIterator<Item = &'a Self>,
    ) -> Result<bool, Unsupported> {
        let mut unsupported = false;
        for authority in authorities {
            let (from, to) = authority.validity();
            if !authority.is_authority() || !(from..=to).contains(&self.validity().0) {
                continue;
            }
            match self.is_signed_by(authority) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                // Another authority's kind of key says nothing about this certificate.
                Err(Unsupported) => {
                    unsupported |= authority.parsed.tbs_certificate.subject == self.parsed.tbs_certificate.issuer;
                }
            }
        }
        if unsupported { Err(Unsupported) } else { Ok(false) }
    }
}

impl Crl {
    /// Reads a list in DER or PEM.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let der = unarmour(bytes, "X509 CRL")?;
        Some(Self { parsed: CertificateList::from_der(&der).ok()?, tbs: signed_part(&der)? })
    }

    /// Whether it is signed by the holder of a certificate.
    ///
    /// # Errors
    /// [`Unsupported`].
    pub fn is_signed_by(&self, issuer: &Signed) -> Result<bool, Unsupported> {
        let signature = self.parsed.signature.as_bytes().unwrap_or_default();
        issuer.holds(&self.parsed.signature_algorithm, None, &self.tbs, signature)
    }

    /// Unix seconds from which it counts, and until which the next one must come.
    pub fn validity(&self) -> (i64, Option<i64>) {
        let list = &self.parsed.tbs_cert_list;
        (seconds(list.this_update), list.next_update.map(seconds))
    }

    /// Serial numbers of the certificates it takes back.
    pub fn serials(&self) -> impl Iterator<Item = &[u8]> {
        let revoked = self.parsed.tbs_cert_list.revoked_certificates.iter().flatten();
        revoked.map(|one| one.serial_number.as_bytes())
    }

    /// Whether it takes a certificate back.
    pub fn revokes(&self, serial: &[u8]) -> bool {
        self.serials().any(|one| one == serial)
    }
}

/// Whether a text is a country as ISO 3166-1 writes it in two letters.
pub fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_uppercase())
}

fn seconds(time: Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

fn unarmour(bytes: &[u8], label: &str) -> Option<Vec<u8>> {
    let pem = str::from_utf8(bytes).ok().map(str::trim).filter(|text| text.starts_with("-----BEGIN"));
    match pem.map(Document::from_pem) {
        Some(Ok((found, der))) if found == label => Some(der.into_vec()),
        Some(_) => None,
        None => Some(bytes.to_vec()),
    }
}

/// The first element of the outermost sequence, with its head: what the signature beside it is over.
fn signed_part(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let mut part = None;
    let read = reader.sequence(|inner| {
        part = Some(inner.tlv_bytes()?.to_vec());
        inner.read_slice(inner.remaining_len()).map(drop)
    });
    read.ok().and(part)
}

fn holds(
    key: &PublicKey,
    algorithm: &AlgorithmIdentifierOwned,
    digest: Option<&str>,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, Unsupported> {
    // RFC 5758 §3.2, RFC 8017 §A.2, RFC 4055 §3.1
    match algorithm.oid.to_string().as_str() {
        "1.2.840.10045.4.3.2" => elliptic(key, &Sha256::digest(message), signature),
        "1.2.840.10045.4.3.3" => elliptic(key, &Sha384::digest(message), signature),
        "1.2.840.10045.4.3.4" => elliptic(key, &Sha512::digest(message), signature),
        "1.2.840.113549.1.1.11" => rsa_fixed(key, SHA256, message, signature),
        "1.2.840.113549.1.1.12" => rsa_fixed(key, SHA384, message, signature),
        "1.2.840.113549.1.1.13" => rsa_fixed(key, SHA512, message, signature),
        // Plain RSA: CMS names the hash elsewhere (RFC 5754 §3.2).
        "1.2.840.113549.1.1.1" => rsa_fixed(key, digest.ok_or(Unsupported)?, message, signature),
        "1.2.840.113549.1.1.10" => {
            let parameters = algorithm.parameters.as_ref().ok_or(Unsupported)?.to_der().map_err(|_| Unsupported)?;
            let parameters = RsaPssParams::from_der(&parameters).map_err(|_| Unsupported)?;
            rsa_pss(key, &parameters, message, signature)
        }
        _ => Err(Unsupported),
    }
}

const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SHA384: &str = "2.16.840.1.101.3.4.2.2";
const SHA512: &str = "2.16.840.1.101.3.4.2.3";

/// A hash by its object identifier.
///
/// # Errors
/// [`Unsupported`].
pub fn hash(oid: &str, message: &[u8]) -> Result<Vec<u8>, Unsupported> {
    match oid {
        SHA256 => Ok(Sha256::digest(message).to_vec()),
        SHA384 => Ok(Sha384::digest(message).to_vec()),
        SHA512 => Ok(Sha512::digest(message).to_vec()),
        _ => Err(Unsupported),
    }
}

fn elliptic(key: &PublicKey, hash: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
    Ok(match key {
        PublicKey::P256(key) => p256::ecdsa::Signature::from_der(signature)
            .is_ok_and(|signature| key.verify_prehash(hash, &signature).is_ok()),
        PublicKey::P384(key) => p384::ecdsa::Signature::from_der(signature)
            .is_ok_and(|signature| key.verify_prehash(hash, &signature).is_ok()),
        PublicKey::P521(key) => p521::ecdsa::Signature::from_der(signature)
            .is_ok_and(|signature| on_p521(key).is_some_and(|key| key.verify_prehash(hash, &signature).is_ok())),
        PublicKey::Ed25519(_) | PublicKey::Rsa(_) => return Err(Unsupported),
    })
}

fn rsa_fixed(key: &PublicKey, digest: &str, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
    let PublicKey::Rsa(key) = key else { return Err(Unsupported) };
    let hash = hash(digest, message)?;
    let scheme = match digest {
        SHA256 => rsa::Pkcs1v15Sign::new::<Sha256>(),
        SHA384 => rsa::Pkcs1v15Sign::new::<Sha384>(),
        _ => rsa::Pkcs1v15Sign::new::<Sha512>(),
    };
    Ok(key.verify(scheme, &hash, signature).is_ok())
}

fn rsa_pss(
    key: &PublicKey,
    parameters: &RsaPssParams<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, Unsupported> {
    let PublicKey::Rsa(key) = key else { return Err(Unsupported) };
    let digest = parameters.hash.oid.to_string();
    let (hash, salt) = (hash(&digest, message)?, usize::from(parameters.salt_len));
    let scheme = match digest.as_str() {
        SHA256 => rsa::Pss::new_with_salt::<Sha256>(salt),
        SHA384 => rsa::Pss::new_with_salt::<Sha384>(salt),
        _ => rsa::Pss::new_with_salt::<Sha512>(salt),
    };
    Ok(key.verify(scheme, &hash, signature).is_ok())
}
