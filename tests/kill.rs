//! Programs that fall dead at the worst moment: no crossing is lost, and none counts twice.
//!
//! The box, HQ and the broker are killed (SIGKILL) at random moments while crossings are written all the time,
//! and start again from their disks, at once or after a while. In the end every row that the box has called
//! durable is in HQ's ledger once, byte for byte.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use checkpoint_tests::chance::Chance;
use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::post::{Post, Status};
use checkpoint_tests::process::Process;
use checkpoint_tests::{is_long, measured, pictures, wait};
use hq::ledger::{Ledger, Stored};
use journal::{Author, Outbox};
use wire::row::Row;

/// Kills of one run, and of the long one.
const KILLS: (usize, usize) = (15, 50);

/// Between two kills: shorter than a start, and long enough for a reconnection and a batch.
const APART: std::ops::Range<usize> = 100..1800;

/// How long what was killed stays down, unless it comes back at once.
const DOWN: std::ops::Range<usize> = 200..2500;

/// How long the last rows may take to reach HQ. The link backs off while there is none.
const DRAIN: Duration = Duration::from_secs(120);

/// How long the box may take until it says something, on a machine that builds meanwhile.
const START: Duration = Duration::from_secs(30);

/// How long no new row may come before traffic counts as over: longer than a crossing stays open.
const QUIET: Duration = Duration::from_secs(4);

/// What traffic of every kind leads to: before each of them something else is written.
const OUTCOMES: [&str; 3] = ["admit", "check", "refuse"];

/// Rows read at once.
const PAGE: u32 = 500;

#[test]
fn no_row_is_lost_or_doubled_while_box_and_hq_fall_dead() {
    let desk = Desk::founded(Broker::Embedded);
    kill_at_random(&desk, &["box", "hq"]);
}

#[test]
fn no_row_is_lost_or_doubled_while_box_hq_and_mosquitto_fall_dead() {
    let desk = Desk::founded(Broker::Mosquitto);
    kill_at_random(&desk, &["box", "hq", "broker"]);
}

/// A program that runs, or comes back at its time.
enum Part {
    Up(Process),
    Down { until: Instant },
}

struct Stage<'d> {
    desk: &'d Desk,
    post: &'d Post,
    parts: BTreeMap<&'static str, Part>,
    /// The highest sequence the box has called durable.
    durable: u64,
    /// The highest sequence the box has said HQ has.
    settled: u64,
    /// How often it was asked and answered.
    answers: u64,
}

impl Stage<'_> {
    fn start(&self, name: &str) -> Process {
        match name {
            "box" => self.post.start(),
            "hq" => self.desk.start_hq(),
            _ => self.desk.start_mosquitto(),
        }
    }

    /// Asks the box how far it is, and starts what has been down long enough.
    fn turn(&mut self) -> Option<Status> {
        let due: Vec<_> = self
            .parts
            .iter()
            .filter(|(_, part)| matches!(part, Part::Down { until } if *until <= Instant::now()))
            .map(|(name, _)| *name)
            .collect();
        for name in due {
            self.parts.insert(name, Part::Up(self.start(name)));
        }
        let status = self.post.status().ok()?;
        self.answers += 1;
        // A durable row stays durable, whatever dies: that is the whole promise.
        assert!(
            status.head() >= self.durable,
            "the box called row {} durable and is at {}: {}",
            self.durable,
            status.head(),
            self.last_words()
        );
        self.durable = status.head();
        self.settled = self.settled.max(status.settled());
        Some(status)
    }

    /// Lets time pass under watch.
    fn let_run(&mut self, span: Duration) {
        let end = Instant::now() + span;
        wait::until("time to pass", span + START, || {
            self.turn();
            (Instant::now() >= end).then_some(())
        })
        .unwrap();
    }

    fn processes(&self) -> Vec<&Process> {
        self.parts.values().filter_map(|part| if let Part::Up(process) = part { Some(process) } else { None }).collect()
    }

    fn last_words(&self) -> String {
        self.processes().into_iter().map(Process::last_words).collect()
    }

    /// Waits for something about the box, under watch.
    fn wait_for(&mut self, what: &str, patience: Duration, mut is_so: impl FnMut(&Status) -> bool) -> Status {
        let found = wait::until(what, patience, || self.turn().filter(|status| is_so(status)));
        found.unwrap_or_else(|why| {
            panic!("{why}\nthe box says {:?}{}", self.post.status().map(|status| status.0), self.last_words())
        })
    }

    fn kill(&mut self, name: &'static str, chance: &mut Chance) {
        let down = if chance.once_in(2) { Duration::ZERO } else { chance.milliseconds(DOWN) };
        let until = Instant::now() + down;
        if let Some(Part::Up(process)) = self.parts.insert(name, Part::Down { until }) {
            process.kill();
        }
    }
}

