use std::time::Duration;

use board::Readings;
use hq::IssueRequest;
use verdict::{Outcome, Reason};
use wire::{ClockTrust, Grade};

use super::*;
use crate::desk::{BEGIN, Boot, Desk};
use crate::judge::{Circumstances, judge};

const DAY: i64 = 86_400;

/// What a box with such clocks says of three passes: one that is valid for a month, one that ended a day after HQ's
/// newest signed time, and one that ended an hour before it.
fn judged(desk: &Desk, boot: &Arc<Boot>, written: Option<i64>) -> (Grade, [Vec<Reason>; 3]) {
    let release = desk.release();
    let written = written.map(|at| WallTime::from_unix(at, ClockTrust::Ntp));
    let clock = Clock::new(boot.clone(), release.floor(), written);
    let now = clock.now();
    let reasons = [30 * DAY, DAY, -3600].map(|expires| {
        let request = IssueRequest {
            kind: 1,
            plates: vec!["A123BC77".to_owned()],
            not_before: BEGIN - DAY / 2,
            expires: BEGIN + expires,
            ..IssueRequest::default()
        };
        let pass = desk.region.issue(&request, "test", BEGIN - DAY / 2).unwrap();
        let plate = plate::Reading::new("A123BC77");
        let around = Circumstances { plate: Some(&plate), ..Circumstances::new(Some(&release), now) };
        judge(&pass.text, around).verdict.reasons
    });
    (now.trust.grade(), reasons)
}

fn boot(ntp: Option<i64>, rtc: Option<i64>) -> Arc<Boot> {
    let boot = Boot::default();
    boot.0.lock().unwrap().0 = Readings {
        system_ms: ntp.map_or(0, |ntp| (BEGIN + ntp) * 1000),
        synchronised: ntp.is_some(),
        rtc_ms: rtc.map(|rtc| (BEGIN + rtc) * 1000),
    };
    Arc::new(boot)
}

#[test]
fn a_clock_in_doubt_says_neither_valid_nor_expired_and_revives_nothing() {
    let desk = Desk::open();
    let later = Some(2 * DAY);
    let (good, passes) = judged(&desk, &boot(later, None), None);
    assert_eq!((good, passes), (Grade::Good, [vec![], vec![Reason::Expired], vec![Reason::Expired]]));
    assert_eq!(judged(&desk, &boot(None, later), None), judged(&desk, &boot(later, None), None));
    let doubt = vec![Reason::ClockInDoubt];
    let in_doubt = [doubt.clone(), doubt, vec![Reason::Expired, Reason::ClockInDoubt]];
    for (ntp, rtc, written, grade) in [
        (None, None, None, Grade::Coarse),
        (None, None, Some(BEGIN + 2 * DAY), Grade::Coarse),
        (Some(-300 * DAY), None, None, Grade::Bad),
        (Some(100 * DAY), None, None, Grade::Bad),
        (None, Some(-300 * DAY), None, Grade::Bad),
        (None, Some(100 * DAY), None, Grade::Bad),
        (None, Some(DAY), Some(BEGIN + 2 * DAY), Grade::Bad),
    ] {
        assert_eq!(judged(&desk, &boot(ntp, rtc), written), (grade, in_doubt.clone()), "{ntp:?} {rtc:?} {written:?}");
    }
    assert_eq!(Reason::ClockInDoubt.outcome(), Outcome::Check);
}

#[test]
fn a_wrong_clock_keeps_no_update_away_and_the_update_mends_what_it_can() {
    for (ntp, trust) in [(-300 * DAY, ClockTrust::None), (300 * DAY, ClockTrust::None), (2 * DAY, ClockTrust::Ntp)] {
        let mut desk = Desk::open();
        let clock = Clock::new(boot(Some(ntp), None), desk.release().floor(), None);
        assert_eq!(clock.now().trust, trust);
        let sequence = desk.release().sequence();
        desk.publish_to(BEGIN + DAY, clock.now());
        assert_eq!(desk.release().sequence(), sequence + 1);
        clock.floor_is(desk.release().floor());
        assert!(clock.now().unix() >= BEGIN + DAY);
    }
}

#[test]
fn time_goes_on_by_the_clock_of_the_boot() {
    let boot = boot(None, None);
    let clock = Clock::new(boot.clone(), BEGIN, None);
    let asked = clock.monotonic();
    boot.pass(1);
    clock.told(BEGIN + DAY, asked);
    boot.pass(3600);
    assert_eq!(clock.monotonic(), asked + Duration::from_secs(3601));
    assert_eq!(clock.now(), WallTime::from_unix(BEGIN + DAY + 3600, ClockTrust::Signed));
}
