//! What becomes of each row of a batch.
//!
//! | the row | becomes |
//! |---|---|
//! | follows the head | new; the head moves on |
//! | is an opening that goes on from an earlier row of the chain, above the head | new, and a hole is noted |
//! | is here, byte for byte | a repeat |
//! | is here, damaged, and comes sound | put in its place |
//! | is not above the head, and follows a row of the chain that goes on otherwise | a fork: kept, a conflict |
//! | follows a row of a fork | a fork: kept |
//! | is here but for its MAC, which the chain does not cover | damaged: kept |
//! | is not above the head, follows a row of the chain, and its place is a hole | late: kept |
//! | does not hold, but what is behind it holds on to it | new, marked as damaged; the head moves on |
//! | does not hold, and nothing holds on to it | broken: kept; the rest of the batch is left |
//! | is above the head and does not follow it | a gap; the rest of the batch is left |

use journal::chain::{self, Author, Fault, Place};
use journal::{Checkpoint, Opening};
use wire::row::{Row, RowKind};

use super::books::{Beside, Books};
use super::{Accepted, Gap};

pub(super) fn accept(books: &Books<'_>, author: &Author, head: Place, rows: &[Row]) -> rusqlite::Result<Accepted> {
    let mut intake = Taking { books, author, head, accepted: Accepted::default() };
    for (index, row) in rows.iter().enumerate() {
        let goes_on = if row.sequence <= intake.head.sequence {
            intake.past(row)?;
            true
        } else {
            intake.next(row, &rows[index + 1..])?
        };
        if !goes_on {
            break;
        }
    }
    let Taking { head, mut accepted, .. } = intake;
    books.move_head(&head, accepted.new)?;
    if head.sequence > 0 && !books.in_conflict()? {
        accepted.receipt_up_to = Some(head);
    }
    Ok(accepted)
}

struct Taking<'a> {
    books: &'a Books<'a>,
    author: &'a Author,
    head: Place,
    accepted: Accepted,
}

impl Taking<'_> {
    /// A row above the head. False when nothing behind it can be judged.
    fn next(&mut self, row: &Row, behind: &[Row]) -> rusqlite::Result<bool> {
        let after = self.head.sequence;
        let fault = match chain::follow(&self.head, row, self.author) {
            Ok(place) => return self.take(row, place, after).map(|()| true),
            Err(Fault::Elsewhere(other)) if other.sequence <= after && self.books.knows(&other)? => {
                // What stood between is here or not, but the box no longer has it.
                return self.take(row, Place::of(row), other.sequence).map(|()| true);
            }
            Err(fault) => fault,
        };
        if let Some(beside) = self.follows_beside(row)? {
            self.put_aside(row, beside)?;
            return Ok(true);
        }
        if row.sequence > after + 1 {
            self.accepted.gap = Some(Gap { after, found: row.sequence });
            return Ok(false);
        }
        if let Some(place) = self.held_by(row, behind) {
            self.books.insert(row, Some(fault.code()))?;
            self.accepted.new += 1;
            self.accepted.damaged += 1;
            self.head = place;
            return Ok(true);
        }
        self.put_aside(row, Beside::Broken)?;
        Ok(false)
    }

    fn take(&mut self, row: &Row, place: Place, after: u64) -> rusqlite::Result<()> {
        self.books.insert(row, None)?;
        if row.sequence > after + 1 {
            self.books.note_hole(after, row.sequence)?;
        }
        self.accepted.new += 1;
        self.head = place;
        Ok(())
    }

    /// The place of a damaged row, when what is behind it holds on to it.
    ///
    /// Whatever was flipped, the hash the row states or the one its content has is whole, and the next row was
    /// linked to it. Within an open epoch that is as much as holds any entry. Into another epoch only the box's
    /// own signature leads: the first signed row behind, which must be in the same batch.
    fn held_by(&self, row: &Row, behind: &[Row]) -> Option<Place> {
        let next = behind.first()?;
        if let Some(place) = chain::anchor(next, self.author) {
            return (place.sequence == row.sequence).then_some(place);
        }
        let place = [row.chain, chain::link(&self.head.chain, row)]
            .map(|hash| Place { epoch: next.epoch, sequence: row.sequence, chain: hash })
            .into_iter()
            .find(|place| self.holds(place, next))?;
        let vouched = next.epoch == self.head.epoch || {
            let signed = behind.iter().find(|row| row.kind != RowKind::Entry)?;
            let mut last = place;
            for row in behind.iter().take_while(|row| row.sequence < signed.sequence) {
                last = chain::follow(&last, row, self.author).ok()?;
            }
            next.epoch.counter > self.head.epoch.counter && chain::anchor(signed, self.author) == Some(last)
        };
        vouched.then_some(place)
    }

    /// A row that is not above the head.
    fn past(&mut self, row: &Row) -> rusqlite::Result<()> {
        let here = self.books.at(row.sequence)?;
        if let Some(here) = &here {
            if here.row == *row {
                self.accepted.repeats += 1;
                return Ok(());
            }
            if here.fault.is_some() && self.follows_chain(row)? {
                self.books.heal(row)?;
                self.accepted.repeats += 1;
                return Ok(());
            }
        }
        let same_but_for_the_mac = here.as_ref().is_some_and(|here| here.row.chain == row.chain);
        if !same_but_for_the_mac && self.follows_chain(row)? {
            if here.is_none() {
                return self.put_aside(row, Beside::Late);
            }
            self.books.raise_conflict(row.sequence)?;
            return self.put_aside(row, Beside::Fork);
        }
        let beside = self.follows_beside(row)?.unwrap_or(Beside::Broken);
        self.put_aside(row, beside)
    }

    fn put_aside(&mut self, row: &Row, why: Beside) -> rusqlite::Result<()> {
        let is_new = self.books.put_aside(row, why)?;
        match why {
            Beside::Fork if is_new => self.accepted.forks += 1,
            Beside::Fork | Beside::Late => self.accepted.repeats += 1,
            Beside::Broken => self.accepted.damaged += 1,
        }
        Ok(())
    }

    /// Whether a row holds after a row of the chain.
    fn follows_chain(&self, row: &Row) -> rusqlite::Result<bool> {
        let before = match says_after(row, self.author) {
            Some(after) => return Ok(self.books.knows(&after)? && self.holds(&after, row)),
            None if row.sequence <= 1 => Place::START,
            None => match self.books.before(row.sequence)? {
                Some(before) => Place::of(&before.row),
                None => return Ok(false),
            },
        };
        Ok(self.holds(&before, row))
    }

    /// Whether a row holds after one that is kept beside the chain, and which kind that is.
    fn follows_beside(&self, row: &Row) -> rusqlite::Result<Option<Beside>> {
        let sequence = match says_after(row, self.author) {
            Some(after) => after.sequence,
            None => row.sequence.saturating_sub(1),
        };
        let beside = self.books.beside_at(sequence)?;
        Ok(beside.into_iter().find(|(place, _)| self.holds(place, row)).map(|(_, why)| why))
    }

    fn holds(&self, place: &Place, row: &Row) -> bool {
        chain::follow(place, row, self.author).is_ok()
    }
}

/// The place a signed row says it goes on from.
fn says_after(row: &Row, author: &Author) -> Option<Place> {
    match row.kind {
        RowKind::Opening => Opening::verified(row, author).map(|opening| opening.after),
        RowKind::Checkpoint => Checkpoint::verified(row, author).map(|checkpoint| checkpoint.head),
        RowKind::Entry => None,
    }
}
