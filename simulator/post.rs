//! One post: a real box on a simulated board, with a folder of its own and a line that can be cut.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use checkpointd::config::{self, Config};
use checkpointd::page::Shown;
use checkpointd::ring::Ring;
use checkpointd::{Running, open, provision};
use hq::Region;
use journal::Acknowledgement;
use uplink::Pace;
use wire::entry::{Entry, Note};
use wire::sign::Signer as _;

use crate::Error;
use crate::board::Handles;
use crate::era::{Era, SimClock};
use crate::line::Line;
use crate::weather::Weather;
use crate::weather::play::Play;

/// Time between a box's own checks for a release; HQ announces new ones at once.
const CHECK_EVERY: u64 = 20;

/// Seconds between heartbeats: a visitor should see the boxes live.
const HEARTBEAT: u64 = 2;

/// Most notes it takes to use up what a full disk still has room for.
const MOST_NOTES: u32 = 1000;

/// Who does this, for HQ's audit.
const BY: &str = "simulator";

/// What a post is called.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// Its box's name.
    pub name: &'static str,
    /// For people, in Russian.
    pub ru: &'static str,
    /// For people, in English.
    pub en: &'static str,
}

/// The posts of the desk.
pub const NAMES: [Name; 2] = [
    Name { name: "m10-km178", ru: "М-10, 178-й км", en: "M10, km 178" },
    Name { name: "a112-km24", ru: "А-112, 24-й км", en: "A112, km 24" },
];

/// A post.
pub struct Post {
    /// What it is called.
    pub name: Name,
    /// Its board's devices.
    pub handles: Handles,
    /// Its board's clock.
    pub clock: Arc<SimClock>,
    /// Whether a device reads plates.
    pub anpr: AtomicBool,
    /// The plate of the car that came last.
    pub car: Mutex<Option<String>>,
    /// Counts what was asked to be held up, so that a late hand does not undo a newer one.
    pub hands: AtomicU64,
    /// Where a stick appears.
    media: PathBuf,
    config: Config,
    seed: u64,
    mqtt: Line,
    http: Line,
    running: Mutex<Option<Running>>,
    /// Somebody has switched it off, and will switch it on again.
    is_off: AtomicBool,
    /// Its disk takes nothing more.
    is_full: AtomicBool,
    /// The weather that is being played on its line.
    play: Mutex<Option<Arc<Play>>>,
    starts: AtomicU64,
}

/// Where HQ is found.
#[derive(Debug, Clone, Copy)]
pub struct Hq {
    /// Its broker.
    pub broker: SocketAddr,
    /// Its releases.
    pub http: SocketAddr,
}

