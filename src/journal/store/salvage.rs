//! A journal whose file is no sound database any more: saves what can be read and verified, and sets the
//! file aside for HQ. The box goes on; a roadside is no place to repair a database.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior, params};

use super::{lay_out_at, tail};
use crate::chain::{Author, Place, anchor, follow};
use crate::{Bounds, Error, disk};

/// What SQLite keeps beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Puts a journal of all sound rows in the place of a damaged one, which stays beside it under another name.
///
/// A power cut in the middle leaves the damaged files where they are, or under both names; the next start
/// begins anew.
pub(super) fn salvage(path: &Path, author: &Author, bounds: Bounds) -> Result<(), Error> {
    let fresh = with(path, ".new");
    for name in std::iter::once(fresh.clone()).chain(BESIDE.map(|suffix| with(&fresh, suffix))) {
        absent(fs::remove_file(name)).map_err(Error::open)?;
    }
    let mut new = lay_out_at(&fresh, bounds)?;
    let saved = copy(path, &mut new, author)?;
    // Everything into the one file that is renamed below.
    new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(Error::write)?;
    new.close().map_err(|(_, error)| Error::write(error))?;
    let aside = set_aside(path).map_err(Error::open)?;
    fs::rename(&fresh, path).and_then(|()| sync_folder(path)).map_err(Error::open)?;
    tracing::error!(saved, aside = %aside.display(), "a damaged journal is set aside for HQ");
    Ok(())
}

/// Copies base, receipts and the rows that verify; how many rows those were.
fn copy(path: &Path, new: &mut Connection, author: &Author) -> Result<usize, Error> {
    let transaction = new.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::write)?;
    let mut saved = Saved { rows: 0, head: Place::START, highest: None };
    // A file that does not even open has nothing to give. Neither has one with a broken table; what was read
    // before the break counts.
    if let Ok(old) = disk::connect_reader(path)
        && let Err(error) = saved.read(&old, &transaction, author)
    {
        tracing::warn!(%error, rows = saved.rows, "the damaged journal could be read no further");
    }
    // Sequences that were used in what cannot be read must not be used again.
    let found = saved.highest.unwrap_or(saved.head.sequence + tail::FAR) + 1;
    transaction
        .execute(include_str!("../sql/note_salvage.sql"), params![found.cast_signed()])
        .and_then(|_| transaction.commit())
        .map_err(Error::write)?;
    Ok(saved.rows)
}

struct Saved {
    rows: usize,
    head: Place,
    /// The highest sequence in the damaged table, if that can still be told.
    highest: Option<u64>,
}

impl Saved {
    fn read(&mut self, old: &Connection, new: &Connection, author: &Author) -> rusqlite::Result<()> {
        let highest = disk::last(old);
        let base = disk::base(old);
        let settled = disk::settled(old);
        if let Ok(Some(settled)) = settled {
            disk::insert_receipt(new, &settled, None)?;
        }
        if let Ok(base) = base
            && base != Place::START
        {
            disk::move_base(new, &base)?;
            self.head = base;
        }
        let mut query = old.prepare(include_str!("../sql/rows_from.sql"))?;
        let mut rows = query.query([0])?;
        while let Some(row) = rows.next()? {
            let row = disk::row(row)?;
            if self.rows == 0
                && follow(&self.head, &row, author).is_err()
                && let Some(before) = anchor(&row, author)
            {
                // The base is lost: this row says itself what it follows.
                disk::move_base(new, &before)?;
                self.head = before;
            }
            match follow(&self.head, &row, author) {
                Ok(place) => self.head = place,
                Err(_) if self.rows == 0 => continue,
                Err(_) => break,
            }
            disk::insert(new, &row)?;
            self.rows += 1;
        }
        drop(rows);
        // A pass that was used up stays used up.
        crate::uses::copy(old, new)?;
        self.highest = highest?
            .filter(|highest| (self.head.sequence..=self.head.sequence.saturating_add(tail::FAR)).contains(highest));
        Ok(())
    }
}

/// Gives the damaged files another name; the folder keeps both names until the old one is taken.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    let aside = loop {
        let aside = with(path, &format!(".damaged-{number}"));
        match fs::hard_link(path, &aside) {
            Ok(()) => break aside,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    };
    for suffix in BESIDE {
        absent(fs::rename(with(path, suffix), with(&aside, suffix)))?;
    }
    sync_folder(path)?;
    Ok(aside)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => fs::File::open(".")?.sync_all(),
    }
}

fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(super) fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
