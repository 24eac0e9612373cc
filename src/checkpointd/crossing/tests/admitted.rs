//! The rows of the table that need an admission: real passes of a real region.

use super::*;
use crate::desk::{BEGIN, Desk, PLATE, now};

/// A lane whose box knows what the desk's HQ has said.
struct Post {
    desk: Desk,
    lane: Lane,
    at: i64,
}

impl Post {
    fn new() -> Self {
        Self { desk: Desk::open(), lane: Lane::new(config::Lane::default(), Language::Ru, || [7; 8]), at: BEGIN }
    }

    fn on(&mut self, event: Event) -> Vec<Entry> {
        let release = self.desk.release();
        let mono = self.mono();
        let entries = self.lane.on(event, &World { mono, now: now(self.at), release: Some(&release) });
        self.lane.shown(mono);
        entries
    }

    fn mono(&self) -> Duration {
        Duration::from_secs(1000 + (self.at - BEGIN).cast_unsigned())
    }

    /// Presses a key, a second later.
    fn press(&mut self, key: Key) -> Vec<Entry> {
        self.at += 1;
        let pressed = self.mono();
        self.on(Event::Key { key, pressed })
    }

    fn sight(&mut self, text: &str) -> Vec<Entry> {
        self.on(Event::Sighted { text: text.to_owned(), read_us: 900, handed: Instant::now() })
    }

    /// A car whose plate is read is let pass.
    fn admit(&mut self, text: &str) {
        self.plate(PLATE);
        self.sight(text);
        assert_eq!(closing(&self.press(Key::Yes)), Some(Action::Passed));
    }

    fn plate(&mut self, text: &str) {
        assert_eq!(self.on(plate(text)), []);
    }
}

fn outcome(entries: &[Entry]) -> Option<(wire::entry::Outcome, Vec<u16>)> {
    entries.iter().rev().find_map(|entry| match entry {
        Entry::Crossing(crossing) => Some((crossing.outcome, crossing.reasons.clone())),
        _ => None,
    })
}

#[test]
fn a_pass_whose_plate_was_read_is_admitted_and_not_judged_again_within_the_grace() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    post.plate(PLATE);
    assert_eq!(outcome(&post.sight(&pass.text)), Some((wire::entry::Outcome::Admit, vec![])));
    assert_eq!(closing(&post.press(Key::Yes)), Some(Action::Passed));
    post.at += 60;
    post.on(Event::Turn);
    assert_eq!(post.sight(&pass.text), []);
    assert!(matches!(post.lane.state(), State::AdmittedBefore { admitted, .. } if admitted.unix() == BEGIN + 1));
    // The grace is five minutes from the admission, however often it was shown meanwhile.
    post.at = BEGIN + 302;
    post.on(Event::Turn);
    post.plate(PLATE);
    assert_eq!(outcome(&post.sight(&pass.text)), Some((wire::entry::Outcome::Admit, vec![])));
}

#[test]
fn without_a_plate_the_officer_compares_and_says_yes() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    let reasons = vec![verdict::Reason::ComparePlate.number()];
    assert_eq!(outcome(&post.sight(&pass.text)), Some((wire::entry::Outcome::Check, reasons)));
    assert_eq!(closing(&post.press(Key::Yes)), Some(Action::Passed));
}

#[test]
fn a_revocation_bites_within_the_grace() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    post.admit(&pass.text);
    post.at += 60;
    post.desk.revoke(&pass, BEGIN + 60);
    post.on(Event::Turn);
    let reasons = vec![verdict::Reason::Revoked.number(), verdict::Reason::ComparePlate.number()];
    assert_eq!(outcome(&post.sight(&pass.text)), Some((wire::entry::Outcome::Refuse, reasons)));
}

#[test]
fn a_pass_admitted_before_does_not_admit_another_car() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    post.admit(&pass.text);
    post.at += 60;
    post.on(Event::Turn);
    post.plate("X999XX77");
    let reasons = vec![verdict::Reason::WrongPlate.number()];
    assert_eq!(outcome(&post.sight(&pass.text)), Some((wire::entry::Outcome::Refuse, reasons)));
}

#[test]
fn what_is_open_is_judged_again_when_hq_speaks() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    post.plate(PLATE);
    post.sight(&pass.text);
    post.at += 5;
    post.desk.publish(BEGIN + 5);
    // Nothing about this pass has changed, so there is nothing to write.
    assert_eq!(post.on(Event::Turn), []);
    post.at += 5;
    post.desk.revoke(&pass, BEGIN + 10);
    let reasons = vec![verdict::Reason::Revoked.number()];
    assert_eq!(outcome(&post.on(Event::Turn)), Some((wire::entry::Outcome::Refuse, reasons)));
    assert_eq!(post.press(Key::Yes), []);
    assert!(matches!(post.lane.state(), State::Open(_)));
}

#[test]
fn the_next_car_with_a_picture_of_the_same_pass_is_no_part_of_the_crossing_before() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    post.admit(&pass.text);
    // Still held up while the car drives off: that is this car.
    post.at += 2;
    assert_eq!(post.sight(&pass.text), []);
    assert!(matches!(post.lane.state(), State::Closed { .. }));
    // Held up again: green does not stay for whoever comes.
    post.at += 2;
    assert_eq!(post.sight(&pass.text), []);
    assert!(matches!(post.lane.state(), State::AdmittedBefore { .. }));
    // And with another plate read it is another car.
    let entries = post.on(plate("X999XX77"));
    assert_eq!(outcome(&entries), Some((wire::entry::Outcome::Refuse, vec![verdict::Reason::WrongPlate.number()])));
}

