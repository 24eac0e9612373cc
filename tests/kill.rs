//! Programs that fall dead at the worst moment: no crossing is lost, and none counts twice.
//!
//! The box, HQ and the broker are killed (SIGKILL) at random moments while crossings are written all the time,
//! and start again from their disks, at once or after a while. In the end every row that the box has called
//! durable is in HQ's ledger once, byte for byte.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use checkpoint_tests::chance::Chance;
use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::load::Load;
use checkpoint_tests::post::{Post, Status};
use checkpoint_tests::process::Process;
use checkpoint_tests::{books, is_long, measured, pictures, wait};

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

/// Crossings a second under load, as many as a whole region has in its busiest hour.
const LOAD: u32 = 200;

/// Kills of every sort under load, and in the long run.
const LOAD_KILLS: (usize, usize) = (8, 200);

/// Between two of them: 1.3 s on average.
const LOAD_APART: std::ops::Range<usize> = 900..1700;

/// What is killed, and the most rows that may be sent again because of it, in a hundred.
const SORTS: [(&str, &[&str], Option<f64>); 4] = [
    ("box", &["box", "peer"], Some(1.0)),
    ("broker", &["broker"], Some(40.0)),
    ("collector", &["hq", "collector"], None),
    ("all three", &["box", "peer", "broker", "hq", "collector"], None),
];

/// How long the peer's collector may hear nothing new until that is taken for all.
const SILENCE: Duration = Duration::from_secs(2);

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

#[test]
fn at_two_hundred_crossings_a_second_nothing_is_lost_or_doubled_whoever_falls_dead() {
    let program = Path::new(env!("CARGO_BIN_EXE_load"));
    let desk = Desk::founded(Broker::Mosquitto);
    desk.release();
    let post = Post::provisioned(&desk, "m10-km178");
    let load = Load::on(&desk, &post, LOAD);
    let start = |name: &str| match name {
        "box" => load.start_box(program, &post, 0),
        "broker" => desk.start_mosquitto(),
        "hq" => desk.start_hq(),
        peer => load.start_peer(program, peer, &desk),
    };
    let mut chance = Chance::drawn("kills under load");
    let mut running: BTreeMap<&str, Process> =
        ["broker", "hq", "box", "collector", "peer"].map(|name| (name, start(name))).into();
    let drained = |running: &BTreeMap<&str, Process>| {
        let programs: Vec<_> = running.values().collect();
        wait::for_it("every row to be receipted", DRAIN, &programs, || load.drained())
    };
    load.rest(false);
    wait::for_it("the first receipts", DRAIN, &running.values().collect::<Vec<_>>(), || {
        load.said().last().copied().filter(|said| said[1] > 0)
    });
    let count = if is_long() { LOAD_KILLS.1 } else { LOAD_KILLS.0 };
    let (mut before, mut sent_before, mut peer_before) = (0, 0, (0, 0));
    for (sort, names, bar) in SORTS {
        let began = Instant::now();
        for _ in 0..count {
            std::thread::sleep(chance.milliseconds(LOAD_APART));
            for name in names {
                running.remove(*name).expect("everything runs").kill();
            }
            // At once or after a moment, and in no order in particular.
            std::thread::sleep(chance.milliseconds(0..300));
            for name in names {
                running.insert(*name, start(name));
            }
        }
        let took = began.elapsed().as_secs_f64();
        load.rest(true);
        let (covered, promised) = (drained(&running), load.durable());
        assert!(covered >= promised, "the box called row {promised} durable, and HQ has {covered}");
        let (rows, sent) = (covered - before, load.sent() - sent_before);
        let again = 100.0 * sent.saturating_sub(rows) as f64 / rows as f64;
        // The peer has had its chance when its collector hears nothing any more.
        let (mut heard, mut since) = (0, Instant::now());
        wait::until("the peer's collector to fall silent", DRAIN, || {
            let now = load.heard().count();
            if now != heard {
                (heard, since) = (now, Instant::now());
            }
            (since.elapsed() >= SILENCE).then_some(())
        })
        .unwrap();
        let (granted, missed) = load.peer();
        let (granted_here, missed_here) = (granted - peer_before.0, missed.saturating_sub(peer_before.1));
        measured(&format!(
            "kills of {sort} under load: {count} in {took:.0} s, {rows} rows at {:.0}/s, lost 0, sent again {again:.2} %; \
             the peer (QoS 1 and PUBACK alone): {missed_here} of {granted_here} lost ({:.2} %)",
            rows as f64 / took,
            100.0 * missed_here as f64 / granted_here.max(1) as f64
        ));
        if let Some(bar) = bar.filter(|_| is_long()) {
            assert!(again <= bar, "{again:.2} % were sent again because of kills of {sort}, and {bar} % may be");
        }
        (before, sent_before, peer_before) = (covered, load.sent(), (granted, missed));
        load.rest(false);
    }
    // What was written since is on its way; then everything is compared, byte by byte.
    load.rest(true);
    let covered = drained(&running);
    running.remove("box").expect("the box runs").kill();
    desk.end_hq(running.remove("hq").expect("HQ runs"));
    let head = books::compared(&desk, &post);
    assert!(head >= covered && head >= load.durable());
    measured(&format!("kills under load: {} of four sorts, {head} rows, lost 0, duplicated 0", 4 * count));
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
    assert_eq!(books::compared(desk, post), last.head(), "the box wrote on after it was quiet");
}
