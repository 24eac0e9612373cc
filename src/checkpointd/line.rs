//! What shares one thread and one loop: the link, the fetching of releases, the technician's page.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use journal::Writer;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc, watch};
use trust::Store;
use trust::register::Pepper;
use uplink::link::mqtt::MqttLink;
use uplink::link::tls::Now;
use uplink::{Ends, JournalOutbox, LinkStatus, Pace};
use wire::WallTime;
use wire::command::LONGEST_REPORT;
use wire::enrol::{Secrets, secrets_info};
use wire::health::{Health, Picture, Room};

use zeroize::Zeroizing;

use crate::Error;
use crate::clock::Exchange;
use crate::command::{self, Hand, TakeSecret};
use crate::config::Config;
use crate::crew::{Crew, Pulse, Stop, TURN};
use crate::freshness;
use crate::identity::Receive;
use crate::page::{self, Shown};
use crate::register::Lookup;
use crate::renew::{self, Certificates, ToBroker};
use crate::stick;
use crate::sync::{self, Calls, Offer, Roots, Sync};
use crate::uses::Uses;

/// Answers to commands that may wait for the line.
const REPORTS: usize = 4;

/// Words on uses elsewhere that may wait to be taken; then the link waits.
const TOLD: usize = 16;

/// How long the link may take to end.
const LEAVE: Duration = Duration::from_secs(2);

/// What the line is tied to.
pub(crate) struct Parts {
    pub trust: Store,
    pub writer: Writer,
    /// Told whenever the journal has grown.
    pub appended: Arc<Notify>,
    /// Commands on their way from the link to where they are done.
    pub commands: (SyncSender<Vec<u8>>, Receiver<Vec<u8>>),
    /// Bundles that are brought to the box.
    pub offered: Receiver<Offer>,
    pub status: watch::Sender<LinkStatus>,
    pub pace: Pace,
    /// The newest root, for those who check what is signed.
    pub roots: Roots,
    /// The last row that was there when the box started.
    pub before: u64,
    /// Told of a new pepper.
    pub register: Lookup,
    /// Told of uses elsewhere.
    pub uses: Uses,
}

/// Dates receipts.
type Dates = Box<dyn Fn() -> WallTime + Send>;

/// Everything that is made before the thread starts, so that what is wrong with it is said at the start.
pub(crate) struct Line {
    runtime: Runtime,
    uplink: Option<(Ends, MqttLink, Exchange<JournalOutbox<Dates>>)>,
    certificates: Option<Arc<Certificates>>,
    sync: Sync,
    calls: Calls,
    /// Time between checks for a release.
    every: Duration,
    media: Media,
    sync_pulse: Pulse,
    page: Page,
}

