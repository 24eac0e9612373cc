//! VDS-NC (ICAO): a country's signing authority, its list of revoked signers, and the signers themselves if they are to
//! be known one by one. They travel in their passes, so a box needs only the authority.

use std::path::{Path, PathBuf};

use pass::{BadCertificate, Certificate, Kind, vdsnc};
use trust::format::KeyEntry;
use verdict::Scope;

use super::eu_keys::{CERTIFICATES, certificates};
use super::{Error, LeftOut, Problem, Said, Statement, Why, files};
use pass::x509::{Crl, Signed};

/// Most revoked signers of one authority; countries have a few tens of signers.
const MOST_REVOKED: usize = 1000;

/// Where an issuer's certificates are.
#[derive(Debug, Default)]
pub struct VdsNc {
    /// Barcode signers, a certificate or a folder: these and no others count. Without, all of the authority's do.
    pub signers: Option<PathBuf>,
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
        let of_file = self.signers.as_deref().unwrap_or(&self.csca);
        let as_of = as_of.or(oldest).map_or_else(|| files::written(of_file), Ok)?;
        let (mut keys, mut left_out) = (Vec::new(), Vec::new());
        let mut take = |path: &Path, entry: Result<KeyEntry, Why>| match entry {
            Ok(entry) => keys.push(entry),
            Err(why) => {
                let what = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                left_out.push(LeftOut { what, why });
            }
        };
        let checked = if let Some(signers) = &self.signers {
            for path in files::these(signers, &CERTIFICATES)? {
                let wrong = |problem| Error::entry(&path, "the file")(problem);
                let signer = Signed::read(&files::read(&path)?).ok_or_else(|| wrong(Problem::Certificate))?;
                take(&path, self.signer(&signer, &authorities, &crls, now));
            }
            "every signer is issued by the signing authority"
        } else {
            for (path, authority) in files::these(&self.csca, &CERTIFICATES)?.iter().zip(&authorities) {
                take(path, self.authority(authority, &crls, now)?);
            }
            "the signing authority counts by where its certificate was fetched from"
        };
        let crl = match (crls.is_empty(), &self.signers) {
            (true, _) => ", no revocation list",
            (false, Some(_)) => " and none is on its revocation list",
            (false, None) => "; its revocation list is signed by it",
        };
        let checked = format!("{checked}{crl}");
        Ok(Statement { source: source.to_owned(), as_of, checked, left_out, said: Said::Keys(keys) })
    }

    /// An authority under which any of its signers counts that it has not taken back.
    fn authority(&self, authority: &Signed, crls: &[Crl], now: i64) -> Result<Result<KeyEntry, Why>, Error> {
        let (valid_from, valid_to) = authority.validity();
        if valid_to < now {
            return Ok(Err(Why::Ended));
        }
        let Ok(key) = authority.key() else { return Ok(Err(Why::KeyType)) };
        // The name by which its signers call it.
        let Some(kid) = authority.own_key() else { return Ok(Err(Why::Malformed)) };
        let own = crls.iter().filter(|crl| crl.is_signed_by(authority) == Ok(true));
        let revoked: Vec<_> = own.flat_map(Crl::serials).map(|serial| serial.to_vec().into()).collect();
        if revoked.len() > MOST_REVOKED {
            return Err(Error::entry(&self.csca, "its revocation list")(Problem::Count));
        }
        let kinds = [Kind::VACCINATION, Kind::TEST].map(Kind::number).to_vec();
        let scope = Scope { issuer: self.issuer.clone(), kinds, territories: Vec::new(), valid_from, valid_to };
        Ok(Ok(KeyEntry { key: key.to_bytes(), kid, scope, revoked }))
    }

    fn signer(&self, signer: &Signed, authorities: &[Signed], crls: &[Crl], now: i64) -> Result<KeyEntry, Why> {
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
        let kinds: Vec<u16> = vdsnc::kinds(signer).into_iter().map(Kind::number).collect();
        if kinds.is_empty() {
            return Err(Why::NotForPasses);
        }
        let mut entry = KeyEntry::from(&certificate);
        entry.scope.issuer.clone_from(&self.issuer);
        entry.scope.kinds = kinds;
        Ok(entry)
    }
}
