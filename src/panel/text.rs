//! Every text on the panel, in every language.
//!
//! A language is one file with one value of [`Words`] and one text for every reason, fault and hint. A text that
//! is missing does not compile; one that does not fit its place, or has a letter that its font lacks, fails
//! a test. Nothing here is an error's text: an officer reads what is the matter and what to do.

use verdict::{Knowledge, Reason};

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

    /// Before what has been typed.
    pub typed: &'static str,

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

/// The place in an advice where the age of the list stands.
pub const AGE: &str = "{age}";
