use wire::uses::{Day, Head, Sheet, hash};

use super::*;

/// 2020-05-01 00:00 in Samara, four hours ahead of UTC.
const TODAY: i64 = 1_588_276_800;

fn region() -> RegionId {
    "RU-SAM".parse().unwrap()
}

fn pass(id: u8) -> Pass {
    Pass::new(&region(), "RU-SAM", &[id; 16])
}

fn key(day: i64) -> [u8; 32] {
    [u8::try_from(day.rem_euclid(DAY * 200) / DAY % 200).unwrap() + 1; 32]
}

fn used(id: u8, crossing: u8, day: i64, at: Option<i64>) -> Use {
    Use { slot: pass(id).slot(&key(day)), crossing: [crossing; 8], at }
}

fn own(uses: &[(i64, Use)]) -> Own {
    Own::new(uses.iter().map(|(day, _)| (*day, key(*day))), uses.iter().cloned())
}

/// HQ's word, as a box takes it: sheets first, head first, in any order.
fn merged(as_of: i64, days: &[(i64, Vec<Use>)], turn: usize) -> Merged {
    let mut merged = Merged::default();
    tell(&mut merged, as_of, days, turn);
    merged
}

fn tell(merged: &mut Merged, as_of: i64, days: &[(i64, Vec<Use>)], turn: usize) -> Took {
    let sheet = |(day, uses): &(i64, Vec<Use>)| {
        let mut uses = uses.clone();
        uses.sort();
        wire::encode(&Sheet { day: *day, uses })
    };
    let sheets: Vec<_> = days.iter().map(sheet).collect();
    let day = |((day, _), sheet): (&(i64, Vec<Use>), &Vec<u8>)| Day {
        begins: *day,
        key: self::key(*day),
        sheets: vec![hash(sheet).into()],
    };
    let head = Head { region: region(), as_of, days: days.iter().zip(&sheets).map(day).collect() };
    let mut told: Vec<Option<&Vec<u8>>> = sheets.iter().map(Some).chain([None]).collect();
    let turns = told.len();
    told.rotate_left(turn % turns);
    let mut took = Took::Nothing;
    for one in told {
        took = match one {
            Some(sheet) => merged.sheet(sheet),
            None => merged.head(head.clone(), as_of.to_be_bytes().to_vec()),
        };
    }
    took
}

const TWO_A_DAY: Limit = Limit { trips: None, days: None, per_day: Some(2), minutes: Some(60) };
const ONE_IN_14: Limit = Limit { trips: Some(1), days: Some(14), per_day: None, minutes: None };

fn counted(own: &Own, merged: &Merged, limit: &Limit, now: i64) -> (u64, u64, Option<i64>) {
    let Used { trips, today, under_way_since, .. } = count((own, merged), &pass(1), limit, &[99; 8], (TODAY, now));
    (trips, today, under_way_since)
}

#[test]
fn two_exits_a_day_of_an_hour_each() {
    let (noon, none) = (TODAY + DAY / 2, Merged::default());
    let yesterday = (TODAY - DAY, used(1, 1, TODAY - DAY, Some(noon - DAY)));
    let first = (TODAY, used(1, 2, TODAY, Some(noon)));
    let own = own(&[yesterday, first, (TODAY, used(2, 3, TODAY, Some(noon)))]);
    // Within the hour, and the minute that times are rounded to, whoever comes again is on the way back.
    assert_eq!(counted(&own, &none, &TWO_A_DAY, noon + 3600), (1, 1, Some(noon)));
    assert_eq!(counted(&own, &none, &TWO_A_DAY, noon + 3661), (1, 1, None));
    // A clock that was put back starts no trip before it began.
    assert_eq!(counted(&own, &none, &TWO_A_DAY, noon - 60).2, None);
}

#[test]
fn one_trip_in_fourteen_days_counts_the_day_itself_and_thirteen_before() {
    let none = Merged::default();
    for (days_ago, counts) in [(0, 1), (1, 1), (13, 1), (14, 0), (60, 0)] {
        let day = TODAY - days_ago * DAY;
        let own = own(&[(day, used(1, 1, day, None))]);
        assert_eq!(counted(&own, &none, &ONE_IN_14, TODAY).0, counts, "{days_ago}");
    }
}

