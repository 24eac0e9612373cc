//! The machine in a world that vanishes, blocks, repeats, reorders and lies, and then behaves.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;

/// What the world does next.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Pass(u16),
    Append(u8),
    /// Rows, the last of which is an alert.
    Alert(u8),
    /// The connection breaks, and the client says so.
    Break,
    /// The connection is dead, and the client says nothing.
    Deaden,
    /// The next batches vanish behind the broker.
    Swallow(u8),
    /// The client's channel is full for a while.
    Block(u16),
    /// HQ is away: batches arrive, no receipts come.
    HqAway(bool),
    /// HQ's ledger is replaced by another that knows less.
    Restore(u8),
    /// HQ's ledger is put back in time: the same one, as it was.
    PutBack(u8),
    /// HQ hands out another budget.
    Budget(Option<u16>),
    /// An old receipt comes again.
    Repeat(u8),
    /// A receipt far beyond the journal.
    Boast,
    /// The client says it is connected, lost, or has sent, out of turn.
    LieConnected,
    LieLost,
    LieSent(u8),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1..4000u16).prop_map(Deed::Pass),
        4 => (1..200u8).prop_map(Deed::Append),
        2 => (1..40u8).prop_map(Deed::Alert),
        1 => Just(Deed::Break),
        1 => Just(Deed::Deaden),
        1 => (1..4u8).prop_map(Deed::Swallow),
        1 => (1..3000u16).prop_map(Deed::Block),
        1 => any::<bool>().prop_map(Deed::HqAway),
        1 => any::<u8>().prop_map(Deed::Restore),
        1 => any::<u8>().prop_map(Deed::PutBack),
        1 => proptest::option::of(0..2000u16).prop_map(Deed::Budget),
        1 => any::<u8>().prop_map(Deed::Repeat),
        1 => Just(Deed::Boast),
        1 => Just(Deed::LieConnected),
        1 => Just(Deed::LieLost),
        1 => any::<u8>().prop_map(Deed::LieSent),
    ]
}

#[derive(Debug, Clone, Copy)]
enum Packet {
    Rows { from: u64, through: u64 },
    Alert(u64),
    Receipt(Said),
}

#[derive(Debug, Clone, Copy)]
struct Said {
    sequence: u64,
    ledger: u8,
    issued: i64,
    budget: Option<u32>,
}

