//! Commands to boxes: numbered and signed here, sent by the running `serve` until the box has answered.

use ed25519_dalek::VerifyingKey;
use rusqlite::{Connection, OptionalExtension as _, params};
use wire::BoxId;
use wire::command::{Command, What};
use wire::sign::{Context, try_sign};

use crate::Error;
use crate::region::{Region, db, who};

/// Longest time a command may count, in seconds: a box that is away for longer is told anew.
pub const LONGEST: i64 = 30 * 86_400;

/// A command on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The box.
    pub name: BoxId,
    /// Its number.
    pub number: u64,
    /// As it is sent.
    pub signed: Vec<u8>,
}

/// A command in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The box.
    pub name: BoxId,
    /// Its number.
    pub number: u64,
    /// Stable name of what is to be done.
    pub what: String,
    /// Unix seconds.
    pub issued: i64,
    /// Unix seconds after which it counts no more.
    pub expires: i64,
    /// Who said so.
    pub by: String,
    /// Unix seconds when the box's answer was seen, and the answer: `done`, or the stable code of why not.
    pub answer: Option<(i64, String)>,
}

impl Region {
    /// Enters a command to a box for `seconds` from now on; its number. A running `serve` sends it.
    ///
    /// # Errors
    /// [`Error::Field`] for a box that is not known here or a time that cannot be, [`Error::Unsigned`] or what is
    /// wrong with the command key, [`Error::Database`].
    pub fn command(&self, name: &BoxId, what: What, seconds: i64, by: &str, now: i64) -> Result<u64, Error> {
        let by = who(by)?;
        if !(1..=LONGEST).contains(&seconds) {
            return Err(Error::field("time of a command", "must be 1s to 30d".to_owned()));
        }
        let known: Option<VerifyingKey> = self.box_key(name)?;
        if known.is_none() {
            return Err(Error::field("box", format!("{name} is not known here: `checkpoint-hq box list` shows them")));
        }
        let key = self.command_key()?;
        let failed = || Error::database("entering a command");
        self.books(|books| {
            let last = "SELECT coalesce(max(number), 0) FROM command WHERE name = ?1";
            let last: i64 = books.query_row(last, [name.as_str()], |row| row.get(0)).map_err(failed())?;
            let number = last.cast_unsigned() + 1;
            let (code, expires) = (what.code(), now.saturating_add(seconds));
            let command = Command { region: self.id().clone(), to: name.clone(), number, expires, what };
            let signed = try_sign(Context::Command, key.as_ref(), &wire::encode(&command))?;
            let sql = "INSERT INTO command (name, number, what, signed, issued, expires, by)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let row = params![name.as_str(), number.cast_signed(), code, signed, now, expires, by];
            books
                .execute(sql, row)
                .and_then(|_| db::audit(books, now, by, "command", &format!("{name} {number} {code}")))
                .map_err(failed())?;
            Ok(number)
        })
    }

    /// Commands that count and that their box has not answered, in the order of their numbers.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn commands_open(&self, now: i64) -> Result<Vec<Signed>, Error> {
        let sql = "SELECT name, number, signed FROM command WHERE answered IS NULL AND expires >= ?1
                   ORDER BY name, number";
        let open = |db: &Connection| -> rusqlite::Result<Vec<_>> {
            let mut query = db.prepare_cached(sql)?;
            query.query_map([now], |row| Ok((row.get::<_, String>(0)?, number(row, 1)?, row.get(2)?)))?.collect()
        };
        let open = open(&self.database()).map_err(Error::database("reading the commands"))?;
        // Nothing else was ever written there.
        let signed = |(name, number, signed): (String, _, _)| Some(Signed { name: name.parse().ok()?, number, signed });
        Ok(open.into_iter().filter_map(signed).collect())
    }

    /// A box has said what became of a command; the first word counts.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn answered(&self, name: &BoxId, number: u64, answer: &str, now: i64) -> Result<(), Error> {
        let sql = "UPDATE command SET answered = ?3, answer = ?4
                   WHERE name = ?1 AND number = ?2 AND answered IS NULL";
        self.database()
            .execute(sql, params![name.as_str(), number.cast_signed(), now, answer])
            .map(drop)
            .map_err(Error::database("noting an answer"))
    }

    /// The commands in the books, the newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn commands(&self, of: Option<&BoxId>) -> Result<Vec<Entered>, Error> {
        let sql = "SELECT name, number, what, issued, expires, by, answered, answer FROM command
                   WHERE ?1 IS NULL OR name = ?1 ORDER BY issued DESC, name, number DESC";
        let entered = |db: &Connection| -> rusqlite::Result<Vec<_>> {
            let mut query = db.prepare_cached(sql)?;
            let entered = |row: &rusqlite::Row<'_>| {
                let name: String = row.get(0)?;
                let answer = row.get::<_, Option<i64>>(6)?.zip(row.get(7)?);
                let (what, issued, expires, by) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
                let number = number(row, 1)?;
                // Nothing else was ever written there.
                Ok(name.parse().ok().map(|name| Entered { name, number, what, issued, expires, by, answer }))
            };
            query.query_map([of.map(BoxId::as_str)], entered)?.filter_map(Result::transpose).collect()
        };
        entered(&self.database()).map_err(Error::database("listing the commands"))
    }

    /// Notes in the audit which way of a conflict goes on.
    ///
    /// # Errors
    /// [`Error::Field`], [`Error::Database`].
    pub fn note_decision(&self, name: &BoxId, sequence: u64, keep: &str, by: &str, now: i64) -> Result<(), Error> {
        let by = who(by)?;
        db::audit(&self.database(), now, by, "conflict", &format!("{name} {sequence} {keep}"))
            .map_err(Error::database("noting a decision"))
    }

    /// The last report of a box: the command it answers, Unix seconds at HQ when it came, and its text.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn report(&self, name: &BoxId) -> Result<Option<(u64, i64, String)>, Error> {
        let sql = "SELECT number, came, text FROM report WHERE name = ?1";
        let db = self.database();
        // The collector makes the table; before it first ran there is no report.
        if !db.table_exists(None, "report").map_err(Error::database("looking for a report"))? {
            return Ok(None);
        }
        db.query_row(sql, [name.as_str()], |row| Ok((number(row, 0)?, row.get(1)?, row.get(2)?)))
            .optional()
            .map_err(Error::database("looking for a report"))
    }
}

/// Numbers stand there as signed ones and come back whole.
fn number(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

#[cfg(test)]
mod tests;
