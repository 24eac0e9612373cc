//! How a box is: its online state (retained, also its last will) and its heartbeat.

use minicbor::{Decode, Encode};

use crate::WallTime;

/// Online or offline; the payload of the `state` topic.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct State {
    /// False only in the last will.
    #[n(0)]
    pub online: bool,
    /// Version of the software.
    #[n(1)]
    pub version: String,
}

/// The heartbeat; the payload of the `health` topic.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Health {
    /// The box's wall time and its trust.
    #[n(0)]
    pub now: WallTime,
    /// Sequence of the adopted trust release.
    #[n(1)]
    pub release: u64,
    /// Its `issued`, Unix seconds.
    #[n(2)]
    pub release_issued: i64,
    /// Rows not yet covered by a receipt.
    #[n(3)]
    pub queue: u64,
    /// Free bytes where the journal lives.
    #[n(4)]
    pub disk_free: u64,
    /// Hours until the journal is full at the present traffic; absent without traffic.
    #[n(5)]
    pub disk_hours: Option<u32>,
    /// Whether frames arrive and show something.
    #[n(6)]
    pub camera: bool,
    /// Millidegrees Celsius of the processor, where the board tells.
    #[n(7)]
    pub temperature: Option<i32>,
    /// What the camera does, by its stable name in `docs/box.md`; absent before its first word, and
    /// from boxes that do not tell.
    #[n(8)]
    pub camera_state: Option<String>,
    /// Health of the picture; absent while there is none.
    #[n(9)]
    pub picture: Option<Picture>,
    /// How often a process that decodes has died since the start.
    #[n(10)]
    pub reader_deaths: Option<u64>,
    /// How old each part of its knowledge is; absent from boxes that do not tell, or have none.
    #[n(11)]
    pub knowledge: Option<Vec<Age>>,
}

/// How old a part of a box's knowledge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Age {
    /// The part, by its number in a release.
    #[n(0)]
    pub part: u16,
    /// Seconds, by the box's clock.
    #[n(1)]
    pub seconds: i64,
    /// What the box's policy makes of that.
    #[n(2)]
    pub grade: Freshness,
}

/// What policy makes of an age; the numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Freshness {
    /// As good as new.
    #[n(0)]
    Fresh,
    /// Good enough to judge by.
    #[n(1)]
    Stale,
    /// Too old to admit by.
    #[n(2)]
    Old,
}

impl Freshness {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Old => "old",
        }
    }
}

/// Health of a camera's picture, as `docs/box.md` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Picture {
    /// Mean luma, 0–255.
    #[n(0)]
    pub brightness: u8,
    /// Clipped pixels, of a thousand.
    #[n(1)]
    pub glare_permille: u16,
    /// Sharpness of the sharpest edges of the last ten minutes; absent while no edge was in view.
    #[n(2)]
    pub focus_percent: Option<u8>,
    /// Part of the picture that looks like dirt; absent before it can be told.
    #[n(3)]
    pub dirt_percent: Option<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClockTrust;

    /// The heartbeat as boxes sent it first; what is not known yet is left out of a map.
    #[derive(Encode, Decode)]
    #[cbor(map)]
    struct First {
        #[n(0)]
        now: WallTime,
        #[n(1)]
        release: u64,
        #[n(2)]
        release_issued: i64,
        #[n(3)]
        queue: u64,
        #[n(4)]
        disk_free: u64,
        #[n(5)]
        disk_hours: Option<u32>,
        #[n(6)]
        camera: bool,
        #[n(7)]
        temperature: Option<i32>,
    }

    fn health() -> Health {
        Health {
            now: WallTime::from_unix(1_588_334_400, ClockTrust::Rtc),
            release: 3,
            release_issued: 1_588_334_000,
            queue: 5,
            disk_free: 1 << 30,
            disk_hours: None,
            camera: false,
            temperature: None,
            camera_state: Some("covered".to_owned()),
            picture: Some(Picture { brightness: 90, glare_permille: 4, focus_percent: None, dirt_percent: Some(2) }),
            reader_deaths: Some(1),
            knowledge: Some(vec![
                Age { part: 0, seconds: 60, grade: Freshness::Fresh },
                Age { part: 5, seconds: 400_000, grade: Freshness::Old },
            ]),
        }
    }

    #[test]
    fn old_and_new_understand_each_other() {
        let sent = health();
        assert_eq!(crate::decode::<Health>(&crate::encode(&sent), "health").unwrap(), sent);
        let old: First = crate::decode(&crate::encode(&sent), "health").unwrap();
        assert_eq!((old.release, old.queue, old.camera), (3, 5, false));
        let new: Health = crate::decode(&crate::encode(&old), "health").unwrap();
        assert_eq!(new, Health { camera_state: None, picture: None, reader_deaths: None, knowledge: None, ..sent });
    }
}
