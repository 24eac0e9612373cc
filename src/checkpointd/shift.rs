//! The officer's shift: a service card before the camera, a PIN on the keys, and a pseudonym on what is written.
//!
//! | state | event | becomes | written |
//! |---|---|---|---|
//! | nobody, or another officer on duty | a card of HQ's | asks for the PIN | – |
//! | – | a card that does not count | says why, for a moment | – |
//! | asks | the right PIN | on duty | *ended* of the shift before, *signed in* |
//! | asks | a wrong PIN | asks again; after `FREE` of them in a row not before a wait that doubles | *wrong PIN* |
//! | asks | *no*, or nothing for `PATIENCE` | as before | – |
//! | on duty | *sign out* in the menu | nobody | *signed out* |
//! | on duty | the card's last second passes | nobody | *ended* |
//! | on duty | the same card | on duty | – |
//!
//! Wrong PINs are counted durably before one is compared, so that pulling the plug gains nothing: after a start the
//! whole wait begins anew. A shift itself lives in RAM; after a power cut the officer signs in again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::VerifyingKey;
use trust::service::{Fault, PIN, ServiceCard};
use wire::entry::{Entry, Shift, ShiftAct};
use wire::{RegionId, WallTime};

mod tries;

use tries::Tries;

/// Wrong PINs in a row that cost no time.
const FREE: u32 = 3;

/// The first wait, and the longest.
const WAIT: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(900));

/// How long the box asks for a PIN that nobody types.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it says what is wrong with a card.
const LINGER: Duration = Duration::from_secs(4);

/// Gives the keys that may have signed a card, at a time in Unix seconds.
pub type Keys = Arc<dyn Fn(i64) -> Vec<VerifyingKey> + Send + Sync>;

/// What an officer is shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// For the PIN of a card.
    Pin {
        /// Whose.
        pseudonym: String,
        /// How many digits are typed.
        typed: usize,
        /// The last one was wrong.
        wrong: bool,
        /// Seconds until another is taken.
        wait: u64,
    },
    /// For another card: this one does not count.
    OtherCard(Fault),
    /// For a card: without a shift nobody is judged.
    Card,
}

/// An officer on duty.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OnDuty {
    card: ServiceCard,
}

enum Step {
    Pin { card: ServiceCard, typed: String, wrong: bool, touched: Duration },
    OtherCard { fault: Fault, at: Duration },
    Reminded { at: Duration },
}

/// The shifts of one lane.
pub struct Shifts {
    region: RegionId,
    keys: Keys,
    lane: u8,
    tries: Tries,
    on: Option<OnDuty>,
    step: Option<Step>,
}

impl Shifts {
    /// Nobody is on duty. Wrong PINs are counted in `folder`; `mono` is the time since boot.
    pub fn open(region: RegionId, keys: Keys, lane: u8, folder: &Path, mono: Duration) -> Self {
        Self { region, keys, lane, tries: Tries::open(Some(folder.to_owned()), mono), on: None, step: None }
    }

    /// A lane that knows no officers, and so no shifts.
    pub fn none(lane: u8) -> Self {
        let region = "NONE".parse().expect("a name of letters is a name");
        Self {
            region,
            keys: Arc::new(|_| Vec::new()),
            lane,
            tries: Tries::open(None, Duration::ZERO),
            on: None,
            step: None,
        }
    }

    /// Pseudonym of who is on duty.
    pub fn on_duty(&self) -> Option<&str> {
        self.on.as_ref().map(|on| on.card.pseudonym.as_str())
    }

    /// What the officer is asked, if anything.
    pub fn asks(&self, mono: Duration) -> Option<Asks> {
        match self.step.as_ref()? {
            Step::Pin { card, typed, wrong, .. } => Some(Asks::Pin {
                pseudonym: card.pseudonym.clone(),
                typed: typed.len(),
                wrong: *wrong,
                wait: self.tries.wait(&card.id, mono).as_secs_f64().ceil() as u64,
            }),
            Step::OtherCard { fault, .. } => Some(Asks::OtherCard(*fault)),
            Step::Reminded { .. } => Some(Asks::Card),
        }
    }

    /// Whether the keys are about a PIN.
    pub const fn wants_keys(&self) -> bool {
        matches!(self.step, Some(Step::Pin { .. }))
    }

    /// Somebody wants something that needs a shift.
    pub fn remind(&mut self, mono: Duration) {
        if !self.wants_keys() {
            self.step = Some(Step::Reminded { at: mono });
        }
    }

