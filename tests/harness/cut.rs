//! Power cuts, made from the log of a disk's writes: everything before a flush has reached the disk; of what came after
//! the last one, any part has.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::chance::Chance;
use crate::programs;

/// The first word of a log (Linux, drivers/md/dm-log-writes.c, which QEMU's `blklogwrites` follows).
const MAGIC: u64 = 0x006a_7366_7773_6872;

/// Bits of an entry: everything before it is on the disk; it is itself; it carries no data.
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;

/// The log of a disk's writes, in the order in which they were made.
pub struct Log {
    file: File,
    sector: u64,
    entries: Vec<Entry>,
}

struct Entry {
    sector: u64,
    sectors: u64,
    flags: u64,
    /// Where its data stand in the log.
    at: u64,
}

impl Log {
    /// How many entries a log that is being written has.
    pub fn length(path: &Path) -> u64 {
        File::open(path).map_or(0, |file| number(&file, 16))
    }

    /// Reads a log.
    ///
    /// # Panics
    /// When it is none.
    pub fn open(path: &Path) -> Self {
        let file = File::open(path).expect("the machine wrote a log");
        assert_eq!(number(&file, 0), MAGIC, "{} is no log of writes", path.display());
        let sector = number(&file, 24) & u64::from(u32::MAX);
        let mut at = sector;
        let entries = (0..number(&file, 16)).map(|_| {
            let [begins, sectors, flags] = [0, 8, 16].map(|field| number(&file, at + field));
            let entry = Entry { sector: begins, sectors, flags, at: at + sector };
            at += sector + if flags & DISCARD == 0 { sectors * sector } else { 0 };
            entry
        });
        Self { entries: entries.collect(), sector, file }
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Number of flushes.
    pub fn flushes(&self) -> usize {
        self.entries.iter().filter(|entry| entry.flags & FLUSH != 0).count()
    }

    /// How many of the first entries came after the last flush among them.
    pub fn unflushed(&self, entries: usize) -> usize {
        self.entries[..entries].iter().rev().take_while(|entry| entry.flags & FLUSH == 0).count()
    }

    /// What an entry writes; nothing when it carries no data.
    ///
    /// # Panics
    /// When there is no such entry.
    pub fn written(&self, entry: usize) -> Vec<u8> {
        let entry = &self.entries[entry];
        let sectors = if entry.flags & DISCARD == 0 { entry.sectors } else { 0 };
        let mut bytes = vec![0; (sectors * self.sector) as usize];
        self.file.read_exact_at(&mut bytes, entry.at).expect("the log holds what it lists");
        bytes
    }

    /// The disk as a cut after so many entries leaves it: each write since the last flush is there or not, by chance,
    /// and one of them may be there in part. Says how many are not.
    ///
    /// # Panics
    /// When the image cannot be written.
    pub fn cut(&self, image: &Path, entries: usize, chance: &mut Chance) -> usize {
        let disk = File::options().write(true).open(image).expect("the copy of the disk can be written");
        let before = &self.entries[..entries];
        let flushed = before.iter().rposition(|entry| entry.flags & FLUSH != 0).unwrap_or(0);
        let mut lost = 0;
        for (at, entry) in before.iter().enumerate().filter(|(_, entry)| entry.flags & DISCARD == 0) {
            let is_safe = at <= flushed || entry.flags & FUA != 0;
            let mut sectors = entry.sectors;
            if !is_safe && chance.once_in(2) {
                lost += 1;
                // A sector is written whole or not at all.
                sectors = if chance.once_in(4) { chance.below(sectors as usize) as u64 } else { 0 };
            }
            let mut bytes = vec![0; (sectors * self.sector) as usize];
            self.file.read_exact_at(&mut bytes, entry.at).expect("the log holds what it lists");
            disk.write_all_at(&bytes, entry.sector * self.sector).expect("the copy of the disk can be written");
        }
        lost
    }
}

fn number(file: &File, at: u64) -> u64 {
    let mut bytes = [0; 8];
    // What is not written yet counts as nothing.
    let _ = file.read_exact_at(&mut bytes, at);
    u64::from_le_bytes(bytes)
}

/// Makes an ext4 file system that holds a folder's files. It is whole from the beginning: the kernel writes nothing of
/// its own later that a test would count.
///
/// # Panics
/// When `mkfs.ext4` refuses.
pub fn disk_of(folder: &Path, image: &Path, mebibytes: u64) {
    File::create(image).and_then(|file| file.set_len(mebibytes << 20)).expect("a sparse file can be made");
    let mut make = Command::new(programs::of_the_system("mkfs.ext4", "e2fsprogs"));
    crate::desk::done(
        make.args(["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-d"]).arg(folder).arg(image),
    );
}

/// What is in a folder of a disk, once its journal was replayed, as at the next start. Returns where it lies.
///
/// # Panics
/// When the file system cannot be brought in order.
pub fn recovered(image: &Path, folder: &str, into: &Path) -> PathBuf {
    let _ = fs::remove_dir_all(into);
    fs::create_dir_all(into).expect("the test's folder can be written");
    let check = Command::new(programs::of_the_system("e2fsck", "e2fsprogs")).args(["-f", "-y"]).arg(image).output();
    let check = check.expect("e2fsck can be started");
    // 0: clean; 1: errors corrected, a replayed journal among them (e2fsck(8)).
    let code = check.status.code().unwrap_or(-1);
    assert!(code == 0 || code == 1, "e2fsck: {}", String::from_utf8_lossy(&check.stdout));
    let copy = format!("rdump {folder} {}", into.display());
    crate::desk::done(Command::new(programs::of_the_system("debugfs", "e2fsprogs")).args(["-R", &copy]).arg(image));
    into.join(folder.rsplit('/').next().unwrap_or(folder))
}
