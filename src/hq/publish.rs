//! Writes releases of trust as a folder that any web server or stick can carry.
//!
//! Everything but the head is found by its hash, so it is written first and changes nothing; the head is
//! renamed into place last. Whoever fetches meanwhile has the old release or the new one, and what the
//! old ones need stays for a while. What a box would refuse is not published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use trust::format::{
    self, BASE, HEAD, Hash, Head, INDEX, KeyEntry, LONGEST_HEAD, MOST_STREAMS, Part, RECORD, Record, StreamId, leaf,
    merkle,
};
use trust::{Release, StatusList};
use verdict::Policy;
use wire::RegionId;
use wire::sign::{Context, TrySigner};

mod files;
mod root;
#[cfg(test)]
mod tests;

use files::Shelf;
pub use root::{add_root, roots, sign_root};

/// Why a release or a root was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk refused.
    #[error("cannot read or write {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// There is no root in the folder.
    #[error("{0} holds no root.1")]
    NoRoot(PathBuf),
    /// A root does not follow from the one before.
    #[error("root.{version} cannot be used")]
    Root {
        /// Its version.
        version: u64,
        /// What boxes would say.
        source: trust::Error,
    },
    /// The head in the folder is not one that this region signed: somebody has been here.
    #[error("the head in the folder was not signed by this region")]
    ForeignHead,
    /// The key is none of the root's publishing keys, or does not count now.
    #[error("the key is no publishing key of root.{0} at this time")]
    NotPublishing(u64),
    /// The key did not sign.
    #[error("the head was not signed")]
    Unsigned(#[from] wire::sign::Unsigned),
    /// No number is left.
    #[error("no sequence is left")]
    Exhausted,
    /// Boxes would refuse it.
    #[error("boxes would refuse this release")]
    Refused(#[source] trust::Error),
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::NoRoot(_) => "no-root",
            Self::Root { .. } => "root",
            Self::ForeignHead => "foreign-head",
            Self::NotPublishing(_) => "not-publishing",
            Self::Unsigned(_) => "unsigned",
            Self::Exhausted => "exhausted",
            Self::Refused(_) => "refused",
        }
    }
}

/// One status list.
#[derive(Debug, Clone)]
pub struct List {
    /// Whose.
    pub issuer: String,
    /// Which of several.
    pub series: u64,
    /// The list.
    pub list: StatusList,
}

/// What a release says.
#[derive(Debug, Clone)]
pub struct Content {
    /// Keys and what each may be believed for.
    pub keys: Vec<KeyEntry>,
    /// Status lists.
    pub lists: Vec<List>,
    /// The region's rules.
    pub policy: Policy,
}

/// When a release counts.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    /// Unix seconds now.
    pub now: i64,
    /// Seconds for which it counts as fresh.
    pub expires: i64,
    /// Seconds after which it is no longer adopted.
    pub not_after: i64,
}

/// A release that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub sequence: u64,
    /// Unix seconds it carries: now, or the release before it, if the clock was ahead then.
    pub issued: i64,
    /// Number of its streams.
    pub streams: usize,
    /// Bytes that a box with the release before it must fetch.
    pub news: u64,
    /// Bytes of the head alone.
    pub head: u64,
}

/// Publishes a release in a folder that holds at least `root.1`. Its number is above that of the release
/// there and above `after`, what HQ remembers from elsewhere.
///
/// # Errors
/// [`Error`]; the release that stood before still stands.
pub fn publish(
    folder: &Path,
    content: &Content,
    term: Term,
    after: u64,
    signer: &dyn TrySigner,
) -> Result<Published, Error> {
    let shelf = Shelf::lock(folder)?;
    let roots = root::read(&shelf)?;
    let newest = roots.last().ok_or_else(|| Error::NoRoot(folder.to_owned()))?;
    let before = previous(&shelf, &roots)?;
    let issued = before.as_ref().map_or(term.now, |head| head.issued.max(term.now));
    if issued > term.now {
        tracing::warn!(ahead_s = issued - term.now, "the clock is behind the last release; its time is kept");
    }
    if !newest.publishing_at(issued).any(|key| key == signer.public_key()) {
        return Err(Error::NotPublishing(newest.version));
    }
    let last = before.map_or(0, |head| head.sequence).max(after);
    let streams = streams(&newest.region, content)?;
    let leaves: Vec<Hash> = streams.iter().map(|stream| stream.leaf).collect();
    let head = Head {
        region: newest.region.clone(),
        root: newest.version,
        sequence: last.checked_add(1).ok_or(Error::Exhausted)?,
        issued,
        expires: issued.saturating_add(term.expires),
        not_after: issued.saturating_add(term.not_after),
        streams: merkle(&leaves),
    };
    let signed = wire::sign::try_sign(Context::TrustManifest, signer, &wire::encode(&head))?;
    try_out(&head, &signed, newest.expires, &streams)?;

    let mut news = shelf.put(&format::object_name(INDEX, &head.streams), &leaves.concat())?;
    for stream in &streams {
        news += shelf.put(&format::object_name(BASE, &stream.record.base), &stream.base)?;
        news += shelf.put(&format::object_name(RECORD, &stream.leaf), &stream.bytes)?;
    }
    shelf.sync(&[INDEX, RECORD, BASE])?;
    news += shelf.put(HEAD, &signed)?;
    shelf.sync(&["."])?;

    let needed: BTreeSet<String> = std::iter::once(head.streams)
        .chain(streams.iter().flat_map(|stream| [stream.leaf, stream.record.base]))
        .map(|hash| format::hex(&hash))
        .collect();
    shelf.sweep(&[INDEX, RECORD, BASE], &needed);
    let (streams, length) = (streams.len(), signed.len() as u64);
    Ok(Published { sequence: head.sequence, issued, streams, news, head: length })
}

