//! From the lane's state to the panel's: what the officer is shown of it.

use std::sync::Arc;

use jiff::tz::TimeZone;
use panel::{Bar, Card, Fault, Hint, Latest, Names, Presented, Room, Screen, View};
use reader::CameraState;
use tokio::sync::watch;
use trust::Release;
use uplink::LinkStatus;
use verdict::{Grade, Outcome, PlateSource};
use wire::WallTime;

use crate::clock::Clock;
use crate::config::Config;
use crate::crossing::{self, Lane, Open, State, World};
use crate::freshness;
use crate::gauges::Gauges;
use crate::lane::Journal;
use crate::page::Shown;
use crate::stick;

mod keys;

/// Where the lane's state becomes the panel's.
pub(crate) struct Window {
    latest: Latest,
    trust: trust::View,
    clock: Arc<Clock>,
    stick: stick::Said,
    gauges: Arc<Gauges>,
    zone: TimeZone,
    /// Absent on a box that works alone.
    link: Option<watch::Receiver<LinkStatus>>,
}

impl Window {
    pub(crate) fn of(shown: &Shown, config: &Config) -> Self {
        Self {
            latest: shown.latest.clone(),
            trust: shown.trust.clone(),
            stick: shown.stick.clone(),
            gauges: shown.gauges.clone(),
            clock: shown.clock.clone(),
            zone: config.utc_offset.clone(),
            link: config.uplink.broker.is_some().then(|| shown.link.clone()),
        }
    }

    /// Shows how the lane stands now.
    pub(crate) fn show(&self, lane: &Lane, journal: Journal) {
        let release = self.trust.current();
        let world = World { mono: self.clock.monotonic(), now: self.clock.now(), release: release.as_deref() };
        let link = self.link.as_ref().map(|link| link.borrow().clone());
        let mut view = view(lane, journal, &world, link.as_ref(), &self.zone);
        view.bar.room = room(&self.gauges.journal());
        // Nobody waits for a verdict: then a stick may speak, also where the box has never had a release.
        if let (State::Idle, Some(stick)) = (lane.state(), self.stick.now())
            && matches!(view.screen, Screen::Idle | Screen::Hint(_) | Screen::Fault(_))
            && journal != Journal::Stopped
        {
            view.screen = Screen::Stick(stick);
        }
        self.latest.put(view);
    }
}

/// The view of a lane. `link` is absent on a box that works alone.
fn view(lane: &Lane, journal: Journal, world: &World<'_>, link: Option<&LinkStatus>, zone: &TimeZone) -> View {
    let around = Around { release: world.release, now: world.now, zone };
    let worst = world.release.map(|release| freshness::worst(release, world.now));
    let release_age = world.release.map_or(0, |release| world.now.unix().saturating_sub(release.issued()));
    View {
        language: lane.language(),
        screen: around.screen(lane, journal, world),
        typed: keys::typed(lane, world),
        bar: Bar {
            time: (world.now.unix_ms > 0).then(|| around.time(world.now, "%H:%M")),
            clock_is_sound: world.now.trust.is_sound(),
            online: link.map(|link| link.connected),
            queue: link.map_or(0, |link| link.queue),
            release: world.release.map(Release::sequence),
            release_age_minutes: minutes(release_age),
            knowledge: worst.map_or(Grade::Fresh, |worst| worst.grade),
            worst: worst
                .filter(|worst| worst.grade > Grade::Fresh && minutes(worst.seconds) > minutes(release_age))
                .map(|worst| (worst.part, minutes(worst.seconds))),
            journal_fails: journal != Journal::Writes,
            room: None,
        },
    }
}

/// What the officer is told of the journal's room: nothing before it is his business.
fn room(budget: &journal::Budget) -> Option<Room> {
    budget.stage.is_told().then(|| budget.hours.map_or(Room::Little, Room::Hours))
}

/// The bar of a box that is not at work.
pub(crate) fn bare_bar(now: WallTime, zone: &TimeZone) -> Bar {
    Bar {
        time: (now.unix_ms > 0).then(|| written(now, zone, "%H:%M")),
        clock_is_sound: now.trust.is_sound(),
        online: None,
        queue: 0,
        release: None,
        release_age_minutes: 0,
        knowledge: Grade::Fresh,
        worst: None,
        journal_fails: false,
        room: None,
    }
}

/// A day (Unix seconds), as the panel writes it.
pub(crate) fn day(at: i64, zone: &TimeZone) -> String {
    written(WallTime::from_unix(at, wire::ClockTrust::Signed), zone, "%d.%m.%Y")
}

fn written(at: WallTime, zone: &TimeZone, format: &str) -> String {
    jiff::Timestamp::from_millisecond(at.unix_ms)
        .map(|at| at.to_zoned(zone.clone()).strftime(format).to_string())
        .unwrap_or_default()
}

fn minutes(seconds: i64) -> u64 {
    u64::try_from(seconds / 60).unwrap_or(0)
}

/// What turns a state into words.
struct Around<'a> {
    release: Option<&'a Release>,
    now: WallTime,
    zone: &'a TimeZone,
}

