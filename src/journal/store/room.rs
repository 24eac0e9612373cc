//! The journal's room: measured while it writes, and the reserve given up and taken back.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use wire::WallTime;
use wire::entry::Entry;

use super::Journal;
use crate::budget::{self, Budget, Gauge, Reserve, Stage};
use crate::reserve::{Files, is_no_room};
use crate::traffic::Traffic;
use crate::{Bounds, Error, disk};

/// Time between two looks at the room.
const BETWEEN: Duration = Duration::from_secs(1);

/// Room there must be beside the reserve before it is taken back, at most.
const BESIDE: u64 = 1 << 20;

/// What a row takes while there are too few to tell.
const ROW: u64 = 450;

/// Rows from which what one takes is told by the file.
const ENOUGH: u64 = 1000;

/// What is known of the room, and the reserve.
pub(super) struct Room {
    gauge: Gauge,
    reserve: Files,
    is: Reserve,
    traffic: Traffic,
    /// The last commit found no room.
    is_full: bool,
    set_aside: u64,
    looked: Option<Instant>,
}

impl Room {
    pub(super) fn new(path: &Path, bounds: Bounds) -> Self {
        Self {
            gauge: Gauge::default(),
            reserve: Files::of(path, bounds.reserve),
            is: Reserve::None,
            traffic: Traffic::new(),
            is_full: false,
            set_aside: 0,
            looked: None,
        }
    }

    /// What the database may take now: the reserve is a part of the budget, and serves when it was given up.
    pub(super) fn bounds(&self, bounds: Bounds) -> Bounds {
        let more = if self.is == Reserve::Given { self.reserve.bytes / disk::PAGE } else { 0 };
        Bounds { pages: bounds.pages.saturating_add(u32::try_from(more).unwrap_or(u32::MAX)), ..bounds }
    }
}

/// Opens the journal; where nothing can be opened any more, for want of blocks or of files, the reserve goes.
pub(super) fn load_with_reserve<T>(room: &mut Room, load: impl Fn(&Room) -> Result<T, Error>) -> Result<T, Error> {
    let loaded = load(room);
    if loaded.as_ref().is_err_and(|error| !error.is_corrupt()) && room.reserve.are_held() {
        tracing::error!("the journal cannot be opened; its reserve is given up");
        room.reserve.give_up();
        (room.is, room.is_full) = (Reserve::Given, true);
        return load(room);
    }
    loaded
}

/// Whether entries may be written from the reserve: what ends or explains something, and never another crossing.
pub(super) fn may_use_reserve(entries: &[Entry]) -> bool {
    !entries.iter().any(|entry| matches!(entry, Entry::Crossing(_)))
}

impl Journal {
    /// Shows how the room stands, kept true while the journal is open.
    pub fn gauge(&self) -> Gauge {
        self.room.gauge.clone()
    }

    /// How long rows stay after their receipt, given what is configured: not at all where there is little room.
    pub(crate) fn keeps(&self, configured: Duration) -> Duration {
        if self.room.gauge.now().stage.drops_optional() { Duration::ZERO } else { configured }
    }

    /// Finds the reserve at the start, or lays it on the disk.
    pub(super) fn begin_room(&mut self) {
        self.count_set_aside();
        if self.room.reserve.bytes > 0 && self.room.is == Reserve::None {
            if self.room.reserve.are_held() {
                self.room.is = Reserve::Held;
            } else {
                self.take_reserve();
            }
        }
        self.look(WallTime::from_unix(0, wire::ClockTrust::None));
    }

    pub(super) fn count_set_aside(&mut self) {
        let counted = self.db.query_row(include_str!("../sql/count_set_aside.sql"), [], |row| row.get::<_, i64>(0));
        // It tells only how it is; the next start counts again.
        self.room.set_aside = counted.map_or(0, i64::cast_unsigned);
    }

