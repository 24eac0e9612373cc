//! The region's certification authority: who may speak on the region's lines.
//!
//! It vouches for boxes and the collector towards the broker, and for the broker and the renewal server towards boxes.
//! It says nothing about passes, releases, receipts or commands: those are signed by keys that the root names, and
//! whoever stole the authority's key could listen and disturb, but not make a box believe anything.
//!
//! P-256 and X.509 (RFC 5280), because that is what brokers check. The key is made at the first use.

use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePrivateKey as _;
use wire::{BoxId, RegionId};
use x509_cert::builder::{Builder as _, CertificateBuilder, Profile};
use x509_cert::certificate::Certificate;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::der::asn1::{BitString, GeneralizedTime, Ia5String, OctetString, Uint};
use x509_cert::der::oid::db::rfc5280::{ID_KP_CLIENT_AUTH, ID_KP_SERVER_AUTH};
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{DecodePem as _, Encode as _, pem};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlNumber, ExtendedKeyUsage, SubjectAltName};
use x509_cert::ext::{AsExtension as _, Extensions};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{DynSignatureAlgorithmIdentifier as _, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Version, der};
use zeroize::Zeroizing;

use crate::Error;
use crate::keys::Purpose;
use crate::region::{KEYS, Region, put};
use crate::signer::file;

#[cfg(test)]
mod tests;

/// Name of its certificate among the keys.
pub const CERTIFICATE: &str = "ca.crt";

/// For so long the authority counts, in seconds: boxes hold its certificate, so it outlives any of them.
const AUTHORITY_LIFE: i64 = 20 * 365 * 86_400;

/// For so long a server's certificate counts, in seconds. Nobody renews it at night: a region whose broker ran out
/// would be cut off whole.
const SERVER_LIFE: i64 = 5 * 365 * 86_400;

/// Clocks of brokers may be behind by so much, in seconds.
const BEHIND: i64 = 86_400;

/// The collector's name towards the broker. No box may have it.
pub const COLLECTOR: &str = "hq";

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The certificate of the authority is not one, or is another key's.
    #[error("{0} is not the certificate of this region's authority")]
    Authority(std::path::PathBuf),
    /// The key is no point of P-256.
    #[error("the TLS key is not a P-256 public key")]
    PublicKey,
    /// Not a name or address that a certificate can hold.
    #[error("{0:?} is neither a host's name nor an address")]
    Host(String),
    /// A time before 1970 or after 9999.
    #[error("no certificate can say {0} as a time")]
    Time(i64),
    /// X.509 could not be written.
    #[error("a certificate could not be written")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Authority(_) => "authority",
            Self::PublicKey => "tls-key",
            Self::Host(_) => "host",
            Self::Time(_) => "certificate-time",
            Self::Write(_) => "certificate-write",
        }
    }

    fn write(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Write(Box::new(error))
    }
}

/// A certificate as it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Its serial number, big endian.
    pub serial: Vec<u8>,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Unix seconds until which it counts.
    pub not_after: i64,
}

/// A certificate and its private key, for a server or for HQ itself.
pub struct Pair {
    /// The certificate.
    pub issued: Issued,
    /// The private key, PKCS #8 DER.
    pub key: Zeroizing<Vec<u8>>,
}

/// What no longer counts, and since when (Unix seconds).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Serial number of the certificate.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub at: i64,
}

/// The authority, with its key.
pub struct Authority {
    region: RegionId,
    key: SigningKey,
    certificate: Certificate,
}

impl Region {
    /// The region's authority; made now if it has none yet.
    ///
    /// # Errors
    /// [`Error::Key`], [`Error::File`], [`Error::Authority`].
    pub fn authority(&self, now: i64) -> Result<Authority, Error> {
        Authority::open_or_create(&self.path(KEYS), self.id(), now)
    }
}

impl Authority {
    fn open_or_create(keys: &Path, region: &RegionId, now: i64) -> Result<Self, Error> {
        let path = Purpose::Authority.file(keys);
        if !path.exists() {
            let secret = Zeroizing::new(<[u8; 32]>::from(p256::SecretKey::random(&mut OsRandom).to_bytes()));
            match file::write(&path, &Purpose::Authority, &secret) {
                // Another command was first.
                Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
                written => written?,
            }
        }
        let secret = file::read(&path, &Purpose::Authority)?;
        let wrong = |_| Error::Key { path: path.clone(), problem: "it is no private key of P-256" };
        let key = SigningKey::from_slice(&secret[..]).map_err(wrong)?;
        let beside = keys.join(CERTIFICATE);
        if !beside.exists() {
            let pem = pem_of("CERTIFICATE", &own(&key, region, now)?.to_der().map_err(Failure::write)?)?;
            match put(&beside, pem.as_bytes(), 0o644) {
                Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
                written => written?,
            }
        }
        let text = std::fs::read(&beside).map_err(Error::file(&beside))?;
        let certificate = Certificate::from_pem(&text).map_err(|_| Failure::Authority(beside.clone()))?;
        let public = SubjectPublicKeyInfoOwned::from_key(*key.verifying_key()).map_err(Failure::write)?;
        if certificate.tbs_certificate.subject_public_key_info != public {
            return Err(Failure::Authority(beside).into());
        }
        Ok(Self { region: region.clone(), key, certificate })
    }