impl Line {
    /// Makes ready what the configuration asks for.
    ///
    /// # Errors
    /// [`Error::Uplink`], [`Error::Journal`], [`Error::Start`].
    pub(crate) fn open(config: &Config, parts: Parts, shown: &Shown, crew: &mut Crew) -> Result<Self, Error> {
        let Parts { trust, writer, appended, commands, offered, status, pace, before, roots, register, uses } = parts;
        let (announce, announced) = watch::channel(None);
        let (send, news) = watch::channel(None);
        let uplink = match &config.uplink.broker {
            // Where there should be TLS there is no line without it.
            _ if config.uplink.tls && shown.certificates.is_none() => None,
            None => None,
            Some(broker) => {
                let clock = shown.clock.clone();
                let reader = journal::Outbox::open(&config.journal())?;
                let now: Dates = Box::new(move || clock.now());
                let outbox = JournalOutbox::new(reader, writer.clone(), now);
                let outbox = Exchange::new(outbox, shown.clock.clone(), before);
                let link = MqttLink::new(broker, &config.region, &config.name, env!("CARGO_PKG_VERSION"))?;
                let link = match &shown.certificates {
                    Some(certificates) => link.over_tls(Box::new(ToBroker(certificates.clone()))),
                    None => link,
                };
                let (hand_on, mut told) = mpsc::channel(TOLD);
                let view = trust.view();
                crew.thread("uses", move |stop, pulse| uses.work(&mut told, &view, &stop, &pulse))?;
                let keys = roots.clone();
                let every = Duration::from_secs(config.uplink.heartbeat.max(1));
                let ((commands, commanded), (set_heartbeat, heartbeat)) = (commands, watch::channel(every));
                let (tell, reports) = mpsc::channel(REPORTS);
                let hand = Hand::new(
                    command::Parts {
                        region: config.region.clone(),
                        name: config.name.clone(),
                        roots: roots.clone(),
                        clock: shown.clock.clone(),
                        writer: writer.clone(),
                        appended: appended.clone(),
                        commanded: shown.commanded.clone(),
                        status: Box::new({
                            let shown = shown.clone();
                            move || report(&shown)
                        }),
                        heartbeat: set_heartbeat,
                        reports: tell,
                        take_secret: take_secret(config, register),
                    },
                    &config.data,
                );
                crew.thread(command::WORKER, move |stop, pulse| hand.work(&commanded, &stop, &pulse))?;
                let ends = Ends {
                    region: config.region.clone(),
                    name: config.name.clone(),
                    receipt_keys: Box::new(move |at| keys.receipt_keys(at)),
                    wake: appended,
                    health: health(shown),
                    heartbeat,
                    commands,
                    reports,
                    release: announce,
                    news: send,
                    uses: hand_on,
                    status,
                    pulse: crew.pulse("uplink"),
                    stop: crew.stop_signal(),
                    pace,
                };
                Some((ends, link, outbox))
            }
        };
        let sync = Sync {
            name: config.name.clone(),
            store: trust,
            roots,
            http: sync::server(&config.trust, clock_of(shown)),
            folder: config.trust.folder.clone(),
            writer,
            clock: shown.clock.clone(),
            said: shown.stick.clone(),
        };
        let (put_in, sticks) = mpsc::channel(stick::WAITING);
        let calls = Calls { announced, news, sticks, offered };
        let media = config.trust.media.clone().map(|media| (media, put_in));
        let every = Duration::from_secs(config.trust.every.max(1));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let page = page(config, &runtime, shown);
        let certificates = shown.certificates.clone();
        Ok(Self { runtime, uplink, certificates, sync, calls, every, media, sync_pulse: crew.pulse("sync"), page })
    }

    /// Works until told to stop. The first part that ends by itself ends all of it, and with it the box.
    pub(crate) fn work(self, stop: &Stop, pulse: &Pulse) {
        let Self { runtime, uplink, certificates, sync, calls, every, media, sync_pulse, page } = self;
        runtime.block_on(async {
            let uplink = async {
                match uplink {
                    Some((ends, link, outbox)) => uplink::run(ends, link, outbox).await,
                    None => std::future::pending().await,
                }
            };
            let renewal = async {
                match certificates {
                    Some(certificates) => renew::run(certificates).await,
                    None => std::future::pending().await,
                }
            };
            tokio::pin!(uplink);
            tokio::select! {
                ended = &mut uplink => {
                    if let Err(error) = ended {
                        tracing::error!(code = error.code(), "the link ended");
                    }
                    return;
                }
                () = sync::run(sync, calls, every, stop.clone(), sync_pulse) => {}
                () = watched(media, stop) => {}
                () = renewal => {}
                () = served(page) => {}
                () = turning(stop, pulse) => {}
            }
            if stop.load(Ordering::Relaxed) {
                // The link still has to take its leave; one that cannot leaves that to the last will.
                let _ = tokio::time::timeout(LEAVE, uplink).await;
            }
        });
        // A fetch that is under way may take half a minute: the box does not wait for it.
        runtime.shutdown_background();
    }
}

/// The time by which certificates are judged.
fn clock_of(shown: &Shown) -> Now {
    match &shown.certificates {
        Some(certificates) => certificates.clock(),
        None => {
            let clock = shown.clock.clone();
            Arc::new(move || clock.now().unix())
        }
    }
}

/// The technician's page and its port, if there is one.
type Page = Option<(TcpListener, Shown)>;

fn page(config: &Config, runtime: &Runtime, shown: &Shown) -> Page {
    let address = config.page.listen?;
    match runtime.block_on(TcpListener::bind(address)) {
        Ok(listener) => Some((listener, shown.clone())),
        // Whoever holds the port must not close the road.
        Err(error) => {
            tracing::error!(%error, %address, "the technician's page has no port; the box works without it");
            None
        }
    }
}

