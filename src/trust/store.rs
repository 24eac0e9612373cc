//! What the box has adopted, and how it adopts.

use std::path::Path;
use std::sync::{Arc, RwLock};

use wire::WallTime;
use wire::sign::{Context, Sign1};

use crate::format::{
    self, CHUNK, HEAD, Hash, Head, LONGEST_BASE, LONGEST_HEAD, LONGEST_RECORD, LONGEST_ROOT, MOST_STREAMS, Record,
    Root, SignedRoot, leaf, merkle, object_name, root_name, sha256,
};
use crate::{Carrier, Error, Release};

mod disk;
mod slots;

use disk::Disk;
use slots::State;

/// Folder of everything that is found by its hash.
const OBJECTS: &str = "objects";

/// Most roots walked in one adoption: a box that slept for years still arrives.
const MOST_ROOTS: u64 = 64;

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

/// The trust of one box, on disk.
pub struct Store {
    disk: Disk,
    state: State,
    root: Root,
    current: Arc<RwLock<Option<Arc<Release>>>>,
}

/// A cheap handle that always shows the release in force.
#[derive(Clone, Default)]
pub struct View(Arc<RwLock<Option<Arc<Release>>>>);

impl View {
    /// The release in force.
    pub fn current(&self) -> Option<Arc<Release>> {
        // A writer only swaps a pointer; it cannot leave it half written.
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Store {
    /// Gives a new box its first root. The only first use there is; done by hand, once.
    ///
    /// # Errors
    /// [`Error::AlreadyProvisioned`], or what is wrong with the root.
    pub fn provision(folder: &Path, root: &[u8]) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|source| Error::Disk { path: folder.to_owned(), source })?;
        let disk = Disk::new(folder);
        if slots::exist(&disk)? {
            return Err(Error::AlreadyProvisioned);
        }
        let signed = parse_root(root)?;
        let parsed = signed.root().map_err(|_| Error::Malformed("root"))?;
        if !signed.is_signed_by(&parsed) {
            return Err(Error::RootSignatures);
        }
        disk.make_folder(OBJECTS)?;
        let state = State { counter: 1, root: root.to_vec(), head: Vec::new(), leaves: Vec::new() };
        slots::write(&disk, &state)?;
        Ok(Self { disk, state, root: parsed, current: Arc::default() })
    }

    /// Opens the trust of a provisioned box.
    ///
    /// # Errors
    /// [`Error::NeedsProvisioning`] when neither slot can be read; never a first use.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let disk = Disk::new(folder);
        let state = slots::read(&disk)?.ok_or(Error::NeedsProvisioning)?;
        let root = parse_root(&state.root)?.root().map_err(|_| Error::Malformed("root"))?;
        let mut store = Self { disk, state, root, current: Arc::default() };
        if !store.state.head.is_empty() {
            // Checked when it was adopted; a damaged object must not stop the box from fetching it again.
            match store.load() {
                Ok(release) => store.serve(release),
                Err(error) => {
                    tracing::error!(%error, "the adopted release is damaged on disk and will be fetched again");
                    store.state.leaves.clear();
                }
            }
        }
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

    /// Fetches what is new, checks all of it, and only then lets it serve.
    ///
    /// # Errors
    /// Why it was not adopted; what was adopted before goes on serving.
    pub fn adopt(&mut self, carrier: &mut dyn Carrier, now: WallTime) -> Result<Adoption, Error> {
        let mut fetch = Fetch { carrier, bytes: 0 };
        let head_bytes = fetch.get(HEAD, LONGEST_HEAD)?;
        if head_bytes == self.state.head && self.current().is_some() {
            return Ok(Adoption::NothingNew { fetched: fetch.bytes });
        }
        let message = Sign1::parse(&head_bytes).map_err(|_| Error::Malformed("head"))?;
        let claimed: Head = wire::decode(message.payload, "head").map_err(|_| Error::Malformed("head"))?;
        let now = self.time(now);
        let (root, root_bytes) = self.walk(&mut fetch, claimed.root)?;
        let head = self.check_head(&message, claimed, &root, &head_bytes, now)?;
        let leaves = self.fetch_streams(&mut fetch, &head)?;
        let state =
            State { counter: self.state.counter + 1, root: root_bytes, head: head_bytes, leaves: leaves.concat() };
        let release = assemble(&self.disk, head, &leaves)?;
        slots::write(&self.disk, &state)?;
        self.state = state;
        self.root = root;
        let sequence = release.sequence();
        self.serve(release);
        self.forget_the_old(&leaves);
        Ok(Adoption::Adopted { sequence, fetched: fetch.bytes })
    }

