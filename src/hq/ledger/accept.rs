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
//! | cannot be read, or does not hold, with more such behind it, until one that the box has signed | kept; the head moves on to what was signed, and a hole is noted for what cannot be read |
//! | does not hold, and nothing holds on to it | broken: kept; the rest of the batch is left |
//! | is above the head and does not follow it | a gap; the rest of the batch is left |

use journal::chain::{self, Author, Fault, Place};
use journal::{Checkpoint, Opening};
use wire::row::{Row, RowKind};

use super::books::{Beside, Books};
use super::{Accepted, Gap};
use crate::collect::Poison;

pub(super) fn accept(
    books: &Books<'_>,
    author: &Author,
    head: Place,
    rows: &[Row],
    poison: &[Poison],
) -> rusqlite::Result<Accepted> {
    for Poison { sequence, bytes } in poison {
        books.put_poison_aside(*sequence, bytes)?;
    }
    let mut intake = Taking { books, author, head, poison, accepted: Accepted::default() };
    let mut over = 0;
    for (index, row) in rows.iter().enumerate() {
        // Damaged, and taken with what holds on to it.
        if row.sequence <= over {
            continue;
        }
        let goes_on = if row.sequence <= intake.head.sequence {
            intake.past(row)?;
            true
        } else {
            let goes_on = intake.next(row, &rows[index..])?;
            over = intake.head.sequence;
            goes_on
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
    poison: &'a [Poison],
    accepted: Accepted,
}

impl Taking<'_> {
    /// A row above the head, the first of these. False when nothing behind it can be judged.
    fn next(&mut self, row: &Row, rows: &[Row]) -> rusqlite::Result<bool> {
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
        if let Some((damaged, place)) = self.held(rows) {
            self.pass_over(&rows[..damaged], place, fault)?;
            // What holds on to them is judged next, unless that is how this one was found.
            return if damaged == 0 { self.next(row, rows) } else { Ok(true) };
        }
        if row.sequence > after + 1 {
            self.accepted.gap = Some(Gap { after, found: row.sequence });
            return Ok(false);
        }
        self.put_aside(row, Beside::Broken)?;
        Ok(false)
    }

    /// Takes damaged rows, marked, and goes on behind them.
    fn pass_over(&mut self, damaged: &[Row], place: Place, fault: Fault) -> rusqlite::Result<()> {
        let mut last = self.head.sequence;
        for row in damaged {
            self.books.insert(row, Some(fault.code()))?;
            self.note_missing(last, row.sequence)?;
            last = row.sequence;
        }
        self.note_missing(last, place.sequence + 1)?;
        self.accepted.new += damaged.len() as u64;
        self.accepted.damaged += damaged.len() as u64;
        self.head = place;
        Ok(())
    }

    /// What stood between two rows could not be read.
    fn note_missing(&self, after: u64, before: u64) -> rusqlite::Result<()> {
        if before > after + 1 { self.books.note_hole(after, before) } else { Ok(()) }
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

    /// How many of these rows, the first of which does not hold, are to be passed over, and the place behind them.
    ///
    /// Whatever was flipped in one row, the hash it states or the one its content has is whole, and the next row
    /// was linked to it. Within an open epoch that is as much as holds any entry. Over more than one row, over what
    /// cannot be read, and into another epoch only the box's own signature leads: a signed row that is reached
    /// without a break, and that must be in the same batch.
    fn held(&self, rows: &[Row]) -> Option<(usize, Place)> {
        (0..rows.len()).find_map(|damaged| {
            let is_whole = self.is_whole(&rows[..damaged], rows[damaged].sequence);
            Some((damaged, is_whole.then(|| self.place_before(rows, damaged)).flatten()?))
        })
    }

    /// Whether everything from the head to a row was in this batch, readable or not. What was not may still come.
    fn is_whole(&self, rows: &[Row], before: u64) -> bool {
        let between = |sequence: u64| sequence > self.head.sequence && sequence < before;
        let poison = self.poison.iter().filter(|poison| between(poison.sequence)).count();
        (rows.len() + poison) as u64 == before - self.head.sequence - 1
    }

    /// The place before a row, if that can be told by it and by what is around it.
    fn place_before(&self, rows: &[Row], index: usize) -> Option<Place> {
        let (row, after) = (&rows[index], self.head.sequence);
        if let Some(place) = chain::anchor(row, self.author) {
            return (place.sequence > after && place.sequence + 1 == row.sequence).then_some(place);
        }
        let before = rows[..index].last().filter(|before| before.sequence + 1 == row.sequence)?;
        let is_next = before.sequence == after + 1;
        let by_content = is_next.then(|| chain::link(&self.head.chain, before));
        let place = [Some(before.chain), by_content]
            .into_iter()
            .flatten()
            .map(|hash| Place { epoch: row.epoch, sequence: before.sequence, chain: hash })
            .find(|place| self.holds(place, row))?;
        let vouched = (is_next && row.epoch == self.head.epoch) || {
            let behind = &rows[index..];
            let signed = behind.iter().find(|row| row.kind != RowKind::Entry)?;
            let mut last = place;
            for row in behind.iter().take_while(|row| row.sequence < signed.sequence) {
                last = chain::follow(&last, row, self.author).ok()?;
            }
            row.epoch.counter >= self.head.epoch.counter && chain::anchor(signed, self.author) == Some(last)
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
