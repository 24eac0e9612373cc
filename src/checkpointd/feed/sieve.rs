//! Which readings of a source are news, as a pure machine: a reading and the time in, what the lane hears out.

use std::collections::VecDeque;
use std::time::Duration;

use plate::Reading;
use reader::anpr::Seen;
use wire::WallTime;

use super::{FromDevice, Source, SourceClock};

/// Vehicles that are remembered.
const REMEMBERED: usize = 128;

/// How long a vehicle is remembered after its last message. Sources that number from one start again some day.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// How long after its first reading a vehicle's plate may be put right: it comes nearer and is read better. What comes
/// later may be about a car behind it.
const PUT_RIGHT: Duration = Duration::from_secs(10);

/// How far in the future a reading may be: clocks that are set by network agree better than that.
const AHEAD_MS: i64 = 10_000;

/// Why a reading is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Left {
    /// Its camera is at no lane of this box.
    Elsewhere,
    /// It is old news: kept by a broker, sent late, or by its own time.
    Old,
    /// It comes from the future: the camera's clock is wrong.
    Ahead,
    /// The source is not sure enough.
    Unsure,
    /// Another reading of the same vehicle that is no better, or too late to put it right.
    NoBetter,
    /// The lane took nothing.
    Busy,
}

impl Left {
    /// Stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Elsewhere => "feed-elsewhere",
            Self::Old => "feed-old",
            Self::Ahead => "feed-ahead",
            Self::Unsure => "feed-unsure",
            Self::NoBetter => "feed-no-better",
            Self::Busy => "feed-busy",
        }
    }
}

/// A vehicle the source has spoken of.
struct Vehicle {
    /// The source's id for it, or, where it has none, the plate.
    key: String,
    plate: String,
    confidence: u8,
    first: Duration,
    last: Duration,
}

pub(super) struct Sieve {
    source: Source,
    lane: u8,
    vehicles: VecDeque<Vehicle>,
}

impl Sieve {
    pub(super) fn new(source: &Source, lane: u8) -> Self {
        Self { source: source.clone(), lane, vehicles: VecDeque::new() }
    }

    pub(super) fn take(
        &mut self,
        seen: Seen,
        is_retained: bool,
        now: WallTime,
        mono: Duration,
    ) -> Result<FromDevice, Left> {
        if !self.is_here(&seen.camera) {
            return Err(Left::Elsewhere);
        }
        if is_retained || seen.late {
            return Err(Left::Old);
        }
        self.in_time(seen.at, now)?;
        // Who does not say how sure he is, is not sure.
        let confidence = seen.confidence.unwrap_or(0);
        if confidence < self.source.least_confidence {
            return Err(Left::Unsure);
        }
        let reading = Reading::new(&seen.plate);
        let is_repeat = self.known(seen.id.as_deref(), &reading, confidence, mono)?;
        let confidence = seen.confidence.map(|percent| u16::from(percent) * 10);
        Ok(FromDevice { reading, kind: self.source.kind.as_str(), confidence, is_repeat })
    }

    fn is_here(&self, camera: &str) -> bool {
        let cameras = &self.source.cameras;
        let lane = cameras.iter().find(|(name, _)| name.eq_ignore_ascii_case(camera)).map(|(_, lane)| *lane);
        lane.map_or(cameras.is_empty(), |lane| lane == self.lane)
    }

    /// By whichever clock counts. A box whose own clock is not sound cannot say what is old.
    fn in_time(&self, at: Option<i64>, now: WallTime) -> Result<(), Left> {
        let Some(at) = at.filter(|_| self.source.clock == SourceClock::Camera && now.trust.is_sound()) else {
            return Ok(());
        };
        let age = now.unix_ms.saturating_sub(at);
        let oldest = i64::try_from(self.source.oldest).unwrap_or(i64::MAX).saturating_mul(1000);
        match age {
            _ if age > oldest => Err(Left::Old),
            _ if age < -AHEAD_MS => Err(Left::Ahead),
            _ => Ok(()),
        }
    }

    /// Whether the lane has heard this of the vehicle before. Of a source without ids a plate is its own id.
    fn known(&mut self, id: Option<&str>, reading: &Reading, confidence: u8, mono: Duration) -> Result<bool, Left> {
        self.vehicles.retain(|vehicle| mono.saturating_sub(vehicle.last) < FORGOTTEN);
        let (key, plate) = (id.unwrap_or_else(|| reading.folded()), reading.folded());
        if let Some(vehicle) = self.vehicles.iter_mut().find(|vehicle| vehicle.key == key) {
            vehicle.last = mono;
            if vehicle.plate == plate {
                vehicle.confidence = vehicle.confidence.max(confidence);
                return Ok(true);
            }
            if confidence <= vehicle.confidence || mono.saturating_sub(vehicle.first) >= PUT_RIGHT {
                return Err(Left::NoBetter);
            }
            (vehicle.plate, vehicle.confidence) = (plate.to_owned(), confidence);
            return Ok(false);
        }
        if self.vehicles.len() == REMEMBERED {
            self.vehicles.pop_front();
        }
        let (key, plate) = (key.to_owned(), plate.to_owned());
        self.vehicles.push_back(Vehicle { key, plate, confidence, first: mono, last: mono });
        Ok(false)
    }
}
