//! A checkpoint without camera or lane, and books for HQ.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use journal::{Journal, Writer, chain};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::{Notify, watch};
use uplink::link::mqtt::MqttLink;
use uplink::{Ends, JournalOutbox, LinkStatus, Pace};
use wire::entry::Entry;
use wire::health::Health;
use wire::row::{Batch, EpochId, HASH, Receipt, Row, RowKind};
use wire::sign::Signer;
use wire::{ClockTrust, WallTime};

use super::{Accept, Cause, Poison, region};

pub struct Key(SigningKey);

impl Key {
    pub fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    pub fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
}

impl Signer for Key {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn now() -> WallTime {
    WallTime::from_unix(1_700_000_000, ClockTrust::Ntp)
}

/// A row of the right shape that no journal wrote.
pub fn row(sequence: u64) -> Row {
    let epoch = EpochId { counter: 1, nonce: [1; 8] };
    Row { epoch, sequence, boot: [0; 8], kind: RowKind::Entry, body: vec![0; 144], chain: [0; HASH], mac: [0; HASH] }
}

/// One box: a journal with its writing thread, and a link that can be cut.
pub struct Post {
    name: String,
    folder: tempfile::TempDir,
    writer: Writer,
    journal: Option<Worker>,
    link: Option<Worker>,
    wake: Arc<Notify>,
    status: watch::Sender<LinkStatus>,
}

struct Worker(Arc<AtomicBool>, Option<JoinHandle<()>>);

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.take().unwrap().join().unwrap();
    }
}

impl Post {
    pub fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (writer, worker) = write(name, folder.path());
        Self {
            name: name.to_owned(),
            folder,
            writer,
            journal: Some(worker),
            link: None,
            wake: Arc::default(),
            status: watch::Sender::new(LinkStatus::BEFORE),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    /// Starts the link, unless it runs.
    pub fn start(&mut self, broker: SocketAddr) {
        if self.link.is_some() {
            return;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let name = self.name.parse().unwrap();
        let link = MqttLink::new(&broker.to_string(), &region(), &name, "0.1.0").unwrap();
        let reader = journal::Outbox::open(&self.path()).unwrap();
        let outbox = JournalOutbox::new(reader, self.writer.clone(), now);
        self.status.send_replace(LinkStatus::BEFORE);
        let ends = Ends {
            region: region(),
            name,
            receipt_keys: Box::new(|_| vec![Key::new(1).public()]),
            wake: self.wake.clone(),
            health: Box::new(health),
            heartbeat: watch::channel(Duration::from_secs(1)).1,
            commands: std::sync::mpsc::sync_channel(1).0,
            reports: tokio::sync::mpsc::channel(1).1,
            release: watch::Sender::new(None),
            news: watch::Sender::new(None),
            uses: tokio::sync::mpsc::channel(1024).0,
            status: self.status.clone(),
            pulse: Arc::default(),
            stop: stop.clone(),
            pace: Pace::default(),
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(uplink::run(ends, link, outbox)).unwrap();
        });
        self.link = Some(Worker(stop, Some(thread)));
    }

    /// Ends the link; the journal goes on.
    pub fn cut(&mut self) {
        self.link = None;
    }

    /// Ends everything and opens the journal again.
    pub fn restart(&mut self, broker: SocketAddr) {
        self.link = None;
        self.journal = None;
        let (writer, worker) = write(&self.name, self.folder.path());
        (self.writer, self.journal) = (writer, Some(worker));
        self.start(broker);
    }

    pub fn append(&self, entries: Vec<Entry>) {
        if !entries.is_empty() {
            self.writer.append(entries, now()).unwrap();
            self.wake.notify_one();
        }
    }

    pub fn status(&self) -> LinkStatus {
        self.status.borrow().clone()
    }

    pub fn head(&self) -> u64 {
        journal::Outbox::open(&self.path()).unwrap().head().unwrap()
    }

    pub fn rows_kept(&self) -> usize {
        journal::Outbox::open(&self.path()).unwrap().rows_after(0, 1_000_000, usize::MAX).unwrap().len()
    }
}

fn health(queue: u64) -> Health {
    Health { release: 7, queue, ..Health::at(now()) }
}

fn write(name: &str, folder: &Path) -> (Writer, Worker) {
    let mut sealing_key = [0; 32];
    sealing_key[0] = 9; // the base point of X25519 (RFC 7748 §4.1): a key, though nobody's
    let signer = Arc::new(Key::new(2));
    let identity = journal::Identity { region: region(), name: name.parse().unwrap(), signer, sealing_key };
    let journal = Journal::open(&folder.join("journal.db"), identity).unwrap();
    let (writer, requests) = Writer::new();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let thread = std::thread::spawn(move || {
        journal::run(journal, &requests, now, Duration::ZERO, &stopped, &Default::default());
    });
    (writer, Worker(stop, Some(thread)))
}

/// A ledger that knows rows, repeats and gaps, and refuses whatever does not follow.
pub struct Books(Connection);

impl Books {
    pub fn open(path: &Path) -> Self {
        let db = Connection::open(path).unwrap();
        db.busy_timeout(Duration::from_secs(5)).unwrap();
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS row (box TEXT, sequence INTEGER, row BLOB NOT NULL, PRIMARY KEY (box, sequence))",
        )
        .unwrap();
        Self(db)
    }

