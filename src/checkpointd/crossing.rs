//! The life of a crossing, as a pure state machine: one event in, entries to write and a state out.
//!
//! | state | event | becomes | written |
//! |---|---|---|---|
//! | idle | a text | open, a use reserved | the crossing |
//! | idle | a text admitted within the grace, still not refused | admitted before | – |
//! | idle | a plate is typed, and policy takes a plate alone for a pass | open by its plate | the crossing |
//! | any | a text, while policy requires a shift and there is none | as it was; asks for a service card | – |
//! | open | the same text | open | – |
//! | open | the same text after `GAP`, another plate waiting | as when idle | closing *next pass* |
//! | open by its plate | a text | open, judged again by it | the crossing |
//! | open | another text, the open one in view until now | open: several codes are in view | – |
//! | open | another text, the open one out of view for `GAP` or no pass | as when idle | closing *next pass* |
//! | open | a plate is typed | open, judged again | the crossing, when the plate or the verdict changed |
//! | open, no plate yet, in view | a plate is read | open, judged again | the crossing |
//! | open, otherwise; closed by *no* | a plate is read | as it was: it is the next vehicle's, or for a better pass | – |
//! | open | HQ's word has changed | open, judged again | the crossing, when the verdict changed |
//! | open, not refused | *yes* | closed | closing *passed* |
//! | open | *no* | closed, the use released | closing *turned back* |
//! | open | an exemption | closed | closing *exempted*, and which |
//! | open, refused | an override, on a shift | closed | closing *overridden*, and why |
//! | open | an arrival | closed | the arrival, closing *exempted* |
//! | idle, closed | an exemption, an arrival | closed | a crossing without a pass, and as when open |
//! | open | nothing in view for `absence` | idle | closing *absence* |
//! | admitted before | the same text | admitted before | – |
//! | admitted before | another plate, or HQ's word: refused now | open | the crossing |
//! | admitted before | *yes*, *no*, an exemption, an arrival | closed | the crossing, as when open |
//! | admitted before | another text | as when idle | – |
//! | admitted before | out of view for `LINGER` | idle | – |
//! | closed | the same text, for `LINGER` after it was let pass or for ever after *no* | closed | – |
//! | closed, let pass | the same text later: the next car with the same picture? | as when idle | – |
//! | closed | another text | as when idle | – |
//! | closed | `LINGER` after the key and the last sight of it | idle | – |
//!
//! A key counts only for what has stood on the panel for `GLANCE` when it was pressed: nobody decides faster, so
//! an earlier press was meant for what stood there before. A refusal does not yield to *yes*. A text that is typed is
//! a text like one that is seen. The keypad ([`crate::keypad`]), the menu ([`crate::menu`]) and the shift
//! ([`crate::shift`]) have tables of their own. The language key, the camera's state, codes that cannot be read and
//! an update that a phone shows change what is shown and no crossing.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use board::Key;
use panel::{Language, Run};
use plate::Reading;
use reader::{CameraState, Hint};
use trust::Release;
use trust::service::ServiceCard;
use verdict::{Outcome, PlateSource, Policy, Reason};
use wire::WallTime;
use wire::entry::{Action, Entry, How};

use crate::config;
use crate::feed::FromDevice;
use crate::guide::Guide;
use crate::judge::{Books, Judgement};
use crate::keypad::Keypad;
use crate::menu::{Menu, Possible};
use crate::shift::Shifts;

mod hands;
mod life;
mod written;

pub use written::note;

/// How long the end of a crossing stays on the panel, and how long a text must be out of view before it
/// counts as shown again.
const LINGER: Duration = Duration::from_secs(3);

/// How long a text must be out of view before another one may take its place: two codes in one picture are seen
/// in turns, and must not make a crossing of every turn.
const GAP: Duration = Duration::from_millis(800);

/// How long something must have been on the panel before a key is about it.
const GLANCE: Duration = Duration::from_millis(400);

/// How long the menu stays that nobody uses.
const MENU_STAYS: Duration = Duration::from_secs(60);

/// Most admissions remembered for the grace; a lane does not pass more cars in five minutes.
const REMEMBERED: usize = 64;

/// Crossings that an officer can look back at.
const RECENT: usize = 10;

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

/// A plate, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The plate.
    pub reading: Reading,
    /// Who has read it.
    pub source: PlateSource,
}

impl Seen {
    /// As the officer typed it.
    pub fn typed(text: &str) -> Self {
        Self { reading: Reading::new(text), source: PlateSource::Officer }
    }

