//! What the box has adopted, and how it adopts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use wire::{RegionId, WallTime};

use crate::content::{Carried, Content};
use crate::format::{self, HEAD, Hash, Head, LONGEST_HEAD, Record, Root, SignedRoot, StreamId, pages};
use crate::{Carrier, Carry, Error, Release};

mod bring;
mod check;
mod disk;
mod fetch;
mod log;
mod slots;

use disk::Disk;
use fetch::{Fetch, OBJECTS, stored_leaves, stored_record};
use log::LOGS;
use slots::State;

/// What came of an adoption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// The carrier has what the box has.
    NothingNew {
        /// Bytes fetched to learn this.
        fetched: u64,
    },
    /// A newer release serves from now on.
    Adopted {
        /// Its sequence.
        sequence: u64,
        /// Bytes fetched.
        fetched: u64,
    },
}

/// How far a fetch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are here.
    pub done: u64,
    /// Bytes that are known to be needed.
    pub total: u64,
}

/// The trust of one box, on disk. One process adopts; any number may open it to read.
pub struct Store {
    disk: Disk,
    state: State,
    root: Root,
    /// Whether what serves is what the state says; not so before the first adoption, and after damage.
    is_whole: bool,
    /// What is to be carried from the next adoption on.
    carry: Carry,
    current: Arc<RwLock<Option<Arc<Release>>>>,
}

/// A cheap handle that always shows the release in force.
#[derive(Clone, Default)]
pub struct View(Arc<RwLock<Option<Arc<Release>>>>);

impl View {
    /// The release in force.
    pub fn current(&self) -> Option<Arc<Release>> {
        // A writer only swaps a pointer; it cannot leave it half written.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Store {
    /// Gives a new box of a region its first root. The only first use there is; done by hand. It is also
    /// the cure for [`Error::NeedsProvisioning`].
    ///
    /// # Errors
    /// [`Error::AlreadyProvisioned`], or what is wrong with the root.
    pub fn provision(folder: &Path, root: &[u8], region: &RegionId) -> Result<Self, Error> {
        let signed = SignedRoot::parse(root)?;
        let parsed = signed.root()?;
        if !signed.is_signed_by(&parsed) {
            return Err(Error::RootSignatures);
        }
        if parsed.region != *region {
            return Err(Error::OtherRegion { expected: region.clone(), found: parsed.region });
        }
        std::fs::create_dir_all(folder).map_err(|source| Error::Disk { path: folder.to_owned(), source })?;
        Self::begin(Disk::new(folder), root.to_vec())
    }

    fn begin(disk: Disk, root: Vec<u8>) -> Result<Self, Error> {
        if slots::read(&disk)?.is_some() {
            return Err(Error::AlreadyProvisioned);
        }
        let mut state = State { counter: 0, root, head: Vec::new(), sequence: 0, floor: 0, carry: Carry::default() };
        slots::write(&disk, &mut state)?;
        Self::on(disk)
    }

    /// Opens the trust of a provisioned box. Writes nothing.
    ///
    /// # Errors
    /// [`Error::NeedsProvisioning`] when neither slot can be read; never a first use.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::on(Disk::new(folder))
    }

    fn on(disk: Disk) -> Result<Self, Error> {
        let state = slots::read(&disk)?.ok_or(Error::NeedsProvisioning)?;
        let root = SignedRoot::parse(&state.root)?.root()?;
        let carry = state.carry.clone();
        let mut store = Self { disk, state, root, is_whole: false, carry, current: Arc::default() };
        store.load();
        Ok(store)
    }

    /// The newest root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The release in force.
    pub fn current(&self) -> Option<Arc<Release>> {
        self.view().current()
    }

    /// A handle for those who judge by it.
    pub fn view(&self) -> View {
        View(self.current.clone())
    }

    /// Unix seconds before which it cannot be: the newest time HQ has signed. It outlives damage to the
    /// release itself.
    pub fn floor(&self) -> i64 {
        self.state.floor
    }

    /// Says which streams this box carries, from the next adoption on.
    pub fn set_carry(&mut self, carry: Carry) {
        self.carry = carry;
    }

    /// Fetches what is new, checks all of it, and only then lets it serve.
    ///
    /// # Errors
    /// Why it was not adopted; what was adopted before goes on serving.
    pub fn adopt(&mut self, carrier: &mut dyn Carrier, now: WallTime) -> Result<Adoption, Error> {
        self.adopt_with(carrier, now, &mut |_| {})
    }

