//! The number of the last command, where a power cut cannot take it back: two slots, written in turn.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// The file in the data folder.
pub(super) const FILE: &str = "commands-state";

/// Bytes from one slot to the next: what a card writes at once never holds both.
const APART: u64 = 4096;

/// Number, whether it was answered, and a checksum over both.
const SLOT: usize = 8 + 1 + 8;

/// The last command there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Last {
    pub number: u64,
    /// HQ has been told what became of it: that is in the journal.
    pub answered: bool,
}

/// The file, open.
pub(super) struct Kept {
    file: File,
    last: Last,
    /// The slot that holds it.
    slot: u64,
}

impl Kept {
    /// Opens the file, or begins it.
    ///
    /// # Errors
    /// When the system refuses it, or when there is something in it and none of it holds: then no number is safe.
    pub(super) fn open(data: &Path) -> io::Result<Self> {
        let path = data.join(FILE);
        let is_new = !path.exists();
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
        if is_new {
            file.sync_all()?;
            File::open(data)?.sync_all()?;
        }
        let slots: Vec<(u64, Option<Last>)> =
            (0..2).map(|slot| Ok((slot, read(&file, slot)?))).collect::<io::Result<_>>()?;
        let best = slots.iter().filter_map(|(slot, last)| Some((*slot, (*last)?)));
        match best.max_by_key(|(_, last)| (last.number, last.answered)) {
            Some((slot, last)) => Ok(Self { file, last, slot }),
            // The first slot is written first: a torn one alone is a cut before the first number counted.
            None if file.metadata()?.len() <= APART => Ok(Self { file, last: Last::default(), slot: 1 }),
            None => Err(io::Error::other("neither number of the last command holds")),
        }
    }

    pub(super) const fn last(&self) -> Last {
        self.last
    }

    /// Writes it down, durably, beside the one before.
    pub(super) fn keep(&mut self, last: Last) -> io::Result<()> {
        let slot = 1 - self.slot;
        let mut bytes = [0; SLOT];
        bytes[..8].copy_from_slice(&last.number.to_be_bytes());
        bytes[8] = last.answered.into();
        let sum = checksum(&bytes[..9]);
        bytes[9..].copy_from_slice(&sum);
        self.file.write_all_at(&bytes, slot * APART)?;
        self.file.sync_data()?;
        (self.last, self.slot) = (last, slot);
        Ok(())
    }
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let digest = Sha256::new_with_prefix(b"checkpoint-commands-state/1").chain_update(bytes).finalize();
    digest[..8].try_into().expect("SHA-256 has 32 bytes")
}

/// What stands in a slot, if it holds.
fn read(file: &File, slot: u64) -> io::Result<Option<Last>> {
    let mut bytes = [0; SLOT];
    match file.read_exact_at(&mut bytes, slot * APART) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let number = u64::from_be_bytes(bytes[..8].try_into().expect("a slot has more"));
    Ok((bytes[9..] == checksum(&bytes[..9])).then_some(Last { number, answered: bytes[8] == 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_was_cut_off_anywhere_leaves_the_number_before_or_the_new_one() {
        for answered in [false, true] {
            let data = tempfile::tempdir().unwrap();
            let path = data.path().join(FILE);
            let mut kept = Kept::open(data.path()).unwrap();
            for number in 1..6 {
                let before = std::fs::read(&path).unwrap();
                kept.keep(Last { number, answered }).unwrap();
                let after = std::fs::read(&path).unwrap();
                let begin = usize::try_from(kept.slot * APART).unwrap();
                for cut in 0..=SLOT {
                    let mut torn = before.clone();
                    torn.resize(before.len().max(begin + cut), 0);
                    torn[begin..begin + cut].copy_from_slice(&after[begin..begin + cut]);
                    std::fs::write(&path, &torn).unwrap();
                    let found = Kept::open(data.path()).unwrap().last();
                    let whole = cut == SLOT || torn == after;
                    let expected = if whole { number } else { number - 1 };
                    assert_eq!(found.number, expected, "cut after {cut} bytes");
                }
                std::fs::write(&path, &after).unwrap();
            }
        }
    }

    #[test]
    fn numbers_that_do_not_hold_are_never_taken_for_none() {
        let data = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(data.path()).unwrap();
        kept.keep(Last { number: 7, answered: true }).unwrap();
        kept.keep(Last { number: 8, answered: true }).unwrap();
        let path = data.path().join(FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[4096 + 3] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Kept::open(data.path()).unwrap().last().number, 7);
        bytes[7] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(Kept::open(data.path()).is_err());
    }
}
