//! Wrong PINs in a row, by card, where a power cut cannot take them back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::{file, wait_after};

/// Most cards that are remembered; a post has a dozen officers.
const MOST: usize = 64;

/// Bytes of a card: its id and its count.
const RECORD: usize = 8 + 4;

type CardId = [u8; 8];

pub(super) struct Tries {
    folder: Option<PathBuf>,
    counts: BTreeMap<CardId, Count>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    tries: u32,
    /// Time since boot at which the last one was made; or at which the box was started, as the wait then begins anew.
    at: Duration,
}

impl Tries {
    /// What was counted before; none where there is no folder, or nothing in it that can be read.
    pub(super) fn open(folder: Option<PathBuf>, mono: Duration) -> Self {
        let bytes = folder.as_ref().and_then(|folder| std::fs::read(file(folder)).ok()).unwrap_or_default();
        let counts = bytes.as_chunks::<RECORD>().0.iter().take(MOST).filter_map(|record| {
            let (id, tries) = record.split_first_chunk::<8>()?;
            Some((*id, Count { tries: u32::from_be_bytes(tries.try_into().ok()?), at: mono }))
        });
        Self { folder, counts: counts.collect() }
    }

    /// How long nobody may try this card.
    pub(super) fn wait(&self, card: &CardId, mono: Duration) -> Duration {
        let Some(Count { tries, at }) = self.counts.get(card) else { return Duration::ZERO };
        wait_after(*tries).saturating_sub(mono.saturating_sub(*at))
    }

    /// Counts a try, durably; how many that makes.
    pub(super) fn count(&mut self, card: &CardId, mono: Duration) -> u32 {
        if self.counts.len() >= MOST && !self.counts.contains_key(card) {
            // The one that was tried least is missed least.
            let least = self.counts.iter().min_by_key(|(_, count)| count.tries).map(|(id, _)| *id);
            if let Some(id) = least {
                self.counts.remove(&id);
            }
        }
        let count = self.counts.entry(*card).or_default();
        *count = Count { tries: count.tries.saturating_add(1), at: mono };
        let tries = count.tries;
        self.keep();
        tries
    }

    /// The right PIN was typed.
    pub(super) fn forget(&mut self, card: &CardId) {
        if self.counts.remove(card).is_some() {
            self.keep();
        }
    }

    fn keep(&self) {
        let Some(folder) = &self.folder else { return };
        let record = |(id, count): (&CardId, &Count)| [&id[..], &count.tries.to_be_bytes()].concat();
        let bytes: Vec<u8> = self.counts.iter().flat_map(record).collect();
        let path = file(folder);
        let aside = path.with_extension("new");
        let written = File::create(&aside).and_then(|mut new| {
            new.write_all(&bytes)?;
            new.sync_all()?;
            std::fs::rename(&aside, &path)?;
            File::open(folder)?.sync_all()
        });
        // The count in memory goes on; a disk that takes nothing shows elsewhere.
        if let Err(error) = written {
            tracing::error!(%error, "wrong PINs cannot be written down");
        }
    }
}
