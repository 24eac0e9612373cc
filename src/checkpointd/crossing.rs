//! The life of a crossing, as a pure state machine: one event in, entries to write and a state out.
//!
//! | state | event | becomes | written |
//! |---|---|---|---|
//! | idle | a text | open | the crossing |
//! | idle | a text admitted within the grace, still not refused | admitted before | – |
//! | open | the same text | open | – |
//! | open | another text | open (the other) | closing *next pass*, the crossing |
//! | open | a plate is typed | open, judged again | the crossing, when the verdict changed |
//! | open, no plate yet, in view | a plate is read | open, judged again | the crossing, when the verdict changed |
//! | open, otherwise | a plate is read | open: it is the next vehicle's | – |
//! | open | HQ's word has changed | open, judged again | the crossing, when the verdict changed |
//! | open, not refused | *yes* | closed | closing *passed* |
//! | open | *no* | closed | closing *turned back* |
//! | open | nothing in view for `absence` | idle | closing *absence* |
//! | admitted before | another text | open | the crossing |
//! | admitted before | nothing in view for `LINGER` | idle | – |
//! | closed | the same text, still held up | closed | – |
//! | closed | another text | open | the crossing |
//! | closed | `LINGER` after the key and the last sight of it | idle | – |
//!
//! A refusal does not yield to *yes*: overriding it needs a shift and a reason, which come later. Keys for the
//! language, the camera's state and codes that cannot be read change what is shown and no crossing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use board::Key;
use panel::Language;
use plate::Reading;
use reader::CameraState;
use trust::Release;
use verdict::Outcome;
use wire::WallTime;
use wire::entry::{Action, Closing, Crossing, Entry, Note};

use crate::config;
use crate::judge::{Circumstances, Judgement, judge};

/// How long the end of a crossing stays on the panel, and how long a text must be out of view before it
/// counts as shown again.
const LINGER: Duration = Duration::from_secs(3);

/// How long a code that could not be read is spoken of after it was last in view.
const HINT: Duration = Duration::from_millis(1500);

/// Most admissions remembered for the grace; a lane does not pass more cars in five minutes.
const REMEMBERED: usize = 64;

