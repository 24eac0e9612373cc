//! Which release a stick holds for a region. It is known by what lies on it, not by its label: a head that can be
//! taken apart, and the root it names. Only files of the format are looked at, in a few places; nothing is listed.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use wire::RegionId;

use super::folder::{beneath, carried};
use super::{Carrier, CarrierError};
use crate::format::{HEAD, Head, LONGEST_HEAD, root_name};

/// Where a release may lie on a stick; below each, a region may have a folder of its own.
const PLACES: [&str; 3] = ["", "checkpoint", "release"];

/// What a stick holds, as far as its heads say; nothing of it is verified.
#[derive(Debug, Clone, Default)]
pub struct Stick {
    /// Releases of the region, the newest first.
    pub releases: Vec<OnStick>,
    /// Another region whose release it holds.
    pub other: Option<RegionId>,
    /// There is something in the place of a head or of its root that cannot be read as such.
    pub is_damaged: bool,
}

/// A release on a stick.
#[derive(Debug, Clone)]
pub struct OnStick {
    top: PathBuf,
    place: String,
    sequence: u64,
}

impl Stick {
    /// Looks for releases of a region.
    pub fn look(top: &Path, region: &RegionId) -> Self {
        let mut stick = Self::default();
        for place in PLACES {
            for place in [place.to_owned(), join(place, region.as_str())] {
                stick.look_in(top, place, region);
            }
        }
        stick.releases.sort_by_key(|release| std::cmp::Reverse(release.sequence));
        stick
    }

    fn look_in(&mut self, top: &Path, place: String, region: &RegionId) {
        let mut bytes = Vec::new();
        let head = beneath(top, &join(&place, HEAD));
        let read = head.and_then(|head| head.take(LONGEST_HEAD + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(_) => return self.is_damaged = true,
            Ok(_) => {}
        }
        let Ok((_, head)) = Head::parse(&bytes) else { return self.is_damaged = true };
        if head.region != *region {
            self.other.get_or_insert(head.region);
        } else if beneath(top, &join(&place, &root_name(head.root))).is_err() {
            self.is_damaged = true;
        } else {
            self.releases.push(OnStick { top: top.to_owned(), place, sequence: head.sequence });
        }
    }
}

impl OnStick {
    /// The sequence that its head claims.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl Carrier for OnStick {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn std::io::Read + 'c>, CarrierError> {
        carried(&self.top, &join(&self.place, name), name, from)
    }
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") }
}

#[cfg(test)]
mod tests;
