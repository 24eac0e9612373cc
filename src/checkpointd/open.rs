//! The whole box, in the order a crossing travels through it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use board::{Board, Picture};
use journal::{Journal, Writer};
use panel::{Bar, Fault, Latest, Screen, View};
use reader::{Reader, Settings};
use tokio::sync::{Notify, watch};
use trust::Store;
use uplink::link::mqtt::MqttLink;
use uplink::{JournalOutbox, LinkStatus, Pace};
use wire::health::Health;
use wire::sign::Signer as _;

use crate::config::Config;
use crate::crew::{Crew, TURN};
use crate::crossing::{Event, Lane, World};
use crate::gauges::Gauges;
use crate::identity::Identity;
use crate::page::{self, Shown};
use crate::sync::{self, Roots, Sync};
use crate::{Error, lane, sight, view};

/// Events on their way to the lane; a sighting that does not fit comes again with the next frame.
const EVENTS: usize = 4;

/// A box at work.
pub struct Running {
    crew: Crew,
    shown: Shown,
}

/// Puts a box to work. `pace` is how patient its link is.
///
/// # Errors
/// What is missing: then the panel says so, as far as there is one.
pub fn open(config: &Config, board: Board, pace: Pace) -> Result<Running, Error> {
    let mut crew = Crew::default();
    let Board { mut camera, mut keys, mut screen, mut lamp, mut buzzer, plates, clock, .. } = board;
    let mut explain = |error, fault| explained(error, fault, config, screen.as_mut());

    let trust = match Store::open(&config.data.join("trust")) {
        Ok(trust) => trust, // what HQ has told us
        Err(error) => return Err(explain(error.into(), Fault::NoTrust)),
    };
    let journal = match open_journal(config, &trust) {
        Ok(journal) => journal, // what has happened here
        Err(error) => return Err(explain(error, Fault::Journal)),
    };

    let gauges = Arc::new(Gauges::of(journal.durable()));
    let (latest, (writer, requests)) = (Latest::default(), Writer::new());
    let (link, link_status) = watch::channel(LinkStatus::BEFORE);
    let (announce, announced) = watch::channel(None);
    let appended = Arc::<Notify>::default();
    let (events, happened) = sync_channel(EVENTS);

    let shown = Shown {
        region: config.region.clone(),
        name: config.name.clone(),
        latest: latest.clone(),
        gauges: gauges.clone(),
        link: link_status.clone(),
        trust: trust.view(),
        clock: clock.clone(),
        began: Instant::now(),
    };

    crew.thread("camera", {
        let (gauges, events) = (gauges.clone(), events.clone());
        move |stop, pulse| {
            let tell = |state| {
                gauges.camera_is(state);
                // Without a lane the box ends by itself.
                let _ = events.send(Event::Camera(state));
            };
            reader::watch(camera.as_mut(), gauges.frames(), tell, &stop, &pulse);
        }
    })?;
    crew.thread("reader", {
        let (gauges, events) = (gauges.clone(), events.clone());
        move |stop, pulse| {
            let tell = |frame: &_, look| sight::tell(frame, look, &events, &gauges);
            reader::read(Reader::new(Settings::default()), gauges.frames(), tell, &stop, &pulse);
        }
    })?;
    crew.pump("keys", events.clone(), move || keys.next(TURN).map(|key| key.map(Event::Key)))?;
    if let Some(mut plates) = plates {
        let read = move || plates.next(TURN).map(|read| read.map(|read| Event::Plate(plate::Reading::new(&read.text))));
        crew.pump("plates", events, read)?;
    }
    crew.thread("lane", {
        let parts = lane::Parts {
            trust: trust.view(),
            writer: writer.clone(),
            clock: clock.clone(),
            when_journal_fails: config.lane.when_journal_fails,
            gauges: gauges.clone(),
        };
        let lane = Lane::new(config.lane.clone(), config.language, draw_id);
        let (trust, clock, zone) = (trust.view(), clock.clone(), config.utc_offset.clone());
        let (link, works_alone, appended) = (link_status.clone(), config.uplink.broker.is_none(), appended.clone());
        move |stop, pulse| {
            let show = |lane: &Lane, journal| {
                appended.notify_one();
                let release = trust.current();
                let world = World { mono: clock.monotonic(), now: clock.now(), release: release.as_deref() };
                let link = (!works_alone).then(|| link.borrow().clone());
                latest.put(view::view(lane, journal, &world, link.as_ref(), &zone));
            };
            lane::run(lane, &happened, &parts, show, &stop, &pulse);
        }
    })?;
    crew.thread("panel", {
        let latest = shown.latest.clone();
        move |stop, pulse| {
            panel::show(&latest, screen.as_mut(), lamp.as_mut(), buzzer.as_mut(), &stop, &pulse);
        }
    })?;
    crew.thread("journal", {
        let (clock, keep) = (clock.clone(), Duration::from_secs(config.uplink.keep_receipted_days * 86_400));
        move |stop, pulse| journal::run(journal, &requests, || clock.now(), keep, &stop, &pulse)
    })?;

    let roots = Roots::new(trust.root().clone());
    let uplink = match &config.uplink.broker {
        None => None,
        Some(broker) => {
            let outbox = JournalOutbox::new(journal::Outbox::open(&journal_path(config))?, writer.clone(), {
                let clock = clock.clone();
                move || clock.now()
            });
            let line = MqttLink::new(broker, &config.region, &config.name, env!("CARGO_PKG_VERSION"))?;
            let ends = uplink::Ends {
                region: config.region.clone(),
                name: config.name.clone(),
                receipt_keys: Box::new({
                    let roots = roots.clone();
                    move |at| roots.receipt_keys(at)
                }),
                wake: appended,
                health: health(&shown, config),
                heartbeat: Duration::from_secs(config.uplink.heartbeat.max(1)),
                release: announce,
                status: link,
                pulse: crew.pulse("uplink"),
                stop: crew.stop_signal(),
                pace,
            };
            Some((ends, line, outbox))
        }
    };
    let sync = Sync { store: trust, roots, from: config.trust.clone(), writer, clock, announced };
    let (sync_pulse, listen, page_shown) = (crew.pulse("sync"), config.page.listen, shown.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // A port that is taken is found now, not by the technician.
    let listener = match listen {
        Some(address) => Some(runtime.block_on(page::listen(address)).map_err(|e| Error::Listen(address, e))?),
        None => None,
    };
    crew.thread("line", move |stop, pulse| {
        runtime.block_on(async {
            let uplink = async {
                match uplink {
                    Some((ends, line, outbox)) => uplink::run(ends, line, outbox).await,
                    None => std::future::pending().await,
                }
            };
            let page = async {
                match listener {
                    Some(listener) => page::run(listener, page_shown).await,
                    None => std::future::pending().await,
                }
            };
            // All of them share this thread; the first that ends, ends the box.
            tokio::select! {
                ended = uplink => if let Err(error) = ended { tracing::error!(code = error.code(), "the link ended") },
                () = sync::run(sync, stop.clone(), sync_pulse) => {}
                () = page => {}
                () = turning(&stop, &pulse) => {}
            }
        });
        runtime.shutdown_background();
    })?;
    Ok(Running { crew, shown })
}

/// Proves that the shared loop turns.
async fn turning(stop: &std::sync::atomic::AtomicBool, pulse: &std::sync::atomic::AtomicU64) {
    use std::sync::atomic::Ordering::Relaxed;
    while !stop.load(Relaxed) {
        pulse.fetch_add(1, Relaxed);
        tokio::time::sleep(TURN).await;
    }
}

fn journal_path(config: &Config) -> PathBuf {
    config.data.join("journal.db")
}

fn open_journal(config: &Config, trust: &Store) -> Result<Journal, Error> {
    let signer = Arc::new(Identity::open(&config.data)?);
    tracing::info!(key = %trust::format::hex(signer.public().as_bytes()), "the box signs with this key");
    let sealing_key = trust.root().sealing_key().ok_or(Error::NoSealingKey)?;
    let (region, name) = (config.region.clone(), config.name.clone());
    Ok(Journal::open(&journal_path(config), journal::Identity { region, name, signer, sealing_key })?)
}

fn health(shown: &Shown, config: &Config) -> Box<dyn FnMut(u64) -> Health + Send> {
    let (shown, data) = (shown.clone(), config.data.clone());
    Box::new(move |queue| {
        let release = shown.trust.current();
        Health {
            now: shown.clock.now(),
            release: release.as_ref().map_or(0, |release| release.sequence()),
            release_issued: release.as_ref().map_or(0, |release| release.issued()),
            queue,
            disk_free: rustix::fs::statvfs(&data).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
            disk_hours: None,
            camera: shown.gauges.camera() == Some(reader::CameraState::Sees),
            temperature: None,
        }
    })
}

fn draw_id() -> [u8; 8] {
    let mut id = [0; 8];
    // An id names a crossing within its box and epoch; nothing secret hangs on it.
    getrandom::fill(&mut id).expect("the system gives random numbers: the journal could not be open without");
    id
}

/// Leaves on the panel what is wrong, for a box that cannot even begin.
fn explained(error: Error, fault: Fault, config: &Config, screen: &mut dyn board::Screen) -> Error {
    let bar = Bar {
        time: None,
        clock_is_sound: false,
        online: None,
        queue: 0,
        release: None,
        release_age_minutes: 0,
        journal_fails: fault == Fault::Journal,
    };
    let view = View { language: config.language, screen: Screen::Fault(fault), typed: String::new(), bar };
    let (width, height) = screen.size();
    let mut picture = Picture::new(width, height);
    panel::draw(&view, &mut picture);
    if let Err(fault) = screen.show(&picture) {
        tracing::error!(%fault, "the panel does not work either");
    }
    error
}

impl Running {
    /// What the box shows of itself.
    pub const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Every worker's name and pulse, for a watchdog.
    pub fn pulses(&self) -> Vec<(&'static str, crate::crew::Pulse)> {
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
