//! Issuers that publish their keys as JSON: New Zealand's DID documents, SMART Health issuers.

use std::path::PathBuf;

use pass::Kind;
use serde::Deserialize;
use trust::format::KeyEntry;
use verdict::Scope;

use super::eu_ids::time;
use super::jwk::{Jwk, Usable};
use super::{Error, LeftOut, Problem, Said, Statement, Why, files};

/// Unix seconds until which a key counts whose list names no end: the last second that RFC 3339 can write.
const FOREVER: i64 = 253_402_300_799;

/// Longest name of an issuer in bytes; the longest in the directory has 130.
const LONGEST_NAME: usize = 512;

/// Most issuers of one list, and most keys of one issuer.
const MOST: (usize, usize) = (10_000, 100);

/// A DID document (W3C) of one New Zealand issuer.
#[derive(Debug, Default)]
pub struct Did {
    /// The document, as it lies under `/.well-known/did.json`.
    pub path: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    id: String,
    verification_method: Vec<Method>,
    assertion_method: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    id: String,
    controller: String,
    #[serde(rename = "type")]
    kind: String,
    public_key_jwk: Option<Jwk>,
}

impl Did {
    /// Reads and checks it.
    ///
    /// # Errors
    /// [`Error`]; nothing of it is to be used then.
    pub fn read(&self, source: &str, as_of: Option<i64>) -> Result<Statement, Error> {
        let path = &self.path;
        let as_of = as_of.map_or_else(|| files::written(path), Ok)?;
        let document: Document = files::json(path, &files::read(path)?)?;
        let wrong = |problem| Error::entry(path, "the document")(problem);
        if !document.id.starts_with("did:web:") || !is_name(&document.id) {
            return Err(wrong(Problem::Issuer));
        }
        if document.verification_method.len() > MOST.1 || document.assertion_method.is_empty() {
            return Err(wrong(Problem::Count));
        }
        let (mut keys, mut left_out) = (Vec::new(), Vec::new());
        for method in &document.verification_method {
            let wrong = |problem| Error::entry(path, method.id.clone())(problem);
            let name = method.id.strip_prefix(&document.id).and_then(|rest| rest.strip_prefix('#'));
            let name = name.filter(|name| !name.is_empty() && method.controller == document.id);
            let name = name.ok_or_else(|| wrong(Problem::Issuer))?;
            let leave = |why| LeftOut { what: method.id.clone(), why };
            // What may be used for another purpose says nothing about passes.
            if !document.assertion_method.contains(&method.id) {
                left_out.push(leave(Why::NotForPasses));
                continue;
            }
            let Some(jwk) = method.public_key_jwk.as_ref().filter(|_| method.kind == "JsonWebKey2020") else {
                left_out.push(leave(Why::KeyType));
                continue;
            };
            match jwk.read().map_err(wrong)? {
                Ok(usable) => keys.push(entry(&document.id, name, &[Kind::COVID_PASS], &usable)),
                Err(why) => left_out.push(leave(why)),
            }
        }
        let checked = "nobody's signature was looked at: the document counts by where it was fetched from".to_owned();
        Ok(Statement { source: source.to_owned(), as_of, checked, left_out, said: Said::Keys(keys) })
    }
}

/// SMART Health issuers: a snapshot of a directory, or single issuers with their key sets.
#[derive(Debug, Default)]
pub struct Smart {
    /// A snapshot of a directory: issuers with their keys.
    pub snapshot: Option<PathBuf>,
    /// An issuer's address, and its `jwks.json`.
    pub issuers: Vec<(String, PathBuf)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    time: String,
    issuer_info: Vec<Info>,
}

#[derive(Deserialize)]
struct Info {
    issuer: Issuer,
    #[serde(default)]
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Issuer {
    iss: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

impl Smart {
    /// Reads and checks all of it.
    ///
    /// # Errors
    /// [`Error`]; nothing of it is to be used then.
    pub fn read(&self, source: &str, as_of: Option<i64>, now: i64) -> Result<Statement, Error> {
        let (mut told, mut oldest) = (Vec::new(), None);
        if let Some(path) = &self.snapshot {
            let snapshot: Snapshot = files::json(path, &files::read(path)?)?;
            let time = time(&snapshot.time).ok_or_else(|| Error::entry(path, "the snapshot")(Problem::Time))?;
            oldest = Some(time);
            told.extend(snapshot.issuer_info.into_iter().map(|info| (path, info.issuer.iss, info.keys)));
        }
        for (issuer, path) in &self.issuers {
            let set: KeySet = files::json(path, &files::read(path)?)?;
            oldest = Some(oldest.unwrap_or(i64::MAX).min(files::written(path)?));
            told.push((path, issuer.clone(), set.keys));
        }
        let (mut keys, mut left_out) = (Vec::new(), Vec::new());
        for (path, issuer, set) in &told {
            let wrong = |problem| Error::entry(path, format!("issuer {issuer:?}"))(problem);
            if !issuer.starts_with("https://") || issuer.ends_with('/') || !is_name(issuer) {
                return Err(wrong(Problem::Issuer));
            }
            if set.len() > MOST.1 || told.len() > MOST.0 {
                return Err(wrong(Problem::Count));
            }
            for jwk in set {
                let kid = jwk.kid.as_deref().unwrap_or_default();
                let leave = |why| LeftOut { what: format!("{issuer} {kid:.64}"), why };
                match jwk.read().unwrap_or(Err(Why::Malformed)) {
                    // A verifier must not take a key under another name (SMART Health Cards, "Determining keys").
                    Ok(usable) if usable.thumbprint != kid => left_out.push(leave(Why::OtherName)),
                    Ok(usable) if usable.validity.is_some_and(|(_, to)| to < now) => left_out.push(leave(Why::Ended)),
                    Ok(usable) => keys.push(entry(issuer, kid, &[Kind::VACCINATION, Kind::TEST], &usable)),
                    Err(why) => left_out.push(leave(why)),
                }
            }
        }
        let checked = "nobody's signature was looked at: keys count by where they were fetched from".to_owned();
        let as_of = as_of.or(oldest).unwrap_or(now);
        Ok(Statement { source: source.to_owned(), as_of, checked, left_out, said: Said::Keys(keys) })
    }
}

/// A key with the name that its passes call it by, as they write it.
fn entry(issuer: &str, kid: &str, kinds: &[Kind], usable: &Usable) -> KeyEntry {
    let (valid_from, valid_to) = usable.validity.unwrap_or((0, FOREVER));
    let kinds = kinds.iter().map(|kind| kind.number()).collect();
    let scope = Scope { issuer: issuer.to_owned(), kinds, territories: Vec::new(), valid_from, valid_to };
    KeyEntry { key: usable.key.to_bytes(), kid: kid.as_bytes().to_vec(), scope, revoked: Vec::new() }
}

fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_graphic())
}
