//! What a box writes down, before it is sealed: only what the decision needed. No names, no birth
//! dates.

use minicbor::{Decode, Encode};

use crate::WallTime;
use crate::uses::Limit;

/// One accountable event at a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Entry {
    /// A vehicle was judged.
    #[n(0)]
    Crossing(#[n(0)] Crossing),
    /// The officer acted on a crossing, or it closed by itself.
    #[n(1)]
    Closing(#[n(0)] Closing),
    /// Something about the box itself: started, release adopted, clock changed.
    #[n(2)]
    Note(#[n(0)] Note),
    /// Somebody who came without a pass was registered.
    #[n(3)]
    Arrival(#[n(0)] Arrival),
    /// A shift began or ended, or somebody tried to begin one.
    #[n(4)]
    Shift(#[n(0)] Shift),
}

/// How a verdict came out; the numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    /// Green.
    #[n(0)]
    Admit,
    /// Amber: one fact to compare.
    #[n(1)]
    Check,
    /// Red.
    #[n(2)]
    Refuse,
}

/// One vehicle judged.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Crossing {
    /// Drawn at the first sighting; names the crossing in everything that follows.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 8],
    /// When the verdict was reached.
    #[n(1)]
    pub at: WallTime,
    /// Lane of the box, from 0.
    #[n(2)]
    pub lane: u8,
    /// Format of the pass (`MP1`, `HC1`, …); absent when the text was no pass.
    #[n(3)]
    pub format: Option<String>,
    /// Who signed it.
    #[n(4)]
    pub issuer: Option<String>,
    /// Its id (cti or certificate identifier), as bytes.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub pass_id: Option<Vec<u8>>,
    /// Its kind's number.
    #[n(6)]
    pub kind: Option<u16>,
    /// The folded plate that was seen or typed.
    #[n(7)]
    pub plate_seen: Option<String>,
    /// The binding it was compared with (`?` for places not bound).
    #[n(8)]
    pub plate_bound: Option<String>,
    /// The verdict.
    #[n(9)]
    pub outcome: Outcome,
    /// Every reason's stable number, weightiest first.
    #[n(10)]
    pub reasons: Vec<u16>,
    /// Sequence of the release that was in force.
    #[n(11)]
    pub release: u64,
    /// How old it was, in seconds.
    #[n(12)]
    pub release_age: i64,
    /// Microseconds from the frame being handed to the reader to its text.
    #[n(13)]
    pub read_us: u32,
    /// Microseconds from the text to the verdict.
    #[n(14)]
    pub judge_us: u32,
    /// Where the plate that was seen comes from.
    #[n(15)]
    pub plate_source: Option<PlateSource>,
    /// Pseudonym of the shift.
    #[n(16)]
    pub shift: Option<String>,
    /// Unix seconds at which the window begins in which a use of the pass is reserved; none: no use is counted.
    #[n(17)]
    pub use_window: Option<i64>,
    /// How the pass came to the box; none: by the camera, as boxes wrote before there was more than that.
    #[n(18)]
    pub how: Option<How>,
    /// The limit that the use is counted for.
    #[n(19)]
    pub use_limit: Option<Limit>,
}

impl Crossing {
    /// A crossing of which nothing is known but its verdict.
    pub const fn new(id: [u8; 8], at: WallTime, outcome: Outcome) -> Self {
        Self {
            id,
            at,
            lane: 0,
            format: None,
            issuer: None,
            pass_id: None,
            kind: None,
            plate_seen: None,
            plate_bound: None,
            outcome,
            reasons: Vec::new(),
            release: 0,
            release_age: 0,
            read_us: 0,
            judge_us: 0,
            plate_source: None,
            shift: None,
            use_window: None,
            how: None,
            use_limit: None,
        }
    }
}

/// Where a plate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum PlateSource {
    /// The officer typed it.
    #[n(0)]
    Officer,
    /// A device read it.
    #[n(1)]
    Feed,
    /// A device read it that policy lets press the officer's key.
    #[n(2)]
    TrustedFeed,
}

impl PlateSource {
    /// Every one there is.
    pub const ALL: [Self; 3] = [Self::Officer, Self::Feed, Self::TrustedFeed];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Feed => "feed",
            Self::TrustedFeed => "trusted-feed",
        }
    }
}

