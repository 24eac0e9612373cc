//! An adopted release, ready to answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use pass::{PublicKey, StatusIndex};
use verdict::{Ages, Knowledge, Listed, Order, Policy, Rule, Scope, Status};
use wire::sign::Context;
use wire::{RegionId, WallTime};

use crate::Error;
use crate::content::{Carried, Content, Known};
use crate::format::{Head, Part, Record, StreamId};

mod rules;

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
    rules: Vec<Rule>,
    orders: Vec<Order>,
    policy: Policy,
    ready: rules::Ready,
}

/// A stream of a release, for those who inspect it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What tells it from every other.
    pub id: StreamId,
    /// Whether this box carries it.
    pub is_carried: bool,
    /// Keys, places of a status list, or keys of a table's base; none where there is nothing to count.
    pub entries: Option<u64>,
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
        let (mut rules, mut orders) = (Vec::new(), Vec::new());
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
                // A neighbour speaks of his own keys and issuers, never of everybody's passes.
                Content::Rules(some) if *region == head.region => rules.extend_from_slice(some),
                Content::Rules(some) => {
                    rules.extend(some.iter().filter(|rule| rule.kid.is_some() || rule.issuer.is_some()).cloned());
                }
                Content::Orders(some) if *region == head.region => orders.extend_from_slice(some),
                Content::Table(_) if *part == Part::Ids => ids.entry(issuer.clone()).or_default().push(place),
                Content::Table(_) if *region == head.region => registers.push(place),
                Content::Absent if *part == Part::Ids => ids.entry(issuer.clone()).or_default().push(place),
                Content::Table(_) | Content::Policy(_) | Content::Orders(_) | Content::Bytes(_) | Content::Absent => {}
            }
        }
        let policy = policy.ok_or(Error::Incomplete("policy"))?;
        let ready = rules::Ready::new(&policy, &head.region, &streams);
        Ok(Self { head, streams, keys, by_kid, status, ids, registers, rules, orders, policy: *policy, ready })
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

    /// The keys that the region's publisher names for a purpose of HQ at a time, in Unix seconds. They stand among the
    /// issuers' keys under a name that no issuer has, for no kind of pass.
    pub fn delegates(&self, context: Context, at: i64) -> impl Iterator<Item = VerifyingKey> + '_ {
        let is_own = |stream: &&Arc<Carried>| stream.record.region == self.head.region;
        let keys = self.streams.iter().filter(is_own).filter_map(|stream| match &stream.content {
            Content::Keys(keys) => Some(keys),
            _ => None,
        });
        keys.flatten().filter_map(move |known| {
            let Scope { issuer, kinds, valid_from, valid_to, .. } = &known.scope;
            let is_it = issuer == context.as_str() && kinds.is_empty() && (*valid_from..=*valid_to).contains(&at);
            match &known.key {
                PublicKey::Ed25519(key) if is_it => Some(*key),
                _ => None,
            }
        })
    }

    /// The kid of a key.
    ///
    /// # Panics
    /// For an index that did not come from this release.
    pub fn kid(&self, key: usize) -> &[u8] {
        &self.keys[key].kid
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

    /// Whether an issuer's set of revoked ids holds a key: [`crate::format::id_key`] for our own passes; `issuer` is
    /// what the stream names.
    pub fn listed(&self, issuer: &str, key: &[u8; 16]) -> Listed {
        let Some(places) = self.ids.get(issuer) else { return Listed::NotKept };
        let is_carried = |place: &usize| matches!(self.streams[*place].content, Content::Table(_));
        match self.look_up(places.iter(), key) {
            Ok(Some(_)) => Listed::Yes,
            Ok(None) if places.iter().all(is_carried) => Listed::No,
            Ok(None) => Listed::Missing,
            Err(error) => {
                tracing::error!(%error, issuer, "a set of revoked ids cannot be read");
                Listed::Missing
            }
        }
    }

    /// The region's registers: whose, and for which day since 1970; 0 is the permanent one.
    pub fn registers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.registers.iter().map(|place| {
            let Record { issuer, series, .. } = &self.streams[*place].record;
            (issuer.as_str(), *series)
        })
    }

    /// What one of them holds under a key.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn registered(&self, issuer: &str, day: u64, key: &[u8; 16]) -> Result<Option<Vec<u8>>, Error> {
        let is_it = |record: &Record| record.issuer == issuer && record.series == day;
        self.look_up(self.registers.iter().filter(|place| is_it(&self.streams[**place].record)), key)
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

    /// Revocations by rule.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The region's orders.
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// Every stream of the release, also those that this box does not carry.
    pub fn streams(&self) -> impl Iterator<Item = Stream> {
        self.streams.iter().map(|stream| {
            let Record { length, head_sequence, log, as_of, until, .. } = stream.record;
            Stream {
                id: stream.record.id(),
                is_carried: stream.is_carried(),
                entries: stream.content.entries(),
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

    /// Unix seconds up to which everything of one issuer's part is known that this box carries; none: it carries
    /// nothing of it.
    pub fn as_of_issuer(&self, part: Part, issuer: &str) -> Option<i64> {
        let is_its = |record: &Record| record.part == part && record.issuer == issuer;
        let streams = self.streams.iter().filter(|stream| is_its(&stream.record));
        let carried = streams.filter(|stream| !matches!(stream.content, Content::Absent));
        carried.map(|stream| self.known(stream.record.as_of)).min()
    }

    /// How old each part is: what HQ says itself is as old as the release, what it passes on as old as its source.
    pub fn ages(&self, now: WallTime) -> Ages {
        let mut ages = Ages::default();
        for part in Knowledge::ALL {
            let as_of = self.as_of(Part::of(part as u16)).unwrap_or(self.head.issued);
            *ages.of_mut(part) = now.unix().saturating_sub(as_of).max(0);
        }
        ages
    }

    /// Unix seconds before which it cannot be.
    pub fn floor(&self) -> i64 {
        self.head.issued
    }

    /// Number of keys that may sign passes.
    pub fn keys(&self) -> usize {
        self.keys.iter().filter(|known| !known.scope.kinds.is_empty()).count()
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

    fn speaks_for(&self, key: usize, issuer: &str) -> bool {
        self.keys.get(key).is_some_and(|key| key.scope.issuer.is_empty() || key.scope.issuer == issuer)
    }

    fn has_revoked(&self, authority: usize, serial: &[u8]) -> bool {
        let revoked = self.keys.get(authority).map_or(&[][..], |key| &key.revoked);
        revoked.binary_search_by(|revoked| revoked.as_slice().cmp(serial)).is_ok()
    }
}
