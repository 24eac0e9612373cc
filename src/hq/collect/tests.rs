//! Box, broker and collector together: real journal, real SQLite, real sockets.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use wire::entry::{Entry, Note};
use wire::{ClockTrust, WallTime};

use super::*;
use crate::broker::Broker;

pub(super) mod post;

use post::{Books, Key, Post as Checkpoint};

const REGION: &str = "RU-TVE";

fn region() -> RegionId {
    REGION.parse().unwrap()
}

fn collector(broker: SocketAddr, folder: &Path, signer: u8) -> Collector {
    let settings = Settings {
        credentials: None,
        broker: broker.to_string(),
        region: region(),
        signer: Arc::new(Key::new(signer)),
        clock: Box::new(|| 1_700_000_000),
        rows_per_second: None,
    };
    Collector::start(settings, Books::open(&folder.join("ledger.db")), &folder.join("hq.db")).unwrap()
}

fn note(n: u64) -> Entry {
    let at = WallTime::from_unix(1_700_000_000, ClockTrust::Ntp);
    Entry::Note(Note { at, code: "tried".to_owned(), detail: n.to_string() })
}

fn until(what: &str, limit: Duration, is_so: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
    begun.elapsed()
}

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn rows_reach_the_ledger_and_the_box_prunes_only_then() {
    let hq = tempfile::tempdir().unwrap();
    let broker = Broker::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut post = Checkpoint::new("post-1");
    post.start(broker.address());
    post.append((0..100).map(note).collect());
    until("rows are sent", LIMIT, || post.status().rows_sent > 0);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(post.status().covered, 0, "without HQ nothing is covered");
    assert!(post.rows_kept() >= 100, "the broker's word is not enough to prune");
    let collector = collector(broker.address(), hq.path(), 1);
    until("everything is covered", LIMIT, || post.status().queue == 0 && post.status().covered > 100);
    assert_eq!(post.rows_kept(), 0, "everything has left");
    assert_eq!(post.status().last_receipt, Some(1_700_000_000));
    drop(collector);
    Books::open(&hq.path().join("ledger.db")).check("post-1", post.head());
}

#[test]
fn a_box_is_online_while_it_is_and_offline_when_it_is_not_and_hq_remembers_over_a_restart() {
    let hq = tempfile::tempdir().unwrap();
    let broker = Broker::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let first = collector(broker.address(), hq.path(), 1);
    let mut post = Checkpoint::new("post-1");
    let online = |collector: &Collector| {
        collector.view().boxes.get(&post_name()).and_then(|seen| seen.state.clone()).map(|state| state.online)
    };
    assert_eq!(online(&first), None);
    post.start(broker.address());
    until("online", LIMIT, || online(&first) == Some(true));
    until("a heartbeat", LIMIT, || first.view().boxes[&post_name()].health.is_some());
    post.cut();
    until("offline", LIMIT, || online(&first) == Some(false));
    let state = first.view().boxes[&post_name()].state.clone().unwrap();
    assert_eq!(state.reason.as_deref(), Some("stopped"), "it goes by itself and says so");
    first.stop();
    broker.stop();
    let later = collector("127.0.0.1:9".parse().unwrap(), hq.path(), 1);
    assert_eq!(online(&later), Some(false));
    assert_eq!(later.view().boxes[&post_name()].health.as_ref().map(|health| health.release), Some(7));
}

fn post_name() -> BoxId {
    "post-1".parse().unwrap()
}

#[test]
fn a_receipt_under_another_key_settles_nothing() {
    let hq = tempfile::tempdir().unwrap();
    let broker = Broker::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let impostor = collector(broker.address(), hq.path(), 66);
    let mut post = Checkpoint::new("post-1");
    post.start(broker.address());
    post.append((0..10).map(note).collect());
    until("a receipt is refused", LIMIT, || post.status().refused > 0);
    assert_eq!((post.status().covered, post.status().trouble.map(|(code, _)| code)), (0, Some("receipt-key")));
    drop(impostor);
    let _collector = collector(broker.address(), hq.path(), 1);
    until("the right key is believed", LIMIT, || post.status().queue == 0);
}

#[test]
fn what_is_malformed_is_counted_by_its_fault_and_holds_up_nobody() {
    let hq = tempfile::tempdir().unwrap();
    let broker = Broker::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let collector = collector(broker.address(), hq.path(), 1);
    until("connected", LIMIT, || collector.view().connected);
    let batch = |region: &str, from: &str, sequences: &[u64]| {
        let rows = sequences.iter().map(|sequence| post::row(*sequence)).collect();
        wire::encode(&Batch { region: region.parse().unwrap(), from: from.parse().unwrap(), rows })
    };
    let topic = |up: Up| up.of(&region(), &"stranger".parse().unwrap());
    let mut letters = vec![
        (topic(Up::Crossings), batch(REGION, "post-1", &[1])),
        (topic(Up::Crossings), batch("RU-MOS", "stranger", &[1])),
        (topic(Up::Crossings), batch(REGION, "stranger", &[])),
        (topic(Up::Crossings), batch(REGION, "stranger", &[1, 3])),
        (topic(Up::Crossings), batch(REGION, "stranger", &[u64::MAX, 0])),
        (topic(Up::State), b"\xff".to_vec()),
        (topic(Up::Health), wire::encode(&7u8)),
        (format!("checkpoint/1/{REGION}/box/no box/health"), Vec::new()),
    ];
    letters.extend((0..200u32).map(|n| {
        let noise = (0..n * 7).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(n * 97) >> 13) as u8).collect();
        (topic(Up::Crossings), noise)
    }));
    let good = batch(REGION, "stranger", &[1, 2, 3]);
    letters.extend((0..good.len()).map(|end| (topic(Up::Crossings), good[..end].to_vec())));
    let count = letters.len() as u64;
    post::publish(broker.address(), letters);
    until("all are counted", LIMIT, || collector.view().refused.values().sum::<u64>() >= count);
    let refused = collector.view().refused;
    assert_eq!([refused["other-box"], refused["other-region"], refused["rows"], refused["topic"]], [1, 1, 3, 1]);
    assert!(collector.is_running());
    let mut post = Checkpoint::new("post-1");
    post.start(broker.address());
    post.append((0..10).map(note).collect());
    until("a good box is served", LIMIT, || post.status().queue == 0 && post.status().covered > 10);
}

