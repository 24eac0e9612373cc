//! The keys an inspection is given.

use std::fs;
use std::path::Path;

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use pass::x509::Signed;
use pass::{Certificate, Kind, PublicKey};

use super::Unusable;

/// One of them.
pub(super) struct Given {
    /// What the command line called it.
    pub name: String,
    /// The hints it answers to: of a certificate its hash, and the name by which what it has issued calls its key. A
    /// bare foreign key has none, and answers to any.
    kids: Vec<Vec<u8>>,
    key: PublicKey,
    /// What it may sign; a bare key does not say.
    pub kinds: Option<Vec<Kind>>,
    /// Unix seconds from and to which its certificate is valid.
    pub valid: Option<(i64, i64)>,
}

/// All of them, in the order they were given: certificates first.
#[derive(Default)]
pub(super) struct KeyRing(Vec<Given>);

impl KeyRing {
    pub fn add_certificate(&mut self, given: &str) -> Result<(), Unusable> {
        let is_file = Path::new(given).is_file();
        let bytes = if is_file { read(Path::new(given))? } else { given.as_bytes().to_vec() };
        // A file may hold any form; an argument can only be base64, or the text of a PEM file.
        let (certificate, der) = match Certificate::read(&bytes) {
            Ok(certificate) => (certificate, bytes),
            Err(error) => match (unbase64(&bytes), is_file) {
                (Some(der), _) => (Certificate::read(&der).map_err(|e| Unusable::Certificate(short(given), e))?, der),
                (None, true) => return Err(Unusable::Certificate(short(given), error)),
                (None, false) => return Err(Unusable::NeitherFileNorBase64(short(given))),
            },
        };
        self.0.push(Given {
            name: short(given),
            kids: Signed::read(&der)
                .and_then(|signed| signed.own_key())
                .into_iter()
                .chain([certificate.kid.to_vec()])
                .collect(),
            key: certificate.key,
            kinds: Some(certificate.kinds),
            valid: Some((certificate.valid_from, certificate.valid_to)),
        });
        Ok(())
    }

    pub fn add_key(&mut self, path: &Path) -> Result<(), Unusable> {
        let name = path.display().to_string();
        let key = PublicKey::read(&read(path)?).map_err(|error| Unusable::Key(name.clone(), error))?;
        let kids = if matches!(key, PublicKey::Ed25519(_)) { vec![key.kid().to_vec()] } else { Vec::new() };
        self.0.push(Given { name, kids, key, kinds: None, valid: None });
        Ok(())
    }

    pub fn given(&self, index: usize) -> &Given {
        &self.0[index]
    }

    pub fn all(&self) -> impl Iterator<Item = &Given> {
        self.0.iter()
    }
}

impl pass::Keys for KeyRing {
    fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a> {
        let kid = kid.to_vec();
        let answers = move |given: &Given| given.kids.is_empty() || given.kids.contains(&kid);
        Box::new(self.0.iter().enumerate().filter(move |(_, given)| answers(given)).map(|(i, given)| (i, &given.key)))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    fs::read(path).map_err(|error| Unusable::File(path.display().to_string(), error))
}

/// Base64 with or without padding, over any number of lines.
fn unbase64(bytes: &[u8]) -> Option<Vec<u8>> {
    let text: String = str::from_utf8(bytes).ok()?.split_whitespace().collect();
    Base64::decode_vec(&text).or_else(|_| Base64Unpadded::decode_vec(&text)).ok()
}

/// An argument as a message can name it: base64 fills a screen.
fn short(given: &str) -> String {
    if given.chars().count() <= 60 { given.to_owned() } else { given.chars().take(24).chain(['…']).collect() }
}