struct World {
    machine: Machine<Box<dyn FnMut() -> u32>>,
    now: Instant,
    head: u64,
    /// Packets and when they arrive; only on the present connection.
    line: VecDeque<(Instant, Packet)>,
    client: Client,
    dead: bool,
    swallow: u8,
    blocked_until: Instant,
    hq_away: bool,
    ledger: u8,
    rows_at_hq: BTreeSet<u64>,
    said: Vec<Said>,
    began: Instant,
    steps: u32,
    sent: u64,
    budget: Option<u32>,
    /// When how many rows were handed to the client.
    handed: Vec<(Instant, u64)>,
    alerts: BTreeSet<u64>,
    alerts_at_hq: BTreeSet<u64>,
    /// Alerts handed over on this connection, and how many since the last batch.
    alerted: BTreeSet<u64>,
    in_a_row: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Client {
    None,
    Connecting(Instant),
    Connected,
}

const ROUND: Duration = Duration::from_millis(40);

impl World {
    fn new(seed: u64) -> Self {
        let mut state = seed | 1;
        let random = Box::new(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) as u32
        });
        let now = Instant::now();
        let mut world = Self {
            machine: Machine::new(Pace::default(), random as Box<dyn FnMut() -> u32>, 0, 0, now),
            now,
            head: 0,
            line: VecDeque::new(),
            client: Client::None,
            dead: false,
            swallow: 0,
            blocked_until: now,
            hq_away: false,
            ledger: 0,
            rows_at_hq: BTreeSet::new(),
            said: Vec::new(),
            began: now,
            steps: 0,
            sent: 0,
            budget: None,
            handed: Vec::new(),
            alerts: BTreeSet::new(),
            alerts_at_hq: BTreeSet::new(),
            alerted: BTreeSet::new(),
            in_a_row: 0,
        };
        world.raise(Event::Wake);
        world
    }

    fn gap_free(&self) -> u64 {
        (1..).take_while(|n| self.rows_at_hq.contains(n)).last().unwrap_or(0)
    }

    fn raise(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            self.steps += 1;
            let before = self.machine.covered();
            let commands = self.machine.handle(event, self.now);
            let taken = matches!(event, Event::Covered { .. });
            assert!(taken || self.machine.covered() <= before, "only a receipt may move on what is covered");
            assert!(self.machine.covered() <= self.head);
            for command in commands {
                match command {
                    Command::Connect => {
                        assert_eq!(self.client, Client::None, "a client is built only after the last was dropped");
                        self.client = Client::Connecting(self.now + ROUND);
                    }
                    Command::Close => {
                        self.client = Client::None;
                        self.dead = false;
                        self.line.clear();
                        self.alerted.clear();
                        self.in_a_row = 0;
                    }
                    Command::Send { after, most } => {
                        assert!(self.machine.state().is_connected());
                        events.push_back(self.hand_over(after, most));
                    }
                    Command::Alert { after } => {
                        assert!(self.machine.state().is_connected());
                        events.push_back(self.hand_over_alert(after));
                    }
                }
            }
        }
    }

    /// The client takes a batch, or does not.
    fn hand_over(&mut self, after: u64, most: u32) -> Event {
        assert!(after >= self.machine.covered() && after < self.head);
        assert!(after - self.machine.covered() < Pace::default().window);
        assert!((1..=Pace::default().batch_most).contains(&most));
        let first = self.alerts.range(self.machine.covered() + 1..).find(|alert| !self.alerted.contains(alert));
        assert!(first.is_none() || self.in_a_row >= ALERTS_IN_A_ROW, "a row went before the alert {first:?}");
        if self.now < self.blocked_until {
            return Event::Blocked;
        }
        let through = self.head.min(after + u64::from(most));
        self.sent += through - after;
        self.handed.push((self.now, through - after));
        self.in_a_row = 0;
        self.put_on_the_line(Packet::Rows { from: after + 1, through });
        Event::Sent { through, rows: (through - after) as u32 }
    }

    /// The client takes an alert, or does not.
    fn hand_over_alert(&mut self, after: u64) -> Event {
        if self.now < self.blocked_until {
            return Event::Blocked;
        }
        let Some(sequence) = self.alerts.range(after + 1..).next().copied() else { return Event::NoAlert };
        self.alerted.insert(sequence);
        self.in_a_row += 1;
        self.put_on_the_line(Packet::Alert(sequence));
        Event::AlertSent { sequence }
    }

    fn put_on_the_line(&mut self, packet: Packet) {
        if self.swallow > 0 {
            self.swallow -= 1;
        } else if !self.dead {
            self.line.push_back((self.now + ROUND, packet));
        }
    }

    fn receipt(&mut self) {
        if !self.hq_away {
            let issued = self.now.duration_since(self.began).as_secs().cast_signed();
            let said = Said { sequence: self.gap_free(), ledger: self.ledger, issued, budget: self.budget };
            self.said.push(said);
            if self.client == Client::Connected && !self.dead {
                self.line.push_back((self.now + ROUND, Packet::Receipt(said)));
            }
        }
    }

    /// A receipt reaches the box. The journal takes only what fits its own rows.
    fn arrive(&mut self, Said { sequence, ledger, issued, budget }: Said) {
        self.raise(Event::Covered { sequence, ledger: [ledger; 8], issued, budget });
    }

    fn append(&mut self, rows: u64) {
        self.head += rows;
        let alert = self.alerts.last().copied().unwrap_or(0);
        self.raise(Event::Appended { head: self.head, alert });
    }

    /// Lets time pass, event by event.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let connects = match self.client {
                Client::Connecting(at) => Some(at),
                _ => None,
            };
            let packet = self.line.front().map(|(at, _)| *at);
            let next = [connects, packet, self.machine.deadline()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            assert!(self.steps < 200_000, "the machine runs in circles");
            self.now = self.now.max(next);
            if connects.is_some_and(|at| at <= self.now) {
                self.client = Client::Connected;
                self.raise(Event::Connected);
                // The retained receipt.
                if self.client == Client::Connected {
                    self.receipt();
                }
            } else if packet.is_some_and(|at| at <= self.now) {
                match self.line.pop_front().expect("just seen").1 {
                    Packet::Rows { from, through } => {
                        self.rows_at_hq.extend(from..=through);
                        self.receipt();
                    }
                    Packet::Alert(sequence) => drop(self.alerts_at_hq.insert(sequence)),
                    Packet::Receipt(said) => self.arrive(said),
                }
            } else {
                self.raise(Event::Wake);
            }
        }
        self.now = end;
    }

    fn suffer(&mut self, deed: Deed) {
        match deed {
            Deed::Pass(ms) => self.pass(Duration::from_millis(ms.into())),
            Deed::Append(rows) => self.append(rows.into()),
            Deed::Alert(rows) => {
                self.alerts.insert(self.head + u64::from(rows));
                self.append(rows.into());
            }
            Deed::Break => {
                if self.client != Client::None {
                    self.raise(Event::Lost);
                }
            }
            Deed::Deaden => {
                self.dead = self.client == Client::Connected;
                self.line.clear();
            }
            Deed::Swallow(batches) => self.swallow = batches,
            Deed::Block(ms) => self.blocked_until = self.now + Duration::from_millis(ms.into()),
            Deed::HqAway(away) => self.hq_away = away,
            Deed::Restore(keep) => {
                self.ledger = self.ledger.wrapping_add(1);
                self.forget(keep);
            }
            Deed::PutBack(keep) => self.forget(keep),
            Deed::Budget(budget) => {
                self.budget = budget.map(Into::into);
                self.receipt();
            }
            Deed::Repeat(which) => {
                if let Some(old) = self.said.get(usize::from(which) % self.said.len().max(1)) {
                    self.arrive(*old);
                }
            }
            Deed::Boast => {
                let (ledger, budget) = (self.ledger, Some(0));
                self.arrive(Said { sequence: self.head + 1, ledger, issued: i64::MAX, budget });
            }
            Deed::LieConnected => self.raise(Event::Connected),
            Deed::LieLost => self.raise(Event::Lost),
            Deed::LieSent(rows) => {
                self.raise(Event::Sent { through: self.machine.covered() + u64::from(rows), rows: rows.into() });
                self.raise(Event::AlertSent { sequence: self.machine.covered() + u64::from(rows) });
            }
        }
    }

    /// HQ's ledger has only so many of 255 parts of what it had.
    fn forget(&mut self, keep: u8) {
        let kept = self.gap_free() * u64::from(keep) / 255;
        self.rows_at_hq.retain(|row| *row <= kept);
        self.receipt();
    }

    /// From here on the world behaves, and gives what is left of the past the time to be over: the longest patience,
    /// the longest back-off and the longest connecting.
    fn calm_down(&mut self) {
        (self.hq_away, self.swallow, self.blocked_until, self.budget) = (false, 0, self.now, None);
        self.append(1);
        self.receipt();
        let pace = Pace::default();
        self.pass(pace.patience_most + pace.backoff_most + pace.connect + Duration::from_secs(60));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_the_link_does_rows_are_done_only_by_receipt_and_a_good_link_brings_them_up(
        seed: u64,
        deeds in proptest::collection::vec(deed(), 0..60),
    ) {
        let mut world = World::new(seed);
        for deed in deeds {
            world.suffer(deed);
        }
        world.calm_down();
        prop_assert_eq!(world.machine.covered(), world.head);
        prop_assert_eq!(world.machine.state(), State::Idle);
        prop_assert_eq!(world.gap_free(), world.head);
        // And then it is quiet.
        let steps = world.steps;
        world.pass(Duration::from_secs(3600));
        prop_assert_eq!(world.steps, steps);
    }

    #[test]
    fn whatever_happens_no_more_rows_leave_than_the_budget_allows(
        seed: u64,
        rate in 1..3000u32,
        deeds in proptest::collection::vec(deed(), 0..60),
    ) {
        let mut world = World::new(seed);
        world.budget = Some(rate);
        world.pass(Duration::from_secs(1));
        for deed in deeds {
            // One budget, and nobody else's word.
            if !matches!(deed, Deed::Budget(_)) {
                world.suffer(deed);
            }
        }
        world.pass(Duration::from_secs(20));
        let saved = u128::from(Bucket::burst(rate, Pace::default().batch));
        for (first, (from, _)) in world.handed.iter().enumerate() {
            let mut rows = 0;
            for (at, more) in &world.handed[first..] {
                rows += u128::from(*more);
                let allowed = (at.duration_since(*from).as_nanos() * u128::from(rate)).div_ceil(1_000_000_000);
                prop_assert!(rows <= saved + allowed, "{rows} rows in {:?} at {rate}/s", at.duration_since(*from));
            }
        }
    }

    #[test]
    fn every_alert_reaches_hq_early_or_is_covered_and_never_counts_by_itself(
        seed: u64,
        deeds in proptest::collection::vec(deed(), 0..60),
    ) {
        let mut world = World::new(seed);
        for deed in deeds {
            world.suffer(deed);
        }
        // HQ is there, and hears alerts, but its ledger takes nothing for a while.
        world.append(1);
        let uncovered: Vec<u64> = world.alerts.range(world.machine.covered() + 1..).copied().collect();
        world.calm_down();
        prop_assert_eq!(world.machine.covered(), world.head);
        for alert in uncovered {
            prop_assert!(world.alerts_at_hq.contains(&alert) || world.rows_at_hq.contains(&alert));
        }
    }

    #[test]
    fn on_a_good_link_every_row_goes_up_once(appends in proptest::collection::vec((1..100u8, 0..900u16), 1..80)) {
        let mut world = World::new(1);
        for (rows, ms) in appends {
            world.suffer(Deed::Append(rows));
            world.suffer(Deed::Pass(ms));
        }
        world.pass(Duration::from_secs(30));
        prop_assert_eq!(world.machine.covered(), world.head);
        prop_assert_eq!(world.sent, world.head);
    }

    #[test]
    fn the_wait_before_connecting_again_grows_and_is_never_the_same_for_all(seed: u64, failures in 1..20u32) {
        let mut world = World::new(seed);
        let mut waits = Vec::new();
        for _ in 0..failures {
            world.raise(Event::Lost);
            let wait = world.machine.deadline().expect("it backs off") - world.now;
            waits.push(wait);
            world.now += wait;
            world.raise(Event::Wake);
        }
        let pace = Pace::default();
        for (n, wait) in waits.iter().enumerate() {
            let whole = pace.backoff.saturating_mul(1 << n.min(16)).min(pace.backoff_most);
            prop_assert!(*wait >= whole / 2 && *wait <= whole, "{wait:?} of {whole:?}");
        }
    }
}

