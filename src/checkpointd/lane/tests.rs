use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use journal::{Outbox, Requests};
use wire::sign::Signer;

use super::*;
use crate::config;
use crate::crossing::State;

/// A wall clock that stands, and seconds that go by whenever somebody looks.
#[derive(Default)]
struct Still(AtomicU64);

impl board::Clock for Still {
    fn read(&self) -> board::Readings {
        board::Readings { system_ms: 1_588_334_400_000, synchronised: true, rtc_ms: None }
    }
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

fn now() -> wire::WallTime {
    wire::WallTime::from_unix(1_588_334_400, wire::ClockTrust::Ntp)
}

struct Device(SigningKey);
impl Signer for Device {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn parts(when_journal_fails: WhenJournalFails) -> (Parts, Requests) {
    let (writer, requests) = Writer::new();
    (
        Parts {
            trust: View::default(),
            writer,
            clock: Arc::new(Clock::new(Arc::<Still>::default(), 0, None)),
            when_journal_fails,
            gauges: Arc::default(),
        },
        requests,
    )
}

fn sighted(text: &str) -> Event {
    Event::Sighted { text: text.into(), read_us: 1, handed: Instant::now() }
}

fn play(parts: &Parts, send: impl FnOnce(Sender<Event>), show: impl FnMut(&Lane, Journal)) {
    let (sender, events) = channel();
    send(sender);
    let lane = Lane::new(config::Lane::default(), panel::Language::Ru, || [1; 8]);
    run(lane, &events, parts, show, &AtomicBool::new(false), &AtomicU64::new(0));
}

fn open_journal(path: &Path) -> journal::Journal {
    open_within(path, journal::Bounds::default())
}

fn open_within(path: &Path, bounds: journal::Bounds) -> journal::Journal {
    let identity = journal::Identity {
        region: "RU-TVE".parse().unwrap(),
        name: "post-1".parse().unwrap(),
        signer: Arc::new(Device(SigningKey::from_bytes(&[3; 32]))),
        // Any point of the curve; nobody opens these rows.
        sealing_key: [9; 32],
    };
    journal::Journal::open_within(path, identity, bounds).unwrap()
}

#[test]
fn a_verdict_is_shown_only_when_its_row_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open_journal(&path);
    let (parts, requests) = parts(WhenJournalFails::Stop);
    let (stop, pulse) = (Arc::new(AtomicBool::new(false)), AtomicU64::new(0));
    let told = stop.clone();
    let writing = std::thread::spawn(move || {
        journal::run(journal, &requests, now, Duration::ZERO, &told, &pulse);
    });
    let outbox = Outbox::open(&path).unwrap();
    let mut shown = 0;
    play(
        &parts,
        |sender| {
            for text in ["MP1:A", "MP1:B"] {
                sender.send(sighted(text)).unwrap();
            }
        },
        |lane, journal| {
            assert_eq!(journal, Journal::Writes);
            if let State::Open(_) = lane.state() {
                shown += 1;
                // Opening row, that the box started, and crossing; then closing and crossing.
                assert_eq!(outbox.head().unwrap(), 1 + 2 * shown);
            }
        },
    );
    assert_eq!(shown, 2);
    stop.store(true, Ordering::Relaxed);
    writing.join().unwrap();
}

#[test]
fn while_the_journal_fails_the_policy_decides_what_is_shown() {
    for (policy, expected, judged) in
        [(WhenJournalFails::Stop, Journal::Stopped, ""), (WhenJournalFails::Check, Journal::Doubtful, "MP1:B")]
    {
        let (parts, requests) = parts(policy);
        // A journal whose writer is gone takes nothing.
        drop(requests);
        let mut last = None;
        play(
            &parts,
            |sender| {
                for text in ["MP1:A", "MP1:B"] {
                    sender.send(sighted(text)).unwrap();
                }
            },
            |lane, journal| {
                let text = if let State::Open(open) = lane.state() { open.text().to_owned() } else { String::new() };
                last = Some((text, journal));
            },
        );
        assert_eq!(last, Some((judged.to_owned(), expected)));
    }
}

#[test]
fn while_the_disk_stalls_the_panel_says_so_and_the_loop_turns() {
    let (parts, requests) = parts(WhenJournalFails::Stop);
    let pulse = AtomicU64::new(0);
    let (sender, events) = channel::<Event>();
    let mut said = Vec::new();
    std::thread::scope(|scope| {
        // The first line is taken by nobody for a while, and then the writer is gone.
        scope.spawn(move || {
            std::thread::sleep(STALL + 3 * TURN);
            drop(requests);
            drop(sender);
        });
        let lane = Lane::new(config::Lane::default(), panel::Language::Ru, || [1; 8]);
        run(lane, &events, &parts, |_, journal| said.push(journal), &AtomicBool::new(false), &pulse);
    });
    // While it stalled, and when it had failed.
    assert_eq!(said, [Journal::Stopped; 2]);
    assert!(pulse.load(Ordering::Relaxed) >= 10);
}

#[test]
fn nobody_decides_about_what_the_panel_does_not_show() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open_journal(&folder.path().join("journal.db"));
    let (parts, requests) = parts(WhenJournalFails::Stop);
    let end = Arc::new(AtomicBool::new(false));
    let told = end.clone();
    let mut writing = Some(std::thread::spawn(move || {
        journal::run(journal, &requests, now, Duration::ZERO, &told, &AtomicU64::new(0));
    }));
    let (sender, events) = channel();
    sender.send(sighted("MP1:A")).unwrap();
    let mut sender = Some(sender);
    let mut last = None;
    let show = |lane: &Lane, journal: Journal| {
        let is_open = matches!(lane.state(), State::Open(_));
        if is_open && let (Some(writing), Some(sender)) = (writing.take(), sender.take()) {
            // The disk is gone; the next line cannot be written, and then the officer presses a key.
            end.store(true, Ordering::Relaxed);
            writing.join().unwrap();
            sender.send(Event::Camera(reader::CameraState::Fails)).unwrap();
            sender.send(Event::Key { key: Key::No, pressed: Duration::from_secs(1_000) }).unwrap();
        }
        last = Some((is_open, journal));
    };
    let lane = Lane::new(config::Lane::default(), panel::Language::Ru, || [1; 8]);
    run(lane, &events, &parts, show, &AtomicBool::new(false), &AtomicU64::new(0));
    assert_eq!(last, Some((true, Journal::Stopped)));
}

