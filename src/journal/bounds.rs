//! What a journal may take of the disk.

use crate::disk;

/// How much of the disk a journal may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most pages of the database, 4 KiB each. The write-ahead log comes on top, up to 16 MiB, and the reserve.
    pub pages: u32,
    /// Bytes of the reserve; 0: none.
    pub reserve: u64,
}

impl Bounds {
    /// Least bytes of a budget: a log, and some days of rows.
    pub const LEAST: u64 = 32 << 20;

    /// Bounds by which database, log and reserve together take no more than so many bytes, [`Self::LEAST`] or more.
    pub fn within(bytes: u64, reserve: u64) -> Self {
        let database = bytes.saturating_sub(u64::from(disk::LONGEST_WAL)).saturating_sub(reserve);
        Self { pages: u32::try_from(database / disk::PAGE).unwrap_or(u32::MAX), reserve }
    }

    /// All that a journal within them may take.
    pub const fn bytes(self) -> u64 {
        self.pages as u64 * disk::PAGE + disk::LONGEST_WAL as u64 + self.reserve
    }
}

impl Default for Bounds {
    /// 4 GiB of rows, some 7 million of them: years without a line. No reserve.
    fn default() -> Self {
        Self { pages: 1 << 20, reserve: 0 }
    }
}
