use super::*;

const RULE: Rule = Rule { tries: 3, seconds: 60 };

fn after(began: Duration, seconds: u64) -> Duration {
    began + Duration::from_secs(seconds)
}

/// A box whose start was long ago.
fn old(began: Duration) -> Attempts {
    Attempts::new(began)
}

#[test]
fn three_wrong_codes_within_a_minute_lock_for_a_minute_and_the_next_three_for_two() {
    let began = Duration::from_secs(20);
    let attempts = old(began);
    for (code, at) in [(1, 100), (2, 110), (3, 120)] {
        assert!(attempts.may(RULE, after(began, at)), "{at}");
        attempts.failed(RULE, code, after(began, at));
    }
    assert_eq!(attempts.wait(RULE, after(began, 121)), Duration::from_secs(59));
    assert!(!attempts.may(RULE, after(began, 179)) && attempts.may(RULE, after(began, 180)));
    for (code, at) in [(4, 181), (5, 182), (6, 183)] {
        assert!(attempts.may(RULE, after(began, at)), "{at}");
        attempts.failed(RULE, code, after(began, at));
    }
    assert_eq!(attempts.wait(RULE, after(began, 183)), Duration::from_secs(120));
    // A quiet time, and it begins anew.
    for (code, at) in [(7, 1000), (8, 1001), (9, 1002)] {
        attempts.failed(RULE, code, after(began, at));
    }
    assert_eq!(attempts.wait(RULE, after(began, 1002)), Duration::from_secs(60));
}

#[test]
fn the_same_wrong_code_is_one_try_and_slow_tries_are_none() {
    let began = Duration::from_secs(20);
    let attempts = old(began);
    for at in 100..120 {
        attempts.failed(RULE, 1, after(began, at));
    }
    assert!(attempts.may(RULE, after(began, 120)));
    for (code, at) in [(2, 200), (3, 261), (4, 322), (5, 383)] {
        attempts.failed(RULE, code, after(began, at));
        assert!(attempts.may(RULE, after(began, at)), "{at}");
    }
}

#[test]
fn a_restart_gains_nothing() {
    let began = Duration::from_secs(20);
    let attempts = Attempts::new(began);
    assert!(attempts.may(RULE, after(began, 1)));
    attempts.failed(RULE, 1, after(began, 1));
    assert!(!attempts.may(RULE, after(began, 2)));
}