    /// Whether a crossing may be tried: not while no more is left than the reserve had.
    pub(super) fn has_room_for_crossings(&mut self, now: WallTime) -> bool {
        if self.room.is == Reserve::Given {
            self.look(now);
        }
        !(self.room.is == Reserve::Given && self.room.is_full)
    }

    /// Whether the log must be kept short, because the disk has no room for a longer one.
    pub(super) fn is_cramped(&self) -> bool {
        self.room.is == Reserve::Given
    }

    /// Remembers how a commit came out. True when the reserve was given up just now, and it is worth another try.
    pub(super) fn came_out(&mut self, error: Option<&Error>) -> bool {
        match error {
            Some(Error::Full(_)) => {
                self.room.looked = None;
                self.room.is_full = true;
                self.give_up_reserve()
            }
            Some(_) => false,
            None => {
                // What was written from the reserve makes no room.
                self.room.is_full &= self.room.is == Reserve::Given;
                false
            }
        }
    }

    fn give_up_reserve(&mut self) -> bool {
        if self.room.is != Reserve::Held {
            return false;
        }
        self.room.reserve.give_up();
        tracing::error!("the journal is full; its reserve is given up");
        self.room.is = Reserve::Given;
        self.limit();
        true
    }

    fn take_reserve(&mut self) {
        let was = self.room.is;
        self.room.is = match self.room.reserve.take() {
            Ok(()) => Reserve::Held,
            Err(error) if is_no_room(&error) => Reserve::Given,
            Err(error) => {
                tracing::warn!(%error, "the journal has no reserve: the disk gives none");
                Reserve::None
            }
        };
        self.room.is_full = self.room.is == Reserve::Given;
        self.limit();
        if was == Reserve::Given && self.room.is == Reserve::Held {
            tracing::info!("the journal has room again, and its reserve is back");
        }
    }

    /// Tells SQLite how many pages it may have.
    fn limit(&self) {
        let pages = self.room.bounds(self.bounds).pages;
        if let Err(error) = self.db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())) {
            tracing::warn!(%error, "the journal's bound could not be moved");
        }
    }

    /// Looks at the room when it is time to.
    pub(super) fn look_in_time(&mut self, now: WallTime) {
        let is_due = self.room.looked.is_none_or(|at| at.elapsed() >= BETWEEN);
        if is_due || self.room.is == Reserve::Given {
            self.look(now);
        }
    }

    /// Measures the room and shows it; takes the reserve back where it can be.
    fn look(&mut self, now: WallTime) {
        self.room.looked = Some(Instant::now());
        let figures = match Figures::read(&self.db, &self.path) {
            Ok(figures) => figures,
            // Nothing is known; the numbers stay, and the next commit tells.
            Err(error) => return tracing::warn!(%error, "the journal's room cannot be measured"),
        };
        if self.room.is == Reserve::Given {
            // Deleted rows leave free pages in the file and none on the disk: those do as well for a reserve, until
            // there is room beside the file again.
            let reserve = self.room.reserve.bytes;
            self.room.is_full = figures.free(self.bounds) < reserve;
            if !self.room.is_full && figures.disk_free >= reserve + reserve.min(BESIDE) {
                self.take_reserve();
            }
        }
        let rows = self.room.traffic.per_hour(&self.db, self.head.sequence, now);
        let budget = figures.budget(self.bounds, rows, &self.room);
        if budget.stage != self.room.gauge.now().stage {
            let (stage, hours) = (budget.stage.as_str(), budget.hours);
            tracing::warn!(stage, left = budget.left, hours, inodes = budget.inodes_free, "the journal's room");
        }
        self.room.gauge.is(budget);
    }
}

