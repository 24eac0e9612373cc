//! The whole box, in the order a crossing travels through it.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use board::{Board, Picture};
use journal::{Acknowledgement, Journal, Writer};
use panel::{Bar, Fault, Latest, Screen, View};
use reader::{Reader, Settings};
use tokio::sync::{Notify, watch};
use trust::Store;
use uplink::{LinkStatus, Pace};
use verdict::Reason;
use wire::entry::Entry;
use wire::sign::Signer as _;
use wire::{ClockTrust, WallTime};

use crate::attempts::Attempts;
use crate::claim::Claim;
use crate::clock::Clock;
use crate::config::Config;
use crate::crew::{Crew, Pulse, TURN};
use crate::crossing::{Event, Lane};
use crate::enrol::Enrolled;
use crate::feed::{Feeds, FromDevice};
use crate::gauges::Gauges;
use crate::identity::Identity;
use crate::judge::Books;
use crate::line::{self, Line};
use crate::page::Shown;
use crate::register::Lookup;
use crate::renew::Certificates;
use crate::ring::Ring;
use crate::shift::{self, Shifts};
use crate::sync::Roots;
use crate::uses::Uses;
use crate::view::{Window, bare_bar};
use crate::{Error, command, enrol, feed, lane, phone, sight, stick};

/// Events on their way to the lane; a sighting that does not fit comes again with the next frame.
const EVENTS: usize = 4;

/// Pictures of an update on their way to where they are put together; those that do not fit come again.
const PICTURES: usize = 8;

/// A box at work.
pub struct Running {
    crew: Crew,
    shown: Shown,
    writer: Writer,
    appended: Arc<Notify>,
    _claim: Claim,
}

