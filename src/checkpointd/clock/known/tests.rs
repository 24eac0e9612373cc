use proptest::prelude::*;
use wire::{ClockTrust, Grade};

use super::*;

/// HQ's newest signed time in the tests: 2020-05-01T12:00:00Z.
const FLOOR: i64 = 1_588_334_400;

const DAY: i64 = 86_400;

/// When the box was started, since boot.
const START: Duration = Duration::from_secs(20);

fn after(seconds: u64) -> Duration {
    START + Duration::from_secs(seconds)
}

/// Clocks by how far from the floor they stand, in seconds: the one a time server has set, and the battery-backed one.
fn clocks(ntp: Option<i64>, rtc: Option<i64>) -> Readings {
    Readings {
        system_ms: ntp.map_or(0, |ntp| (FLOOR + ntp) * 1000),
        synchronised: ntp.is_some(),
        rtc_ms: rtc.map(|rtc| (FLOOR + rtc) * 1000),
    }
}

/// A box that has adopted a release, and has written something down half a day later.
fn known() -> Known {
    Known::new(FLOOR, (FLOOR + DAY / 2) * 1000, START)
}

/// Seconds from the floor, and the trust.
fn told(time: WallTime) -> (i64, ClockTrust) {
    (time.unix() - FLOOR, time.trust)
}

#[test]
fn every_combination_of_clocks_has_its_trust() {
    use ClockTrust::{CarriedOver, None as Nothing, Ntp, Rtc, Signed};
    const LATER: i64 = DAY;
    let (back, ahead) = (Some(-DAY), Some(100 * DAY));
    let right = Some(LATER);
    #[rustfmt::skip]
    let table = [
        // time server, battery, whether HQ has said it is LATER; what comes of it
        (None,   None,   false, DAY / 2, CarriedOver),
        (right,  None,   false, LATER,   Ntp),
        (right,  right,  false, LATER,   Ntp),
        (right,  back,   false, LATER,   Ntp),
        (right,  ahead,  true,  LATER,   Ntp),
        (None,   right,  false, LATER,   Rtc),
        (back,   right,  false, LATER,   Rtc),
        (ahead,  right,  false, LATER,   Rtc),
        (ahead,  right,  true,  LATER,   Rtc),
        (None,   None,   true,  LATER,   Signed),
        (back,   None,   true,  LATER,   Signed),
        (ahead,  ahead,  true,  LATER,   Signed),
        (None,   back,   true,  LATER,   Signed),
        (back,   None,   false, DAY / 2, Nothing),
        (ahead,  None,   false, DAY / 2, Nothing),
        (None,   back,   false, DAY / 2, Nothing),
        (None,   ahead,  false, DAY / 2, Nothing),
        (back,   ahead,  false, DAY / 2, Nothing),
        // An hour off is no contradiction to the floor; to what HQ has said just now it is.
        (Some(LATER + 3600), None, false, LATER + 3600, Ntp),
        (Some(LATER + 3600), None, true,  LATER,        Signed),
        (Some(LATER - 3600), None, true,  LATER,        Signed),
        (Some(LATER + 200),  None, true,  LATER + 200,  Ntp),
    ];
    for (ntp, rtc, said, seconds, trust) in table {
        let mut known = known();
        if said {
            known.told(FLOOR + LATER, START, START);
        }
        assert_eq!(told(known.now(clocks(ntp, rtc), START)), (seconds, trust), "{ntp:?} {rtc:?} {said}");
    }
}

#[test]
fn a_box_that_knows_nothing_has_no_time() {
    let mut nothing = Known::new(0, 0, START);
    let time = nothing.now(clocks(None, None), after(60));
    assert_eq!((time.unix_ms, time.trust.grade()), (0, Grade::Bad));
    // What was written down, or when the program was built, is better than nothing, and no more than that.
    let mut built = Known::new(0, FLOOR * 1000, START);
    assert_eq!(told(built.now(clocks(None, None), after(60))), (60, ClockTrust::CarriedOver));
}

