//! What a scenario says. The format is described in `docs/simulator.md`.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::span::Span;
use super::{Change, Share};
use crate::Error;

/// The scenarios that come with the simulator, by name.
pub const NAMED: [(&str, &str); 9] = [
    ("quiet-week", include_str!("../scenarios/quiet-week.toml")),
    ("month-offline", include_str!("../scenarios/month-offline.toml")),
    ("flapping-cell", include_str!("../scenarios/flapping-cell.toml")),
    ("half-open", include_str!("../scenarios/half-open.toml")),
    ("thin-line", include_str!("../scenarios/thin-line.toml")),
    ("bad-modem", include_str!("../scenarios/bad-modem.toml")),
    ("broker-forgets", include_str!("../scenarios/broker-forgets.toml")),
    ("full-disk", include_str!("../scenarios/full-disk.toml")),
    ("clock-1970", include_str!("../scenarios/clock-1970.toml")),
];

/// Longest file that is read.
const LONGEST: u64 = 64 * 1024;

/// Two languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

/// A scenario as it stands in its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called on the page.
    pub title: Words,
    /// What it shows, in a sentence.
    pub about: Words,
    /// How long it lasts, by its own clock.
    pub lasts: Span,
    /// How long it takes to play: all times of the scenario shrink with it, but not those of the line.
    pub plays_in: Span,
    /// Whether the region's clocks go as fast as the scenario's.
    #[serde(default)]
    pub region_time: bool,
    /// The line as it is when nothing else is said.
    #[serde(default)]
    pub line: Change,
    /// When it is otherwise; later ones in the file are laid over earlier ones.
    #[serde(default, rename = "spell")]
    pub(super) spells: Vec<Spell>,
    /// What happens beside the line.
    #[serde(default, rename = "event")]
    pub(super) events: Vec<Event>,
}

/// A time in which the line is otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spell {
    pub at: Spanned<Span>,
    pub lasts: Span,
    pub every: Option<Spanned<Span>>,
    pub until: Option<Span>,
    pub vary: Option<Share>,
    pub line: Change,
}

/// Something that happens beside the line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    pub at: Spanned<Span>,
    pub every: Option<Spanned<Span>>,
    pub until: Option<Span>,
    pub vary: Option<Share>,
    pub what: Spanned<What>,
    pub lasts: Option<Span>,
    pub to: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum What {
    BrokerForgets,
    HqOff,
    BoxOff,
    DiskFull,
    Hot,
    Clock,
    ClockRight,
}

/// What happens beside the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// The broker starts anew and has forgotten sessions and retained messages.
    BrokerForgets,
    /// HQ is off for so long.
    HqOff(Duration),
    /// The box is off for so long.
    BoxOff(Duration),
    /// The box's disk takes nothing for so long.
    DiskFull(Duration),
    /// The box's processor is too warm for so long.
    Hot(Duration),
    /// The box's clocks stand at a time (Unix seconds) and nobody sets them right.
    Clock(i64),
    /// They are right again.
    ClockRight,
}

impl Happening {
    /// A stable word for the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BrokerForgets => "broker-forgets",
            Self::HqOff(_) => "hq-off",
            Self::BoxOff(_) => "box-off",
            Self::DiskFull(_) => "disk-full",
            Self::Hot(_) => "hot",
            Self::Clock(_) => "clock",
            Self::ClockRight => "clock-right",
        }
    }
}

impl std::fmt::Display for Happening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::BrokerForgets => f.write_str("the broker forgets sessions and retained messages"),
            Self::HqOff(span) => write!(f, "HQ is off for {}", Span(span)),
            Self::BoxOff(span) => write!(f, "the box is off for {}", Span(span)),
            Self::DiskFull(span) => write!(f, "the box's disk is full for {}", Span(span)),
            Self::Hot(span) => write!(f, "the box is too warm for {}", Span(span)),
            Self::Clock(to) => {
                let at = jiff::Timestamp::from_second(to).map(|at| at.to_string()).unwrap_or_default();
                write!(f, "the box's clock stands at {at}")
            }
            Self::ClockRight => f.write_str("the box's clock is right again"),
        }
    }
}

