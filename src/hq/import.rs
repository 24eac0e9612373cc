//! Others' trust: lists of keys, revoked ids and rules that were not made here, checked and compared with what
//! stood before.
//!
//! Responsible for reading the lists as their makers write them, for checking their signatures where somebody
//! says whose they should be, and for taking each in whole or not at all. Not responsible for fetching them.
//!
//! Each list has a *source*, a name of the operator's choice; what a source says replaces what it said before,
//! and what two sources say stands until neither does. [`Region::import`] first only tells the difference, by
//! making the change and taking it back, so that what is shown is what would happen.

use std::collections::{BTreeMap, BTreeSet};

use trust::format::{AcceptanceRule, KeyEntry, Part, StreamId};

use crate::region::{Region, db, who};

mod books;
mod cms;
mod error;
mod eu_ids;
mod eu_keys;
mod files;
mod issuers;
mod jwk;
mod rules;
#[cfg(test)]
mod tests;
mod vds;

pub use error::{Error, Problem};
pub use eu_ids::Batches;
pub use eu_keys::TrustList;
pub use issuers::{Did, Smart};
pub use rules::Rules;
pub use vds::VdsNc;

/// Seconds before its end from which a key counts as ending soon.
const SOON: i64 = 30 * 86_400;

/// A list that takes back more than one in this many, before their time, is taken for one that was cut off.
const SHRINKS: u64 = 5;

/// Seconds for which a clock elsewhere may be ahead of this one.
const SLACK: i64 = 300;

/// Most issuers whose keys a release carries from elsewhere: each is a stream, and a release has 4,096.
const MOST_ISSUERS: usize = 3000;

/// Bytes around a stream's news: its record and its place in the index.
const AROUND_A_STREAM: u64 = 200;

/// Bytes of a head, which every release has.
const HEAD: u64 = 210;

/// What a list says, checked.
#[derive(Debug)]
pub struct Statement {
    /// Whose list it is, as the operator calls it.
    pub source: String,
    /// Unix seconds: of when it is.
    pub as_of: i64,
    /// Whose signatures held, for people.
    pub checked: String,
    /// What is sound but of no use here.
    pub left_out: Vec<LeftOut>,
    /// What remains.
    pub said: Said,
}

/// The content of a list.
#[derive(Debug)]
pub enum Said {
    /// Keys.
    Keys(Vec<KeyEntry>),
    /// Revoked ids with their ends (Unix seconds), by issuer of their stream, each in order and once.
    Ids(BTreeMap<String, Vec<([u8; 16], i64)>>),
    /// Rules.
    Rules(Vec<AcceptanceRule>),
}

impl Said {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Keys(_) => "keys",
            Self::Ids(_) => "ids",
            Self::Rules(_) => "rules",
        }
    }
}

/// One entry that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub what: String,
    /// Why.
    pub why: Why,
}

/// Why a sound entry is of no use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It has ended.
    Ended,
    /// Its key is of a kind that boxes do not read.
    KeyType,
    /// Boxes cannot read it.
    Unreadable,
    /// Its issuer writes it otherwise than its format says. Of a list by many hands, that costs nobody else's.
    Malformed,
    /// No authority of its country has issued it.
    NoAuthority,
    /// The authority signs in a way that is not verified here.
    AuthorityType,
    /// Its authority has revoked it.
    Revoked,
    /// It is meant for other things than passes.
    NotForPasses,
    /// Its name is not the one its key must have.
    OtherName,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ended => "has ended",
            Self::KeyType => "has a key of a kind that boxes do not read",
            Self::Malformed => "is not written as its format says",
            Self::Unreadable => "cannot be read by boxes",
            Self::NoAuthority => "was issued by no authority of its country",
            Self::AuthorityType => "is signed in a way that is not verified here",
            Self::Revoked => "was revoked by its authority",
            Self::NotForPasses => "is not meant for passes",
            Self::OtherName => "does not have the name its key must have",
        })
    }
}

/// What an import changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whose list.
    pub source: String,
    /// Of when it is, and of when the one before was; Unix seconds.
    pub as_of: (i64, Option<i64>),
    /// Keys that come.
    pub keys_added: Vec<KeyEntry>,
    /// Keys that go.
    pub keys_removed: Vec<KeyEntry>,
    /// Keys whose scope changes: before and after.
    pub keys_changed: Vec<(KeyEntry, KeyEntry)>,
    /// Keys of the list that end within 30 days.
    pub keys_ending: Vec<KeyEntry>,
    /// Ids that come and go, by issuer of their stream; and how many of this source stand afterwards.
    pub ids: BTreeMap<String, (u64, u64, u64)>,
    /// Rules that come: identifier and version.
    pub rules_added: Vec<(String, String)>,
    /// Rules that go.
    pub rules_removed: Vec<(String, String)>,
    /// Rules of the same name and version that say something else now.
    pub rules_changed: Vec<(String, String)>,
    /// How many the source has told before that have not ended, and how many of them would go.
    pub shrinks: (u64, u64),
    /// About how many bytes a box fetches with the next release for this.
    pub news: u64,
}