#[test]
fn a_backlog_of_days_goes_up_in_order_and_once() {
    let hq = tempfile::tempdir().unwrap();
    let broker = Broker::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut post = Checkpoint::new("post-1");
    for part in 0..50 {
        post.append((0..100).map(|n| note(part * 100 + n)).collect());
    }
    let collector = collector(broker.address(), hq.path(), 1);
    post.start(broker.address());
    let took = until("5,000 entries are up", LIMIT, || post.status().queue == 0 && post.status().covered > 5000);
    println!("{} rows in {took:?}", post.head());
    assert_eq!(post.status().rows_sent, post.head(), "on a good line every row goes up once");
    assert_eq!(collector.view().rows, post.head());
    drop(collector);
    Books::open(&hq.path().join("ledger.db")).check("post-1", post.head());
}

/// Brokers, collectors and boxes die at random moments; crossings go on all the while.
fn storm(seed: u64, rounds: u32) {
    let mut random = fastrand(seed);
    let hq = tempfile::tempdir().unwrap();
    let mut broker = Some(Broker::start("127.0.0.1:0".parse().unwrap()).unwrap());
    let address = broker.as_ref().unwrap().address();
    let mut desk = Some(collector(address, hq.path(), 1));
    let mut posts = [Checkpoint::new("post-1"), Checkpoint::new("post-2")];
    posts.iter_mut().for_each(|post| post.start(address));
    for round in 0..rounds {
        for post in &posts {
            post.append((0..random(40)).map(|n| note(u64::from(round) << 16 | n)).collect());
        }
        match random(6) {
            0 => broker = None,
            1 => desk = None,
            2 => posts[random(2) as usize].restart(address),
            3 => posts[random(2) as usize].cut(),
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(random(400)));
        if broker.is_none() && random(2) == 0 {
            broker = Some(Broker::start(address).unwrap());
        }
        if desk.is_none() && random(2) == 0 {
            desk = Some(collector(address, hq.path(), 1));
        }
        posts.iter_mut().for_each(|post| post.start(address));
    }
    broker.get_or_insert_with(|| Broker::start(address).unwrap());
    desk.get_or_insert_with(|| collector(address, hq.path(), 1));
    for post in &posts {
        until("the storm is over", LIMIT, || post.status().queue == 0 && post.status().covered == post.head());
    }
    drop(desk);
    let books = Books::open(&hq.path().join("ledger.db"));
    for post in &posts {
        books.check(post.name(), post.head());
    }
}

fn fastrand(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn nothing_is_lost_and_nothing_is_twice_when_broker_collector_and_boxes_die_at_random_moments() {
    for seed in 1..=3 {
        storm(seed, 30);
    }
}

#[test]
fn a_receipt_that_a_restarted_broker_has_forgotten_is_published_again() {
    let hq = tempfile::tempdir().unwrap();
    let broker = Broker::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = broker.address();
    let mut post = Checkpoint::new("post-1");
    let collector = collector(address, hq.path(), 1);
    post.start(address);
    post.append((0..10).map(note).collect());
    until("covered", LIMIT, || post.status().queue == 0 && post.status().covered > 10);
    post.cut();
    broker.stop();
    let _broker = Broker::start(address).unwrap();
    until("the collector is back", LIMIT, || collector.view().connected);
    let receipt = Down::Receipt.of(&region(), &post_name());
    let found = post::wait_for(address, &receipt, Duration::from_secs(5)).expect("a retained receipt");
    let key = Key::new(1).public();
    let believed = uplink::verified(&found, &region(), &post_name(), &move |_| vec![key]).unwrap();
    assert_eq!(believed.sequence, post.head());
}

#[test]
fn the_head_of_a_release_is_announced_and_announced_again_to_a_broker_that_forgot_it() {
    let hq = tempfile::tempdir().unwrap();
    let broker = Broker::start("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = broker.address();
    let collector = collector(address, hq.path(), 1);
    let found = || post::wait_for(address, &wire::topic::release(&region()), Duration::from_secs(5));
    collector.announce(b"first".to_vec());
    until("the first is retained", LIMIT, || found().is_some_and(|head| head == b"first"));
    collector.announce(b"second".to_vec());
    until("the second is retained", LIMIT, || found().is_some_and(|head| head == b"second"));
    broker.stop();
    until("disconnected", LIMIT, || !collector.view().connected);
    let _broker = Broker::start(address).unwrap();
    until("announced again", LIMIT, || found().is_some_and(|head| head == b"second"));
}
