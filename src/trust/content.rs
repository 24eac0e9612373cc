//! What a stream says, in memory or open on the disk.

use std::fmt::Debug;
use std::sync::Arc;

use pass::PublicKey;
use verdict::{Policy, Scope};

use crate::format::{self, Hash, KeyEntry, Part, Record};
use crate::{Error, StatusList};

/// A key that a release knows.
#[derive(Debug)]
pub(crate) struct Known {
    pub key: PublicKey,
    pub kid: Vec<u8>,
    pub scope: Scope,
}

/// What a stream says.
#[derive(Debug)]
pub(crate) enum Content {
    /// Keys and scopes.
    Keys(Vec<Arc<Known>>),
    /// A status list with its deltas.
    Status(StatusList),
    /// Rules of a region.
    Policy(Policy),
    /// A table with its deltas.
    Table(Box<dyn Rows>),
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
}

/// What is asked of a table.
pub(crate) trait Rows: Debug + Send + Sync {
    /// The value of a key, if it is there; empty in a table of ids.
    fn get(&self, key: &[u8; 16]) -> Result<Option<Vec<u8>>, Error>;
}

impl Content {
    /// Reads a base that is held in memory.
    pub(crate) fn read(part: Part, base: Vec<u8>) -> Result<Self, Error> {
        Ok(match part {
            Part::Keys => Self::Keys(decode::<Vec<KeyEntry>>(&base, "keys")?.into_iter().filter_map(known).collect()),
            Part::Status => Self::Status(StatusList::decode(&base)?),
            Part::Policy => Self::Policy(decode(&base, "policy")?),
            Part::Rules | Part::Orders | Part::Acceptance => {
                wire::cbor::check(&base, &LIMITS).map_err(|_| Error::Malformed("base"))?;
                Self::Bytes(base)
            }
            Part::Ids | Part::Register | Part::Other(_) => Self::Absent,
        })
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
    Some(Arc::new(Known { key, kid: entry.kid, scope: entry.scope }))
}

/// A base is longer than any message, and no longer than its part may be.
const LIMITS: wire::cbor::Limits =
    wire::cbor::Limits { bytes: 16 << 20, depth: 8, map_entries: 64, array_items: 1 << 20 };

fn decode<'b, T: minicbor::Decode<'b, ()>>(base: &'b [u8], what: &'static str) -> Result<T, Error> {
    wire::cbor::check(base, &LIMITS).map_err(|_| Error::Malformed(what))?;
    minicbor::decode(base).map_err(|_| Error::Malformed(what))
}
