//! The link as a machine without I/O: events in, commands out, time as an argument.
//!
//! The client library may vanish, block, reorder or lie; all of that is events here, and none of them can
//! make a row count as delivered. Only [`Event::Covered`] does, which the shell raises for a receipt that
//! was verified and that the journal took.
//!
//! Rows leave within HQ's budget, oldest first. Alerts leave before them and outside of it, each once a
//! connection and now and then again; they are copies that HQ sees early, and move nothing.

use std::time::{Duration, Instant};

mod bucket;
#[cfg(test)]
mod tests;

use bucket::Bucket;

/// Alerts that leave in a row while rows could: however many come, the backlog goes on, and with it receipts.
const ALERTS_IN_A_ROW: u32 = 16;

/// How much later HQ must have signed that it has less, in seconds, to be believed at once: its ledger was put back
/// in time. Receipts of about the same time may overtake each other.
const LATER: i64 = 5;

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
    /// Most rows of a batch. It doubles with every fruitless resend, up to `batch_most`.
    pub batch: u32,
    /// A batch so long holds a row the box has signed, which vouches to HQ for the rows before it: so a row that HQ
    /// cannot take by itself does not hold up what is behind it.
    pub batch_most: u32,
    /// How long an alert may stand without a receipt before it is sent again; doubled every time.
    pub alert: Duration,
    /// What it is doubled up to.
    pub alert_most: Duration,
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
            batch: 32,
            batch_most: 128,
            alert: Duration::from_secs(30),
            alert_most: Duration::from_secs(960),
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
    /// The journal has grown.
    Appended {
        /// Sequence of its last durable row.
        head: u64,
        /// Sequence of the last alert among its rows; 0 for none.
        alert: u64,
    },
    /// A receipt that was verified and that the journal took.
    Covered {
        /// The last row it covers.
        sequence: u64,
        /// The ledger that has the rows.
        ledger: [u8; 8],
        /// Unix seconds at HQ.
        issued: i64,
        /// Rows a second this box may send; none: as many as it likes.
        budget: Option<u32>,
    },
    /// Answer to [`Command::Send`]: the client took a batch.
    Sent {
        /// Sequence of its last row.
        through: u64,
        /// How many rows it had.
        rows: u32,
    },
    /// Answer to [`Command::Alert`]: the client took the alert.
    AlertSent {
        /// Its sequence.
        sequence: u64,
    },
    /// Answer to [`Command::Alert`]: there is none any more.
    NoAlert,
    /// Answer to either: the client takes nothing now.
    Blocked,
    /// Answer to either: there was nothing to send, or it could not be read.
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
        /// Most rows it may have.
        most: u32,
    },
    /// Hand the next alert to the client and answer.
    Alert {
        /// The first one after this row.
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
    alerts: Alerts,
    bucket: Bucket,
    /// The ledger that gave the last receipt, and when it did.
    ledger: Option<([u8; 8], i64)>,
    /// What a receipt has said since things last moved that covers less.
    less: Option<u64>,
    /// A command that is to be answered has not been answered yet.
    asked: Option<Command>,
    /// Nothing is sent before this.
    hold: Option<Instant>,
    /// The last answer was that nothing was sent.
    refused: bool,
    /// When things last moved.
    moved: Instant,
    connected: Instant,
    patience: Duration,
    fruitless: u32,
    failures: u32,
}

/// How far the alerts are.
#[derive(Debug)]
struct Alerts {
    /// The last one in the journal; 0 for none.
    last: u64,
    /// The last one that was handed over on this connection.
    cursor: u64,
    in_a_row: u32,
    /// When those that have no receipt by then are sent again.
    again: Instant,
    patience: Duration,
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
            alerts: Alerts { last: 0, cursor: covered, in_a_row: 0, again: now, patience: pace.alert },
            bucket: Bucket::new(pace.batch, now),
            ledger: None,
            less: None,
            asked: None,
            hold: None,
            refused: false,
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