impl Plan {
    /// Whether the list says what it said before.
    pub fn is_empty(&self) -> bool {
        self.keys_added.is_empty()
            && self.keys_removed.is_empty()
            && self.keys_changed.is_empty()
            && self.ids.values().all(|(added, removed, _)| *added == 0 && *removed == 0)
            && self.rules_added.is_empty()
            && self.rules_removed.is_empty()
            && self.rules_changed.is_empty()
    }

    /// Whether it takes back so much that somebody should say that this is right.
    pub const fn is_suspicious(&self) -> bool {
        let (before, lost) = self.shrinks;
        lost * SHRINKS > before
    }
}

/// What the operator agrees to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Consent {
    /// Take it in; otherwise only tell what would change.
    pub apply: bool,
    /// Also when it takes back more than a fifth.
    pub shrink: bool,
    /// Also when it is older than the last.
    pub older: bool,
}

impl Region {
    /// Takes in what a source says, or only tells what would change. Boxes follow with the next release.
    ///
    /// # Errors
    /// [`Error`]; nothing has changed then.
    pub fn import(&self, statement: &Statement, consent: Consent, by: &str, now: i64) -> Result<Plan, crate::Error> {
        let by = who(by)?;
        let Statement { source, as_of, .. } = statement;
        let named = !source.is_empty() && source.len() <= 32;
        if !named || !source.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
            return Err(crate::Error::field("source", "is 1 to 32 of A-Z, a-z, 0-9, '-', '_' and '.'"));
        }
        if *as_of > now.saturating_add(SLACK) {
            return Err(Error::Future { source_name: source.clone(), found: *as_of }.into());
        }
        let mut db = self.database();
        let behaviour = rusqlite::TransactionBehavior::Immediate;
        let transaction = db.transaction_with_behavior(behaviour).map_err(Error::Database)?;
        let plan = books::replace(&transaction, self.id(), statement, consent, now)?;
        let issuers: BTreeSet<String> =
            books::keys(&transaction).map_err(Error::Database)?.into_iter().map(|key| key.scope.issuer).collect();
        if issuers.len() > MOST_ISSUERS {
            return Err(Error::TooManyIssuers(issuers.len()).into());
        }
        if consent.apply {
            if plan.is_suspicious() && !consent.shrink {
                let (before, lost) = plan.shrinks;
                return Err(Error::Shrinks { source_name: source.clone(), lost, before }.into());
            }
            db::audit(&transaction, now, by, "import", &plan.line()).map_err(Error::Database)?;
            transaction.commit().map_err(Error::Database)?;
        }
        Ok(plan)
    }

    /// Keys of others for the next release: what every import has said, each once.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub fn foreign_keys(&self) -> Result<Vec<KeyEntry>, crate::Error> {
        books::keys(&self.database()).map_err(crate::Error::database("reading the imported keys"))
    }

    /// Rules of others for the next release, by country.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub fn acceptance(&self) -> Result<BTreeMap<String, Vec<AcceptanceRule>>, crate::Error> {
        books::rules(&self.database()).map_err(crate::Error::database("reading the imported rules"))
    }

    /// Of when each stream is that was imported (Unix seconds): the oldest of the lists that speak of it.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub fn foreign_ages(&self) -> Result<BTreeMap<(Part, String), i64>, crate::Error> {
        books::ages(&self.database()).map_err(crate::Error::database("reading of when the imports are"))
    }

    /// Takes imported ids out whose certificates have ended by themselves; to be called before a release is
    /// gathered. Answers how many.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub fn drop_ended_ids(&self, now: i64) -> Result<u64, crate::Error> {
        self.books(|books| {
            books::drop_ended(books, self.id(), now).map_err(crate::Error::database("dropping ids that have ended"))
        })
    }
}

impl Plan {
    /// One line for the audit: counts, and nothing else.
    fn line(&self) -> String {
        let ids = self.ids.values().fold((0, 0), |sum, (added, removed, _)| (sum.0 + added, sum.1 + removed));
        format!(
            "{}: keys +{} -{} ~{}, ids +{} -{}, rules +{} -{} ~{}",
            self.source,
            self.keys_added.len(),
            self.keys_removed.len(),
            self.keys_changed.len(),
            ids.0,
            ids.1,
            self.rules_added.len(),
            self.rules_removed.len(),
            self.rules_changed.len(),
        )
    }
}

fn ids_stream(region: &wire::RegionId, issuer: &str) -> StreamId {
    StreamId { region: region.clone(), part: Part::Ids, issuer: issuer.to_owned(), series: 0 }
}
