//! Pictures of the event ring on the disk: few, small, whole or not at all, and none when room is short.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Ring;

/// Pictures kept; the oldest go first.
const MOST: usize = 8;

/// Most bytes of one; of a longer one the newest events stay.
const LONGEST: usize = 256 * 1024;

/// Free bytes below which none is written, whoever asks: they are the journal's.
const NEEDED: u64 = 16 << 20;

/// A process that fails this soon fails again as soon as it is started. Its pictures take the place of one another, so
/// that a box that falls again and again keeps what stood before that.
const AT_ONCE: Duration = Duration::from_secs(60);

/// The folder of the pictures.
#[derive(Debug, Clone)]
pub struct Shelf(PathBuf);

/// A picture that is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Rises by one with each.
    pub number: u32,
    /// Why it was taken.
    pub why: String,
    /// Its file.
    pub path: PathBuf,
}

impl Shelf {
    /// The shelf of a box, in its data folder.
    pub fn of(data: &Path) -> Self {
        Self(data.join("ring"))
    }

    /// Every picture, the oldest first.
    pub fn kept(&self) -> Vec<Kept> {
        let Ok(entries) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let mut kept: Vec<Kept> = entries.flatten().filter_map(|entry| named(entry.path())).collect();
        kept.sort();
        kept
    }

    /// Takes a picture of the ring, because of `why`: a word for a file's name. What cannot be written is logged and
    /// counted, and changes nothing else: the box has a fault already.
    pub fn keep(&self, ring: &Ring, why: &str) {
        match self.write(ring, why) {
            Ok(Some(path)) => tracing::warn!(path = %path.display(), "the event ring was written down"),
            Ok(None) => {
                ring.0.dropped.fetch_add(1, Ordering::Relaxed);
                tracing::warn!("the event ring was not written down: the disk is nearly full");
            }
            Err(error) => {
                ring.0.dropped.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "the event ring could not be written down");
            }
        }
    }

    /// The same, told that the journal has no room to share.
    pub fn leave(ring: &Ring) {
        ring.0.dropped.fetch_add(1, Ordering::Relaxed);
        tracing::warn!("the event ring was not written down: what room there is belongs to the journal");
    }

    fn write(&self, ring: &Ring, why: &str) -> io::Result<Option<PathBuf>> {
        std::fs::create_dir_all(&self.0)?;
        let disk = rustix::fs::statvfs(&self.0)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < NEEDED {
            return Ok(None);
        }
        let why = if ring.age() < AT_ONCE { format!("{why}-at-once") } else { why.to_owned() };
        let kept = self.kept();
        let path = match kept.last() {
            Some(last) if last.why == why && ring.age() < AT_ONCE => last.path.clone(),
            last => {
                let number = last.map_or(1, |last| last.number.saturating_add(1));
                self.0.join(format!("{number:06}-{why}.txt"))
            }
        };
        let aside = self.0.join("part");
        let mut file = File::create(&aside)?;
        file.write_all(&ring.dump_within(LONGEST))?;
        file.sync_all()?;
        std::fs::rename(&aside, &path)?;
        File::open(&self.0)?.sync_all()?;
        let kept = self.kept();
        for old in &kept[..kept.len().saturating_sub(MOST)] {
            std::fs::remove_file(&old.path)?;
        }
        Ok(Some(path))
    }
}

fn named(path: PathBuf) -> Option<Kept> {
    let (number, why) = path.file_name()?.to_str()?.strip_suffix(".txt")?.split_once('-')?;
    Some(Kept { number: number.parse().ok()?, why: why.to_owned(), path: path.clone() })
}
