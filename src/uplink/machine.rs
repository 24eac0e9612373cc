//! The link as a machine without I/O: events in, commands out, time as an argument.
//!
//! The client library may vanish, block, reorder or lie; all of that is events here, and none of them can
//! make a row count as delivered. Only [`Event::Covered`] does, which the shell raises for a receipt that
//! was verified and that the journal took.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// How patient the link is. The defaults are what the prototype was measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long the retained receipt is waited for after connecting, before rows are sent again. Without
    /// it two thirds of all rows went twice over reconnections; with it, none.
    pub receipt: Duration,
    /// How long no receipt may come while rows are under way; doubled with every fruitless resend.
    pub patience: Duration,
    /// What it is doubled up to.
    pub patience_most: Duration,
    /// Fruitless resends after which the connection is taken for dead, whatever the client says.
    pub stubborn: u32,
    /// How long connecting may take.
    pub connect: Duration,
    /// First wait before connecting again; doubled with every failure.
    pub backoff: Duration,
    /// What it is doubled up to.
    pub backoff_most: Duration,
    /// A connection that stood this long was a good one: the next wait is a first one again.
    pub steady: Duration,
    /// How long to wait when the client takes nothing more for the moment.
    pub blocked: Duration,
    /// How long to wait when the journal gives no rows although it should.
    pub starved: Duration,
    /// Most rows under way without a receipt.
    pub window: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            receipt: Duration::from_millis(300),
            patience: Duration::from_secs(2),
            patience_most: Duration::from_secs(60),
            stubborn: 4,
            connect: Duration::from_secs(10),
            backoff: Duration::from_millis(500),
            backoff_most: Duration::from_secs(60),
            steady: Duration::from_secs(10),
            blocked: Duration::from_millis(20),
            starved: Duration::from_secs(1),
            window: 512,
        }
    }
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Time has come: the start, or [`Machine::deadline`].
    Wake,
    /// The connection stands, subscriptions are asked for.
    Connected,
    /// The connection, or the attempt at one, has failed.
    Lost,
    /// The journal's last durable row.
    Appended {
        /// Its sequence.
        head: u64,
    },
    /// A receipt that was verified and that the journal took.
    Covered {
        /// The last row it covers.
        sequence: u64,
        /// The ledger that has the rows.
        ledger: [u8; 8],
        /// Unix seconds at HQ.
        issued: i64,
    },
    /// Answer to [`Command::Send`]: the client took a batch.
    Sent {
        /// Sequence of its last row.
        through: u64,
    },
    /// Answer to [`Command::Send`]: the client takes nothing now.
    Blocked,
    /// Answer to [`Command::Send`]: there was nothing to send, or it could not be read.
    Starved,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Connect with a new client.
    Connect,
    /// Drop the client, with everything in it.
    Close,
    /// Hand the next batch to the client and answer.
    Send {
        /// The batch begins with the row after this one.
        after: u64,
    },
}

/// Where the link stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not begun.
    Disconnected,
    /// On the way to a connection.
    Connecting,
    /// Connected, giving the retained receipt a moment to arrive.
    Waiting,
    /// Connected, rows are under way.
    Draining,
    /// Connected, everything is covered.
    Idle,
    /// Waiting before connecting again.
    BackingOff,
}

impl State {
    /// Whether there is a connection.
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Waiting | Self::Draining | Self::Idle)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Disconnected,
    Connecting(Instant),
    Waiting(Instant),
    Up,
    BackingOff(Instant),
}

/// The link's state and every rule it goes by. `R` gives random numbers, for jitter alone.
#[derive(Debug)]
pub struct Machine<R> {
    pace: Pace,
    random: R,
    phase: Phase,
    head: u64,
    covered: u64,
    cursor: u64,
    /// The ledger that gave the last receipt, and when it did.
    ledger: Option<([u8; 8], i64)>,
    /// A [`Command::Send`] has not been answered yet.
    asked: bool,
    /// Nothing is sent before this.
    hold: Option<Instant>,
    /// When things last moved.
    moved: Instant,
    connected: Instant,
    patience: Duration,
    fruitless: u32,
    failures: u32,
}

impl<R: FnMut() -> u32> Machine<R> {
    /// A link that has not begun. `covered` and `head` are what the journal says.
    pub const fn new(pace: Pace, random: R, covered: u64, head: u64, now: Instant) -> Self {
        Self {
            pace,
            random,
            phase: Phase::Disconnected,
            head,
            covered,
            cursor: covered,
            ledger: None,
            asked: false,
            hold: None,
            moved: now,
            connected: now,
            patience: pace.patience,
            fruitless: 0,
            failures: 0,
        }
    }

