//! A region at work, with real boxes' journals, a real broker and real sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::AtomicI64;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use journal::{Identity, Journal, Writer};
use tokio::sync::{Notify, watch};
use trust::{Adoption, Store};
use uplink::link::mqtt::MqttLink;
use uplink::{Ends, JournalOutbox, LinkStatus, Pace};
use verdict::Reason;
use wire::entry::{Action, Closing, Crossing, Entry, Outcome};
use wire::health::{Age, Freshness, Health, Picture, Room};
use wire::sign::Signer;
use wire::{BoxId, ClockTrust, WallTime};

use super::*;
use crate::open::Filter;
use crate::{Founding, IssueRequest};

const NOW: i64 = 1_700_000_000;

const LIMIT: Duration = Duration::from_secs(60);

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn wall(now: i64) -> WallTime {
    WallTime::from_unix(now, ClockTrust::Ntp)
}

/// A region with a clock that tests move.
struct Desk {
    folder: tempfile::TempDir,
    region: Arc<Region>,
    clock: Arc<AtomicI64>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверская <область>".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        let region = Arc::new(Region::create(&folder.path().join("tver"), &founding, "test", NOW).unwrap());
        Self { folder, region, clock: Arc::new(AtomicI64::new(NOW)) }
    }

    fn options(&self) -> Options {
        let clock = self.clock.clone();
        Options {
            https: None,
            http: "127.0.0.1:0".parse().unwrap(),
            broker: BrokerChoice::Embedded("127.0.0.1:0".parse().unwrap()),
            clock: Arc::new(move || clock.load(Ordering::Relaxed)),
            publish_every: None,
            rows_per_second: None,
        }
    }

    fn start(&self) -> Running {
        start(self.region.clone(), self.options()).unwrap()
    }
}

struct BoxKey(SigningKey);

impl Signer for BoxKey {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// A box without camera and lane: trust, journal and link.
struct Checkpoint {
    name: BoxId,
    key: Arc<BoxKey>,
    store: Store,
    writer: Writer,
    wake: Arc<Notify>,
    status: watch::Sender<LinkStatus>,
    announced: watch::Sender<Option<Vec<u8>>>,
    news: watch::Sender<Option<Vec<u8>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Checkpoint {
    /// Provisioned from what HQ hands out, and put on the line.
    fn new(desk: &Desk, name: &str, running: &Running) -> Self {
        let folder = desk.folder.path().join(name);
        let store = Store::provision(&folder, &desk.region.first_root().unwrap(), desk.region.id()).unwrap();
        let name: BoxId = name.parse().unwrap();
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let key = Arc::new(BoxKey(SigningKey::from_bytes(&seed)));
        let identity = Identity {
            region: desk.region.id().clone(),
            name: name.clone(),
            signer: key.clone(),
            sealing_key: store.root().sealing_key().unwrap(),
        };
        let path = folder.join("journal.db");
        let journal = Journal::open(&path, identity).unwrap();
        let (writer, requests) = Writer::new();
        let mut checkpoint = Self {
            name,
            key,
            store,
            writer,
            wake: Arc::default(),
            status: watch::Sender::new(LinkStatus::BEFORE),
            announced: watch::Sender::new(None),
            news: watch::Sender::new(None),
            stop: Arc::default(),
            threads: Vec::new(),
        };
        let stop = checkpoint.stop.clone();
        checkpoint.threads.push(std::thread::spawn(move || {
            journal::run(journal, &requests, || wall(NOW), Duration::ZERO, &stop, &Default::default());
        }));
        let root = checkpoint.store.root().clone();
        let link = MqttLink::new(running.broker_address(), desk.region.id(), &checkpoint.name, "0.1.0").unwrap();
        let outbox = JournalOutbox::new(journal::Outbox::open(&path).unwrap(), checkpoint.writer.clone(), || wall(NOW));
        let ends = Ends {
            region: desk.region.id().clone(),
            name: checkpoint.name.clone(),
            receipt_keys: Box::new(move |at| root.receipt_at(at).collect()),
            wake: checkpoint.wake.clone(),
            health: Box::new(|queue| Health {
                now: wall(NOW + 2),
                release: 1,
                release_issued: NOW,
                queue,
                disk_free: 1 << 30,
                disk_hours: Some(60),
                camera: false,
                temperature: Some(81_250),
                camera_state: Some("covered".to_owned()),
                picture: Some(Picture {
                    brightness: 91,
                    glare_permille: 62,
                    focus_percent: Some(31),
                    dirt_percent: Some(4),
                }),
                reader_deaths: Some(2),
                knowledge: Some(vec![
                    Age { part: 0, seconds: 60, grade: Freshness::Fresh },
                    Age { part: 1, seconds: 31 * 3600, grade: Freshness::Stale },
                ]),
                last_command: Some(3),
                journal_stage: Some("lean".to_owned()),
                journal: Some(Room { used: 3 << 29, budget: 1 << 32 }),
                set_aside: Some(1),
                certificate_until: Some(NOW + 40 * 86_400),
                uptime: Some(7200),
                ..Health::at(wall(NOW + 2))
            }),
            heartbeat: watch::channel(Duration::from_millis(500)).1,
            commands: std::sync::mpsc::sync_channel(1).0,
            reports: tokio::sync::mpsc::channel(1).1,
            release: checkpoint.announced.clone(),
            news: checkpoint.news.clone(),
            uses: tokio::sync::mpsc::channel(1024).0,
            status: checkpoint.status.clone(),
            pulse: Arc::default(),
            stop: checkpoint.stop.clone(),
            pace: Pace::default(),
        };
        checkpoint.threads.push(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(uplink::run(ends, link, outbox)).unwrap();
        }));
        checkpoint
    }