#[test]
fn a_retained_receipt_is_waited_for_before_anything_is_sent_again() {
    let now = Instant::now();
    let mut machine = Machine::new(Pace::default(), || 0, 0, 100, now);
    assert_eq!(machine.handle(Event::Wake, now), [Command::Connect]);
    assert_eq!(machine.handle(Event::Connected, now), []);
    assert_eq!(machine.state(), State::Waiting);
    assert_eq!(machine.handle(Event::Wake, now + Duration::from_millis(299)), []);
    assert_eq!(machine.handle(covered(90), now + Duration::from_millis(299)), [Command::Send { after: 90, most: 32 }]);
}

#[test]
fn a_link_that_takes_rows_and_brings_no_receipt_is_built_anew() {
    let mut world = World::new(3);
    world.suffer(Deed::Append(10));
    world.pass(Duration::from_secs(1));
    assert_eq!(world.machine.state(), State::Idle);
    world.suffer(Deed::Deaden);
    world.suffer(Deed::Append(10));
    let pace = Pace::default();
    let patience: Duration = (0..=pace.stubborn).map(|n| pace.patience * (1 << n)).sum();
    world.pass(patience - Duration::from_millis(1));
    assert_eq!(world.machine.state(), State::Draining);
    world.pass(Duration::from_secs(2));
    assert_eq!((world.machine.state(), world.machine.covered()), (State::Idle, 20));
}

