//! The journal as its one writer has it.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use wire::entry::Entry;
use wire::row::RowKind;
use wire::sign::Signer;
use wire::{BoxId, RegionId, WallTime};

use crate::chain::{Author, Place};
use crate::epoch::{Epoch, wipe_stack};
use crate::uses::{self, Hook, Kept};
use crate::{Bounds, Checkpoint, Error, Opening, disk};

mod draft;
mod receipts;
mod room;
mod salvage;
mod tail;
mod torn;

use draft::{Draft, Plain};
use room::Room;
pub use room::look_at;
use tail::Tail;
use torn::Torn;

/// Entries after which a checkpoint is written.
const CHECKPOINT_ENTRIES: u32 = 64;

/// The first checkpoint of an epoch comes sooner, so that it travels in one batch with the opening: should that
/// be damaged on the way or on the card, this signature still tells HQ that the epoch is the box's.
const FIRST_CHECKPOINT: u32 = 16;

/// Time after which a checkpoint is written, if there is anything new.
const CHECKPOINT_TIME: Duration = Duration::from_secs(60);

/// Commits after which the write-ahead log is moved into the database: at two pages each about 2 MiB.
const COMMITS_IN_WAL: u32 = 256;

/// Time between looks for uses that count no more.
const FORGET: Duration = Duration::from_secs(600);

/// Seconds for which the key of a day stays without any use: today and yesterday are not over in every part of a region.
const KEYS_KEPT: i64 = 2 * 86_400;

/// Longest encoded entry. A crossing has about 150 bytes; a batch of rows must fit a packet of the link.
pub(crate) const LONGEST_ENTRY: usize = 64 * 1024;

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
    path: PathBuf,
    db: Connection,
    bounds: Bounds,
    identity: Identity,
    author: Author,
    /// Drawn at this start of the process.
    boot: [u8; 8],
    /// The last good durable row.
    head: Place,
    /// Its sequence, for whoever shows it while another thread writes.
    durable: Arc<AtomicU64>,
    /// Sequence of the next row; more than one above the head only after damage.
    next: u64,
    /// The highest epoch counter that was ever used here.
    last_epoch: u64,
    epoch: Option<Epoch>,
    /// Entries since the last signature.
    unsigned: u32,
    /// When something was last signed.
    signed: Instant,
    /// A commit has failed: what is on the disk must be looked at before anything is added to it.
    doubtful: bool,
    /// Commits since the write-ahead log was last moved into the database.
    commits: u32,
    room: Room,
    /// Which entries HQ should see before the backlog is through.
    is_alert: fn(&Entry) -> bool,
    /// What an entry does to the uses of passes.
    beside: Hook,
    /// When uses that count no more were last looked for.
    forgot: Option<Instant>,
    /// Held for as long as the journal is open: two writers would fork the chain.
    lock: File,
}

impl Journal {
    /// Opens or begins a journal within the usual bounds.
    ///
    /// # Errors
    /// As [`Self::open_within`].
    pub fn open(path: &Path, identity: Identity) -> Result<Self, Error> {
        Self::open_within(path, identity, Bounds::default())
    }

