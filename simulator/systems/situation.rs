//! The row of a table: what happens at the barrier, and what must stand in the ledger afterwards.

use board::Key;
use wire::entry::{Action, How, Outcome};

use crate::picture::Look;
use crate::post::Post;

/// Something that happens.
pub enum Step {
    /// A pass is held up until it is read.
    Show(String, Look),
    /// A device of this kind, this sure in thousandths, reads a plate.
    Feed(&'static str, u16, String),
    /// The officer types, and presses enter.
    Type(String),
    /// The officer presses a key.
    Press(Key),
    /// The officer presses some.
    Keys(Vec<Key>),
    /// Seconds go by.
    Wait(u64),
    /// HQ does something, or the box's surroundings change.
    Meanwhile(Box<dyn FnOnce(&mut Post)>),
}

/// A pass on a phone.
pub fn screen(text: &str) -> Step {
    Step::Show(text.to_owned(), Look::Screen)
}

/// A pass in another way.
pub fn shown(text: &str, look: Look) -> Step {
    Step::Show(text.to_owned(), look)
}

/// A camera above the road, one of Hikvision, has read this plate and is sure.
pub fn feed(plate: &str) -> Step {
    feed_of("hikvision", 970, plate)
}

/// A device of this kind, this sure in thousandths, has read this plate.
pub fn feed_of(kind: &'static str, confidence: u16, plate: &str) -> Step {
    Step::Feed(kind, confidence, plate.to_owned())
}

/// The officer types this, and presses enter.
pub fn typed(text: &str) -> Step {
    Step::Type(text.to_owned())
}

/// Seconds go by.
pub const fn wait(seconds: u64) -> Step {
    Step::Wait(seconds)
}

/// HQ does something.
pub fn meanwhile(what: impl FnOnce(&mut Post) + 'static) -> Step {
    Step::Meanwhile(Box::new(what))
}

/// The green key.
pub const YES: Step = Step::Press(Key::Yes);

/// The red key.
pub const NO: Step = Step::Press(Key::No);

/// The officer's way through the menu: its lists by digits.
pub fn menu(digits: &[u8]) -> Step {
    // With nothing typed the key offers letters first.
    let keys = [Key::Menu, Key::Menu].into_iter().chain(digits.iter().map(|digit| Key::Digit(*digit)));
    Step::Keys(keys.collect())
}

/// What must stand in the ledger; none of it where nothing may.
pub struct Expected(pub Option<Ledger>);

/// The row of a crossing as it must be opened.
pub struct Ledger {
    pub outcome: Outcome,
    pub reasons: Vec<&'static str>,
    pub kind: Option<&'static str>,
    pub how: Option<How>,
    pub action: Action,
    pub why: Option<&'static str>,
}

fn expected(outcome: Outcome, reasons: &[&'static str]) -> Expected {
    let (how, action) = (Some(How::Camera), Action::Absence);
    Expected(Some(Ledger { outcome, reasons: reasons.to_vec(), kind: None, how, action, why: None }))
}

/// Green, for this kind.
pub fn admit(kind: &'static str) -> Expected {
    expected(Outcome::Admit, &[]).of(kind)
}

/// Amber, for these reasons.
pub fn check(reasons: &[&'static str]) -> Expected {
    expected(Outcome::Check, reasons)
}

/// Red, for these reasons.
pub fn refuse(reasons: &[&'static str]) -> Expected {
    expected(Outcome::Refuse, reasons)
}

/// Nothing is written.
pub const fn nothing() -> Expected {
    Expected(None)
}

impl Expected {
    fn with(mut self, change: impl FnOnce(&mut Ledger)) -> Self {
        change(self.0.as_mut().expect("something is expected"));
        self
    }

    /// The kind that stands in the row, by its code.
    pub fn of(self, kind: &'static str) -> Self {
        self.with(|row| row.kind = Some(kind))
    }

    /// It came by the keys.
    pub fn by_keys(self) -> Self {
        self.with(|row| row.how = Some(How::Typed))
    }

    /// The officer let it pass.
    pub fn passed(self) -> Self {
        self.with(|row| row.action = Action::Passed)
    }

    /// The officer turned it back.
    pub fn turned_back(self) -> Self {
        self.with(|row| row.action = Action::TurnedBack)
    }

    /// There was no pass.
    pub fn without_pass(self) -> Self {
        self.with(|row| row.how = Some(How::NoPass))
    }

    /// It ended otherwise.
    pub fn ended(self, action: Action, why: Option<&'static str>) -> Self {
        self.with(|row| (row.action, row.why) = (action, why))
    }
}

/// One situation.
pub struct Situation {
    pub name: &'static str,
    pub steps: Vec<Step>,
    pub expected: Expected,
}

/// A row of a table.
pub fn row<const N: usize>(name: &'static str, steps: [Step; N], expected: Expected) -> Situation {
    Situation { name, steps: steps.into(), expected }
}
