//! An adopted release, ready to answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use pass::{PublicKey, StatusIndex};
use verdict::{Ages, Policy, Scope, Status};
use wire::{RegionId, WallTime};

use crate::Error;
use crate::content::{Carried, Content, Known};
use crate::format::{Head, Part, Record, StreamId};

/// What HQ has told the box.
#[derive(Debug)]
pub struct Release {
    head: Head,
    streams: Vec<Arc<Carried>>,
    keys: Vec<Arc<Known>>,
    by_kid: HashMap<Vec<u8>, Vec<usize>>,
    /// Places in `streams`, by issuer and series.
    status: HashMap<String, HashMap<u64, usize>>,
    ids: HashMap<String, Vec<usize>>,
    registers: Vec<usize>,
    policy: Policy,
}

/// A stream of a release, for those who inspect it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What tells it from every other.
    pub id: StreamId,
    /// Whether this box carries it.
    pub is_carried: bool,
    /// Length of its base in bytes.
    pub length: u64,
    /// Number of deltas on it.
    pub deltas: u64,
    /// Their length in bytes.
    pub log: u64,
    /// Unix seconds up to which it is known.
    pub as_of: i64,
    /// Unix seconds after which it says nothing any more.
    pub until: Option<i64>,
}

impl Release {
    /// Makes a release from its head and its streams, which must have been checked against the signed hashes.
    pub(crate) fn assemble(head: Head, streams: Vec<Arc<Carried>>) -> Result<Self, Error> {
        let mut seen = BTreeSet::new();
        if !streams.iter().all(|stream| seen.insert(stream.record.id())) {
            return Err(Error::TwiceTheSame);
        }
        let (mut keys, mut by_kid) = (Vec::new(), HashMap::<_, Vec<_>>::new());
        let mut status = HashMap::<_, HashMap<_, _>>::new();
        let mut ids = HashMap::<_, Vec<_>>::new();
        let (mut registers, mut policy) = (Vec::new(), None);
        for (place, stream) in streams.iter().enumerate() {
            let Record { part, issuer, series, region, .. } = &stream.record;
            match &stream.content {
                Content::Keys(known) => {
                    for known in known {
                        by_kid.entry(known.kid.clone()).or_default().push(keys.len());
                        keys.push(known.clone());
                    }
                }
                Content::Status(_) => {
                    // An issuer's series are its own, whichever region's release they travel in.
                    if status.entry(issuer.clone()).or_default().insert(*series, place).is_some() {
                        return Err(Error::TwiceTheSame);
                    }
                }
                // The rules of the region the box stands in, never a neighbour's.
                Content::Policy(rules) if *region == head.region => {
                    if policy.replace(rules.clone()).is_some() {
                        return Err(Error::TwiceTheSame);
                    }
                }
                Content::Table(_) if *part == Part::Ids => ids.entry(issuer.clone()).or_default().push(place),
                Content::Table(_) if *region == head.region => registers.push(place),
                Content::Table(_) | Content::Policy(_) | Content::Bytes(_) | Content::Absent => {}
            }
        }
        let policy = policy.ok_or(Error::Incomplete("policy"))?;
        Ok(Self { head, streams, keys, by_kid, status, ids, registers, policy })
    }

    /// The region.
    pub fn region(&self) -> &RegionId {
        &self.head.region
    }

    /// Rises with every release.
    pub fn sequence(&self) -> u64 {
        self.head.sequence
    }

    /// Unix seconds at HQ.
    pub fn issued(&self) -> i64 {
        self.head.issued
    }

    /// Unix seconds until which it counts as fresh.
    pub fn expires(&self) -> i64 {
        self.head.expires
    }

    /// Unix seconds after which it would no longer be adopted.
    pub fn not_after(&self) -> i64 {
        self.head.not_after
    }

    /// The region's rules.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What a key may be believed for; `key` is an index that [`pass::read`] gave with this release.
    ///
    /// # Panics
    /// For an index that did not come from this release.
    pub fn scope(&self, key: usize) -> &Scope {
        &self.keys[key].scope
    }