impl Event {
    /// What happens, as long as it takes by the scenario's clock; or what is wrong with what is said.
    pub(super) fn happening(&self) -> Result<Happening, String> {
        let what = *self.what.get_ref();
        let lasts = || self.lasts.map(|span| span.0).ok_or("it needs `lasts`");
        let happening = match what {
            What::BrokerForgets => Happening::BrokerForgets,
            What::HqOff => Happening::HqOff(lasts()?),
            What::BoxOff => Happening::BoxOff(lasts()?),
            What::DiskFull => Happening::DiskFull(lasts()?),
            What::Hot => Happening::Hot(lasts()?),
            What::Clock => {
                let to = self.to.as_deref().ok_or("it needs `to`")?;
                let at: jiff::Timestamp = to.parse().map_err(|_| "`to` is not like 1970-01-01T00:00:00Z")?;
                Happening::Clock(at.as_second())
            }
            What::ClockRight => Happening::ClockRight,
        };
        let takes_time = matches!(what, What::HqOff | What::BoxOff | What::DiskFull | What::Hot);
        if self.lasts.is_some() && !takes_time {
            return Err("it takes no `lasts`".to_owned());
        }
        if self.to.is_some() && what != What::Clock {
            return Err("it takes no `to`".to_owned());
        }
        Ok(happening)
    }
}

impl Scenario {
    /// Reads a scenario; `name` is how it is called in what is wrong with it.
    ///
    /// # Errors
    /// [`Error::Scenario`], with the line.
    pub fn read(name: &str, text: &str) -> Result<Self, Error> {
        let wrong = |detail: String| Error::Scenario { name: name.to_owned(), detail };
        let scenario: Self = toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        scenario.check(|at, what| {
            let line = text.get(..at).map_or(0, |before| before.matches('\n').count()) + 1;
            wrong(format!("line {line}: {what}"))
        })?;
        Ok(scenario)
    }

    fn check(&self, wrong: impl Fn(usize, String) -> Error) -> Result<(), Error> {
        if self.lasts.0.is_zero() || self.plays_in.0.is_zero() {
            return Err(wrong(0, "`lasts` and `plays_in` are longer than nothing".to_owned()));
        }
        let whens = self.spells.iter().map(|spell| (&spell.at, spell.every.as_ref()));
        for (at, every) in whens.chain(self.events.iter().map(|event| (&event.at, event.every.as_ref()))) {
            if *at.get_ref() >= self.lasts {
                return Err(wrong(at.span().start, format!("the scenario is over after {}", self.lasts)));
            }
            let times = |every: &Span| self.lasts.0.as_millis() / every.0.as_millis().max(1);
            if let Some(every) = every.filter(|every| times(every.get_ref()) > super::schedule::MOST) {
                return Err(wrong(every.span().start, format!("more often than {} times", super::schedule::MOST)));
            }
        }
        for event in &self.events {
            event.happening().map_err(|what| wrong(event.what.span().start, what))?;
        }
        Ok(())
    }

    /// One of [`NAMED`].
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn named(name: &str) -> Result<Self, Error> {
        let found = NAMED.iter().find(|(known, _)| *known == name);
        let (name, text) = found.ok_or_else(|| Error::Unknown(format!("scenario {name:?}")))?;
        Self::read(name, text)
    }

    /// One of [`NAMED`], or one in a file.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::File`] or [`Error::Scenario`].
    pub fn named_or_in(place: &str) -> Result<Self, Error> {
        let path = Path::new(place);
        if NAMED.iter().any(|(name, _)| *name == place) || !(place.contains(['/', '.']) || path.exists()) {
            return Self::named(place);
        }
        let failed = |source| Error::File { path: path.to_owned(), source };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(file, LONGEST), &mut text).map_err(failed)?;
        Self::read(place, &text)
    }
}
