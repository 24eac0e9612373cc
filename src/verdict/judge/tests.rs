use std::collections::BTreeSet;

use pass::{Kind, StatusIndex};
use plate::{Binding, Reading};
use proptest::prelude::*;
use wire::{ClockTrust, WallTime};

use super::*;
use crate::Ages;

const NOON: i64 = 1_588_334_400;
const DAY: i64 = 86_400;

/// A sighting that can be bent out of shape in one place.
#[derive(Clone, Debug)]
struct Case {
    format: Option<Format>,
    reading: Result<Document, pass::Error>,
    scope: Option<Scope>,
    status: Status,
    now: WallTime,
    floor: i64,
    plate: Option<Reading>,
    agreed: bool,
    policy: Option<Policy>,
    ages: Ages,
}

impl Case {
    fn good() -> Self {
        let rule = |kind, plate, compare_document, admitted| KindRule {
            kind,
            ru: "работа".into(),
            en: "work".into(),
            admitted,
            plate,
            compare_document,
        };
        Self {
            format: Some(Format::Mp1),
            reading: Ok(Document {
                format: Format::Mp1,
                issuer: "RU-TVE".into(),
                id: vec![1; 8],
                kind: Kind(1),
                not_before: Some(NOON - DAY),
                expires: Some(NOON + DAY),
                issued: Some(NOON - DAY),
                plates: vec![Binding::new("A123BC77").unwrap()],
                holder: None,
                birth: None,
                id_digits: None,
                cards: vec![],
                regions: vec![69],
                limits: None,
                route: None,
                status: Some(StatusIndex { series: 1, index: 5 }),
                revocation: None,
            }),
            scope: Some(Scope {
                issuer: "RU-TVE".into(),
                kinds: vec![1, 2, 3, 4],
                territories: vec!["69".into()],
                valid_from: NOON - 30 * DAY,
                valid_to: NOON + 30 * DAY,
            }),
            status: Status::Valid,
            now: WallTime::from_unix(NOON, ClockTrust::Rtc),
            floor: NOON - 3600,
            plate: Some(Reading::new("A123BC77")),
            agreed: false,
            policy: Some(Policy {
                territory: 69,
                formats: vec!["MP1".into()],
                kinds: vec![
                    rule(1, PlateRule::IfBound, false, true),
                    rule(2, PlateRule::Required, true, true),
                    rule(3, PlateRule::Ignored, false, true),
                    rule(4, PlateRule::IfBound, false, false),
                ],
                fresh_for: DAY,
                old_after: 3 * DAY,
                freshness: Vec::new(),
            }),
            ages: Ages::all(60),
        }
    }

    fn document(&mut self) -> &mut Document {
        self.reading.as_mut().unwrap()
    }

    fn verdict(&self) -> Verdict {
        judge(&Facts {
            format: self.format,
            reading: self.reading.as_ref(),
            scope: self.scope.as_ref(),
            status: self.status,
            now: self.now,
            floor: self.floor,
            plate: self.plate.as_ref(),
            plate_agreed: self.agreed,
            policy: self.policy.as_ref(),
            ages: self.ages,
        })
    }
}

/// What bends a good sighting, and the reasons that must then be given.
type Bend = (&'static str, fn(&mut Case), &'static [Reason]);

