//! A real box that writes down crossings by itself, hundreds a second; and its peer, which trusts the broker.
//!
//!   load box FOLDER EVERY_US BOX.TOML PATIENCE_MS   the box: `checkpointd`'s own library, and its whole journal and link
//!   load peer FOLDER EVERY_US BROKER                publishes with QoS 1 and believes PUBACK, as most would
//!   load collector FOLDER EVERY_US BROKER           hears the peer, with a session that is kept
//!
//! What they say stands in files of FOLDER (`checkpoint_tests::load`); all of them are made to be killed.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use checkpoint_tests::load::{DURABLE, GRANTED, HEARD, Numbers, REST, Said};
use checkpointd::config::Config;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use uplink::Pace;
use wire::entry::{Crossing, Entry, Outcome};

/// The peer's topic.
const TOPIC: &str = "peer/crossings";

/// Bytes of one of the peer's crossings: about what a row of ours has.
const BYTES: usize = 300;

/// What the peer's client may hold.
const CHANNEL: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [mode, folder, every, rest @ ..] = words.as_slice() else { return Err("MODE FOLDER EVERY_US …".into()) };
    let (folder, every) = (PathBuf::from(folder), Duration::from_micros(every.parse()?));
    match (mode.as_str(), rest) {
        ("box", [config, patience]) => the_box(&folder, every, Path::new(config), patience.parse()?),
        ("peer", [broker]) => runtime()?.block_on(peer(&folder, every, broker)),
        ("collector", [broker]) => runtime()?.block_on(collector(&folder, broker)),
        _ => Err("box, peer or collector".into()),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Something every so often, unless the load rests; what is late is made up for.
struct Beat {
    due: Instant,
    every: Duration,
    rest: PathBuf,
}

impl Beat {
    fn new(folder: &Path, every: Duration) -> Self {
        Self { due: Instant::now(), every, rest: folder.join(REST) }
    }

    /// How long to wait, and whether to do something then.
    fn next(&mut self) -> (Duration, bool) {
        if self.rest.exists() {
            self.due = Instant::now();
            return (Duration::from_millis(20), false);
        }
        // A second of it at the most: after a standstill there must not be a flood.
        let now = Instant::now();
        self.due = (self.due + self.every).max(now.checked_sub(Duration::from_secs(1)).unwrap_or(now));
        (self.due.saturating_duration_since(now), true)
    }
}

fn the_box(folder: &Path, every: Duration, config: &Path, patience: u64) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let config = Config::load(config)?;
    let board = board::Description::load(&config.board)?.open();
    let mut pace = Pace::default();
    if patience > 0 {
        pace.patience = Duration::from_millis(patience);
        pace.stubborn = 2;
    }
    let running = checkpointd::open(&config, board, pace, checkpointd::ring::Ring::default())?;
    let starts = (0..).find(|number| !folder.join(format!("said.{number}")).exists()).unwrap_or_default();
    let said = Said::at(&folder.join(format!("said.{starts}")));
    let durable = Numbers::<1>::at(&folder.join(DURABLE));
    let (send, acknowledgements) = channel::<journal::Acknowledgement>();
    let clock = running.shown().clock.clone();
    let mut link = running.shown().link.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for acknowledgement in acknowledgements {
                // Not durable, so not promised.
                if let Ok(sequence) = acknowledgement.wait() {
                    durable.set([sequence]);
                }
            }
        });
        scope.spawn(move || {
            let Ok(runtime) = runtime() else { return };
            runtime.block_on(async {
                loop {
                    let (sent, covered, queue, connections, refused) = {
                        let now = link.borrow_and_update();
                        (now.rows_sent, now.covered, now.queue, now.connections, now.refused)
                    };
                    said.set([sent, covered, queue, connections, refused]);
                    if link.changed().await.is_err() {
                        return;
                    }
                }
            });
        });
        let mut beat = Beat::new(folder, every);
        let mut id = u64::from(std::process::id()) << 32;
        while running.ended(Duration::ZERO).is_none() {
            let (wait, writes) = beat.next();
            std::thread::sleep(wait);
            running.wake();
            if writes {
                id += 1;
                let Ok(acknowledgement) = running.write(vec![crossing(id, clock.now())]) else { break };
                // Whoever waits for it lives as long as this program.
                let _ = send.send(acknowledgement);
            }
        }
        eprintln!("a worker of the box has ended");
        // The others would wait for ever.
        std::process::exit(1)
    })
}

/// What a lane writes down of an ordinary car.
fn crossing(id: u64, at: wire::WallTime) -> Entry {
    Entry::Crossing(Crossing {
        format: Some("MP1".to_owned()),
        issuer: Some("RU-TVE".to_owned()),
        pass_id: Some(id.to_be_bytes().repeat(2)),
        kind: Some(1),
        plate_seen: Some("A123BC69".to_owned()),
        plate_bound: Some("A123BC69".to_owned()),
        release: 1,
        release_age: 60,
        read_us: 4000,
        judge_us: 100,
        ..Crossing::new(id.to_be_bytes(), at, Outcome::Admit)
    })
}

fn client(id: &str, broker: &str) -> Result<(AsyncClient, EventLoop), Box<dyn Error>> {
    let (host, port) = broker.rsplit_once(':').ok_or("the broker is host:port")?;
    let mut options = MqttOptions::new(id, host, port.parse()?);
    options.set_keep_alive(Duration::from_secs(5)).set_clean_start(false).set_connection_timeout(2);
    options.set_session_expiry_interval(Some(3600));
    Ok(AsyncClient::new(options, CHANNEL))
}

/// Publishes and leaves the rest to the client, the session and the broker.
async fn peer(folder: &Path, every: Duration, broker: &str) -> Result<(), Box<dyn Error>> {
    let (client, mut events) = client("peer", broker)?;
    let granted = Numbers::<1>::at(&folder.join(GRANTED));
    tokio::spawn(async move {
        loop {
            if events.poll().await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    let mut beat = Beat::new(folder, every);
    let [mut number] = granted.get();
    loop {
        let (wait, publishes) = beat.next();
        tokio::time::sleep(wait).await;
        if publishes {
            let mut payload = vec![0; BYTES];
            payload[..8].copy_from_slice(&number.to_le_bytes());
            client.publish(TOPIC, QoS::AtLeastOnce, false, payload).await?;
            // Handed to a client that promises to deliver it: the car may go.
            number += 1;
            granted.set([number]);
        }
    }
}

/// Writes down what it hears.
async fn collector(folder: &Path, broker: &str) -> Result<(), Box<dyn Error>> {
    let (client, mut events) = client("peer-collector", broker)?;
    let mut heard = File::options().create(true).append(true).open(folder.join(HEARD))?;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => client.try_subscribe(TOPIC, QoS::AtLeastOnce)?,
            Ok(Event::Incoming(Packet::Publish(publish))) if publish.payload.len() == BYTES => {
                heard.write_all(&publish.payload[..8])?;
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
