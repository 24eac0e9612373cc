//! What is to be said: handed over by who knows it, whole or as what has changed.

use std::collections::BTreeMap;

use trust::StatusList;
use trust::format::{KeyEntry, Part, StreamId};
use trust::table::{Key, Value};
use verdict::Policy;

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

/// A stream that is said anew as a whole.
#[derive(Debug, Clone)]
pub struct Whole {
    /// What tells it from every other; no table.
    pub id: StreamId,
    /// Its base.
    pub base: Vec<u8>,
    /// Unix seconds after which it says nothing any more.
    pub until: Option<i64>,
}

/// What has changed in a table since the last release.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What tells the table from every other; one that is not there yet begins empty.
    pub id: StreamId,
    /// Keys with their new values, or without any when they are no longer in it. Of a key that stands twice, the last
    /// one counts.
    pub changes: Vec<(Key, Option<Value>)>,
    /// Unix seconds after which the table says nothing any more; it is dropped then.
    pub until: Option<i64>,
}

/// What a release says. What stands neither in `keys`, `lists` nor `wholes` is not said any more; tables stay until
/// they are dropped or have ended, for a release is where they are kept.
#[derive(Debug, Clone)]
pub struct Content {
    /// Keys and what each may be believed for.
    pub keys: Vec<KeyEntry>,
    /// Status lists.
    pub lists: Vec<List>,
    /// The region's rules.
    pub policy: Policy,
    /// Everything else that is said as a whole.
    pub wholes: Vec<Whole>,
    /// Changes of tables.
    pub batches: Vec<Batch>,
    /// Tables that are no longer said.
    pub dropped: Vec<StreamId>,
    /// By part and issuer, the Unix seconds up to which a source was known that is not HQ itself.
    pub as_of: BTreeMap<(Part, String), i64>,
}

impl Content {
    /// Keys, lists and rules alone.
    pub const fn new(keys: Vec<KeyEntry>, lists: Vec<List>, policy: Policy) -> Self {
        let as_of = BTreeMap::new();
        Self { keys, lists, policy, wholes: Vec::new(), batches: Vec::new(), dropped: Vec::new(), as_of }
    }
}
