//! What has changed since the base: keys in memory, values in the log.

use std::sync::Arc;

use super::{Error, Key, Shape, Source, Value, delta};

/// In place of an offset: the key has gone.
const GONE: u32 = u32::MAX;

/// A key, and where in the log its value stands: at its length. 20 bytes.
#[derive(Debug, Clone, Copy)]
struct Change {
    key: Key,
    at: u32,
}

/// Every key that a delta has named since the base.
///
/// The changes stand in runs, each ascending and less than half as long as the one before, the newest last: 20 bytes
/// for each, a delta costs little, and a look-up a search in each of a few runs. Copies share them.
#[derive(Debug, Clone)]
pub struct Overlay {
    shape: Shape,
    runs: Vec<Arc<[Change]>>,
}

impl Overlay {
    /// Without changes.
    pub const fn new(shape: Shape) -> Self {
        Self { shape, runs: Vec::new() }
    }

    /// Takes in a delta that stands in the log at `offset`. A log has less than 4 GiB.
    ///
    /// # Errors
    /// [`Error::Malformed`], and then nothing was taken in; [`Error::TooLarge`] behind 4 GiB.
    pub fn apply(&mut self, payload: &[u8], offset: u64) -> Result<(), Error> {
        let parsed = delta::parse(payload, self.shape)?;
        if offset.saturating_add(payload.len() as u64) >= u64::from(GONE) {
            return Err(Error::TooLarge);
        }
        let gone = parsed.removed.iter().map(|key| Change { key: key.to_be_bytes(), at: GONE });
        let put = parsed.put.iter().zip(&parsed.values).map(|(key, place)| {
            // In a set the place is empty, and never read.
            let at = (offset as usize + place.start).saturating_sub(1) as u32;
            Change { key: key.to_be_bytes(), at }
        });
        let mut run: Vec<_> = gone.chain(put).collect();
        run.sort_unstable_by_key(|change| change.key);
        while self.runs.last().is_some_and(|older| older.len() < 2 * run.len()) {
            run = self.runs.pop().map_or(Vec::new(), |older| over(&older, &run));
        }
        if !run.is_empty() {
            self.runs.push(run.into());
        }
        Ok(())
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many changes are kept: at least one for each key that has changed.
    pub fn kept(&self) -> usize {
        self.runs.iter().map(|run| run.len()).sum()
    }

    /// What has become of a key, if it has changed: its value, or that it has gone.
    ///
    /// # Errors
    /// [`Error::Io`] when the log cannot be read, [`Error::Malformed`] when it is another one.
    pub fn get(&self, key: &Key, log: &impl Source) -> Result<Option<Option<Value>>, Error> {
        let found = self
            .runs
            .iter()
            .rev()
            .find_map(|run| run.binary_search_by_key(key, |change| change.key).ok().and_then(|at| run.get(at)));
        found.map(|change| self.value(change.at, log)).transpose()
    }

    /// Every key that has changed, ascending, with its value or that it has gone.
    pub fn changes<'o>(
        &'o self,
        log: &'o impl Source,
    ) -> impl Iterator<Item = Result<(Key, Option<Value>), Error>> + 'o {
        self.newest().map(|change| Ok((change.key, self.value(change.at, log)?)))
    }

    /// Every key that has changed, ascending, and whether it is there now.
    pub fn keys(&self) -> impl Iterator<Item = (Key, bool)> + '_ {
        self.newest().map(|change| (change.key, change.at != GONE))
    }

    /// The newest change of each key, ascending.
    fn newest(&self) -> impl Iterator<Item = Change> + '_ {
        let mut rests: Vec<&[Change]> = self.runs.iter().map(|run| &**run).collect();
        std::iter::from_fn(move || {
            // Of equal keys the last one, which is the newest.
            let first = rests.iter().filter_map(|rest| rest.first()).rev().min_by_key(|change| change.key).copied()?;
            for rest in &mut rests {
                if let Some((_, after)) = rest.split_first().filter(|(change, _)| change.key == first.key) {
                    *rest = after;
                }
            }
            Some(first)
        })
    }

    /// The value that stands in the log.
    fn value(&self, at: u32, log: &impl Source) -> Result<Option<Value>, Error> {
        match self.shape {
            _ if at == GONE => Ok(None),
            Shape::Set => Ok(Some(Value::new())),
            Shape::Map => {
                let mut length = [0];
                log.read_exact_at(&mut length, at.into())?;
                let mut value = vec![0; length[0].into()];
                log.read_exact_at(&mut value, u64::from(at) + 1)?;
                if value.is_empty() { Err(Error::Malformed("log")) } else { Ok(Some(value)) }
            }
        }
    }
}

/// Two runs as one, in which the newer one counts.
fn over(older: &[Change], newer: &[Change]) -> Vec<Change> {
    let mut out = Vec::with_capacity(older.len() + newer.len());
    let mut rest = older;
    for change in newer {
        let before = rest.partition_point(|old| old.key < change.key);
        let (below, others) = rest.split_at(before);
        out.extend(below);
        out.push(*change);
        rest = if others.first().is_some_and(|old| old.key == change.key) { &others[1..] } else { others };
    }
    out.extend(rest);
    out
}