#[test]
fn without_a_clock_time_goes_on_from_the_best_there_was() {
    let mut known = known();
    assert_eq!(told(known.now(clocks(None, None), after(100))), (DAY / 2 + 100, ClockTrust::CarriedOver));
    // A release comes on a stick: it is at least so late, and nobody knows how much later.
    known.floor_is(FLOOR + DAY, after(100));
    assert_eq!(told(known.now(clocks(None, None), after(160))), (DAY + 60, ClockTrust::CarriedOver));
    // The time server comes, and goes.
    assert_eq!(told(known.now(clocks(Some(2 * DAY), None), after(170))), (2 * DAY, ClockTrust::Ntp));
    assert_eq!(told(known.now(clocks(None, None), after(180))), (2 * DAY + 10, ClockTrust::CarriedOver));
}

#[test]
fn a_battery_clock_that_steps_is_not_believed_until_a_better_one_agrees() {
    let mut known = known();
    let mut trust = |ntp, rtc, at| known.now(clocks(ntp, rtc), after(at)).trust;
    assert_eq!(trust(None, Some(DAY), 0), ClockTrust::Rtc);
    assert_eq!(trust(None, Some(DAY + 60), 60), ClockTrust::Rtc);
    // Somebody sets it back by an hour, to make an expired pass good.
    assert_eq!(trust(None, Some(DAY - 3480), 120), ClockTrust::None);
    assert_eq!(trust(None, Some(DAY - 3420), 180), ClockTrust::None);
    // Or it was a slip of the bus.
    assert_eq!(trust(None, Some(DAY + 240), 240), ClockTrust::Rtc);
    // A time server sets it: from then on that counts.
    let at = DAY + 300 + 3600;
    assert_eq!(trust(Some(at), Some(DAY + 300), 300), ClockTrust::Ntp);
    assert_eq!(trust(None, Some(DAY + 360), 360), ClockTrust::None);
    assert_eq!(trust(Some(at + 120), Some(at + 120), 420), ClockTrust::Ntp);
    assert_eq!(trust(None, Some(at + 180), 480), ClockTrust::Rtc);
}

#[test]
fn a_battery_clock_behind_what_was_written_down_was_lost() {
    let mut known = known();
    assert_eq!(told(known.now(clocks(None, Some(60)), START)), (DAY / 2, ClockTrust::None));
    assert_eq!(known.now(clocks(None, Some(120)), after(60)).trust, ClockTrust::None, "also when asked again");
    let mut known = self::known();
    assert_eq!(known.now(clocks(None, Some(DAY / 2 - 30)), START).trust, ClockTrust::Rtc);
}

#[test]
fn what_was_written_down_far_ahead_is_worth_nothing() {
    let mut known = Known::new(FLOOR, (FLOOR + 100 * DAY) * 1000, START);
    assert_eq!(told(known.now(clocks(None, None), START)), (0, ClockTrust::CarriedOver));
    assert_eq!(known.now(clocks(None, Some(DAY)), START).trust, ClockTrust::Rtc);
}

#[test]
fn hqs_word_wears_out_and_a_better_one_takes_its_place() {
    let mut known = known();
    known.told(FLOOR + DAY, START, after(30));
    assert_eq!(told(known.now(clocks(None, None), after(90))), (DAY + 60, ClockTrust::Signed));
    // A slower exchange tells less than what is known.
    known.told(FLOOR, after(90), after(150));
    assert_eq!(told(known.now(clocks(None, None), after(150))), (DAY + 120, ClockTrust::Signed));
    known.told(FLOOR + DAY + 125, after(160), after(161));
    assert_eq!(told(known.now(clocks(None, None), after(161))), (DAY + 125, ClockTrust::Signed));
    // After a week the clock of the boot may have gone astray: then it is only a floor.
    let weeks = after(8 * 86_400);
    assert_eq!(known.now(clocks(None, None), weeks).trust, ClockTrust::CarriedOver);
    // An answer that may be an hour old is none.
    let mut late = self::known();
    late.told(FLOOR + DAY, START, after(3600));
    assert_eq!(late.now(clocks(None, None), after(3600)).trust, ClockTrust::CarriedOver);
    // Nor is one that HQ's own releases contradict.
    let mut odd = self::known();
    odd.told(FLOOR + 100 * DAY, START, START);
    odd.told(FLOOR - DAY, START, START);
    assert_eq!(odd.now(clocks(None, None), START).trust, ClockTrust::CarriedOver);
}

