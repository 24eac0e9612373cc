//! A box that waits for HQ's answer: its workers, in the order an answer travels through them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use board::{Board, Key};
use journal::Writer;
use panel::{Enrol, Fault, Language, Latest, Screen, View};
use reader::{Reader, Settings};
use tokio::sync::{mpsc, watch};
use trust::Store;
use uplink::LinkStatus;

use super::code::Code;
use super::waiting::{Waiting, told};
use super::{Certificate, Enrolled, Refused, accept, compared};
use crate::clock::Clock;
use crate::command::Commanded;
use crate::config::Config;
use crate::crew::{Crew, Pulse, Stop, TURN};
use crate::gauges::Gauges;
use crate::open::{Running, explain};
use crate::page::Shown;
use crate::ring::Ring;
use crate::{Error, feed, line, stick};

/// Texts, keys and sticks on their way; a text that does not fit comes again with the next frame.
const EVENTS: usize = 8;

/// How long the panel says that the box was enrolled, before it goes to work.
const ACCEPTED: Duration = Duration::from_secs(6);

/// Time between looks whether somebody has brought the answer by another way.
const LOOK: Duration = Duration::from_secs(1);

/// What happens at a box that waits.
enum Event {
    Text(String),
    Key(Key),
}

/// Whether a box shows its request instead of working.
pub fn waits(config: &Config) -> bool {
    config.uplink.tls && matches!(Enrolled::open(&config.data), Ok(None))
}

/// Shows the request until HQ's answer was taken: then the worker `enrolment` ends.
///
/// # Errors
/// What is missing: then the panel says so, as far as there is one.
pub fn open(config: &Config, board: Board, ring: Ring) -> Result<Running, Error> {
    let Board { mut camera, mut keys, mut screen, mut lamp, mut buzzer, clock, thermometer, .. } = board;
    let mut on_panel = |fault| explain(fault, config, screen.as_mut());
    let (claim, store) = crate::open::open_trust(config).inspect_err(|_| on_panel(Fault::NoTrust))?;
    let (text, digits) = compared(config, &store).inspect_err(|_| on_panel(Fault::NoTrust))?;
    let clock = Arc::new(Clock::new(clock, store.floor(), None));
    tracing::info!(digits = wire::fingerprint::line(&digits), "the box is not enrolled: it shows its request");

    let mut crew = Crew::default();
    let (events, happened) = sync_channel(EVENTS);
    let (_, link) = watch::channel(LinkStatus::BEFORE);
    let shown = Shown {
        region: config.region.clone(),
        name: config.name.clone(),
        latest: Latest::default(),
        gauges: Arc::default(),
        link,
        trust: store.view(),
        stick: stick::Said::default(),
        plate_sources: feed::Counted::default(),
        commanded: Commanded::default(),
        clock: clock.clone(),
        thermometer,
        ring,
        certificates: None,
        began: Instant::now(),
    };

    let gauges = shown.gauges.clone();
    crew.thread("camera", move |stop, pulse| {
        let tell = |state| gauges.camera_is(state);
        reader::watch(camera.as_mut(), gauges.frames(), tell, &stop, &pulse);
    })?;
    let settings = Settings { worker: Some(std::env::current_exe()?), ..Settings::default() };
    let (gauges, texts) = (shown.gauges.clone(), events.clone());
    crew.thread("reader", move |stop, pulse| read(settings, &gauges, &texts, &stop, &pulse))?;
    crew.pump("keys", events, move || keys.next(TURN).map(|key| key.map(Event::Key)))?;

    let (put_in, sticks) = mpsc::channel(stick::WAITING);
    let request = Enrol::Request {
        code: Code::new(&text).modules(),
        name: config.name.as_str().to_owned(),
        digits: wire::fingerprint::groups(&digits),
    };
    let desk = Desk { config: config.clone(), store, shown: shown.clone(), sticks, request };
    crew.thread("enrolment", move |stop, pulse| desk.work(&happened, &stop, &pulse))?;

    let latest = shown.latest.clone();
    crew.thread("panel", move |stop, pulse| {
        panel::show(&latest, screen.as_mut(), lamp.as_mut(), buzzer.as_mut(), &stop, &pulse);
    })?;
    let line = line::Quiet::open(config, put_in, &shown)?;
    crew.thread("line", move |stop, pulse| line.work(&stop, &pulse))?;
    // Nothing happens here that is written down.
    let (writer, _) = Writer::new();
    Ok(Running::new(crew, shown, claim, writer, Arc::default()))
}