#[test]
fn a_restored_ledger_that_knows_less_gets_the_rows_again() {
    let mut world = World::new(4);
    world.suffer(Deed::Append(100));
    world.pass(Duration::from_secs(5));
    assert_eq!(world.machine.covered(), 100);
    world.suffer(Deed::Restore(100));
    world.pass(Duration::from_secs(5));
    assert_eq!((world.machine.covered(), world.gap_free()), (100, 100));
}

/// A machine that is connected and has 100 rows, none of them covered.
fn draining(now: Instant) -> Machine<fn() -> u32> {
    let mut machine = Machine::new(Pace::default(), (|| 0) as fn() -> u32, 0, 100, now);
    machine.handle(Event::Wake, now);
    machine.handle(Event::Connected, now);
    let send = Command::Send { after: 0, most: 32 };
    assert_eq!(machine.handle(Event::Wake, now + Duration::from_millis(300)), [send]);
    machine
}

fn covered(sequence: u64) -> Event {
    Event::Covered { sequence, ledger: [1; 8], issued: 5, budget: None }
}

#[test]
fn a_batch_that_vanished_goes_again_on_the_same_connection_when_patience_ends() {
    let mut world = World::new(5);
    world.pass(Duration::from_secs(1));
    world.suffer(Deed::Swallow(1));
    world.suffer(Deed::Append(10));
    world.pass(Pace::default().patience - Duration::from_millis(1));
    assert_eq!((world.machine.covered(), world.sent), (0, 10));
    world.pass(Duration::from_millis(100));
    assert_eq!((world.machine.covered(), world.sent), (10, 20));
}

