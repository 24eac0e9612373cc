//! Orders of HQ over signed dates.

use super::*;

pub(super) const BENDS: &[Bend] = &[
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
    ("orders are old", |c| c.ages.orders = 3 * DAY + 1, &[Reason::KnowledgeOld]),
    (
        "its kind has ended, and is extended by order",
        |c| {
            c.rule_of_work().ends = Some(NOON - 1);
            c.order(Action::Extend, Some(NOON + DAY));
        },
        &[],
    ),
    (
        "on a clock in doubt a stop since HQ's last word counts",
        |c| {
            c.now.trust = ClockTrust::CarriedOver;
            c.order(Action::Stop, None).from = NOON - 60;
        },
        &[Reason::StoppedByOrder, Reason::ClockInDoubt],
    ),
    (
        "on a clock in doubt a suspension that may be over counts still",
        |c| {
            c.now.trust = ClockTrust::CarriedOver;
            c.order(Action::Suspend, Some(NOON - 60));
        },
        &[Reason::SuspendedByOrder, Reason::ClockInDoubt],
    ),
];

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

pub(super) fn any_order() -> impl Strategy<Value = Order> {
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
}