    /// Its certificate, DER.
    ///
    /// # Errors
    /// [`Failure::Write`] cannot be: it was read as DER.
    pub fn certificate(&self) -> Result<Vec<u8>, Failure> {
        self.certificate.to_der().map_err(Failure::write)
    }

    /// Its certificate as brokers read it.
    ///
    /// # Errors
    /// The same.
    pub fn certificate_pem(&self) -> Result<String, Failure> {
        pem_of("CERTIFICATE", &self.certificate()?)
    }

    /// A box's certificate, for a TLS key (SEC 1, compressed or not) that the box has shown it has.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn client(&self, name: &BoxId, tls_key: &[u8], from: i64, to: i64) -> Result<Issued, Failure> {
        self.leaf(name.as_str(), tls_key, ID_KP_CLIENT_AUTH, None, from - BEHIND, to)
    }

    /// The collector's own, with a new key.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn collector(&self, now: i64, life: i64) -> Result<Pair, Failure> {
        let key = p256::SecretKey::random(&mut OsRandom);
        let public = key.public_key().to_sec1_bytes();
        let issued = self.leaf(COLLECTOR, &public, ID_KP_CLIENT_AUTH, None, now - BEHIND, now.saturating_add(life))?;
        pair(issued, &key)
    }

    /// A server's, with a new key, for the names and addresses it is reached by. It counts from as early as the
    /// authority does: a box whose clock only knows the time of the last release must not find it too young.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn server(&self, hosts: &[String], now: i64) -> Result<Pair, Failure> {
        let names = hosts.iter().map(|host| alternative(host)).collect::<Result<Vec<_>, _>>()?;
        let key = p256::SecretKey::random(&mut OsRandom);
        let public = key.public_key().to_sec1_bytes();
        let from = self.certificate.tbs_certificate.validity.not_before.to_unix_duration();
        let from = i64::try_from(from.as_secs()).unwrap_or(0);
        let to = now.saturating_add(SERVER_LIFE);
        let issued =
            self.leaf("checkpoint server", &public, ID_KP_SERVER_AUTH, Some(SubjectAltName(names)), from, to)?;
        pair(issued, &key)
    }

    fn leaf(
        &self,
        common_name: &str,
        public: &[u8],
        usage: der::asn1::ObjectIdentifier,
        hosts: Option<SubjectAltName>,
        from: i64,
        to: i64,
    ) -> Result<Issued, Failure> {
        let key = p256::PublicKey::from_sec1_bytes(public).map_err(|_| Failure::PublicKey)?;
        let spki = SubjectPublicKeyInfoOwned::from_key(key).map_err(Failure::write)?;
        let serial = draw_serial()?;
        let validity = Validity { not_before: time(from)?, not_after: time(to)? };
        let profile = Profile::Leaf {
            issuer: self.certificate.tbs_certificate.subject.clone(),
            enable_key_agreement: false,
            enable_key_encipherment: false,
        };
        let number = SerialNumber::new(&serial).map_err(Failure::write)?;
        let subject = name(common_name, &self.region)?;
        let mut builder =
            CertificateBuilder::new(profile, number, validity, subject, spki, &self.key).map_err(Failure::write)?;
        builder.add_extension(&ExtendedKeyUsage(vec![usage])).map_err(Failure::write)?;
        if let Some(hosts) = hosts {
            builder.add_extension(&hosts).map_err(Failure::write)?;
        }
        let certificate = builder.build::<DerSignature>().map_err(Failure::write)?;
        Ok(Issued { serial, certificate: certificate.to_der().map_err(Failure::write)?, not_after: to })
    }

    /// The list of what no longer counts (RFC 5280 §5), in PEM. It counts as long as the authority: a broker that
    /// nobody has brought a newer one to must not lock everybody out. `number` rises with every list.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn revocations(&self, revoked: &[Revoked], number: u64, now: i64) -> Result<String, Failure> {
        let entry = |one: &Revoked| {
            Ok(RevokedCert {
                serial_number: SerialNumber::new(&one.serial).map_err(Failure::write)?,
                revocation_date: time(one.at)?,
                crl_entry_extensions: None,
            })
        };
        let entries = revoked.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        let issuer = self.certificate.tbs_certificate.subject.clone();
        let own = &self.certificate.tbs_certificate.subject_public_key_info;
        let key = AuthorityKeyIdentifier::try_from(der::referenced::OwnedToRef::owned_to_ref(own));
        let key = key.and_then(|key| key.to_extension(&issuer, &Extensions::new())).map_err(Failure::write)?;
        let number = Uint::new(&number.to_be_bytes()).map(CrlNumber);
        let number = number.and_then(|number| number.to_extension(&issuer, &Extensions::new()));
        let tbs_cert_list = TbsCertList {
            version: Version::V2,
            signature: self.key.signature_algorithm_identifier().map_err(Failure::write)?,
            issuer,
            this_update: time(now - BEHIND)?,
            next_update: Some(self.certificate.tbs_certificate.validity.not_after),
            revoked_certificates: (!entries.is_empty()).then_some(entries),
            crl_extensions: Some(vec![key, number.map_err(Failure::write)?]),
        };
        let signed = tbs_cert_list.to_der().map_err(Failure::write)?;
        let signature: DerSignature = p256::ecdsa::signature::Signer::sign(&self.key, &signed);
        let list = CertificateList {
            signature_algorithm: tbs_cert_list.signature.clone(),
            tbs_cert_list,
            signature: BitString::from_bytes(signature.as_bytes()).map_err(Failure::write)?,
        };
        pem_of("X509 CRL", &list.to_der().map_err(Failure::write)?)
    }
}

