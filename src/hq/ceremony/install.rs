//! Requests at HQ: written, joined, installed.

use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;
use minicbor::bytes::ByteVec;
use trust::format::{HEAD, Head, Reset, Root, SignedRoot, root_name, sha256};
use wire::sign::{Context, Sign1};

use super::{Changes, Error, Request, Terms, compose};
use crate::region::{db, who};
use crate::{Region, publish};

/// Seconds by which HQ's own clock may have been ahead when it published.
const AHEAD: i64 = 300;

/// A root that was installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installed {
    /// Its version.
    pub version: u64,
    /// SHA-256 of its file: what a box shows when it is provisioned with it.
    pub file: [u8; 32],
}

impl Region {
    /// Composes the first root of a region that waits for it.
    ///
    /// # Errors
    /// [`Error::Founded`], [`Error::Change`], [`crate::Error::Key`].
    pub fn first_request(&self, roots: &[[u8; 32]], terms: Terms, now: i64) -> Result<Request, crate::Error> {
        if self.newest_root()?.is_some() {
            return Err(Error::Founded.into());
        }
        let root = compose::first(self.id(), roots, &self.online_halves()?, terms, now)?;
        request(&root, None)
    }

    /// Composes the root that follows the newest.
    ///
    /// # Errors
    /// [`crate::Error::Waiting`], [`Error::Change`].
    pub fn next_request(&self, changes: &Changes, now: i64) -> Result<Request, crate::Error> {
        let previous = self.newest_root()?.ok_or_else(|| crate::Error::Waiting(self.folder().to_owned()))?;
        let path = self.release_folder().join(root_name(previous.version));
        let bytes = std::fs::read(&path).map_err(crate::Error::file(&path))?;
        request(&compose::next(&previous, changes, now)?, Some(bytes))
    }

    /// What HQ itself has published: where boxes go back to. `sequence` is what people remember, where the
    /// thief has published here and the books themselves ran ahead.
    ///
    /// # Errors
    /// [`Error::Change`] when the books ran ahead and nobody says to what, [`crate::Error::Database`].
    pub fn own_position(&self, sequence: Option<u64>, now: i64) -> Result<Reset, crate::Error> {
        let books = self.last_release()?.unwrap_or((0, now));
        match (sequence, books) {
            (Some(sequence), (_, issued)) => Ok(Reset { sequence, floor: issued.min(now) }),
            (None, (sequence, issued)) if issued <= now.saturating_add(AHEAD) => {
                Ok(Reset { sequence, floor: issued.min(now) })
            }
            (None, (sequence, _)) => Err(Error::Change(format!(
                "the books of this region ran ahead themselves (release {sequence}): say --reset=NUMBER with the last \
                 release that was yours"
            ))
            .into()),
        }
    }

    /// Joins signatures over one root and installs it, when the thresholds of the old and the new root hold.
    ///
    /// # Errors
    /// [`Error::OtherRequest`], [`Error::Short`], and what boxes would say of the root.
    pub fn install_root(&self, files: &[PathBuf], by: &str, now: i64) -> Result<Installed, crate::Error> {
        let by = who(by)?;
        let mut joined: Option<Request> = None;
        for path in files {
            let request = Request::open(path)?;
            match &mut joined {
                None => joined = Some(request),
                Some(first) if first.signed.payload == request.signed.payload => {
                    join(&mut first.signed, request.signed.signatures);
                }
                Some(_) => return Err(Error::OtherRequest(path.clone()).into()),
            }
        }
        let request = joined.ok_or_else(|| Error::Short("no file was named".to_owned()))?;
        let newest = self.newest_root()?;
        let short =
            [("the root before", newest.as_ref()), ("the new root", Some(&request.root))].map(|(name, root)| {
                let root = root.filter(|root| !request.signed.is_signed_by(root))?;
                let have = signers(&request.signed, root).len();
                Some(format!("{have} of the {} that {name} asks for", root.threshold))
            });
        let short: Vec<String> = short.into_iter().flatten().collect();
        if !short.is_empty() {
            return Err(Error::Short(short.join(", ")).into());
        }
        let version = publish::add_root(&self.release_folder(), &request.signed)?;
        let ahead = self.last_release()?.is_some_and(|(_, issued)| issued > now.saturating_add(AHEAD));
        let back = request.root.reset.filter(|_| ahead);
        self.books(|books| {
            db::audit(books, now, by, "root", &version.to_string())
                .and_then(|()| back.map_or(Ok(()), |reset| db::go_back(books, reset.sequence, reset.floor)))
                .map_err(crate::Error::database("remembering the root"))
        })?;
        if request.root.reset.is_some() {
            self.drop_head_ahead(now)?;
        }
        Ok(Installed { version, file: sha256(&wire::encode(&request.signed)) })
    }
}

impl Region {
    /// Takes away a head from the future: the thief's, published here. The next release would count on from it.
    fn drop_head_ahead(&self, now: i64) -> Result<(), crate::Error> {
        let path = self.release_folder().join(HEAD);
        let Ok(bytes) = std::fs::read(&path) else { return Ok(()) };
        let ahead = Head::parse(&bytes).is_ok_and(|(_, head)| head.issued > now.saturating_add(AHEAD));
        if ahead { std::fs::remove_file(&path).map_err(crate::Error::file(&path)) } else { Ok(()) }
    }
}

/// Who of a root's keys has signed.
pub(crate) fn signers(signed: &SignedRoot, root: &Root) -> Vec<[u8; 32]> {
    let digest = sha256(&signed.payload);
    let holds = |key: &VerifyingKey, signature: &ByteVec| {
        Sign1::parse(signature).is_ok_and(|message| message.verify(Context::TrustRoot, key) == Ok(&digest[..]))
    };
    let has_signed = |key: &[u8; 32]| {
        VerifyingKey::from_bytes(key).is_ok_and(|key| signed.signatures.iter().any(|one| holds(&key, one)))
    };
    root.root.iter().map(|key| key.key).filter(has_signed).collect()
}

/// Adds signatures that are not there yet.
pub(super) fn join(signed: &mut SignedRoot, more: Vec<ByteVec>) {
    for signature in more {
        if !signed.signatures.contains(&signature) {
            signed.signatures.push(signature);
        }
    }
}

fn request(root: &Root, previous: Option<Vec<u8>>) -> Result<Request, crate::Error> {
    let wrong = |problem| Error::Request { path: Path::new("the new root").to_owned(), problem };
    Ok(Request::new(root, previous).map_err(wrong)?)
}
