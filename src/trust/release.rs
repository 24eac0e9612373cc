//! An adopted release, ready to answer.

use std::collections::HashMap;

use pass::{Certificate, PublicKey, StatusIndex};
use verdict::{Ages, Policy, Scope, Status};
use wire::WallTime;

use crate::format::{Head, KeyEntry, Part, Record};
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
    /// Makes a release from its head and its checked parts.
    pub(crate) fn assemble(
        head: Head,
        parts: impl Iterator<Item = Result<(Record, Vec<u8>), Error>>,
    ) -> Result<Self, Error> {
        let (mut keys, mut by_kid) = (Vec::new(), HashMap::<_, Vec<_>>::new());
        let mut status = HashMap::<_, HashMap<_, _>>::new();
        let mut policy = None;
        for part in parts {
            let (record, base) = part?;
            match record.part {
                Part::Keys => {
                    let entries: Vec<KeyEntry> = decode(&base, "keys")?;
                    for entry in entries {
                        // A key of a type this version does not know must not hide the others.
                        let Ok(key) = PublicKey::from_bytes(&entry.key) else { continue };
                        by_kid.entry(entry.kid).or_default().push(keys.len());
                        keys.push((key, entry.scope));
                    }
                }
                Part::Status => {
                    status.entry(record.issuer).or_default().insert(record.series, StatusList::decode(&base)?);
                }
                Part::Policy => policy = Some(decode(&base, "policy")?),
            }
        }
        let policy = policy.ok_or(Error::Incomplete("policy"))?;
        Ok(Self { head, keys, by_kid, status, policy })
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
        Ages { keys: age, status: age, policy: age }
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

/// A base of many entries has no bound of ours but its signed length.
fn decode<'b, T: minicbor::Decode<'b, ()>>(base: &'b [u8], what: &'static str) -> Result<T, Error> {
    const LIMITS: wire::cbor::Limits =
        wire::cbor::Limits { bytes: 16 << 20, depth: 8, map_entries: 64, array_items: 1 << 20 };
    wire::cbor::check(base, &LIMITS).map_err(|_| Error::Malformed(what))?;
    minicbor::decode(base).map_err(|_| Error::Malformed(what))
}

/// A foreign certificate as an entry of a keys base.
impl From<&Certificate> for KeyEntry {
    fn from(certificate: &Certificate) -> Self {
        Self {
            key: certificate.key.to_bytes(),
            kid: certificate.kid.to_vec(),
            scope: Scope {
                issuer: String::new(),
                kinds: certificate.kinds.iter().map(|kind| kind.number()).collect(),
                territories: Vec::new(),
                valid_from: certificate.valid_from,
                valid_to: certificate.valid_to,
            },
        }
    }
}