const BENDS: &[Bend] = &[
    ("nothing is wrong", |_| {}, &[]),
    ("the signature does not hold", |c| c.reading = Err(pass::Error::Signature), &[Reason::Forged]),
    ("the algorithm is not the key's", |c| c.reading = Err(pass::Error::Algorithm), &[Reason::Forged]),
    ("revoked", |c| c.status = Status::Revoked, &[Reason::Revoked]),
    ("suspended", |c| c.status = Status::Suspended, &[Reason::Suspended]),
    ("another plate", |c| c.plate = Some(Reading::new("A124BC77")), &[Reason::WrongPlate]),
    (
        "a plate is required and not bound",
        |c| {
            c.document().kind = Kind(2);
            c.document().plates.clear();
        },
        &[Reason::WrongPlate, Reason::CompareDocument],
    ),
    (
        "the key is unknown and the list fresh",
        |c| {
            c.reading = Err(pass::Error::UnknownKey { kid: vec![] });
        },
        &[Reason::UnknownKey],
    ),
    (
        "the key is unknown and the list old",
        |c| {
            c.reading = Err(pass::Error::UnknownKey { kid: vec![] });
            c.ages.keys = DAY + 1;
        },
        &[Reason::UnknownKeyOldList],
    ),
    ("the key was not yet valid at issue", |c| c.scope.as_mut().unwrap().valid_from = NOON, &[Reason::KeyNotValid]),
    ("the key has ended", |c| c.scope.as_mut().unwrap().valid_to = NOON - 1, &[Reason::KeyNotValid]),
    ("the issuer may not issue this kind", |c| c.scope.as_mut().unwrap().kinds = vec![2], &[Reason::OutOfScope]),
    (
        "the issuer may not issue for here",
        |c| {
            c.scope.as_mut().unwrap().territories = vec!["77".into()];
        },
        &[Reason::OutOfScope],
    ),
    ("the key is another issuer's", |c| c.scope.as_mut().unwrap().issuer = "RU-MOS".into(), &[Reason::OutOfScope]),
    ("no scope is known", |c| c.scope = None, &[Reason::OutOfScope]),
    ("expired", |c| c.document().expires = Some(NOON - 1), &[Reason::Expired]),
    ("it has no end", |c| c.document().expires = None, &[Reason::ImplausibleDates]),
    ("not yet valid", |c| c.document().not_before = Some(NOON + 1), &[Reason::NotYetValid]),
    ("issued tomorrow", |c| c.document().issued = Some(NOON + DAY / 2), &[Reason::ImplausibleDates]),
    ("for other regions", |c| c.document().regions = vec![77, 50], &[Reason::WrongTerritory]),
    ("a kind no longer admitted", |c| c.document().kind = Kind(4), &[Reason::KindNotAdmitted]),
    (
        "a kind without a rule",
        |c| {
            c.document().kind = Kind(9);
            c.scope.as_mut().unwrap().kinds.push(9);
        },
        &[Reason::KindNotAdmitted],
    ),
    ("the format is not enabled", |c| c.policy.as_mut().unwrap().formats.clear(), &[Reason::FormatNotEnabled]),
    ("damaged text", |c| c.reading = Err(pass::Error::Base45), &[Reason::Unreadable]),
    (
        "no pass at all",
        |c| {
            c.format = None;
            c.reading = Err(pass::Error::NotAPass);
        },
        &[Reason::NotAPass],
    ),
    ("nothing was ever adopted", |c| c.policy = None, &[Reason::NoTrust]),
    ("the clock knows nothing", |c| c.now.trust = ClockTrust::None, &[Reason::ClockInDoubt]),
    ("the clock is carried over", |c| c.now.trust = ClockTrust::CarriedOver, &[Reason::ClockInDoubt]),
    (
        "the clock is behind HQ's word",
        |c| {
            c.now = WallTime::from_unix(0, ClockTrust::Rtc);
        },
        &[Reason::ClockInDoubt],
    ),
    (
        "the clock is far ahead of HQ's word",
        |c| {
            c.now = WallTime::from_unix(NOON + 100 * DAY, ClockTrust::Rtc);
            c.scope.as_mut().unwrap().valid_to = i64::MAX;
        },
        &[Reason::ClockInDoubt],
    ),
    (
        "an old clock revives nothing",
        |c| {
            c.now = WallTime::from_unix(0, ClockTrust::Rtc);
            c.document().expires = Some(NOON - 2 * 3600);
        },
        &[Reason::Expired, Reason::ClockInDoubt],
    ),
    ("the status list is missing", |c| c.status = Status::ListMissing, &[Reason::StatusUnknown]),
    ("knowledge is old", |c| c.ages.status = 3 * DAY + 1, &[Reason::KnowledgeOld]),
    ("the plate was not seen", |c| c.plate = None, &[Reason::ComparePlate]),
    (
        "the officer has compared the plate",
        |c| {
            c.plate = None;
            c.agreed = true;
        },
        &[],
    ),
    (
        "three digits are bound and fit",
        |c| {
            c.document().plates = vec![Binding::new("?123??").unwrap()];
        },
        &[Reason::PartialPlate],
    ),
    (
        "three digits are bound, and a key does not prove more",
        |c| {
            c.document().plates = vec![Binding::new("?123??").unwrap()];
            c.plate = None;
            c.agreed = true;
        },
        &[Reason::PartialPlate],
    ),
    (
        "the reading is easily confused",
        |c| {
            c.document().plates = vec![Binding::new("A123OC77").unwrap()];
            c.plate = Some(Reading::new("A1230C77"));
        },
        &[Reason::PlateReadingDoubtful],
    ),
    (
        "one of two plates will do",
        |c| {
            c.document().plates.insert(0, Binding::new("K777KK69").unwrap());
        },
        &[],
    ),
    (
        "the plate does not matter to this kind",
        |c| {
            c.document().kind = Kind(3);
            c.plate = None;
        },
        &[],
    ),
    ("policy wants the document compared", |c| c.document().kind = Kind(2), &[Reason::CompareDocument]),
    (
        "everything at once: all reasons are kept, the weightiest first",
        |c| {
            c.status = Status::Revoked;
            c.document().expires = Some(NOON - 1);
            c.plate = None;
            c.ages.policy = 9 * DAY;
        },
        &[Reason::Revoked, Reason::Expired, Reason::KnowledgeOld, Reason::ComparePlate],
    ),
];

#[test]
fn each_fact_gives_exactly_its_reasons() {
    for (name, bend, expected) in BENDS {
        let mut case = Case::good();
        bend(&mut case);
        let verdict = case.verdict();
        assert_eq!(verdict.reasons, *expected, "{name}");
        assert_eq!(verdict.outcome, expected.iter().map(|r| r.outcome()).max().unwrap_or(Outcome::Admit), "{name}");
    }
}

#[test]
fn every_reason_is_given_by_some_fact() {
    let given: BTreeSet<_> = BENDS.iter().flat_map(|(_, _, reasons)| *reasons).copied().collect();
    assert_eq!(given, Reason::ALL.iter().copied().collect());
}

proptest! {
    #[test]
    fn whatever_the_facts_an_admit_has_no_reasons_and_more_that_is_wrong_is_never_milder(
        first in 0..BENDS.len(), second in 0..BENDS.len(), now in any::<i64>(), floor in any::<i64>(),
        expires in any::<Option<i64>>(), issued in any::<Option<i64>>(),
    ) {
        let mut case = Case::good();
        case.now = WallTime { unix_ms: now, trust: ClockTrust::Signed };
        case.floor = floor;
        case.document().expires = expires;
        case.document().issued = issued;
        BENDS[first].1(&mut case);
        if case.reading.is_ok() && case.scope.is_some() && case.policy.is_some() {
            BENDS[second].1(&mut case);
        }
        let verdict = case.verdict();
        prop_assert_eq!(verdict.reasons.is_empty(), verdict.outcome == Outcome::Admit);
        if case.reading.is_ok() && case.policy.is_some() {
            case.status = Status::Revoked;
            prop_assert!(case.verdict().outcome >= verdict.outcome);
            prop_assert!(case.verdict().reasons.contains(&Reason::Revoked));
        }
    }
}