#[test]
fn a_client_that_claims_to_have_sent_what_is_not_there_yet_skips_no_row() {
    let now = Instant::now();
    let mut machine = draining(now);
    machine.handle(Event::Sent { through: u64::MAX, rows: 32 }, now);
    let appended = Event::Appended { head: 110, alert: 0 };
    assert_eq!(machine.handle(appended, now), [Command::Send { after: 100, most: 32 }]);
}

#[test]
fn a_receipt_that_was_overtaken_takes_nothing_back() {
    let now = Instant::now();
    let mut machine = draining(now);
    machine.handle(covered(60), now);
    machine.handle(covered(30), now);
    assert_eq!(machine.covered(), 60);
    // Nor does one of a ledger that has been replaced since.
    machine.handle(Event::Covered { sequence: 70, ledger: [2; 8], issued: 9, budget: None }, now);
    machine.handle(covered(80), now);
    assert_eq!(machine.covered(), 70);
}

#[test]
fn what_a_client_says_out_of_turn_changes_nothing() {
    let now = Instant::now();
    let mut machine = draining(now);
    assert_eq!((machine.handle(Event::Connected, now), machine.state()), (vec![], State::Draining));
    assert_eq!(machine.handle(Event::Lost, now), [Command::Close]);
    let again = machine.deadline();
    assert_eq!(machine.handle(Event::Lost, now + Duration::from_millis(200)), []);
    assert_eq!(machine.deadline(), again, "a second word of the same loss does not make the wait longer");
    assert_eq!((machine.handle(Event::Connected, now), machine.state()), (vec![], State::BackingOff));
}

#[test]
fn after_a_good_connection_the_first_wait_is_a_short_one_again() {
    let now = Instant::now();
    let mut machine = draining(now);
    let wait = |machine: &Machine<_>| machine.deadline().map(|at| at - now);
    let half = Pace::default().backoff / 2;
    machine.handle(Event::Lost, now);
    assert_eq!(wait(&machine), Some(half));
    // A connection that brings nothing and breaks counts as another failure…
    for (receipt, factor) in [(false, 2), (false, 4), (true, 1)] {
        machine.handle(Event::Wake, machine.deadline().expect("it backs off"));
        machine.handle(Event::Connected, now);
        if receipt {
            // …one that brought a receipt does not.
            machine.handle(covered(50), now);
        }
        machine.handle(Event::Lost, now);
        assert_eq!(wait(&machine), Some(half * factor));
    }
}