/// Puts a box to work. `pace` is how patient its link is; `ring` hears what the box says of itself.
///
/// # Errors
/// What is missing: then the panel says so, as far as there is one. [`Error::NotEnrolled`]: that comes first, by
/// [`enrol`].
pub fn open(config: &Config, board: Board, pace: Pace, ring: Ring) -> Result<Running, Error> {
    // Who HQ is, as far as the configuration leaves that to the enrolment.
    let (config, enrolled) = &enrol::complete(config)?;
    let Board { mut camera, mut keys, mut screen, mut lamp, mut buzzer, plates, clock, thermometer, .. } = board;
    let mut on_panel = |fault| explain(fault, config, screen.as_mut());
    let (claim, trust) = open_trust(config).inspect_err(|_| on_panel(Fault::NoTrust))?; // what HQ has told us
    let mut journal = open_journal(config, &trust).inspect_err(|_| on_panel(Fault::Journal))?; // what has happened here
    let uses = open_uses(config, &mut journal).inspect_err(|_| on_panel(Fault::Journal))?; // how often passes were used
    let clock = Arc::new(Clock::new(clock, trust.floor(), journal.last_time())); // what time it is, as far as that is known
    let before = journal.head().sequence;
    let certificates = enrolled.clone().and_then(|enrolled| open_certificates(config, enrolled, &clock));

    let mut crew = Crew::default();
    let (writer, requests) = Writer::new();
    let (events, happened) = sync_channel(EVENTS);
    let (updates, pictures) = sync_channel(PICTURES);
    let (offers, offered) = sync_channel(1);
    let (status, link) = watch::channel(LinkStatus::BEFORE);
    let appended = Arc::<Notify>::default();
    let commands = sync_channel(command::WAITING);
    let shown = Shown {
        region: config.region.clone(),
        name: config.name.clone(),
        latest: Latest::default(),
        gauges: Arc::new(Gauges::of(&journal)),
        link,
        trust: trust.view(),
        stick: stick::Said::default(),
        plate_sources: feed::Counted::default(),
        commanded: command::Commanded::default(),
        clock: clock.clone(),
        thermometer,
        ring,
        certificates,
        began: Instant::now(),
    };

    let (gauges, to_lane) = (shown.gauges.clone(), events.clone());
    crew.thread("camera", move |stop, pulse| {
        let tell = |state| {
            gauges.camera_is(state);
            // Without a lane the box ends by itself.
            let _ = to_lane.send(Event::Camera(state));
        };
        reader::watch(camera.as_mut(), gauges.frames(), tell, &stop, &pulse);
    })?;

    let settings = Settings { worker: Some(std::env::current_exe()?), ..Settings::default() };
    let (gauges, to_lane) = (shown.gauges.clone(), events.clone());
    crew.thread("reader", move |stop, pulse| {
        let tell = |frame: &_, look| sight::tell(frame, look, &to_lane, &updates, &gauges);
        reader::read(Reader::new(settings), gauges.frames(), tell, &stop, &pulse);
    })?;

    let (gauges, to_lane) = (shown.gauges.clone(), events.clone());
    crew.thread("phone", move |stop, pulse| {
        let tell = |run| {
            // Without a lane the box ends by itself.
            let _ = to_lane.send(Event::Run(run));
        };
        phone::run(&pictures, &offers, &gauges, tell, &stop, &pulse);
    })?;

    let watch = clock.clone();
    let next = move || keys.next(TURN).map(|key| key.map(|key| Event::Key { key, pressed: watch.monotonic() }));
    crew.pump("keys", events.clone(), next)?;
    if let Some(mut plates) = plates {
        let next = move || plates.next(TURN).map(|read| read.map(|read| Event::Plate(FromDevice::board(&read))));
        crew.pump("plates", events.clone(), next)?;
    }
    if !config.plate_source.is_empty() {
        let (clock, counted) = (clock.clone(), shown.plate_sources.clone());
        let parts = feed::Parts { events: events.clone(), clock, counted, lane: config.lane.number };
        let feeds = Feeds::open(&config.plate_source, &parts)?;
        crew.thread("feeds", move |stop, pulse| feeds.work(&stop, &pulse))?;
    }

    let parts = lane::Parts {
        trust: trust.view(),
        writer: writer.clone(),
        clock: clock.clone(),
        when_journal_fails: config.lane.when_journal_fails,
        gauges: shown.gauges.clone(),
    };
    let roots = Roots::new(trust.root().clone());
    let keys = roots.clone();
    let keys: shift::Keys = Arc::new(move |at| keys.command_keys(at));
    let shifts = Shifts::open(config.region.clone(), keys, config.lane.number, &config.data, clock.monotonic());
    let register = Lookup::open(&config.data, &config.region);
    let attempts = Attempts::new(clock.monotonic());
    let books = Books { uses: Some(uses.clone()), register: Some(register.clone()), attempts: Some(attempts) };
    let lane = Lane::new(config.lane.clone(), config.language, draw_id).with(books).staffed(shifts);
    let (window, wake) = (Window::of(&shown, config), appended.clone());
    crew.thread("lane", move |stop, pulse| {
        let show = |lane: &Lane, journal| {
            wake.notify_one();
            window.show(lane, journal);
        };
        lane::run(lane, &happened, &parts, show, &stop, &pulse);
    })?;

    let latest = shown.latest.clone();
    crew.thread("panel", move |stop, pulse| {
        panel::show(&latest, screen.as_mut(), lamp.as_mut(), buzzer.as_mut(), &stop, &pulse);
    })?;

    let keep = Duration::from_secs(config.uplink.keep_receipted_days.saturating_mul(86_400));
    crew.thread("journal", move |stop, pulse| journal::run(journal, &requests, || clock.now(), keep, &stop, &pulse))?;

    let parts = line::Parts {
        trust,
        writer: writer.clone(),
        appended: appended.clone(),
        commands,
        offered,
        status,
        pace,
        before,
        roots,
        register,
        uses,
    };
    let line = Line::open(config, parts, &shown, &mut crew)?;
    crew.thread("line", move |stop, pulse| line.work(&stop, &pulse))?;
    Ok(Running::new(crew, shown, claim, writer, appended))
}

pub(crate) fn open_trust(config: &Config) -> Result<(Claim, Store), Error> {
    let folder = config.data.join("trust");
    Ok((Claim::take(&folder)?, Store::open(&folder)?))
}

