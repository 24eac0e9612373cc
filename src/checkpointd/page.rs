//! The technician's page at the box: the panel's picture and the status, on loopback, to be looked at only.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use axum::{Router, serve};
use board::{Picture, Thermometer};
use journal::{Budget, Stage};
use panel::{Latest, Screen, View};
use reader::{CameraState, Figures, Rung};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use trust::Release;
use uplink::LinkStatus;
use verdict::Grade;
use wire::{BoxId, ClockTrust, RegionId};

use crate::clock::Clock;
use crate::command::Commanded;
use crate::feed;
use crate::freshness::{self, Aged};
use crate::gauges::Gauges;
use crate::renew::{Certificates, Renewal, Standing};
use crate::ring::Ring;
use crate::stick;

/// Size of the picture, whatever the box's own panel has.
const SIZE: (u32, u32) = (800, 480);

/// Millidegrees above which the processor slows itself down, or soon will.
const HOT: i32 = 80_000;

/// What the box shows of itself; for the page, and for whoever runs it in the same process.
#[derive(Clone)]
pub struct Shown {
    /// The region.
    pub region: RegionId,
    /// The box.
    pub name: BoxId,
    /// What the panel shows.
    pub latest: Latest,
    /// What was measured.
    pub gauges: Arc<Gauges>,
    /// How the link stands.
    pub link: watch::Receiver<LinkStatus>,
    /// The release in force.
    pub trust: trust::View,
    /// The time.
    pub clock: Arc<Clock>,
    /// What becomes of sticks.
    pub stick: stick::Said,
    /// What comes from those who read plates.
    pub plate_sources: feed::Counted,
    /// How warm the board is.
    pub thermometer: Arc<dyn Thermometer>,
    /// The last things that happened.
    pub ring: Ring,
    /// The certificates of a box that is enrolled.
    pub certificates: Option<Arc<Certificates>>,
    /// What becomes of commands.
    pub commanded: Commanded,
    pub(crate) began: Instant,
}

/// Serves until it is dropped; ends by itself only by a bug.
pub(crate) async fn run(listener: TcpListener, shown: Shown) {
    let router = Router::new()
        .route("/", get(async |State(shown): State<Shown>| Html(shown.page())))
        .route("/panel.png", get(async |State(shown): State<Shown>| picture(shown, panel::draw).await))
        .route("/driver.png", get(async |State(shown): State<Shown>| picture(shown, for_driver).await))
        .route("/status.json", get(async |State(shown): State<Shown>| Json(shown.status())))
        .route("/ring.txt", get(async |State(shown): State<Shown>| shown.ring.dump()))
        .layer(from_fn(this_machine_only))
        .with_state(shown);
    if let Err(error) = serve(listener, router).await {
        tracing::error!(%error, "the technician's page ended");
    }
}

