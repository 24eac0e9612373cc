//! The life of a crossing, as a pure state machine: one event in, entries to write and a state out.
//!
//! | state | event | becomes | written |
//! |---|---|---|---|
//! | idle | a text | open | the crossing |
//! | idle | a text admitted within the grace, still not refused | admitted before | – |
//! | open | the same text | open | – |
//! | open | the same text after `GAP`, another plate waiting | as when idle | closing *next pass* |
//! | open | another text, the open one in view until now | open: several codes are in view | – |
//! | open | another text, the open one out of view for `GAP` or no pass | as when idle | closing *next pass* |
//! | open | a plate is typed | open, judged again | the crossing, when the plate or the verdict changed |
//! | open, no plate yet, in view | a plate is read | open, judged again | the crossing |
//! | open, otherwise; closed by *no* | a plate is read | as it was: it is the next vehicle's, or for a better pass | – |
//! | open | HQ's word has changed | open, judged again | the crossing, when the verdict changed |
//! | open, not refused | *yes* | closed | closing *passed* |
//! | open | *no* | closed | closing *turned back* |
//! | open | nothing in view for `absence` | idle | closing *absence* |
//! | admitted before | the same text | admitted before | – |
//! | admitted before | another plate, or HQ's word: refused now | open | the crossing |
//! | admitted before | *yes*, *no* | closed | the crossing, closing |
//! | admitted before | another text | as when idle | – |
//! | admitted before | out of view for `LINGER` | idle | – |
//! | closed | the same text, for `LINGER` after *yes* or for ever after *no* | closed | – |
//! | closed by *yes* | the same text later: the next car with the same picture? | as when idle | – |
//! | closed | another text | as when idle | – |
//! | closed | `LINGER` after the key and the last sight of it | idle | – |
//!
//! A key counts only for what has stood on the panel for `GLANCE` when it was pressed: nobody decides faster, so
//! an earlier press was meant for what stood there before. A refusal does not yield to *yes*: overriding it needs a
//! shift and a reason, which come later. The language key, the camera's state, codes that cannot be read and
//! an update that a phone shows change what is shown and no crossing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use board::Key;
use panel::{Language, Run};
use plate::Reading;
use reader::{CameraState, Hint};
use trust::Release;
use verdict::{Outcome, Reason};
use wire::WallTime;
use wire::entry::{Action, Closing, Crossing, Entry, Note};

use crate::config;
use crate::feed::FromDevice;
use crate::guide::Guide;
use crate::judge::{Books, Circumstances, Judgement, judge};

/// How long the end of a crossing stays on the panel, and how long a text must be out of view before it
/// counts as shown again.
const LINGER: Duration = Duration::from_secs(3);

/// How long a text must be out of view before another one may take its place: two codes in one picture are seen
/// in turns, and must not make a crossing of every turn.
const GAP: Duration = Duration::from_millis(800);

/// How long something must have been on the panel before a key is about it.
const GLANCE: Duration = Duration::from_millis(400);

/// Most admissions remembered for the grace; a lane does not pass more cars in five minutes.
const REMEMBERED: usize = 64;

/// Longest plate typed; the longest real ones have nine signs.
const TYPED: usize = 16;

/// Longest reading of a device in bytes: a plate in Cyrillic with spaces, and room for what stands around it.
const LONGEST_READING: usize = 64;

/// What happens at a lane.
#[derive(Debug)]
pub enum Event {
    /// A text is in view, or still in view.
    Sighted {
        /// The text.
        text: String,
        /// Microseconds the reader took.
        read_us: u32,
        /// When its frame was handed to the reader.
        handed: Instant,
    },
    /// Something is in view that cannot be read, for this cause if one is known.
    Unread(Option<Hint>),
    /// A key was pressed.
    Key {
        /// Which.
        key: Key,
        /// When, since boot.
        pressed: Duration,
    },
    /// A plate was read by a device.
    Plate(FromDevice),
    /// The camera came or went.
    Camera(CameraState),
    /// What becomes of an update that a phone shows; none when there is none.
    Run(Option<Run>),
    /// Time has passed.
    Turn,
}

/// What surrounds an event.
pub struct World<'a> {
    /// Time since boot.
    pub mono: Duration,
    /// The box's wall time.
    pub now: WallTime,
    /// What HQ has told the box, if it has.
    pub release: Option<&'a Release>,
}

/// A vehicle being judged, or just judged.
#[derive(Debug)]
pub struct Open {
    /// Names the crossing.
    pub id: [u8; 8],
    /// The text that was read.
    pub text: String,
    /// The verdict and its grounds.
    pub judgement: Judgement,
    /// The plate it was compared with.
    pub plate: Option<Reading>,
    read_us: u32,
    seen: Duration,
    /// Since when it stands on the panel; not while the journal has not taken it.
    shown: Option<Duration>,
}

