//! What a stream says, in memory or open on the disk.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use pass::PublicKey;
use verdict::{Order, Policy, Rule, Scope};

use crate::format::{self, Hash, KeyEntry, Part, Record, check_base, strict};
use crate::table::{self, Access, Base, Overlay, Shape, Source as _, Table};
use crate::{Error, StatusList};

/// A key that a release knows.
#[derive(Debug)]
pub(crate) struct Known {
    pub key: PublicKey,
    pub kid: Vec<u8>,
    pub scope: Scope,
    /// Serial numbers of the signers it has taken back, in order.
    pub revoked: Vec<Vec<u8>>,
}

/// What a stream says.
#[derive(Debug)]
pub(crate) enum Content {
    /// Keys and scopes.
    Keys(Vec<Arc<Known>>),
    /// A status list with its deltas.
    Status(StatusList),
    /// Rules of a region.
    Policy(Box<Policy>),
    /// Revocations by rule.
    Rules(Vec<Rule>),
    /// Orders.
    Orders(Vec<Order>),
    /// A table with its deltas.
    Table(Rows),
    /// A base that is read where it is used.
    Bytes(Vec<u8>),
    /// This box does not carry it.
    Absent,
}

/// A stream of a release that stands. Releases share what did not change between them.
#[derive(Debug)]
pub(crate) struct Carried {
    pub leaf: Hash,
    pub record: Record,
    pub content: Content,
    /// Where its deltas are on the disk, if it has any.
    pub log: Option<Log>,
}

/// The deltas of a stream on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Name of the file.
    pub name: String,
    /// Bytes of it that count.
    pub end: u64,
}

impl Carried {
    /// Whether this box keeps it.
    pub(crate) const fn is_carried(&self) -> bool {
        !matches!(self.content, Content::Absent)
    }
}

/// A table with its deltas: the base on the disk, where the overlay's values stand in the log.
#[derive(Debug)]
pub(crate) struct Rows {
    file: Arc<File>,
    base: Arc<Base<File>>,
    overlay: Overlay,
    log: Option<File>,
}

impl Rows {
    /// A table without deltas.
    pub(crate) fn open(part: Part, file: File) -> Result<Self, Error> {
        let base = Base::open(file.try_clone().map_err(table::Error::Io)?)?;
        let shape = if part == Part::Ids { Shape::Set } else { Shape::Map };
        if base.shape() != shape {
            return Err(Error::Malformed("table"));
        }
        let overlay = Overlay::new(shape);
        Ok(Self { file: Arc::new(file), base: Arc::new(base), overlay, log: None })
    }

    /// The same table after more deltas, each with its place in the log, if it has one.
    pub(crate) fn with<'d>(
        &self,
        log: Option<File>,
        deltas: impl IntoIterator<Item = (u64, &'d [u8])>,
    ) -> Result<Self, Error> {
        let mut overlay = self.overlay.clone();
        for (offset, delta) in deltas {
            overlay.apply(delta, offset)?;
        }
        Ok(Self { file: self.file.clone(), base: self.base.clone(), overlay, log })
    }

    /// The value of a key, if it is there; empty in a table of ids.
    pub(crate) fn get(&self, key: &table::Key) -> Result<Option<table::Value>, Error> {
        let changed = match &self.log {
            Some(log) => self.overlay.get(key, log)?,
            None => None,
        };
        Ok(match changed {
            Some(change) => change,
            None => self.base.get(key)?,
        })
    }

    /// Writes the base that a fold makes.
    pub(crate) fn merge(&self, out: &mut impl Write) -> Result<(), Error> {
        let base = Base::open(self.file.try_clone().map_err(table::Error::Io)?)?;
        self.file.expect(Access::Sequential);
        let merged = match &self.log {
            Some(log) => Table { base, overlay: self.overlay.clone(), log }.merge(out),
            None => Table::new(base, Vec::new()).merge(out),
        };
        self.file.expect(Access::Random);
        Ok(merged?)
    }
}

impl Content {
    /// Reads a base that is held in memory.
    pub(crate) fn read(part: Part, base: Vec<u8>) -> Result<Self, Error> {
        Ok(match part {
            Part::Keys => Self::Keys(strict::<Vec<KeyEntry>>(&base, "keys")?.into_iter().filter_map(known).collect()),
            Part::Status => Self::Status(StatusList::decode(&base)?),
            Part::Policy => Self::Policy(Box::new(strict(&base, "policy")?)),
            Part::Rules => Self::Rules(format::read_rules(&base)?),
            Part::Orders => Self::Orders(format::read_orders(&base)?),
            Part::Acceptance => {
                check_base(&base, "base")?;
                Self::Bytes(base)
            }
            Part::Ids | Part::Register | Part::Other(_) => Self::Absent,
        })
    }
}

impl Content {
    /// How much there is of it, where that can be counted.
    pub(crate) fn entries(&self) -> Option<u64> {
        match self {
            Self::Keys(keys) => Some(keys.len() as u64),
            Self::Status(list) => Some(list.places()),
            Self::Table(rows) => Some(rows.base.len()),
            Self::Rules(rules) => Some(rules.len() as u64),
            Self::Orders(orders) => Some(orders.len() as u64),
            Self::Policy(_) | Self::Bytes(_) | Self::Absent => None,
        }
    }
}

/// Whether boxes would read a base of a part that is held in memory.
///
/// # Errors
/// What they would say of it.
pub fn check(part: Part, base: Vec<u8>) -> Result<(), Error> {
    Content::read(part, base).map(drop)
}

/// A key of a type this version does not know must not hide the others.
fn known(entry: KeyEntry) -> Option<Arc<Known>> {
    let Ok(key) = PublicKey::from_bytes(&entry.key) else {
        tracing::warn!(kid = format::hex(&entry.kid), "a key is of no type that is read here");
        return None;
    };
    let mut revoked: Vec<Vec<u8>> = entry.revoked.into_iter().map(Vec::from).collect();
    revoked.sort_unstable();
    Some(Arc::new(Known { key, kid: entry.kid, scope: entry.scope, revoked }))
}
