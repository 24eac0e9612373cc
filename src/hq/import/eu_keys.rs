//! The EU's trust list: who signs certificates of vaccination, test and recovery, for which country.
//!
//! Three forms: the gateway's JSON, a national one as Germany publishes it (a signature on the first line), and
//! a plain folder of certificates. A list with one wrong entry is refused; an entry that is sound, but of no use
//! here, is left out and told.

use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use pass::{BadCertificate, Certificate, PublicKey};
use serde::Deserialize;
use trust::format::{KeyEntry, hex, sha256};

use super::cms::Message;
use super::{Error, LeftOut, Problem, Said, Statement, Why, files};
use pass::x509::{Signed, Unsupported, is_country};

/// Most entries of one list; the gateway's had some 1,500 at its height.
const MOST: usize = 100_000;

/// Where a trust list is, and who may have signed it.
#[derive(Debug, Default)]
pub struct TrustList {
    /// A list or a folder of certificates.
    pub path: PathBuf,
    /// Folder or file with the countries' signing authorities: signers must be issued by one of their country.
    pub csca: Option<PathBuf>,
    /// The public key (PEM, DER) whose signature stands on the list's first line.
    pub signer_key: Option<PathBuf>,
    /// The gateway's trust anchor: it signs the list's authorities and uploaders, and these sign the rest.
    pub anchor: Option<PathBuf>,
    /// For whom the certificates of a folder speak, where they do not name a country themselves.
    pub issuer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    kid: Option<String>,
    country: String,
    certificate_type: String,
    raw_data: String,
    signature: Option<String>,
    thumbprint: Option<String>,
}

#[derive(Deserialize)]
struct National {
    certificates: Vec<Item>,
}

/// A certificate of the list, checked against what the list says of it.
struct Listed {
    name: String,
    country: String,
    kind: String,
    signed: Signed,
    signature: Option<String>,
}

impl TrustList {
    /// Reads and checks all of it. `as_of` is of when it is; without, of when the file was written.
    ///
    /// # Errors
    /// [`Error`]; nothing of the list is to be used then.
    pub fn read(&self, source: &str, as_of: Option<i64>, now: i64) -> Result<Statement, Error> {
        let as_of = as_of.map_or_else(|| files::written(&self.path), Ok)?;
        let mut checked = Vec::new();
        let listed = if self.path.is_dir() { self.folder()? } else { self.list(&mut checked)? };
        if let Some(anchor) = &self.anchor {
            vouch(&self.path, &listed, &certificates(anchor)?)?;
            checked.push("every entry is signed under the gateway's trust anchor");
        }
        let mut authorities: Vec<(String, Signed)> = Vec::new();
        if self.anchor.is_some() {
            let of_list = listed.iter().filter(|one| one.kind == "CSCA");
            authorities.extend(of_list.map(|one| (one.country.clone(), one.signed.clone())));
        }
        if let Some(path) = &self.csca {
            authorities.extend(certificates(path)?.into_iter().filter_map(|one| Some((one.country()?, one))));
        }
        let chained = self.csca.is_some() || !authorities.is_empty();
        if chained {
            checked.push("every signer is issued by an authority of its country");
        }
        let (mut keys, mut left_out) = (Vec::new(), Vec::new());
        for one in listed.iter().filter(|one| one.kind == "DSC") {
            let authorities = authorities.iter().filter(|(country, _)| *country == one.country).map(|(_, it)| it);
            match one.entry(authorities, chained, now) {
                Ok(entry) => keys.push(entry),
                Err(why) => left_out.push(LeftOut { what: one.name.clone(), why }),
            }
        }
        if keys.is_empty() && left_out.is_empty() {
            return Err(Error::Empty { path: self.path.clone() });
        }
        let checked =
            if checked.is_empty() { "nobody's signature was looked at".to_owned() } else { checked.join("; ") };
        Ok(Statement { source: source.to_owned(), as_of, checked, left_out, said: Said::Keys(keys) })
    }

    /// A list in JSON, with a signature on its first line or without.
    fn list(&self, checked: &mut Vec<&'static str>) -> Result<Vec<Listed>, Error> {
        let path = &self.path;
        let bytes = files::read(path)?;
        let begins = bytes.trim_ascii_start();
        let json = if begins.starts_with(b"[") || begins.starts_with(b"{") {
            if self.signer_key.is_some() {
                return Err(Error::Unsigned { path: path.clone() });
            }
            begins
        } else {
            let key = self.signer_key.as_ref().ok_or_else(|| Error::SignerNeeded { path: path.clone() })?;
            let json = signed_json(&bytes, key)?.ok_or_else(|| Error::Signature { path: path.clone() })?;
            checked.push("the list is signed by the given key");
            json
        };
        let items = if json.starts_with(b"{") {
            files::json::<National>(path, json)?.certificates
        } else {
            files::json::<Vec<Item>>(path, json)?
        };
        if items.len() > MOST {
            return Err(Error::TooMuch { path: path.clone() });
        }
        let listed = items.into_iter().enumerate().map(|(at, item)| {
            let name = format!("entry {} ({}, {})", at + 1, item.country, item.kid.as_deref().unwrap_or("no kid"));
            item.check(name.clone()).map_err(|problem| Error::entry(path, name)(problem))
        });
        listed.collect()
    }

