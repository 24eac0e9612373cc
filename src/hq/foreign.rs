//! Foreign signers: certificates given as files, each believed for one issuer and some kinds.

use std::path::Path;

use pass::{Certificate, Kind};
use rusqlite::params;
use trust::format::{KeyEntry, hex, sha256};

use crate::Error;
use crate::region::{FOREIGN, Region, db, put, who};

/// Longest certificate file in bytes; real ones have less than 4 KiB.
const LONGEST: u64 = 64 * 1024;

/// A foreign signer that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// Name of its file in `foreign/`.
    pub file: String,
    /// For whom it may speak.
    pub issuer: String,
    /// Kinds it is believed for.
    pub kinds: Vec<Kind>,
    /// The certificate.
    pub certificate: Certificate,
    /// SHA-256 of the file as it was given.
    pub fingerprint: [u8; 32],
}

impl Region {
    /// Believes a certificate for an issuer and for those of `kinds` that it allows itself. Given again, it
    /// is believed for what was said last.
    ///
    /// # Errors
    /// [`Error::Certificate`], [`Error::CertificateTypes`], [`Error::Dates`] when it has ended.
    pub fn trust_certificate(
        &self,
        path: &Path,
        issuer: &str,
        kinds: &[Kind],
        by: &str,
        now: i64,
    ) -> Result<Trusted, Error> {
        let by = who(by)?;
        if issuer.is_empty() || issuer.len() > 32 || !issuer.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') {
            return Err(Error::field("issuer", "is 1 to 32 of A-Z, a-z, 0-9 and '-', as its passes name it"));
        }
        let bytes = read(path)?;
        let certificate =
            Certificate::read(&bytes).map_err(|source| Error::Certificate { path: path.to_owned(), source })?;
        if certificate.valid_to < now {
            return Err(Error::Dates("the certificate has ended"));
        }
        let kinds: Vec<Kind> = certificate.kinds.iter().copied().filter(|kind| kinds.contains(kind)).collect();
        if kinds.is_empty() {
            return Err(Error::CertificateTypes { path: path.to_owned() });
        }
        let file = format!("{issuer}-{}.crt", hex(&certificate.kid));
        let kept = self.path(FOREIGN).join(&file);
        if !kept.exists() {
            put(&kept, &bytes, 0o644)?;
        }
        self.books(|books| {
            let numbers: Vec<u16> = kinds.iter().map(|kind| kind.number()).collect();
            let sql = "INSERT INTO foreign_certificate (file, issuer, kinds, added) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO UPDATE SET kinds = excluded.kinds";
            books
                .execute(sql, params![file, issuer, db::spaced(&numbers), now])
                .and_then(|_| db::audit(books, now, by, "trust", &file))
                .map_err(Error::database("believing a certificate"))
        })?;
        let fingerprint = sha256(&bytes);
        Ok(Trusted { file, issuer: issuer.to_owned(), kinds, certificate, fingerprint })
    }

    /// Every foreign signer that is believed.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Certificate`] when one of their files is gone or damaged: leaving it out
    /// in silence would turn its passes into *unknown key* at every box.
    pub fn trusted_certificates(&self) -> Result<Vec<Trusted>, Error> {
        let failed = || Error::database("listing the foreign signers");
        let rows: Vec<(String, String, String)> = {
            let db = self.database();
            let sql = "SELECT file, issuer, kinds FROM foreign_certificate ORDER BY file";
            let mut query = db.prepare(sql).map_err(failed())?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.and_then(Iterator::collect).map_err(failed())?
        };
        let trusted = rows.into_iter().map(|(file, issuer, kinds)| {
            let path = self.path(FOREIGN).join(&file);
            let bytes = read(&path)?;
            let certificate = Certificate::read(&bytes).map_err(|source| Error::Certificate { path, source })?;
            let kinds = db::numbers(&kinds).into_iter().map(Kind).collect();
            Ok(Trusted { file, issuer, kinds, certificate, fingerprint: sha256(&bytes) })
        });
        trusted.collect()
    }
}

impl From<&Trusted> for KeyEntry {
    fn from(trusted: &Trusted) -> Self {
        let mut entry = Self::from(&trusted.certificate);
        entry.scope.issuer.clone_from(&trusted.issuer);
        entry.scope.kinds = trusted.kinds.iter().map(|kind| kind.number()).collect();
        entry
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(Error::file(path))?;
    file.take(LONGEST).read_to_end(&mut bytes).map_err(Error::file(path))?;
    Ok(bytes)
}
