//! Sticks: that one was put in, which release it holds, and what became of it.
//!
//! A stick appears as a folder in the media folder, which the system mounts it at: read-only, `nosuid`, `nodev`,
//! `noexec`. The box itself mounts nothing and has no right to. What is new there is looked at once; nothing on it is
//! listed, followed or written, and only the files of a release are opened (`trust::Stick`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use panel::Stick;
use rustix::fs::{AtFlags, CWD, FileType, statat};
use tokio::sync::mpsc;
use trust::{Error, Progress, Store};
use wire::WallTime;

use crate::crew::TURN;

pub(crate) mod receipt;

/// Time between looks at the media folder.
const LOOK: Duration = Duration::from_millis(500);

/// Most folders in the media folder that are minded; a box has two sockets.
const MOST: usize = 32;

/// Sticks that may wait to be read.
pub(crate) const WAITING: usize = 4;

/// How long the panel says what came of a stick.
const SAID: Duration = Duration::from_secs(15);

/// How long after a failure a stick may take to be gone, to count as pulled: the system notices late.
const GONE_WITHIN: Duration = Duration::from_secs(2);

/// What the panel says of sticks; cheap to clone.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<Option<(Stick, Instant)>>>);

impl Said {
    /// What there is to say now.
    pub fn now(&self) -> Option<Stick> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (stick, at) = said.as_ref()?;
        (matches!(stick, Stick::Reading { .. }) || at.elapsed() < SAID).then(|| stick.clone())
    }

    pub(crate) fn say(&self, stick: Stick) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((stick, Instant::now()));
    }
}

/// Device and number of a folder: another stick at the same place has others.
type Identity = (u64, u64);

fn identity(path: &Path) -> Option<Identity> {
    let found = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    (FileType::from_raw_mode(found.st_mode) == FileType::Directory).then_some((found.st_dev, found.st_ino))
}

/// The media folder, and what was there at the last look.
struct Media {
    folder: PathBuf,
    known: BTreeMap<OsString, Identity>,
}

impl Media {
    /// Sticks that were put in since the last look.
    fn look(&mut self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().take(MOST);
        let here: BTreeMap<_, _> =
            entries.filter_map(|entry| Some((entry.file_name(), identity(&entry.path())?))).collect();
        let new = here.iter().filter(|(name, identity)| self.known.get(*name) != Some(identity));
        let new = new.map(|(name, _)| self.folder.join(name)).collect();
        self.known = here;
        new
    }
}

/// Tells of every stick that is put in, until told to stop. One that hangs holds up only those after it.
pub(crate) async fn watch(folder: PathBuf, put_in: mpsc::Sender<PathBuf>, stop: &AtomicBool) {
    let mut media = Media { folder, known: BTreeMap::new() };
    let mut looked = None::<Instant>;
    while !stop.load(Ordering::Relaxed) {
        if looked.is_some_and(|at| at.elapsed() < LOOK) {
            tokio::time::sleep(TURN).await;
            continue;
        }
        let looking = tokio::task::spawn_blocking(move || {
            let new = media.look();
            (media, new)
        });
        let Ok((looked_at, new)) = looking.await else { return };
        media = looked_at;
        looked = Some(Instant::now());
        for stick in new {
            // Four wait already: it is looked at when it is put in again.
            let _ = put_in.try_send(stick);
        }
    }
}

/// Reads a stick and says on the panel how far it is and what came of it; none: it is no stick of ours, and nobody
/// has to know. Blocks.
pub(crate) fn read(stick: &Path, store: &mut Store, now: WallTime, said: &Said) -> Option<Stick> {
    let before = identity(stick)?;
    let region = store.root().region.clone();
    let found = trust::Stick::look(stick, &region);
    let mut outcome = None;
    for mut release in found.releases {
        let there = release.sequence();
        said.say(Stick::Reading { done: 0, total: 0 });
        let mut tell = |Progress { done, total }| said.say(Stick::Reading { done, total });
        let adopted = store.adopt_with(&mut release, now, &mut tell);
        let here = store.current().map_or(0, |release| release.sequence());
        let came = match adopted {
            Ok(trust::Adoption::Adopted { sequence, .. }) => Stick::Adopted { sequence },
            Ok(trust::Adoption::NothingNew { .. }) => Stick::Current { sequence: here },
            Err(error) => {
                tracing::warn!(code = error.code(), there, "a release on a stick was refused: {error}");
                of(&error, here, || was_pulled(stick, before))
            }
        };
        let is_well = came.is_well();
        // What the newest one is refused for is what counts, unless an older one is good.
        if outcome.is_none() || is_well {
            outcome = Some(came);
        }
        if is_well {
            break;
        }
    }
    let outcome = outcome.or_else(|| match found.other {
        Some(region) => Some(Stick::OtherRegion { region: region.as_str().to_owned() }),
        None if found.is_damaged => Some(Stick::Damaged),
        // An empty folder is not worth a word; a real stick without a release is, as somebody waits.
        None => is_mounted(stick).then_some(Stick::Nothing),
    })?;
    tracing::info!(outcome = outcome.code(), "a stick was read");
    said.say(outcome.clone());
    Some(outcome)
}

/// What a refusal means for who put the stick in.
fn of(error: &Error, here: u64, was_pulled: impl FnOnce() -> bool) -> Stick {
    match error {
        Error::Disk { .. } | Error::NeedsProvisioning | Error::AlreadyProvisioned => Stick::Failed,
        Error::HeadSignature | Error::RootSignatures | Error::RootVersion { .. } | Error::Equivocation { .. } => {
            Stick::NotSigned
        }
        Error::OtherRegion { found, .. } => Stick::OtherRegion { region: found.as_str().to_owned() },
        Error::Older { found, .. } => Stick::Older { here, there: *found },
        Error::PastNotAfter | Error::RootExpired => Stick::TooOld,
        _ if was_pulled() => Stick::Pulled,
        _ => Stick::Damaged,
    }
}

/// Whether a stick on which something could not be read is gone, or goes within a moment.
fn was_pulled(stick: &Path, before: Identity) -> bool {
    let began = Instant::now();
    loop {
        if identity(stick) != Some(before) {
            return true;
        }
        if began.elapsed() > GONE_WITHIN {
            return false;
        }
        std::thread::sleep(TURN);
    }
}

fn is_mounted(stick: &Path) -> bool {
    let device = |path: &Path| identity(path).map(|(device, _)| device);
    stick.parent().is_some_and(|parent| device(stick) != device(parent))
}

#[cfg(test)]
mod tests;
