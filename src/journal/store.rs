//! The journal on disk.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension as _, params};
use wire::entry::Entry;
use wire::row::{EpochId, HASH, Receipt, Row, RowKind};
use wire::sign::{Context, Signer};
use wire::{BoxId, RegionId, WallTime};

use crate::epoch::Epoch;
use crate::{Checkpoint, Error, Opening, chain};

/// Most pages of the database: 4 GiB at 4 KiB each, months of rows without a line.
const MOST_PAGES: u32 = 1 << 20;

/// Entries after which a checkpoint is written.
const CHECKPOINT_ENTRIES: u32 = 64;

/// Time after which a checkpoint is written, if there is anything new.
const CHECKPOINT_TIME: Duration = Duration::from_secs(60);

/// Who writes, and for whom.
#[derive(Clone)]
pub struct Identity {
    /// The region.
    pub region: RegionId,
    /// The box.
    pub name: BoxId,
    /// Signs openings and checkpoints.
    pub signer: Arc<dyn Signer + Send + Sync>,
    /// HQ's X25519 key.
    pub sealing_key: [u8; 32],
}

/// The journal of one box, open for writing.
pub struct Journal {
    db: Connection,
    identity: Identity,
    boot: [u8; 8],
    /// Sequence and chain hash of the last durable row.
    head: (u64, [u8; HASH]),
    last_epoch: u64,
    epoch: Option<Epoch>,
    unsigned: u32,
    signed: Instant,
    /// Held for as long as the journal is open: two writers would fork the chain.
    _lock: File,
}