    /// A text that is meant to be a card is in view.
    pub fn present(&mut self, text: &str, mono: Duration, now: WallTime) {
        match ServiceCard::read(text, &self.region, &(self.keys)(now.unix()), now.unix()) {
            // Still in view, or shown once more.
            Ok(card) if self.on.as_ref().is_some_and(|on| on.card == card) => {}
            Ok(card) if matches!(&self.step, Some(Step::Pin { card: asked, .. }) if *asked == card) => {}
            Ok(card) => self.step = Some(Step::Pin { card, typed: String::new(), wrong: false, touched: mono }),
            Err(_) if self.wants_keys() => {}
            Err(fault) => self.step = Some(Step::OtherCard { fault, at: mono }),
        }
    }

    /// A digit of the PIN.
    pub fn digit(&mut self, digit: u8, mono: Duration) {
        if let Some(Step::Pin { card, typed, touched, .. }) = &mut self.step
            && self.tries.wait(&card.id, mono).is_zero()
        {
            *touched = mono;
            if typed.len() < *PIN.end() {
                typed.push(char::from(b'0' + digit % 10));
            }
        }
    }

    /// The last digit was wrong.
    pub fn back(&mut self, mono: Duration) {
        if let Some(Step::Pin { typed, touched, .. }) = &mut self.step {
            *touched = mono;
            typed.pop();
        }
    }

    /// The officer thinks better of it.
    pub fn cancel(&mut self) {
        self.step = None;
    }

    /// The PIN is typed. What is to be written of it.
    pub fn enter(&mut self, mono: Duration, now: WallTime) -> Vec<Entry> {
        let Some(Step::Pin { card, typed, wrong, touched }) = &mut self.step else { return Vec::new() };
        *touched = mono;
        if typed.is_empty() || !self.tries.wait(&card.id, mono).is_zero() {
            return Vec::new();
        }
        let pin = zeroize::Zeroizing::new(std::mem::take(typed));
        // Counted first: a try that the power interrupts was one.
        let before = self.tries.count(&card.id, mono);
        if !card.is_proven_by(&pin) {
            *wrong = true;
            let (pseudonym, tries) = (card.pseudonym.clone(), before);
            return vec![self.entry(pseudonym, ShiftAct::WrongPin, Some(tries), now)];
        }
        let card = card.clone();
        self.tries.forget(&card.id);
        self.step = None;
        let mut entries: Vec<Entry> = self.end(ShiftAct::Ended, now).into_iter().collect();
        let wrong_before = Some(before - 1).filter(|tries| *tries > 0);
        entries.push(self.entry(card.pseudonym.clone(), ShiftAct::SignedIn, wrong_before, now));
        self.on = Some(OnDuty { card });
        entries
    }

    /// The officer ends the shift.
    pub fn sign_out(&mut self, now: WallTime) -> Option<Entry> {
        self.end(ShiftAct::SignedOut, now)
    }

    fn end(&mut self, act: ShiftAct, now: WallTime) -> Option<Entry> {
        let OnDuty { card } = self.on.take()?;
        Some(self.entry(card.pseudonym, act, None, now))
    }

    /// Time has passed; what is to be written of it.
    pub fn turn(&mut self, mono: Duration, now: WallTime) -> Option<Entry> {
        let since = |at: &Duration| mono.saturating_sub(*at);
        let is_over = match &self.step {
            // Who waits for the next try still wants one.
            Some(Step::Pin { card, touched, .. }) => {
                since(touched) >= PATIENCE && self.tries.wait(&card.id, mono).is_zero()
            }
            Some(Step::OtherCard { at, .. } | Step::Reminded { at }) => since(at) >= LINGER,
            None => false,
        };
        if is_over {
            self.step = None;
        }
        let has_ended = self.on.as_ref().is_some_and(|on| now.trust.is_sound() && now.unix() > on.card.valid_to);
        if has_ended { self.end(ShiftAct::Ended, now) } else { None }
    }

    fn entry(&self, pseudonym: String, act: ShiftAct, tries: Option<u32>, at: WallTime) -> Entry {
        Entry::Shift(Shift { at, lane: self.lane, pseudonym, act, tries })
    }
}

/// How long nobody may try after so many wrong PINs in a row.
fn wait_after(tries: u32) -> Duration {
    let (first, longest) = WAIT;
    match tries.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => first.saturating_mul(2u32.saturating_pow(more)).min(longest),
    }
}

/// The file of wrong PINs in the data folder.
fn file(folder: &Path) -> PathBuf {
    folder.join("shift-tries")
}

#[cfg(test)]
mod tests;