    /// The box's time for judging releases: never before what HQ has signed.
    fn time(&self, now: WallTime) -> i64 {
        let floor = self.current().map_or(0, |release| release.floor());
        if now.trust.is_sound() { now.unix().max(floor) } else { floor }
    }

    /// Walks from the root the box has to the one a head names, each signed by its predecessor and itself.
    fn walk(&self, fetch: &mut Fetch<'_>, to: u64) -> Result<(Root, Vec<u8>), Error> {
        let (mut root, mut bytes) = (self.root.clone(), self.state.root.clone());
        if to < root.version || to - root.version > MOST_ROOTS {
            return Err(Error::RootVersion { expected: root.version, found: to });
        }
        while root.version < to {
            let expected = root.version + 1;
            bytes = fetch.get(&root_name(expected), LONGEST_ROOT)?;
            let signed = parse_root(&bytes)?;
            let next = signed.root().map_err(|_| Error::Malformed("root"))?;
            if next.version != expected {
                return Err(Error::RootVersion { expected, found: next.version });
            }
            if next.region != root.region {
                return Err(Error::OtherRegion);
            }
            if !signed.is_signed_by(&root) || !signed.is_signed_by(&next) {
                return Err(Error::RootSignatures);
            }
            root = next;
        }
        Ok((root, bytes))
    }

    fn check_head(&self, message: &Sign1<'_>, head: Head, root: &Root, bytes: &[u8], now: i64) -> Result<Head, Error> {
        let signed = root.publishing_at(head.issued).any(|key| message.verify(Context::TrustManifest, &key).is_ok());
        if !signed {
            return Err(Error::HeadSignature);
        }
        if head.region != root.region {
            return Err(Error::OtherRegion);
        }
        if !self.state.head.is_empty() {
            let have = parse_head(&self.state.head)?;
            if head.sequence < have.sequence {
                return Err(Error::Older { have: have.sequence, found: head.sequence });
            }
            if head.sequence == have.sequence && bytes != self.state.head {
                return Err(Error::Equivocation { sequence: head.sequence });
            }
            if head.issued < have.issued {
                return Err(Error::Times);
            }
        }
        if !(head.issued <= head.expires && head.expires <= head.not_after) {
            return Err(Error::Times);
        }
        if now > head.not_after {
            return Err(Error::PastNotAfter);
        }
        if now.max(head.issued) > root.expires {
            return Err(Error::RootExpired);
        }
        Ok(head)
    }

    /// Fetches every record and base that is not here yet; each is checked before it is kept.
    fn fetch_streams(&self, fetch: &mut Fetch<'_>, head: &Head) -> Result<Vec<Hash>, Error> {
        let known = self.state.leaves();
        let leaves = if merkle(&known) == head.streams && !known.is_empty() {
            known
        } else {
            let bytes = fetch.get(&object_name("index", &head.streams), (MOST_STREAMS * 32) as u64)?;
            let (leaves, rest) = bytes.as_chunks::<32>();
            if !rest.is_empty() || merkle(leaves) != head.streams {
                return Err(Error::Altered("the index"));
            }
            leaves.to_vec()
        };
        for hash in &leaves {
            let record = match stored(&self.disk, hash)? {
                Some(bytes) if leaf(&bytes) == *hash => bytes,
                _ => {
                    let bytes = fetch.get(&object_name("record", hash), LONGEST_RECORD)?;
                    if leaf(&bytes) != *hash {
                        return Err(Error::Altered("a record"));
                    }
                    self.disk.put(&object(hash), &bytes)?;
                    bytes
                }
            };
            let record: Record = wire::decode(&record, "record").map_err(|_| Error::Malformed("record"))?;
            self.fetch_base(fetch, &record)?;
        }
        Ok(leaves)
    }