    /// The same, and says again and again how far it has come.
    ///
    /// # Errors
    /// Why it was not adopted; what was adopted before goes on serving.
    pub fn adopt_with(
        &mut self,
        carrier: &mut dyn Carrier,
        now: WallTime,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Adoption, Error> {
        let mut fetch = Fetch::new(carrier, progress);
        let bytes = fetch.get(HEAD, LONGEST_HEAD, "the head")?;
        if bytes == self.state.head && self.is_whole && self.carry == self.state.carry {
            if !slots::agree(&self.disk) {
                self.commit(self.state.clone(), self.root.clone())?;
            }
            return Ok(Adoption::NothingNew { fetched: fetch.bytes });
        }
        let (message, head) = Head::parse(&bytes)?;
        let mut state = self.state.clone();
        let root = check::walk(&mut fetch, self.root.clone(), &mut state, head.root)?;
        if root.version > self.root.version {
            // Kept whatever becomes of the head: a key that was struck off must stay struck off.
            self.commit(state.clone(), root)?;
        }
        // An unsound clock says nothing; HQ's own word that it is not earlier than `issued` always counts.
        let now = if now.trust.is_sound() { now.unix().max(head.issued) } else { head.issued };
        check::head(&message, &head, &bytes, &self.root, &self.state, now)?;
        let release = self.bring(&mut fetch, head.clone())?;
        state.sequence = head.sequence;
        state.floor = head.issued;
        state.head = bytes;
        state.carry = self.carry.clone();
        let fetched = fetch.bytes;
        self.commit(state, self.root.clone())?;
        self.serve(release);
        self.forget_the_old();
        Ok(Adoption::Adopted { sequence: head.sequence, fetched })
    }

    /// Brings every stream of a release to the disk, and makes the release of them. What serves stays untouched.
    fn bring(&self, fetch: &mut Fetch<'_>, head: Head) -> Result<Release, Error> {
        bring::make_folders(&self.disk)?;
        let current = self.current();
        let current: BTreeMap<StreamId, &Arc<Carried>> = current.as_ref().map_or_else(BTreeMap::new, |release| {
            release.carried().iter().map(|stream| (stream.record.id(), stream)).collect()
        });
        let leaves = fetch.leaves(&self.disk, &head)?;
        let mut records = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let record = fetch.record(&self.disk, &leaf)?;
            let is_carried = carries(&self.carry, &head, &record);
            let previous = current.get(&record.id()).copied();
            let stays = previous.filter(|old| {
                old.leaf == leaf && old.is_carried() == is_carried && (!is_carried || bring::is_there(&self.disk, old))
            });
            if is_carried && stays.is_none() {
                fetch.expect(bring::cost(&record, previous.map(AsRef::as_ref)));
            }
            records.push((leaf, record, is_carried, previous, stays));
        }
        let mut streams = Vec::with_capacity(records.len());
        for (leaf, record, is_carried, previous, stays) in records {
            streams.push(match stays {
                Some(stays) => stays.clone(),
                None if is_carried => bring::bring(&self.disk, fetch, leaf, record, previous.map(AsRef::as_ref))?,
                None => Arc::new(Carried { leaf, record, content: Content::Absent, log: None }),
            });
        }
        [OBJECTS, LOGS].iter().try_for_each(|folder| self.disk.settle(folder))?;
        Release::assemble(head, streams)
    }

    /// Makes a state the box's own. When the disk refuses, it is doubtful which state it holds, so what it
    /// says itself counts from then on.
    fn commit(&mut self, mut state: State, root: Root) -> Result<(), Error> {
        let Err(error) = slots::write(&self.disk, &mut state) else {
            (self.state, self.root) = (state, root);
            return Ok(());
        };
        if let Ok(Some(state)) = slots::read(&self.disk)
            && let Ok(root) = SignedRoot::parse(&state.root).and_then(|signed| signed.root())
        {
            (self.state, self.root) = (state, root);
            self.load();
        }
        Err(error)
    }

    /// Lets serve what the state names. A damaged object must not stop the box from fetching it again.
    fn load(&mut self) {
        self.is_whole = false;
        if self.state.head.is_empty() {
            return;
        }
        let release = Head::parse(&self.state.head).and_then(|(_, head)| self.stored(head));
        match release {
            Ok(release) => self.serve(release),
            Err(error) => {
                tracing::error!(%error, "the adopted release is damaged on disk and will be fetched again");
            }
        }
    }

    fn serve(&mut self, release: Release) {
        self.is_whole = true;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(release));
    }

    /// The adopted release from the disk, everything of it checked again.
    fn stored(&self, head: Head) -> Result<Release, Error> {
        let leaves = stored_leaves(&self.disk, &head).ok_or(Error::Altered("the index"))?;
        let streams = leaves.into_iter().map(|leaf| {
            let record = stored_record(&self.disk, &leaf).ok_or(Error::Altered("a record"))?;
            if carries(&self.state.carry, &head, &record) {
                bring::load(&self.disk, leaf, record)
            } else {
                Ok(Arc::new(Carried { leaf, record, content: Content::Absent, log: None }))
            }
        });
        let streams = streams.collect::<Result<_, Error>>()?;
        Release::assemble(head, streams)
    }

    /// Removes what the release that serves does not need.
    fn forget_the_old(&self) {
        let Some(release) = self.current() else { return };
        let head = release.head();
        let leaves: Vec<Hash> = release.carried().iter().map(|stream| stream.leaf).collect();
        let bases = release.carried().iter().filter(|stream| stream.is_carried()).map(|stream| stream.record.base);
        let needed = [head.streams].into_iter().chain(pages(&leaves)).chain(bases).chain(leaves.iter().copied());
        let needed: BTreeSet<String> = needed.map(|hash| format::hex(&hash)).collect();
        self.disk.sweep(OBJECTS, |name| needed.contains(name));
        let logs: BTreeSet<&str> =
            release.carried().iter().filter_map(|stream| stream.log.as_ref()?.name.rsplit('/').next()).collect();
        self.disk.sweep(LOGS, |name| logs.contains(name));
    }
}

/// Whether a box keeps a stream. What has ended goes by HQ's time: a clock's is never kept.
fn carries(carry: &Carry, head: &Head, record: &Record) -> bool {
    carry.carries(&head.region, &record.id()) && !record.has_ended(head.issued)
}

#[cfg(test)]
mod tests;