fn open_journal(config: &Config, trust: &Store) -> Result<Journal, Error> {
    let signer = Arc::new(Identity::open(&config.data)?);
    tracing::info!(key = %trust::format::hex(signer.public().as_bytes()), "the box signs with this key");
    let sealing_key = trust.root().sealing_key().ok_or(Error::NoSealingKey)?;
    let (region, name) = (config.region.clone(), config.name.clone());
    let identity = journal::Identity { region, name, signer, sealing_key };
    let mut journal = Journal::open_within(&config.journal(), identity, config.journal.bounds())?;
    journal.alert_on(is_alert);
    Ok(journal)
}

fn open_uses(config: &Config, journal: &mut Journal) -> Result<Uses, Error> {
    let uses = Uses::open(&config.region, &config.utc_offset, journal.uses()?, &config.data.join("uses"));
    journal.count_by(uses.hook());
    Ok(uses)
}

/// Without them the box works without a line.
fn open_certificates(config: &Config, enrolled: Enrolled, clock: &Arc<Clock>) -> Option<Arc<Certificates>> {
    let identity = Identity::open(&config.data).inspect_err(|error| tracing::error!(%error, "no line")).ok()?;
    let names = (config.region.clone(), config.name.clone());
    let opened = Certificates::open(enrolled, identity, names, clock.clone());
    let certificates = opened.inspect_err(|error| tracing::error!(code = error.code(), %error, "no line"));
    certificates.ok().map(Arc::new)
}

/// Whether HQ should see an entry before the backlog is through.
fn is_alert(entry: &Entry) -> bool {
    let Entry::Crossing(crossing) = entry else { return false };
    crossing.reasons.iter().any(|number| Reason::from_number(*number).is_some_and(Reason::is_alert))
}

fn draw_id() -> [u8; 8] {
    let mut id = [0; 8];
    // An id names a crossing within its box and epoch; nothing secret hangs on it.
    getrandom::fill(&mut id).expect("the system gives random numbers: the journal could not be open without");
    id
}

/// Leaves on the panel what is wrong, for a box that cannot even begin.
pub(crate) fn explain(fault: Fault, config: &Config, screen: &mut dyn board::Screen) {
    let bar = Bar {
        journal_fails: fault == Fault::Journal,
        ..bare_bar(WallTime::from_unix(0, ClockTrust::None), &config.utc_offset)
    };
    let view = View { language: config.language, screen: Screen::Fault(fault), typed: None, bar };
    let (width, height) = screen.size();
    let mut picture = Picture::new(width, height);
    panel::draw(&view, &mut picture);
    if let Err(fault) = screen.show(&picture) {
        tracing::error!(%fault, "the panel does not work either");
    }
}

impl Running {
    pub(crate) const fn new(crew: Crew, shown: Shown, claim: Claim, writer: Writer, appended: Arc<Notify>) -> Self {
        Self { crew, shown, writer, appended, _claim: claim }
    }

    /// What the box shows of itself.
    pub const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Writes down what happened beside the lane, for whoever tries the box with more than a lane can see. When the
    /// acknowledgement has come, the link wants to be [woken](Self::wake).
    ///
    /// # Errors
    /// [`journal::Error::TooLong`], or [`journal::Error::Ended`] when the box has ended.
    pub fn write(&self, entries: Vec<Entry>) -> Result<Acknowledgement, journal::Error> {
        self.writer.send(entries, self.shown.clock.now())
    }

    /// Wakes the link: something has become durable.
    pub fn wake(&self) {
        self.appended.notify_one();
    }

    /// Every worker's name and pulse, for a watchdog.
    pub fn pulses(&self) -> Vec<(&'static str, Pulse)> {
        self.crew.pulses()
    }

    /// Waits until a worker ends by itself, or `wait` is over; names the one that ended.
    pub fn ended(&self, wait: Duration) -> Option<&'static str> {
        self.crew.ended(wait)
    }

    /// Stops every worker and waits for them.
    pub fn stop(self) {
        self.crew.dismiss();
    }
}