    /// As a device read it: policy says whether it speaks for the officer, and how sure it must be for that.
    fn read(read: FromDevice, policy: Option<&Policy>) -> Self {
        let trust = policy.and_then(|policy| policy.plates.iter().find(|trust| trust.source == read.kind));
        let is_sure = |least: u64| read.confidence.is_some_and(|confidence| u64::from(confidence) >= least);
        let is_trusted = trust.is_some_and(|trust| trust.may_agree && is_sure(trust.least));
        Self { reading: read.reading, source: PlateSource::Feed { is_trusted } }
    }
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

impl World<'_> {
    /// The region's rules, if the box knows them.
    pub fn policy(&self) -> Option<&Policy> {
        self.release.map(Release::policy)
    }
}

/// What stands before the box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// A text, and how it came.
    Text(String, How),
    /// Nothing but the vehicle's plate.
    Plate,
    /// Nothing: the officer speaks of a vehicle without a pass.
    Nothing,
}

/// A vehicle being judged, or just judged.
#[derive(Debug)]
pub struct Open {
    /// Names the crossing.
    pub id: [u8; 8],
    /// What was presented.
    pub presented: Presented,
    /// The verdict and its grounds.
    pub judgement: Judgement,
    /// The plate it was compared with.
    pub plate: Option<Seen>,
    /// The crossing of the same pass that was let pass within the grace: its use is this one's.
    before: Option<[u8; 8]>,
    read_us: u32,
    seen: Duration,
    /// When the verdict came to be what it is.
    judged: Duration,
    /// Since when it stands on the panel; not while the journal has not taken it.
    shown: Option<Duration>,
}

impl Open {
    /// The text that was read or typed; empty where there is none.
    pub fn text(&self) -> &str {
        if let Presented::Text(text, _) = &self.presented { text } else { "" }
    }

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
    crossing: [u8; 8],
    at: WallTime,
    mono: Duration,
}

/// A crossing as an officer can look back at it: nothing of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// When it ended.
    pub at: WallTime,
    /// Number of the kind of the pass.
    pub kind: Option<u16>,
    /// The plate that was seen, or else the one in the pass.
    pub plate: Option<String>,
    /// The verdict; none where there was no pass.
    pub outcome: Option<Outcome>,
    /// How it ended.
    pub action: Action,
}

/// One lane.
pub struct Lane {
    settings: config::Lane,
    draw_id: fn() -> [u8; 8],
    state: State,
    plate: Option<(Seen, Duration)>,
    keypad: Keypad,
    menu: Option<(Menu, Duration)>,
    shifts: Shifts,
    admitted: VecDeque<Admitted>,
    recent: VecDeque<Past>,
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
            shifts: Shifts::none(settings.number),
            settings,
            draw_id,
            state: State::Idle,
            plate: None,
            keypad: Keypad::default(),
            menu: None,
            admitted: VecDeque::new(),
            recent: VecDeque::new(),
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

    /// The same lane, with officers who can sign in.
    pub fn staffed(self, shifts: Shifts) -> Self {
        Self { shifts, ..self }
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
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What is being typed.
    pub const fn keypad(&self) -> &Keypad {
        &self.keypad
    }

    /// The menu, while it is on the panel.
    pub fn menu(&self) -> Option<&Menu> {
        self.menu.as_ref().map(|(menu, _)| menu)
    }

    /// The officers' shifts.
    pub const fn shifts(&self) -> &Shifts {
        &self.shifts
    }

    /// The last crossings of the shift, the newest first.
    pub fn recent(&self) -> impl Iterator<Item = &Past> {
        self.recent.iter().rev()
    }

    /// The plate that waits for its pass, or stands beside it.
    pub fn plate(&self) -> Option<&Seen> {
        match &self.state {
            State::Open(open) | State::AdmittedBefore { again: open, .. } => open.plate.as_ref(),
            State::Idle | State::Closed { .. } => self.plate.as_ref().map(|(seen, _)| seen),
        }
    }

    /// What is possible in the menu now.
    pub fn possible<'a>(&self, world: &'a World<'_>) -> Possible<'a> {
        Possible {
            policy: world.policy(),
            has_shift: self.shifts.on_duty().is_some(),
            is_refused: matches!(&self.state, State::Open(open) if open.is_refused()),
            has_recent: !self.recent.is_empty(),
        }
    }

    /// Takes one event; gives what must be durable before the new state is shown.
    pub fn on(&mut self, event: Event, world: &World<'_>) -> Vec<Entry> {
        let mut entries = Vec::new();
        match event {
            Event::Sighted { text, read_us, .. } => {
                self.guide.clear();
                self.sighted(Presented::Text(text, How::Camera), read_us, world, &mut entries);
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

    fn camera_is(&mut self, state: CameraState, world: &World<'_>, entries: &mut Vec<Entry>) {
        let before = self.camera.replace(state);
        // That it sees from the start is not worth a line.
        if before.is_some() || state != CameraState::Sees {
            entries.push(note("camera", state.as_str(), world.now));
        }
    }
}

#[cfg(test)]
mod tests;