/// One stream, ready to be written.
struct Stream {
    record: Record,
    bytes: Vec<u8>,
    leaf: Hash,
    base: Vec<u8>,
}

/// The content as streams, always in the same order and the same bytes, so that boxes fetch what changed.
fn streams(region: &RegionId, content: &Content) -> Result<Vec<Stream>, Error> {
    let mut keys: BTreeMap<&str, Vec<&KeyEntry>> = BTreeMap::new();
    for key in &content.keys {
        keys.entry(&key.scope.issuer).or_default().push(key);
    }
    let keys = keys.into_iter().map(|(issuer, mut entries)| {
        entries.sort_by(|a, b| (&a.kid, &a.key).cmp(&(&b.kid, &b.key)));
        (Part::Keys, issuer, 0, wire::encode(&entries))
    });
    let lists = content
        .lists
        .iter()
        .map(|List { issuer, series, list }| (Part::Status, issuer.as_str(), *series, list.encode()));
    let policy = std::iter::once((Part::Policy, "", 0, wire::encode(&content.policy)));
    let streams: BTreeMap<StreamId, Vec<u8>> = keys
        .chain(lists)
        .chain(policy)
        .map(|(part, issuer, series, base)| {
            (StreamId { region: region.clone(), part, issuer: issuer.to_owned(), series }, base)
        })
        .collect();
    let expected = content.lists.iter().map(|list| (&list.issuer, list.series)).collect::<BTreeSet<_>>().len();
    if expected != content.lists.len() {
        return Err(Error::Refused(trust::Error::TwiceTheSame));
    }
    if streams.len() > MOST_STREAMS {
        return Err(Error::Refused(trust::Error::TooLong("the index")));
    }
    let streams = streams.into_iter().map(|(id, base)| {
        let record = Record::describe(id, &base);
        let bytes = wire::encode(&record);
        Stream { leaf: leaf(&bytes), record, bytes, base }
    });
    Ok(streams.collect())
}

/// Reads the release as a box will, before anybody sees it.
fn try_out(head: &Head, signed: &[u8], root_expires: i64, streams: &[Stream]) -> Result<(), Error> {
    let tried = || {
        if signed.len() as u64 > LONGEST_HEAD {
            return Err(trust::Error::TooLong("the head"));
        }
        head.check_times()?;
        if head.issued > root_expires {
            return Err(trust::Error::RootExpired);
        }
        let parts = streams.iter().map(|stream| Ok((Record::parse(&stream.bytes)?, stream.base.clone())));
        Release::assemble(head.clone(), parts).map(drop)
    };
    tried().map_err(Error::Refused)
}

/// The head that stands, which must be this region's own.
fn previous(shelf: &Shelf, roots: &[format::Root]) -> Result<Option<Head>, Error> {
    let Some(bytes) = shelf.read(HEAD)? else { return Ok(None) };
    let (message, head) = Head::parse(&bytes).map_err(|_| Error::ForeignHead)?;
    // It may have been signed under an older root, by a key that has been struck off since.
    let by = roots.iter().find(|root| root.version == head.root).ok_or(Error::ForeignHead)?;
    let mut keys = by.publishing_at(head.issued);
    let is_ours = head.region == by.region && keys.any(|key| message.verify(Context::TrustManifest, &key).is_ok());
    if is_ours { Ok(Some(head)) } else { Err(Error::ForeignHead) }
}