#[test]
fn a_ledger_that_was_put_back_in_time_is_believed_when_it_says_so_later_or_when_nothing_else_moves() {
    for (issued, at_once) in [(5, false), (4, false), (10, true)] {
        let now = Instant::now();
        let mut machine = draining(now);
        machine.handle(Event::Sent { through: 100, rows: 32 }, now);
        machine.handle(covered(60), now);
        machine.handle(Event::Covered { sequence: 20, ledger: [1; 8], issued, budget: None }, now);
        assert_eq!(machine.covered(), if at_once { 20 } else { 60 }, "issued {issued}");
        machine.handle(Event::Wake, now + Pace::default().patience);
        assert_eq!(machine.covered(), if issued >= 5 { 20 } else { 60 }, "issued {issued}, after a while");
    }
}

#[test]
fn a_batch_that_brings_no_receipt_grows_until_a_signed_row_must_be_in_it() {
    let mut now = Instant::now();
    let mut machine = Machine::new(Pace::default(), || 0, 0, 300, now);
    machine.handle(Event::Wake, now);
    machine.handle(Event::Connected, now);
    let mut commands = machine.handle(covered(0), now);
    for most in [32, 64, 128, 128] {
        assert_eq!(commands, [Command::Send { after: 0, most }]);
        commands = machine.handle(Event::Sent { through: 300, rows: most }, now);
        assert_eq!(commands, []);
        now = machine.deadline().unwrap();
        commands = machine.handle(Event::Wake, now);
    }
    machine.handle(Event::Sent { through: 128, rows: 128 }, now);
    machine.handle(covered(128), now);
    assert_eq!(machine.handle(Event::Sent { through: 256, rows: 128 }, now), [Command::Send { after: 256, most: 32 }]);
}

#[test]
fn an_alert_goes_before_the_backlog_and_outside_of_the_budget() {
    let now = Instant::now();
    let mut machine = Machine::new(Pace::default(), || 0, 0, 0, now);
    machine.handle(Event::Wake, now);
    machine.handle(Event::Appended { head: 10_000, alert: 9_000 }, now);
    machine.handle(Event::Connected, now);
    let receipt = Event::Covered { sequence: 0, ledger: [1; 8], issued: 5, budget: Some(1) };
    assert_eq!(machine.handle(receipt, now), [Command::Alert { after: 0 }]);
    let sent = Event::AlertSent { sequence: 9_000 };
    assert_eq!(machine.handle(sent, now), [Command::Send { after: 0, most: 32 }]);
    // The budget is spent for half a minute; another alert does not wait for it.
    machine.handle(Event::Sent { through: 32, rows: 32 }, now);
    let later = now + Duration::from_millis(1);
    let appended = Event::Appended { head: 10_001, alert: 10_001 };
    assert_eq!(machine.handle(appended, later), [Command::Alert { after: 9_000 }]);
    assert_eq!(machine.handle(Event::AlertSent { sequence: 10_001 }, later), []);
    assert_eq!(machine.covered(), 0);
}

#[test]
fn an_alert_that_has_no_receipt_is_sent_again_after_a_while_and_less_and_less_often() {
    let mut world = World::new(7);
    world.budget = Some(1);
    world.pass(Duration::from_secs(1));
    world.suffer(Deed::Append(200));
    for _ in 0..5 {
        world.suffer(Deed::Append(200));
    }
    world.suffer(Deed::Swallow(1));
    world.suffer(Deed::Alert(1));
    assert!(world.alerts_at_hq.is_empty());
    world.pass(Pace::default().alert + ROUND * 2);
    assert_eq!(world.alerts_at_hq.len(), 1, "the second time it arrives");
    assert!(world.machine.covered() < world.head);
}
