//! What the panel shows at one moment, as values: made by the lane, drawn here, kept by nobody.

use serde::Deserialize;
use verdict::{Grade, Knowledge, Outcome, Reason};

use crate::desk::{Arrival, Menu, Past, SignIn, Typed};
use crate::enrol::Enrol;

/// Language of the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Russian.
    #[default]
    Ru,
    /// English.
    En,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::Ru, Self::En];

    /// The one the language key switches to.
    pub const fn next(self) -> Self {
        match self {
            Self::Ru => Self::En,
            Self::En => Self::Ru,
        }
    }

    /// Its code (ISO 639-1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }
}

/// Everything on the officer's panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The language.
    pub language: Language,
    /// The main part.
    pub screen: Screen,
    /// What is being typed; shown over any screen.
    pub typed: Option<Typed>,
    /// The line at the edge.
    pub bar: Bar,
}

/// The main part of the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// Nobody is here: the pass goes to the camera.
    Idle,
    /// Something is in view that cannot be read: what to do with it.
    Hint(Hint),
    /// A vehicle has been judged; the officer decides.
    Verdict(Card),
    /// The officer has decided.
    Closed {
        /// Let pass, or turned back.
        passed: bool,
        /// What was decided about.
        card: Card,
    },
    /// A pass that was admitted a short while ago is shown again.
    AdmittedBefore {
        /// Local time of the admission, `14:02`.
        at: String,
        /// The pass.
        card: Card,
    },
    /// The box cannot do its work.
    Fault(Fault),
    /// A stick was put in: how far it is, or what came of it.
    Stick(Stick),
    /// A phone shows an update to the camera: how far it is, or what came of it.
    Run(Run),
    /// HQ does not know the box yet: its request, or what came of the answer.
    Enrol(Enrol),
    /// A list to choose from.
    Menu(Menu),
    /// The last crossings, the newest first.
    Recent(Vec<Past>),
    /// An arrival without a pass, before it is written down.
    Arrival(Arrival),
    /// A shift is to begin.
    SignIn(SignIn),
}

/// A judged pass as the officer sees it: only what the decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The verdict.
    pub outcome: Outcome,
    /// What speaks against plain green, weightiest first.
    pub reasons: Vec<Reason>,
    /// Name of the kind, in Russian and English.
    pub kind: Option<Names>,
    /// Who signed the pass.
    pub issuer: Option<String>,
    /// Plates it binds, folded, `?` for a place left open; any one will do.
    pub plates: Vec<String>,
    /// The plate of the vehicle as it was read or typed, folded.
    pub plate_seen: Option<String>,
    /// Initials or a name to compare with the document.
    pub holder: Option<String>,
    /// Birth date as far as the pass shows it.
    pub birth: Option<String>,
    /// Last digits of the ID document.
    pub id_digits: Option<String>,
    /// Local time of the end of its validity, `30.06.2020 23:59`.
    pub ends: Option<String>,
    /// What was presented, where the pass itself says nothing.
    pub presented: Option<Presented>,
    /// Day and month until which a code claims to be valid, `11.04`: nothing proves it.
    pub claimed_until: Option<String>,
    /// Route or zone of the trip.
    pub route: Option<String>,
    /// Minutes the trip may take.
    pub minutes: Option<u64>,
    /// A device has read the plate.
    pub by_feed: bool,
    /// Age in minutes of the list of those who may issue.
    pub list_age_minutes: u64,
}

/// What is looked up in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presented {
    /// A link, which is never opened.
    Link,
    /// A code.
    Code,
    /// The number of a card.
    Card,
    /// The vehicle's plate alone.
    Plate,
}

impl Presented {
    /// Every one there is.
    pub const ALL: [Self; 4] = [Self::Link, Self::Code, Self::Card, Self::Plate];
}

/// A name in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// In Russian.
    pub ru: String,
    /// In English.
    pub en: String,
}

impl Names {
    /// The name in a language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Ru => &self.ru,
            Language::En => &self.en,
        }
    }
}

/// Why nothing reads, as far as it is known; each has a screen that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// A code is in view; nothing is known of why it does not read.
    Unread,
    /// It is too small.
    TooFar,
    /// It is larger than the picture.
    TooClose,
    /// There is too little light.
    TooDark,
    /// A reflection lies on it.
    Glare,
    /// It is out of focus, or moves.
    Blurred,
    /// A part of it is covered or outside the picture.
    CutOff,
    /// It is a code of another kind.
    NotQr,
}

impl Hint {
    /// Every hint there is.
    pub const ALL: [Self; 8] = [
        Self::Unread,
        Self::TooFar,
        Self::TooClose,
        Self::TooDark,
        Self::Glare,
        Self::Blurred,
        Self::CutOff,
        Self::NotQr,
    ];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::TooFar => "too-far",
            Self::TooClose => "too-close",
            Self::TooDark => "too-dark",
            Self::Glare => "glare",
            Self::Blurred => "blurred",
            Self::CutOff => "cut-off",
            Self::NotQr => "not-a-qr-code",
        }
    }
}

/// Why the box cannot do its work. Each has a screen that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It has adopted no release yet, or has lost it.
    NoTrust,
    /// Crossings cannot be written down.
    Journal,
    /// No picture comes from the camera.
    Camera,
    /// The camera gives the same picture again and again, or none any more.
    CameraFrozen,
    /// The camera's pictures are black.
    CameraBlack,
    /// Something lies on the camera's lens.
    CameraCovered,
}

