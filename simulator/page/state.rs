//! Everything the page shows, as one value; two that are equal look the same.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use board::Clock as _;
use checkpointd::page::{hint, said};
use hq::open::Filter;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};
use verdict::Reason;

use crate::post::Post;
use crate::region::Desk;
use crate::weather::Scenario;
use crate::weather::scenario::NAMED;

/// Newest crossings on the page.
const CROSSINGS: u32 = 40;

/// Frames between two pictures of the camera on the page: with something held up, and of an empty road.
const SHOWN: (u64, u64) = (3, 30);

/// The state of the desk.
pub(super) fn state(desk: &Desk) -> Value {
    let settings = desk.region.settings();
    json!({
        "region": {"id": desk.region.id().as_str(), "name": settings.name},
        "hq": hq(desk, settings.zone),
        "boxes": desk.posts.iter().map(|post| of_box(post, settings.zone)).collect::<Vec<_>>(),
        "passes": desk.cards().iter().map(|card| json!({
            "id": card.name, "revoked": card.is_revoked, "can_revoke": card.id.is_some(),
            "title": card.title, "hint": card.hint,
        })).collect::<Vec<_>>(),
        "crossings": crossings(desk),
        "counts": desk.with_hq(|hq| hq.shown().counts(&Filter::default()).ok()).flatten(),
        "reasons": reasons(),
        "scenarios": scenarios(),
        "message": Value::Null,
    })
}

/// The weather a visitor can choose.
fn scenarios() -> Value {
    let all = NAMED.iter().filter_map(|(name, text)| Some((*name, Scenario::read(name, text).ok()?)));
    all.map(|(name, Scenario { title, about, .. })| {
        json!({"name": name, "title": {"ru": title.ru, "en": title.en}, "about": {"ru": about.ru, "en": about.en}})
    })
    .collect()
}

/// The weather at a post, and the picture of what is played: times in thousandths of it.
fn weather(post: &Post) -> Value {
    let now = post.weather();
    let mut shown = json!({"now": now.look().as_str(), "words": now.to_string(), "scenario": Value::Null});
    if let (Some(play), Some(fields)) = (post.playing(), shown.as_object_mut()) {
        let whole = play.schedule.plays_in().as_secs_f64();
        let part = |at: Duration| (at.as_secs_f64() / whole * 1000.0).min(1000.0) as u64;
        let stretches = play.schedule.stretches().iter();
        let events = play.schedule.events(Duration::ZERO, Duration::MAX);
        fields.insert("scenario".to_owned(), json!(play.name));
        // Steps that can be seen.
        fields.insert("at".to_owned(), json!(part(play.elapsed()) / 5 * 5));
        let strip: Vec<_> =
            stretches.map(|stretch| json!([part(stretch.from), stretch.weather.look().as_str()])).collect();
        fields.insert("strip".to_owned(), json!(strip));
        let events: Vec<_> = events.map(|(at, what)| json!([part(at), what.as_str()])).collect();
        fields.insert("events".to_owned(), json!(events));
    }
    shown
}

fn hq(desk: &Desk, zone: Offset) -> Value {
    let release = desk.region.last_release().ok().flatten();
    let now = desk.era.now();
    json!({
        "url": desk.with_hq(|hq| format!("http://{}/", hq.http_address())),
        "now": time(now.saturating_mul(1000), zone),
        "release": release.map(|(sequence, _)| sequence),
        "release_age_s": release.map(|(_, issued)| now.saturating_sub(issued)),
        "connected": desk.with_hq(|hq| hq.collected().connected),
    })
}