impl Post {
    /// Provisions a box in a folder, makes it known to HQ, and starts it.
    ///
    /// # Errors
    /// What HQ or the box refuses.
    pub async fn begin(
        name: Name,
        folder: PathBuf,
        region: &Region,
        hq: Hq,
        era: Era,
        seed: u64,
    ) -> Result<Self, Error> {
        let (mqtt, http) = (Line::open(hq.broker).await?, Line::open(hq.http).await?);
        std::fs::create_dir_all(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
        let root = folder.join("root.1");
        std::fs::write(&root, region.first_root()?).map_err(|source| Error::File { path: root.clone(), source })?;
        let box_id = name.name.parse().map_err(|_| Error::Unknown(name.name.to_owned()))?;
        let config = Config {
            region: region.id().clone(),
            name: box_id,
            data: folder.join("data"),
            board: folder.join("simulated"),
            root,
            language: panel::Language::Ru,
            utc_offset: jiff::tz::TimeZone::fixed(region.settings().zone),
            lane: config::Lane::default(),
            journal: config::Journal::default(),
            trust: config::Trust {
                http: Some(format!("http://{}/release", http.address())),
                media: Some(folder.join("media")),
                every: CHECK_EVERY,
                ..config::Trust::default()
            },
            uplink: config::Uplink {
                broker: Some(mqtt.address().to_string()),
                heartbeat: HEARTBEAT,
                ..config::Uplink::default()
            },
            page: config::Page::default(),
            plate_source: Vec::new(),
        };
        let provisioned = provision(&config)?;
        // What HQ seals to boxes when they are enrolled; here they are provisioned by hand.
        region.pepper()?;
        checkpointd::take_pepper(&config, &region.folder().join("keys/pepper.key"))?;
        region.add_box(&config.name, &provisioned.identity.public(), BY, era.now())?;
        let media = folder.join("media");
        std::fs::create_dir_all(&media).map_err(|source| Error::File { path: media.clone(), source })?;
        let post = Self {
            name,
            media,
            handles: Handles::default(),
            clock: Arc::new(SimClock::new(era)),
            anpr: AtomicBool::new(true),
            car: Mutex::default(),
            hands: AtomicU64::new(0),
            config,
            seed,
            mqtt,
            http,
            running: Mutex::default(),
            is_off: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
            play: Mutex::default(),
            starts: AtomicU64::new(0),
        };
        post.start()?;
        Ok(post)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the box, unless it runs.
    ///
    /// # Errors
    /// What the box misses.
    pub fn start(&self) -> Result<(), Error> {
        self.is_off.store(false, Ordering::Relaxed);
        let mut slot = self.slot();
        if slot.is_none() {
            let starts = self.starts.fetch_add(1, Ordering::Relaxed);
            let board = self.handles.board(self.name.name, self.clock.clone(), self.seed + starts);
            // A visitor who mends the network should not wait a minute to see it.
            let pace = Pace { backoff_most: Duration::from_secs(3), ..Pace::default() };
            let mut config = self.config.clone();
            if self.is_full.load(Ordering::Relaxed) {
                // No more than there is already.
                config.journal = config::Journal { megabytes: 0, reserve_megabytes: 0 };
            }
            *slot = Some(open(&config, board, pace, Ring::default())?);
        }
        Ok(())
    }

    /// Stops the box. What it had not sent stays on its disk.
    pub fn stop(&self) {
        self.is_off.store(true, Ordering::Relaxed);
        // Taken out first: nobody waits for the lock while the workers end.
        let running = self.slot().take();
        if let Some(running) = running {
            running.stop();
        }
    }

    /// Starts it again when one of its workers has ended, or when it could not start, as systemd would.
    ///
    /// # Errors
    /// What the box misses; the next call tries again.
    pub fn watch_over(&self) -> Result<(), Error> {
        let (runs, ended) = {
            let slot = self.slot();
            (slot.is_some(), slot.as_ref().and_then(|running| running.ended(Duration::ZERO)))
        };
        if let Some(worker) = ended {
            tracing::error!(name = self.name.name, worker, "a worker has ended; the box is started again");
            self.stop();
            return self.start();
        }
        if runs || self.is_off.load(Ordering::Relaxed) { Ok(()) } else { self.start() }
    }

    /// What the box shows of itself, while it runs.
    pub fn shown(&self) -> Option<Shown> {
        self.slot().as_ref().map(|running| running.shown().clone())
    }

    /// How often it was started.
    pub fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }

    /// Cuts or mends its line.
    pub fn set_network(&self, up: bool) {
        self.mqtt.set_up(up);
        self.http.set_up(up);
    }

    /// Gives its line the weather of what is being played; nothing happens when that is something else by now.
    pub fn set_weather(&self, play: &Arc<Play>, weather: Weather) {
        let playing = self.play.lock().unwrap_or_else(PoisonError::into_inner);
        if playing.as_ref().is_some_and(|playing| Arc::ptr_eq(playing, play)) {
            self.mqtt.set_weather(weather);
            self.http.set_weather(weather);
        }
    }

    /// The weather on its line.
    pub fn weather(&self) -> Weather {
        self.mqtt.weather()
    }

    /// Says what is being played on its line from now on, which begins with clear weather.
    pub fn plays(&self, play: Option<Arc<Play>>) {
        let mut playing = self.play.lock().unwrap_or_else(PoisonError::into_inner);
        self.mqtt.set_weather(Weather::default());
        self.http.set_weather(Weather::default());
        *playing = play;
    }

    /// What is being played on its line.
    pub fn playing(&self) -> Option<Arc<Play>> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fills its disk, or makes room again. The box is started again with it: what it writes then finds no room.
    ///
    /// # Errors
    /// What the box misses; [`Self::watch_over`] tries again.
    pub fn fill_disk(&self, is_full: bool) -> Result<(), Error> {
        self.is_full.store(is_full, Ordering::Relaxed);
        self.stop();
        self.start()?;
        if is_full {
            self.use_up_room();
        }
        Ok(())
    }

    /// Writes notes until there is no room for another: what is left between and before rows is soon used up.
    fn use_up_room(&self) {
        for number in 0..MOST_NOTES {
            let note =
                |now| Entry::Note(Note { at: now, code: "disk-full".to_owned(), detail: "simulated".to_owned() });
            let write = |running: &Running| running.write(vec![note(running.shown().clock.now())]).ok();
            let written = self.slot().as_ref().and_then(write).map(Acknowledgement::wait);
            if !matches!(written, Some(Ok(_))) {
                tracing::info!(name = self.name.name, number, "the disk takes nothing more");
                return;
            }
        }
    }

    /// Whether its disk is full.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// Whether its line is up, the weather apart.
    pub fn network(&self) -> bool {
        self.mqtt.is_up()
    }

    /// HQ is found elsewhere now.
    pub fn lead_to(&self, hq: Hq) {
        self.mqtt.lead_to(hq.broker);
        self.http.lead_to(hq.http);
    }

    /// Somebody puts a stick into the box, on which HQ has written its newest release.
    ///
    /// # Errors
    /// When it is in already, or HQ cannot write it.
    pub fn put_stick_in(&self, region: &Region) -> Result<(), Error> {
        if self.has_stick() {
            return Err(Error::Busy);
        }
        // Written at HQ; a stick appears whole.
        let aside = self.media.with_extension("aside");
        let failed = |source| Error::File { path: aside.clone(), source };
        std::fs::create_dir_all(&aside).map_err(failed)?;
        hq::stick::write(&region.release_folder(), region.id(), &aside, &mut |_| {}).map_err(hq::Error::from)?;
        std::fs::rename(&aside, self.stick()).map_err(failed)
    }

    /// Somebody takes it out, whatever the box does.
    ///
    /// # Errors
    /// When it does not come out.
    pub fn take_stick_out(&self) -> Result<(), Error> {
        // Gone at once, and cleared away then.
        let aside = self.media.with_extension("out");
        let failed = |source| Error::File { path: aside.clone(), source };
        if self.has_stick() {
            std::fs::rename(self.stick(), &aside).map_err(failed)?;
            std::fs::remove_dir_all(&aside).map_err(failed)?;
        }
        Ok(())
    }

    /// Whether a stick is in.
    pub fn has_stick(&self) -> bool {
        self.stick().is_dir()
    }

    /// The folder at which a stick appears.
    pub fn stick(&self) -> PathBuf {
        self.media.join("stick")
    }

    /// File of its journal, for who checks it afterwards.
    pub fn journal(&self) -> PathBuf {
        self.config.journal()
    }

    /// The plate of the car that came last.
    pub fn last_car(&self) -> Option<String> {
        self.car.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A car drives up; a device reads its plate, if there is one.
    pub fn drive_up(&self, car: &str) {
        *self.car.lock().unwrap_or_else(PoisonError::into_inner) = Some(car.to_owned()).filter(|car| !car.is_empty());
        if !car.is_empty() && self.anpr.load(Ordering::Relaxed) {
            self.handles.read_plate(car);
        }
    }
}
