//! A headquarters of its own for these tests: a root, a command key, an authority; and answers that lie in every way.

use ed25519_dalek::{SigningKey, VerifyingKey};
use hpke::{Deserializable as _, OpModeS, Serializable as _};
use p256::pkcs8::EncodePublicKey as _;
use rand_core::TryRngCore as _;
use sha2::{Digest as _, Sha256};
use trust::format::{Root, RootKey, SignedRoot};
use wire::RegionId;
use wire::enrol::{Bundle, Kind, Request, Secrets, secrets_info};
use wire::sign::{Context, Signer, sign};
use x509_cert::builder::{Builder as _, CertificateBuilder, Profile};
use x509_cert::der::Encode as _;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

/// When the story begins, in Unix seconds: 2020-05-01T12:00:00Z.
pub const BEGIN: i64 = 1_588_334_400;

/// The pepper of the region.
pub const PEPPER: [u8; 32] = {
    let mut pepper = [7; 32];
    pepper[0] = 1;
    pepper
};

type Kem = hpke::kem::X25519HkdfSha256;

pub struct Key(SigningKey);

impl Key {
    pub fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }
}

impl Signer for Key {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.0.sign(message).to_bytes()
    }
}

/// A headquarters; another seed is another one.
pub struct Hq {
    pub region: RegionId,
    pub root: Vec<u8>,
    pub command: Key,
    authority: p256::ecdsa::SigningKey,
}

impl Hq {
    pub fn new(region: &str, seed: u8) -> Self {
        let region: RegionId = region.parse().unwrap();
        let roots = [Key::new(seed), Key::new(seed + 1)];
        let command = Key::new(seed + 2);
        let entry = |key: [u8; 32]| RootKey { key, valid_from: BEGIN - 100, valid_to: BEGIN + 86_400 * 365 };
        let root = Root {
            region: region.clone(),
            version: 1,
            expires: BEGIN + 86_400 * 365,
            threshold: 2,
            root: roots.iter().map(|key| entry(key.public().to_bytes())).collect(),
            publishing: vec![],
            receipt: vec![],
            command: vec![entry(command.public().to_bytes())],
            sealing: vec![],
            reset: None,
        };
        let payload = wire::encode(&root);
        let digest: [u8; 32] = Sha256::digest(&payload).into();
        let signatures = roots.iter().map(|key| sign(Context::TrustRoot, key, &digest).into()).collect();
        let root = wire::encode(&SignedRoot { payload, signatures });
        let authority = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
        Self { region, root, command, authority }
    }

    /// The authority's own certificate.
    pub fn authority(&self) -> Vec<u8> {
        let (key, days) = (self.authority.verifying_key(), 20 * 365);
        self.certificate(Profile::Root, &self.ca_name(), key, (BEGIN - 86_400, BEGIN + days * 86_400))
    }

    fn ca_name(&self) -> String {
        format!("CN={} checkpoints", self.region)
    }

    /// A box's certificate.
    pub fn client(&self, name: &str, key: &[u8], until: i64) -> Vec<u8> {
        let issuer = self.ca_name().parse().unwrap();
        let profile = Profile::Leaf { issuer, enable_key_agreement: false, enable_key_encipherment: false };
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).unwrap();
        self.certificate(profile, &format!("CN={name},O={}", self.region), &key, (BEGIN - 86_400, until))
    }

    fn certificate(
        &self,
        profile: Profile,
        name: &str,
        key: &p256::ecdsa::VerifyingKey,
        (from, until): (i64, i64),
    ) -> Vec<u8> {
        let time = |at: i64| Time::try_from(std::time::UNIX_EPOCH + std::time::Duration::from_secs(at as u64)).unwrap();
        let key = SubjectPublicKeyInfoOwned::try_from(key.to_public_key_der().unwrap().as_bytes()).unwrap();
        let builder = CertificateBuilder::new(
            profile,
            SerialNumber::new(&[1, 2, 3]).unwrap(),
            Validity { not_before: time(from), not_after: time(until) },
            name.parse().unwrap(),
            key,
            &self.authority,
        );
        builder.unwrap().build::<p256::ecdsa::DerSignature>().unwrap().to_der().unwrap()
    }

    /// An honest answer.
    pub fn answer(&self, request: &Request) -> Bundle {
        Bundle {
            kind: Kind,
            region: request.region.clone(),
            name: request.name.clone(),
            nonce: request.nonce,
            signing: request.signing,
            certificate: self.client(request.name.as_str(), &request.tls, BEGIN + 400 * 86_400),
            authorities: vec![self.authority().into()],
            broker: Some("hq.example:8883".to_owned()),
            releases: Some("https://hq.example/release".to_owned()),
            renewal: Some("https://hq.example:8443".to_owned()),
            secrets: seal(request, &request.receive, &Secrets { pepper: Some(PEPPER) }),
            issued: BEGIN,
        }
    }

    pub fn signed(&self, bundle: &Bundle) -> Vec<u8> {
        bundle.sign(&self.command).unwrap()
    }
}

/// Seals to a receive key.
pub fn seal(request: &Request, to: &[u8; 32], secrets: &Secrets) -> Vec<u8> {
    let to = <Kem as hpke::Kem>::PublicKey::from_bytes(to).unwrap();
    let (encapsulated, sealed) = hpke::single_shot_seal::<hpke::aead::ChaCha20Poly1305, hpke::kdf::HkdfSha256, Kem, _>(
        &OpModeS::Base,
        &to,
        &secrets_info(&request.region, &request.name),
        &wire::encode(secrets),
        &[],
        &mut rand_core::OsRng.unwrap_err(),
    )
    .unwrap();
    [&encapsulated.to_bytes()[..], &sealed].concat()
}