fn of_box(post: &Post, zone: Offset) -> Value {
    let (frames, _) = post.handles.seen();
    let (panels, _) = post.handles.panel();
    let (tones, tone) = post.handles.tone();
    let held = post.handles.held();
    let every = if held.is_some() { SHOWN.0 } else { SHOWN.1 };
    let shown = post.shown();
    // A box that does not run knows no time; then its board's clock stands there.
    let now = shown.as_ref().map(|shown| shown.clock.now());
    let now = now.unwrap_or(wire::WallTime { unix_ms: post.clock.read().system_ms, trust: wire::ClockTrust::None });
    let mut state = json!({
        "name": post.name.name,
        "title": {"ru": post.name.ru, "en": post.name.en},
        "running": false,
        "starts": post.starts(),
        "network": post.network(),
        "weather": weather(post),
        "disk_full": post.is_full(),
        "stick": post.has_stick(),
        "clock": {
            "now": time(now.unix().saturating_mul(1000), zone),
            "trust": now.trust.as_str(),
            "grade": now.trust.grade().as_str(),
            "offset_s": post.clock.offset(),
            "ntp": post.clock.ntp(),
            "rtc": post.clock.rtc(),
        },
        "held": held,
        "grip": post.handles.grip().as_str(),
        "lens": post.handles.lens().as_str(),
        "night": post.handles.is_night(),
        "exposure": f64::from((post.handles.exposure().times() * 100.0).round()) / 100.0,
        "anpr": post.anpr.load(Ordering::Relaxed),
        "plate": post.last_car(),
        "camera": frames / every * every,
        "panel": panels,
        "lamp": post.handles.light().as_str(),
        "tone": {"count": tones, "kind": tone.map(::board::Tone::as_str)},
    });
    let (Some(shown), Some(fields)) = (shown, state.as_object_mut()) else { return state };
    let view = shown.latest.current();
    let (screen, outcome, reasons, fault) = view.as_ref().map_or(("starting", None, Vec::new(), None), said);
    let link = shown.link.borrow().clone();
    let release = shown.trust.current();
    let look = shown.gauges.last_look();
    let running = json!({
        "running": true,
        "screen": screen,
        "fault": fault,
        "call": view.as_ref().and_then(|view| call(&view.screen)),
        "hint": view.as_ref().and_then(hint),
        "camera_state": shown.gauges.camera().map(reader::CameraState::as_str),
        "outcome": outcome,
        "reasons": reasons,
        "language": view.as_ref().map(|view| view.language.as_str()),
        "journal": {
            "head": shown.gauges.head(),
            "settled": link.covered,
            "writes": view.as_ref().is_none_or(|view| !view.bar.journal_fails),
        },
        "online": link.connected,
        "queue": link.queue,
        "release": release.as_ref().map(|release| release.sequence()),
        "release_age_s": release.as_ref().map(|release| now.unix().saturating_sub(release.issued())),
        // A look that found the road as empty as before is no news.
        "look": look.filter(|(_, look)| !look.unchanged).map(|(number, look)| json!({
            "number": number,
            "ms": look.micros as f64 / 1000.0,
            "path": look.path().map(reader::Rung::as_str),
            "dropped": shown.gauges.frames().dropped(),
            "steps": look.attempts.iter().map(|attempt| json!({
                "rung": attempt.rung.as_str(),
                "ms": attempt.micros as f64 / 1000.0,
                "outcome": attempt.outcome.as_str(),
            })).collect::<Vec<_>>(),
        })),
    });
    if let Value::Object(running) = running {
        fields.extend(running);
    }
    state
}

fn crossings(desk: &Desk) -> Value {
    let found = desk.with_hq(|hq| hq.shown().crossings(&Filter::default(), CROSSINGS).ok()).flatten();
    let rules = desk.region.rules().ok();
    let name = |kind: Option<u16>| {
        let rule = rules.as_ref()?.policy.rule(pass::Kind(kind?))?;
        Some(json!({"ru": rule.ru, "en": rule.en}))
    };
    let with_name = |crossing: &hq::serve::CrossingShown| {
        let mut shown = serde_json::to_value(crossing).unwrap_or_default();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("kind_name".to_owned(), json!(name(crossing.kind)));
        }
        shown
    };
    found.unwrap_or_default().iter().map(with_name).collect()
}

/// What a fault or a hint says, as the panel has it.
fn call(screen: &panel::Screen) -> Option<Value> {
    let text = |language| panel::call(screen, language);
    text(panel::Language::Ru).map(|ru| json!({"ru": ru, "en": text(panel::Language::En)}))
}

/// The headline of every reason, as the panel has it.
fn reasons() -> BTreeMap<&'static str, Value> {
    let say = |reason: Reason| {
        let text = |language| panel::headline(reason, language);
        json!({"ru": text(panel::Language::Ru), "en": text(panel::Language::En)})
    };
    Reason::ALL.iter().map(|reason| (reason.code(), say(*reason))).collect()
}

/// A time of the region, to the second.
fn time(unix_ms: i64, zone: Offset) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(unix_ms).ok()?;
    Some(at.to_zoned(TimeZone::fixed(zone)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}