    fn rows(&self, name: &str) -> Vec<Row> {
        let mut query = self.0.prepare("SELECT row FROM row WHERE box = ?1 ORDER BY sequence").unwrap();
        let rows = query.query_map([name], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        rows.map(|row| wire::decode(&row.unwrap(), "row").unwrap()).collect()
    }

    fn last(&self, name: &str) -> Option<Row> {
        let sql = "SELECT row FROM row WHERE box = ?1 ORDER BY sequence DESC LIMIT 1";
        let found: Option<Vec<u8>> = self.0.query_row(sql, [name], |row| row.get(0)).optional().unwrap();
        found.map(|row| wire::decode(&row, "row").unwrap())
    }

    fn receipt(&self, name: &str) -> Option<Receipt> {
        let Row { epoch, sequence, chain, .. } = self.last(name)?;
        let to = name.parse().unwrap();
        Some(Receipt {
            region: region(),
            to,
            epoch,
            sequence,
            chain,
            ledger: [5; 8],
            issued: 1_700_000_000,
            budget: None,
        })
    }

    /// All rows of a box are there, each once, in an unbroken chain.
    pub fn check(&self, name: &str, head: u64) {
        let rows = self.rows(name);
        assert_eq!(rows.len() as u64, head, "{name}: rows lost or doubled");
        assert!(rows.iter().zip(1..).all(|(row, sequence)| row.sequence == sequence));
        assert_eq!(chain::sound_prefix(Some((&chain::START, 0)), &rows), rows.len(), "{name}: the chain is broken");
    }
}

impl Accept for Books {
    fn accept(&mut self, batch: &Batch, _: &[Poison]) -> Result<Option<Receipt>, Cause> {
        let name = batch.from.as_str();
        let last = self.last(name);
        let (chain, sequence) = last.map_or((chain::START, 0), |row| (row.chain, row.sequence));
        let new: Vec<Row> = batch.rows.iter().filter(|row| row.sequence > sequence).cloned().collect();
        if chain::sound_prefix(Some((&chain, sequence)), &new) < new.len() {
            return Err("a gap, or a broken chain".into());
        }
        let transaction = self.0.transaction()?;
        for row in &new {
            transaction.execute(
                "INSERT INTO row VALUES (?1, ?2, ?3)",
                params![name, row.sequence as i64, wire::encode(row)],
            )?;
        }
        transaction.commit()?;
        Ok(self.receipt(name))
    }

    fn receipts(&mut self) -> Result<Vec<Receipt>, Cause> {
        let names: Vec<String> = {
            let mut query = self.0.prepare("SELECT DISTINCT box FROM row")?;
            query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
        };
        Ok(names.iter().filter_map(|name| self.receipt(name)).collect())
    }
}

fn client(broker: SocketAddr, id: &str) -> (AsyncClient, rumqttc::v5::EventLoop) {
    AsyncClient::new(MqttOptions::new(id, broker.ip().to_string(), broker.port()), 16)
}

/// Publishes letters as a stranger, and returns when the broker has them all.
pub fn publish(broker: SocketAddr, letters: Vec<(String, Vec<u8>)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, mut events) = client(broker, "stranger");
        let mut left = letters.len();
        tokio::spawn(async move {
            for (topic, payload) in letters {
                client.publish(topic, QoS::AtLeastOnce, false, payload).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        while left > 0 {
            if let Event::Incoming(Packet::PubAck(_)) = events.poll().await.unwrap() {
                left -= 1;
            }
        }
    });
}

/// The next message on a topic, the retained one included.
pub fn wait_for(broker: SocketAddr, topic: &str, limit: Duration) -> Option<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, mut events) = client(broker, "listener");
        client.subscribe(topic, QoS::AtLeastOnce).await.unwrap();
        let until = Instant::now() + limit;
        while let Ok(Ok(event)) = tokio::time::timeout_at(until.into(), events.poll()).await {
            if let Event::Incoming(Packet::Publish(publish)) = event {
                return Some(publish.payload.to_vec());
            }
        }
        None
    })
}
