//! Alerts: single rows that HQ sees before their turn.
//!
//! One is believed when the box has signed its epoch's opening, when it is linked to the hash it comes with, and
//! when it opens and its MAC holds under that epoch's keys. That says who wrote it; that nothing before it was left
//! out, only the ledger can say. So it is shown as early until its row has come in order, and gone then.

use wire::BoxId;
use wire::entry::{Crossing, Entry};
use wire::row::{Alert, RowKind};

use super::epoch::{Keys, Reader};
use super::{Error, Opener, put};
use crate::ledger::Stored;

/// Most early alerts of one box; more come with their rows.
const MOST: i64 = 1000;

/// A crossing that HQ has been shown early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Early {
    /// The box.
    pub name: BoxId,
    /// Its row.
    pub sequence: u64,
    /// Unix seconds at HQ when it came first.
    pub received: i64,
    /// What was judged.
    pub crossing: Crossing,
}

impl Opener {
    /// Opens alerts; how many were new. What cannot be believed is left, and named in the log; it comes in its place.
    ///
    /// # Errors
    /// [`Error::Ledger`] or [`Error::Database`].
    pub fn early(
        &mut self,
        alerts: &[Alert],
        key_of: impl Fn(&BoxId) -> Option<ed25519_dalek::VerifyingKey>,
        now: i64,
    ) -> Result<u64, Error> {
        let failed = || Error::database("writing an alert");
        let mut new = 0;
        for alert in alerts {
            let (name, sequence) = (&alert.from, alert.row.sequence);
            let done = put::progress(&self.db, name).map_err(Error::database("reading the progress"))?;
            // Its row has been opened in its place.
            if sequence <= done {
                continue;
            }
            let Some(key) = key_of(name) else {
                tracing::warn!(%name, "an alert of a box that is not known here");
                continue;
            };
            let author = journal::Author { region: self.region.clone(), name: name.clone(), key };
            let opening = match &alert.opening {
                Some(opening) => Some(opening.clone()),
                None => self.ledger.opening_before(name, sequence)?.map(|stored| stored.row),
            };
            match open(alert, opening, author, &self.keys) {
                Ok(crossing) => {
                    new += u64::from(put::early(&self.db, name, sequence, &crossing, now, MOST).map_err(failed())?)
                }
                Err(problem) => tracing::warn!(%name, sequence, problem, "an alert cannot be believed"),
            }
        }
        Ok(new)
    }
}

/// The crossing in an alert, or the stable code of why it is not believed.
fn open(
    alert: &Alert,
    opening: Option<wire::row::Row>,
    author: journal::Author,
    keys: &Keys,
) -> Result<Crossing, &'static str> {
    let opening = opening.filter(|opening| opening.kind == RowKind::Opening).ok_or("no-opening")?;
    let mut reader = Reader::new(author);
    let stored = |row: &wire::row::Row| Stored { row: row.clone(), fault: None };
    if !reader.jump(&stored(&opening), alert.before, alert.row.sequence, keys) {
        return Err("opening");
    }
    let step = reader.step(&stored(&alert.row), keys).map_err(|_| "key")?;
    match (step.entry, step.problems.first()) {
        (_, Some(problem)) => Err(problem),
        (Some(Entry::Crossing(crossing)), None) => Ok(crossing),
        _ => Err("entry"),
    }
}