    /// Where the link stands.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Disconnected => State::Disconnected,
            Phase::Connecting(_) => State::Connecting,
            Phase::Waiting(_) => State::Waiting,
            Phase::Up if self.covered < self.head => State::Draining,
            Phase::Up => State::Idle,
            Phase::BackingOff(_) => State::BackingOff,
        }
    }

    /// The last row covered by a receipt.
    pub const fn covered(&self) -> u64 {
        self.covered
    }

    /// The journal's last row, as far as the link has heard.
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// When to come back with [`Event::Wake`] at the latest; none while only events can change anything.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Disconnected => None,
            Phase::Connecting(until) | Phase::Waiting(until) | Phase::BackingOff(until) => Some(until),
            Phase::Up if self.covered < self.head => {
                let due = self.moved + self.patience;
                Some(self.hold.filter(|_| self.wants_to_send()).map_or(due, |hold| hold.min(due)))
            }
            Phase::Up => None,
        }
    }

    /// Takes one event; the commands are to be carried out in their order.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Command> {
        match event {
            Event::Wake => self.wake(now),
            Event::Connected => self.connected(now),
            Event::Lost => self.lost(now),
            Event::Appended { head } => self.appended(head, now),
            Event::Covered { sequence, ledger, issued } => self.cover(sequence, ledger, issued, now),
            Event::Sent { through } => self.answered(None, through, now),
            Event::Blocked => self.answered(Some(self.pace.blocked), self.cursor, now),
            Event::Starved => self.answered(Some(self.pace.starved), self.cursor, now),
        }
    }

    fn wake(&mut self, now: Instant) -> Vec<Command> {
        match self.phase {
            Phase::Disconnected => self.connect(now),
            Phase::BackingOff(until) if now >= until => self.connect(now),
            Phase::Connecting(until) if now >= until => self.lost(now),
            Phase::Waiting(until) if now >= until => self.begin(now),
            Phase::Up => {
                if self.hold.is_some_and(|hold| now >= hold) {
                    self.hold = None;
                }
                if self.covered < self.head && now >= self.moved + self.patience {
                    return self.resend(now);
                }
                self.send()
            }
            _ => Vec::new(),
        }
    }

    fn connect(&mut self, now: Instant) -> Vec<Command> {
        self.phase = Phase::Connecting(now + self.pace.connect);
        vec![Command::Connect]
    }

    fn connected(&mut self, now: Instant) -> Vec<Command> {
        if let Phase::Connecting(_) = self.phase {
            self.connected = now;
            self.phase = Phase::Waiting(now + self.pace.receipt);
        }
        Vec::new()
    }

    /// Starts sending from what is covered, whatever went out on an earlier connection.
    fn begin(&mut self, now: Instant) -> Vec<Command> {
        self.phase = Phase::Up;
        self.cursor = self.covered;
        (self.asked, self.hold, self.moved) = (false, None, now);
        (self.patience, self.fruitless) = (self.pace.patience, 0);
        self.send()
    }

    fn lost(&mut self, now: Instant) -> Vec<Command> {
        if matches!(self.phase, Phase::Disconnected | Phase::BackingOff(_)) {
            return Vec::new();
        }
        if self.state().is_connected() && now.duration_since(self.connected) >= self.pace.steady {
            self.failures = 0;
        }
        let whole = self.pace.backoff.saturating_mul(1 << self.failures.min(16)).min(self.pace.backoff_most);
        // Between half and the whole of it, so that a region that comes back does not come back at once.
        let wait = whole / 2 + (whole / 2).mul_f64(f64::from((self.random)()) / f64::from(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::BackingOff(now + wait);
        vec![Command::Close]
    }

    fn appended(&mut self, head: u64, now: Instant) -> Vec<Command> {
        if head <= self.head {
            return Vec::new();
        }
        if self.covered == self.head {
            self.moved = now;
        }
        self.head = head;
        self.send()
    }

    fn cover(&mut self, sequence: u64, ledger: [u8; 8], issued: i64, now: Instant) -> Vec<Command> {
        // Whoever says more than there is, is not believed about the rest either.
        if sequence > self.head {
            return Vec::new();
        }
        let onward = sequence > self.covered;
        match self.ledger {
            // Receipts overtake each other; of one ledger only the furthest counts.
            Some((id, _)) if id == ledger && !onward => {}
            // A ledger that was replaced has nothing more to say.
            Some((id, last)) if id != ledger && issued < last => {}
            // A restored ledger may know less than the one before: then the rows go up again.
            _ => {
                self.ledger = Some((ledger, issued));
                self.covered = sequence;
                self.cursor = if onward { self.cursor.max(sequence) } else { sequence };
                if onward {
                    (self.moved, self.patience) = (now, self.pace.patience);
                    (self.fruitless, self.failures) = (0, 0);
                }
            }
        }
        match self.phase {
            Phase::Waiting(_) => self.begin(now),
            _ => self.send(),
        }
    }

    fn answered(&mut self, wait: Option<Duration>, through: u64, now: Instant) -> Vec<Command> {
        if !self.asked {
            return Vec::new();
        }
        self.asked = false;
        self.hold = wait.map(|wait| now + wait);
        self.cursor = self.cursor.max(through.min(self.head));
        self.send()
    }

    fn resend(&mut self, now: Instant) -> Vec<Command> {
        self.fruitless += 1;
        if self.fruitless > self.pace.stubborn {
            return self.lost(now);
        }
        self.cursor = self.covered;
        (self.asked, self.hold, self.moved) = (false, None, now);
        self.patience = (self.patience * 2).min(self.pace.patience_most);
        self.send()
    }

    const fn wants_to_send(&self) -> bool {
        self.cursor < self.head && self.cursor - self.covered < self.pace.window
    }

    fn send(&mut self) -> Vec<Command> {
        let ready = self.phase == Phase::Up && !self.asked && self.hold.is_none();
        if !ready || !self.wants_to_send() {
            return Vec::new();
        }
        self.asked = true;
        vec![Command::Send { after: self.cursor }]
    }
}