    fn add_to(&self, desk: &Desk) {
        desk.region.add_box(&self.name, &self.key.public(), "test", NOW).unwrap();
    }

    fn append(&self, entries: Vec<Entry>) {
        self.writer.append(entries, wall(NOW)).unwrap();
        self.wake.notify_one();
    }

    fn covered(&self) -> u64 {
        self.status.borrow().covered
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

fn crossing(id: u8, outcome: Outcome, reasons: &[Reason]) -> Entry {
    let at = WallTime { unix_ms: NOW * 1000 + i64::from(id), trust: ClockTrust::Ntp };
    Entry::Crossing(Crossing {
        format: Some("MP1".to_owned()),
        issuer: Some("RU-TVE".to_owned()),
        pass_id: Some(vec![id; 8]),
        kind: Some(1),
        plate_seen: Some("A123BC69".to_owned()),
        plate_bound: Some("A123BC69".to_owned()),
        reasons: reasons.iter().map(|reason| reason.number()).collect(),
        release: 1,
        release_age: 60,
        read_us: 5000,
        judge_us: 200,
        ..Crossing::new([id; 8], at, outcome)
    })
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// One request as written; a browser could not send some of them.
fn ask(address: SocketAddr, path: &str, headers: &[&str]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let host = if headers.iter().any(|header| header.starts_with("Host")) {
        String::new()
    } else {
        format!("Host: {address}\r\n")
    };
    let more: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    write!(stream, "GET {path} HTTP/1.1\r\n{host}{more}Connection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(!head.contains("chunked"), "small answers come whole");
    Answer { status, head, body: answer[end + 4..].to_vec() }
}

#[test]
fn what_a_box_wrote_down_is_receipted_opened_and_shown() {
    let desk = Desk::new();
    let running = desk.start();
    let checkpoint = Checkpoint::new(&desk, "post-1", &running);
    checkpoint.add_to(&desk);
    checkpoint.append(vec![
        crossing(1, Outcome::Admit, &[]),
        crossing(2, Outcome::Refuse, &[Reason::Revoked, Reason::Expired]),
        Entry::Closing(Closing::new([2; 8], wall(NOW + 9), Action::TurnedBack)),
    ]);
    until("receipted", || checkpoint.covered() >= 3);
    let all = Filter::default();
    until("opened", || running.shown().search(&all, 10).unwrap().iter().any(|one| one.closing.is_some()));
    until("a heartbeat", || running.shown().boxes().unwrap()[0].clock_off_ms.is_some());

    let http = running.http_address();
    let crossings = ask(http, "/api/crossings", &[]).json();
    assert_eq!(crossings.as_array().unwrap().len(), 2);
    let refused = &crossings[0];
    assert_eq!(refused["box"], "post-1");
    assert_eq!(refused["outcome"], "refuse");
    assert_eq!(refused["reasons"], serde_json::json!(["revoked", "expired"]));
    assert_eq!((&refused["action"], &refused["pass_id"]), (&"turned-back".into(), &"0202020202020202".into()));
    for (query, found) in [
        ("limit=1", 1),
        ("outcome=admit", 1),
        ("reason=revoked", 1),
        ("reason=forged", 0),
        ("box=post-2", 0),
        ("plate=%D0%B0%20123%20%D0%B2%D1%81", 2),
        ("kind=1&issuer=RU-TVE", 2),
        ("limit=4294967295", 2),
    ] {
        let found_now = ask(http, &format!("/api/crossings?{query}"), &[]).json();
        assert_eq!(found_now.as_array().unwrap().len(), found, "{query}");
    }
    for query in ["outcome=maybe", "reason=mood", "box=a/b", "colour=1", "limit=-1", "limit=many"] {
        assert_eq!(ask(http, &format!("/api/crossings?{query}"), &[]).status, 400, "{query}");
    }
    let counts = ask(http, "/api/counts", &[]).json();
    assert_eq!(
        (&counts["crossings"], &counts["by_outcome"]["refuse"], &counts["by_reason"]["revoked"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(counts["damaged"], 0);
    let boxes = ask(http, "/api/boxes", &[]).json();
    assert_eq!(
        (&boxes[0]["online"], &boxes[0]["key_known"], &boxes[0]["in_conflict"]),
        (&true.into(), &true.into(), &false.into())
    );
    assert_eq!(boxes[0]["clock_off_ms"], 2000);
    assert_eq!((&boxes[0]["clock"], &boxes[0]["clock_grade"]), (&"ntp".into(), &"good".into()));
    assert_eq!(boxes[0]["knowledge"][1], serde_json::json!({"part": "status", "age_s": 111_600, "grade": "stale"}));
    assert_eq!((&boxes[0]["camera"], &boxes[0]["camera_state"]), (&false.into(), &"covered".into()));
    assert_eq!(
        (&boxes[0]["since"], &boxes[0]["heartbeat_age_s"], &boxes[0]["certificate_days"]),
        (&NOW.into(), &0.into(), &40.into())
    );
    assert_eq!((&boxes[0]["disk_hours"], &boxes[0]["journal_budget"]), (&60.into(), &(1_u64 << 32).into()));
    assert_eq!((&boxes[0]["picture"]["focus_percent"], &boxes[0]["reader_deaths"]), (&31.into(), &2.into()));
    let page = ask(http, "/", &[]);
    assert!(
        page.text().contains("A123BC69") && page.text().contains("revoked, expired") && page.text().contains("Рабочий")
    );
    assert!(page.text().contains("Тверская &lt;область&gt;"));
    let table = page.text().split("<table class=\"boxes\">").nth(1).unwrap().split("</table>").next().unwrap();
    assert_eq!(table.split("<tr>").nth(2).unwrap().matches("<td").count(), table.matches("<th>").count());
    for word in [
        "закрыта",
        "нерезко 31 %",
        "блики 6,2 %",
        "яркость 91",
        "грязь 4 %",
        "распознаватель перезапущен: 2",
        "● верны",
        "◐ 31 ч",
        "● на связи",
        "сигнал 0 с назад",
        "⚠ на 2 дн",
        "1,5 ГБ из 4,0 ГБ",
        "⚠ 81,2 °C перегрев",
        "⚠ отложено 1",
        "⚠ ещё 40 дн",
        "№ 3",
        "работает 2 ч",
    ] {
        assert!(page.text().contains(word), "{word}");
    }
    for (path, wish) in [("/?lang=en", "Accept-Language: ru"), ("/", "Accept-Language: en-GB,ru;q=0.5")] {
        let page = ask(http, path, &[wish]);
        assert!(page.text().contains("Work") && page.text().contains("refuse") && !page.text().contains("отказать"));
    }
    assert!(page.head.contains("content-security-policy: default-src 'none'"));

    // What is in the ledger stays, through HQ's restart.
    drop(checkpoint);
    running.stop();
    let again = desk.start();
    assert_eq!(again.shown().search(&all, 10).unwrap().len(), 2);
}

#[test]
fn a_box_adopts_over_http_and_hears_of_a_release_that_was_published_by_hand() {
    let desk = Desk::new();
    desk.region.publish("test", NOW).unwrap();
    let running = desk.start();
    let mut checkpoint = Checkpoint::new(&desk, "post-1", &running);
    let mut carrier = trust::Http::new(&format!("http://{}/release", running.http_address()));
    assert!(matches!(checkpoint.store.adopt(&mut carrier, wall(NOW)).unwrap(), Adoption::Adopted { sequence: 1, .. }));
    let head = || std::fs::read(desk.region.release_folder().join("head")).unwrap();
    until("the first head is announced", || checkpoint.announced.borrow().as_ref() == Some(&head()));

    // Another process, as `checkpoint-hq release` would be.
    let by_hand = Region::open(desk.region.folder()).unwrap();
    let request = IssueRequest { kind: 2, not_before: NOW, expires: NOW + 86_400, ..IssueRequest::default() };
    let issued = by_hand.issue(&request, "test", NOW).unwrap();
    by_hand.revoke(&crate::Which::Id(issued.id), "test", NOW).unwrap();
    by_hand.publish("test", NOW + 1).unwrap();
    until("the second head is announced", || checkpoint.announced.borrow().as_ref() == Some(&head()));
    // The bundle came before it, and is all that a box with the first release needs.
    let news = checkpoint.news.borrow().clone().expect("a bundle was sent");
    let mut news = trust::Bundle::decode(&news).unwrap();
    let root = checkpoint.store.root().version;
    assert!(news.file(&trust::format::root_name(root + 1)).is_none());
    checkpoint.store.adopt(&mut news, wall(NOW + 1)).unwrap();
    let release = checkpoint.store.current().unwrap();
    assert_eq!(release.status("RU-TVE", Some(issued.index)), verdict::Status::Revoked);
}

#[test]
fn rows_of_a_box_nobody_knows_get_no_receipt_until_its_key_is_known() {
    let desk = Desk::new();
    let running = desk.start();
    let checkpoint = Checkpoint::new(&desk, "post-1", &running);
    checkpoint.append(vec![crossing(1, Outcome::Admit, &[])]);
    until("refused", || running.collected().refused.get("ledger").is_some_and(|count| *count > 0));
    assert_eq!(checkpoint.covered(), 0);
    let shown = &running.shown().boxes().unwrap()[0];
    assert_eq!((shown.key_known, shown.rows), (false, 0));
    checkpoint.add_to(&desk);
    until("receipted", || checkpoint.covered() > 0);
    assert!(running.shown().boxes().unwrap()[0].key_known);
}

#[test]
fn releases_are_for_everybody_whole_and_nothing_else_of_the_folder_is() {
    let desk = Desk::new();
    desk.region.publish("test", NOW).unwrap();
    let running = desk.start();
    let http = running.http_address();
    let release = desk.region.release_folder();
    let object = std::fs::read_dir(release.join("base")).unwrap().next().unwrap().unwrap();
    let (name, bytes) = (object.file_name().into_string().unwrap(), std::fs::read(object.path()).unwrap());
    let whole = ask(http, &format!("/release/base/{name}"), &["Host: release.example"]);
    assert_eq!((whole.status, &whole.body), (200, &bytes));
    assert!(whole.head.contains("immutable") && whole.head.contains("accept-ranges: bytes"), "{}", whole.head);
    let part = ask(http, &format!("/release/base/{name}"), &["Range: bytes=5-9"]);
    assert_eq!((part.status, &part.body[..]), (206, &bytes[5..10]));
    assert!(part.head.contains(&format!("content-range: bytes 5-9/{}", bytes.len())), "{}", part.head);
    let beyond = ask(http, &format!("/release/base/{name}"), &[&format!("Range: bytes={}-", bytes.len())]);
    assert_eq!(beyond.status, 416);
    let head = ask(http, "/release/head", &[]);
    assert!(head.status == 200 && head.head.contains("cache-control: no-cache"), "{}", head.head);
    assert!(head.body.len() <= 300);
    let modified = head.head.lines().find_map(|line| line.strip_prefix("last-modified: ")).unwrap().to_owned();
    assert!(!modified.is_empty());
    std::fs::write(release.join("base/x.part"), "half").unwrap();
    for hidden in [
        "/release/.lock",
        "/release/base/x.part",
        "/release/",
        "/release/base",
        "/release/base/",
        "/release/../keys/root-1.key",
        "/release/..%2fkeys%2froot-1.key",
        "/release/%2e%2e/keys/root-1.key",
        "/release//etc/passwd",
        "/release/base/%00",
        "/keys/root-1.key",
        "/nothing",
    ] {
        let answer = ask(http, hidden, &[]);
        assert!(matches!(answer.status, 400 | 404 | 307), "{hidden}: {}", answer.status);
        assert!(!answer.body.windows(4).any(|window| window == b"root"), "{hidden}");
    }
}

#[test]
fn pages_are_for_this_machine_under_its_own_name() {
    let desk = Desk::new();
    let running = desk.start();
    let http = running.http_address();
    for path in ["/", "/api/crossings", "/api/counts", "/api/boxes"] {
        assert_eq!(ask(http, path, &[]).status, 200, "{path}");
        assert_eq!(ask(http, path, &["Host: localhost"]).status, 200, "{path}");
        assert_eq!(ask(http, path, &["Host: rebound.example"]).status, 403, "{path}");
    }
}

#[test]
fn releases_are_kept_fresh_by_the_clock() {
    let desk = Desk::new();
    let options = Options { publish_every: Some(Duration::from_secs(3600)), ..desk.options() };
    let running = start(desk.region.clone(), options).unwrap();
    let last = || desk.region.last_release().unwrap();
    until("the first release", || last() == Some((1, NOW)));
    desk.clock.store(NOW + 3599, Ordering::Relaxed);
    std::thread::sleep(3 * TURN);
    assert_eq!(last(), Some((1, NOW)), "still fresh");
    assert!(running.is_running());
    running.stop();
}

#[test]
fn ports_are_free_again_when_hq_has_stopped() {
    let desk = Desk::new();
    let running = desk.start();
    let (http, broker) = (running.http_address(), running.broker_address().parse().unwrap());
    let taken = start(desk.region.clone(), Options { http, ..desk.options() });
    assert_eq!(taken.err().unwrap().code(), "listen");
    // Somebody who keeps a connection open, and somebody who keeps what is shown.
    let _idle = TcpStream::connect(http).unwrap();
    let shown = running.shown().clone();
    let begun = Instant::now();
    running.stop();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let again = start(desk.region.clone(), Options { http, broker: BrokerChoice::Embedded(broker), ..desk.options() });
    assert!(again.unwrap().is_running());
    assert!(shown.boxes().unwrap().is_empty());
}

#[test]
fn a_broker_without_locks_is_for_this_machine_only() {
    let desk = Desk::new();
    let open = BrokerChoice::Embedded("0.0.0.0:0".parse().unwrap());
    assert_eq!(start(desk.region.clone(), Options { broker: open, ..desk.options() }).err().unwrap().code(), "broker");
    let nowhere = BrokerChoice::At("nowhere".to_owned());
    assert_eq!(
        start(desk.region.clone(), Options { broker: nowhere, ..desk.options() }).err().unwrap().code(),
        "address"
    );
}
