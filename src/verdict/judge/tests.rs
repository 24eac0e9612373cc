use std::collections::BTreeSet;

use pass::{Kind, StatusIndex};
use plate::{Binding, Reading};
use proptest::prelude::*;
use wire::{ClockTrust, WallTime};

use super::*;
use crate::{Ages, Freshness, Limits, PlateSource, Record, Rule, Used};

const NOON: i64 = 1_588_334_400;
const DAY: i64 = 86_400;

/// A sighting that can be bent out of shape in one place.
#[derive(Clone, Debug)]
struct Case {
    format: Option<Format>,
    reading: Result<Document, pass::Error>,
    scope: Option<Scope>,
    kid: Vec<u8>,
    status: Status,
    listed: Listed,
    rules: Vec<Rule>,
    orders: Vec<Order>,
    record: Option<Record>,
    now: WallTime,
    floor: i64,
    plate: Option<Reading>,
    agreed: bool,
    source: PlateSource,
    vehicle: Option<Record>,
    register: RegisterState,
    uses: Option<Used>,
    acceptance: Acceptance,
    condition: Condition,
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
            ..KindRule::default()
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
            kid: vec![7; 8],
            status: Status::Valid,
            listed: Listed::NotKept,
            rules: vec![],
            orders: vec![],
            record: None,
            now: WallTime::from_unix(NOON, ClockTrust::Rtc),
            floor: NOON - 3600,
            plate: Some(Reading::new("A123BC77")),
            agreed: false,
            source: PlateSource::Officer,
            vehicle: None,
            register: RegisterState::NotAsked,
            uses: None,
            acceptance: Acceptance::NotAsked,
            condition: Condition::None,
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
                ..Policy::default()
            }),
            ages: Ages::all(60),
        }
    }

    /// Adds an order about work passes that counts now.
    fn order(&mut self, action: Action, until: Option<i64>) -> &mut Order {
        let number = self.orders.len() as u64 + 1;
        self.orders.push(Order {
            number,
            action,
            kinds: vec![1],
            issuer: None,
            issued_from: None,
            issued_before: None,
            from: NOON - 3 * DAY,
            until,
            ru: "Приказ".into(),
            en: "Order".into(),
        });
        self.orders.last_mut().unwrap()
    }

    /// Adds a rule that revokes nothing until it is told what.
    fn rule(&mut self, kid: Option<Vec<u8>>, kind: Option<u16>) -> &mut Rule {
        self.rules.push(Rule { kid, kind, issuer: None, issued_before: None });
        self.rules.last_mut().unwrap()
    }

    fn document(&mut self) -> &mut Document {
        self.reading.as_mut().unwrap()
    }

    fn rule_of_work(&mut self) -> &mut KindRule {
        &mut self.policy.as_mut().unwrap().kinds[0]
    }

    fn verdict(&self) -> Verdict {
        judge(&Facts {
            format: self.format,
            reading: self.reading.as_ref(),
            scope: self.scope.as_ref(),
            kid: &self.kid,
            status: self.status,
            listed: self.listed,
            rules: &self.rules,
            orders: &self.orders,
            record: self.record.as_ref(),
            now: self.now,
            floor: self.floor,
            plate: self.plate.as_ref(),
            plate_source: self.source,
            plate_agreed: self.agreed,
            vehicle: self.vehicle.as_ref(),
            register: self.register,
            uses: self.uses,
            acceptance: self.acceptance,
            condition: self.condition,
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
    ("the register does not know it", |c| c.reading = Err(pass::Error::NotRegistered), &[Reason::NotRegistered]),
    (
        "the register does not know it and is old",
        |c| {
            c.reading = Err(pass::Error::NotRegistered);
            c.ages.register = 2 * DAY;
        },
        &[Reason::NotRegisteredOldList],
    ),
    ("there is no register", |c| c.reading = Err(pass::Error::RegisterMissing), &[Reason::RegisterMissing]),
    ("too many codes", |c| c.reading = Err(pass::Error::TooManyAttempts), &[Reason::TooManyAttempts]),
    ("a link to elsewhere", |c| c.reading = Err(pass::Error::UnknownLink), &[Reason::UnknownLink]),
    ("a code typed wrong", |c| c.reading = Err(pass::Error::Code(pass::CodeFault::Check)), &[Reason::WrongCode]),
    ("a condition fails", |c| c.condition = Condition::Fails, &[Reason::ConditionFails]),
    ("a condition cannot be told", |c| c.condition = Condition::Unknown, &[Reason::ConditionUnknown]),
    ("the rules say no", |c| c.acceptance = Acceptance::Refused, &[Reason::NotAccepted]),
    ("the rules cannot tell", |c| c.acceptance = Acceptance::Open, &[Reason::RulesOpen]),
    ("policy never admits it alone", |c| c.rule_of_work().best_is_check = true, &[Reason::CompareNext]),
    (
        "used up",
        |c| {
            c.rule_of_work().limits = Some(Limits { per_day: Some(2), ..Limits::default() });
            c.uses = Some(Used { today: 2, ..Used::default() });
        },
        &[Reason::UsedUp],
    ),
    (
        "what others have seen is old",
        |c| {
            c.rule_of_work().limits = Some(Limits { per_day: Some(2), ..Limits::default() });
            c.policy.as_mut().unwrap().uses_old_after = Some(DAY);
            c.uses = Some(Used { today: 1, as_of: Some(NOON - DAY - 1), ..Used::default() });
        },
        &[Reason::UsesOld],
    ),
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
    ("its id is in the set of revoked ids", |c| c.listed = Listed::Yes, &[Reason::Revoked]),
    ("its id is not in the set", |c| c.listed = Listed::No, &[]),
    ("the set of revoked ids is missing", |c| c.listed = Listed::Missing, &[Reason::IdsListMissing]),
    (
        "its key is revoked",
        |c| {
            c.rule(Some(vec![7; 8]), None);
        },
        &[Reason::RevokedByRule],
    ),
    (
        "another key is revoked",
        |c| {
            c.rule(Some(vec![8; 8]), None);
        },
        &[],
    ),
    (
        "a batch is revoked that was issued before tomorrow",
        |c| c.rule(None, Some(1)).issued_before = Some(NOON),
        &[Reason::RevokedByRule],
    ),
    (
        "a batch is revoked that was issued before this pass was",
        |c| c.rule(None, Some(1)).issued_before = Some(NOON - DAY),
        &[],
    ),
    ("a batch of another issuer is revoked", |c| c.rule(None, Some(1)).issuer = Some("RU-MOS".into()), &[]),
    (
        "a batch is revoked and it does not say when it was issued",
        |c| {
            c.rule(None, Some(1)).issued_before = Some(0);
            c.document().issued = None;
            c.document().not_before = None;
        },
        &[Reason::RevokedByRule, Reason::KeyNotValid],
    ),
    (
        "a rule that says nothing revokes nothing",
        |c| {
            c.rule(None, None);
        },
        &[],
    ),
    (
        "its kind is stopped",
        |c| {
            c.order(Action::Stop, None);
        },
        &[Reason::StoppedByOrder],
    ),
    (
        "its kind is suspended",
        |c| {
            c.order(Action::Suspend, Some(NOON + DAY));
        },
        &[Reason::SuspendedByOrder],
    ),
    (
        "the suspension is over",
        |c| {
            c.order(Action::Suspend, Some(NOON - 1));
        },
        &[],
    ),
    ("the stop begins tomorrow", |c| c.order(Action::Stop, None).from = NOON + DAY, &[]),
    ("another kind is stopped", |c| c.order(Action::Stop, None).kinds = vec![2], &[]),
    ("every kind is stopped", |c| c.order(Action::Stop, None).kinds = vec![], &[Reason::StoppedByOrder]),
    ("another issuer's passes are stopped", |c| c.order(Action::Stop, None).issuer = Some("RU-MOS".into()), &[]),
    ("older passes are stopped", |c| c.order(Action::Stop, None).issued_before = Some(NOON - DAY), &[]),
    ("newer passes are stopped", |c| c.order(Action::Stop, None).issued_from = Some(NOON - DAY + 1), &[]),
    (
        "an action of a later version does nothing",
        |c| {
            c.order(Action::Other(3), Some(NOON + DAY));
        },
        &[],
    ),
    (
        "expired, and extended by order",
        |c| {
            c.document().expires = Some(NOON - 1);
            c.order(Action::Extend, Some(NOON + DAY));
        },
        &[],
    ),
    (
        "an extension that is over as well",
        |c| {
            c.document().expires = Some(NOON - 2);
            c.order(Action::Extend, Some(NOON - 1));
        },
        &[Reason::Expired],
    ),
    (
        "it had ended before the extension began",
        |c| {
            c.document().expires = Some(NOON - 3 * DAY - 1);
            c.order(Action::Extend, Some(NOON + DAY));
        },
        &[Reason::Expired],
    ),
    (
        "an extension gives no end to what has none",
        |c| {
            c.document().expires = None;
            c.order(Action::Extend, Some(NOON + DAY));
        },
        &[Reason::ImplausibleDates],
    ),
    (
        "an extension without an end does nothing",
        |c| {
            c.document().expires = Some(NOON - 1);
            c.order(Action::Extend, None);
        },
        &[Reason::Expired],
    ),
    (
        "extended, but revoked",
        |c| {
            c.document().expires = Some(NOON - 1);
            c.order(Action::Extend, Some(NOON + DAY));
            c.status = Status::Revoked;
        },
        &[Reason::Revoked],
    ),
    (
        "extended, then stopped: the newer order counts",
        |c| {
            c.document().expires = Some(NOON - 1);
            c.order(Action::Extend, Some(NOON + DAY));
            c.order(Action::Stop, None);
        },
        &[Reason::StoppedByOrder, Reason::Expired],
    ),
    (
        "stopped, then extended: the newer order counts",
        |c| {
            c.order(Action::Stop, None);
            c.order(Action::Extend, Some(NOON + 2 * DAY));
        },
        &[],
    ),
    (
        "the newer order is over: the older counts again",
        |c| {
            c.document().expires = Some(NOON - 1);
            c.order(Action::Extend, Some(NOON + DAY));
            c.order(Action::Suspend, Some(NOON - 1));
        },
        &[],
    ),
    (
        "a clock far ahead begins no order",
        |c| {
            c.now = WallTime::from_unix(NOON + 100 * DAY, ClockTrust::Rtc);
            c.scope.as_mut().unwrap().valid_to = i64::MAX;
            c.order(Action::Stop, None).from = NOON + DAY;
        },
        &[Reason::ClockInDoubt],
    ),
    (
        "a clock behind HQ's word ends no order",
        |c| {
            c.now = WallTime::from_unix(0, ClockTrust::Rtc);
            c.order(Action::Stop, None);
        },
        &[Reason::StoppedByOrder, Reason::ClockInDoubt],
    ),
    (
        "the register bears an alert",
        |c| c.record = Some(Record { kind: None, valid_from: 0, valid_to: NOON, flags: Flags::ALERT, sealed: None }),
        &[Reason::RegisterAlert],
    ),
    (
        "the register bears nothing",
        |c| {
            c.record = Some(Record { kind: None, valid_from: 0, valid_to: NOON, flags: Flags::default(), sealed: None })
        },
        &[],
    ),
    ("orders are old", |c| c.ages.orders = 3 * DAY + 1, &[Reason::KnowledgeOld]),
    ("what was not asked may be old", |c| (c.ages.ids, c.ages.register) = (9 * DAY, 9 * DAY), &[]),
    (
        "the set of revoked ids is old",
        |c| {
            c.listed = Listed::No;
            c.ages.ids = 3 * DAY + 1;
        },
        &[Reason::KnowledgeOld],
    ),
    (
        "a part goes by bounds of its own",
        |c| {
            let bounds = Freshness { part: Knowledge::Status, fresh_for: 60, old_after: 3600 };
            c.policy.as_mut().unwrap().freshness.push(bounds);
            c.ages = Ages::all(3601);
        },
        &[Reason::KnowledgeOld],
    ),
    (
        "the key is unknown and the keys are fresh by bounds of their own",
        |c| {
            let bounds = Freshness { part: Knowledge::Keys, fresh_for: 9 * DAY, old_after: 9 * DAY };
            c.policy.as_mut().unwrap().freshness.push(bounds);
            c.reading = Err(pass::Error::UnknownKey { kid: vec![] });
            c.ages.keys = 8 * DAY;
        },
        &[Reason::UnknownKey],
    ),
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

#[test]
fn the_verdict_says_which_order_applied_and_when_the_pass_ends() {
    let mut case = Case::good();
    assert_eq!((case.verdict().order, case.verdict().ends), (None, Some(NOON + DAY)));
    case.order(Action::Extend, Some(NOON + 9 * DAY));
    case.order(Action::Suspend, Some(NOON + 2 * DAY)).issuer = Some("RU-MOS".into());
    assert_eq!((case.verdict().order, case.verdict().ends), (Some(1), Some(NOON + 9 * DAY)));
    // An extension never shortens.
    case.orders[0].until = Some(NOON);
    assert_eq!((case.verdict().order, case.verdict().ends), (Some(1), Some(NOON + DAY)));
}

fn any_order() -> impl Strategy<Value = Order> {
    let times = || proptest::option::of(NOON - 5 * DAY..NOON + 5 * DAY);
    (
        any::<u64>(),
        0..4_u16,
        proptest::collection::vec(0..4_u16, 0..3),
        any::<bool>(),
        times(),
        times(),
        times(),
        times(),
    )
        .prop_map(|(number, action, kinds, ours, issued_from, issued_before, from, until)| Order {
            number,
            action: Action::of(action),
            kinds,
            issuer: ours.then(|| "RU-TVE".to_owned()),
            issued_from,
            issued_before,
            from: from.unwrap_or(0),
            until,
            ru: String::new(),
            en: String::new(),
        })
}

proptest! {
    #[test]
    fn orders_count_in_whatever_sequence_they_stand_and_never_undo_a_revocation(
        orders in proptest::collection::vec(any_order(), 0..6), turn in any::<prop::sample::Index>(),
    ) {
        let mut case = Case::good();
        case.orders = orders;
        // Two orders of one number do not exist.
        case.orders.sort_by_key(|order| order.number);
        case.orders.dedup_by_key(|order| order.number);
        let verdict = case.verdict();
        if !case.orders.is_empty() {
            let turn = turn.index(case.orders.len());
            case.orders.rotate_left(turn);
        }
        prop_assert_eq!(&case.verdict(), &verdict);
        case.listed = Listed::Yes;
        prop_assert!(case.verdict().reasons.contains(&Reason::Revoked));
        case.rule(None, Some(1));
        prop_assert!(case.verdict().reasons.contains(&Reason::RevokedByRule));
        if let Some(applied) = verdict.order {
            let newest = case.orders.iter().filter(|o| o.is_sound() && o.counts_at(NOON) && o.covers(case.reading.as_ref().unwrap()));
            prop_assert_eq!(newest.map(|order| order.number).max(), Some(applied));
        }
    }

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
