//! `checkpointd trust verify`: would this release be adopted, and what is checked on the way.
//!
//! It is adopted, by the very code of the box, into a scratch folder that starts with a copy of the box's state; what
//! the box has already is lent to it. Nothing of the box is written. The checks come in one order, so that a refusal
//! says which of them held before it.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};
use trust::format::{self, HEAD, INDEX, PAGES, RECORD, SignedRoot};
use trust::{Carrier, CarrierError, Folder, OnStick, Stick, Store};

use super::Common;
use crate::Error;

/// Would a box adopt this release? Every check, and nothing is written
#[derive(clap::Args)]
#[command(after_help = "Checks, in this order: present, roots, signature, region, sequence, times, last-day, index, \
                        records, content. Each held, failed with a code (docs/formats/trust-release.md), or was not \
                        reached.\n\n\
                        Exit code: 0 when it would be adopted or is in force already, 1 when not.\n\n\
                        Examples:\n  checkpointd trust verify --trust /var/lib/checkpoint/trust /media/stick\n  \
                        checkpointd trust verify --root root.1 tver/release --format json")]
pub(super) struct Args {
    /// Where the stick is mounted, or the folder of a release.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// By this box: its trust folder.
    #[arg(long, value_name = "DIR", required_unless_present = "root")]
    trust: Option<PathBuf>,
    /// By a new box that has this root.
    #[arg(long, value_name = "FILE", conflicts_with = "trust")]
    root: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let scratch = Scratch::new()?;
    let mut store = match (&args.trust, &args.root) {
        (Some(trust), _) => scratch.copy_of(trust)?,
        (None, root) => {
            let path = root.clone().unwrap_or_default();
            let bytes = std::fs::read(&path).map_err(|source| Error::ReadRoot { path, source })?;
            let region = SignedRoot::parse(&bytes)?.root()?.region;
            Store::provision(&scratch.0, &bytes, &region)?
        }
    };
    let before = store.root().version;
    let found = Stick::look(&args.folder, &store.root().region).releases.into_iter().next();
    let mut watched = Watched {
        release: found.map_or(Source::Folder(Folder(args.folder.clone())), Source::OnStick),
        lent: args.trust.clone(),
        last: Check::Present,
        asked: BTreeSet::new(),
    };
    let is_current = watched.release.get(HEAD, format::LONGEST_HEAD).is_ok_and(|head| head == store.head_bytes());
    let failed = match store.adopt(&mut watched, args.common.now()) {
        Ok(_) => None,
        Err(error) => Some((check_of(&error, watched.last), error.code(), words(&error))),
    };
    let report = Report {
        would_be: match failed {
            Some(_) => "refused",
            None if is_current => "current",
            None => "adopted",
        },
        sequence: store.current().map(|release| release.sequence()),
        roots: store.root().version - before,
        files: watched.asked.len(),
        failed,
    };
    args.common.print(&report, &report.to_json());
    Ok(ExitCode::from(u8::from(report.failed.is_some())))
}

/// What is checked, in the order of the adoption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Check {
    Present,
    Roots,
    Signature,
    Region,
    Sequence,
    Times,
    LastDay,
    Index,
    Records,
    Content,
}

/// Every check with its name and what it asks.
const CHECKS: [(Check, &str, &str); 10] = [
    (Check::Present, "present", "there is a head that can be taken apart"),
    (Check::Roots, "roots", "every root follows from the one before, up to the newest"),
    (Check::Signature, "signature", "signed by a publishing key of the newest root, valid when it was issued"),
    (Check::Region, "region", "for the region of the box"),
    (Check::Sequence, "sequence", "not older than what the box has, nor another under its number"),
    (Check::Times, "times", "its times agree, and do not go back"),
    (Check::LastDay, "last-day", "neither past its last day nor past the root's"),
    (Check::Index, "index", "the list of streams is the one that was signed"),
    (Check::Records, "records", "every stream's record is the one that was signed"),
    (Check::Content, "content", "every base and delta is whole, and the region's policy is there"),
];

