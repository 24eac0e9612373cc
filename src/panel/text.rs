//! Every text on the panel, in every language.
//!
//! A language is one file with one value of [`Words`] and one text for every reason, fault and hint. A text that
//! is missing does not compile; one that does not fit its place, or has a letter that its font lacks, fails
//! a test. Nothing here is an error's text: an officer reads what is the matter and what to do.

use verdict::{Knowledge, Reason};

use crate::desk::SignIn;
use crate::driver::Driver;
use crate::enrol::Enrol;
use crate::view::{Fault, Hint, Language, Run, Stick};

mod en;
mod ru;

/// What the matter is, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// A few words, without a full stop.
    pub headline: &'static str,
    /// One or two short sentences.
    pub advice: &'static str,
}

const fn said(headline: &'static str, advice: &'static str) -> Said {
    Said { headline, advice }
}

/// A reason as an officer understands it.
pub const fn reason(language: Language, reason: Reason) -> Said {
    match language {
        Language::Ru => ru::reason(reason),
        Language::En => en::reason(reason),
    }
}

/// A fault as an officer understands it.
pub const fn fault(language: Language, fault: Fault) -> Said {
    match language {
        Language::Ru => ru::fault(fault),
        Language::En => en::fault(fault),
    }
}

/// What to do with something that cannot be read.
pub const fn hint(language: Language, hint: Hint) -> Said {
    match language {
        Language::Ru => ru::hint(hint),
        Language::En => en::hint(hint),
    }
}

/// What becomes of a stick, as an officer understands it.
pub const fn stick(language: Language, stick: &Stick) -> Said {
    match language {
        Language::Ru => ru::stick(stick),
        Language::En => en::stick(stick),
    }
}

/// What becomes of an update that a phone shows, as an officer understands it.
pub const fn run(language: Language, run: &Run) -> Said {
    match language {
        Language::Ru => ru::run(run),
        Language::En => en::run(run),
    }
}

/// How a shift begins, as an officer understands it.
pub const fn sign_in(language: Language, sign_in: &SignIn) -> Said {
    match language {
        Language::Ru => ru::sign_in(sign_in),
        Language::En => en::sign_in(sign_in),
    }
}

/// What the driver is told in a word or two, if anything.
pub const fn driver(language: Language, driver: Driver) -> Option<&'static str> {
    let [hold_here, wait, go, stop] = words(language).driver;
    match driver {
        Driver::Nothing => None,
        Driver::HoldHere => Some(hold_here),
        Driver::Wait => Some(wait),
        Driver::Go => Some(go),
        Driver::Stop => Some(stop),
    }
}

/// What becomes of a box that is to be enrolled, as those who enrol it understand it.
pub const fn enrol(language: Language, enrol: &Enrol) -> Said {
    match language {
        Language::Ru => ru::enrol(enrol),
        Language::En => en::enrol(enrol),
    }
}

/// The other texts.
pub const fn words(language: Language) -> &'static Words {
    match language {
        Language::Ru => &ru::WORDS,
        Language::En => &en::WORDS,
    }
}

/// Every text that is neither a reason nor a fault nor a hint nor about a carrier.
#[derive(Debug)]
pub struct Words {
    /// The word of *admit*. The three words differ in length, so that they differ from afar.
    pub admit: &'static str,
    /// The word of *check*.
    pub check: &'static str,
    /// The word of *refuse*.
    pub refuse: &'static str,
    /// Said of an admitted pass.
    pub proven: Said,
    /// The word of a vehicle let pass.
    pub passed: &'static str,
    /// The word of a vehicle turned back.
    pub turned_back: &'static str,
    /// What comes after a closed crossing.
    pub next: &'static str,
    /// Said of a pass that was admitted before; the time stands above the headline.
    pub admitted_before: Said,
    /// Said to whoever comes.
    pub idle: Said,
    /// What can be done while nobody has held anything up.
    pub idle_type: &'static str,
    /// Holds whenever a pass is not refused.
    pub only_with_document: &'static str,

    /// Said beside the request of a box that HQ does not know yet.
    pub enrol: Said,
    /// Above the digits of its request.
    pub enrol_compare: &'static str,

    /// Printed on the green key.
    pub yes: &'static str,
    /// Printed on the red key.
    pub no: &'static str,
    /// What *yes* says when a plate is compared.
    pub plate_agrees: &'static str,
    /// What *yes* says when a document is compared.
    pub document_agrees: &'static str,
    /// What *yes* says otherwise.
    pub let_pass: &'static str,
    /// What *no* says.
    pub turn_back: &'static str,

