//! What the officer's own keys bring onto the panel: what is typed, the menu, the shift.

use verdict::Outcome;

use crate::view::Names;

/// What is being typed, shown over any screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// In groups, as it is printed.
    pub text: String,
    /// What the box takes it for.
    pub meant: Meant,
    /// Letters are being chosen.
    pub letters: Option<Letters>,
}

/// What a typed text is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// A plate.
    Plate,
    /// A code.
    Code,
    /// The number of a card.
    Card,
    /// A house, or a whole address.
    Address,
    /// Nothing that is known here, as far as it goes.
    Unknown,
}

/// Letters to choose from, by the digits that name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letters {
    /// Groups of letters, or after one was named the letters in it.
    pub choices: Vec<(u8, String)>,
    /// A group was named.
    pub named: bool,
    /// The menu key, pressed now, brings the menu and not the digits.
    pub then_menu: bool,
}

/// Why a refusal is overridden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Override {
    /// Somebody's life or health is at stake.
    Emergency,
    /// A superior has said so.
    Order,
    /// The documents show that the box is wrong.
    Documents,
    /// The box is faulty.
    Fault,
}

impl Override {
    /// Every one there is, as they stand in the list.
    pub const ALL: [Self; 4] = [Self::Emergency, Self::Order, Self::Documents, Self::Fault];

    /// Stable code, for the journal.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Order => "order",
            Self::Documents => "documents",
            Self::Fault => "fault",
        }
    }
}

/// What a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Title {
    /// What there is to do.
    Menu,
    /// Who needs no pass.
    Exemptions,
    /// Why a refusal is overridden.
    Overrides,
    /// What somebody has come for.
    Purposes,
    /// Where to.
    Places,
    /// What somebody goes for who declares a trip.
    Trips,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The list of those who need no pass.
    Exemptions,
    /// The reasons for overriding.
    Overrides,
    /// Registering an arrival.
    Arrivals,
    /// Looking back.
    Recent,
    /// Ending the shift.
    SignOut,
    /// Declaring a trip.
    Trips,
    /// A place that is in no list.
    OtherPlace,
    /// A reason for overriding.
    Override(Override),
    /// Something that policy names.
    Named(Names),
}

/// A list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// What it is about.
    pub title: Title,
    /// The digits and what they stand for.
    pub choices: Vec<(u8, Choice)>,
    /// This page, from 1, and how many there are.
    pub page: (usize, usize),
    /// Pseudonym of who is on duty.
    pub shift: Option<String>,
}

/// A crossing that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// Local time, `14:02`.
    pub at: String,
    /// Name of the kind.
    pub kind: Option<Names>,
    /// The plate, folded.
    pub plate: Option<String>,
    /// The verdict; none where there was no pass.
    pub outcome: Option<Outcome>,
    /// How it ended.
    pub ending: Ending,
}

/// How a crossing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Let pass.
    Passed,
    /// Let pass although the box refused.
    Overridden,
    /// Let pass by an exemption.
    Exempted,
    /// Turned back.
    TurnedBack,
    /// Nobody has decided.
    Undecided,
}

/// What somebody without a pass states, before it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// What for.
    pub purpose: Names,
    /// Where: the settlement, if it was chosen.
    pub place: Option<String>,
    /// House and flat, the whole address, or the route; none while it is being typed.
    pub house: Option<String>,
    /// The plate, folded.
    pub plate: Option<String>,
    /// For how long.
    pub span: Stay,
}

/// For how long somebody stays, or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stay {
    /// So many days at the address.
    Days(u64),
    /// A trip of so many minutes, where there is an end to it.
    Minutes(Option<u64>),
}

/// How a shift begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// Nobody is judged without one: a service card, please.
    Card,
    /// The PIN of a card.
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
    /// The card does not count.
    Refused(CardFault),
}

/// Why a service card does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardFault {
    /// It cannot be read.
    Unreadable,
    /// HQ has not signed it.
    NotSigned,
    /// It is for another region.
    OtherRegion,
    /// Its time has not begun, or is over.
    NotNow,
}

impl CardFault {
    /// Every one there is.
    pub const ALL: [Self; 4] = [Self::Unreadable, Self::NotSigned, Self::OtherRegion, Self::NotNow];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NotSigned => "not-signed",
            Self::OtherRegion => "other-region",
            Self::NotNow => "not-now",
        }
    }
}
