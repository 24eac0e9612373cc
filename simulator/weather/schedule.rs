//! What a scenario says at every moment, without clocks and sockets: scenario, seed and time in, weather out.

use std::time::Duration;

use super::scenario::{Happening, Scenario};
use super::span::Span;
use super::{Change, Share, Weather};
use crate::scene::Chance;

/// Most repetitions of one spell or event.
pub const MOST: u128 = 1000;

/// A stretch of time with one weather; it lasts until the next begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// When it begins, as it is played.
    pub from: Duration,
    /// The weather.
    pub weather: Weather,
}

/// A scenario laid out in the time in which it is played. Before its end every moment has its weather; afterwards the
/// line is clear.
#[derive(Debug, Clone)]
pub struct Schedule {
    stretches: Vec<Stretch>,
    events: Vec<(Duration, Happening)>,
    plays_in: Duration,
    /// How much faster than the scenario's clock it is played.
    pace: f64,
    region_time: bool,
}

/// A time in which the line is otherwise, by the scenario's clock.
struct Drawn {
    from: Duration,
    until: Duration,
    line: Change,
}

impl Schedule {
    /// Lays a scenario out. What it leaves to chance is drawn from the seed. `plays_in` overrides what it says itself.
    pub fn new(scenario: &Scenario, seed: u64, plays_in: Option<Duration>) -> Self {
        let lasts = scenario.lasts.0;
        let plays_in = plays_in.filter(|time| !time.is_zero()).unwrap_or(scenario.plays_in.0);
        let pace = lasts.as_secs_f64() / plays_in.as_secs_f64();
        let played = |time: Duration| Duration::from_secs_f64(time.as_secs_f64() / pace);

        let mut spells = Vec::new();
        for (number, spell) in scenario.spells.iter().enumerate() {
            let mut chance = Chance::new(seed.wrapping_mul(1000).wrapping_add(number as u64));
            let every = spell.every.as_ref().map(|every| *every.get_ref());
            for from in begins(*spell.at.get_ref(), every, spell.until, spell.vary, lasts, &mut chance) {
                let until = (from + varied(spell.lasts.0, spell.vary, &mut chance)).min(lasts);
                spells.push(Drawn { from, until, line: spell.line });
            }
        }
        let mut edges: Vec<Duration> = spells.iter().flat_map(|spell| [spell.from, spell.until]).collect();
        edges.push(Duration::ZERO);
        edges.retain(|edge| *edge < lasts);
        edges.sort_unstable();
        edges.dedup();
        let mut stretches: Vec<Stretch> = Vec::new();
        let usual = scenario.line.over(Weather::default());
        for edge in edges {
            let now = spells.iter().filter(|spell| spell.from <= edge && edge < spell.until);
            let weather = now.fold(usual, |before, spell| spell.line.over(before));
            if stretches.last().is_none_or(|last| last.weather != weather) {
                stretches.push(Stretch { from: played(edge), weather });
            }
        }
        stretches.push(Stretch { from: plays_in, weather: Weather::default() });

        let mut events = Vec::new();
        for (number, event) in scenario.events.iter().enumerate() {
            let mut chance = Chance::new(!seed.wrapping_mul(1000).wrapping_add(number as u64));
            // Checked when it was read.
            let Ok(what) = event.happening() else { continue };
            let what = match what {
                Happening::HqOff(span) => Happening::HqOff(played(span)),
                Happening::BoxOff(span) => Happening::BoxOff(played(span)),
                Happening::DiskFull(span) => Happening::DiskFull(played(span)),
                Happening::Hot(span) => Happening::Hot(played(span)),
                other => other,
            };
            let every = event.every.as_ref().map(|every| *every.get_ref());
            let begins = begins(*event.at.get_ref(), every, event.until, event.vary, lasts, &mut chance);
            events.extend(begins.into_iter().map(|at| (played(at), what)));
        }
        events.sort_by_key(|(at, _)| *at);
        Self { stretches, events, plays_in, pace, region_time: scenario.region_time }
    }

    /// The weather at a time since the beginning.
    pub fn weather(&self, at: Duration) -> Weather {
        let after = self.stretches.partition_point(|stretch| stretch.from <= at);
        after
            .checked_sub(1)
            .and_then(|last| self.stretches.get(last))
            .map(|stretch| stretch.weather)
            .unwrap_or_default()
    }

    /// When it changes next, or something happens; none when nothing does any more.
    pub fn next(&self, after: Duration) -> Option<Duration> {
        let change = self.stretches.iter().map(|stretch| stretch.from).find(|from| *from > after);
        let event = self.events.iter().map(|(at, _)| *at).find(|at| *at > after);
        change.into_iter().chain(event).min()
    }

    /// What happens beside the line from a time to before another.
    pub fn events(&self, from: Duration, before: Duration) -> impl Iterator<Item = (Duration, Happening)> + '_ {
        self.events.iter().copied().filter(move |(at, _)| (from..before).contains(at))
    }

    /// Every stretch, the last of which is the clear one after the end.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// How long it is played.
    pub const fn plays_in(&self) -> Duration {
        self.plays_in
    }

    /// Whether it is over.
    pub fn is_over(&self, at: Duration) -> bool {
        at >= self.plays_in
    }

    /// The scenario's own time, when so much of it was played.
    pub fn scenario_time(&self, at: Duration) -> Duration {
        Duration::from_secs_f64(at.min(self.plays_in).as_secs_f64() * self.pace)
    }

    /// How much the region's clocks are ahead of real ones then: nothing unless the scenario says so.
    pub fn ahead(&self, at: Duration) -> Duration {
        let at = at.min(self.plays_in);
        if self.region_time { self.scenario_time(at).saturating_sub(at) } else { Duration::ZERO }
    }
}

/// When something that may come again begins, by the scenario's clock.
fn begins(
    at: Span,
    every: Option<Span>,
    until: Option<Span>,
    vary: Option<Share>,
    lasts: Duration,
    chance: &mut Chance,
) -> Vec<Duration> {
    let until = until.map_or(lasts, |until| until.0.min(lasts));
    let (mut found, mut next) = (vec![at.0], at.0);
    let Some(every) = every else { return found };
    // Half of it at the least, so that an end comes.
    while (found.len() as u128) < 2 * MOST {
        next += varied(every.0, vary, chance).max(every.0 / 2).max(Duration::from_millis(1));
        if next >= until {
            break;
        }
        found.push(next);
    }
    found
}

/// A time, longer or shorter by up to a share.
fn varied(time: Duration, vary: Option<Share>, chance: &mut Chance) -> Duration {
    let Share(share) = vary.unwrap_or(Share(0.0));
    time.mul_f64(1.0 + share * f64::from(chance.swing()).clamp(-1.0, 1.0))
}