#[test]
fn what_ends_a_crossing_is_written_although_the_next_one_has_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open_within(&path, journal::Bounds { pages: 100, reserve: 128 << 10 });
    let gauge = journal.gauge();
    let (parts, requests) = parts(WhenJournalFails::Stop);
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    let writing = std::thread::spawn(move || {
        journal::run(journal, &requests, now, Duration::from_secs(60), &told, &AtomicU64::new(0));
    });
    let crossing = Entry::Crossing(wire::entry::Crossing {
        issuer: Some("x".repeat(2000)),
        ..wire::entry::Crossing::new([1; 8], now(), wire::entry::Outcome::Admit)
    });
    while parts.writer.append(vec![crossing.clone()], now()).is_ok() {}
    let before = Outbox::open(&path).unwrap().head().unwrap();
    let closing = wire::entry::Closing::new([1; 8], now(), wire::entry::Action::NextPass);
    let entries = VecDeque::from([Entry::Closing(closing), crossing]);
    let long_ago = || Instant::now().checked_sub(RETRY).unwrap();
    let policy = WhenJournalFails::Stop;
    let mut owed = Owed { entries, tried: long_ago(), policy, is_full: false, lost: 0 };
    owed.settle(Vec::new(), &parts, |_| ());
    assert_eq!((owed.entries.len(), owed.state()), (2, Journal::Stopped));
    owed.tried = long_ago();
    owed.settle(Vec::new(), &parts, |_| ());
    assert_eq!((owed.entries.len(), owed.state()), (1, Journal::Stopped));
    // The opening of a new epoch, and the closing.
    assert_eq!(Outbox::open(&path).unwrap().head().unwrap(), before + 2);
    stop.store(true, Ordering::Relaxed);
    writing.join().unwrap();
    assert_eq!(gauge.now().reserve, journal::Reserve::Given);
}
