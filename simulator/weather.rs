//! Bad weather: what a line does to the bytes that go over it, by a scenario.
//!
//! Responsible for scenarios (TOML, `simulator/scenarios/`), for what they say at every moment ([`Schedule`], pure:
//! the same scenario, seed and time give the same weather), for what that does to one connection ([`pipe`]), and for
//! the command `simulator weather`.
//!
//! Not responsible for what happens beside the line: a scenario names it ([`Happening`]), and whoever plays it on a
//! desk or in a test brings it about.
//!
//! Words: a *line* is the way from a post to HQ, *up* is towards HQ and *down* from it; a *spell* is a time in which
//! the line is other than usual; a *happening* is something beside the line; *clear* is a line that does nothing.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

pub mod command;
pub mod pipe;
pub mod play;
pub mod scenario;
pub mod schedule;
pub mod span;

pub use scenario::{Happening, Scenario};
pub use schedule::{Schedule, Stretch};

use span::Span;

/// How a line is cut. Nothing passes, what is under way is torn, and new connections end at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// It is not.
    #[default]
    None,
    /// Connections are closed (FIN): a gateway that says goodbye.
    Close,
    /// Connections are reset (RST): a modem that has lost everything.
    Reset,
}

/// A direction, or both, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ways {
    /// Neither.
    #[default]
    None,
    /// Towards HQ.
    Up,
    /// From HQ.
    Down,
    /// Both.
    Both,
}

impl Ways {
    /// Whether this way is among them.
    pub const fn has(self, way: Way) -> bool {
        matches!((self, way), (Self::Both, _) | (Self::Up, Way::Up) | (Self::Down, Way::Down))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Up => "what goes up",
            Self::Down => "what comes down",
            Self::Both => "everything",
        }
    }
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Towards HQ.
    Up,
    /// From HQ.
    Down,
}

/// What a line does at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Weather {
    /// Whether and how it is cut.
    pub cut: Cut,
    /// What is taken and never arrives. A connection that lived through it stays dumb, and nobody is told: half-open.
    pub swallow: Ways,
    /// What is held back and arrives when this is over.
    pub stall: Ways,
    /// How much later everything arrives.
    pub latency: Duration,
    /// And up to how much more, drawn anew for every piece; pieces never overtake each other.
    pub jitter: Duration,
    /// Bytes a second in each direction of each connection; 0 is no limit.
    pub rate: u64,
    /// Share of the bytes of which one bit is flipped.
    pub flips: f64,
}

/// What a spell, or the usual state of a line, says of the weather; it leaves the rest as it is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    cut: Option<Cut>,
    swallow: Option<Ways>,
    stall: Option<Ways>,
    latency: Option<Span>,
    jitter: Option<Span>,
    rate: Option<u64>,
    flips: Option<Share>,
}

/// A number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(f64);

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err(format!("{share} is not between 0 and 1")) }
    }
}

impl Change {
    /// The weather with what this says of it.
    fn over(&self, before: Weather) -> Weather {
        Weather {
            cut: self.cut.unwrap_or(before.cut),
            swallow: self.swallow.unwrap_or(before.swallow),
            stall: self.stall.unwrap_or(before.stall),
            latency: self.latency.map_or(before.latency, |span| span.0),
            jitter: self.jitter.map_or(before.jitter, |span| span.0),
            rate: self.rate.unwrap_or(before.rate),
            flips: self.flips.map_or(before.flips, |share| share.0),
        }
    }
}

/// What a picture of the line shows, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nothing passes, and both ends know it.
    Cut,
    /// Something does not pass, and nobody is told.
    Silent,
    /// Bytes arrive changed.
    Corrupt,
    /// Everything passes, later.
    Slow,
    /// Everything passes.
    Clear,
}

impl Look {
    /// A stable word for the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Silent => "silent",
            Self::Corrupt => "corrupt",
            Self::Slow => "slow",
            Self::Clear => "clear",
        }
    }
}

impl Weather {
    /// What a picture of the line shows.
    pub fn look(&self) -> Look {
        match self {
            Self { cut: Cut::Close | Cut::Reset, .. } => Look::Cut,
            Self { swallow: Ways::None, stall: Ways::None, flips, rate, .. } => match flips {
                flips if *flips > 0.0 => Look::Corrupt,
                // What a good cellular line has anyway is not worth a colour.
                _ if *rate > 0 || self.latency + self.jitter > Duration::from_millis(200) => Look::Slow,
                _ => Look::Clear,
            },
            _ => Look::Silent,
        }
    }
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cut {
            Cut::Close => return f.write_str("cut: connections are closed"),
            Cut::Reset => return f.write_str("cut: connections are reset"),
            Cut::None => {}
        }
        let mut said = Vec::new();
        if self.swallow != Ways::None {
            said.push(format!("{} is swallowed", self.swallow.as_str()));
        }
        if self.stall != Ways::None {
            said.push(format!("{} is held back", self.stall.as_str()));
        }
        if self.latency + self.jitter > Duration::ZERO {
            let latest = Span(self.latency + self.jitter);
            said.push(if self.jitter.is_zero() {
                format!("{latest} later")
            } else {
                format!("{} to {latest} later", Span(self.latency))
            });
        }
        if self.rate > 0 {
            said.push(format!("{} bytes a second", self.rate));
        }
        if self.flips > 0.0 {
            said.push(format!("a bit flipped in one byte of {:.0}", 1.0 / self.flips));
        }
        if said.is_empty() { f.write_str("clear") } else { f.write_str(&said.join(", ")) }
    }
}

#[cfg(test)]
mod tests;