    /// Opens or begins a journal. A damaged tail is set aside, and the next epoch names the last good row; a
    /// file that is no database any more is set aside whole, less what can still be read and verified.
    ///
    /// # Errors
    /// [`Error::InUse`] when it is open elsewhere, [`Error::Layout`] when a newer version wrote it,
    /// [`Error::Full`], [`Error::Open`] or [`Error::Read`].
    pub fn open_within(path: &Path, identity: Identity, bounds: Bounds) -> Result<Self, Error> {
        let lock = lock(path)?;
        let torn = Torn::of(path);
        // Nothing there, where something was: the file itself is gone.
        let is_gone = is_begun(&lock) && std::fs::metadata(path).map_or(0, |file| file.len()) == 0;
        if is_gone {
            File::options().create(true).append(true).open(path).map_err(Error::open)?;
        }
        let mut boot = [0; 8];
        getrandom::fill(&mut boot).map_err(|_| Error::Random)?;
        let author =
            Author { region: identity.region.clone(), name: identity.name.clone(), key: identity.signer.public() };
        let mut room = Room::new(path, bounds);
        let (mut db, mut tail) = room::load_with_reserve(&mut room, |room| {
            let bounds = room.bounds(bounds);
            if is_gone {
                tracing::error!("the journal's file is gone; it begins anew, far above what was there");
                salvage::salvage(path, &author, bounds)?;
            }
            match load(path, &author, bounds) {
                Err(error) if error.is_corrupt() => {
                    tracing::error!(code = error.code(), "the journal is no sound database; what can be read is saved");
                    salvage::salvage(path, &author, bounds)?;
                    load(path, &author, bounds)
                }
                loaded => loaded,
            }
        })?;
        if let Some(torn) = torn {
            torn.take_back(&mut db, &mut tail, &author)?;
        }
        let Tail { head, next, last_epoch } = tail;
        let mut journal = Self {
            path: path.to_owned(),
            db,
            bounds,
            identity,
            author,
            boot,
            head,
            durable: Arc::new(AtomicU64::new(head.sequence)),
            next,
            last_epoch,
            epoch: None,
            unsigned: 0,
            signed: Instant::now(),
            doubtful: false,
            commits: 0,
            room,
            is_alert: |_| false,
            beside: Box::new(|_| None),
            forgot: None,
            lock,
        };
        journal.begin_room();
        if journal.head != Place::START {
            journal.has_begun();
        }
        Ok(journal)
    }

    /// The last durable row.
    pub const fn head(&self) -> &Place {
        &self.head
    }

    /// The time of the last checkpoint this box has signed: what it knows of time after a power cut, and no more
    /// than that. None before the first, or when it cannot be read.
    pub fn last_time(&self) -> Option<WallTime> {
        let row = self.db.query_row(include_str!("sql/last_checkpoint.sql"), [], disk::row).ok()?;
        Checkpoint::verified(&row, &self.author).map(|checkpoint| checkpoint.at)
    }

    /// Sequence of the last durable row, kept true by every append, checkpoint and opening: what was durable
    /// before a start is durable after it.
    pub fn durable(&self) -> Arc<AtomicU64> {
        self.durable.clone()
    }

    fn stands_at(&mut self, head: Place) {
        self.head = head;
        self.durable.store(head.sequence, Ordering::Relaxed);
    }

    /// Says which entries are alerts: their rows are marked as they are written, and the link sends them first.
    /// Before, none are.
    pub fn alert_on(&mut self, is_alert: fn(&Entry) -> bool) {
        self.is_alert = is_alert;
    }

    /// Says what entries do to the uses of passes: that is written in the same transaction. Before, they do nothing.
    pub fn count_by(&mut self, beside: Hook) {
        self.beside = beside;
    }

