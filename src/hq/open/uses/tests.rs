use wire::entry::{Action, Closing, Outcome};
use wire::uses::hash;
use wire::{ClockTrust, WallTime};

use super::super::put::{self, Put};
use super::*;

/// A midnight in Tver.
const TODAY: i64 = 1_588_280_400;

struct Desk {
    folder: tempfile::TempDir,
    db: Connection,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = put::connect(&folder.path().join("crossings.db")).unwrap();
        Self { folder, db }
    }

    /// A crossing of a pass at a box, with its use.
    fn crossing(&self, name: &str, id: u8, pass: u8, at: i64, limit: Option<Limit>) {
        let time = WallTime::from_unix(at, ClockTrust::Ntp);
        let crossing = Crossing {
            issuer: Some("RU-TVE".to_owned()),
            pass_id: Some(vec![pass; 12]),
            use_window: limit.map(|_| at - (at - TODAY).rem_euclid(DAY)),
            use_limit: limit,
            ..Crossing::new([id; 8], time, Outcome::Admit)
        };
        self.put(name, |put| put.crossing(u64::from(id), &crossing));
    }

    fn closes(&self, name: &str, id: u8, action: Action) {
        let closing = Closing::new([id; 8], WallTime::from_unix(TODAY, ClockTrust::Ntp), action);
        self.put(name, |put| put.closing(&closing));
    }

    fn put(&self, name: &str, put: impl FnOnce(&Put<'_>) -> rusqlite::Result<()>) {
        put(&Put { db: &self.db, name: &name.parse().unwrap(), now: TODAY }).unwrap();
    }

    fn merged(&self, now: i64) -> Vec<Day> {
        merged(&self.db, &"RU-TVE".parse().unwrap(), now).unwrap()
    }

    fn uses(&self, now: i64) -> usize {
        self.merged(now).iter().flat_map(|day| &day.sheets).map(|sheet| sheet.uses.len()).sum()
    }

    /// What is found since yesterday, posts being ten minutes apart: the crossings, and what is wrong.
    fn conflicts(&self) -> Vec<(u64, u64, Misuse)> {
        let crossings = Crossings::open(&self.folder.path().join("crossings.db")).unwrap();
        let apart = |one: &BoxId, other: &BoxId| {
            assert_ne!(one, other);
            600
        };
        let found = crossings.pass_conflicts(TODAY - DAY, 600, apart).unwrap();
        found.into_iter().map(|one| (one.first.sequence, one.second.sequence, one.misuse)).collect()
    }
}

const ONCE: Option<Limit> = Some(Limit { trips: Some(1), days: Some(14), per_day: None, minutes: None });
const TWO_A_DAY: Option<Limit> = Some(Limit { trips: None, days: None, per_day: Some(2), minutes: Some(60) });