/// How a pass came to the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum How {
    /// The camera read it.
    #[n(0)]
    Camera,
    /// The officer typed it.
    #[n(1)]
    Typed,
    /// A scanner read it.
    #[n(2)]
    Scanner,
    /// There is none: the officer opened the crossing of a vehicle without a pass.
    #[n(3)]
    NoPass,
}

impl How {
    /// Every one there is.
    pub const ALL: [Self; 4] = [Self::Camera, Self::Typed, Self::Scanner, Self::NoPass];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Typed => "typed",
            Self::Scanner => "scanner",
            Self::NoPass => "no-pass",
        }
    }
}

/// How a crossing ended.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Closing {
    /// The crossing.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 8],
    /// When.
    #[n(1)]
    pub at: WallTime,
    /// What ended it.
    #[n(2)]
    pub action: Action,
    /// Stable code of the exemption, or of the reason for overriding a refusal.
    #[n(3)]
    pub why: Option<String>,
    /// Pseudonym of the shift.
    #[n(4)]
    pub shift: Option<String>,
}

impl Closing {
    /// A crossing that ended without more to say.
    pub const fn new(id: [u8; 8], at: WallTime, action: Action) -> Self {
        Self { id, at, action, why: None, shift: None }
    }
}

/// What ended a crossing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Action {
    /// The officer let the vehicle pass.
    #[n(0)]
    Passed,
    /// The officer turned it back.
    #[n(1)]
    TurnedBack,
    /// A different pass was shown.
    #[n(2)]
    NextPass,
    /// Nothing was seen for a while.
    #[n(3)]
    Absence,
    /// The officer let the vehicle pass although the box refused, for a reason that is named.
    #[n(4)]
    Overridden,
    /// The officer let the vehicle pass by one of the region's exemptions, which is named.
    #[n(5)]
    Exempted,
}

impl Action {
    /// Every one there is.
    pub const ALL: [Self; 6] =
        [Self::Passed, Self::TurnedBack, Self::NextPass, Self::Absence, Self::Overridden, Self::Exempted];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::TurnedBack => "turned-back",
            Self::NextPass => "next-pass",
            Self::Absence => "absence",
            Self::Overridden => "overridden",
            Self::Exempted => "exempted",
        }
    }

    /// Whether the vehicle went on.
    pub const fn lets_pass(self) -> bool {
        matches!(self, Self::Passed | Self::Overridden | Self::Exempted)
    }
}

/// An event of the box.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Note {
    /// When.
    #[n(0)]
    pub at: WallTime,
    /// Stable code (`started`, `release-adopted`, `clock-changed`, …).
    #[n(1)]
    pub code: String,
    /// Detail for HQ, without personal data.
    #[n(2)]
    pub detail: String,
}

/// What somebody without a pass has stated at the post: where they will stay, or the trip they make.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Arrival {
    /// The crossing.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 8],
    /// When.
    #[n(1)]
    pub at: WallTime,
    /// The folded plate.
    #[n(2)]
    pub plate: Option<String>,
    /// Stable code of the purpose, from policy.
    #[n(3)]
    pub purpose: String,
    /// Name of the settlement, from policy; empty where it was not chosen.
    #[n(4)]
    pub settlement: String,
    /// House and flat, the whole address, or the route of a trip, as typed.
    #[n(5)]
    pub house: String,
    /// Days for which they are to stay there; 0 for a trip.
    #[n(6)]
    pub days: u16,
    /// Pseudonym of the shift.
    #[n(7)]
    pub shift: Option<String>,
    /// Minutes that the trip may take.
    #[n(8)]
    pub minutes: Option<u32>,
}

/// A shift of an officer, by the pseudonym on the service card.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Shift {
    /// When.
    #[n(0)]
    pub at: WallTime,
    /// Lane of the box, from 0.
    #[n(1)]
    pub lane: u8,
    /// Who, as only HQ can tell.
    #[n(2)]
    pub pseudonym: String,
    /// What happened.
    #[n(3)]
    pub act: ShiftAct,
    /// Wrong PINs in a row.
    #[n(4)]
    pub tries: Option<u32>,
}