/// How the room of a journal stands that another process may write, by its file, the disk and its checkpoints.
///
/// # Errors
/// [`Error::Open`] or [`Error::Read`].
pub fn look_at(path: &Path, bounds: Bounds, now: WallTime) -> Result<Budget, Error> {
    let db = disk::connect_reader(path)?;
    let figures = Figures::read(&db, path).map_err(Error::read)?;
    let mut room = Room::new(path, bounds);
    room.is = match (bounds.reserve, room.reserve.are_held()) {
        (0, _) => Reserve::None,
        (_, true) => Reserve::Held,
        (_, false) => Reserve::Given,
    };
    room.is_full = room.is == Reserve::Given && figures.free(bounds) < bounds.reserve;
    let count = db.query_row(include_str!("../sql/count_set_aside.sql"), [], |row| row.get::<_, i64>(0));
    room.set_aside = count.map_err(Error::read)?.cast_unsigned();
    let rows = room.traffic.per_hour(&db, figures.head, now);
    Ok(figures.budget(bounds, rows, &room))
}

/// What is read off the file and the disk.
struct Figures {
    /// Bytes of the database's file, and those of them that are free in it.
    file: u64,
    free_in_file: u64,
    log: u64,
    disk_free: u64,
    inodes: Option<u64>,
    head: u64,
    settled: u64,
    base: u64,
}

impl Figures {
    fn read(db: &Connection, path: &Path) -> rusqlite::Result<Self> {
        let pages = |sql: &str| db.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
        let bytes = |pages: i64| pages.cast_unsigned() * disk::PAGE;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // A file system that tells nothing bounds nothing; the next commit tells.
        let disk = rustix::fs::statvfs(folder).ok();
        let disk = disk.as_ref();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let base = disk::base(db)?.sequence;
        Ok(Self {
            file: bytes(pages("PRAGMA page_count")?),
            free_in_file: bytes(pages("PRAGMA freelist_count")?),
            log: std::fs::metadata(log).map_or(0, |log| log.len()),
            disk_free: disk.map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
            inodes: disk.filter(|disk| disk.f_files > 0).map(|disk| disk.f_favail),
            head: disk::last(db)?.unwrap_or(base),
            settled: disk::settled(db)?.map_or(0, |place| place.sequence),
            base,
        })
    }

    /// Bytes that rows can still be given: in the file's own free pages, and in new ones as far as bounds and disk
    /// allow, where the log grows too.
    fn free(&self, bounds: Bounds) -> u64 {
        let used = self.file.saturating_sub(self.free_in_file);
        let by_bounds = (u64::from(bounds.pages) * disk::PAGE).saturating_sub(used);
        let growing = u64::from(disk::LONGEST_WAL).saturating_sub(self.log);
        // A small disk is not full because the log might become long: it does so only in a flood of rows.
        let by_disk = self.free_in_file.saturating_add(self.disk_free - growing.min(self.disk_free / 4));
        by_bounds.min(by_disk)
    }

    fn budget(&self, bounds: Bounds, rows_an_hour: Option<u64>, room: &Room) -> Budget {
        let used = self.file.saturating_sub(self.free_in_file);
        let rows = self.head.saturating_sub(self.base);
        let row = if rows < ENOUGH { ROW } else { (used / rows).max(1) };
        // What has its receipt may leave at once.
        let receipted = self.settled.saturating_sub(self.base).saturating_mul(row).min(used);
        let kept = if room.is == Reserve::Given { bounds.reserve } else { 0 };
        let left = self.free(bounds).saturating_sub(kept).saturating_add(receipted);
        let hours = rows_an_hour.map(|rows| u32::try_from(left / rows.saturating_mul(row).max(1)).unwrap_or(u32::MAX));
        let reserved = if room.is == Reserve::Held { bounds.reserve } else { 0 };
        let (taken, budget) = (self.file + self.log + reserved, bounds.bytes());
        let seen = budget::Room { is_full: room.is_full, left, budget, hours, inodes: self.inodes };
        Budget {
            stage: Stage::of(&seen, room.gauge.now().stage),
            taken,
            budget,
            left,
            hours,
            disk_free: self.disk_free,
            inodes_free: self.inodes,
            reserve: room.is,
            settled: self.settled,
            set_aside: room.set_aside,
        }
    }
}

#[cfg(test)]
mod tests;