#[test]
fn a_root_that_takes_the_floor_back_takes_everything_back_that_stood_on_it() {
    let mut known = Known::new(FLOOR + 60 * DAY, 0, START);
    assert_eq!(known.now(clocks(Some(0), None), START).trust, ClockTrust::None);
    known.floor_is(FLOOR, after(10));
    assert_eq!(told(known.now(clocks(None, None), after(20))), (10, ClockTrust::CarriedOver));
    assert_eq!(told(known.now(clocks(Some(60), None), after(60))), (60, ClockTrust::Ntp));
}

/// What can happen to a clock.
#[derive(Debug, Clone)]
enum Act {
    Read { ntp: Option<i64>, rtc: Option<i64> },
    Pass(u64),
    Floor(i64),
    Told { issued: i64, ago: u64 },
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let at = || prop_oneof![-200 * DAY..200 * DAY, any::<i64>().prop_map(|any| any / 2000)];
    let maybe = move || proptest::option::of(at());
    prop_oneof![
        4 => (maybe(), maybe()).prop_map(|(ntp, rtc)| Act::Read { ntp, rtc }),
        2 => prop_oneof![0..600_u64, 0..10_000_000_u64].prop_map(Act::Pass),
        1 => (0..300 * DAY).prop_map(Act::Floor),
        2 => (at(), 0..2000_u64).prop_map(|(issued, ago)| Act::Told { issued, ago }),
        1 => Just(Act::Restart),
    ]
}

proptest! {
    /// Whatever the clocks say, in whatever order: time is never before what HQ has signed nor, when it is good, far
    /// ahead of it; without a good clock it never runs backwards; and nothing is good by a clock's word alone after
    /// the clocks are gone.
    #[test]
    fn time_is_never_before_what_hq_has_signed(acts in proptest::collection::vec(act(), 1..40)) {
        let (mut known, mut floor, mut mono) = (self::known(), FLOOR, START);
        let mut before: Option<WallTime> = None;
        for act in acts {
            match act {
                Act::Read { ntp, rtc } => {
                    let now = known.now(clocks(ntp, rtc), mono);
                    prop_assert!(now.unix() >= floor, "{now:?} before {floor}");
                    if now.trust.is_sound() {
                        prop_assert!(now.unix() - floor <= AHEAD_OF_FLOOR + 8 * DAY, "{now:?} far ahead of {floor}");
                    } else if let Some(before) = before {
                        prop_assert!(now.unix_ms >= before.unix_ms, "{now:?} after {before:?}");
                    }
                    if ntp.is_none() && rtc.is_none() {
                        prop_assert!(matches!(now.trust, ClockTrust::Signed | ClockTrust::CarriedOver));
                    }
                    before = Some(now);
                }
                Act::Pass(seconds) => mono += Duration::from_secs(seconds),
                Act::Floor(ahead) => {
                    floor = floor.max(FLOOR + ahead);
                    known.floor_is(floor, mono);
                }
                Act::Told { issued, ago } => {
                    known.told(FLOOR.saturating_add(issued), mono.saturating_sub(Duration::from_secs(ago)), mono);
                }
                Act::Restart => {
                    let written = before.map_or(0, |before| before.unix_ms);
                    known = Known::new(floor, written, mono);
                    let now = known.now(clocks(None, None), mono);
                    prop_assert_eq!(now.trust, ClockTrust::CarriedOver, "no clock's time comes back as signed");
                    before = Some(now);
                }
            }
        }
    }
}