    /// A folder of certificates, each a signer.
    fn folder(&self) -> Result<Vec<Listed>, Error> {
        let read = files::these(&self.path, &CERTIFICATES)?.into_iter().map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let wrong = |problem| Error::entry(&path, "the file")(problem);
            let signed = Signed::read(&files::read(&path)?).ok_or_else(|| wrong(Problem::Certificate))?;
            let country = self.issuer.clone().or_else(|| signed.country()).ok_or_else(|| wrong(Problem::Country))?;
            if !is_country(&country) {
                return Err(wrong(Problem::Country));
            }
            Ok(Listed { name, country, kind: "DSC".to_owned(), signed, signature: None })
        });
        read.collect()
    }
}

/// Names that certificates in a folder end with.
pub const CERTIFICATES: [&str; 4] = ["cer", "crt", "der", "pem"];

/// A certificate, or all those of a folder.
pub fn certificates(path: &Path) -> Result<Vec<Signed>, Error> {
    let read = files::these(path, &CERTIFICATES)?.into_iter().map(|path| {
        Signed::read(&files::read(&path)?).ok_or_else(|| Error::entry(&path, "the file")(Problem::Certificate))
    });
    read.collect()
}

/// What stands below the first line, when the signature on that line holds over it. Whether the last line's end
/// belongs to it is told nowhere, so both are tried.
fn signed_json<'a>(bytes: &'a [u8], key: &Path) -> Result<Option<&'a [u8]>, Error> {
    let key_bytes = files::read(key)?;
    let key = PublicKey::read(&key_bytes).map_err(|_| Error::entry(key, "the file")(Problem::Key))?;
    let Some(at) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let signature = str::from_utf8(bytes[..at].trim_ascii()).ok().and_then(|text| Base64::decode_vec(text).ok());
    let Some(signature) = signature else { return Ok(None) };
    let json = &bytes[at + 1..];
    Ok([json, json.trim_ascii_end()].into_iter().find(|json| key.holds(json, &signature)).map(<[u8]>::trim_ascii))
}

/// Every authority and uploader is signed by the anchor, every signer by an uploader of its own country.
fn vouch(path: &Path, listed: &[Listed], anchors: &[Signed]) -> Result<(), Error> {
    for one in listed {
        let wrong = || Error::entry(path, one.name.clone())(Problem::Signature);
        let signature = one.signature.as_ref().and_then(|text| Message::read(text.as_bytes())).ok_or_else(wrong)?;
        let holds = if one.kind == "DSC" {
            let uploaders = listed.iter().filter(|other| other.kind == "UPLOAD" && other.country == one.country);
            signature.is_signed_by(&one.signed.der, uploaders.map(|uploader| &uploader.signed))
        } else {
            signature.is_signed_by(&one.signed.der, anchors)
        };
        if !holds {
            return Err(wrong());
        }
    }
    Ok(())
}

impl Item {
    fn check(self, name: String) -> Result<Listed, Problem> {
        if !is_country(&self.country) {
            return Err(Problem::Country);
        }
        let der = Base64::decode_vec(&self.raw_data).map_err(|_| Problem::Base64)?;
        let hash = sha256(&der);
        let kid_holds = self.kid.is_none_or(|kid| Base64::decode_vec(&kid).is_ok_and(|kid| kid == hash[..8]));
        let thumbprint_holds = self.thumbprint.is_none_or(|print| print.eq_ignore_ascii_case(&hex(&hash)));
        if !kid_holds || !thumbprint_holds {
            return Err(Problem::Kid);
        }
        // PEM has no place in a list, and the hashes above were over what stands here.
        let signed = if der.first() == Some(&0x30) { Signed::read(&der) } else { None }.ok_or(Problem::Certificate)?;
        Ok(Listed { name, country: self.country, kind: self.certificate_type, signed, signature: self.signature })
    }
}

impl Listed {
    fn entry<'a>(
        &'a self,
        authorities: impl Iterator<Item = &'a Signed>,
        chained: bool,
        now: i64,
    ) -> Result<KeyEntry, Why> {
        let certificate = Certificate::read(&self.signed.der).map_err(|problem| match problem {
            BadCertificate::Key(_) => Why::KeyType,
            BadCertificate::Shape => Why::Unreadable,
        })?;
        if certificate.valid_to < now {
            return Err(Why::Ended);
        }
        if chained {
            match self.signed.is_issued_by_one_of(authorities) {
                Ok(true) => {}
                Ok(false) => return Err(Why::NoAuthority),
                Err(Unsupported) => return Err(Why::AuthorityType),
            }
        }
        let mut entry = KeyEntry::from(&certificate);
        entry.scope.issuer.clone_from(&self.country);
        Ok(entry)
    }
}
