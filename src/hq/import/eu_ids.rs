//! The EU's revocation lists: batches of hashes, each of one country, one scheme and one day of end.
//!
//! A batch is JSON, in CMS as the gateway hands it out, or bare. Its `kid` names the signer whose certificates it
//! is about; a hash of 16 bytes names its certificate without that, so it is checked and not kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use serde::Deserialize;
use trust::format::Scheme;

use super::cms::Message;
use super::{Error, LeftOut, Problem, Said, Statement, Why, files};
use pass::x509::{Signed, is_country};

/// Most hashes of one batch (the gateway's own limit).
const MOST_OF_A_BATCH: usize = 1000;

/// Most hashes of all batches: what a table holds.
const MOST: usize = 32_000_000;

/// What stands for a kid that is not known.
const UNKNOWN_KID: &str = "UNKNOWN_KID";

/// Where batches are, and who may have signed them.
#[derive(Debug, Default)]
pub struct Batches {
    /// A batch, or a folder of them.
    pub path: PathBuf,
    /// Certificates of the uploaders, one or a folder: each batch must be signed by one of its country.
    pub signers: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    country: String,
    expires: String,
    kid: String,
    hash_type: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    hash: String,
}

impl Batches {
    /// Reads and checks all of them; `progress` hears how many of how many files are done.
    ///
    /// # Errors
    /// [`Error`]; nothing of any batch is to be used then.
    pub fn read(
        &self,
        source: &str,
        as_of: Option<i64>,
        now: i64,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Statement, Error> {
        let as_of = as_of.map_or_else(|| files::written(&self.path), Ok)?;
        let signers = self.signers.as_deref().map(super::eu_keys::certificates).transpose()?;
        let paths = files::these(&self.path, &["json", "cms", "p7m", "p7", "der", "b64", "txt"])?;
        let mut streams: BTreeMap<String, Vec<([u8; 16], i64)>> = BTreeMap::new();
        let (mut left_out, mut count) = (Vec::new(), 0);
        for (at, path) in paths.iter().enumerate() {
            let (batch, expires) = open(path, signers.as_deref())?;
            let wrong = |problem| Error::entry(path, "the batch")(problem);
            let scheme = Scheme::named(&batch.hash_type).ok_or_else(|| wrong(Problem::HashType))?;
            count += batch.entries.len();
            if count > MOST {
                return Err(Error::TooMuch { path: self.path.clone() });
            }
            let mut hashes = Vec::with_capacity(batch.entries.len());
            for (at, entry) in batch.entries.iter().enumerate() {
                let mut hash = [0; 16];
                let whole = Base64::decode(&entry.hash, &mut hash).is_ok_and(|hash| hash.len() == 16);
                if !whole {
                    return Err(Error::entry(path, format!("hash {}", at + 1))(Problem::Base64));
                }
                hashes.push((hash, expires));
            }
            if expires <= now {
                let what = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                left_out.push(LeftOut { what, why: Why::Ended });
            } else {
                streams.entry(scheme.stream(&batch.country)).or_default().extend(hashes);
            }
            progress(at + 1, paths.len());
        }
        for ids in streams.values_mut() {
            // One certificate may stand in several batches: the last one to end counts.
            ids.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
            ids.dedup_by_key(|id| id.0);
        }
        let checked = if signers.is_some() {
            "every batch is signed by an uploader of its country"
        } else {
            "nobody's signature was looked at"
        };
        Ok(Statement {
            source: source.to_owned(),
            as_of,
            checked: checked.to_owned(),
            left_out,
            said: Said::Ids(streams),
        })
    }
}

fn open(path: &Path, signers: Option<&[Signed]>) -> Result<(Batch, i64), Error> {
    let bytes = files::read(path)?;
    let wrong = |problem| Error::entry(path, "the batch")(problem);
    let (json, message) = if bytes.trim_ascii_start().starts_with(b"{") {
        if signers.is_some() {
            return Err(Error::Unsigned { path: path.to_owned() });
        }
        (bytes, None)
    } else {
        let message = Message::read(&bytes).ok_or_else(|| wrong(Problem::Signature))?;
        (message.content().to_vec(), Some(message))
    };
    let batch: Batch = files::json(path, &json)?;
    if !is_country(&batch.country) {
        return Err(wrong(Problem::Country));
    }
    // By the country that the batch names itself: one must not revoke another's certificates.
    if let (Some(signers), Some(message)) = (signers, message) {
        let of_country = signers.iter().filter(|one| one.country().as_deref() == Some(&batch.country));
        if !message.is_signed_by(&json, of_country) {
            return Err(Error::Signature { path: path.to_owned() });
        }
    }
    let kid_holds = Base64::decode_vec(&batch.kid).is_ok_and(|kid| kid.len() == 8);
    if batch.kid != UNKNOWN_KID && !kid_holds {
        return Err(wrong(Problem::Kid));
    }
    if batch.entries.is_empty() || batch.entries.len() > MOST_OF_A_BATCH {
        return Err(wrong(Problem::Count));
    }
    let expires = time(&batch.expires).ok_or_else(|| wrong(Problem::Time))?;
    Ok((batch, expires))
}

/// Unix seconds of a time as RFC 3339 writes it.
pub fn time(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}
