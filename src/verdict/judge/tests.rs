//! What each fact gives, room by room, and what must hold of all of them together.

use std::collections::BTreeSet;

use pass::{Format, Kind, StatusIndex};
use plate::{Binding, Reading};
use proptest::prelude::*;
use wire::{ClockTrust, WallTime};

use super::*;
use crate::{Ages, Freshness, Limits, PlateSource, Record, Rule, Used};

mod keys;
mod orders;
mod plates;
mod policy;
mod properties;
mod register;
mod revocation;
mod time;
mod uses;

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

    /// Makes it a pass that the register knows.
    fn registered(&mut self) {
        self.format = Some(Format::Link);
        self.policy.as_mut().unwrap().formats.push("link".into());
        let document = self.document();
        (document.format, document.issued, document.status) = (Format::Link, None, None);
        self.scope = None;
        self.kid = vec![];
        self.status = Status::NoIndex;
        self.register = RegisterState::Here;
        self.record = Some(Record { kind: Some(1), ..record(Flags::default()) });
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

fn record(flags: Flags) -> Record {
    Record { kind: None, valid_from: 0, valid_to: NOON, flags, sealed: None }
}

/// What bends a good sighting, and the reasons that must then be given.
type Bend = (&'static str, fn(&mut Case), &'static [Reason]);

/// Every bend there is.
fn bends() -> impl Iterator<Item = &'static Bend> {
    let of_rooms = [
        keys::BENDS,
        orders::BENDS,
        plates::BENDS,
        policy::BENDS,
        register::BENDS,
        revocation::BENDS,
        time::BENDS,
        uses::BENDS,
        TOGETHER,
    ];
    of_rooms.into_iter().flatten()
}

const TOGETHER: &[Bend] = &[(
    "everything at once: all reasons are kept, the weightiest first",
    |c| {
        c.status = Status::Revoked;
        c.document().expires = Some(NOON - 1);
        c.plate = None;
        c.ages.policy = 9 * DAY;
    },
    &[Reason::Revoked, Reason::Expired, Reason::KnowledgeOld, Reason::ComparePlate],
)];

#[test]
fn each_fact_gives_exactly_its_reasons() {
    for (name, bend, expected) in bends() {
        let mut case = Case::good();
        bend(&mut case);
        let verdict = case.verdict();
        assert_eq!(verdict.reasons, *expected, "{name}");
        assert_eq!(verdict.outcome, expected.iter().map(|r| r.outcome()).max().unwrap_or(Outcome::Admit), "{name}");
    }
}

#[test]
fn every_reason_is_given_by_some_fact() {
    let given: BTreeSet<_> = bends().flat_map(|(_, _, reasons)| *reasons).copied().collect();
    assert_eq!(given, Reason::ALL.iter().copied().collect());
}
