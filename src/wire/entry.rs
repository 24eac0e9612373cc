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
    /// Unix seconds at which the window begins in which a use of the pass is reserved; none: no use is counted.
    #[n(17)]
    pub use_window: Option<i64>,
    /// The limit it is counted for.
    #[n(19)]
    pub use_limit: Option<Limit>,
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
