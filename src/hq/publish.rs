//! Writes releases of trust as a folder that any web server or stick can carry.
//!
//! Everything but the head is found by its hash, so it is written first and changes nothing; the head is
//! renamed into place last. Whoever fetches meanwhile has the old release or the new one, and what the
//! old ones need stays for a while. What a box would refuse is not published.
//!
//! The folder is also where the tables are: what stands in it, and nothing beside it, says what the next delta
//! follows. So whatever kills a publisher leaves folder and books in step.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use trust::format::{
    self, BASE, CHUNKS, DELTA, FOLD, HEAD, Head, INDEX, LONGEST_HEAD, NEWS, PAGES, RECORD, RUN, Record, StreamId, leaf,
    merkle, pages,
};
use trust::table::Table;
use trust::{Bundle, LONGEST_BUNDLE};
use wire::sign::{Context, TrySigner};

mod content;
mod draft;
mod files;
mod plan;
mod root;
mod stand;
#[cfg(test)]
mod tests;

pub use content::{Batch, Content, List, Whole};
use files::Shelf;
pub use plan::{Needed, Plan, Way};
pub use root::{add_root, roots, sign_root};
use stand::{PAST, Records, Stand};

/// Longest bundle that is put beside a release, in bytes: what goes over MQTT in one message.
const LONGEST_NEWS: u64 = 128 * 1024;

/// Seconds between two releases after which the folder is tidied up; else every [`TIDY_EVERY`] releases.
const TIDY_AFTER: i64 = 3600;

/// See [`TIDY_AFTER`].
const TIDY_EVERY: u64 = 30;

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
    /// Index and records of the release that stands have rotted, and their copy too.
    #[error("the release that stands is damaged, and what its tables hold is not known")]
    Damaged,
    /// The deltas of a table are no longer there.
    #[error("the published deltas of {} {} {} are damaged", .0.region, .0.issuer, .0.series)]
    Lost(StreamId),
    /// A table could not be read or made.
    #[error("a table cannot be read or made")]
    Table(#[source] trust::table::Error),
    /// A release that is no longer known, or that lies too far back for one bundle.
    #[error("no bundle leads from release {0} to the one that stands")]
    NoBundle(u64),
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
            Self::Damaged => "damaged",
            Self::Lost(_) => "lost-deltas",
            Self::Table(_) => "table",
            Self::NoBundle(_) => "no-bundle",
            Self::Unsigned(_) => "unsigned",
            Self::Exhausted => "exhausted",
            Self::Refused(_) => "refused",
        }
    }
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
    let mut draft = Draft::make(folder, content, term, after)?;
    let Draft { shelf, root, head, records, before } = &mut draft;
    if !root.publishing_at(head.issued).any(|key| key == signer.public_key()) {
        return Err(Error::NotPublishing(root.version));
    }
    let signed = wire::sign::try_sign(Context::TrustManifest, signer, &wire::encode(head))?;
    if signed.len() as u64 > LONGEST_HEAD {
        return Err(Error::Refused(trust::Error::TooLong("the head")));
    }
    let none = Records::new();
    let had = before.as_ref().map_or(&none, |before| &before.records);
    let needed = plan::files(shelf, had, records)?;
    if before.is_some()
        && let Some(news) = needed.bundle(shelf, &signed, LONGEST_NEWS)?
    {
        shelf.put(format::news_name(head.sequence), news.encode());
    }
    let plan = needed.plan(shelf, None, head.sequence, signed.len() as u64, records.len());
    shelf.put(format!("{PAST}/{}", head.sequence), signed.clone());
    shelf.put(HEAD.to_owned(), signed);
    shelf.commit()?;

    let stays = standing_files(records);
    shelf.let_age(standing_files(had).difference(&stays).cloned());
    let last = before.as_ref().map_or(head.issued, |before| before.head.issued);
    if head.sequence.is_multiple_of(TIDY_EVERY) || head.issued - last > TIDY_AFTER {
        tidy(shelf, records, stays)?;
    }
    Ok(Published {
        sequence: head.sequence,
        issued: head.issued,
        streams: records.len(),
        news: plan.bytes(),
        head: plan.head,
    })
}

/// What a box that has release `from`, or nothing, would have to fetch if this were published now. Changes nothing.
///
/// # Errors
/// [`Error`], as [`publish`].
pub fn dry_run(folder: &Path, content: &Content, term: Term, after: u64, from: Option<u64>) -> Result<Plan, Error> {
    /// What a signature adds to a head.
    const ENVELOPE: u64 = 85;
    let Draft { shelf, head, records, before, .. } = Draft::make(folder, content, term, after)?;
    let length = wire::encode(&head).len() as u64 + ENVELOPE;
    let (from, had) = known(&shelf, before, from)?;
    Ok(plan::files(&shelf, &had, &records)?.plan(&shelf, from, head.sequence, length, records.len()))
}

/// What a box that has release `from`, or nothing, must fetch to come to the one that stands; `None` when none does.
///
/// # Errors
/// [`Error`].
pub fn plan(folder: &Path, from: Option<u64>) -> Result<Option<Plan>, Error> {
    let shelf = Shelf::lock(folder)?;
    let Some(stand) = Stand::read(&shelf, &root::read(&shelf)?)? else { return Ok(None) };
    let (to, length, records) = (stand.head.sequence, stand.length, stand.records.clone());
    let (from, had) = known(&shelf, Some(stand), from)?;
    Ok(Some(plan::files(&shelf, &had, &records)?.plan(&shelf, from, to, length, records.len())))
}

