//! How a box is: its online state (retained, also its last will) and its heartbeat.

use minicbor::{Decode, Encode};

use crate::WallTime;

/// Online or offline; the payload of the `state` topic.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct State {
    /// False in the last will, and in the word of a box that goes by itself.
    #[n(0)]
    pub online: bool,
    /// Version of the software.
    #[n(1)]
    pub version: String,
    /// Why it is offline, by a stable name: [`State::STOPPED`]. Absent in the last will, which the broker speaks, and
    /// from boxes that do not tell.
    #[n(2)]
    pub reason: Option<String>,
}

impl State {
    /// The reason of a box that was told to stop, or starts again.
    pub const STOPPED: &str = "stopped";
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
    /// The highest number of a command of HQ that it has carried out or refused; absent before the first.
    #[n(12)]
    pub last_command: Option<u64>,
    /// How full its journal is, by the stable name of its stage in `docs/box.md`.
    #[n(13)]
    pub journal_stage: Option<String>,
    /// What its journal takes, and may take.
    #[n(14)]
    pub journal: Option<Room>,
    /// Files that can still be made where the journal lives; absent where the file system has no such bound.
    #[n(15)]
    pub inodes_free: Option<u64>,
    /// Rows of its journal that were damaged or could not be sent, and were set aside.
    #[n(16)]
    pub set_aside: Option<u64>,
    /// Until when its certificate for the line is good, Unix seconds; absent without one.
    #[n(17)]
    pub certificate_until: Option<i64>,
    /// Seconds since the start of the program.
    #[n(18)]
    pub uptime: Option<u64>,
    /// Things nobody needs for a crossing (pictures of the event ring) that were not written since the start, because
    /// the disk is nearly full.
    #[n(19)]
    pub dropped: Option<u64>,
}

impl Health {
    /// A heartbeat that tells nothing but the time.
    pub const fn at(now: WallTime) -> Self {
        Self {
            now,
            release: 0,
            release_issued: 0,
            queue: 0,
            disk_free: 0,
            disk_hours: None,
            camera: false,
            temperature: None,
            camera_state: None,
            picture: None,
            reader_deaths: None,
            knowledge: None,
            last_command: None,
            journal_stage: None,
            journal: None,
            inodes_free: None,
            set_aside: None,
            certificate_until: None,
            uptime: None,
            dropped: None,
        }
    }
}

/// What something takes of what it may take, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Room {
    /// Taken.
    #[n(0)]
    pub used: u64,
    /// At most.
    #[n(1)]
    pub budget: u64,
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

    /// The state as boxes sent it first.
    #[derive(Encode, Decode)]
    #[cbor(map)]
    struct FirstState {
        #[n(0)]
        online: bool,
        #[n(1)]
        version: String,
    }

    fn first() -> Health {
        Health {
            release: 3,
            release_issued: 1_588_334_000,
            queue: 5,
            disk_free: 1 << 30,
            disk_hours: Some(700),
            temperature: Some(48_312),
            ..Health::at(WallTime::from_unix(1_588_334_400, ClockTrust::Rtc))
        }
    }

    fn health() -> Health {
        Health {
            camera_state: Some("covered".to_owned()),
            picture: Some(Picture { brightness: 90, glare_permille: 4, focus_percent: None, dirt_percent: Some(2) }),
            reader_deaths: Some(1),
            knowledge: Some(vec![
                Age { part: 0, seconds: 60, grade: Freshness::Fresh },
                Age { part: 5, seconds: 400_000, grade: Freshness::Old },
            ]),
            last_command: Some(4),
            journal_stage: Some("warn".to_owned()),
            journal: Some(Room { used: 3 << 28, budget: 1 << 30 }),
            inodes_free: Some(90_000),
            set_aside: Some(2),
            certificate_until: Some(1_620_000_000),
            uptime: Some(86_400),
            dropped: Some(3),
            ..first()
        }
    }

    #[test]
    fn old_and_new_understand_each_other() {
        let sent = health();
        assert_eq!(crate::decode::<Health>(&crate::encode(&sent), "health").unwrap(), sent);
        let old: First = crate::decode(&crate::encode(&sent), "health").unwrap();
        assert_eq!((old.release, old.queue, old.camera, old.temperature), (3, 5, false, Some(48_312)));
        let new: Health = crate::decode(&crate::encode(&old), "health").unwrap();
        assert_eq!(new, first());
    }

    #[test]
    fn an_old_headquarters_reads_a_state_with_a_reason_and_a_new_one_a_state_without() {
        let sent = State { online: false, version: "0.2.0".to_owned(), reason: Some(State::STOPPED.to_owned()) };
        assert_eq!(crate::decode::<State>(&crate::encode(&sent), "state").unwrap(), sent);
        let old: FirstState = crate::decode(&crate::encode(&sent), "state").unwrap();
        assert_eq!((old.online, old.version.as_str()), (false, "0.2.0"));
        let new: State = crate::decode(&crate::encode(&old), "state").unwrap();
        assert_eq!(new, State { reason: None, ..sent });
    }
}