impl Open {
    fn is_pass(&self) -> bool {
        self.judgement.verdict.reasons.first() != Some(&Reason::NotAPass)
    }

    fn is_refused(&self) -> bool {
        self.judgement.verdict.outcome == Outcome::Refuse
    }
}

/// Where the lane stands.
#[derive(Debug)]
pub enum State {
    /// Nobody is here.
    Idle,
    /// A crossing is open.
    Open(Box<Open>),
    /// The officer has closed it.
    Closed {
        /// The crossing.
        last: Box<Open>,
        /// How.
        action: Action,
        /// When, since boot.
        at: Duration,
    },
    /// A pass that was admitted a short while ago is shown again.
    AdmittedBefore {
        /// The pass; a crossing only if the officer says so.
        again: Box<Open>,
        /// When it was admitted.
        admitted: WallTime,
    },
}

struct Admitted {
    text: String,
    at: WallTime,
    mono: Duration,
}

/// One lane.
pub struct Lane {
    settings: config::Lane,
    draw_id: fn() -> [u8; 8],
    state: State,
    plate: Option<(Reading, Duration)>,
    typed: String,
    admitted: VecDeque<Admitted>,
    language: Language,
    camera: Option<CameraState>,
    guide: Guide,
    run: Option<Run>,
    books: Books,
}

impl Lane {
    /// An idle lane. `draw_id` gives the id of each new crossing.
    pub fn new(settings: config::Lane, language: Language, draw_id: fn() -> [u8; 8]) -> Self {
        Self {
            settings,
            draw_id,
            state: State::Idle,
            plate: None,
            typed: String::new(),
            admitted: VecDeque::new(),
            language,
            camera: None,
            guide: Guide::default(),
            run: None,
            books: Books::default(),
        }
    }

    /// The same lane, with what the box itself keeps.
    pub fn with(self, books: Books) -> Self {
        Self { books, ..self }
    }

    /// The language of the panel.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// What the camera does; none before its first word.
    pub const fn camera(&self) -> Option<CameraState> {
        self.camera
    }

    /// Why what is in view does not read, as far as it is known; nothing while there is nothing to be said.
    pub fn hint(&self, mono: Duration) -> Option<Option<Hint>> {
        self.guide.says(mono)
    }

    /// What becomes of an update that a phone shows.
    pub const fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Where the lane stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is typed so far.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Takes one event; gives what must be durable before the new state is shown.
    pub fn on(&mut self, event: Event, world: &World<'_>) -> Vec<Entry> {
        let mut entries = Vec::new();
        match event {
            Event::Sighted { text, read_us, .. } => {
                self.guide.clear();
                self.sighted(text, read_us, world, &mut entries);
            }
            Event::Unread(cause) => self.guide.see(cause, world.mono),
            Event::Plate(read) => self.plate_read(read, world, &mut entries),
            Event::Camera(state) => self.camera_is(state, world, &mut entries),
            Event::Run(run) => self.run = run,
            Event::Key { key, pressed } => self.key(key, pressed, world, &mut entries),
            Event::Turn => {}
        }
        // A lane that never rests must not wait for time to be told.
        self.turn(world, &mut entries);
        // A use is reserved before anything is shown; what is written down says which.
        if let Some(uses) = &self.books.uses {
            uses.take(&entries);
        }
        entries
    }

    /// What stands here now is on the panel, and durable: from now on keys may be about it.
    pub fn shown(&mut self, mono: Duration) {
        if let State::Open(open) | State::AdmittedBefore { again: open, .. } = &mut self.state {
            open.shown.get_or_insert(mono);
        }
    }

    fn sighted(&mut self, text: String, read_us: u32, world: &World<'_>, entries: &mut Vec<Entry>) {
        let since = |at: Duration| world.mono.saturating_sub(at);
        let another_car = self.plate.is_some();
        match &mut self.state {
            State::Open(open) if open.text == text && (since(open.seen) < GAP || !another_car) => {
                open.seen = world.mono;
                return;
            }
            State::Open(open) if open.text != text && since(open.seen) < GAP && open.is_pass() => return,
            State::Closed { last, action, at } if last.text == text => {
                last.seen = world.mono;
                if *action != Action::Passed || since(*at) < LINGER {
                    return;
                }
            }
            State::AdmittedBefore { again, .. } if again.text == text => {
                again.seen = world.mono;
                return;
            }
            _ => {}
        }
        self.close(Action::NextPass, world, entries);
        self.open(text, read_us, world, entries);
    }

    fn admitted_within_grace(&self, text: &str, mono: Duration) -> Option<WallTime> {
        let grace = Duration::from_secs(self.settings.grace);
        self.admitted.iter().rev().find(|a| a.text == text && mono.saturating_sub(a.mono) < grace).map(|a| a.at)
    }

