//! What must hold whatever the facts.
//!
//! *Never milder* means: no verdict is more favourable than before. Two kinds of ignorance are states of their own, by
//! design, and are left out where it says so: a pass that is not known (*refused* by a fresh list, *checked* by an old
//! one), and validity that only a clock can tell (*expired* and *valid* alike are *check* on a clock in doubt).

use super::*;

/// Everything that a box can meet, bent in up to four places, with orders, clocks and ages at random.
fn any_case() -> impl Strategy<Value = Case> {
    let all: Vec<&Bend> = bends().collect();
    let trust = prop_oneof![
        Just(ClockTrust::Ntp),
        Just(ClockTrust::Rtc),
        Just(ClockTrust::Signed),
        Just(ClockTrust::CarriedOver),
        Just(ClockTrust::None)
    ];
    let near = || prop_oneof![NOON - 100 * DAY..NOON + 100 * DAY, any::<i64>()];
    (
        proptest::collection::vec(proptest::sample::select(all), 0..4),
        proptest::collection::vec(orders::any_order(), 0..4),
        (trust, near(), near(), any::<bool>()),
        proptest::collection::vec(0..10 * DAY, Knowledge::ALL.len()),
        (any::<bool>(), any::<bool>(), proptest::option::of(near()), proptest::option::of(near())),
    )
        .prop_map(|(bent, orders, (trust, now, floor, is_sane), ages, (agreed, is_feed, expires, ends))| {
            let mut case = Case::good();
            for (_, bend, _) in bent {
                if case.reading.is_ok() && case.scope.is_some() && case.policy.is_some() {
                    bend(&mut case);
                }
            }
            case.orders.extend(orders);
            case.orders.sort_by_key(|order| order.number);
            case.orders.dedup_by_key(|order| order.number);
            if !is_sane {
                (case.now, case.floor) = (WallTime::from_unix(now, trust), floor);
            }
            case.now.trust = trust;
            for (part, age) in Knowledge::ALL.into_iter().zip(ages) {
                *case.ages.of_mut(part) = age;
            }
            case.agreed |= agreed;
            if is_feed {
                case.source = PlateSource::Feed { is_trusted: agreed };
            }
            if let (Some(expires), Ok(document)) = (expires, &mut case.reading) {
                document.expires = Some(expires);
            }
            if let (Some(ends), Some(policy)) = (ends, &mut case.policy) {
                policy.kinds[0].ends = Some(ends);
            }
            case
        })
}

