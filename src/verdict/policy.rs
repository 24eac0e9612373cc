//! A region's rules, as HQ signs them and the box applies them.

use minicbor::{Decode, Encode};
use pass::registered::Forms;
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
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
    /// How often it may be used, where the pass itself does not say less.
    #[n(6)]
    pub limits: Option<Limits>,
    /// What must hold beyond this table, as an expression.
    #[n(7)]
    pub condition: Option<String>,
    /// Whether the officer compares the next fact every time: such a pass alone never admits.
    #[cbor(n(8), default, skip_if = "is_false")]
    pub best_is_check: bool,
    /// Unix seconds after which none of them is valid, whatever it says; an order to extend them moves it.
    #[n(9)]
    pub ends: Option<i64>,
}

/// How often a kind may be used; an absent limit does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(map)]
pub struct Limits {
    /// Trips within `days`.
    #[n(0)]
    pub trips: Option<u64>,
    /// Days within which `trips` are counted.
    #[n(1)]
    pub days: Option<u64>,
    /// Trips a day.
    #[n(2)]
    pub per_day: Option<u64>,
    /// Minutes each.
    #[n(3)]
    pub minutes: Option<u64>,
}

/// Somebody who needs no pass.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Exemption {
    /// Stable code, for the journal.
    #[n(0)]
    pub code: String,
    /// Its name in Russian, and what the officer looks at.
    #[n(1)]
    pub ru: String,
    /// The same in English.
    #[n(2)]
    pub en: String,
}

/// A purpose that somebody gives, and for how long it is good.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Purpose {
    /// Stable code, for the journal.
    #[n(0)]
    pub code: String,
    /// Its name in Russian.
    #[n(1)]
    pub ru: String,
    /// Its name in English.
    #[n(2)]
    pub en: String,
    /// Minutes it is good for.
    #[n(3)]
    pub minutes: Option<u64>,
}

/// How those are registered who arrive without a pass.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Arrivals {
    /// What they may come for.
    #[n(0)]
    pub purposes: Vec<Purpose>,
    /// Places they may name, to be picked instead of spelled.
    #[n(1)]
    pub places: Vec<String>,
    /// Days they stay where they say.
    #[n(2)]
    pub days: u64,
}

/// How many wrong codes may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Attempts {
    /// So many.
    #[n(0)]
    pub tries: u64,
    /// Within so many seconds.
    #[n(1)]
    pub seconds: u64,
}

/// How far a device is believed that reads plates.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PlateTrust {
    /// Its kind, as the box's settings name it: `hikvision`, `frigate`, `json`, `axis`.
    #[n(0)]
    pub source: String,
    /// Thousandths of confidence below which a reading is only a hint.
    #[n(1)]
    pub least: u64,
    /// Whether a reading counts as the officer's yes to the plate.
    #[n(2)]
    pub may_agree: bool,
}

/// A country by whose published rules certificates are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AcceptedBy {
    /// Its two letters.
    #[n(0)]
    pub country: String,
    /// Numbers of the kinds for which its rules count.
    #[n(1)]
    pub kinds: Vec<u16>,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// A region's rules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
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
    /// How registered passes are written here.
    #[cbor(n(6), default, skip_if = "Forms::is_empty")]
    pub forms: Forms,
    /// Who needs no pass.
    #[cbor(n(7), default, skip_if = "Vec::is_empty")]
    pub exemptions: Vec<Exemption>,
    /// How many wrong codes may be tried; none: as many as anybody likes.
    #[n(8)]
    pub attempts: Option<Attempts>,
    /// Whether an officer must have signed in before anything is judged.
    #[cbor(n(9), default, skip_if = "is_false")]
    pub shift_required: bool,
    /// Seconds for which the same pass at the same box is the same crossing; none: the box's own setting.
    #[n(10)]
    pub grace: Option<u64>,
    /// How arrivals without a pass are registered; none: they are not.
    #[n(11)]
    pub arrivals: Option<Arrivals>,
    /// Purposes of trips that their makers declare themselves.
    #[cbor(n(12), default, skip_if = "Vec::is_empty")]
    pub trips: Vec<Purpose>,
    /// Devices that read plates; one that is not named is believed nothing.
    #[cbor(n(13), default, skip_if = "Vec::is_empty")]
    pub plates: Vec<PlateTrust>,
    /// Seconds after which what is known of other boxes' uses is old; none: never.
    #[n(14)]
    pub uses_old_after: Option<i64>,
    /// Whether a plate alone may be a pass, if the register says so.
    #[cbor(n(15), default, skip_if = "is_false")]
    pub plate_alone: bool,
    /// By whose rules certificates are accepted; of kinds that no entry names, by their signature alone.
    #[cbor(n(16), default, skip_if = "Vec::is_empty")]
    pub acceptance: Vec<AcceptedBy>,
    /// Bounds of the rules of acceptance. They stand apart, since boxes that do not know such rules cannot read them
    /// among the others.
    #[n(17)]
    pub acceptance_freshness: Option<Freshness>,
}

