use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread::JoinHandle;

use journal::{Journal, Outbox};
use wire::sign::Context;
use wire::{ClockTrust, WallTime};

use super::*;
use crate::desk::{BEGIN, Boot, Desk};
use crate::identity::Identity;

/// A box that obeys, whose journal is written for real.
struct Told {
    desk: Desk,
    data: tempfile::TempDir,
    writer: Writer,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    commanded: Commanded,
    heartbeat: watch::Receiver<Duration>,
    reports: mpsc::Receiver<Vec<u8>>,
    secrets: Arc<Mutex<Vec<Vec<u8>>>>,
    clock: Arc<Clock>,
}

impl Drop for Told {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}

impl Told {
    /// With a sound clock, or with none.
    fn new(synchronised: bool) -> (Self, Hand) {
        let (desk, data) = (Desk::open(), tempfile::tempdir().unwrap());
        let signer = Arc::new(Identity::create(data.path()).unwrap());
        let identity = journal::Identity {
            region: desk.region.id().clone(),
            name: "post-1".parse().unwrap(),
            signer,
            sealing_key: desk.region.newest_root().unwrap().unwrap().sealing_key().unwrap(),
        };
        let journal = Journal::open(&data.path().join("journal.db"), identity).unwrap();
        let (writer, requests) = Writer::new();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let now = || WallTime::from_unix(BEGIN, ClockTrust::Ntp);
        let thread = std::thread::spawn(move || {
            journal::run(journal, &requests, now, Duration::ZERO, &stopped, &AtomicU64::new(0));
        });
        let boot = Boot::default();
        if synchronised {
            boot.0.lock().unwrap().0.system_ms = (BEGIN + 60) * 1000;
            boot.0.lock().unwrap().0.synchronised = true;
        }
        let clock = Arc::new(Clock::new(Arc::new(boot), BEGIN, None));
        let told = Self {
            desk,
            data,
            writer,
            stop,
            thread: Some(thread),
            commanded: Commanded::default(),
            heartbeat: watch::channel(Duration::ZERO).1,
            reports: mpsc::channel(1).1,
            secrets: Arc::default(),
            clock,
        };
        let mut told = told;
        let hand = told.start();
        (told, hand)
    }

    /// The box starts, perhaps again.
    fn start(&mut self) -> Hand {
        let (set, heartbeat) = watch::channel(Duration::from_secs(60));
        let (tell, reports) = mpsc::channel(1);
        (self.heartbeat, self.reports, self.commanded) = (heartbeat, reports, Commanded::default());
        let secrets = self.secrets.clone();
        let parts = Parts {
            region: self.desk.region.id().clone(),
            name: "post-1".parse().unwrap(),
            roots: Roots::new(self.desk.region.newest_root().unwrap().unwrap()),
            clock: self.clock.clone(),
            writer: self.writer.clone(),
            appended: Arc::default(),
            commanded: self.commanded.clone(),
            status: Box::new(|| "ж".repeat(LONGEST_REPORT)),
            heartbeat: set,
            reports: tell,
            take_secret: Box::new(move |sealed| {
                secrets.lock().unwrap().push(sealed.to_vec());
                if sealed.is_empty() { Err("secret") } else { Ok(()) }
            }),
        };
        Hand::new(parts, self.data.path())
    }

    fn command(&self, number: u64, expires: i64, what: What) -> Vec<u8> {
        let (region, to) = (self.desk.region.id().clone(), "post-1".parse().unwrap());
        let command = Command { region, to, number, expires, what };
        let key = self.desk.region.command_key().unwrap();
        wire::sign::try_sign(Context::Command, key.as_ref(), &wire::encode(&command)).unwrap()
    }

    /// What the journal says of commands: HQ opens it.
    fn notes(&self) -> Vec<(String, String)> {
        let outbox = Outbox::open(&self.data.path().join("journal.db")).unwrap();
        let rows = outbox.rows_after(0, 1000, usize::MAX).unwrap();
        let (region, folder) = (&self.desk.region, tempfile::tempdir().unwrap());
        let key = Identity::open(self.data.path()).map(|identity| wire::sign::Signer::public(&identity)).unwrap();
        let (ledger, opened) = (folder.path().join("ledger.db"), folder.path().join("crossings.db"));
        if !rows.is_empty() {
            let batch = wire::row::Batch { region: region.id().clone(), from: "post-1".parse().unwrap(), rows };
            hq::ledger::Ledger::open(&ledger, region.id()).unwrap().accept(&batch, &key, 0).unwrap();
        } else {
            hq::ledger::Ledger::open(&ledger, region.id()).unwrap();
        }
        let sealing = region.sealing_key();
        hq::open::Opener::open(&ledger, &opened, region.id(), &[sealing.secret()]).unwrap().catch_up(0).unwrap();
        let notes = hq::open::Crossings::open(&opened).unwrap().notes(None, 100).unwrap();
        let mut notes: Vec<_> = notes.into_iter().map(|one| (one.sequence, one.note)).collect();
        notes.sort_by_key(|(sequence, _)| *sequence);
        notes.into_iter().map(|(_, note)| (note.code, note.detail)).collect()
    }
}

fn pair(code: &str, detail: &str) -> (String, String) {
    (code.to_owned(), detail.to_owned())
}

const LATER: i64 = BEGIN + 3600;