/// What a verdict comes to without what only a clock can tell.
fn apart_from_time(verdict: &Verdict) -> Outcome {
    let told_by_clock = [Reason::Expired, Reason::NotYetValid, Reason::ImplausibleDates];
    let rest = verdict.reasons.iter().filter(|reason| !told_by_clock.contains(reason));
    rest.map(|reason| reason.outcome()).max().unwrap_or(Outcome::Admit)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn judging_is_total_and_deterministic_and_an_admit_alone_has_no_reasons(case in any_case()) {
        let verdict = case.verdict();
        prop_assert_eq!(&case.verdict(), &verdict);
        prop_assert_eq!(verdict.reasons.is_empty(), verdict.outcome == Outcome::Admit);
        prop_assert!(verdict.reasons.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(verdict.outcome, verdict.reasons.iter().map(|r| r.outcome()).max().unwrap_or(Outcome::Admit));
    }

    #[test]
    fn older_knowledge_of_any_part_is_never_milder(
        case in any_case(), part in proptest::sample::select(&Knowledge::ALL[..]), more in 0..100 * DAY,
    ) {
        let before = case.verdict();
        let mut older = case.clone();
        *older.ages.of_mut(part) += more;
        if let Some(uses) = &mut older.uses {
            uses.as_of = uses.as_of.map(|as_of| as_of.saturating_sub(more));
        }
        let after = older.verdict();
        match &case.reading {
            Ok(_) => prop_assert!(after.outcome >= before.outcome, "{:?} then {:?}", before, after),
            // What nobody knows is never admitted, by whatever list.
            Err(_) => prop_assert!(after.outcome > Outcome::Admit && before.outcome > Outcome::Admit),
        }
    }

    #[test]
    fn a_clock_that_is_trusted_less_is_never_milder_in_anything_but_time_and_never_admits(
        case in any_case(), trust in prop_oneof![Just(ClockTrust::CarriedOver), Just(ClockTrust::None)],
    ) {
        let before = case.verdict();
        let mut doubted = case.clone();
        doubted.now.trust = case.now.trust.max(trust);
        let after = doubted.verdict();
        prop_assert!(apart_from_time(&after) >= apart_from_time(&before), "{:?} then {:?}", before, after);
        prop_assert!(after.outcome > Outcome::Admit);
        if before.outcome < Outcome::Refuse {
            prop_assert!(after.outcome >= before.outcome);
        }
    }

    #[test]
    fn what_was_not_seen_of_the_plate_is_never_milder_than_what_agreed(case in any_case()) {
        let before = case.verdict();
        let mut unseen = case.clone();
        (unseen.plate, unseen.agreed) = (None, false);
        let after = unseen.verdict();
        // A plate that differs is evidence against: without it, nothing is proven either way.
        if !before.reasons.contains(&Reason::WrongPlate) {
            prop_assert!(after.outcome >= before.outcome, "{:?} then {:?}", before, after);
        }
        let binds = case.reading.as_ref().is_ok_and(|document| !document.plates.is_empty());
        let looks = case.policy.as_ref().zip(case.reading.as_ref().ok()).and_then(|(p, d)| p.rule(d.kind));
        if binds && looks.is_some_and(|rule| rule.plate != PlateRule::Ignored) {
            prop_assert!(after.outcome > Outcome::Admit);
        }
        let mut no_key = case.clone();
        no_key.agreed = false;
        prop_assert!(no_key.verdict().outcome >= before.outcome);
    }

    #[test]
    fn a_device_that_is_not_believed_changes_no_outcome(case in any_case(), plate in "[ABEKMHOPCTYX][0-9]{3}[ABEKMHOPCTYX]{2}77") {
        let mut seen = case.clone();
        (seen.plate, seen.source) = (Some(Reading::new(&plate)), PlateSource::Feed { is_trusted: false });
        let mut unseen = case;
        unseen.plate = None;
        prop_assert_eq!(seen.verdict().outcome, unseen.verdict().outcome);
    }

    #[test]
    fn a_revocation_a_stop_or_a_suspension_more_is_never_milder(case in any_case(), which in 0..8, order in orders::any_order()) {
        let before = case.verdict();
        let mut more = case.clone();
        match which {
            0 => more.status = Status::Revoked,
            1 => more.status = Status::Suspended,
            2 => more.listed = Listed::Yes,
            3 => drop(more.rule(Some(case.kid.clone()), None)),
            4 => drop(more.rule(None, Some(1))),
            // To a record that is there: one that comes to a pass of the register makes it a pass.
            5 => {
                if let Some(record) = &mut more.record {
                    record.flags = Flags::ALERT;
                }
            }
            6 => more.vehicle = Some(record(Flags::ALERT)),
            _ => {
                let action = if order.number % 2 == 0 { Action::Stop } else { Action::Suspend };
                more.orders.retain(|other| other.number != order.number);
                let is_new = more.orders.len() == case.orders.len();
                prop_assume!(is_new);
                more.orders.push(Order { action, ..order });
            }
        }
        let after = more.verdict();
        prop_assert!(after.outcome >= before.outcome, "{:?} then {:?}", before, after);
    }

    #[test]
    fn a_use_more_is_never_milder(case in any_case(), today in 0..5_u64) {
        let limited = |today, case: &Case| {
            let mut case = case.clone();
            if let Some(policy) = &mut case.policy {
                policy.kinds[0].limits = Some(Limits { per_day: Some(2), ..Limits::default() });
            }
            case.uses = Some(Used { today, as_of: Some(NOON), ..Used::default() });
            case.verdict().outcome
        };
        prop_assert!(limited(today + 1, &case) >= limited(today, &case));
    }
}