    /// The uses that were kept.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn uses(&self) -> Result<Kept, Error> {
        uses::kept(&self.db).map_err(Error::read)
    }

    /// Makes entries durable; returns the sequence of the last row when all of them are on the disk. All or
    /// none are.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Write`], [`Error::TooLong`], [`Error::SealingKey`] or [`Error::Random`]: none
    /// of them is acknowledged. The same entries may be tried again; they will be sealed in a new epoch.
    pub fn append(&mut self, entries: &[Entry], now: WallTime) -> Result<u64, Error> {
        let (is_alert, beside) = (self.is_alert, &self.beside);
        let one = |entry: &Entry| Plain { bytes: wire::encode(entry), alert: is_alert(entry), beside: beside(entry) };
        let first: Vec<_> = entries.iter().map(one).collect();
        if let Some(long) = first.iter().map(|plain| plain.bytes.len()).find(|length| *length > LONGEST_ENTRY) {
            return Err(Error::TooLong(long));
        }
        let may_use_reserve = room::may_use_reserve(entries);
        if !may_use_reserve && !self.has_room_for_crossings(now) {
            return Err(Error::Full(None));
        }
        let again = if may_use_reserve { first.clone() } else { Vec::new() };
        let written = self.write(first, false, now);
        if self.came_out(written.as_ref().err()) && may_use_reserve {
            return self.write(again, false, now);
        }
        written
    }

    /// Does what time asks for, between groups: signs what is new after a minute, wipes a context that is an
    /// hour old, moves the write-ahead log into the database. Cheap when there is nothing to do.
    ///
    /// # Errors
    /// As [`Self::append`]; nothing that was acknowledged is in doubt.
    pub fn turn(&mut self, now: WallTime) -> Result<(), Error> {
        let spent = self.epoch.as_ref().is_some_and(Epoch::is_spent);
        if spent || self.signed.elapsed() >= CHECKPOINT_TIME {
            self.sign(now)?;
        }
        if spent {
            // A thief of the running box can read what is sealed under a context that is still there.
            self.epoch = None;
            wipe_stack();
        }
        if self.commits >= COMMITS_IN_WAL || self.commits > 0 && self.is_cramped() {
            self.commits = 0;
            if let Err(error) = self.move_log() {
                // With the reserve there may be room for it.
                if !self.came_out(Some(&error)) {
                    return Err(error);
                }
                self.move_log()?;
            }
        }
        self.look_in_time(now);
        if now.trust.is_sound() && self.forgot.is_none_or(|at| at.elapsed() >= FORGET) {
            self.forgot = Some(Instant::now());
            self.forget_uses(now)?;
        }
        Ok(())
    }

    /// Erases the uses that count no more.
    fn forget_uses(&mut self, now: WallTime) -> Result<(), Error> {
        let keep_from = now.unix().saturating_sub(KEYS_KEPT);
        if uses::forget(&mut self.db, now.unix(), keep_from).map_err(Error::write)? > 0 {
            self.commits += 1;
        }
        Ok(())
    }

    /// Moves the write-ahead log into the database.
    fn move_log(&self) -> Result<(), Error> {
        // Passive: waits for nobody. What a reader still holds is moved the next time.
        self.db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(Error::write)
    }

    /// Signs what is new, if there is anything.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn sign(&mut self, now: WallTime) -> Result<(), Error> {
        // Without an epoch the next opening signs it all.
        if self.unsigned == 0 || self.epoch.is_none() {
            return Ok(());
        }
        let written = self.write(Vec::new(), true, now);
        self.came_out(written.as_ref().err());
        written.map(drop)
    }

    /// Seals to another key of HQ from the next entry on.
    pub fn seal_to(&mut self, sealing_key: [u8; 32]) {
        if self.identity.sealing_key != sealing_key {
            self.identity.sealing_key = sealing_key;
            self.epoch = None;
        }
    }

    fn write(&mut self, plain: Vec<Plain>, sign: bool, now: WallTime) -> Result<u64, Error> {
        if self.doubtful {
            self.look_again()?;
        }
        let draft = self.draft(plain, sign, now);
        // The keys of what was just sealed are gone, and so are their traces.
        wipe_stack();
        let draft = match draft {
            Ok(draft) if draft.rows.is_empty() => return Ok(self.head.sequence),
            Ok(draft) => draft,
            Err(error) => {
                // Its context has sealed what will never be written: it is not used again.
                self.epoch = None;
                return Err(error);
            }
        };
        if let Err(error) = self.commit(&draft) {
            self.epoch = None;
            self.doubtful = true;
            return Err(Error::write(error));
        }
        self.commits += 1;
        if draft.signed {
            self.signed = Instant::now();
        }
        (self.next, self.unsigned) = (draft.next, draft.unsigned);
        let is_first = self.head == Place::START;
        self.stands_at(draft.head);
        if is_first {
            self.has_begun();
        }
        Ok(self.head.sequence)
    }

    /// Remembers, beside the journal, that there is one.
    fn has_begun(&mut self) {
        if !is_begun(&self.lock)
            && let Err(error) = self.lock.write_all(b"begun\n").and_then(|()| self.lock.sync_all())
        {
            tracing::warn!(%error, "it cannot be noted that the journal has begun; the next start tries again");
        }
    }

    /// Seals and signs the next rows, without writing any.
    fn draft(&mut self, plain: Vec<Plain>, sign: bool, now: WallTime) -> Result<Draft, Error> {
        let mut draft = Draft {
            rows: Vec::with_capacity(plain.len() + 2),
            alerts: Vec::new(),
            beside: Vec::new(),
            head: self.head,
            next: self.next,
            unsigned: self.unsigned,
            signed: false,
        };
        let due = self.signed.elapsed() >= CHECKPOINT_TIME;
        let last = plain.len().checked_sub(1);
        for (index, Plain { bytes, alert, beside }) in plain.into_iter().enumerate() {
            if self.epoch.as_ref().is_none_or(Epoch::is_spent) {
                self.open_epoch(&mut draft)?;
            }
            let epoch = self.epoch.as_mut().expect("an epoch was just opened");
            if alert {
                draft.alerts.push(draft.next);
            }
            draft.beside.extend(beside);
            let body = epoch.seal(bytes, draft.next, &draft.head.chain)?;
            draft.add(epoch, self.boot, RowKind::Entry, body);
            draft.unsigned += 1;
            let enough = if epoch.is_young(FIRST_CHECKPOINT) { FIRST_CHECKPOINT } else { CHECKPOINT_ENTRIES };
            if draft.unsigned >= enough || (due && !draft.signed && Some(index) == last) {
                draft.checkpoint(epoch, self.boot, &self.identity, now);
            }
        }
        if sign && let Some(epoch) = self.epoch.as_mut() {
            draft.checkpoint(epoch, self.boot, &self.identity, now);
        }
        Ok(draft)
    }

    fn open_epoch(&mut self, draft: &mut Draft) -> Result<(), Error> {
        let Identity { region, name, signer, sealing_key } = &self.identity;
        // Spent even if this is never committed: a number is not used twice.
        self.last_epoch += 1;
        let (mut epoch, sealed) = Epoch::open(self.last_epoch, region, name, sealing_key)?;
        let opening = Opening {
            kind: Opening::KIND,
            region: region.clone(),
            name: name.clone(),
            epoch: epoch.id,
            sequence: draft.next,
            after: draft.head,
            encapsulated: sealed.encapsulated,
            sealed_to: *sealing_key,
            mac_key: sealed.mac_key,
        };
        draft.add(&mut epoch, self.boot, RowKind::Opening, opening.sign(signer.as_ref()));
        // It names the head, so it signs everything before.
        (draft.unsigned, draft.signed) = (0, true);
        self.epoch = Some(epoch);
        Ok(())
    }

    /// One transaction, one fsync.
    fn commit(&mut self, draft: &Draft) -> rusqlite::Result<()> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in &draft.rows {
            disk::insert(&transaction, row)?;
        }
        for sequence in &draft.alerts {
            disk::insert_alert(&transaction, *sequence)?;
        }
        for beside in &draft.beside {
            uses::write(&transaction, beside)?;
        }
        transaction.commit()
    }

    /// After a failed commit nobody knows what is on the disk, nor what state the connection is in: opens it
    /// again and finds the head as a start would. Rows of the failed commit that did get there stay, though
    /// they were never acknowledged.
    fn look_again(&mut self) -> Result<(), Error> {
        let (db, tail) = load(&self.path, &self.author, self.room.bounds(self.bounds))?;
        self.db = db;
        self.next = tail.next;
        self.stands_at(tail.head);
        self.last_epoch = self.last_epoch.max(tail.last_epoch);
        (self.unsigned, self.doubtful) = (0, false);
        self.count_set_aside();
        Ok(())
    }

    /// Where tests make writes fail.
    #[cfg(test)]
    pub(crate) const fn db(&self) -> &Connection {
        &self.db
    }

    /// A disk of so many pages.
    #[cfg(test)]
    pub(crate) fn limit_pages(&mut self, pages: u32) {
        self.bounds = Bounds { pages, ..self.bounds };
        self.db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    }
}

/// Whether a journal has begun beside this lock: its file may not just be absent.
fn is_begun(lock: &File) -> bool {
    lock.metadata().is_ok_and(|lock| lock.len() > 0)
}

fn lock(path: &Path) -> Result<File, Error> {
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("lock"))
        .map_err(Error::open)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(Error::open(error)),
    }
}

fn lay_out_at(path: &Path, bounds: Bounds) -> Result<Connection, Error> {
    let db = disk::connect(path, bounds.pages).map_err(Error::open)?;
    disk::lay_out(&db)?;
    Ok(db)
}

fn load(path: &Path, author: &Author, bounds: Bounds) -> Result<(Connection, Tail), Error> {
    let mut db = lay_out_at(path, bounds)?;
    let tail = tail::find(&mut db, author)?;
    Ok((db, tail))
}
