//! The MQTT topics of a region. A box may read `all/#` and its own subtree, and write only its own up
//! topics.

use crate::{BoxId, RegionId};

/// First two levels of every topic; the number is the version of this vocabulary.
pub const ROOT: &str = "checkpoint/1";

/// What a box says to HQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Up {
    /// Batches of journal rows, QoS 1.
    Crossings,
    /// Single rows that HQ should see before the backlog is through, QoS 1.
    Alerts,
    /// Online or offline, retained, also the last will.
    State,
    /// Heartbeat, QoS 0.
    Health,
    /// Answer to the command to report, QoS 1.
    Diag,
}

/// What HQ says to one box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// Signed, cumulative, retained.
    Receipt,
    /// Signed for one box, never retained.
    Command,
}

impl Up {
    /// Everything a box says.
    pub const ALL: [Self; 5] = [Self::Crossings, Self::Alerts, Self::State, Self::Health, Self::Diag];

    const fn leaf(self) -> &'static str {
        match self {
            Self::Crossings => "crossings",
            Self::Alerts => "alerts",
            Self::State => "state",
            Self::Health => "health",
            Self::Diag => "diag",
        }
    }

    /// The topic of one box.
    pub fn of(self, region: &RegionId, name: &BoxId) -> String {
        format!("{ROOT}/{region}/box/{name}/{}", self.leaf())
    }

    /// The filter that matches this topic of every box of a region.
    pub fn filter(self, region: &RegionId) -> String {
        format!("{ROOT}/{region}/box/+/{}", self.leaf())
    }

    /// The box that a topic of this region speaks of, and which topic it is.
    pub fn parse(topic: &str, region: &RegionId) -> Option<(BoxId, Self)> {
        let rest = topic.strip_prefix(ROOT)?.strip_prefix('/')?.strip_prefix(region.as_str())?.strip_prefix("/box/")?;
        let (name, leaf) = rest.split_once('/')?;
        let up = Self::ALL.into_iter().find(|up| up.leaf() == leaf)?;
        Some((name.parse().ok()?, up))
    }
}

impl Down {
    /// The topic of one box.
    pub fn of(self, region: &RegionId, name: &BoxId) -> String {
        let leaf = match self {
            Self::Receipt => "receipt",
            Self::Command => "command",
        };
        format!("{ROOT}/{region}/box/{name}/{leaf}")
    }
}

/// The filter for everything that is for every box of a region.
pub fn everybody(region: &RegionId) -> String {
    format!("{ROOT}/{region}/all/#")
}

/// The newest manifest head, retained, for every box of a region.
pub fn release(region: &RegionId) -> String {
    format!("{ROOT}/{region}/all/release")
}

/// The bundle of the newest release for boxes that have the one before, for every box of a region; not retained.
pub fn news(region: &RegionId) -> String {
    format!("{ROOT}/{region}/all/delta/news")
}

/// The newest head of merged uses, retained, for every box of a region.
pub fn uses(region: &RegionId) -> String {
    format!("{ROOT}/{region}/all/uses")
}

/// A sheet of merged uses, retained, by the first digits of its hash: only a head says which ones count.
pub fn sheet(region: &RegionId, hash: &[u8; 32]) -> String {
    let digits = u64::from_be_bytes(*hash.first_chunk().expect("a hash has 32 bytes"));
    format!("{ROOT}/{region}/all/uses/{digits:016x}")
}

/// The filter for all of them.
pub fn sheets(region: &RegionId) -> String {
    format!("{ROOT}/{region}/all/uses/+")
}

/// Longest bundle that is sent as news, in bytes; what is longer is fetched.
pub const LONGEST_NEWS: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_names_its_box() {
        let (region, name): (RegionId, BoxId) = ("RU-TVE".parse().unwrap(), "post-1".parse().unwrap());
        let topic = Up::Health.of(&region, &name);
        assert_eq!(topic, "checkpoint/1/RU-TVE/box/post-1/health");
        for up in Up::ALL {
            assert_eq!(Up::parse(&up.of(&region, &name), &region), Some((name.clone(), up)));
        }
        assert_eq!(Up::parse("checkpoint/1/RU-TVE/box/post-1/receipt", &region), None);
        assert_eq!(Up::parse("checkpoint/1/RU-TVEX/box/post-1/health", &region), None);
    }
}