impl Policy {
    /// Whether a format is read here.
    pub fn enables(&self, format: Format) -> bool {
        self.formats.iter().any(|name| name == format.as_str())
    }

    /// What an age of a part means here.
    pub fn grade(&self, part: Knowledge, age: i64) -> Grade {
        let own = self.freshness.iter().chain(&self.acceptance_freshness).find(|own| own.part == part);
        let (fresh_for, old_after) = own.map_or((self.fresh_for, self.old_after), |own| (own.fresh_for, own.old_after));
        match age {
            _ if age > old_after => Grade::Old,
            _ if age > fresh_for => Grade::Stale,
            _ => Grade::Fresh,
        }
    }

    /// The country by whose rules certificates of a kind are accepted; none: no rules are asked.
    pub fn accepted_by(&self, kind: Kind) -> Option<&str> {
        let found = self.acceptance.iter().find(|entry| entry.kinds.contains(&kind.number()));
        found.map(|entry| entry.country.as_str())
    }

    /// The rule for a kind.
    pub fn rule(&self, kind: Kind) -> Option<&KindRule> {
        self.kinds.iter().find(|rule| rule.kind == kind.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What boxes knew before there were forms, limits and conditions.
    #[derive(Debug, Decode)]
    #[cbor(map)]
    struct Before {
        #[n(2)]
        kinds: Vec<KindBefore>,
        #[n(4)]
        old_after: i64,
        #[cbor(n(5), default)]
        freshness: Vec<Freshness>,
    }

    #[derive(Debug, Decode)]
    #[cbor(map)]
    struct KindBefore {
        #[n(0)]
        kind: u16,
        #[n(5)]
        compare_document: bool,
    }

    #[test]
    fn a_box_of_before_reads_what_it_knows_of_a_policy_that_says_more() {
        let bounds = Freshness { part: Knowledge::Acceptance, fresh_for: 1, old_after: 2 };
        let limits = Limits { per_day: Some(2), ..Limits::default() };
        let kind = KindRule {
            kind: 7,
            compare_document: true,
            limits: Some(limits),
            condition: Some("hour > 6".into()),
            best_is_check: true,
            ends: Some(1),
            ..KindRule::default()
        };
        let policy = Policy {
            kinds: vec![kind],
            old_after: 9,
            attempts: Some(Attempts { tries: 5, seconds: 60 }),
            exemptions: vec![Exemption { code: "a".into(), ru: "А".into(), en: "A".into() }],
            acceptance: vec![AcceptedBy { country: "DE".into(), kinds: vec![1001] }],
            acceptance_freshness: Some(bounds),
            ..Policy::default()
        };
        let before: Before = minicbor::decode(&wire::encode(&policy)).unwrap();
        assert_eq!((before.kinds[0].kind, before.kinds[0].compare_document, before.old_after), (7, true, 9));
        assert!(before.freshness.is_empty());
        assert_eq!(minicbor::decode::<Policy>(&wire::encode(&policy)).unwrap(), policy);
        assert_eq!(policy.grade(Knowledge::Acceptance, 3), Grade::Old);
        assert_eq!(policy.grade(Knowledge::Keys, 3), Grade::Stale);
    }
}