/// A page of some stranger in a browser at the box must not look on by a name that points here.
async fn this_machine_only(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_here(host) {
        return (StatusCode::FORBIDDEN, "only from this machine\n").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // The panel may show a name: no other page may have its picture either.
    let own = header::HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(own, HeaderValue::from_static("same-origin"));
    response
}

/// Whether a `Host` names this machine: `localhost`, or a loopback address.
pub fn is_here(host: &str) -> bool {
    let uri = host.parse::<Uri>().ok();
    let name = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The sign that a screen before the driver shows.
fn for_driver(view: &View, onto: &mut Picture) {
    panel::draw_driver(panel::driver(view), view.language, onto);
}

async fn picture(shown: Shown, draw: fn(&View, &mut Picture)) -> Response {
    let Some(view) = shown.latest.current() else { return StatusCode::NOT_FOUND.into_response() };
    let drawn = tokio::task::spawn_blocking(move || {
        let mut picture = Picture::new(SIZE.0, SIZE.1);
        draw(&view, &mut picture);
        picture.to_png()
    });
    match drawn.await {
        Ok(png) => ([(header::CONTENT_TYPE, "image/png")], png).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Shown {
    /// The page, as it is now; it asks for itself again and again.
    fn page(&self) -> String {
        let gauges = &self.gauges;
        let (now, release) = (self.clock.now(), self.trust.current());
        let worst = release.as_deref().map(|release| freshness::worst(release, now));
        include_str!("page.html")
            .replace("{time}", &time(now.trust, worst))
            .replace("{certificate}", &certificate(self.certificates.as_ref().map(|one| one.standing()), now.unix()))
            .replace("{health}", &health(gauges.camera(), gauges.picture(), gauges.reader_deaths()))
            .replace("{journal}", &journal_room(&gauges.journal()))
            .replace("{device}", &device(self.thermometer.read()))
            .replace("{read}", &read(gauges.last_look().and_then(|(_, look)| Some((look.path()?, look.micros)))))
    }

    /// The status, as `docs/box.md` describes it.
    pub fn status(&self) -> Value {
        let view = self.latest.current();
        let (screen, outcome, reasons, fault) = view.as_ref().map_or(("starting", None, Vec::new(), None), said);
        let link = self.link.borrow().clone();
        let commands = self.commanded.counted();
        let release = self.trust.current();
        let now = self.clock.now();
        let age = release.as_ref().map(|release| now.unix().saturating_sub(release.issued()));
        let (look, room) = (self.gauges.last_look(), self.gauges.journal());
        json!({
            "region": self.region.as_str(),
            "box": self.name.as_str(),
            "version": env!("CARGO_PKG_VERSION"),
            "screen": screen,
            "outcome": outcome,
            "reasons": reasons,
            "fault": fault,
            "hint": view.as_ref().and_then(hint),
            "release": release.as_deref().map(Release::sequence),
            "release_age_s": age,
            "knowledge": release.as_deref().map(|release| {
                let aged = |aged: Aged| (aged.part.as_str().to_owned(), json!({
                    "age_s": aged.seconds,
                    "grade": aged.grade.as_str(),
                }));
                freshness::parts(release, now).into_iter().map(aged).collect::<serde_json::Map<_, _>>()
            }),
            "clock": {
                "unix_ms": now.unix_ms,
                "trust": now.trust.as_str(),
                "grade": now.trust.grade().as_str(),
            },
            "stick": self.stick.now().map(|stick| stick.code()),
            "journal": {
                "head": self.gauges.head(),
                "settled": link.covered.max(room.settled),
                "writes": view.as_ref().is_none_or(|view| !view.bar.journal_fails),
                "stage": room.stage.as_str(),
                "taken": room.taken,
                "budget": room.budget,
                "left": room.left,
                "hours": room.hours,
                "disk_free": room.disk_free,
                "inodes_free": room.inodes_free,
                "reserve": room.reserve.as_str(),
                "set_aside": room.set_aside,
            },
            "link": {
                "online": link.connected,
                "queue": link.queue,
                "rows_sent": link.rows_sent,
                "alerts_sent": link.alerts_sent,
                "budget": link.budget,
                "hq_away": link.unheard,
                "fruitless": link.fruitless,
                "trouble": link.trouble.as_ref().map(|(code, _)| code),
            },
            "certificate": self.certificates.as_ref().map(|certificates| {
                let Standing { not_after, renewal, trouble } = certificates.standing();
                json!({ "not_after": not_after, "renewal": renewal.as_str(), "trouble": trouble })
            }),
            "camera": {
                "state": self.gauges.camera().map_or("none", CameraState::as_str),
                "frames": self.gauges.frames().frames(),
                "dropped": self.gauges.frames().dropped(),
                "looks": self.gauges.looks(),
            },
            "picture": self.gauges.picture().map(|picture| json!({
                "brightness": picture.brightness,
                "glare_permille": picture.glare_permille,
                "focus_percent": picture.focus_percent,
                "dirt_percent": picture.dirt_percent,
            })),
            "plate_sources": self.plate_sources.status(),
            "reader_deaths": self.gauges.reader_deaths(),
            "runs_spoilt": self.gauges.runs_spoilt(),
            "commands": {
                "last": commands.last,
                "done": commands.done,
                "refused": commands.refused,
            },
            "look": look.map(|(number, look)| json!({
                "number": number,
                "us": look.micros,
                "path": look.path().map(Rung::as_str),
            })),
            "temperature": self.thermometer.read().map(|millidegrees| f64::from(millidegrees) / 1000.0),
            "uptime_s": self.began.elapsed().as_secs(),
        })
    }
}

/// Why nothing reads, as the panel says it, by its stable name.
pub fn hint(view: &View) -> Option<&'static str> {
    match view.screen {
        Screen::Hint(hint) => Some(hint.as_str()),
        _ => None,
    }
}

/// The picture's health for whoever stands at the box, in Russian and English.
fn health(state: Option<CameraState>, picture: Option<Figures>, reader_deaths: u64) -> String {
    let (ru, en) = match state {
        None => ("ещё не открыта", "not open yet"),
        Some(CameraState::Sees) => ("видит", "sees"),
        Some(CameraState::Frozen) => ("зависла", "frozen"),
        Some(CameraState::Black) => ("видит темноту", "sees only black"),
        Some(CameraState::Covered) => ("закрыта", "covered"),
        Some(CameraState::Fails) => ("не работает", "does not work"),
        Some(CameraState::Ended) => ("кадры кончились", "no more frames"),
    };
    let percent = |value: Option<u8>| value.map_or_else(|| "–".to_owned(), |value| format!("{value} %"));
    let mut rows = vec![("Камера · camera", format!("{ru} · {en}"))];
    if let Some(picture) = picture {
        let glare = picture.glare_permille;
        rows.push(("Резкость · focus", percent(picture.focus_percent)));
        rows.push(("Блики · glare", format!("{}.{} %", glare / 10, glare % 10)));
        rows.push(("Яркость · brightness", format!("{} / 255", picture.brightness)));
        rows.push(("Грязь · dirt", percent(picture.dirt_percent)));
    }
    rows.push(("Сбои чтения · deaths of the decoder", reader_deaths.to_string()));
    rows.into_iter().map(|(name, value)| format!("<tr><th>{name}<td>{value}\n")).collect()
}

/// How warm the box is, in Russian and English.
fn device(temperature: Option<i32>) -> String {
    let said = temperature.map(|millidegrees| {
        let said = format!("{:.1} °C", f64::from(millidegrees) / 1000.0);
        if millidegrees > HOT { format!("⚠ {said}, перегрев · too hot") } else { said }
    });
    format!("<tr><th>Температура · temperature<td>{}\n", said.unwrap_or_else(|| "–".to_owned()))
}

/// How good the clock is and how old the knowledge, in Russian and English.
fn time(trust: ClockTrust, worst: Option<Aged>) -> String {
    let (ru, en) = match trust {
        ClockTrust::Ntp => ("верны, по сети", "good, by network"),
        ClockTrust::Rtc => ("верны, от батареи", "good, by battery"),
        ClockTrust::Signed => ("верны, подписаны штабом", "good, signed by HQ"),
        ClockTrust::CarriedOver => ("приблизительны, по памяти", "coarse, carried over"),
        ClockTrust::None => ("неверны", "bad"),
    };
    let mut rows = format!("<tr><th>Часы · clock<td>{ru} · {en}\n");
    if let Some(Aged { part, seconds, grade }) = worst {
        let (ru, en) = match grade {
            Grade::Fresh => ("свежие", "fresh"),
            Grade::Stale => ("не свежие", "stale"),
            Grade::Old => ("устарели", "old"),
        };
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        rows += &format!("<tr><th>Данные · knowledge<td>{ru} · {en}: {}, {hours}:{minutes:02}\n", part.as_str());
    }
    rows
}

/// What room the journal has, in Russian and English.
fn journal_room(room: &Budget) -> String {
    let (ru, en) = match room.stage {
        Stage::Ample => ("места много", "ample room"),
        Stage::Warn => ("места меньше, штаб знает", "less room, HQ is told"),
        Stage::Lean => ("лишнее убрано", "what is optional is gone"),
        Stage::Tell => ("места мало", "little room"),
        Stage::Full => ("полон", "full"),
    };
    let size = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
    let hours = room.hours.map_or(String::new(), |hours| format!(", {hours} ч · h"));
    let files = room.inodes_free.map_or(String::new(), |files| format!("; {files} inodes"));
    let (taken, budget, left) = (size(room.taken), size(room.budget), size(room.left));
    format!("<tr><th>Журнал · journal<td>{ru} · {en}: {left}{hours} ({taken} / {budget}{files})\n")
}

/// Until when the certificate counts and what goes on with it, in Russian and English; nothing without one.
fn certificate(standing: Option<Standing>, now: i64) -> String {
    let Some(Standing { not_after, renewal, trouble }) = standing else { return String::new() };
    let days = not_after.saturating_sub(now).div_euclid(86_400);
    let (ru, en) = match renewal {
        _ if days < 0 => ("истёк, запрашивается новый", "has run out, the next one is asked for"),
        Renewal::Rests => ("действует", "counts"),
        Renewal::Due => ("запрашивается новый", "the next one is asked for"),
        Renewal::Next => ("новый получен, ждёт связи", "the next one is here and waits for the line"),
    };
    let trouble = trouble.map_or_else(String::new, |code| format!(" ({code})"));
    format!("<tr><th>Сертификат · certificate<td>{ru} · {en}, {days} д · d{trouble}\n")
}

/// What has read the code in view, and in what time, in Russian and English; empty while none is.
fn read(by: Option<(Rung, u64)>) -> String {
    let Some((rung, micros)) = by else { return String::new() };
    let (ru, en) = match rung {
        Rung::Plain => ("как есть", "as it is"),
        Rung::Half => ("уменьшив вдвое", "at half the size"),
        Rung::Quarter => ("уменьшив вчетверо", "at a quarter of the size"),
        Rung::Middle => ("по середине света и тени", "against the middle of dark and light"),
        Rung::Sharp => ("повысив резкость", "sharpened"),
        Rung::Guessed => ("угадав закрытый угол", "with a covered corner guessed"),
        Rung::Settled => ("разгладив", "on bent paper"),
        Rung::Unblurred => ("убрав размытие", "with the blur undone"),
        Rung::Together => ("по нескольким кадрам", "from several frames together"),
        Rung::Rxing | Rung::RxingHalf | Rung::RxingDouble | Rung::RxingFiltered | Rung::Rqrr => {
            ("другой программой", "by an engine of others")
        }
    };
    let (whole, part) = (micros / 1000, micros % 1000 / 100);
    format!("<tr><th>Код прочитан · the code was read<td>{ru} · {en} ({}), {whole}.{part} ms\n", rung.as_str())
}

/// What a view says, in stable words: screen, outcome, reasons, fault.
pub fn said(view: &View) -> (&'static str, Option<&'static str>, Vec<&'static str>, Option<&'static str>) {
    let codes = |card: &panel::Card| card.reasons.iter().map(|reason| reason.code()).collect();
    match &view.screen {
        Screen::Idle => ("idle", None, Vec::new(), None),
        Screen::Hint(_) => ("hint", None, Vec::new(), None),
        Screen::Verdict(card) => ("verdict", Some(card.outcome.as_str()), codes(card), None),
        Screen::Closed { card, .. } => ("closed", Some(card.outcome.as_str()), codes(card), None),
        Screen::AdmittedBefore { .. } => ("admitted-before", None, Vec::new(), None),
        Screen::Fault(fault) => ("fault", None, Vec::new(), Some(fault.code())),
        Screen::Stick(_) => ("stick", None, Vec::new(), None),
        Screen::Run(_) => ("run", None, Vec::new(), None),
        Screen::Enrol(enrol) => ("enrolment", None, vec![enrol.code()], None),
        Screen::Menu(_) => ("menu", None, Vec::new(), None),
        Screen::Recent(_) => ("recent", None, Vec::new(), None),
        Screen::Arrival(_) => ("arrival", None, Vec::new(), None),
        Screen::SignIn(_) => ("sign-in", None, Vec::new(), None),
    }
}

#[cfg(test)]
mod tests {
    use verdict::Knowledge;

    use super::*;

    #[test]
    fn the_technician_reads_how_the_picture_is_and_what_is_not_known_is_a_dash() {
        assert!(include_str!("page.html").contains("{health}"));
        let picture = Figures { brightness: 112, glare_permille: 42, focus_percent: Some(71), dirt_percent: None };
        let said = health(Some(CameraState::Covered), Some(picture), 3);
        for word in ["закрыта · covered", "focus<td>71 %", "glare<td>4.2 %", "112 / 255", "dirt<td>–", "<td>3"]
        {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!health(None, None, 0).contains("focus"));
    }

    #[test]
    fn the_technician_reads_how_a_code_was_read_and_nothing_while_none_is() {
        assert!(include_str!("page.html").contains("{read}"));
        let said = read(Some((Rung::Together, 12_345)));
        assert!(said.contains("по нескольким кадрам · from several frames together (together), 12.3 ms"), "{said}");
        assert!(read(Some((Rung::RxingHalf, 900))).contains("(rxing-half), 0.9 ms"));
        assert_eq!(read(None), "");
    }

    #[test]
    fn the_technician_reads_how_good_the_clock_is_and_how_old_the_knowledge() {
        assert!(include_str!("page.html").contains("{time}"));
        let said = time(ClockTrust::CarriedOver, None);
        assert!(said.contains("coarse, carried over") && !said.contains("knowledge"), "{said}");
        let aged = Aged { part: Knowledge::Ids, seconds: 31 * 3600 + 300, grade: Grade::Old };
        assert!(time(ClockTrust::Ntp, Some(aged)).contains("устарели · old: ids, 31:05"));
    }

    #[test]
    fn the_technician_reads_how_warm_the_box_is() {
        assert!(include_str!("page.html").contains("{device}"));
        assert!(device(Some(47_560)).contains("<td>47.6 °C\n"));
        assert!(device(Some(80_001)).contains("⚠ 80.0 °C, перегрев · too hot"));
        assert!(device(None).contains("temperature<td>–\n"));
    }

    #[test]
    fn the_technician_reads_what_room_the_journal_has() {
        assert!(include_str!("page.html").contains("{journal}"));
        let room = Budget { taken: 12_345_678, budget: 4_294_967_296, left: 9_000_000, ..Budget::default() };
        let said = journal_room(&room);
        assert!(said.contains("места много · ample room: 9.0 MB (12.3 MB / 4294.9 MB)"), "{said}");
        let room = Budget { stage: Stage::Tell, hours: Some(7), inodes_free: Some(60), ..room };
        let said = journal_room(&room);
        assert!(said.contains("9.0 MB, 7 ч · h (") && said.contains("; 60 inodes)"), "{said}");
    }

    #[test]
    fn the_technician_reads_until_when_the_certificate_counts_and_what_went_wrong() {
        assert!(include_str!("page.html").contains("{certificate}"));
        assert_eq!(certificate(None, 0), "");
        let standing = Standing { not_after: 86_400 * 30, renewal: Renewal::Rests, trouble: None };
        assert!(certificate(Some(standing), 0).contains("действует · counts, 30 д · d\n"));
        let failing = Standing { renewal: Renewal::Due, trouble: Some("renewal-line"), ..standing };
        assert!(certificate(Some(failing), 0).contains("is asked for, 30 д · d (renewal-line)"));
        assert!(certificate(Some(failing), 86_400 * 31).contains("истёк"));
    }

    #[test]
    fn only_names_of_this_machine_are_here() {
        assert!(["localhost:8460", "127.0.0.1", "[::1]:8460"].into_iter().all(is_here));
        assert!(!["", "evil.example", "127.0.0.1.evil.example", "192.168.0.7"].into_iter().any(is_here));
    }
}
