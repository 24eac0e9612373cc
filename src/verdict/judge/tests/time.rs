//! Validity, and clocks in doubt.

use super::*;

pub(super) const BENDS: &[Bend] = &[
    ("expired", |c| c.document().expires = Some(NOON - 1), &[Reason::Expired]),
    ("it has no end", |c| c.document().expires = None, &[Reason::ImplausibleDates]),
    ("not yet valid", |c| c.document().not_before = Some(NOON + 1), &[Reason::NotYetValid]),
    ("issued tomorrow", |c| c.document().issued = Some(NOON + DAY / 2), &[Reason::ImplausibleDates]),
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
    ("its kind has ended, whatever it says", |c| c.rule_of_work().ends = Some(NOON - 1), &[Reason::Expired]),
    ("its kind ends tomorrow", |c| c.rule_of_work().ends = Some(NOON + DAY), &[]),
];
