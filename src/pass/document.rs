//! The content of a pass, whatever its format.

use plate::Binding;

/// A format of passes: signed ones carry their own proof, registered ones are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Our own signed pass.
    Mp1,
    /// EU certificate of vaccination, test or recovery.
    Hc1,
    /// New Zealand's COVID pass.
    Nzcp,
    /// SMART Health Card.
    Shc,
    /// ICAO's Visible Digital Seal for Non-Constrained environments.
    VdsNc,
    /// A link whose identifier the register holds.
    Link,
    /// A typed or printed code that the register holds.
    Code,
    /// The number of a transport card that the register holds.
    Card,
    /// A plate that the register holds.
    Plate,
}

impl Format {
    /// Every format there is.
    pub const ALL: [Self; 9] =
        [Self::Mp1, Self::Hc1, Self::Nzcp, Self::Shc, Self::VdsNc, Self::Link, Self::Code, Self::Card, Self::Plate];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mp1 => "MP1",
            Self::Hc1 => "HC1",
            Self::Nzcp => "NZCP",
            Self::Shc => "SHC",
            Self::VdsNc => "VDS-NC",
            Self::Link => "link",
            Self::Code => "code",
            Self::Card => "card",
            Self::Plate => "plate",
        }
    }

    /// How texts of a signed format begin, and no others do. Registered ones have no beginning of their own.
    pub const fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Mp1 => Some(crate::mp1::PREFIX),
            Self::Hc1 => Some(crate::hc1::PREFIX),
            Self::Nzcp => Some(crate::nzcp::PREFIX),
            Self::Shc => Some(crate::shc::PREFIX),
            Self::VdsNc => Some(crate::vdsnc::PREFIX),
            Self::Link | Self::Code | Self::Card | Self::Plate => None,
        }
    }

    /// Whether it says nothing itself, so that everything known of it stands in the register.
    pub const fn is_registered(self) -> bool {
        self.prefix().is_none()
    }

    /// Whether it is a certificate of vaccination, test or recovery: about a person and never a vehicle.
    pub const fn is_certificate(self) -> bool {
        matches!(self, Self::Hc1 | Self::Nzcp | Self::Shc | Self::VdsNc)
    }

    /// Whether its passes must say when they end. Health cards need not: what they tell has happened for good, and how
    /// long it counts is for rules of acceptance.
    pub const fn must_end(self) -> bool {
        !matches!(self, Self::Shc)
    }

    /// The format with a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

/// What a pass is for, by number. Policy names the kinds of passes; certificates have fixed numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(pub u16);

impl Kind {
    /// A certificate of vaccination.
    pub const VACCINATION: Self = Self(1001);
    /// A certificate of a test.
    pub const TEST: Self = Self(1002);
    /// A certificate of recovery.
    pub const RECOVERY: Self = Self(1003);
    /// New Zealand's COVID pass, which does not say what it was given for.
    pub const COVID_PASS: Self = Self(1004);

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// How often a pass may be used; an absent limit does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Limits {
    /// Trips within `days`.
    pub trips: Option<u64>,
    /// Days within which `trips` are counted.
    pub days: Option<u64>,
    /// Trips a day.
    pub per_day: Option<u64>,
    /// Minutes each.
    pub minutes: Option<u64>,
}

/// Where a pass stands in its issuer's status list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusIndex {
    /// The list.
    pub series: u64,
    /// The place in it.
    pub index: u64,
}

/// The hashes under which a certificate of the EU may be revoked, each the first 16 bytes of a SHA-256. They
/// name the certificate in a list and nothing else: no name, date or text can be had from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RevocationHashes {
    /// Over the certificate identifier (`UCI`).
    pub uci: [u8; 16],
    /// Over the issuing country, followed by the identifier (`COUNTRYCODEUCI`).
    pub country_uci: [u8; 16],
    /// Over the signature; of an ECDSA signature over its first half, r: whoever holds the certificate can
    /// turn s into another that holds as well, but not r (`SIGNATURE`).
    pub signature: [u8; 16],
}

/// What a pass says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its format.
    pub format: Format,
    /// Who says so: an ISO 3166-2 code, a country, a municipality.
    pub issuer: String,
    /// Its id: cti, or the certificate identifier as UTF-8.
    pub id: Vec<u8>,
    /// What it is for.
    pub kind: Kind,
    /// Unix seconds from which it is valid.
    pub not_before: Option<i64>,
    /// Unix seconds after which it is not.
    pub expires: Option<i64>,
    /// Unix seconds of issue.
    pub issued: Option<i64>,
    /// Plates, any one of which will do; empty binds none.
    pub plates: Vec<Binding>,
    /// What the officer compares with the document: initials, the first letter, a name.
    pub holder: Option<String>,
    /// Birth date as far as the pass shows it (`YYYY`, `YYYY-MM`, `YYYY-MM-DD`).
    pub birth: Option<String>,
    /// Last digits of the ID document.
    pub id_digits: Option<String>,
    /// Transport cards.
    pub cards: Vec<u64>,
    /// Regions it is valid for, by number; empty does not limit.
    pub regions: Vec<u64>,
    /// Limits of use.
    pub limits: Option<Limits>,
    /// Route or zone.
    pub route: Option<String>,
    /// Where its status is told.
    pub status: Option<StatusIndex>,
    /// By which hashes it may be revoked, where its format knows such.
    pub revocation: Option<RevocationHashes>,
}

impl Document {
    /// A document that says nothing but its format and kind.
    pub const fn empty(format: Format, kind: Kind) -> Self {
        Self {
            format,
            issuer: String::new(),
            id: Vec::new(),
            kind,
            not_before: None,
            expires: None,
            issued: None,
            plates: Vec::new(),
            holder: None,
            birth: None,
            id_digits: None,
            cards: Vec::new(),
            regions: Vec::new(),
            limits: None,
            route: None,
            status: None,
            revocation: None,
        }
    }
}