async fn served(page: Page) {
    match page {
        Some((listener, shown)) => page::run(listener, shown).await,
        None => std::future::pending().await,
    }
}

/// Where sticks appear, and who is told of them.
type Media = Option<(PathBuf, mpsc::Sender<PathBuf>)>;

async fn watched(media: Media, stop: &Stop) {
    match media {
        Some((media, put_in)) => stick::watch(media, put_in, stop).await,
        None => std::future::pending().await,
    }
}

/// The line of a box that is not enrolled: it leads nowhere, but sticks and the technician's page need one.
pub(crate) struct Quiet {
    runtime: Runtime,
    media: Media,
    page: Page,
}

impl Quiet {
    pub(crate) fn open(config: &Config, put_in: mpsc::Sender<PathBuf>, shown: &Shown) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let page = page(config, &runtime, shown);
        Ok(Self { runtime, media: config.trust.media.clone().map(|media| (media, put_in)), page })
    }

    /// Works until told to stop.
    pub(crate) fn work(self, stop: &Stop, pulse: &Pulse) {
        let Self { runtime, media, page } = self;
        runtime.block_on(async {
            tokio::select! {
                () = watched(media, stop) => {}
                () = served(page) => {}
                () = turning(stop, pulse) => {}
            }
        });
        runtime.shutdown_background();
    }
}

/// Proves that the shared loop turns.
async fn turning(stop: &Stop, pulse: &Pulse) {
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(TURN).await;
    }
}

/// What HQ is told when it asks: the status, and as many of the newest events as a report has room for.
fn report(shown: &Shown) -> String {
    let status = format!("{:#}\n\n", shown.status());
    let events = shown.ring.dump_within(LONGEST_REPORT.saturating_sub(status.len()));
    status + &String::from_utf8_lossy(&events)
}

/// Takes the region's secrets, sealed to this box. They count from the next look-up on.
fn take_secret(config: &Config, register: Lookup) -> TakeSecret {
    let (data, info) = (config.data.clone(), secrets_info(&config.region, &config.name));
    Box::new(move |sealed| {
        let receive = Receive::open(&data).map_err(|_| "no-receive-key")?;
        let plain = receive.open_sealed(sealed, &info).ok_or("secrets")?;
        let secrets: Secrets = wire::decode(&plain, "secrets").map_err(|_| "secrets")?;
        let pepper = Pepper::new(Zeroizing::new(secrets.pepper.ok_or("no-pepper")?));
        pepper.keep(&data.join(crate::PEPPER)).map_err(|_| "disk")?;
        register.take(pepper);
        Ok(())
    })
}

/// The heartbeat, given the rows that wait for a receipt.
fn health(shown: &Shown) -> Box<dyn FnMut(u64) -> Health + Send> {
    let shown = shown.clone();
    Box::new(move |queue| {
        let (release, now, room) = (shown.trust.current(), shown.clock.now(), shown.gauges.journal());
        Health {
            now,
            release: release.as_ref().map_or(0, |release| release.sequence()),
            release_issued: release.as_ref().map_or(0, |release| release.issued()),
            queue,
            disk_free: room.disk_free,
            disk_hours: room.hours,
            camera: shown.gauges.camera() == Some(reader::CameraState::Sees),
            temperature: shown.thermometer.read(),
            camera_state: shown.gauges.camera().map(|state| state.as_str().to_owned()),
            picture: shown.gauges.picture().map(|picture| Picture {
                brightness: picture.brightness,
                glare_permille: picture.glare_permille,
                focus_percent: picture.focus_percent,
                dirt_percent: picture.dirt_percent,
            }),
            reader_deaths: Some(shown.gauges.reader_deaths()),
            knowledge: release.as_deref().map(|release| freshness::parts(release, now).map(Into::into).to_vec()),
            last_command: Some(shown.commanded.counted().last).filter(|last| *last > 0),
            journal_stage: Some(room.stage.as_str().to_owned()),
            journal: Some(Room { used: room.taken, budget: room.budget }),
            inodes_free: room.inodes_free,
            set_aside: Some(room.set_aside),
            certificate_until: shown.certificates.as_ref().map(|certificates| certificates.standing().not_after),
            uptime: Some(shown.began.elapsed().as_secs()),
            dropped: Some(shown.ring.dropped()),
        }
    })
}