    /// Above a plate: bound by the pass.
    pub plate_in_pass: &'static str,
    /// Above several plates of which one will do.
    pub plates_in_pass: &'static str,
    /// Above a plate: as it was read.
    pub plate_on_car: &'static str,
    /// Beside the plate in the pass where the one on the car stands above it.
    pub in_pass: &'static str,
    /// Before the birth date.
    pub birth: &'static str,
    /// Before the last digits of the document.
    pub id_digits: &'static str,
    /// Above the end of validity where that is the fact.
    pub ends: &'static str,
    /// Before the end of validity within a line.
    pub until: &'static str,
    /// Before the day when the certificate of a box ends.
    pub certificate: &'static str,
    /// Before further reasons.
    pub further: &'static str,
    /// Before the number of what there was no room for.
    pub and_more: &'static str,

    /// What a typed text is taken for: a plate, a code, a card, an address, nothing that is known.
    pub meant: [&'static str; 5],
    /// Above groups of letters.
    pub choose_group: &'static str,
    /// Above the letters of a group.
    pub choose_letter: &'static str,
    /// What the menu key does while letters are chosen: digits again.
    pub menu_digits: &'static str,
    /// Or the menu.
    pub menu_menu: &'static str,
    /// Printed on the menu key.
    pub menu_key: &'static str,

    /// Titles of lists, in the order of [`Title`](crate::desk::Title).
    pub titles: [&'static str; 6],
    /// Entries at the top of the menu, in the order of [`Choice`](crate::desk::Choice).
    pub choices: [&'static str; 7],
    /// Reasons for overriding, in the order of [`Override`](crate::desk::Override).
    pub overrides: [&'static str; 4],
    /// Before the pseudonym of who is on duty.
    pub shift: &'static str,
    /// Nobody is on duty.
    pub no_shift: &'static str,
    /// What the key 0 does where a list has more pages.
    pub further_page: &'static str,
    /// What *no* says in the menu.
    pub close: &'static str,
    /// Above the last crossings.
    pub recent: &'static str,
    /// How crossings ended, in the order of [`Ending`](crate::desk::Ending).
    pub endings: [&'static str; 5],
    /// A crossing without a pass.
    pub without_pass: &'static str,
    /// Above an arrival that is to be written down.
    pub arrival: &'static str,
    /// Above one whose house is being typed.
    pub arrival_house: &'static str,
    /// Above one whose whole address is being typed.
    pub arrival_address: &'static str,
    /// Above a trip that is to be written down.
    pub trip_stated: &'static str,
    /// Above one whose route is being typed.
    pub trip_route: &'static str,
    /// For how many days.
    pub arrival_days: &'static str,
    /// What *yes* says then.
    pub write_down: &'static str,
    /// What *yes* says where something is typed.
    pub take: &'static str,
    /// Before the seconds of a wait.
    pub wait: &'static str,
    /// Unit of a wait.
    pub seconds: &'static str,

    /// What was presented, in the order of [`Presented`](crate::view::Presented).
    pub presented: [&'static str; 4],
    /// Before the day that a code claims, within a line.
    pub claimed: &'static str,
    /// Above that day where it is the fact.
    pub claims: &'static str,
    /// Before the minutes of a trip.
    pub trip: &'static str,
    /// What the driver is told: hold it here, wait, go, stop.
    pub driver: [&'static str; 4],

    /// The box knows no time.
    pub no_time: &'static str,
    /// There is a connection.
    pub online: &'static str,
    /// There is none.
    pub offline: &'static str,
    /// Before the number of rows without a receipt.
    pub queue: &'static str,
    /// Before the number of the release.
    pub release: &'static str,
    /// No release was adopted.
    pub no_release: &'static str,
    /// Unit of its age.
    pub minutes: &'static str,
    /// Unit of its age.
    pub hours: &'static str,
    /// Unit of its age.
    pub days: &'static str,
    /// Parts of what the box knows, in the order of [`Knowledge::ALL`].
    pub knowledge: [&'static str; Knowledge::ALL.len()],
    /// Crossings are being lost.
    pub journal_fails: &'static str,
    /// The journal, before how long its room lasts.
    pub journal: &'static str,
    /// Said to the officer while there is little room, with the hours.
    pub room_for: &'static str,
    /// And where nobody can tell for how long.
    pub little_room: &'static str,

    /// Before the number of a release on a stick.
    pub on_stick: &'static str,
    /// Before the number of a release that a phone shows.
    pub on_phone: &'static str,
    /// Before the number of the release that is in force beside it.
    pub on_box: &'static str,
    /// Unit of what was read of a stick.
    pub kilobytes: &'static str,
    /// Unit of what was read of a stick.
    pub megabytes: &'static str,
}

/// A part of what the box knows, in a word or two.
pub const fn knowledge(words: &Words, part: Knowledge) -> &'static str {
    words.knowledge[part.number() as usize]
}

/// The place in a text where hours stand.
pub const HOURS: &str = "{hours}";

/// The place in a text where days stand.
pub const DAYS: &str = "{days}";

/// The place in an advice where the age of the list stands.
pub const AGE: &str = "{age}";