impl Journal {
    /// Opens or begins a journal. A damaged tail is set aside, and the next epoch names the last good row.
    ///
    /// # Errors
    /// [`Error::Open`], also when another process has it.
    pub fn open(path: &Path, identity: Identity) -> Result<Self, Error> {
        let cannot = |error: std::io::Error| Error::Open(Arc::new(error));
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.with_extension("lock"))
            .map_err(cannot)?;
        lock.try_lock().map_err(|error| cannot(error.into()))?;
        let db = connect(path)?;
        db.execute_batch(include_str!("sql/schema.sql")).map_err(opening)?;
        let mut boot = [0; 8];
        getrandom::fill(&mut boot).map_err(|_| Error::Random)?;
        let mut journal = Self {
            db,
            identity,
            boot,
            head: (0, chain::START),
            last_epoch: 0,
            epoch: None,
            unsigned: 0,
            signed: Instant::now(),
            _lock: lock,
        };
        journal.find_head()?;
        Ok(journal)
    }

    /// Makes entries durable; returns the sequence of the last one when they are on the disk.
    ///
    /// # Errors
    /// [`Error::Write`]: none of them is acknowledged, and the next append begins a new epoch.
    pub fn append(&mut self, entries: &[Entry], now: WallTime) -> Result<u64, Error> {
        self.write(entries, now).inspect_err(|_| self.epoch = None)
    }

    fn write(&mut self, entries: &[Entry], now: WallTime) -> Result<u64, Error> {
        let mut rows = Vec::with_capacity(entries.len() + 2);
        let mut head = self.head;
        let mut unsigned = self.unsigned;
        for entry in entries {
            if self.epoch.as_ref().is_none_or(Epoch::is_spent) {
                let epoch = self.last_epoch + 1;
                self.open_epoch(epoch, &mut head, &mut rows)?;
            }
            let epoch = self.epoch.as_mut().expect("an epoch was just opened");
            let body = epoch.seal(wire::encode(entry), head.0 + 1, &head.1)?;
            add(epoch, self.boot, RowKind::Entry, body, &mut head, &mut rows);
            unsigned += 1;
            if unsigned >= CHECKPOINT_ENTRIES {
                checkpoint(&self.identity, epoch, self.boot, now, &mut head, &mut rows);
                unsigned = 0;
            }
        }
        self.commit(&rows)?;
        if unsigned < self.unsigned + entries.len() as u32 {
            self.signed = Instant::now();
        }
        (self.head, self.unsigned) = (head, unsigned);
        Ok(head.0)
    }

    /// Signs what is new, when it is time.
    ///
    /// # Errors
    /// [`Error::Write`]; the next append begins a new epoch.
    pub fn turn(&mut self, now: WallTime) -> Result<(), Error> {
        if self.unsigned == 0 || self.signed.elapsed() < CHECKPOINT_TIME {
            return Ok(());
        }
        let Some(epoch) = self.epoch.as_mut() else { return Ok(()) };
        let (mut head, mut rows) = (self.head, Vec::with_capacity(1));
        checkpoint(&self.identity, epoch, self.boot, now, &mut head, &mut rows);
        self.commit(&rows).inspect_err(|_| self.epoch = None)?;
        (self.head, self.unsigned, self.signed) = (head, 0, Instant::now());
        Ok(())
    }

    fn open_epoch(&mut self, counter: u64, head: &mut (u64, [u8; HASH]), rows: &mut Vec<Row>) -> Result<(), Error> {
        let Identity { region, name, signer, sealing_key } = &self.identity;
        let mut epoch = Epoch::open(counter, region, name, sealing_key)?;
        let opening = Opening {
            region: region.clone(),
            name: name.clone(),
            epoch: counter,
            sequence: head.0 + 1,
            previous: head.1,
            encapsulated: epoch.encapsulated,
            sealed_to: *sealing_key,
            mac_key: std::mem::take(&mut epoch.sealed_mac_key),
        };
        let body = wire::sign::sign(Context::JournalCheckpoint, signer.as_ref(), &wire::encode(&opening));
        add(&mut epoch, self.boot, RowKind::Opening, body, head, rows);
        // Spent even if this is never committed: a number is not used twice.
        self.last_epoch = counter;
        self.epoch = Some(epoch);
        Ok(())
    }

    /// One transaction, one fsync.
    fn commit(&mut self, rows: &[Row]) -> Result<(), Error> {
        let failed = |error| Error::Write(Arc::new(error));
        let transaction = self.db.transaction().map_err(failed)?;
        {
            let mut append = transaction.prepare_cached(include_str!("sql/append.sql")).map_err(failed)?;
            for row in rows {
                append
                    .execute(params![
                        row.sequence.cast_signed(),
                        row.epoch.counter.cast_signed(),
                        row.epoch.nonce,
                        row.boot,
                        kind_number(row.kind),
                        row.body,
                        row.chain,
                        row.mac
                    ])
                    .map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    /// Takes a receipt whose signature was checked; rows leave `keep` after theirs.
    ///
    /// # Errors
    /// [`Error::Receipt`] when the hash is not this journal's own; nothing is pruned then.
    pub fn settle(&mut self, receipt: &Receipt, now: WallTime, keep: Duration) -> Result<(), Error> {
        let failed = |error| Error::Write(Arc::new(error));
        let own: Option<[u8; HASH]> = self
            .db
            .query_row(
                "SELECT chain FROM row WHERE sequence = ?1 AND epoch_counter = ?2 AND epoch_nonce = ?3",
                params![receipt.sequence.cast_signed(), receipt.epoch.counter.cast_signed(), receipt.epoch.nonce],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| Error::Read(Arc::new(error)))?;
        match own {
            Some(chain) if chain == receipt.chain => {}
            // Pruned already: an old receipt again.
            None if self.settled()? >= receipt.sequence => return Ok(()),
            _ => return Err(Error::Receipt),
        }
        let keep = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
        let transaction = self.db.transaction().map_err(failed)?;
        let at = now.unix();
        transaction
            .execute(
                "INSERT OR IGNORE INTO receipt (sequence, at) VALUES (?1, ?2)",
                params![receipt.sequence.cast_signed(), at],
            )
            .and_then(|_| transaction.execute(include_str!("sql/prune.sql"), [at.saturating_sub(keep)]))
            .and_then(|_| {
                // Of receipts whose rows are gone only the newest says anything.
                transaction.execute(
                    "DELETE FROM receipt WHERE at <= ?1 AND sequence < (SELECT max(sequence) FROM receipt)",
                    [at.saturating_sub(keep)],
                )
            })
            .map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    /// A disk of so many pages.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        self.db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    }

    fn settled(&self) -> Result<u64, Error> {
        settled(&self.db)
    }

    /// Checks the tail again, sets aside what is damaged, and finds where to go on.
    fn find_head(&mut self) -> Result<(), Error> {
        let tail = rows(&self.db, include_str!("sql/tail.sql"), params![])?;
        let before: Option<(u64, [u8; HASH])> = match tail.first() {
            Some(first) => self
                .db
                .query_row(
                    "SELECT sequence, chain FROM row WHERE sequence < ?1 ORDER BY sequence DESC LIMIT 1",
                    [first.sequence.cast_signed()],
                    |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)),
                )
                .optional()
                .map_err(|error| Error::Read(Arc::new(error)))?,
            None => None,
        };
        // Without a row before it (the beginning, or pruned) the first signed row stands for itself.
        let begins = tail.first().is_some_and(|first| first.sequence == 1).then_some((chain::START, 0));
        let previous = before.map(|(sequence, chain)| (chain, sequence)).or(begins);
        let sound = chain::sound_prefix(previous.as_ref().map(|(chain, sequence)| (chain, *sequence)), &tail);
        self.last_epoch = self
            .db
            .query_row("SELECT coalesce(max(epoch_counter), 0) FROM row", [], |row| row.get::<_, i64>(0))
            .map_err(|error| Error::Read(Arc::new(error)))?
            .cast_unsigned();
        if sound < tail.len() {
            self.quarantine(&tail[sound..])?;
        }
        self.head = match tail[..sound].last() {
            Some(row) => (row.sequence, row.chain),
            None => previous.map_or((0, chain::START), |(chain, sequence)| (sequence, chain)),
        };
        Ok(())
    }

    fn quarantine(&mut self, damaged: &[Row]) -> Result<(), Error> {
        tracing::error!(
            rows = damaged.len(),
            from = damaged[0].sequence,
            "a damaged tail of the journal is set aside for HQ"
        );
        let failed = |error| Error::Write(Arc::new(error));
        let found = (self.last_epoch + 1).cast_signed();
        let transaction = self.db.transaction().map_err(failed)?;
        for row in damaged {
            let sequence = row.sequence.cast_signed();
            transaction
                .execute("INSERT INTO quarantine VALUES (?1, ?2, ?3)", params![found, sequence, wire::encode(row)])
                .and_then(|_| transaction.execute("DELETE FROM row WHERE sequence = ?1", [sequence]))
                .map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}

/// Adds a row after the head.
fn add(
    epoch: &mut Epoch,
    boot: [u8; 8],
    kind: RowKind,
    body: Vec<u8>,
    head: &mut (u64, [u8; HASH]),
    rows: &mut Vec<Row>,
) {
    let mut row = Row { epoch: epoch.id, sequence: head.0 + 1, boot, kind, body, chain: [0; HASH], mac: [0; HASH] };
    row.chain = chain::link(&head.1, &row);
    row.mac = epoch.mac(&row.chain);
    *head = (row.sequence, row.chain);
    rows.push(row);
}

fn checkpoint(
    who: &Identity,
    epoch: &mut Epoch,
    boot: [u8; 8],
    at: WallTime,
    head: &mut (u64, [u8; HASH]),
    rows: &mut Vec<Row>,
) {
    let statement = Checkpoint {
        region: who.region.clone(),
        name: who.name.clone(),
        epoch: epoch.id.counter,
        sequence: head.0,
        chain: head.1,
        at,
    };
    let body = wire::sign::sign(Context::JournalCheckpoint, who.signer.as_ref(), &wire::encode(&statement));
    add(epoch, boot, RowKind::Checkpoint, body, head, rows);
}

const fn kind_number(kind: RowKind) -> i64 {
    match kind {
        RowKind::Opening => 0,
        RowKind::Entry => 1,
        RowKind::Checkpoint => 2,
    }
}

fn opening(error: rusqlite::Error) -> Error {
    Error::Open(Arc::new(error))
}

/// A connection, bounded like a device resource.
pub(crate) fn connect(path: &Path) -> Result<Connection, Error> {
    let db = Connection::open(path).map_err(opening)?;
    db.busy_timeout(Duration::from_secs(5)).map_err(opening)?;
    for (pragma, value) in [
        ("journal_mode", "WAL".to_owned()),
        ("synchronous", "FULL".to_owned()),
        ("max_page_count", MOST_PAGES.to_string()),
        ("journal_size_limit", (4 << 20).to_string()),
        ("wal_autocheckpoint", "1000".to_owned()),
    ] {
        db.pragma_update_and_check(None, pragma, value, |_| Ok(())).or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            other => Err(opening(other)),
        })?;
    }
    Ok(db)
}

/// Rows of a query over all columns.
pub(crate) fn rows(db: &Connection, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<Row>, Error> {
    let failed = |error| Error::Read(Arc::new(error));
    let mut query = db.prepare_cached(sql).map_err(failed)?;
    let found = query
        .query_map(parameters, |row| {
            Ok(Row {
                sequence: row.get::<_, i64>(0)?.cast_unsigned(),
                epoch: EpochId { counter: row.get::<_, i64>(1)?.cast_unsigned(), nonce: row.get(2)? },
                boot: row.get(3)?,
                kind: match row.get(4)? {
                    0i64 => RowKind::Opening,
                    1 => RowKind::Entry,
                    _ => RowKind::Checkpoint,
                },
                body: row.get(5)?,
                chain: row.get(6)?,
                mac: row.get(7)?,
            })
        })
        .map_err(failed)?;
    found.collect::<Result<_, _>>().map_err(failed)
}

pub(crate) fn settled(db: &Connection) -> Result<u64, Error> {
    db.query_row("SELECT coalesce(max(sequence), 0) FROM receipt", [], |row| row.get::<_, i64>(0))
        .map(i64::cast_unsigned)
        .map_err(|error| Error::Read(Arc::new(error)))
}

/// What checking a whole journal found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Rows there.
    pub rows: usize,
    /// Of them, from the first, those that follow each other without a fault.
    pub sound: usize,
    /// Sequence of the last row covered by a receipt.
    pub settled: u64,
    /// Rows that were set aside.
    pub quarantined: u64,
}

/// Checks the chain of a whole journal, without a key.
///
/// # Errors
/// [`Error::Open`] or [`Error::Read`].
pub fn verify(path: &Path) -> Result<Report, Error> {
    let db = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(opening)?;
    let rows = rows(&db, include_str!("sql/rows_after.sql"), params![0, i64::MAX])?;
    let begins = rows.first().is_some_and(|first| first.sequence == 1);
    let quarantined = db
        .query_row("SELECT count(*) FROM quarantine", [], |row| row.get::<_, i64>(0))
        .map_err(|error| Error::Read(Arc::new(error)))?;
    Ok(Report {
        sound: chain::sound_prefix(begins.then_some((&chain::START, 0)), &rows),
        rows: rows.len(),
        settled: settled(&db)?,
        quarantined: quarantined.cast_unsigned(),
    })
}
