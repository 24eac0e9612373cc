//! How much room the journal has: in bytes, in hours at the present traffic, in files; and what follows from it.
//!
//! Nothing unreceipted is ever dropped to make room. Instead there are stages: HQ is told, then what is optional
//! goes, then the officer sees it coming, and in the end the configured policy applies.

use std::sync::{Arc, Mutex, PoisonError};

/// How far the journal is from being full, best first. Each holds all that the ones before it hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Stage {
    /// There is room for longer than anybody plans.
    #[default]
    Ample,
    /// HQ is told.
    Warn,
    /// What is optional is dropped: rows leave with their receipt and not some days later.
    Lean,
    /// The officer sees it coming.
    Tell,
    /// No crossing can be written down: the configured policy applies. The reserve serves what must still be
    /// written, and receipts.
    Full,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Ample, Self::Warn, Self::Lean, Self::Tell, Self::Full];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ample => "ample",
            Self::Warn => "warn",
            Self::Lean => "lean",
            Self::Tell => "tell",
            Self::Full => "full",
        }
    }

    /// Whether nothing that is only good to have may be written to the disk of the journal.
    pub fn drops_optional(self) -> bool {
        self >= Self::Lean
    }

    /// Whether the officer is to see it.
    pub fn is_told(self) -> bool {
        self >= Self::Tell
    }

    /// The stage of a room. One is entered at once and left only when there is a quarter more than it takes, so
    /// that nothing flickers.
    pub(crate) fn of(room: &Room, before: Self) -> Self {
        if room.is_full {
            return Self::Full;
        }
        Self::at(room, 100).max(Self::at(room, 125).min(before))
    }

    /// The stage by bounds that are so many percent of the real ones.
    fn at(room: &Room, percent: u64) -> Self {
        let is_below = |bound: &Bound| {
            let bytes = (room.budget / 1000 * bound.permille).min(bound.bytes);
            let less = |have: u64, than: u64| have.saturating_mul(100) < than.saturating_mul(percent);
            less(room.left, bytes)
                || room.hours.is_some_and(|hours| less(hours.into(), bound.hours))
                || room.inodes.is_some_and(|inodes| less(inodes, bound.inodes))
        };
        BOUNDS.iter().find(|bound| is_below(bound)).map_or(Self::Ample, |bound| bound.stage)
    }
}

/// Below what a stage begins: any one of the four is enough.
struct Bound {
    stage: Stage,
    hours: u64,
    /// Share of the budget, and never more than so many bytes.
    permille: u64,
    bytes: u64,
    /// A release that is adopted makes files too.
    inodes: u64,
}

/// A week is what HQ needs to send somebody; a day, what a shift needs to hear of it before it is the next one's.
const BOUNDS: [Bound; 3] = [
    Bound { stage: Stage::Tell, hours: 24, permille: 20, bytes: 16 << 20, inodes: 64 },
    Bound { stage: Stage::Lean, hours: 72, permille: 50, bytes: 64 << 20, inodes: 256 },
    Bound { stage: Stage::Warn, hours: 168, permille: 100, bytes: 256 << 20, inodes: 1024 },
];

/// What a stage is found from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) is_full: bool,
    pub(crate) left: u64,
    pub(crate) budget: u64,
    pub(crate) hours: Option<u32>,
    pub(crate) inodes: Option<u64>,
}

/// What becomes of the reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reserve {
    /// None is configured, or the file system gives none.
    #[default]
    None,
    /// It lies on the disk.
    Held,
    /// It was given up, so that closings, checkpoints, notes and receipts can be written.
    Given,
}

impl Reserve {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Held => "held",
            Self::Given => "given",
        }
    }
}

/// How the journal's room stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// What follows from all the rest.
    pub stage: Stage,
    /// Bytes that the journal takes on the disk: database, write-ahead log, reserve.
    pub taken: u64,
    /// Bytes it may take.
    pub budget: u64,
    /// Bytes that rows without a receipt may still take, by the budget and by the disk.
    pub left: u64,
    /// Hours until that is gone at the traffic of the last hour or the last day, whichever was denser, if no receipt
    /// comes; absent without traffic.
    pub hours: Option<u32>,
    /// Free bytes of the file system.
    pub disk_free: u64,
    /// Files that can still be made there; absent where the file system does not count them.
    pub inodes_free: Option<u64>,
    /// What becomes of the reserve.
    pub reserve: Reserve,
    /// Sequence of the last row covered by a receipt, however that came.
    pub settled: u64,
    /// Damaged rows that were set aside and are still here.
    pub set_aside: u64,
}

/// Shows how the journal's room stands, to anybody, while its writer writes. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<Mutex<Budget>>);

impl Gauge {
    /// As it was measured last: a second ago at most, while the writer runs.
    pub fn now(&self) -> Budget {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is(&self, budget: Budget) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = budget;
    }
}

#[cfg(test)]
mod tests;
