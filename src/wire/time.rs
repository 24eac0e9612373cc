//! Wall time and how far it may be believed.
//!
//! Durations are measured with monotonic clocks and order is by sequence number; wall time is only for
//! validity and for people, and never travels without its trust.

use minicbor::{Decode, Encode};

/// Where the wall time comes from, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ClockTrust {
    /// Synchronised by NTP since boot.
    #[n(0)]
    Ntp,
    /// A battery-backed clock within its bounds.
    #[n(1)]
    Rtc,
    /// HQ's signed time, advanced by the monotonic clock since.
    #[n(2)]
    Signed,
    /// The last time this box knew, from before its power was cut: a floor, not a time.
    #[n(3)]
    CarriedOver,
    /// Nothing is known.
    #[n(4)]
    None,
}

impl ClockTrust {
    /// Stable name for journals, logs and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ntp => "ntp",
            Self::Rtc => "rtc",
            Self::Signed => "signed",
            Self::CarriedOver => "carried-over",
            Self::None => "none",
        }
    }

    /// Whether *expired* and *valid* may be said on this clock's word.
    pub const fn is_sound(self) -> bool {
        matches!(self.grade(), Grade::Good)
    }

    /// How good such a time is.
    pub const fn grade(self) -> Grade {
        match self {
            Self::Ntp | Self::Rtc | Self::Signed => Grade::Good,
            Self::CarriedOver => Grade::Coarse,
            Self::None => Grade::Bad,
        }
    }
}

/// How good a wall time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Grade {
    /// *Expired* and *valid* may be said by it.
    #[n(0)]
    Good,
    /// It is at least that late; how much later, nobody knows.
    #[n(1)]
    Coarse,
    /// The clocks contradict what HQ has signed, or there is none.
    #[n(2)]
    Bad,
}

impl Grade {
    /// Stable name for journals, logs and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Coarse => "coarse",
            Self::Bad => "bad",
        }
    }
}

/// A wall time with its trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct WallTime {
    /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    #[n(0)]
    pub unix_ms: i64,
    /// Where it comes from.
    #[n(1)]
    pub trust: ClockTrust,
}

impl WallTime {
    /// A wall time from whole seconds since 1970.
    pub const fn from_unix(seconds: i64, trust: ClockTrust) -> Self {
        Self { unix_ms: seconds.saturating_mul(1000), trust }
    }

    /// Whole seconds since 1970, rounded down: the unit of passes and releases.
    pub const fn unix(self) -> i64 {
        self.unix_ms.div_euclid(1000)
    }
}
