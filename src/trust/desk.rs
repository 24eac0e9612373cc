//! A small HQ for the tests of this room: it can also lie. (The real one is `hq::publish`.)

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use pass::PublicKey;
use verdict::{Listed, Policy, Scope};
use wire::sign::{Context, Signer};
use wire::{ClockTrust, RegionId, WallTime};

use crate::format::{
    BASE, CHUNKS, DELTA, FOLD, Fold, HEAD, Hash, Head, INDEX, KeyEntry, PAGE, PAGES, Part, RECORD, RUN, RUN_LENGTH,
    Record, Reset, Root, RootKey, Run, SignedRoot, StreamId, chain, chunk_list, leaf, merkle, object_name, pages,
    root_name, sha256,
};
use crate::{Bits, Carrier, CarrierError, Error, Release, StatusList, Store, table};

/// When the story of a test begins, in Unix seconds.
pub const BEGIN: i64 = 1_590_000_000;
pub const DAY: i64 = 86_400;

/// Numbers of the keys: 1 to 3 sign roots.
pub const PUBLISHING: u8 = 4;
pub const RECEIPT: u8 = 5;

pub struct Key(SigningKey);

pub fn key(number: u8) -> Key {
    Key(SigningKey::from_bytes(&[number; 32]))
}

impl Signer for Key {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

pub fn region() -> RegionId {
    "RU-TVE".parse().unwrap()
}

pub fn clock(unix: i64) -> WallTime {
    WallTime::from_unix(unix, ClockTrust::Ntp)
}

pub fn root_key(number: u8) -> RootKey {
    RootKey { key: key(number).public().to_bytes(), valid_from: BEGIN, valid_to: BEGIN + 90 * DAY }
}

pub fn policy() -> Policy {
    Policy {
        territory: 69,
        formats: vec!["MP1".into()],
        kinds: Vec::new(),
        fresh_for: DAY,
        old_after: 7 * DAY,
        freshness: Vec::new(),
        ..Policy::default()
    }
}

pub fn stream(part: Part, issuer: &str, series: u64) -> StreamId {
    StreamId { region: region(), part, issuer: issuer.to_owned(), series }
}

/// A stream with deltas, as HQ keeps it.
#[derive(Clone)]
pub struct Growing {
    pub record: Record,
    pub base: Vec<u8>,
    pub payloads: Vec<Vec<u8>>,
    points: Vec<Hash>,
}

impl Growing {
    pub fn new(id: StreamId, base: Vec<u8>) -> Self {
        let record = Record::describe(id, &base);
        Self { points: vec![record.base], record, base, payloads: Vec::new() }
    }

    /// One more delta.
    pub fn push(&mut self, desk: &mut Desk, payload: Vec<u8>) {
        let (after, previous) = (self.record.head_sequence, self.record.head);
        self.record.head_sequence += 1;
        self.record.head = chain(&previous, &payload, after + 1);
        self.record.log += payload.len() as u64;
        self.points.push(self.record.head);
        self.payloads.push(payload.clone());
        let run = wire::encode(&Run::new(after, previous, [payload]));
        desk.files.insert(object_name(DELTA, &self.record.head), run);
        if self.record.head_sequence.is_multiple_of(RUN_LENGTH) {
            let from = self.payloads.len() - 60;
            let run = Run::new(from as u64, self.points[from], self.payloads[from..].to_vec());
            desk.files.insert(object_name(RUN, &self.record.head), wire::encode(&run));
        }
    }

    /// A new base that says the same.
    pub fn fold(&mut self, desk: &mut Desk, base: Vec<u8>, delta: Vec<u8>) {
        let Record { base: from, head, log, .. } = self.record;
        let fold = Fold { from, head, delta: sha256(&delta), length: delta.len() as u64, log };
        desk.files.insert(object_name(FOLD, &fold.delta), delta);
        let mut folds = std::mem::take(&mut self.record.folds);
        *self = Self::new(self.record.id(), base);
        folds.push(fold);
        self.record.folds = folds;
    }

    pub fn content(&self) -> (Record, Vec<u8>) {
        (self.record.clone(), self.base.clone())
    }
}

/// A release folder in memory, and the keys to it.
#[derive(Clone)]
pub struct Desk {
    pub files: BTreeMap<String, Vec<u8>>,
    pub root: Root,
    pub publisher: u8,
}

impl Desk {
    /// A region with a first root and nothing published.
    pub fn new() -> Self {
        let root = Root {
            region: region(),
            version: 1,
            expires: BEGIN + 365 * DAY,
            threshold: 2,
            root: [1, 2, 3].map(root_key).to_vec(),
            publishing: vec![root_key(PUBLISHING)],
            receipt: vec![root_key(RECEIPT)],
            command: vec![root_key(6)],
            sealing: vec![root_key(7)],
            reset: None,
        };
        let mut desk = Self { files: BTreeMap::new(), root, publisher: PUBLISHING };
        let first = sign_root(&desk.root, &[1, 2]);
        desk.files.insert(root_name(1), first);
        desk
    }

    /// One that has published release 1.
    pub fn open() -> Self {
        let mut desk = Self::new();
        desk.publish(1, BEGIN);
        desk
    }

    /// The next root, changed and signed as told.
    pub fn rotate(&mut self, signers: &[u8], change: impl FnOnce(&mut Root)) {
        let mut next = Root { version: self.root.version + 1, reset: None, ..self.root.clone() };
        change(&mut next);
        self.files.insert(root_name(self.root.version + 1), sign_root(&next, signers));
        self.root = next;
    }