    /// What the issuer's status list says.
    pub fn status(&self, issuer: &str, place: Option<StatusIndex>) -> Status {
        let Some(StatusIndex { series, index }) = place else { return Status::NoIndex };
        let list = self.status.get(issuer).and_then(|lists| lists.get(&series));
        match list.map(|place| &self.streams[*place].content) {
            Some(Content::Status(list)) => list.status(index),
            _ => Status::ListMissing,
        }
    }

    /// Whether there is a table of an issuer's revoked ids at all; `issuer` is what the stream names.
    pub fn has_ids(&self, issuer: &str) -> bool {
        self.ids.contains_key(issuer)
    }

    /// Whether an issuer's table of revoked ids holds a key: [`crate::format::id_key`] for our own passes.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn is_listed(&self, issuer: &str, key: &[u8; 16]) -> Result<bool, Error> {
        Ok(self.look_up(self.ids.get(issuer).into_iter().flatten(), key)?.is_some())
    }

    /// What the region's registers hold under a key. One whose last day is over says nothing.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn register(&self, key: &[u8; 16]) -> Result<Option<Vec<u8>>, Error> {
        self.look_up(self.registers.iter(), key)
    }

    fn look_up<'a>(
        &self,
        mut places: impl Iterator<Item = &'a usize>,
        key: &[u8; 16],
    ) -> Result<Option<Vec<u8>>, Error> {
        let found = places.find_map(|place| match &self.streams[*place].content {
            Content::Table(table) => table.get(key).transpose(),
            _ => None,
        });
        found.transpose()
    }

    /// The bases of the revocations by rule that are carried.
    pub fn rules(&self) -> impl Iterator<Item = (&RegionId, &[u8])> {
        self.bytes(Part::Rules)
    }

    /// The bases of the region's orders.
    pub fn orders(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes(Part::Orders).filter(|(region, _)| *region == self.region()).map(|(_, base)| base)
    }

    /// The bases of the rules by which certificates of others are accepted, each with its issuer.
    pub fn acceptance(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.streams.iter().filter(|stream| stream.record.part == Part::Acceptance).filter_map(|stream| {
            let Content::Bytes(base) = &stream.content else { return None };
            Some((stream.record.issuer.as_str(), base.as_slice()))
        })
    }

    fn bytes(&self, part: Part) -> impl Iterator<Item = (&RegionId, &[u8])> {
        self.streams.iter().filter(move |stream| stream.record.part == part).filter_map(|stream| {
            let Content::Bytes(base) = &stream.content else { return None };
            Some((&stream.record.region, base.as_slice()))
        })
    }

    /// Every stream of the release, also those that this box does not carry.
    pub fn streams(&self) -> impl Iterator<Item = Stream> {
        self.streams.iter().map(|stream| {
            let Record { length, head_sequence, log, as_of, until, .. } = stream.record;
            Stream {
                id: stream.record.id(),
                is_carried: stream.is_carried(),
                length,
                deltas: head_sequence,
                log,
                as_of: self.known(as_of),
                until,
            }
        })
    }

    /// Unix seconds up to which everything of a part is known that this box carries; none: it carries nothing of it.
    pub fn as_of(&self, part: Part) -> Option<i64> {
        let streams = self.streams.iter().filter(|stream| stream.record.part == part);
        streams.filter(|stream| stream.is_carried()).map(|stream| self.known(stream.record.as_of)).min()
    }

    /// Nothing is known of a time after the release's own.
    fn known(&self, as_of: Option<i64>) -> i64 {
        as_of.map_or(self.head.issued, |as_of| as_of.min(self.head.issued))
    }

    /// How old each part is.
    pub fn ages(&self, now: WallTime) -> Ages {
        // One signature binds them all, so that what HQ says itself ages together.
        let age = now.unix().saturating_sub(self.head.issued).max(0);
        Ages::all(age)
    }

    /// Unix seconds before which it cannot be.
    pub fn floor(&self) -> i64 {
        self.head.issued
    }

    /// Number of keys.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    pub(crate) const fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) fn carried(&self) -> &[Arc<Carried>] {
        &self.streams
    }
}

impl pass::Keys for Release {
    fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a> {
        let found = self.by_kid.get(kid).map_or(&[][..], Vec::as_slice);
        Box::new(found.iter().map(|key| (*key, &self.keys[*key].key)))
    }
}