    fn fetch_base(&self, fetch: &mut Fetch<'_>, record: &Record) -> Result<(), Error> {
        if stored(&self.disk, &record.base)?.is_some_and(|base| sha256(&base) == record.base) {
            return Ok(());
        }
        if record.length > LONGEST_BASE {
            return Err(Error::TooLong("a base"));
        }
        let base = fetch.get(&object_name("base", &record.base), record.length)?;
        let chunks: Vec<u8> = base.chunks(CHUNK).flat_map(sha256).collect();
        if base.len() as u64 != record.length || chunks != record.chunks || sha256(&base) != record.base {
            return Err(Error::Altered("a base"));
        }
        self.disk.put(&object(&record.base), &base)
    }

    fn load(&self) -> Result<Release, Error> {
        assemble(&self.disk, parse_head(&self.state.head)?, &self.state.leaves())
    }

    fn serve(&self, release: Release) {
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Arc::new(release));
    }

    /// Removes what no release needs any more.
    fn forget_the_old(&self, leaves: &[Hash]) {
        let mut needed: Vec<String> = leaves.iter().map(|hash| format::hex(hash)).collect();
        for hash in leaves {
            let record = stored(&self.disk, hash).ok().flatten();
            if let Some(record) = record.and_then(|bytes| wire::decode::<Record>(&bytes, "record").ok()) {
                needed.push(format::hex(&record.base));
            }
        }
        self.disk.sweep(OBJECTS, |name| needed.iter().any(|kept| kept == name));
    }
}

/// Counts what comes in.
struct Fetch<'c> {
    carrier: &'c mut dyn Carrier,
    bytes: u64,
}

impl Fetch<'_> {
    fn get(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let bytes = self.carrier.get(name, limit)?;
        self.bytes += bytes.len() as u64;
        Ok(bytes)
    }
}

fn object(hash: &Hash) -> String {
    format!("{OBJECTS}/{}", format::hex(hash))
}

fn stored(disk: &Disk, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
    disk.read(&object(hash))
}

/// A release from the objects on disk, each checked again.
fn assemble(disk: &Disk, head: Head, leaves: &[Hash]) -> Result<Release, Error> {
    if merkle(leaves) != head.streams {
        return Err(Error::Altered("the index"));
    }
    let parts = leaves.iter().map(|hash| {
        let record = stored(disk, hash)?.filter(|bytes| leaf(bytes) == *hash).ok_or(Error::Altered("a record"))?;
        let record: Record = wire::decode(&record, "record").map_err(|_| Error::Malformed("record"))?;
        let base = stored(disk, &record.base)?.filter(|base| sha256(base) == record.base);
        Ok((record, base.ok_or(Error::Altered("a base"))?))
    });
    Release::assemble(head, parts)
}

fn parse_root(bytes: &[u8]) -> Result<SignedRoot, Error> {
    if bytes.len() as u64 > LONGEST_ROOT {
        return Err(Error::TooLong("the root"));
    }
    wire::decode(bytes, "root").map_err(|_| Error::Malformed("root"))
}

fn parse_head(bytes: &[u8]) -> Result<Head, Error> {
    let message = Sign1::parse(bytes).map_err(|_| Error::Malformed("head"))?;
    wire::decode(message.payload, "head").map_err(|_| Error::Malformed("head"))
}

#[cfg(test)]
mod tests;
