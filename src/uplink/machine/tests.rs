//! The machine in a world that vanishes, blocks, repeats, reorders and lies, and then behaves.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;

/// What the world does next.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Pass(u16),
    Append(u8),
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
    /// HQ's ledger is restored from an older copy.
    Restore(u8),
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
        1 => Just(Deed::Break),
        1 => Just(Deed::Deaden),
        1 => (1..4u8).prop_map(Deed::Swallow),
        1 => (1..3000u16).prop_map(Deed::Block),
        1 => any::<bool>().prop_map(Deed::HqAway),
        1 => any::<u8>().prop_map(Deed::Restore),
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
    Receipt { sequence: u64, ledger: u8, issued: i64 },
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
    said: Vec<(u64, u8, i64)>,
    clock: i64,
    steps: u32,
    sent: u64,
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
            clock: 0,
            steps: 0,
            sent: 0,
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
            assert!(taken || self.machine.covered() == before, "only a receipt may move what is covered");
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
                    }
                    Command::Send { after } => {
                        assert!(self.machine.state().is_connected());
                        events.push_back(self.hand_over(after));
                    }
                }
            }
        }
    }

    /// The client takes a batch, or does not.
    fn hand_over(&mut self, after: u64) -> Event {
        assert!(after >= self.machine.covered() && after < self.head);
        assert!(after - self.machine.covered() < Pace::default().window);
        if self.now < self.blocked_until {
            return Event::Blocked;
        }
        let through = self.head.min(after + 32);
        self.sent += through - after;
        if self.swallow > 0 {
            self.swallow -= 1;
        } else if !self.dead {
            self.line.push_back((self.now + ROUND, Packet::Rows { from: after + 1, through }));
        }
        Event::Sent { through }
    }

    fn receipt(&mut self) {
        if !self.hq_away {
            self.clock += 1;
            let said = (self.gap_free(), self.ledger, self.clock);
            self.said.push(said);
            if self.client == Client::Connected && !self.dead {
                let (sequence, ledger, issued) = said;
                self.line.push_back((self.now + ROUND, Packet::Receipt { sequence, ledger, issued }));
            }
        }
    }

    /// A receipt reaches the box. The journal takes only what fits its own rows.
    fn arrive(&mut self, (sequence, ledger, issued): (u64, u8, i64)) {
        self.raise(Event::Covered { sequence, ledger: [ledger; 8], issued });
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
                    Packet::Receipt { sequence, ledger, issued } => self.arrive((sequence, ledger, issued)),
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
            Deed::Append(rows) => {
                self.head += u64::from(rows);
                self.raise(Event::Appended { head: self.head });
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
                let kept = self.gap_free() * u64::from(keep) / 255;
                self.rows_at_hq.retain(|row| *row <= kept);
                self.receipt();
            }
            Deed::Repeat(which) => {
                if let Some(old) = self.said.get(usize::from(which) % self.said.len().max(1)) {
                    self.arrive(*old);
                }
            }
            Deed::Boast => self.arrive((self.head + 1, self.ledger, i64::MAX)),
            Deed::LieConnected => self.raise(Event::Connected),
            Deed::LieLost => self.raise(Event::Lost),
            Deed::LieSent(rows) => self.raise(Event::Sent { through: self.machine.covered() + u64::from(rows) }),
        }
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
        // From here on the world behaves. Whatever is left of the past is over within the longest patience,
        // the longest back-off and the longest connecting.
        (world.hq_away, world.swallow, world.blocked_until) = (false, 0, world.now);
        world.head += 1;
        world.raise(Event::Appended { head: world.head });
        world.receipt();
        let pace = Pace::default();
        world.pass(pace.patience_most + pace.backoff_most + pace.connect + Duration::from_secs(60));
        prop_assert_eq!(world.machine.covered(), world.head);
        prop_assert_eq!(world.machine.state(), State::Idle);
        prop_assert_eq!(world.gap_free(), world.head);
        // And then it is quiet.
        let steps = world.steps;
        world.pass(Duration::from_secs(3600));
        prop_assert_eq!(world.steps, steps);
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
    let covered = Event::Covered { sequence: 90, ledger: [1; 8], issued: 5 };
    assert_eq!(machine.handle(covered, now + Duration::from_millis(299)), [Command::Send { after: 90 }]);
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
    assert_eq!(machine.handle(Event::Wake, now + Duration::from_millis(300)), [Command::Send { after: 0 }]);
    machine
}

fn covered(sequence: u64) -> Event {
    Event::Covered { sequence, ledger: [1; 8], issued: 5 }
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
    machine.handle(Event::Sent { through: u64::MAX }, now);
    assert_eq!(machine.handle(Event::Appended { head: 110 }, now), [Command::Send { after: 100 }]);
}

#[test]
fn a_receipt_that_was_overtaken_takes_nothing_back() {
    let now = Instant::now();
    let mut machine = draining(now);
    machine.handle(covered(60), now);
    machine.handle(covered(30), now);
    assert_eq!(machine.covered(), 60);
    // Nor does one of a ledger that has been replaced since.
    machine.handle(Event::Covered { sequence: 70, ledger: [2; 8], issued: 9 }, now);
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