    /// The cure for a stolen publishing key.
    pub fn strike_off_the_stolen_key(&mut self, reset: Option<Reset>) {
        self.rotate(&[1, 2], |root| {
            root.publishing = vec![root_key(8)];
            root.reset = reset;
        });
        self.publisher = 8;
    }

    /// What an ordinary release says; the status list changes with `sequence`.
    pub fn content(sequence: u64) -> Vec<(StreamId, Vec<u8>)> {
        let issuer = PublicKey::from_ed25519(key(9).public().as_bytes()).unwrap();
        let scope = Scope {
            issuer: "RU-TVE".into(),
            kinds: vec![1],
            territories: Vec::new(),
            valid_from: BEGIN,
            valid_to: BEGIN + 400 * DAY,
        };
        let mut list = StatusList::new(Bits::Two, 4096);
        list.set(sequence, 1);
        vec![
            (stream(Part::Keys, "RU-TVE", 0), wire::encode(&vec![KeyEntry::new(&issuer, scope)])),
            (stream(Part::Status, "RU-TVE", 0), list.encode()),
            (stream(Part::Policy, "", 0), wire::encode(&policy())),
        ]
    }

    pub fn publish(&mut self, sequence: u64, issued: i64) {
        self.publish_content(sequence, issued, Self::content(sequence));
    }

    pub fn publish_content(&mut self, sequence: u64, issued: i64, content: Vec<(StreamId, Vec<u8>)>) {
        let records = content.into_iter().map(|(id, base)| (Record::describe(id, &base), base)).collect();
        self.publish_records(sequence, issued, records);
    }

    pub fn publish_records(&mut self, sequence: u64, issued: i64, records: Vec<(Record, Vec<u8>)>) {
        let mut leaves = Vec::new();
        for (record, base) in records {
            let bytes = wire::encode(&record);
            leaves.push(leaf(&bytes));
            if record.single_chunk().is_none() {
                self.files.insert(object_name(CHUNKS, &record.chunks), chunk_list(&base));
            }
            self.files.insert(object_name(BASE, &record.base), base);
            self.files.insert(object_name(RECORD, &leaf(&bytes)), bytes);
        }
        for page in leaves.chunks(PAGE) {
            self.files.insert(object_name(INDEX, &merkle(page)), page.concat());
        }
        if leaves.len() > PAGE {
            self.files.insert(object_name(PAGES, &merkle(&leaves)), pages(&leaves).concat());
        }
        let head = Head {
            region: self.root.region.clone(),
            root: self.root.version,
            sequence,
            issued,
            expires: issued + DAY,
            not_after: issued + 45 * DAY,
            streams: merkle(&leaves),
            count: leaves.len().try_into().unwrap(),
        };
        self.sign_head(&head);
    }

    /// An ordinary release without its status list, and streams with deltas.
    pub fn publish_growing(&mut self, sequence: u64, issued: i64, streams: &[&Growing]) {
        let content = Self::content(1).into_iter().filter(|(id, _)| id.part != Part::Status);
        let records = content.map(|(id, base)| (Record::describe(id, &base), base));
        let growing = streams.iter().map(|stream| stream.content());
        self.publish_records(sequence, issued, records.chain(growing).collect());
    }

    pub fn head(&self) -> Head {
        Head::parse(&self.files[HEAD]).unwrap().1
    }

    /// Changes the head that stands and signs it anew.
    pub fn change_head(&mut self, change: impl FnOnce(&mut Head)) {
        let mut head = self.head();
        change(&mut head);
        self.sign_head(&head);
    }

    pub fn sign_head(&mut self, head: &Head) {
        let signed = wire::sign::sign(Context::TrustManifest, &key(self.publisher), &wire::encode(head));
        self.files.insert(HEAD.to_owned(), signed);
    }

    /// Names of the files in a folder of the release.
    pub fn names(&self, folder: &str) -> Vec<String> {
        self.files.keys().filter(|name| name.starts_with(&format!("{folder}/"))).cloned().collect()
    }

    /// A new box in a folder.
    pub fn provision(&self, folder: &Path) -> Store {
        Store::provision(folder, &self.files[&root_name(1)], &region()).unwrap()
    }

    pub fn write_to(&self, folder: &Path) {
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

impl Carrier for Desk {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        let bytes = self.files.get(name).ok_or_else(|| CarrierError::NotFound(name.to_owned()))?;
        let from = bytes.len().min(usize::try_from(from).unwrap());
        Ok(Box::new(Cursor::new(&bytes[from..])))
    }
}

pub fn sign_root(root: &Root, signers: &[u8]) -> Vec<u8> {
    let payload = wire::encode(root);
    let digest = sha256(&payload);
    let sign = |number: &u8| wire::sign::sign(Context::TrustRoot, &key(*number), &digest).into();
    wire::encode(&SignedRoot { signatures: signers.iter().map(sign).collect(), payload })
}

/// Bytes that do not compress and differ from each other.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Short questions of tests to a release.
impl Release {
    /// Whether a set of an issuer's ids is carried.
    pub fn has_ids(&self, issuer: &str) -> bool {
        matches!(self.listed(issuer, &[0; 16]), Listed::Yes | Listed::No)
    }

    /// Whether a set that is carried holds a key.
    pub fn is_listed(&self, issuer: &str, key: &table::Key) -> Result<bool, Listed> {
        match self.listed(issuer, key) {
            Listed::Yes => Ok(true),
            Listed::No => Ok(false),
            other => Err(other),
        }
    }

    /// What any of the registers holds under a key.
    pub fn register(&self, key: &table::Key) -> Result<Option<Vec<u8>>, Error> {
        let found = self.registers().find_map(|(issuer, day)| self.registered(issuer, day, key).transpose());
        found.transpose()
    }
}
