//! A region's rules, as HQ signs them and the box applies them.

use minicbor::{Decode, Encode};
use pass::{Format, Kind};

use crate::{Freshness, Grade, Knowledge};

/// What an issuer's key may be believed for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Scope {
    /// The issuer the key belongs to; a pass must name the same. Empty: any (keys of foreign certificates,
    /// whose own text names the issuer).
    #[n(0)]
    pub issuer: String,
    /// Kinds it may issue.
    #[n(1)]
    pub kinds: Vec<u16>,
    /// Territories for which it may issue; empty: everywhere.
    #[n(2)]
    pub territories: Vec<String>,
    /// Unix seconds from which passes may be issued with it.
    #[n(3)]
    pub valid_from: i64,
    /// Unix seconds until which its passes may be believed.
    #[n(4)]
    pub valid_to: i64,
}

/// How the plate matters to a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum PlateRule {
    /// Compared when the pass binds one.
    #[default]
    #[n(0)]
    IfBound,
    /// The pass must bind one.
    #[n(1)]
    Required,
    /// Not looked at.
    #[n(2)]
    Ignored,
}

/// The rule for one kind.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KindRule {
    /// The kind's number.
    #[n(0)]
    pub kind: u16,
    /// Its name in Russian.
    #[n(1)]
    pub ru: String,
    /// Its name in English.
    #[n(2)]
    pub en: String,
    /// Whether it is admitted at present.
    #[n(3)]
    pub admitted: bool,
    /// How the plate matters.
    #[n(4)]
    pub plate: PlateRule,
    /// Whether the officer compares a document every time.
    #[n(5)]
    pub compare_document: bool,
}

/// A region's rules.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Policy {
    /// The territory this is for, by number as passes name it.
    #[n(0)]
    pub territory: u64,
    /// Names of the formats that are read here.
    #[n(1)]
    pub formats: Vec<String>,
    /// The kinds known here; a kind without a rule is not admitted.
    #[n(2)]
    pub kinds: Vec<KindRule>,
    /// Seconds for which a release counts as fresh: an unknown key is then a refusal.
    #[n(3)]
    pub fresh_for: i64,
    /// Seconds after which every verdict that would admit says *check: knowledge is old*.
    #[n(4)]
    pub old_after: i64,
    /// Parts that have bounds of their own; every other goes by the two above.
    #[cbor(n(5), default, skip_if = "Vec::is_empty")]
    pub freshness: Vec<Freshness>,
}

impl Policy {
    /// Whether a format is read here.
    pub fn enables(&self, format: Format) -> bool {
        self.formats.iter().any(|name| name == format.as_str())
    }

    /// What an age of a part means here.
    pub fn grade(&self, part: Knowledge, age: i64) -> Grade {
        let own = self.freshness.iter().find(|own| own.part == part);
        let (fresh_for, old_after) = own.map_or((self.fresh_for, self.old_after), |own| (own.fresh_for, own.old_after));
        match age {
            _ if age > old_after => Grade::Old,
            _ if age > fresh_for => Grade::Stale,
            _ => Grade::Fresh,
        }
    }

    /// The rule for a kind.
    pub fn rule(&self, kind: Kind) -> Option<&KindRule> {
        self.kinds.iter().find(|rule| rule.kind == kind.number())
    }
}