#[test]
fn uses_are_told_once_each_under_the_key_of_their_day_until_nothing_counts_them() {
    let desk = Desk::new();
    for _ in 0..2 {
        desk.crossing("one", 1, 1, TODAY + 3600, TWO_A_DAY);
        desk.crossing("two", 2, 1, TODAY + DAY + 61, ONCE);
        desk.crossing("two", 3, 3, TODAY + 60, None);
    }
    let days = desk.merged(TODAY + 7200);
    assert_eq!(days.iter().map(|day| day.begins).collect::<Vec<_>>(), [TODAY, TODAY + DAY]);
    let [today, tomorrow] = &days[..] else { panic!("two days") };
    assert_ne!(today.key, tomorrow.key);
    let slot = |day: &Day| Pass::new(&"RU-TVE".parse().unwrap(), "RU-TVE", &[1; 12]).slot(&day.key);
    assert_eq!(today.sheets[0].uses, [Use { slot: slot(today), crossing: [1; 8], at: Some(TODAY + 3600) }]);
    assert_eq!(tomorrow.sheets[0].uses, [Use { slot: slot(tomorrow), crossing: [2; 8], at: None }]);
    // Told again they are the same bytes, or every box would fetch them anew.
    let hashes = |days: &[Day]| days.iter().map(|day| hash(&wire::encode(&day.sheets[0]))).collect::<Vec<_>>();
    assert_eq!(hashes(&desk.merged(TODAY + 7200)), hashes(&days));
    assert_eq!((desk.uses(TODAY + DAY), desk.uses(TODAY + 14 * DAY), desk.uses(TODAY + 15 * DAY)), (1, 1, 0));
    let keys = |desk: &Desk| desk.db.query_row("SELECT count(*) FROM use_key", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(keys(&desk), 0, "the keys of days that are over are erased");
    // A clock that is years ahead holds nothing for years.
    desk.crossing("two", 4, 4, TODAY + 4000 * DAY, ONCE);
    assert_eq!(desk.uses(TODAY), 2);
}

#[test]
fn who_was_turned_back_exempted_or_refused_after_all_has_used_nothing() {
    let desk = Desk::new();
    desk.crossing("one", 1, 1, TODAY, ONCE);
    desk.closes("one", 1, Action::TurnedBack);
    desk.crossing("one", 2, 1, TODAY + 700, ONCE);
    desk.closes("one", 2, Action::Absence);
    desk.crossing("one", 3, 1, TODAY + 1400, ONCE);
    desk.crossing("one", 3, 1, TODAY + 1401, None);
    assert_eq!((desk.uses(TODAY), desk.conflicts()), (1, vec![]));
    // Nor has who needed no pass.
    desk.crossing("one", 5, 1, TODAY + 1800, ONCE);
    desk.closes("one", 5, Action::Exempted);
    assert_eq!((desk.uses(TODAY), desk.conflicts()), (1, vec![]));
    // The closing came before the crossing it closes: rows of one box, opened in two rounds.
    desk.closes("one", 4, Action::TurnedBack);
    desk.crossing("one", 4, 1, TODAY + 2100, ONCE);
    assert_eq!((desk.uses(TODAY), desk.conflicts()), (1, vec![]));
}

#[test]
fn a_use_too_many_is_found_in_whatever_order_the_logs_come() {
    for turn in 0..3 {
        let desk = Desk::new();
        let mut rows = [("one", 1, TODAY), ("two", 2, TODAY + 4000), ("one", 3, TODAY + 8000)];
        rows.rotate_left(turn);
        for (name, id, at) in rows {
            desk.crossing(name, id, 1, at, TWO_A_DAY);
        }
        desk.crossing("two", 4, 1, TODAY + DAY, TWO_A_DAY);
        assert_eq!(desk.conflicts(), [(2, 3, Misuse::Twice { times: 3, most: 2 })], "turn {turn}");
    }
    let desk = Desk::new();
    for (id, days) in [(1, -14), (2, 0), (3, 14), (4, 27)] {
        desk.crossing("one", id, 1, TODAY + days * DAY, ONCE);
    }
    assert_eq!(desk.conflicts(), [(3, 4, Misuse::Twice { times: 2, most: 1 })]);
}

#[test]
fn a_pass_at_two_posts_is_found_unless_one_of_them_did_not_let_it_go_on() {
    let desk = Desk::new();
    desk.crossing("one", 1, 1, TODAY, None);
    desk.crossing("two", 2, 1, TODAY + 599, None);
    // At the same box, too late, another pass: nothing.
    desk.crossing("two", 3, 1, TODAY + 650, None);
    desk.crossing("three", 4, 1, TODAY + 1250, None);
    desk.crossing("three", 5, 2, TODAY, None);
    assert_eq!(desk.conflicts(), [(1, 2, Misuse::Apart { seconds: 599 })]);
    // At the same second it is one conflict, not two.
    desk.crossing("four", 6, 2, TODAY, None);
    assert_eq!(desk.conflicts().len(), 2);
    desk.closes("two", 2, Action::TurnedBack);
    desk.closes("four", 6, Action::TurnedBack);
    assert_eq!(desk.conflicts(), []);
}