/// Everything that a box at release `from` needs to come to the one that stands, in one piece; all of that one for a
/// box that has none, which is 0.
///
/// # Errors
/// [`Error::NoBundle`] when `from` is no longer known, or lies too far back.
pub fn bundle(folder: &Path, from: u64) -> Result<Bundle, Error> {
    let shelf = Shelf::lock(folder)?;
    let stand = Stand::read(&shelf, &root::read(&shelf)?)?.ok_or(Error::NoBundle(from))?;
    let head = shelf.read(HEAD)?.ok_or(Error::NoBundle(from))?;
    let records = stand.records.clone();
    let had = match known(&shelf, Some(stand), (from > 0).then_some(from))? {
        (None, _) if from > 0 => return Err(Error::NoBundle(from)),
        (_, had) => had,
    };
    let bundle = plan::files(&shelf, &had, &records)?.bundle(&shelf, &head, LONGEST_BUNDLE as u64)?;
    bundle.ok_or(Error::NoBundle(from))
}

/// A table as it is published; `None` when there is none of this name.
///
/// # Errors
/// [`Error`].
pub fn table(folder: &Path, id: &StreamId) -> Result<Option<Table<File, Vec<u8>>>, Error> {
    let shelf = Shelf::lock(folder)?;
    let Some(stand) = Stand::read(&shelf, &root::read(&shelf)?)? else { return Ok(None) };
    stand.records.get(id).map(|record| stand::table(&shelf, record)).transpose()
}

/// The next release on the shelf, and what stands before it.
struct Draft {
    shelf: Shelf,
    root: format::Root,
    head: Head,
    records: Records,
    before: Option<Stand>,
}

impl Draft {
    fn make(folder: &Path, content: &Content, term: Term, after: u64) -> Result<Self, Error> {
        let mut shelf = Shelf::lock(folder)?;
        let mut roots = root::read(&shelf)?;
        let before = Stand::read(&shelf, &roots)?;
        let root = roots.pop().ok_or_else(|| Error::NoRoot(folder.to_owned()))?;
        let issued = before.as_ref().map_or(term.now, |before| before.head.issued.max(term.now));
        if issued > term.now {
            tracing::warn!(ahead_s = issued - term.now, "the clock is behind the last release; its time is kept");
        }
        let none = Records::new();
        let had = before.as_ref().map_or(&none, |before| &before.records);
        let records = draft::make(&mut shelf, &root.region, content, had, issued)?;
        let last = before.as_ref().map_or(0, |before| before.head.sequence).max(after);
        let head = Head {
            region: root.region.clone(),
            root: root.version,
            sequence: last.checked_add(1).ok_or(Error::Exhausted)?,
            issued,
            expires: issued.saturating_add(term.expires),
            not_after: issued.saturating_add(term.not_after),
            streams: draft::bind(&mut shelf, &records),
            count: u16::try_from(records.len()).map_err(|_| Error::Refused(trust::Error::TooLong("the index")))?,
        };
        head.check_times().map_err(Error::Refused)?;
        if head.issued > root.expires {
            return Err(Error::Refused(trust::Error::RootExpired));
        }
        Ok(Self { shelf, root, head, records, before })
    }
}

/// The records of a release that boxes may still have; none of one that is not known any more.
fn known(shelf: &Shelf, stands: Option<Stand>, from: Option<u64>) -> Result<(Option<u64>, Records), Error> {
    let Some(from) = from else { return Ok((None, Records::new())) };
    if let Some(stand) = stands.filter(|stand| stand.head.sequence == from) {
        return Ok((Some(from), stand.records));
    }
    let records = match stand::past(shelf, from)? {
        Some(head) => stand::records(shelf, &head)?,
        None => None,
    };
    Ok(records.map_or_else(|| (None, Records::new()), |records| (Some(from), records)))
}

/// Names of everything that a release stands on, without its deltas.
fn standing_files(records: &Records) -> BTreeSet<String> {
    let encoded: Vec<_> = records.values().map(wire::encode).collect();
    let leaves: Vec<_> = encoded.iter().map(|record| leaf(record)).collect();
    let files = records.values().flat_map(|record: &Record| {
        let folds = record.folds.iter().map(|fold| format::object_name(FOLD, &fold.delta));
        [format::object_name(BASE, &record.base), format::object_name(CHUNKS, &record.chunks)].into_iter().chain(folds)
    });
    let root = merkle(&leaves);
    let index = [PAGES, INDEX].map(|folder| format::object_name(folder, &root));
    let pages = pages(&leaves).into_iter().map(|page| format::object_name(INDEX, &page));
    let leaves = leaves.iter().map(|leaf| format::object_name(RECORD, leaf));
    files.chain(index).chain(pages).chain(leaves).collect()
}

/// Removes what no release has needed for a while: also single deltas that a run holds as well.
fn tidy(shelf: &Shelf, records: &Records, mut needed: BTreeSet<String>) -> Result<(), Error> {
    for record in records.values() {
        let files = stand::walk(shelf, (0, record.base), &record.head, Some(record.head_sequence))?;
        let Some(files) = files else {
            // Better too many files than too few.
            tracing::error!(issuer = record.issuer, "the deltas of a stream are damaged; nothing is tidied up");
            return Ok(());
        };
        needed.extend(files.into_iter().map(|(name, _)| name));
    }
    shelf.sweep(&[INDEX, PAGES, RECORD, BASE, CHUNKS, DELTA, RUN, FOLD, NEWS, PAST], |name| needed.contains(name));
    Ok(())
}