#[test]
fn a_use_that_comes_by_both_ways_is_one_and_a_crossing_does_not_count_against_itself() {
    let here = used(1, 1, TODAY, None);
    let own = own(&[(TODAY, here.clone())]);
    let elsewhere = used(1, 2, TODAY, None);
    let merged = merged(TODAY + 60, &[(TODAY, vec![here, elsewhere, used(2, 3, TODAY, None)])], 0);
    assert_eq!(counted(&own, &merged, &TWO_A_DAY, TODAY), (2, 2, None));
    let apart = count((&own, &merged), &pass(1), &TWO_A_DAY, &[1; 8], (TODAY, TODAY));
    assert_eq!((apart.today, apart.as_of), (1, Some(TODAY + 60)));
}

#[test]
fn a_use_is_replaced_by_its_crossings_next_word_and_released() {
    let mut own = own(&[(TODAY, used(1, 1, TODAY, None))]);
    own.put(TODAY, used(1, 1, TODAY, Some(TODAY)));
    assert_eq!(counted(&own, &Merged::default(), &TWO_A_DAY, TODAY).1, 1);
    own.remove(&[1; 8]);
    own.remove(&[1; 8]);
    assert_eq!(counted(&own, &Merged::default(), &TWO_A_DAY, TODAY).1, 0);
    let mut own = self::own(&[(TODAY - 3 * DAY, used(1, 1, TODAY - 3 * DAY, None))]);
    own.forget(TODAY - 2 * DAY);
    assert_eq!(counted(&own, &Merged::default(), &ONE_IN_14, TODAY).0, 0);
}

#[test]
fn hqs_word_counts_whole_and_never_goes_back_in_whatever_order_it_comes() {
    let days = [(TODAY - DAY, vec![used(1, 1, TODAY - DAY, None)]), (TODAY, vec![used(1, 2, TODAY, None)])];
    for turn in 0..3 {
        let merged = merged(TODAY, &days, turn);
        assert_eq!(counted(&Own::default(), &merged, &ONE_IN_14, TODAY).0, 2, "turn {turn}");
        assert_eq!(merged.kept().unwrap().1.len(), 2);
    }
    let mut merged = merged(TODAY, &days, 0);
    // An older word changes nothing, nor does the same one.
    assert_eq!(tell(&mut merged, TODAY - 1, &days[1..], 0), Took::Nothing);
    assert_eq!(tell(&mut merged, TODAY, &days, 0), Took::Nothing);
    // A newer one without its sheets leaves what was known.
    let missing = Day { begins: TODAY, key: key(TODAY), sheets: vec![[7; 32].into()] };
    let head = Head { region: region(), as_of: TODAY + 1, days: vec![missing] };
    assert_eq!(merged.head(head, Vec::new()), Took::Waits);
    assert_eq!((merged.as_of(), counted(&Own::default(), &merged, &ONE_IN_14, TODAY).0), (Some(TODAY), 2));
    // What was turned back after all is no longer said.
    assert_eq!(tell(&mut merged, TODAY + 2, &days[1..], 0), Took::News);
    assert_eq!(counted(&Own::default(), &merged, &ONE_IN_14, TODAY).0, 1);
    assert_eq!(merged.kept().unwrap().1.len(), 1);
}

#[test]
fn sheets_that_nobody_names_take_no_more_room_than_they_may() {
    let mut merged = Merged::default();
    for day in 0..1000 {
        assert_eq!(merged.sheet(&wire::encode(&Sheet { day, uses: Vec::new() })), Took::Waits);
    }
    let head = Head { region: region(), as_of: 1, days: Vec::new() };
    assert_eq!(merged.head(head, Vec::new()), Took::News);
    assert_eq!(merged.kept().unwrap().1, []);
    assert_eq!(merged.sheet(b"\xff"), Took::Nothing);
}