impl Around<'_> {
    fn screen(&self, lane: &Lane, journal: Journal, world: &World<'_>) -> Screen {
        if journal == Journal::Stopped {
            return Screen::Fault(Fault::Journal);
        }
        if let Some(shown) = self.by_hand(lane, world) {
            return shown;
        }
        match lane.state() {
            State::Open(open) => Screen::Verdict(self.card(open, journal)),
            State::Closed { last, action, .. } => {
                Screen::Closed { passed: action.lets_pass(), card: self.card(last, journal) }
            }
            State::AdmittedBefore { again, admitted } => {
                Screen::AdmittedBefore { at: self.time(*admitted, "%H:%M"), card: self.card(again, journal) }
            }
            // A box that has no release yet may just be getting one.
            State::Idle if let Some(run) = lane.run() => Screen::Run(run.clone()),
            State::Idle if self.release.is_none() => Screen::Fault(Fault::NoTrust),
            State::Idle => match (lane.camera().and_then(blind), lane.hint(world.mono)) {
                (Some(fault), _) => Screen::Fault(fault),
                (None, Some(cause)) => Screen::Hint(hint(cause)),
                (None, None) => Screen::Idle,
            },
        }
    }

    fn card(&self, open: &Open, journal: Journal) -> Card {
        let judgement = &open.judgement;
        let outcome = match (judgement.verdict.outcome, journal) {
            // What is not written down is never shown green.
            (Outcome::Admit, Journal::Doubtful) => Outcome::Check,
            (outcome, _) => outcome,
        };
        let mut card = Card {
            outcome,
            reasons: judgement.verdict.reasons.clone(),
            kind: None,
            issuer: None,
            plates: Vec::new(),
            plate_seen: open.plate.as_ref().map(|seen| seen.reading.folded().to_owned()),
            holder: None,
            birth: None,
            id_digits: None,
            ends: None,
            presented: None,
            claimed_until: None,
            route: None,
            minutes: None,
            by_feed: open.plate.as_ref().is_some_and(|seen| seen.source != PlateSource::Officer),
            list_age_minutes: minutes(self.release.map_or(0, |release| release.ages(self.now).keys)),
        };
        let policy = self.release.map(Release::policy);
        card.claimed_until = judgement.claims_until.map(|(day, month)| format!("{day:02}.{month:02}"));
        let Some(document) = &judgement.document else { return card };
        card.presented = presented(document.format);
        let rule = policy.and_then(|policy| policy.rule(document.kind));
        card.kind = rule.map(|rule| Names { ru: rule.ru.clone(), en: rule.en.clone() });
        card.issuer = Some(document.issuer.clone());
        card.plates = document.plates.iter().map(|plate| plate.as_str().to_owned()).collect();
        card.ends = judgement
            .verdict
            .ends
            .map(|at| self.time(WallTime::from_unix(at, wire::ClockTrust::Signed), "%d.%m.%Y %H:%M"));
        card.route.clone_from(&document.route);
        let own = document.limits.and_then(|limits| limits.minutes);
        let by_rule = rule.and_then(|rule| rule.limits).and_then(|limits| limits.minutes);
        // The narrower of both counts.
        card.minutes = own.into_iter().chain(by_rule).min();
        // Only what is to be compared: a refused driver's name helps nobody.
        if outcome != Outcome::Refuse {
            card.holder.clone_from(&document.holder);
            card.birth.clone_from(&document.birth);
            card.id_digits.clone_from(&document.id_digits);
        }
        card
    }

    /// A crossing as it is looked back at.
    fn past(&self, past: &crossing::Past) -> panel::Past {
        use panel::Ending;
        use wire::entry::Action;
        let policy = self.release.map(Release::policy);
        let rule = past.kind.and_then(|kind| policy?.rule(pass::Kind(kind)));
        panel::Past {
            at: self.time(past.at, "%H:%M"),
            kind: rule.map(|rule| Names { ru: rule.ru.clone(), en: rule.en.clone() }),
            plate: past.plate.clone(),
            outcome: past.outcome,
            ending: match past.action {
                Action::Passed => Ending::Passed,
                Action::Overridden => Ending::Overridden,
                Action::Exempted => Ending::Exempted,
                Action::TurnedBack => Ending::TurnedBack,
                Action::NextPass | Action::Absence => Ending::Undecided,
            },
        }
    }

    fn time(&self, at: WallTime, format: &str) -> String {
        written(at, self.zone, format)
    }
}

/// What a pass that says nothing itself is known by.
const fn presented(format: pass::Format) -> Option<Presented> {
    match format {
        pass::Format::Link => Some(Presented::Link),
        pass::Format::Code => Some(Presented::Code),
        pass::Format::Card => Some(Presented::Card),
        pass::Format::Plate => Some(Presented::Plate),
        _ => None,
    }
}

/// What is wrong with a camera, if something is.
const fn blind(camera: CameraState) -> Option<Fault> {
    match camera {
        CameraState::Sees => None,
        CameraState::Fails | CameraState::Ended => Some(Fault::Camera),
        CameraState::Frozen => Some(Fault::CameraFrozen),
        CameraState::Black => Some(Fault::CameraBlack),
        CameraState::Covered => Some(Fault::CameraCovered),
    }
}

const fn hint(cause: Option<reader::Hint>) -> Hint {
    match cause {
        None => Hint::Unread,
        Some(reader::Hint::TooFar) => Hint::TooFar,
        Some(reader::Hint::TooClose) => Hint::TooClose,
        Some(reader::Hint::TooDark) => Hint::TooDark,
        Some(reader::Hint::Glare) => Hint::Glare,
        Some(reader::Hint::Blurred) => Hint::Blurred,
        Some(reader::Hint::CutOff) => Hint::CutOff,
        Some(reader::Hint::NotQr) => Hint::NotQr,
    }
}

#[cfg(test)]
mod tests;