/// Tells of every text in view.
fn read(settings: Settings, gauges: &Gauges, texts: &SyncSender<Event>, stop: &Stop, pulse: &Pulse) {
    let tell = |frame: &board::Frame, look: reader::Look| {
        for code in &look.codes {
            let _ = texts.try_send(Event::Text(code.text.clone()));
        }
        gauges.looked(frame.number, look);
    };
    reader::read(Reader::new(settings), gauges.frames(), tell, stop, pulse);
}

/// Where an answer is taken, and what the panel says of it.
struct Desk {
    config: Config,
    store: Store,
    shown: Shown,
    sticks: mpsc::Receiver<PathBuf>,
    request: Enrol,
}

impl Desk {
    fn work(mut self, happened: &Receiver<Event>, stop: &Stop, pulse: &Pulse) {
        let (mut waiting, mut language) = (Waiting::default(), self.config.language);
        let (mut looked, mut enrolled) = (Instant::now(), None::<Instant>);
        while !stop.load(Ordering::Relaxed) && enrolled.is_none_or(|at| at.elapsed() < ACCEPTED) {
            pulse.fetch_add(1, Ordering::Relaxed);
            self.show(&mut waiting, language);
            let answer = match happened.recv_timeout(TURN) {
                Ok(Event::Text(text)) => waiting.see(&text, Instant::now()),
                Ok(Event::Key(Key::Language)) => {
                    language = language.next();
                    None
                }
                Ok(Event::Key(_)) | Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if enrolled.is_some() {
                continue;
            }
            let mut came = answer.map(|answer| self.take(&answer));
            if let Ok(stick) = self.sticks.try_recv() {
                came = came.or_else(|| self.read_stick(&stick));
            }
            if came.is_none() && looked.elapsed() >= LOOK {
                looked = Instant::now();
                came = Enrolled::open(&self.config.data).transpose();
            }
            if let Some(came) = came {
                enrolled = came.is_ok().then(Instant::now);
                waiting.ends_as(outcome(&came, &self.config), Instant::now());
            }
        }
    }

    fn take(&self, answer: &[u8]) -> Result<Enrolled, Refused> {
        let (root, floor) = (self.store.root(), self.store.floor());
        let came = accept(&self.config, answer, root, floor, self.shown.clock.now());
        if let Err(error) = &came {
            tracing::warn!(code = error.code(), "an answer was not taken: {error}");
        }
        came
    }

    /// A stick may bring a release, and with it a root that names the key of the answer, and the answer.
    fn read_stick(&mut self, path: &std::path::Path) -> Option<Result<Enrolled, Refused>> {
        let answers = super::stick::answers(path, &self.config.name);
        stick::read(path, &mut self.store, self.shown.clock.now(), &self.shown.stick);
        self.shown.clock.floor_is(self.store.floor());
        let mut came = None;
        for answer in answers {
            let taken = self.take(&answer);
            let is_taken = taken.is_ok();
            // What the one with this box's name is refused for is what counts.
            if came.is_none() || is_taken {
                came = Some(taken);
            }
            if is_taken {
                break;
            }
        }
        came
    }

    fn show(&self, waiting: &mut Waiting, language: Language) {
        let screen = match (waiting.says(Instant::now()), self.shown.stick.now()) {
            (Some(enrol), _) => Screen::Enrol(enrol.clone()),
            (None, Some(stick)) => Screen::Stick(stick),
            (None, None) => Screen::Enrol(self.request.clone()),
        };
        let now = self.shown.clock.now();
        let bar = crate::view::bare_bar(now, &self.config.utc_offset);
        self.shown.latest.put(View { language, screen, typed: None, bar });
    }
}

/// What the panel says of what came.
fn outcome(came: &Result<Enrolled, Refused>, config: &Config) -> Enrol {
    match came {
        Ok(enrolled) => {
            let ends = enrolled.certificate().map_or(0, |certificate: Certificate| certificate.not_after());
            Enrol::Accepted { until: crate::view::day(ends, &config.utc_offset) }
        }
        Err(refused) => Enrol::Refused(told(refused)),
    }
}
