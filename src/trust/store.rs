//! What the box has adopted, and how it adopts.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use wire::{RegionId, WallTime};

use crate::content::{Carried, Content};
use crate::format::{self, HEAD, Hash, Head, LONGEST_HEAD, Root, SignedRoot, merkle, sha256};
use crate::{Carrier, Carry, Error, Release};

mod check;
mod disk;
mod fetch;
mod slots;

use disk::Disk;
use fetch::{Fetch, OBJECTS, object, stored_record};
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
        let mut state = State { counter: 0, root, head: Vec::new(), leaves: Vec::new(), sequence: 0, floor: 0 };
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
        let mut store = Self { disk, state, root, is_whole: false, carry: Carry::default(), current: Arc::default() };
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
        if bytes == self.state.head && self.is_whole {
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
        let leaves = fetch.streams(&self.disk, &head, &self.state.leaves())?;
        let release = assemble(&self.disk, head.clone(), &leaves)?;
        state.sequence = head.sequence;
        state.floor = head.issued;
        state.head = bytes;
        state.leaves = leaves.concat();
        self.commit(state, self.root.clone())?;
        self.serve(release);
        self.forget_the_old(&leaves);
        Ok(Adoption::Adopted { sequence: head.sequence, fetched: fetch.bytes })
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
        let release =
            Head::parse(&self.state.head).and_then(|(_, head)| assemble(&self.disk, head, &self.state.leaves()));
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

    /// Removes what no release needs any more.
    fn forget_the_old(&self, leaves: &[Hash]) {
        let bases = leaves.iter().filter_map(|hash| stored_record(&self.disk, hash));
        let needed: std::collections::BTreeSet<String> =
            bases.map(|record| record.base).chain(leaves.iter().copied()).map(|hash| format::hex(&hash)).collect();
        self.disk.sweep(OBJECTS, |name| needed.contains(name));
    }
}

/// A release from the objects on disk, each checked again.
fn assemble(disk: &Disk, head: Head, leaves: &[Hash]) -> Result<Release, Error> {
    if merkle(leaves) != head.streams {
        return Err(Error::Altered("the index"));
    }
    let streams = leaves.iter().map(|leaf| {
        let record = stored_record(disk, leaf).ok_or(Error::Altered("a record"))?;
        let content = if record.part.longest().is_none() {
            Content::Absent
        } else {
            let base = disk.read(&object(&record.base))?.filter(|base| sha256(base) == record.base);
            Content::read(record.part, base.ok_or(Error::Altered("a base"))?)?
        };
        Ok(Arc::new(Carried { leaf: *leaf, record, content }))
    });
    Release::assemble(head, streams.collect::<Result<_, Error>>()?)
}

#[cfg(test)]
mod tests;