#[test]
fn each_command_is_done_once_and_the_journal_says_so() {
    let (mut told, mut hand) = Told::new(true);
    let heartbeat = told.command(1, LATER, What::Heartbeat { seconds: 10 });
    assert_eq!(hand.take(&heartbeat), Then::Nothing);
    assert_eq!(*told.heartbeat.borrow(), Duration::from_secs(10));
    assert_eq!(hand.take(&told.command(2, LATER, What::Report)), Then::Nothing);
    let report: Report = wire::decode(&told.reports.try_recv().unwrap(), "report").unwrap();
    assert_eq!((report.number, report.text.len()), (2, LONGEST_REPORT));
    assert_eq!(hand.take(&told.command(5, LATER, What::Secret { sealed: vec![1; 80] })), Then::Nothing);
    assert_eq!(hand.take(&told.command(6, LATER, What::Secret { sealed: Vec::new() })), Then::Nothing);
    let update = What::Update { version: "2.0.0".to_owned(), image: [1; 32] };
    assert_eq!(hand.take(&told.command(7, LATER, update)), Then::Nothing);
    assert_eq!(hand.take(&told.command(8, LATER, What::Restart)), Then::Restart);
    let notes = [
        pair("command-done", "1 heartbeat"),
        pair("command-done", "2 report"),
        pair("command-done", "5 secret"),
        pair("command-refused", "6 secret secret"),
        pair("command-refused", "7 update no-image"),
        pair("command-done", "8 restart"),
    ];
    assert_eq!(told.notes(), notes);
    // The same again, before and after a start: nothing is done, nothing more is said.
    let again = told.command(5, LATER, What::Secret { sealed: vec![1; 80] });
    let restart = told.command(8, LATER, What::Restart);
    for start in [false, true] {
        if start {
            hand = told.start();
        }
        assert_eq!(hand.take(&again), Then::Nothing);
        assert_eq!(hand.take(&restart), Then::Nothing);
        assert_eq!(told.commanded.counted().refused.get("replayed"), Some(&1));
    }
    assert_eq!((told.notes().len(), told.secrets.lock().unwrap().len()), (6, 2));
    assert_eq!(told.commanded.counted().last, 8);
}

#[test]
fn a_power_cut_after_the_number_was_kept_never_does_it_twice_and_hq_is_told() {
    let (mut told, hand) = Told::new(true);
    drop(hand);
    // The number is kept; then the power goes.
    let mut kept = Kept::open(told.data.path()).unwrap();
    kept.keep(Last { number: 3, answered: false }).unwrap();
    let mut hand = told.start();
    let command = told.command(3, LATER, What::Secret { sealed: vec![1; 80] });
    for _ in 0..3 {
        assert_eq!(hand.take(&command), Then::Nothing);
    }
    assert!(told.secrets.lock().unwrap().is_empty(), "it is not done");
    assert_eq!(told.notes(), [pair("command-refused", "3 command interrupted")]);
    // Under a new number it is.
    hand.take(&told.command(4, LATER, What::Secret { sealed: vec![1; 80] }));
    assert_eq!(told.secrets.lock().unwrap().len(), 1);
}

#[test]
fn what_is_not_a_new_command_to_this_box_is_counted_and_leaves_nothing() {
    let (told, mut hand) = Told::new(true);
    let good = told.command(1, LATER, What::Restart);
    let mut forged = good.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let other = {
        let (region, to) = (told.desk.region.id().clone(), "post-2".parse().unwrap());
        let command = Command { region, to, number: 1, expires: LATER, what: What::Restart };
        let key = told.desk.region.command_key().unwrap();
        wire::sign::try_sign(Context::Command, key.as_ref(), &wire::encode(&command)).unwrap()
    };
    for bytes in [&forged[..], &other, &[0; 10], &[0; 9000]] {
        assert_eq!(hand.take(bytes), Then::Nothing);
    }
    let counted = told.commanded.counted();
    let refused = [("command", 2), ("command-length", 1), ("other-box", 1)];
    assert_eq!(counted.refused, refused.into_iter().collect());
    assert_eq!((counted.last, counted.done, told.notes().len()), (0, 0, 0));
    assert_eq!(hand.take(&good), Then::Restart);
}

#[test]
fn an_expired_command_is_refused_for_good_and_a_box_without_a_clock_goes_by_what_hq_has_signed() {
    let (told, mut hand) = Told::new(true);
    let late = told.command(1, BEGIN + 59, What::Restart);
    assert_eq!(hand.take(&late), Then::Nothing);
    assert_eq!(told.notes(), [pair("command-refused", "1 command expired")]);
    // Without a clock the box knows only that it is not before HQ's newest signed time.
    let (told, mut hand) = Told::new(false);
    assert_eq!(hand.take(&told.command(1, BEGIN - 1, What::Restart)), Then::Nothing);
    assert_eq!(hand.take(&told.command(2, BEGIN + 59, What::Restart)), Then::Restart);
}

#[test]
fn nothing_is_done_while_the_number_cannot_be_kept() {
    let (mut told, hand) = Told::new(true);
    drop(hand);
    std::fs::write(told.data.path().join(kept::FILE), [7; 9000]).unwrap();
    let mut hand = told.start();
    assert_eq!(hand.take(&told.command(1, LATER, What::Restart)), Then::Nothing);
    assert_eq!(told.commanded.counted().refused.get("command-state"), Some(&1));
}
