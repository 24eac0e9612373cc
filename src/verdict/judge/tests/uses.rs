//! Limits, and how often a pass was used.

use super::*;

pub(super) const BENDS: &[Bend] = &[
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
    (
        "used once of two a day",
        |c| {
            c.rule_of_work().limits = Some(Limits { per_day: Some(2), ..Limits::default() });
            c.uses = Some(Used { today: 1, ..Used::default() });
        },
        &[],
    ),
    (
        "used up, and on the way still",
        |c| {
            c.rule_of_work().limits = Some(Limits { per_day: Some(2), minutes: Some(60), ..Limits::default() });
            c.uses = Some(Used { today: 2, under_way_since: Some(NOON - 600), ..Used::default() });
        },
        &[],
    ),
    (
        "once in two weeks, and it was",
        |c| {
            c.rule_of_work().limits = Some(Limits { trips: Some(1), days: Some(14), ..Limits::default() });
            c.uses = Some(Used { trips: 1, ..Used::default() });
        },
        &[Reason::UsedUp],
    ),
    (
        "the pass itself allows less than its kind",
        |c| {
            c.rule_of_work().limits = Some(Limits { per_day: Some(5), ..Limits::default() });
            c.document().limits = Some(pass::Limits { per_day: Some(1), ..pass::Limits::default() });
            c.uses = Some(Used { today: 1, ..Used::default() });
        },
        &[Reason::UsedUp],
    ),
    (
        "the kind allows less than the pass itself",
        |c| {
            c.rule_of_work().limits = Some(Limits { per_day: Some(1), ..Limits::default() });
            c.document().limits = Some(pass::Limits { per_day: Some(5), ..pass::Limits::default() });
            c.uses = Some(Used { today: 1, ..Used::default() });
        },
        &[Reason::UsedUp],
    ),
    (
        "no word of other boxes ever came",
        |c| {
            c.rule_of_work().limits = Some(Limits { per_day: Some(2), ..Limits::default() });
            c.policy.as_mut().unwrap().uses_old_after = Some(DAY);
            c.uses = Some(Used::default());
        },
        &[Reason::UsesOld],
    ),
    ("what is not limited may be used", |c| c.uses = Some(Used { today: 99, trips: 99, ..Used::default() }), &[]),
];
