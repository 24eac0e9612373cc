//! An adopted release, ready to answer.

use std::collections::{BTreeSet, HashMap};

use pass::{PublicKey, StatusIndex};
use verdict::{Ages, Policy, Scope, Status};
use wire::{RegionId, WallTime};

use crate::format::{self, Head, KeyEntry, Part, Record};
use crate::{Error, StatusList};

/// What HQ has told the box, in memory.
#[derive(Debug)]
pub struct Release {
    head: Head,
    keys: Vec<(PublicKey, Scope)>,
    by_kid: HashMap<Vec<u8>, Vec<usize>>,
    status: HashMap<String, HashMap<u64, StatusList>>,
    policy: Policy,
}

impl Release {
    /// Makes a release from its head and its parts; both must have been checked against the signed hashes.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLong`] for a base, [`Error::TwiceTheSame`] when one stream stands
    /// twice, [`Error::Incomplete`] without the region's policy.
    pub fn assemble(
        head: Head,
        parts: impl IntoIterator<Item = Result<(Record, Vec<u8>), Error>>,
    ) -> Result<Self, Error> {
        let (mut keys, mut by_kid) = (Vec::new(), HashMap::<_, Vec<_>>::new());
        let mut status = HashMap::<_, HashMap<_, _>>::new();
        let (mut policy, mut seen) = (None, BTreeSet::new());
        for part in parts {
            let (record, base) = part?;
            let id = record.id();
            if seen.contains(&id) {
                return Err(Error::TwiceTheSame);
            }
            match id.part {
                Part::Keys => {
                    let entries: Vec<KeyEntry> = decode(&base, "keys")?;
                    for entry in entries {
                        // A key of a type this version does not know must not hide the others.
                        let Ok(key) = PublicKey::from_bytes(&entry.key) else {
                            tracing::warn!(kid = format::hex(&entry.kid), "a key is of no type that is read here");
                            continue;
                        };
                        by_kid.entry(entry.kid).or_default().push(keys.len());
                        keys.push((key, entry.scope));
                    }
                }
                Part::Status => {
                    let list = StatusList::decode(&base)?;
                    let lists: &mut HashMap<_, _> = status.entry(id.issuer.clone()).or_default();
                    // An issuer's series are its own, whichever region's release they travel in.
                    if lists.insert(id.series, list).is_some() {
                        return Err(Error::TwiceTheSame);
                    }
                }
                // The rules of the region the box stands in, never a neighbour's.
                Part::Policy if id.region == head.region => {
                    if policy.replace(decode(&base, "policy")?).is_some() {
                        return Err(Error::TwiceTheSame);
                    }
                }
                Part::Policy | Part::Other(_) => {}
            }
            seen.insert(id);
        }
        let policy = policy.ok_or(Error::Incomplete("policy"))?;
        Ok(Self { head, keys, by_kid, status, policy })
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
        &self.keys[key].1
    }

    /// What the issuer's status list says.
    pub fn status(&self, issuer: &str, place: Option<StatusIndex>) -> Status {
        let Some(StatusIndex { series, index }) = place else { return Status::NoIndex };
        let list = self.status.get(issuer).and_then(|lists| lists.get(&series));
        list.map_or(Status::ListMissing, |list| list.status(index))
    }

    /// How old each part is. One signature binds them all, so they age together.
    pub fn ages(&self, now: WallTime) -> Ages {
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
}

impl pass::Keys for Release {
    fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a> {
        let found = self.by_kid.get(kid).map_or(&[][..], Vec::as_slice);
        Box::new(found.iter().map(|key| (*key, &self.keys[*key].0)))
    }
}

/// A base is longer than any message, and no longer than its part may be.
fn decode<'b, T: minicbor::Decode<'b, ()>>(base: &'b [u8], what: &'static str) -> Result<T, Error> {
    const LIMITS: wire::cbor::Limits =
        wire::cbor::Limits { bytes: 16 << 20, depth: 8, map_entries: 64, array_items: 1 << 20 };
    wire::cbor::check(base, &LIMITS).map_err(|_| Error::Malformed(what))?;
    minicbor::decode(base).map_err(|_| Error::Malformed(what))
}
