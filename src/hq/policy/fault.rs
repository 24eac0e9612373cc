//! What can be wrong with a policy, what is only risky, and what either means at the checkpoint.

use std::fmt;

use pass::registered::BadForm;
use verdict::condition::BadCondition;

/// Something to say about a place in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<T> {
    /// The key, with the number of its block where there are several: `kind[2].limits.per_day`.
    pub key: String,
    /// Its line, from 1; none when it is not there at all.
    pub line: Option<usize>,
    /// What is to be said.
    pub what: T,
}

impl<T: fmt::Display> fmt::Display for Finding<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}", self.what)
    }
}

/// Why a policy is not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Not TOML, a key that nobody knows, a key that is missing, a value of another type.
    #[error("{0}")]
    Syntax(String),
    /// A format that no box reads.
    #[error("{0:?} is no format that boxes read")]
    Format(String),
    /// `old_after` before `fresh_for`.
    #[error("old_after is shorter than fresh_for")]
    Freshness,
    /// A number, a code or a name that is there already.
    #[error("stands here twice")]
    Twice,
    /// A code that could be something else.
    #[error("{0:?} is not lower-case letters, digits and '-', or would be taken for a number")]
    Code(String),
    /// A name that does not fit.
    #[error("a name has 1 to {1} characters, not {0:?}")]
    Name(String, usize),
    /// Longer than a pass may be valid.
    #[error("a pass is valid for 400 days at most, and not for nothing")]
    Validity,
    /// No point in time.
    #[error("{0:?} is no date and time such as \"2020-04-30T23:59:59+03:00\"")]
    When(String),
    /// Limits that limit nothing, or everything.
    #[error("a limit is a number from 1 on; minutes up to 1440, and within whole days up to 366, with trips")]
    Limits,
    /// A condition that cannot be asked.
    #[error("no condition: {0}")]
    Condition(#[from] BadCondition),
    /// A form of registered passes.
    #[error("{}", .0.fault)]
    Form(BadForm),
    /// A country that has no two letters.
    #[error("{0:?} is no country's two letters")]
    Country(String),
    /// A kind that has no block.
    #[error("no kind has the code {0:?}")]
    Kind(String),
    /// A kind that is no certificate, or two countries for one.
    #[error("{0:?} is no certificate, or another country's rules count for it already")]
    Acceptance(String),
    /// A device of no sort.
    #[error("{0:?} is none of hikvision, frigate, axis, json")]
    Source(String),
    /// A confidence that is none.
    #[error("a confidence is between 0.0 and 1.0")]
    Confidence,
    /// A number that makes no sense.
    #[error("must be {0}")]
    Range(&'static str),
    /// More than a box takes.
    #[error("has more than {0} entries")]
    TooMany(usize),
}

impl Fault {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "syntax",
            Self::Format(_) => "format",
            Self::Freshness => "freshness",
            Self::Twice => "twice",
            Self::Code(_) => "code",
            Self::Name(..) => "name",
            Self::Validity => "validity",
            Self::When(_) => "when",
            Self::Limits => "limits",
            Self::Condition(_) => "condition",
            Self::Form(_) => "form",
            Self::Country(_) => "country",
            Self::Kind(_) => "kind",
            Self::Acceptance(_) => "acceptance",
            Self::Source(_) => "source",
            Self::Confidence => "confidence",
            Self::Range(_) => "range",
            Self::TooMany(_) => "too-many",
        }
    }

    /// What it would mean at the checkpoint.
    pub const fn means(&self) -> &'static str {
        match self {
            Self::Syntax(_) => {
                "the file cannot be understood, so no release is made: boxes go on by the rules they have"
            }
            Self::Format(_) => "passes that nobody reads would be promised",
            Self::Freshness => "a pass could be refused for an unknown key while nothing is believed any more",
            Self::Twice => "an officer could not tell which of the two a verdict or an entry goes by",
            Self::Code(_) => "commands and the journal could not name it",
            Self::Name(..) => "it would not fit on the smallest panel, or say nothing",
            Self::Validity => "boxes refuse such passes: implausible dates",
            Self::When(_) => "nobody could tell when passes of this kind end",
            Self::Limits => "every pass of this kind would be used up at once, or never",
            Self::Condition(_) => "every pass of this kind would have to be checked: condition unknown",
            Self::Form(_) => "texts would be looked up that are no passes, or passes would be taken for no passes",
            Self::Country(_) | Self::Kind(_) | Self::Acceptance(_) => {
                "certificates would be accepted by nobody's rules, or by two"
            }
            Self::Source(_) | Self::Confidence => "readings of plates would be believed nothing, or anything",
            Self::Range(_) => "officers and drivers would meet a rule that nobody can keep",
            Self::TooMany(_) => "an officer cannot choose among so many with three keys",
        }
    }
}

/// What a policy may say, and had better not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Risk {
    /// Nothing binds a pass of the kind to anybody.
    #[error("green for whoever shows a copy: no plate, no document, nothing to compare")]
    AnybodysCopy,
    /// Codes may be guessed.
    #[error("codes and cards can be tried without end: there is no [attempts]")]
    Guessing,
    /// So many tries that guessing pays.
    #[error("more than 20 tries a minute find short codes in weeks")]
    ManyTries,
    /// Old knowledge is believed for long.
    #[error("a pass that was revoked yesterday is green for more than 30 days where there is no line")]
    BelievedLong,
    /// A limit that other boxes' uses are never missed for.
    #[error("with no freshness.uses_old_after, a pass used up elsewhere is green where there is no line")]
    UsesNeverOld,
    /// The same pass is not counted for long.
    #[error("whoever comes back within so long is not counted a second time, though there are limits")]
    LongGrace,
    /// Certificates of any age.
    #[error("every certificate whose signature holds is accepted, a test of last year too: there is no [[acceptance]]")]
    AnyCertificate,
    /// Forms that nobody reads.
    #[error("nobody looks these up: their format is not in formats")]
    NotRead,
    /// A format without a form.
    #[error("a format that no form describes: every such text is no pass")]
    NoForm,
    /// A format of certificates without kinds.
    #[error("a format none of whose kinds has a block: every such certificate is refused")]
    NoKind,
    /// A device speaks for the officer on little confidence.
    #[error("a reading that is wrong one time in ten counts as the officer's yes")]
    EasilyBelieved,
    /// Plates are used as passes, and may be read wrongly.
    #[error("whoever screws on another's plate is admitted: the register says nothing about who drives")]
    PlateAlone,
    /// A digit of plate binds too little.
    #[error("a link proves nothing about who shows it: let best be \"check\", or compare the document")]
    LinkAlone,
    /// The kind is not admitted.
    #[error("not admitted at present: every pass of it is refused")]
    Stopped,
}

impl Risk {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AnybodysCopy => "anybodys-copy",
            Self::Guessing => "guessing",
            Self::ManyTries => "many-tries",
            Self::BelievedLong => "believed-long",
            Self::UsesNeverOld => "uses-never-old",
            Self::LongGrace => "long-grace",
            Self::AnyCertificate => "any-certificate",
            Self::NotRead => "not-read",
            Self::NoForm => "no-form",
            Self::NoKind => "no-kind",
            Self::EasilyBelieved => "easily-believed",
            Self::PlateAlone => "plate-alone",
            Self::LinkAlone => "link-alone",
            Self::Stopped => "stopped",
        }
    }
}