    /// Rows a second HQ lets this box send; none: as many as it likes.
    pub const fn budget(&self) -> Option<u32> {
        self.bucket.rate()
    }

    /// How often rows have been sent again since a receipt last moved on.
    pub const fn fruitless(&self) -> u32 {
        self.fruitless
    }

    /// When to come back with [`Event::Wake`] at the latest; none while only events can change anything.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Disconnected => None,
            Phase::Connecting(until) | Phase::Waiting(until) | Phase::BackingOff(until) => Some(until),
            Phase::Up => {
                let wants = self.wants_to_send() || self.wants_to_alert();
                let ready = if self.asked.is_some() || !wants {
                    None
                } else if self.hold.is_some() {
                    self.hold
                } else {
                    self.bucket.when(self.next_batch()).filter(|_| !self.wants_to_alert())
                };
                let resend = self.is_under_way().then(|| self.moved + self.patience);
                let alert = self.alerts_wait().then_some(self.alerts.again);
                [ready, resend, alert].into_iter().flatten().min()
            }
        }
    }

    /// Takes one event; the commands are to be carried out in their order.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Command> {
        match event {
            Event::Wake => self.wake(now),
            Event::Connected => self.connected(now),
            Event::Lost => self.lost(now),
            Event::Appended { head, alert } => {
                self.head = self.head.max(head);
                self.alerts.last = self.alerts.last.max(alert.min(self.head));
                self.send(now)
            }
            Event::Covered { sequence, ledger, issued, budget } => {
                self.cover(sequence, ledger, issued, budget, now);
                match self.phase {
                    Phase::Waiting(_) => self.begin(now),
                    _ => self.send(now),
                }
            }
            Event::Sent { through, rows } => self.sent(through, rows, now),
            Event::AlertSent { sequence } => self.alert_sent(sequence, now),
            Event::NoAlert => self.alert_sent(u64::MAX, now),
            Event::Blocked => self.not_sent(self.pace.blocked, now),
            Event::Starved => self.not_sent(self.pace.starved, now),
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
                if self.is_under_way() && now >= self.moved + self.patience {
                    return self.resend(now);
                }
                if self.alerts_wait() && now >= self.alerts.again {
                    self.alerts.cursor = self.covered;
                    self.alerts.patience = (self.alerts.patience * 2).min(self.pace.alert_most);
                    self.alerts.again = now + self.alerts.patience;
                }
                self.send(now)
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
        (self.alerts.cursor, self.alerts.in_a_row) = (self.covered, 0);
        (self.alerts.again, self.alerts.patience) = (now + self.pace.alert, self.pace.alert);
        (self.patience, self.fruitless) = (self.pace.patience, 0);
        self.restart(now)
    }

    /// Puts the cursor back to what is covered.
    fn restart(&mut self, now: Instant) -> Vec<Command> {
        self.cursor = self.covered;
        (self.asked, self.hold, self.refused, self.moved) = (None, None, false, now);
        self.send(now)
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

    fn cover(&mut self, sequence: u64, ledger: [u8; 8], issued: i64, budget: Option<u32>, now: Instant) {
        // Whoever says more than there is, is not believed about the rest either.
        if sequence > self.head {
            return;
        }
        let onward = sequence > self.covered;
        match self.ledger {
            // A ledger that was replaced has nothing more to say.
            Some((id, last)) if id != ledger && issued < last => return,
            // Nor has an old receipt that comes again.
            Some((id, last)) if id == ledger && !onward && issued < last => return,
            // Receipts of one ledger overtake each other; the furthest counts, unless nothing else moves.
            Some((id, last)) if id == ledger && sequence < self.covered && issued < last.saturating_add(LATER) => {
                self.less = Some(sequence);
            }
            // A restored ledger may know less than before: then the rows go up again.
            _ => {
                self.ledger = Some((ledger, issued));
                if onward {
                    self.moved_on(now);
                    self.cursor = self.cursor.max(sequence);
                    self.alerts.cursor = self.alerts.cursor.max(sequence);
                    self.covered = sequence;
                } else {
                    self.go_back(sequence);
                }
            }
        }
        self.bucket.limit(budget, now);
    }

    fn moved_on(&mut self, now: Instant) {
        (self.moved, self.patience) = (now, self.pace.patience);
        (self.fruitless, self.failures, self.less, self.refused) = (0, 0, None, false);
    }

    /// HQ has less than it had.
    fn go_back(&mut self, sequence: u64) {
        if sequence < self.covered {
            (self.covered, self.cursor, self.alerts.cursor) = (sequence, sequence, sequence);
        }
        self.less = None;
    }

    fn sent(&mut self, through: u64, rows: u32, now: Instant) -> Vec<Command> {
        let Some(Command::Send { most, .. }) = self.asked else { return Vec::new() };
        self.bucket.take(rows.min(most));
        if !self.is_under_way() {
            self.moved = now;
        }
        self.cursor = self.cursor.max(through.min(self.head));
        self.alerts.in_a_row = 0;
        self.go_on(now)
    }

    fn alert_sent(&mut self, sequence: u64, now: Instant) -> Vec<Command> {
        let Some(Command::Alert { .. }) = self.asked else { return Vec::new() };
        if !self.alerts_wait() {
            (self.alerts.again, self.alerts.patience) = (now + self.pace.alert, self.pace.alert);
        }
        self.alerts.cursor = self.alerts.cursor.max(sequence.min(self.alerts.last));
        self.alerts.in_a_row += 1;
        self.go_on(now)
    }

    fn go_on(&mut self, now: Instant) -> Vec<Command> {
        (self.asked, self.refused) = (None, false);
        self.send(now)
    }

    fn not_sent(&mut self, wait: Duration, now: Instant) -> Vec<Command> {
        if self.asked.take().is_some() {
            if !self.is_under_way() {
                self.moved = now;
            }
            (self.hold, self.refused) = (Some(now + wait), true);
        }
        Vec::new()
    }

    fn resend(&mut self, now: Instant) -> Vec<Command> {
        self.fruitless += 1;
        if let Some(less) = self.less {
            self.go_back(less);
        }
        if self.fruitless > self.pace.stubborn {
            return self.lost(now);
        }
        self.patience = (self.patience * 2).min(self.pace.patience_most);
        self.restart(now)
    }

    /// Whether something must move before patience ends.
    const fn is_under_way(&self) -> bool {
        self.cursor > self.covered || self.refused
    }

    const fn wants_to_send(&self) -> bool {
        self.cursor < self.head && self.cursor - self.covered < self.pace.window
    }

    const fn wants_to_alert(&self) -> bool {
        self.alerts.cursor < self.alerts.last
    }

    /// Whether alerts have gone out that no receipt covers.
    const fn alerts_wait(&self) -> bool {
        self.covered < self.alerts.last && self.alerts.cursor > self.covered
    }

    /// Most rows of the next batch.
    fn batch(&self) -> u32 {
        self.pace.batch.saturating_mul(1 << self.fruitless.min(8)).min(self.pace.batch_most)
    }

    /// Rows that are worth waiting for.
    fn next_batch(&self) -> u64 {
        (self.head - self.cursor).min(self.batch().into())
    }

    fn send(&mut self, now: Instant) -> Vec<Command> {
        if self.phase != Phase::Up || self.asked.is_some() || self.hold.is_some() {
            return Vec::new();
        }
        let may_send = self.wants_to_send() && self.bucket.when(self.next_batch()).is_none_or(|at| at <= now);
        let command = if self.wants_to_alert() && (self.alerts.in_a_row < ALERTS_IN_A_ROW || !may_send) {
            Command::Alert { after: self.alerts.cursor }
        } else if may_send {
            let most = self.bucket.now(self.batch(), now);
            Command::Send { after: self.cursor, most }
        } else {
            return Vec::new();
        };
        self.asked = Some(command);
        vec![command]
    }
}
