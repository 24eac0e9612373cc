//! A write-ahead log that breaks off before its end.
//!
//! SQLite takes a log as far as its checksums hold and forgets the rest. After a power cut in the middle of a commit
//! that is right: nobody has been told of what was under way. But one flipped byte would cost acknowledged rows without
//! a word, and their numbers would be given again. So the log is looked at before SQLite does. One that breaks off is
//! kept for HQ, and rows behind the break that follow the head are taken back: a page is written anew with every row
//! that comes onto it, so most stand there more than once.
//!
//! A log that was cut exactly behind a commit looks like an earlier one, and one that was cut between two pages like one
//! whose power went in the middle of a commit. Nothing on the box can tell; HQ's heads can.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};
use wire::row::Row;

use super::Tail;
use super::salvage::with;
use super::tail::FAR;
use crate::chain::{Author, follow};
use crate::{Error, disk};

mod page;

/// Bytes of the log's header, and of a frame's before its page (SQLite's file format, §4).
const HEADER: usize = 32;
const FRAME: usize = 24;

/// First word of a log, but for its last bit: whether checksums are taken over big-endian words.
const MAGIC: u32 = 0x377f_0682;

/// What SQLite will not take of a log.
pub(super) struct Torn {
    /// Rows that can be read there, in the order in which they were written.
    rows: Vec<Row>,
}

impl Torn {
    /// What the log of a journal will lose; none when it is whole, or there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let log = with(path, "-wal");
        let bytes = fs::read(&log).ok()?;
        let rows = behind_the_break(&bytes)?;
        // One is kept, the newest: a box whose power goes often must not fill its card with what never was.
        let aside = with(path, ".torn-wal");
        match fs::copy(&log, &aside) {
            Ok(_) => tracing::error!(rows = rows.len(), aside = %aside.display(), "the log breaks off; it is kept"),
            Err(error) => tracing::error!(rows = rows.len(), %error, "the log breaks off, and cannot be kept"),
        }
        Some(Self { rows })
    }

    /// Takes back the rows that follow the head, and leaves out the numbers of all others.
    pub(super) fn take_back(self, db: &mut Connection, tail: &mut Tail, author: &Author) -> Result<(), Error> {
        let mut back = Vec::new();
        // Those of the last frames first: what came later was written when the earlier was long whole.
        while let Some(found) =
            self.rows.iter().rev().find_map(|row| Some((row, follow(&tail.head, row, author).ok()?)))
        {
            tail.head = found.1;
            back.push(found.0);
        }
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::write)?;
        back.iter()
            .try_for_each(|row| disk::insert(&transaction, row))
            .and_then(|()| transaction.commit())
            .map_err(Error::write)?;
        let near = |number: u64, to: u64| number <= to.saturating_add(FAR);
        for row in &self.rows {
            if near(row.sequence, tail.head.sequence) && near(row.epoch.counter, tail.head.epoch.counter) {
                tail.next = tail.next.max(row.sequence + 1);
                tail.last_epoch = tail.last_epoch.max(row.epoch.counter);
            }
        }
        tail.next = tail.next.max(tail.head.sequence + 1);
        tracing::error!(rows = back.len(), "rows were taken back from a log that breaks off");
        Ok(())
    }
}

/// The rows behind the last frame that SQLite takes of a log, if the log goes on there.
fn behind_the_break(log: &[u8]) -> Option<Vec<Row>> {
    // Made, and nothing was written yet.
    if log.iter().all(|byte| *byte == 0) {
        return None;
    }
    let Some(header) = Header::of(log) else {
        // Nothing of it is taken; its pages are of the size that this journal has.
        let frames = log.get(HEADER..).unwrap_or_default().chunks(FRAME + disk::PAGE as usize);
        return Some(frames.flat_map(|frame| page::rows(frame.get(FRAME..).unwrap_or_default())).collect());
    };
    let size = FRAME + header.page;
    let (mut sums, mut commit, mut end) = (header.sums, HEADER, HEADER);
    for frame in log[HEADER..].chunks_exact(size) {
        let [page, after, salt_1, salt_2, sum_1, sum_2] = words(frame);
        sums = header.sum(header.sum(sums, &frame[..8]), &frame[FRAME..]);
        if page == 0 || [salt_1, salt_2] != header.salts || [sum_1, sum_2] != sums {
            break;
        }
        end += size;
        if after != 0 {
            commit = end;
        }
    }
    // Further on stand frames from before the log began anew, which have other salts, or nothing. One flipped byte
    // leaves one of the two salts whole. A commit that was under way when the process died has no frame behind it.
    let is_own = |frame: &[u8]| {
        let [_, _, salt_1, salt_2, ..] = words(frame);
        frame.len() < FRAME || salt_1 == header.salts[0] || salt_2 == header.salts[1]
    };
    if !log[end..].chunks(size).any(is_own) {
        return None;
    }
    let own = log[commit..].chunks(size).filter(|frame| frame.len() > FRAME && is_own(frame));
    Some(own.flat_map(|frame| page::rows(&frame[FRAME..])).collect())
}

/// The header of a log.
struct Header {
    page: usize,
    salts: [u32; 2],
    is_big: bool,
    sums: [u32; 2],
}

impl Header {
    /// A header as SQLite takes it.
    fn of(log: &[u8]) -> Option<Self> {
        let [magic, _version, page, _number, salt_1, salt_2] = words(log.get(..HEADER)?);
        let header = Self { page: page as usize, salts: [salt_1, salt_2], is_big: magic & 1 == 1, sums: [0; 2] };
        let sums = header.sum([0; 2], &log[..24]);
        let [sum_1, sum_2, ..] = words(&log[24..HEADER]);
        let is_sound = magic & !1 == MAGIC && page.is_power_of_two() && page >= 512 && [sum_1, sum_2] == sums;
        is_sound.then_some(Self { sums, ..header })
    }

    /// SQLite's checksum, continued.
    fn sum(&self, [mut a, mut b]: [u32; 2], bytes: &[u8]) -> [u32; 2] {
        for pair in bytes.chunks_exact(8) {
            let [x, y, ..] = words(pair);
            let [x, y] = if self.is_big { [x, y] } else { [x.swap_bytes(), y.swap_bytes()] };
            a = a.wrapping_add(x).wrapping_add(b);
            b = b.wrapping_add(y).wrapping_add(a);
        }
        [a, b]
    }
}

/// The first words, big-endian; what is not there counts as zero.
fn words(bytes: &[u8]) -> [u32; 6] {
    let mut words = [0; 6];
    for (word, four) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_be_bytes([four[0], four[1], four[2], four[3]]);
    }
    words
}