impl Fault {
    /// Every fault there is.
    pub const ALL: [Self; 6] =
        [Self::NoTrust, Self::Journal, Self::Camera, Self::CameraFrozen, Self::CameraBlack, Self::CameraCovered];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoTrust => "no-trust",
            Self::Journal => "journal",
            Self::Camera => "camera",
            Self::CameraFrozen => "camera-frozen",
            Self::CameraBlack => "camera-black",
            Self::CameraCovered => "camera-covered",
        }
    }
}

/// What becomes of a stick that was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stick {
    /// It is being read.
    Reading {
        /// Bytes that are here.
        done: u64,
        /// Bytes that are known to be needed.
        total: u64,
    },
    /// What it held is in force now.
    Adopted {
        /// Sequence of the release.
        sequence: u64,
    },
    /// It holds the release that is in force.
    Current {
        /// Its sequence.
        sequence: u64,
    },
    /// The box has a newer one.
    Older {
        /// Sequence of the release in force.
        here: u64,
        /// Sequence on the stick.
        there: u64,
    },
    /// It is for another region.
    OtherRegion {
        /// Which.
        region: String,
    },
    /// Not all of it can be read, or it was altered.
    Damaged,
    /// It is not signed by this region.
    NotSigned,
    /// Its last day has passed.
    TooOld,
    /// It was pulled before all of it was read.
    Pulled,
    /// There is no release on it.
    Nothing,
    /// The box cannot write down what it reads.
    Failed,
    /// HQ's receipt was on it: HQ has what the box had written on a stick before.
    Settled,
    /// A receipt was on it that is not HQ's word about this box's journal.
    WrongReceipt,
}

impl Stick {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Reading { .. } => "reading",
            Self::Adopted { .. } => "adopted",
            Self::Current { .. } => "current",
            Self::Older { .. } => "older",
            Self::OtherRegion { .. } => "other-region",
            Self::Damaged => "damaged",
            Self::NotSigned => "not-signed",
            Self::TooOld => "too-old",
            Self::Pulled => "pulled",
            Self::Nothing => "nothing",
            Self::Failed => "failed",
            Self::Settled => "settled",
            Self::WrongReceipt => "wrong-receipt",
        }
    }

    /// Whether all is as it should be.
    pub const fn is_well(&self) -> bool {
        matches!(
            self,
            Self::Reading { .. } | Self::Adopted { .. } | Self::Current { .. } | Self::Older { .. } | Self::Settled
        )
    }
}

/// What becomes of an update that a phone shows to the camera, picture by picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// It is coming.
    Receiving {
        /// How much of it is here, in percent.
        percent: u8,
    },
    /// All of it is here and is being checked.
    Checking,
    /// It is in force now.
    Adopted {
        /// Sequence of the release.
        sequence: u64,
    },
    /// It was in force before.
    Current {
        /// Sequence of the release.
        sequence: u64,
    },
    /// The box has a newer one.
    Older {
        /// Sequence of the release in force.
        here: u64,
        /// Sequence of the one that was shown.
        there: u64,
    },
    /// It is for another region.
    OtherRegion {
        /// Which.
        region: String,
    },
    /// It goes on from a release that the box does not have.
    Missing,
    /// It is not what it says, or not signed by this region.
    NotSigned,
    /// Its last day has passed.
    TooOld,
    /// The box cannot write it down.
    Failed,
}

impl Run {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Receiving { .. } => "receiving",
            Self::Checking => "checking",
            Self::Adopted { .. } => "adopted",
            Self::Current { .. } => "current",
            Self::Older { .. } => "older",
            Self::OtherRegion { .. } => "other-region",
            Self::Missing => "missing",
            Self::NotSigned => "not-signed",
            Self::TooOld => "too-old",
            Self::Failed => "failed",
        }
    }

    /// Whether all is as it should be.
    pub const fn is_well(&self) -> bool {
        match self {
            Self::Receiving { .. }
            | Self::Checking
            | Self::Adopted { .. }
            | Self::Current { .. }
            | Self::Older { .. } => true,
            Self::OtherRegion { .. } | Self::Missing | Self::NotSigned | Self::TooOld | Self::Failed => false,
        }
    }
}

/// The line at the edge: how the box itself is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Local time, `14:02`; absent on a box that knows none.
    pub time: Option<String>,
    /// Whether that time may be believed.
    pub clock_is_sound: bool,
    /// Whether there is a connection to HQ; absent on a box that is to work alone.
    pub online: Option<bool>,
    /// Rows that HQ has not receipted.
    pub queue: u64,
    /// Sequence of the release in force.
    pub release: Option<u64>,
    /// Its age in minutes.
    pub release_age_minutes: u64,
    /// What policy makes of what the box knows, by its worst part.
    pub knowledge: Grade,
    /// That part and its age in minutes, where it is older than the release.
    pub worst: Option<(Knowledge, u64)>,
    /// Crossings are being lost, by policy: the journal cannot be written.
    pub journal_fails: bool,
    /// What room the journal has, where there is so little that the officer is to know.
    pub room: Option<Room>,
}

/// Little room for what is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Room {
    /// For so many hours at the present traffic.
    Hours(u32),
    /// It cannot be told for how long.
    Little,
}
