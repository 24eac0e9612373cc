//! The files of the certificates: the present one, and the next one while it waits for the broker.
//!
//! Two files cannot be replaced at once, so they go in an order that every start can go on from: the next one's key is
//! written before its certificate, and takes its place before it. A certificate without its key beside it is one whose
//! key stands in its place already; a key without its certificate is one that was never answered.

use std::fs::File;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::enrol::{Certificate, Disk, Refused, TlsFiles, read};

/// Names beside the present ones.
const NEXT_CERTIFICATE: &str = "next.crt";
const NEXT_KEY: &str = "next.key";

/// A certificate and its key (PKCS #8, PEM).
pub struct Pair {
    pub certificate: Certificate,
    pub key: Zeroizing<String>,
}

/// What there is.
pub struct Wallet {
    pub current: Pair,
    pub next: Option<Pair>,
    files: TlsFiles,
}

impl Wallet {
    /// Reads what there is, and puts in its place what a power cut has left half way.
    pub fn open(files: &TlsFiles) -> Result<Self, Refused> {
        let next = |name| files.certificate.with_file_name(name);
        let (certificate, key) = (next(NEXT_CERTIFICATE), next(NEXT_KEY));
        if certificate.exists() && !key.exists() {
            rename(&certificate, &files.certificate)?;
        }
        let next = if certificate.exists() { Some(pair(&certificate, &key)?) } else { None };
        Ok(Self { current: pair(&files.certificate, &files.key)?, next, files: files.clone() })
    }

    /// The one that was issued last.
    pub fn newest(&self) -> &Pair {
        self.next.as_ref().unwrap_or(&self.current)
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.files.certificate.with_file_name(name)
    }

    /// Keeps the next one until the broker has accepted it.
    pub fn keep_next(&mut self, pair: Pair) -> Result<(), Refused> {
        let (certificate, key) = (self.beside(NEXT_CERTIFICATE), self.beside(NEXT_KEY));
        // An older one that was never accepted: without its certificate its key means nothing.
        match std::fs::remove_file(&certificate) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Refused::Disk { path: certificate, source });
            }
            _ => {}
        }
        self.next = None;
        Disk::new().put(&key, pair.key.as_bytes())?;
        Disk::new().put(&certificate, pair.certificate.to_pem().as_bytes())?;
        self.next = Some(pair);
        Ok(())
    }

    /// Puts the next one in the place of the present one.
    pub fn promote(&mut self) -> Result<(), Refused> {
        let Some(next) = self.next.take() else { return Ok(()) };
        self.current = next;
        rename(&self.beside(NEXT_KEY), &self.files.key)?;
        rename(&self.beside(NEXT_CERTIFICATE), &self.files.certificate)
    }
}

fn pair(certificate: &Path, key: &Path) -> Result<Pair, Refused> {
    let bytes = read(certificate)?.ok_or(Refused::Certificate)?;
    let key = Zeroizing::new(read(key)?.ok_or(Refused::Certificate)?);
    let key = std::str::from_utf8(&key).map_err(|_| Refused::Certificate)?;
    Ok(Pair { certificate: Certificate::from_pem(&bytes)?, key: Zeroizing::new(key.to_owned()) })
}

fn rename(from: &Path, to: &Path) -> Result<(), Refused> {
    let folder = to.parent().unwrap_or(Path::new("."));
    let renamed = std::fs::rename(from, to).and_then(|()| File::open(folder)?.sync_all());
    renamed.map_err(|source| Refused::Disk { path: to.to_owned(), source })
}