/// The check that a refusal belongs to; `last` is how far the files that were asked for reach.
fn check_of(error: &trust::Error, last: Check) -> Check {
    use trust::Error as E;
    match error {
        E::Malformed("head") | E::TooLong("the head") => Check::Present,
        E::RootSignatures | E::RootVersion { .. } => Check::Roots,
        E::HeadSignature => Check::Signature,
        E::OtherRegion { .. } => Check::Region,
        E::Older { .. } | E::Equivocation { .. } => Check::Sequence,
        E::Times => Check::Times,
        E::PastNotAfter | E::RootExpired => Check::LastDay,
        E::Incomplete(_) | E::TwiceTheSame => Check::Content,
        _ => last,
    }
}

enum Source {
    OnStick(OnStick),
    Folder(Folder),
}

impl Carrier for Source {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        match self {
            Self::OnStick(release) => release.open(name, from),
            Self::Folder(folder) => folder.open(name, from),
        }
    }
}

/// A release, with what the box has already behind it; notes how far the adoption has come.
struct Watched {
    release: Source,
    lent: Option<PathBuf>,
    last: Check,
    asked: BTreeSet<String>,
}

impl Carrier for Watched {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        self.last = self.last.max(match name.split('/').next().unwrap_or_default() {
            HEAD => Check::Present,
            INDEX | PAGES => Check::Index,
            RECORD => Check::Records,
            _ if name.starts_with("root.") => Check::Roots,
            _ => Check::Content,
        });
        self.asked.insert(name.to_owned());
        match (self.release.open(name, from), &self.lent, name.split_once('/')) {
            // Records and bases lie under their hashes in the box; what it has there it does not fetch.
            (Err(CarrierError::NotFound(_)), Some(trust), Some((_, object))) => {
                let lent = Folder(trust.join("objects")).get(object, u64::MAX)?;
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(lent.len());
                Ok(Box::new(Cursor::new(lent[from..].to_vec())))
            }
            (opened, ..) => opened,
        }
    }
}

/// What came of it.
struct Report {
    would_be: &'static str,
    sequence: Option<u64>,
    roots: u64,
    files: usize,
    failed: Option<(Check, &'static str, String)>,
}

impl Report {
    fn outcome(&self, check: Check) -> &'static str {
        match self.failed.as_ref().map(|(failed, ..)| check.cmp(failed)) {
            None | Some(Ordering::Less) => "held",
            Some(Ordering::Equal) => "failed",
            Some(Ordering::Greater) => "unreached",
        }
    }

    fn to_json(&self) -> Value {
        let checks = CHECKS.iter().map(|(check, name, _)| {
            let failed = self.failed.as_ref().filter(|(failed, ..)| failed == check);
            json!({
                "check": name,
                "outcome": self.outcome(*check),
                "code": failed.map(|(_, code, _)| code),
                "error": failed.map(|(.., words)| words),
            })
        });
        json!({
            "would_be": self.would_be,
            "sequence": self.sequence,
            "new_roots": self.roots,
            "files_read": self.files,
            "checks": checks.collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (check, name, asks) in CHECKS {
            match (&self.failed, self.outcome(check)) {
                (Some((_, code, words)), "failed") => writeln!(f, "{name:<10} FAILED     {code}: {words}")?,
                (_, outcome) => writeln!(f, "{name:<10} {outcome:<10} {asks}")?,
            }
        }
        let sequence = self.sequence.map_or("none".to_owned(), |sequence| sequence.to_string());
        let (files, roots) = (self.files, self.roots);
        match self.would_be {
            "refused" => writeln!(f, "\nthe box would refuse it"),
            "current" => writeln!(f, "\nrelease {sequence} is in force already; all of it was checked again"),
            _ => writeln!(f, "\nthe box would adopt release {sequence}: {files} files, {roots} new roots"),
        }
    }
}

fn words(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A folder that goes away by itself.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Error> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| Error::Start(std::io::Error::other(error)))?;
        let folder = std::env::temp_dir().join(format!("checkpoint-verify-{}", format::hex(&random)));
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    /// A box that knows what another one does, and has nothing of it.
    fn copy_of(&self, trust: &Path) -> Result<Store, Error> {
        // Opened where it is first: then what is wrong with it is said of the right folder.
        super::open(trust)?;
        for slot in ["state.a", "state.b"] {
            match std::fs::copy(trust.join(slot), self.0.join(slot)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(Store::open(&self.0)?)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