fn kill_at_random(desk: &Desk, names: &[&'static str]) {
    let mut chance = Chance::drawn(&format!("kills of {}", names.join(", ")));
    // Green, amber and red in turn: what is written before each is shown differs. The last is revoked.
    let passes = [
        desk.issue("family", &[]),
        desk.issue("work", &["А123ВС69"]),
        desk.issue("medical", &[]),
        desk.issue("official", &["К456ММ77"]),
        desk.issue("family", &["?777??"]),
        desk.issue("medical", &[]),
        desk.issue("work", &["Х999ХХ50"]),
    ];
    desk.hq(&["revoke", "region", "--id", &passes[6].id]);
    desk.release();
    let post = Post::provisioned(desk, "m10-km178");
    for (at, pass) in passes.iter().enumerate() {
        post.show(&format!("{at}.png"), &std::fs::read(&pass.picture).unwrap());
    }
    let now = Instant::now();
    let parts = names.iter().map(|name| (*name, Part::Down { until: now })).collect();
    let mut stage = Stage { desk, post: &post, parts, durable: 0, settled: 0, answers: 0 };
    stage.wait_for("the first receipt", START, |status| status.settled() > 0);

    let began = Instant::now();
    let count = if is_long() { KILLS.1 } else { KILLS.0 };
    let mut kills: BTreeMap<&str, usize> = names.iter().map(|name| (*name, 0)).collect();
    while kills.values().sum::<usize>() < count {
        stage.let_run(chance.milliseconds(APART));
        let name = *chance.one_of(names);
        if matches!(stage.parts[name], Part::Up(_)) {
            stage.kill(name, &mut chance);
            *kills.get_mut(name).unwrap() += 1;
        }
    }
    let under_fire = began.elapsed();

    // A box that is killed again and again begins with the same passes: it comes to the others now.
    stage.wait_for("traffic of every kind at HQ", DRAIN, |_| {
        desk.ask_hq("api/counts")
            .is_ok_and(|counts| OUTCOMES.iter().all(|one| counts["by_outcome"][one].as_u64() > Some(0)))
    });

    // Traffic ends; what is still on its way arrives.
    post.show("9.png", &pictures::blank(320, 240));
    (0..passes.len()).for_each(|at| post.take_away(&format!("{at}.png")));
    let (mut head, mut since) = (0, Instant::now());
    let last = stage.wait_for("the last row to be receipted", DRAIN, |status| {
        if status.head() != head {
            (head, since) = (status.head(), Instant::now());
        }
        status.queue() == 0 && status.settled() == head && since.elapsed() >= QUIET
    });
    check(desk, &post, &mut stage, &last);
    let kills: Vec<_> = kills.iter().map(|(name, count)| format!("{name} {count}")).collect();
    measured(&format!(
        "kills: {} in {:.0} s under traffic; rows {}, lost 0, duplicated 0; the box answered {} times",
        kills.join(", "),
        under_fire.as_secs_f64(),
        last.head(),
        stage.answers
    ));
}

/// Everything the box has called durable is at HQ, once, with the same bytes.
fn check(desk: &Desk, post: &Post, stage: &mut Stage<'_>, last: &Status) {
    assert!(stage.durable <= last.head() && stage.settled <= last.head());
    // HQ opens what it has, and finds nothing damaged.
    let what = format!("HQ to show all {} rows", last.head());
    let counts = wait::for_it(&what, START, &stage.processes(), || {
        desk.ask_hq("api/counts").ok().filter(|counts| counts["rows"] == last.head())
    });
    assert_eq!(counts["damaged"], 0, "{counts}");
    let crossings = desk.ask_hq("api/crossings?limit=1000").unwrap();
    let crossings = crossings.as_array().unwrap();
    let ids: HashSet<_> = crossings.iter().map(|crossing| crossing["id"].to_string()).collect();
    assert!(!ids.is_empty() && ids.len() == crossings.len(), "{} crossings, {} ids", crossings.len(), ids.len());
    measured(&format!("crossings at HQ: {} {}, {}", counts["crossings"], counts["by_outcome"], counts["by_reason"]));

    // The box goes first, so that it writes no more.
    for name in ["box", "hq", "broker"] {
        match stage.parts.remove(name) {
            Some(Part::Up(process)) if name == "hq" => desk.end_hq(process),
            Some(Part::Up(process)) => process.kill(),
            _ => {}
        }
    }
    let (books, region) = (desk.books(), desk.region());
    let key = books.box_key(&post.name).unwrap().unwrap();
    let author = Author { region: region.clone(), name: post.name.clone(), key };
    let report = journal::verify_by(&post.journal(), &author).unwrap();
    assert_eq!((report.fault, report.quarantined), (None, 0), "the box's own chain");
    let written = rows_of(&Outbox::open(&post.journal()).unwrap());
    assert_eq!(written.last().unwrap().sequence, last.head(), "the box wrote on after it was quiet");
    assert_eq!(report.sound, written.len());

    let ledger = Ledger::open_for_reading(&books.ledger_path(), &region).unwrap();
    let taken = rows_at(&ledger, post);
    let faults: Vec<_> = taken.iter().filter_map(|stored| stored.fault.as_deref()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert!(ledger.conflicts().unwrap().is_empty() && ledger.holes().unwrap().is_empty());
    assert!(ledger.set_aside(&post.name).unwrap().is_empty());
    let sequences: Vec<_> = taken.iter().map(|stored| stored.row.sequence).collect();
    assert_eq!(sequences, (1..=last.head()).collect::<Vec<_>>(), "every row once, in order");
    let differ = written.iter().zip(&taken).filter(|(row, stored)| **row != stored.row).count();
    assert_eq!((written.len(), differ), (taken.len(), 0), "the same bytes on the box and at HQ");
}

/// Every row of a journal.
fn rows_of(outbox: &Outbox) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.sequence);
        let more = outbox.rows_after(after, PAGE as usize, usize::MAX).unwrap();
        if more.is_empty() {
            return rows;
        }
        rows.extend(more);
    }
}

/// Every row of the box in the ledger.
fn rows_at(ledger: &Ledger, post: &Post) -> Vec<Stored> {
    let mut rows: Vec<Stored> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |stored| stored.row.sequence);
        let more = ledger.rows_after(&post.name, after, PAGE).unwrap();
        if more.is_empty() {
            return rows;
        }
        rows.extend(more);
    }
}