#[test]
fn a_pass_shown_again_becomes_a_crossing_when_the_officer_decides() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    post.admit(&pass.text);
    post.at += 60;
    post.on(Event::Turn);
    post.sight(&pass.text);
    let entries = post.press(Key::No);
    assert!(matches!(entries[..], [Entry::Crossing(_), Entry::Closing(_)]));
    assert_eq!(closing(&entries), Some(Action::TurnedBack));
}

#[test]
fn a_plate_that_is_read_again_is_not_the_next_cars() {
    let mut post = Post::new();
    let (one, other) = (post.desk.issue(&[PLATE]), post.desk.issue(&[PLATE]));
    post.plate(PLATE);
    post.sight(&one.text);
    post.plate(PLATE);
    post.press(Key::Yes);
    post.plate(PLATE);
    post.at += 5;
    // The next car's plate was not read; the officer has to compare.
    let reasons = vec![verdict::Reason::ComparePlate.number()];
    assert_eq!(outcome(&post.sight(&other.text)), Some((wire::entry::Outcome::Check, reasons)));
}

#[test]
fn an_undecided_crossing_does_not_pass_on_its_plate_to_the_next_car_with_the_same_picture() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    post.plate(PLATE);
    post.sight(&pass.text);
    post.at += 20;
    post.plate("X999XX77");
    let entries = post.sight(&pass.text);
    assert_eq!(closing(&entries), Some(Action::NextPass));
    assert_eq!(outcome(&entries), Some((wire::entry::Outcome::Refuse, vec![verdict::Reason::WrongPlate.number()])));
}

#[test]
fn who_was_turned_back_may_show_a_better_pass() {
    let mut post = Post::new();
    let (old, new) = (post.desk.issue(&[PLATE]), post.desk.issue(&[PLATE]));
    post.desk.revoke(&old, BEGIN + 1);
    post.plate(PLATE);
    post.sight(&old.text);
    assert_eq!(closing(&post.press(Key::No)), Some(Action::TurnedBack));
    post.plate(PLATE);
    assert_eq!(outcome(&post.sight(&new.text)), Some((wire::entry::Outcome::Admit, vec![])));
}

/// Another id for each crossing.
fn next_id() -> [u8; 8] {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_be_bytes()
}

/// A box that counts, and a pass for one trip.
fn counting() -> (Post, String) {
    let mut post = Post::new();
    let zone = jiff::tz::TimeZone::UTC;
    let uses = crate::uses::Uses::new(post.desk.region.id(), &zone);
    let books = Books { uses: Some(uses), ..Books::default() };
    post.lane = Lane::new(config::Lane::default(), Language::Ru, next_id).with(books);
    let limits = pass::Limits { trips: Some(1), days: Some(14), ..pass::Limits::default() };
    let request = hq::IssueRequest {
        kind: 2,
        not_before: BEGIN - 60,
        expires: BEGIN + 30 * 86_400,
        limits: Some(limits),
        ..hq::IssueRequest::default()
    };
    let text = post.desk.region.issue(&request, "test", BEGIN).unwrap().text;
    (post, text)
}

fn is_used_up(entries: &[Entry]) -> bool {
    outcome(entries).is_some_and(|(_, reasons)| reasons.contains(&Reason::UsedUp.number()))
}

fn window(entries: &[Entry]) -> Option<i64> {
    entries.iter().find_map(|entry| match entry {
        Entry::Crossing(crossing) => crossing.use_window,
        _ => None,
    })
}

#[test]
fn a_pass_for_one_trip_is_the_same_trip_within_the_grace_and_used_up_after_it() {
    let (mut post, pass) = counting();
    let first = post.sight(&pass);
    assert_eq!((window(&first), is_used_up(&first)), (Some(BEGIN - BEGIN % 86_400), false));
    assert_eq!(closing(&post.press(Key::Yes)), Some(Action::Passed));
    post.at += 60;
    post.on(Event::Turn);
    assert_eq!(post.sight(&pass), []);
    assert!(matches!(post.lane.state(), State::AdmittedBefore { .. }));
    // Let pass again it is a crossing of its own, and no second use.
    let again = post.press(Key::Yes);
    assert_eq!((closing(&again), window(&again)), (Some(Action::Passed), None));
    post.at += 600;
    post.on(Event::Turn);
    let late = post.sight(&pass);
    assert!(is_used_up(&late) && window(&late).is_none(), "{late:?}");
}

#[test]
fn who_is_turned_back_has_used_nothing() {
    let (mut post, pass) = counting();
    assert!(!is_used_up(&post.sight(&pass)));
    assert_eq!(closing(&post.press(Key::No)), Some(Action::TurnedBack));
    post.at += 10;
    post.on(Event::Turn);
    let other = post.desk.issue(&[PLATE]).text;
    post.sight(&other);
    post.press(Key::No);
    post.at += 10;
    post.on(Event::Turn);
    assert!(!is_used_up(&post.sight(&pass)));
    // And whoever drives on without a key has used it.
    post.at += 100;
    post.on(Event::Turn);
    post.at += 400;
    assert!(is_used_up(&post.sight(&pass)));
}
