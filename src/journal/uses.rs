//! Uses of passes, beside the rows that tell of them: the box cannot read its own rows, and must count.
//!
//! A use is written in the transaction of its crossing's row, so that it costs no fsync of its own and no power cut
//! leaves one without the other. What is counted for which pass is said by whoever writes ([`Hook`]); here stand
//! keyed hashes, and the keys they were made with, until nothing counts them any more.

use rusqlite::{Connection, params};
use wire::entry::Entry;

/// What an entry does to the uses.
pub type Hook = Box<dyn Fn(&Entry) -> Option<Beside> + Send>;

/// One use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The crossing.
    pub crossing: [u8; 8],
    /// Unix seconds at which the region's day begins.
    pub day: i64,
    /// The pass, by the key of the day.
    pub slot: [u8; 16],
    /// Unix seconds of its minute, where the limit counts minutes.
    pub at: Option<i64>,
    /// Unix seconds until which it counts.
    pub until: i64,
}

/// What is written beside a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// A use is reserved: in the place of an earlier one of the same crossing.
    Reserve {
        /// The use.
        of: Use,
        /// The key of its day. The first one that is written stays.
        key: [u8; 32],
    },
    /// The crossing uses nothing, or nothing any more.
    Release([u8; 8]),
}

/// What a start finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Days and their keys.
    pub keys: Vec<(i64, [u8; 32])>,
    /// The uses.
    pub uses: Vec<Use>,
}

pub(crate) fn write(db: &Connection, beside: &Beside) -> rusqlite::Result<()> {
    match beside {
        Beside::Reserve { of: Use { crossing, day, slot, at, until }, key } => {
            db.prepare_cached("INSERT OR IGNORE INTO use_key (day, key) VALUES (?1, ?2)")?
                .execute(params![day, key])?;
            db.prepare_cached(
                "INSERT OR REPLACE INTO use (crossing, day, slot, at, until) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![crossing, day, slot, at, until])
        }
        Beside::Release(crossing) => db.prepare_cached("DELETE FROM use WHERE crossing = ?1")?.execute([crossing]),
    }
    .map(drop)
}

pub(crate) fn kept(db: &Connection) -> rusqlite::Result<Kept> {
    let mut keys = db.prepare("SELECT day, key FROM use_key ORDER BY day")?;
    let keys = keys.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut uses = db.prepare("SELECT crossing, day, slot, at, until FROM use")?;
    let one = |row: &rusqlite::Row<'_>| {
        let (crossing, day, slot, at, until) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Use { crossing, day, slot, at, until })
    };
    let uses = uses.query_map([], one)?.collect::<rusqlite::Result<_>>()?;
    Ok(Kept { keys, uses })
}

/// Erases what counts no more at a time in Unix seconds, and the keys of days of which nothing is left; days that
/// begin after `keep_from` keep theirs, as there may be uses to come. How many uses those were.
pub(crate) fn forget(db: &mut Connection, now: i64, keep_from: i64) -> rusqlite::Result<usize> {
    let due: i64 = db
        .prepare_cached(
            "SELECT (SELECT count(*) FROM use WHERE until < ?1)
             + (SELECT count(*) FROM use_key WHERE day < ?2 AND day NOT IN (SELECT day FROM use))",
        )?
        .query_row([now, keep_from], |row| row.get(0))?;
    if due == 0 {
        return Ok(0);
    }
    // What is erased is overwritten, as far as a file can say that to a card.
    db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    let erased = erase(db, now, keep_from);
    db.pragma_update_and_check(None, "secure_delete", false, |_| Ok(()))?;
    erased
}

fn erase(db: &mut Connection, now: i64, keep_from: i64) -> rusqlite::Result<usize> {
    let transaction = db.transaction()?;
    let erased = transaction.execute("DELETE FROM use WHERE until < ?1", [now])?;
    let keys = "DELETE FROM use_key WHERE day < ?1 AND day NOT IN (SELECT day FROM use)";
    transaction.execute(keys, [keep_from])?;
    transaction.commit()?;
    Ok(erased)
}

/// Takes over into a journal that is made anew what a damaged one still gives.
pub(crate) fn copy(old: &Connection, new: &Connection) -> rusqlite::Result<()> {
    let Kept { keys, uses } = kept(old)?;
    let key_of = |day: i64| keys.iter().find(|(of, _)| *of == day).map(|(_, key)| *key);
    for of in uses {
        if let Some(key) = key_of(of.day) {
            write(new, &Beside::Reserve { of, key })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