    fn open(&mut self, text: String, read_us: u32, world: &World<'_>, entries: &mut Vec<Entry>) {
        // What was half typed was about somebody else.
        self.typed.clear();
        let memory = Duration::from_secs(self.settings.plate_memory);
        let plate = self.plate.take().filter(|(_, at)| world.mono.saturating_sub(*at) < memory).map(|(p, _)| p);
        let id = (self.draw_id)();
        let judgement = judge(&text, around(world, &self.books, id, plate.as_ref()));
        let open = Box::new(Open { id, text, judgement, plate, read_us, seen: world.mono, shown: None });
        // What was revoked since, or comes on another car, is judged like any other.
        self.state = match self.admitted_within_grace(&open.text, world.mono) {
            Some(admitted) if !open.is_refused() => State::AdmittedBefore { again: open, admitted },
            _ => {
                entries.push(self.entry(&open, world));
                State::Open(open)
            }
        };
    }

    /// A device sees every car: this one again and again, and the next one while this one's crossing is open.
    fn plate_read(&mut self, read: FromDevice, world: &World<'_>, entries: &mut Vec<Entry>) {
        let FromDevice { reading, is_repeat, .. } = read;
        if is_repeat {
            // It stands there still; but whose pass was judged meanwhile is not the next one's.
            if let Some((waiting, at)) = &mut self.plate
                && *waiting == reading
            {
                *at = world.mono;
            }
            return;
        }
        // Whatever such a device has read, it is no plate.
        if reading.raw().len() > LONGEST_READING {
            return;
        }
        let here = match &self.state {
            State::Open(open) | State::AdmittedBefore { again: open, .. } => Some(open),
            // Who was turned back may have a better pass; who was let pass is on the way out.
            State::Closed { last, action: Action::Passed, .. } => Some(last),
            State::Closed { .. } | State::Idle => None,
        };
        let known = here.and_then(|open| open.plate.as_ref());
        if known.is_some_and(|known| known.folded() == reading.folded()) {
            return;
        }
        match &self.state {
            State::Open(open) if open.plate.is_some() || world.mono.saturating_sub(open.seen) >= LINGER => {
                self.plate = Some((reading, world.mono));
            }
            _ => self.plate_seen(reading, world, entries),
        }
    }

    fn camera_is(&mut self, state: CameraState, world: &World<'_>, entries: &mut Vec<Entry>) {
        let before = self.camera.replace(state);
        // That it sees from the start is not worth a line.
        if before.is_some() || state != CameraState::Sees {
            entries.push(note("camera", state.as_str(), world.now));
        }
    }

    fn plate_seen(&mut self, reading: Reading, world: &World<'_>, entries: &mut Vec<Entry>) {
        let (State::Open(open) | State::AdmittedBefore { again: open, .. }) = &mut self.state else {
            self.plate = Some((reading, world.mono));
            return;
        };
        let is_new = open.plate.as_ref() != Some(&reading);
        open.plate = Some(reading);
        self.judge_again(is_new, world, entries);
    }