/// Longest plate or code typed.
const TYPED: usize = 16;

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
    /// A code is in view that cannot be read.
    Located,
    /// A key was pressed.
    Key(Key),
    /// A plate was read by a device.
    Plate(Reading),
    /// The camera came or went.
    Camera(CameraState),
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
        /// The text.
        text: String,
        /// When it was admitted.
        admitted: WallTime,
        /// When it was last in view, since boot.
        seen: Duration,
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
    /// When a code that could not be read was last in view, since boot.
    located: Option<Duration>,
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
            located: None,
        }
    }

    /// The language of the panel.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// What the camera does; none before its first word.
    pub const fn camera(&self) -> Option<CameraState> {
        self.camera
    }

    /// Whether a code is in view that cannot be read.
    pub fn is_located(&self, mono: Duration) -> bool {
        self.located.is_some_and(|at| mono.saturating_sub(at) < HINT)
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
            Event::Sighted { text, read_us, .. } => self.sighted(text, read_us, world, &mut entries),
            Event::Located => self.located = Some(world.mono),
            Event::Plate(reading) => self.plate_read(reading, world, &mut entries),
            Event::Camera(state) => self.camera_is(state, world, &mut entries),
            Event::Key(key) => self.key(key, world, &mut entries),
            Event::Turn => {}
        }
        // A lane that never rests must not wait for time to be told.
        self.turn(world, &mut entries);
        entries
    }

    fn sighted(&mut self, text: String, read_us: u32, world: &World<'_>, entries: &mut Vec<Entry>) {
        match &mut self.state {
            State::Open(open) if open.text == text => open.seen = world.mono,
            State::Closed { last, .. } if last.text == text => last.seen = world.mono,
            State::AdmittedBefore { text: before, seen, .. } if *before == text => *seen = world.mono,
            _ => {
                self.close(Action::NextPass, world, entries);
                self.open(text, read_us, world, entries);
            }
        }
    }

    fn admitted_within_grace(&self, text: &str, mono: Duration) -> Option<WallTime> {
        let grace = Duration::from_secs(self.settings.grace);
        self.admitted.iter().rev().find(|a| a.text == text && mono.saturating_sub(a.mono) < grace).map(|a| a.at)
    }

    fn open(&mut self, text: String, read_us: u32, world: &World<'_>, entries: &mut Vec<Entry>) {
        let memory = Duration::from_secs(self.settings.plate_memory);
        let plate = self.plate.take().filter(|(_, at)| world.mono.saturating_sub(*at) < memory).map(|(p, _)| p);
        let judgement = judge(&text, around(world, plate.as_ref(), false));
        // What was revoked since, or comes on another car, is judged like any other.
        if judgement.verdict.outcome != Outcome::Refuse
            && let Some(admitted) = self.admitted_within_grace(&text, world.mono)
        {
            self.state = State::AdmittedBefore { text, admitted, seen: world.mono };
            return;
        }
        let open = Open { id: (self.draw_id)(), text, judgement, plate, read_us, seen: world.mono };
        entries.push(self.entry(&open, world));
        self.state = State::Open(Box::new(open));
    }

    /// A device sees every car, also the next one while this one's crossing is still open.
    fn plate_read(&mut self, reading: Reading, world: &World<'_>, entries: &mut Vec<Entry>) {
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
            let detail = match state {
                CameraState::Sees => "sees",
                CameraState::Fails => "fails",
                CameraState::Ended => "ended",
            };
            entries.push(note("camera", detail, world.now));
        }
    }

    fn plate_seen(&mut self, reading: Reading, world: &World<'_>, entries: &mut Vec<Entry>) {
        let State::Open(open) = &mut self.state else {
            self.plate = Some((reading, world.mono));
            return;
        };
        let is_new = open.plate.as_ref() != Some(&reading);
        open.plate = Some(reading);
        self.judge_again(is_new, world, entries);
    }

    /// Judges what is open once more: a fact has come, or HQ has spoken.
    fn judge_again(&mut self, write: bool, world: &World<'_>, entries: &mut Vec<Entry>) {
        let number = self.settings.number;
        let State::Open(open) = &mut self.state else { return };
        let again = judge(&open.text, around(world, open.plate.as_ref(), false));
        let changed = again.verdict != open.judgement.verdict;
        open.judgement = again;
        if write || changed {
            entries.push(Entry::Crossing(crossing(open, number, world.now)));
        }
    }

    fn key(&mut self, key: Key, world: &World<'_>, entries: &mut Vec<Entry>) {
        match key {
            Key::Digit(digit @ 0..=9) => self.type_in(char::from(b'0' + digit)),
            Key::Letter(letter) => self.type_in(letter),
            Key::Backspace => drop(self.typed.pop()),
            Key::No if !self.typed.is_empty() => self.typed.clear(),
            Key::Enter if !self.typed.is_empty() => {
                let reading = Reading::new(&std::mem::take(&mut self.typed));
                self.plate_seen(reading, world, entries);
            }
            Key::Yes | Key::Enter => self.yes(world, entries),
            Key::No => self.close(Action::TurnedBack, world, entries),
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

    fn yes(&mut self, world: &World<'_>, entries: &mut Vec<Entry>) {
        let State::Open(open) = &self.state else { return };
        if open.judgement.verdict.outcome == Outcome::Refuse {
            return;
        }
        if self.admitted.len() == REMEMBERED {
            self.admitted.pop_front();
        }
        self.admitted.push_back(Admitted { text: open.text.clone(), at: world.now, mono: world.mono });
        self.close(Action::Passed, world, entries);
    }

    /// Closes what is open; the state says how unless the next pass is already here.
    fn close(&mut self, action: Action, world: &World<'_>, entries: &mut Vec<Entry>) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Open(open) => {
                entries.push(Entry::Closing(Closing { id: open.id, at: world.now, action }));
                if matches!(action, Action::Passed | Action::TurnedBack) {
                    self.state = State::Closed { last: open, action, at: world.mono };
                }
            }
            // Keys do nothing to what is closed already; the next pass replaces it.
            other if matches!(action, Action::Passed | Action::TurnedBack) => self.state = other,
            _ => {}
        }
    }

    fn turn(&mut self, world: &World<'_>, entries: &mut Vec<Entry>) {
        let since = |seen: Duration| world.mono.saturating_sub(seen);
        match &self.state {
            State::Open(open) if since(open.seen) >= Duration::from_secs(self.settings.absence) => {
                self.close(Action::Absence, world, entries);
            }
            State::Open(open) if world.release.map_or(0, Release::sequence) != open.judgement.release => {
                self.judge_again(false, world, entries);
            }
            State::Closed { last, at, .. } if since(last.seen.max(*at)) >= LINGER => self.state = State::Idle,
            State::AdmittedBefore { seen, .. } if since(*seen) >= LINGER => self.state = State::Idle,
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

fn around<'a>(world: &World<'a>, plate: Option<&'a Reading>, plate_agreed: bool) -> Circumstances<'a> {
    Circumstances { release: world.release, now: world.now, plate, plate_agreed }
}

/// What is written down of a crossing: only what the decision needed.
fn crossing(open: &Open, lane: u8, at: WallTime) -> Crossing {
    let Open { id, judgement, plate, read_us, .. } = open;
    let document = judgement.document.as_ref();
    Crossing {
        id: *id,
        at,
        lane,
        format: document.map(|d| d.format.as_str().to_owned()),
        issuer: document.map(|d| d.issuer.clone()),
        pass_id: document.map(|d| d.id.clone()),
        kind: document.map(|d| d.kind.number()),
        plate_seen: plate.as_ref().map(|p| p.folded().to_owned()),
        plate_bound: document.and_then(|d| d.plates.first()).map(|p| p.as_str().to_owned()),
        outcome: match judgement.verdict.outcome {
            Outcome::Admit => wire::entry::Outcome::Admit,
            Outcome::Check => wire::entry::Outcome::Check,
            Outcome::Refuse => wire::entry::Outcome::Refuse,
        },
        reasons: judgement.verdict.reasons.iter().map(|r| r.number()).collect(),
        release: judgement.release,
        release_age: judgement.release_age,
        read_us: *read_us,
        judge_us: judgement.judge_us,
    }
}

#[cfg(test)]
mod tests;