/// What happened to a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ShiftAct {
    /// It began.
    #[n(0)]
    SignedIn,
    /// The officer ended it.
    #[n(1)]
    SignedOut,
    /// It did not begin: the PIN was wrong.
    #[n(2)]
    WrongPin,
    /// It ended by itself: another began, its card ended, or it was too long.
    #[n(3)]
    Ended,
}

impl ShiftAct {
    /// Every one there is.
    pub const ALL: [Self; 4] = [Self::SignedIn, Self::SignedOut, Self::WrongPin, Self::Ended];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::SignedOut => "signed-out",
            Self::WrongPin => "wrong-pin",
            Self::Ended => "ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClockTrust, decode, encode};

    const AT: WallTime = WallTime::from_unix(1_588_334_400, ClockTrust::Rtc);

    /// What boxes wrote before there were shifts.
    #[derive(Encode, Decode)]
    enum Before {
        #[n(0)]
        Crossing(#[n(0)] CrossingBefore),
        #[n(1)]
        Closing(#[n(0)] ClosingBefore),
    }

    #[derive(Encode, Decode)]
    #[cbor(map)]
    struct CrossingBefore {
        #[cbor(n(0), with = "minicbor::bytes")]
        id: [u8; 8],
        #[n(1)]
        at: WallTime,
        #[n(2)]
        lane: u8,
        #[n(9)]
        outcome: Outcome,
        #[n(10)]
        reasons: Vec<u16>,
        #[n(11)]
        release: u64,
        #[n(12)]
        release_age: i64,
        #[n(13)]
        read_us: u32,
        #[n(14)]
        judge_us: u32,
    }

    #[derive(Encode, Decode)]
    #[cbor(map)]
    struct ClosingBefore {
        #[cbor(n(0), with = "minicbor::bytes")]
        id: [u8; 8],
        #[n(1)]
        at: WallTime,
        #[n(2)]
        action: Action,
    }

    #[test]
    fn rows_of_before_are_still_read_and_what_is_not_known_takes_no_room() {
        let old = Before::Crossing(CrossingBefore {
            id: [7; 8],
            at: AT,
            lane: 0,
            outcome: Outcome::Check,
            reasons: vec![],
            release: 0,
            release_age: 0,
            read_us: 0,
            judge_us: 0,
        });
        let new = Entry::Crossing(Crossing::new([7; 8], AT, Outcome::Check));
        assert_eq!(encode(&old), encode(&new));
        assert_eq!(decode::<Entry>(&encode(&old), "entry").unwrap(), new);
        let old = Before::Closing(ClosingBefore { id: [7; 8], at: AT, action: Action::TurnedBack });
        let new = Entry::Closing(Closing::new([7; 8], AT, Action::TurnedBack));
        assert_eq!(encode(&old), encode(&new));
        assert_eq!(decode::<Entry>(&encode(&old), "entry").unwrap(), new);
    }

    #[test]
    fn everything_new_comes_back_as_it_was() {
        let crossing = Crossing {
            plate_source: Some(PlateSource::TrustedFeed),
            shift: Some("Рысь-4".into()),
            use_window: Some(1_588_300_000),
            how: Some(How::NoPass),
            ..Crossing::new([1; 8], AT, Outcome::Refuse)
        };
        let closing = Closing {
            why: Some("ambulance".into()),
            shift: Some("Рысь-4".into()),
            ..Closing::new([1; 8], AT, Action::Exempted)
        };
        let arrival = Arrival {
            id: [1; 8],
            at: AT,
            plate: Some("A123BC71".into()),
            purpose: "dacha".into(),
            settlement: "Венёв".into(),
            house: "12-3".into(),
            days: 14,
            shift: None,
            minutes: Some(180),
        };
        let shift = Shift { at: AT, lane: 1, pseudonym: "Рысь-4".into(), act: ShiftAct::WrongPin, tries: Some(3) };
        for entry in [Entry::Crossing(crossing), Entry::Closing(closing), Entry::Arrival(arrival), Entry::Shift(shift)]
        {
            assert_eq!(decode::<Entry>(&encode(&entry), "entry").unwrap(), entry);
        }
    }
}
