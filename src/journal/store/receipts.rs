//! What a receipt does: it settles rows, and after a while they leave.
//!
//! How long rows stay is counted by sound wall time alone: a receipt that comes while the clock is carried
//! over or unknown is dated at the first sound time after it, and a date that lies in the future is set back
//! to now. So a wrong clock can only keep rows longer, except one that is sound and far ahead; and what goes
//! then is still in HQ's ledger. Where there is little room they leave with their receipt, by any clock.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use wire::WallTime;
use wire::row::Receipt;

use super::Journal;
use crate::chain::Place;
use crate::{Error, disk};

/// Most rows that leave at once: some milliseconds, so that no crossing waits long for it.
const MOST_PRUNED: u32 = 512;

impl Journal {
    /// Takes a receipt whose signature was checked; rows leave `keep` after theirs, some at each call.
    ///
    /// # Errors
    /// [`Error::Receipt`] when the row it names is not this journal's own; nothing is settled then.
    pub fn settle(&mut self, receipt: &Receipt, now: WallTime, keep: Duration) -> Result<(), Error> {
        let Receipt { epoch, sequence, chain, .. } = receipt;
        let named = Place { epoch: *epoch, sequence: *sequence, chain: *chain };
        if receipt.region != self.author.region || receipt.to != self.author.name {
            return Err(Error::Receipt);
        }
        let settled = disk::settled(&self.db).map_err(Error::read)?;
        let is_new = settled.is_none_or(|settled| named.sequence > settled.sequence);
        if is_new && self.own(&named)? != Some(named) {
            return Err(Error::Receipt);
        }
        // An old receipt again, of a row that may have left already, changes nothing, unless it contradicts.
        if !is_new && self.own(&named)?.is_some_and(|own| own != named) {
            return Err(Error::Receipt);
        }
        let new = is_new.then_some(&named);
        self.written(|journal| journal.settled(new, now, keep))
    }

    /// Lets rows leave, or a receipt come, with the reserve where there is no other room: both make room.
    fn written(&mut self, write: impl Fn(&mut Self) -> rusqlite::Result<()>) -> Result<(), Error> {
        let mut again = true;
        loop {
            let written = write(self).map_err(Error::write);
            if written.is_err() {
                (self.epoch, self.doubtful) = (None, true);
            }
            if !self.came_out(written.as_ref().err()) || !std::mem::take(&mut again) {
                return written;
            }
            self.look_again()?;
        }
    }

    /// Lets rows leave whose receipts are old enough; true when there are more. For when nobody waits.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn prune(&mut self, now: WallTime, keep: Duration) -> Result<bool, Error> {
        if prunable(&self.db, now, keep).map_err(Error::read)?.is_none() {
            return Ok(false);
        }
        self.written(|journal| journal.settled(None, now, keep))?;
        Ok(prunable(&self.db, now, keep).map_err(Error::read)?.is_some())
    }

    /// This journal's own row of that sequence.
    fn own(&self, named: &Place) -> Result<Option<Place>, Error> {
        let sequence = i64::try_from(named.sequence).map_err(|_| Error::Receipt)?;
        self.db.query_row(include_str!("../sql/place_of.sql"), [sequence], disk::place).optional().map_err(Error::read)
    }

    /// Writes a new receipt down and lets rows leave, in one transaction.
    fn settled(&mut self, new: Option<&Place>, now: WallTime, keep: Duration) -> rusqlite::Result<()> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(new) = new {
            disk::insert_receipt(&transaction, new, None)?;
        }
        if now.trust.is_sound() {
            transaction.execute(include_str!("../sql/date_receipts.sql"), [now.unix()])?;
        }
        if let Some(last) = prunable(&transaction, now, keep)? {
            disk::move_base(&transaction, &last)?;
            transaction.execute(include_str!("../sql/prune.sql"), [last.sequence.cast_signed()])?;
            transaction.execute("DELETE FROM alert WHERE sequence <= ?1", [last.sequence.cast_signed()])?;
            transaction.execute(include_str!("../sql/forget_receipts.sql"), [])?;
        }
        transaction.commit()?;
        self.commits += 1;
        Ok(())
    }
}

/// The highest row that may leave now. What is not kept at all needs no clock.
fn prunable(db: &Connection, now: WallTime, keep: Duration) -> rusqlite::Result<Option<Place>> {
    let since = match i64::try_from(keep.as_secs()).unwrap_or(i64::MAX) {
        0 => None,
        _ if !now.trust.is_sound() => return Ok(None),
        keep => Some(now.unix().saturating_sub(keep)),
    };
    let mut query = db.prepare_cached(include_str!("../sql/prunable.sql"))?;
    query.query_row(params![since, MOST_PRUNED], disk::place).optional()
}
