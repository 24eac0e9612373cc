//! VDS-NC (ICAO): barcode signers, their country's signing authority, and its list of revoked ones.

use std::path::PathBuf;

use pass::{BadCertificate, Certificate, Kind};
use trust::format::KeyEntry;

use super::eu_keys::{CERTIFICATES, certificates};
use pass::x509::{Crl, Signed};
use super::{Error, LeftOut, Problem, Said, Statement, Why, files};

/// Extended key usage of a barcode signer (ICAO, Visible Digital Seals for Non-Constrained environments, 3.5).
const SIGNER_USAGE: [u8; 9] = [0x06, 0x07, 0x67, 0x81, 0x08, 0x01, 0x01, 0x0e, 0x02];

/// The extension that names the documents it may sign (ICAO 9303-12), and what they are.
const DOCUMENT_TYPES: &str = "2.23.136.1.1.6.2";
const TYPES: [(Kind, &[u8]); 2] = [(Kind::VACCINATION, b"\x13\x02NV"), (Kind::TEST, b"\x13\x02NT")];

/// Where an issuer's certificates are.
#[derive(Debug, Default)]
pub struct VdsNc {
    /// Barcode signers: a certificate or a folder.
    pub signers: PathBuf,
    /// Signing authorities: a certificate or a folder.
    pub csca: PathBuf,
    /// Lists of revoked certificates.
    pub crls: Vec<PathBuf>,
    /// The issuer as its barcodes name it: a country's three letters.
    pub issuer: String,
}

impl VdsNc {
    /// Reads and checks all of it.
    ///
    /// # Errors
    /// [`Error`]; nothing of it is to be used then. A revocation list that should have been followed by another
    /// is refused: what it does not name may have been revoked since.
    pub fn read(&self, source: &str, as_of: Option<i64>, now: i64) -> Result<Statement, Error> {
        let authorities = certificates(&self.csca)?;
        let wrong = |problem| Error::entry(&self.csca, "the signing authority")(problem);
        if self.issuer.len() != 3 || !self.issuer.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Err(wrong(Problem::Issuer));
        }
        for authority in &authorities {
            // Self-signed, or linked to an older one of the same set.
            let known = authorities.iter().any(|other| authority.is_signed_by(other) == Ok(true));
            if !known || !authority.is_authority() {
                return Err(wrong(Problem::Signature));
            }
        }
        let (mut crls, mut oldest) = (Vec::new(), None);
        for path in &self.crls {
            let wrong = |problem| Error::entry(path, "the revocation list")(problem);
            let crl = Crl::read(&files::read(path)?).ok_or_else(|| wrong(Problem::Crl))?;
            let signed = authorities.iter().any(|authority| crl.is_signed_by(authority) == Ok(true));
            if !signed {
                return Err(wrong(Problem::Signature));
            }
            let (from, to) = crl.validity();
            if from > now || to.is_some_and(|to| to < now) {
                return Err(wrong(Problem::Crl));
            }
            oldest = Some(oldest.unwrap_or(i64::MAX).min(from));
            crls.push(crl);
        }
        let as_of = as_of.or(oldest).map_or_else(|| files::written(&self.signers), Ok)?;
        let (mut keys, mut left_out) = (Vec::new(), Vec::new());
        for path in files::these(&self.signers, &CERTIFICATES)? {
            let wrong = |problem| Error::entry(&path, "the file")(problem);
            let signer = Signed::read(&files::read(&path)?).ok_or_else(|| wrong(Problem::Certificate))?;
            match self.entry(&signer, &authorities, &crls, now) {
                Ok(entry) => keys.push(entry),
                Err(why) => {
                    let what = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    left_out.push(LeftOut { what, why });
                }
            }
        }
        let crl = if crls.is_empty() { ", no revocation list" } else { " and none is on its revocation list" };
        let checked = format!("every signer is issued by the signing authority{crl}");
        Ok(Statement { source: source.to_owned(), as_of, checked, left_out, said: Said::Keys(keys) })
    }

    fn entry(&self, signer: &Signed, authorities: &[Signed], crls: &[Crl], now: i64) -> Result<KeyEntry, Why> {
        match signer.is_issued_by_one_of(authorities) {
            Ok(true) => {}
            Ok(false) => return Err(Why::NoAuthority),
            Err(_) => return Err(Why::AuthorityType),
        }
        // All lists are of these authorities, and an authority gives no number twice.
        if crls.iter().any(|crl| crl.revokes(signer.serial())) {
            return Err(Why::Revoked);
        }
        let certificate = Certificate::read(&signer.der).map_err(|problem| match problem {
            BadCertificate::Key(_) => Why::KeyType,
            BadCertificate::Shape => Why::Unreadable,
        })?;
        if certificate.valid_to < now {
            return Err(Why::Ended);
        }
        let has = |oid: &str, part: &[u8]| {
            signer.extension(oid).is_some_and(|bytes| bytes.windows(part.len()).any(|window| window == part))
        };
        let kinds = TYPES.into_iter().filter(|(_, name)| has(DOCUMENT_TYPES, name)).map(|(kind, _)| kind.number());
        let kinds: Vec<u16> = kinds.collect();
        if kinds.is_empty() || !has("2.5.29.37", &SIGNER_USAGE) {
            return Err(Why::NotForPasses);
        }
        let mut entry = KeyEntry::from(&certificate);
        entry.scope.issuer.clone_from(&self.issuer);
        entry.scope.kinds = kinds;
        Ok(entry)
    }
}