/// The authority's own certificate.
fn own(key: &SigningKey, region: &RegionId, now: i64) -> Result<Certificate, Failure> {
    let spki = SubjectPublicKeyInfoOwned::from_key(*key.verifying_key()).map_err(Failure::write)?;
    let validity = Validity { not_before: time(now - BEHIND)?, not_after: time(now.saturating_add(AUTHORITY_LIFE))? };
    let subject = name(&format!("checkpoint authority of {region}"), region)?;
    let number = SerialNumber::new(&draw_serial()?).map_err(Failure::write)?;
    let builder =
        CertificateBuilder::new(Profile::Root, number, validity, subject, spki, key).map_err(Failure::write)?;
    builder.build::<DerSignature>().map_err(Failure::write)
}

/// 127 bits drawn at random: of the same length always, and never negative.
fn draw_serial() -> Result<Vec<u8>, Failure> {
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(Failure::write)?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial.to_vec())
}

/// Names of regions and boxes hold nothing that RFC 4514 would have to escape.
fn name(common_name: &str, region: &RegionId) -> Result<Name, Failure> {
    Name::from_str(&format!("CN={common_name},O={region}")).map_err(Failure::write)
}

fn time(at: i64) -> Result<Time, Failure> {
    let seconds = u64::try_from(at).map_err(|_| Failure::Time(at))?;
    let time = GeneralizedTime::from_unix_duration(Duration::from_secs(seconds)).map_err(|_| Failure::Time(at))?;
    // RFC 5280 §4.1.2.5 wants the short form before 2050; the builder sees to it in certificates.
    Ok(match der::asn1::UtcTime::from_date_time(time.to_date_time()) {
        Ok(short) => Time::UtcTime(short),
        Err(_) => Time::GeneralTime(time),
    })
}

/// A host as certificates name it.
fn alternative(host: &str) -> Result<GeneralName, Failure> {
    let wrong = || Failure::Host(host.to_owned());
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        return OctetString::new(bytes).map(GeneralName::IpAddress).map_err(|_| wrong());
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_label = |label: &str| !label.is_empty() && label.len() <= 63 && label.chars().all(letter);
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(wrong());
    }
    Ia5String::new(host).map(GeneralName::DnsName).map_err(|_| wrong())
}

fn pair(issued: Issued, key: &p256::SecretKey) -> Result<Pair, Failure> {
    let key = key.to_pkcs8_der().map_err(Failure::write)?;
    Ok(Pair { issued, key: key.to_bytes() })
}

impl Pair {
    /// The certificate as brokers read it.
    ///
    /// # Errors
    /// [`Failure::Write`] cannot be.
    pub fn certificate_pem(&self) -> Result<String, Failure> {
        pem_of("CERTIFICATE", &self.issued.certificate)
    }

    /// The private key as brokers read it.
    ///
    /// # Errors
    /// [`Failure::Write`] cannot be.
    pub fn key_pem(&self) -> Result<Zeroizing<String>, Failure> {
        pem_of("PRIVATE KEY", &self.key).map(Zeroizing::new)
    }
}

fn pem_of(label: &'static str, bytes: &[u8]) -> Result<String, Failure> {
    pem::encode_string(label, LineEnding::LF, bytes).map_err(|error| Failure::write(der::Error::from(error)))
}

/// The system's random numbers, for the generation of `rand_core` that `p256` takes.
struct OsRandom;

impl p256::elliptic_curve::rand_core::CryptoRng for OsRandom {}

impl p256::elliptic_curve::rand_core::RngCore for OsRandom {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_ne_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_ne_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system gives random bytes: without, nothing here would have begun");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), p256::elliptic_curve::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}