    /// Judges what is here once more: a fact has come, or HQ has spoken.
    fn judge_again(&mut self, write: bool, world: &World<'_>, entries: &mut Vec<Entry>) {
        let (number, books) = (self.settings.number, &self.books);
        let again = |open: &mut Open| {
            let judgement = judge(&open.text, around(world, books, open.id, open.plate.as_ref()));
            let changed = judgement.verdict != open.judgement.verdict;
            open.judgement = judgement;
            if changed {
                open.shown = None;
            }
            changed
        };
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Open(mut open) => {
                if again(&mut open) || write {
                    entries.push(Entry::Crossing(crossing(&open, number, world.now)));
                }
                self.state = State::Open(open);
            }
            State::AdmittedBefore { again: mut open, admitted } => {
                again(&mut open);
                self.state = if open.is_refused() {
                    entries.push(Entry::Crossing(crossing(&open, number, world.now)));
                    State::Open(open)
                } else {
                    State::AdmittedBefore { again: open, admitted }
                };
            }
            other => self.state = other,
        }
    }

    fn key(&mut self, key: Key, pressed: Duration, world: &World<'_>, entries: &mut Vec<Entry>) {
        match key {
            Key::Digit(digit @ 0..=9) => self.type_in(char::from(b'0' + digit)),
            Key::Letter(letter) => self.type_in(letter),
            Key::Backspace => drop(self.typed.pop()),
            Key::No if !self.typed.is_empty() => self.typed.clear(),
            Key::Enter if !self.typed.is_empty() => {
                let reading = Reading::new(&std::mem::take(&mut self.typed));
                self.plate_seen(reading, world, entries);
            }
            Key::Yes | Key::Enter => self.decide(Action::Passed, pressed, world, entries),
            Key::No => self.decide(Action::TurnedBack, pressed, world, entries),
            Key::Language => self.language = self.language.next(),
            // The menu has no screen yet.
            Key::Digit(_) | Key::Menu => {}
        }
    }

    fn type_in(&mut self, letter: char) {
        if self.typed.chars().count() < TYPED {
            self.typed.push(letter);
        }
    }

    /// The officer decides about what has stood on the panel long enough to be seen.
    fn decide(&mut self, action: Action, pressed: Duration, world: &World<'_>, entries: &mut Vec<Entry>) {
        let (State::Open(open) | State::AdmittedBefore { again: open, .. }) = &self.state else { return };
        let was_seen = open.shown.is_some_and(|shown| pressed >= shown + GLANCE);
        if !was_seen || action == Action::Passed && open.is_refused() {
            return;
        }
        if action == Action::Passed {
            if self.admitted.len() == REMEMBERED {
                self.admitted.pop_front();
            }
            self.admitted.push_back(Admitted { text: open.text.clone(), at: world.now, mono: world.mono });
        }
        self.state = match std::mem::replace(&mut self.state, State::Idle) {
            // Until now a pass shown again was nobody's crossing.
            State::AdmittedBefore { again, .. } => {
                entries.push(self.entry(&again, world));
                State::Open(again)
            }
            other => other,
        };
        self.close(action, world, entries);
    }

    /// Closes what is open; the state says how when an officer did it.
    fn close(&mut self, action: Action, world: &World<'_>, entries: &mut Vec<Entry>) {
        if let State::Open(open) = std::mem::replace(&mut self.state, State::Idle) {
            entries.push(Entry::Closing(Closing::new(open.id, world.now, action)));
            if matches!(action, Action::Passed | Action::TurnedBack) {
                self.state = State::Closed { last: open, action, at: world.mono };
            }
        }
    }

    fn turn(&mut self, world: &World<'_>, entries: &mut Vec<Entry>) {
        let since = |seen: Duration| world.mono.saturating_sub(seen);
        match &self.state {
            State::Open(open)
                if since(open.seen) >= Duration::from_secs(self.settings.absence)
                    // What never came to be shown, as the journal did not take it, is not shown to the next car.
                    || open.shown.is_none() && since(open.seen) >= LINGER =>
            {
                self.close(Action::Absence, world, entries);
            }
            State::Open(open) | State::AdmittedBefore { again: open, .. }
                if world.release.map_or(0, Release::sequence) != open.judgement.release =>
            {
                self.judge_again(false, world, entries);
            }
            State::Closed { last, at, .. } if since(last.seen.max(*at)) >= LINGER => self.state = State::Idle,
            State::AdmittedBefore { again, .. } if since(again.seen) >= LINGER => self.state = State::Idle,
            _ => {}
        }
    }

    fn entry(&self, open: &Open, world: &World<'_>) -> Entry {
        Entry::Crossing(crossing(open, self.settings.number, world.now))
    }
}

/// A line about the box itself.
pub fn note(code: &str, detail: &str, at: WallTime) -> Entry {
    Entry::Note(Note { at, code: code.to_owned(), detail: detail.to_owned() })
}

fn around<'a>(world: &World<'a>, books: &'a Books, crossing: [u8; 8], plate: Option<&'a Reading>) -> Circumstances<'a> {
    Circumstances { plate, books: Some(books), crossing, ..Circumstances::new(world.release, world.now) }
}

/// What is written down of a crossing: only what the decision needed.
fn crossing(open: &Open, lane: u8, at: WallTime) -> Crossing {
    let Open { id, judgement, plate, read_us, .. } = open;
    let document = judgement.document.as_ref();
    let outcome = match judgement.verdict.outcome {
        Outcome::Admit => wire::entry::Outcome::Admit,
        Outcome::Check => wire::entry::Outcome::Check,
        Outcome::Refuse => wire::entry::Outcome::Refuse,
    };
    Crossing {
        lane,
        format: document.map(|d| d.format.as_str().to_owned()),
        issuer: document.map(|d| d.issuer.clone()),
        pass_id: document.map(|d| d.id.clone()),
        kind: document.map(|d| d.kind.number()),
        plate_seen: plate.as_ref().map(|p| p.folded().to_owned()),
        plate_bound: document.and_then(|d| d.plates.first()).map(|p| p.as_str().to_owned()),
        reasons: judgement.verdict.reasons.iter().map(|r| r.number()).collect(),
        release: judgement.release,
        release_age: judgement.release_age,
        read_us: *read_us,
        judge_us: judgement.judge_us,
        use_window: judgement.reserves.map(|reserves| reserves.window),
        use_limit: judgement.reserves.map(|reserves| reserves.limit),
        ..Crossing::new(*id, at, outcome)
    }
}

#[cfg(test)]
mod tests;
