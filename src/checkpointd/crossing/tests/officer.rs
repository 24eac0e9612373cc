//! The rows of the table that need an officer: a shift, an override, a look back, what is typed.

use super::*;
use crate::desk::{BEGIN, Desk, PLATE, now};
use crate::menu::Sheet;
use crate::shift::{Asks, Shifts};

/// A lane with officers, whose box knows what the desk's HQ has said.
struct Post {
    desk: Desk,
    lane: Lane,
    at: i64,
    folder: tempfile::TempDir,
}

impl Post {
    fn new() -> Self {
        let (desk, folder) = (Desk::open(), tempfile::tempdir().unwrap());
        let root = desk.region.newest_root().unwrap().unwrap();
        let keys: crate::shift::Keys = std::sync::Arc::new(move |at| root.command_at(at).collect());
        let shifts = Shifts::open(desk.region.id().clone(), keys, 0, folder.path(), Duration::from_secs(1000));
        let lane = Lane::new(config::Lane::default(), Language::Ru, || [7; 8]).staffed(shifts);
        Self { desk, lane, at: BEGIN, folder }
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

    fn press(&mut self, key: Key) -> Vec<Entry> {
        self.at += 1;
        let pressed = self.mono();
        self.on(Event::Key { key, pressed })
    }

    /// Presses keys by their words; what all of them left behind.
    fn keys(&mut self, words: &str) -> Vec<Entry> {
        words.split(' ').flat_map(|word| self.press(word.parse().unwrap())).collect()
    }

    fn sight(&mut self, text: &str) -> Vec<Entry> {
        self.on(Event::Sighted { text: text.to_owned(), read_us: 900, handed: Instant::now() })
    }

    /// An officer begins a shift.
    fn sign_in(&mut self, pseudonym: &str) -> Vec<Entry> {
        let pin = Some("402713".to_owned().into());
        let card = self.desk.region.issue_card(pseudonym, (BEGIN, BEGIN + 86_400), pin, "test", BEGIN).unwrap();
        assert_eq!(self.sight(&card.text), []);
        self.keys("4 0 2 7 1 3 yes")
    }

    /// A pass that was revoked stands before the box.
    fn refused(&mut self) {
        let pass = self.desk.issue(&[PLATE]);
        self.desk.revoke(&pass, self.at);
        let entries = self.sight(&pass.text);
        assert!(matches!(&entries[..], [Entry::Crossing(crossing)]
            if crossing.outcome == wire::entry::Outcome::Refuse));
    }
}

fn ended(entries: &[Entry]) -> Option<(Action, Option<&str>, Option<&str>)> {
    entries.iter().find_map(|entry| match entry {
        Entry::Closing(closing) => Some((closing.action, closing.why.as_deref(), closing.shift.as_deref())),
        _ => None,
    })
}

#[test]
fn a_shift_stands_on_everything_that_is_written_in_it() {
    let mut post = Post::new();
    let entries = post.sign_in("Рысь-4");
    assert!(matches!(&entries[..], [Entry::Shift(shift)]
        if shift.pseudonym == "Рысь-4" && shift.act == wire::entry::ShiftAct::SignedIn));
    let pass = post.desk.issue(&[PLATE]);
    let entries = post.sight(&pass.text);
    assert!(matches!(&entries[..], [Entry::Crossing(crossing)] if crossing.shift.as_deref() == Some("Рысь-4")));
    assert_eq!(ended(&post.press(Key::Yes)), Some((Action::Passed, None, Some("Рысь-4"))));
    let entries = post.keys("menu menu 5");
    assert!(matches!(&entries[..], [Entry::Shift(shift)] if shift.act == wire::entry::ShiftAct::SignedOut));
    let folder = std::fs::read_dir(post.folder.path()).unwrap().count();
    assert!(folder <= 1, "nothing of a shift is kept but wrong PINs");
}

#[test]
fn a_refusal_is_overridden_on_a_shift_with_a_reason_and_not_otherwise() {
    let mut post = Post::new();
    post.refused();
    // Nobody is on duty: there is no such entry in the menu.
    assert_eq!(post.keys("menu menu 2 1"), []);
    assert!(matches!(post.lane.state(), State::Open(_)));
    post.press(Key::No);
    post.sign_in("Рысь-4");
    let entries = post.keys("menu menu 2 3");
    assert_eq!(ended(&entries), Some((Action::Overridden, Some("documents"), Some("Рысь-4"))));
    assert!(matches!(post.lane.state(), State::Closed { action: Action::Overridden, .. }));
    assert!(post.lane.menu().is_none());
}

#[test]
fn what_is_not_refused_has_nothing_to_override() {
    let mut post = Post::new();
    post.sign_in("Рысь-4");
    let pass = post.desk.issue(&[PLATE]);
    post.sight(&pass.text);
    assert_eq!(post.keys("menu menu 2 1"), []);
    assert_eq!(post.lane.menu().map(Menu::sheet), Some(&Sheet::Top));
    // And keys in the menu decide nothing.
    assert_eq!(post.press(Key::Yes), []);
    assert_eq!(post.press(Key::No), []);
    assert!(post.lane.menu().is_none());
    assert_eq!(ended(&post.press(Key::No)), Some((Action::TurnedBack, None, Some("Рысь-4"))));
}

#[test]
fn the_last_ten_crossings_are_there_to_look_at_and_gone_with_the_shift() {
    let mut post = Post::new();
    post.sign_in("Рысь-4");
    for _ in 0..12 {
        let pass = post.desk.issue(&[PLATE]);
        post.at += 5;
        post.sight(&pass.text);
        post.press(Key::Yes);
    }
    assert_eq!(post.lane.recent().count(), 10);
    let last = post.lane.recent().next().unwrap();
    assert_eq!((last.plate.as_deref(), last.kind, last.action), (Some(PLATE), Some(1), Action::Passed));
    assert_eq!(last.at.unix(), post.at);
    post.keys("menu menu 4");
    assert_eq!(post.lane.menu().map(Menu::sheet), Some(&Sheet::Recent));
    post.keys("no menu menu 5");
    assert_eq!(post.lane.recent().count(), 0);
    assert!(post.lane.menu().is_none());
    // The next officer sees nothing of it either, who takes over without a word.
    post.sign_in("Рысь-4");
    let pass = post.desk.issue(&[PLATE]);
    post.sight(&pass.text);
    post.press(Key::No);
    assert_eq!(post.lane.recent().count(), 1);
    post.sign_in("Рысь-5");
    assert_eq!(post.lane.recent().count(), 0);
}

#[test]
fn a_wrong_pin_is_written_down_and_begins_nothing() {
    let mut post = Post::new();
    let pin = Some("402713".to_owned().into());
    let card = post.desk.region.issue_card("Рысь-4", (BEGIN, BEGIN + 86_400), pin, "test", BEGIN).unwrap();
    post.sight(&card.text);
    let entries = post.keys("4 0 2 7 1 4 enter");
    assert!(matches!(&entries[..], [Entry::Shift(shift)]
        if shift.act == wire::entry::ShiftAct::WrongPin && shift.tries == Some(1)));
    assert!(matches!(post.lane.shifts().asks(post.mono()), Some(Asks::Pin { wrong: true, .. })));
    // The digits of a PIN are nobody's plate.
    assert!(post.lane.keypad().is_at_rest());
    post.press(Key::No);
    assert_eq!((post.lane.shifts().asks(post.mono()), post.lane.shifts().on_duty()), (None, None));
}

#[test]
fn a_plate_is_typed_with_the_keys_there_are_and_compared() {
    let mut post = Post::new();
    let pass = post.desk.issue(&[PLATE]);
    post.sight(&pass.text);
    // A123BC77
    let entries = post.keys("menu 1 1 1 2 3 1 2 3 3 7 7 enter");
    let [Entry::Crossing(crossing)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(crossing.plate_seen.as_deref(), Some(PLATE));
    assert_eq!(crossing.plate_source, Some(wire::entry::PlateSource::Officer));
    assert_eq!(crossing.outcome, wire::entry::Outcome::Admit);
    // While something is typed, *yes* takes it and decides nothing.
    post.press(Key::Digit(1));
    assert_eq!(closing(&post.press(Key::Yes)), None);
}

#[test]
fn the_menu_goes_by_itself_and_with_the_next_car() {
    let mut post = Post::new();
    post.keys("menu menu");
    assert!(post.lane.menu().is_some());
    post.at += 60;
    post.on(Event::Turn);
    assert!(post.lane.menu().is_none());
    post.keys("menu menu");
    let pass = post.desk.issue(&[PLATE]);
    post.sight(&pass.text);
    assert!(post.lane.menu().is_none());
}

/// Adds to the region's rules; they are in force at once.
fn rule(post: &mut Post, before: &str, after: &str) {
    let path = post.desk.region.folder().join("policy.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("\"HC1\"]", "\"HC1\", \"code\"]");
    // What stands by itself comes before the first table of the file.
    let (plain, tables) = text.split_once("[freshness]").unwrap();
    std::fs::write(&path, format!("{plain}{before}\n[freshness]{tables}\n{after}\n")).unwrap();
    post.at += 1;
    post.desk.publish(post.at);
}

const EXEMPTIONS: &str = r#"
[[exemption]]
code = "ambulance"
ru = "Скорая помощь"
en = "Ambulance"
[[exemption]]
code = "freight"
ru = "Грузы"
en = "Freight"
"#;

#[test]
fn an_exemption_opens_and_closes_a_crossing_where_there_is_no_pass() {
    let mut post = Post::new();
    rule(&mut post, "", EXEMPTIONS);
    // Without a shift nobody is exempted.
    assert_eq!(post.keys("menu menu 1 1 no"), []);
    post.sign_in("Рысь-4");
    post.keys("menu 1 1 1 2 3 1 2 3 3 7 7 enter");
    let entries = post.keys("menu menu 1 2");
    let [Entry::Crossing(crossing), Entry::Closing(_)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((crossing.how, crossing.format.as_ref()), (Some(wire::entry::How::NoPass), None));
    assert_eq!(crossing.plate_seen.as_deref(), Some(PLATE));
    assert_eq!(ended(&entries), Some((Action::Exempted, Some("freight"), Some("Рысь-4"))));
    let last = post.lane.recent().next().unwrap();
    assert_eq!((last.outcome, last.plate.as_deref()), (None, Some(PLATE)));
}

#[test]
fn an_exemption_closes_what_is_open_whatever_its_verdict() {
    let mut post = Post::new();
    rule(&mut post, "", EXEMPTIONS);
    post.sign_in("Рысь-4");
    post.refused();
    let entries = post.keys("menu menu 1 1");
    assert!(matches!(&entries[..], [Entry::Closing(_)]));
    assert_eq!(ended(&entries), Some((Action::Exempted, Some("ambulance"), Some("Рысь-4"))));
}

#[test]
fn an_arrival_without_a_pass_is_written_down_with_the_address() {
    let mut post = Post::new();
    let arrivals = r#"
[arrivals]
days = 14
places = ["Тула", "Венёв"]
[[arrivals.purpose]]
code = "home"
ru = "Домой"
en = "Home"
"#;
    rule(&mut post, "", arrivals);
    // Menu, arrivals, home, Венёв, 12-3; the dash is the first sign of group 9.
    let entries = post.keys("menu menu 3 1 2 1 2 menu 9 1 menu 3 enter yes");
    let [Entry::Crossing(crossing), Entry::Arrival(arrival), Entry::Closing(closing)] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!((crossing.id, closing.id, closing.action), (arrival.id, arrival.id, Action::Exempted));
    assert_eq!((arrival.purpose.as_str(), arrival.settlement.as_str()), ("home", "Венёв"));
    assert_eq!((arrival.house.as_str(), arrival.days, arrival.minutes), ("12-3", 14, None));
    assert_eq!(closing.why.as_deref(), Some("arrival"));
}

#[test]
fn a_trip_declared_at_the_post_has_a_purpose_a_route_and_an_end() {
    let mut post = Post::new();
    let trips = "[[trip]]\ncode = \"doctor\"\nru = \"К врачу\"\nen = \"To the doctor\"\nvalid_for = \"3h\"\n";
    rule(&mut post, "", trips);
    // МИР
    let entries = post.keys("menu menu 6 1 menu 4 1 3 1 5 1 enter yes");
    let [Entry::Crossing(_), Entry::Arrival(trip), Entry::Closing(closing)] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!((trip.purpose.as_str(), trip.house.as_str()), ("doctor", "МИР"));
    assert_eq!((trip.days, trip.minutes, closing.why.as_deref()), (0, Some(180), Some("trip")));
}

#[test]
fn where_policy_requires_a_shift_nobody_is_judged_without_one() {
    let mut post = Post::new();
    rule(&mut post, "", "[shift]\nrequired = true\n");
    let pass = post.desk.issue(&[PLATE]);
    assert_eq!(post.sight(&pass.text), []);
    assert_eq!(post.lane.shifts().asks(post.mono()), Some(Asks::Card));
    post.sign_in("Рысь-4");
    assert!(matches!(&post.sight(&pass.text)[..], [Entry::Crossing(_)]));
}

#[test]
fn the_grace_is_the_policys() {
    let mut post = Post::new();
    rule(&mut post, "grace = \"2m\"", "");
    let pass = post.desk.issue(&[PLATE]);
    post.sight(&pass.text);
    post.press(Key::Yes);
    post.at += 100;
    post.on(Event::Turn);
    assert_eq!(post.sight(&pass.text), []);
    assert!(matches!(post.lane.state(), State::AdmittedBefore { .. }));
    post.at += 30;
    post.on(Event::Turn);
    assert!(matches!(&post.sight(&pass.text)[..], [Entry::Crossing(_)]));
}

#[test]
fn what_is_typed_is_judged_as_what_it_is() {
    let mut post = Post::new();
    let forms = "[[code]]\nname = \"sms\"\nalphabet = \"0123456789\"\nlength = 6\ncheck = \"luhn\"\n";
    rule(&mut post, "", forms);
    // A code: it is judged at once, as if it had been seen; nothing here knows it.
    let entries = post.keys("1 2 3 4 5 5 enter");
    assert!(matches!(&entries[..], [Entry::Crossing(crossing)] if crossing.how == Some(wire::entry::How::Typed)));
    // No code of this region, and no plate either.
    let entries = post.keys("1 2 3 4 5 6 enter");
    let Some(Entry::Crossing(crossing)) = entries.last() else { panic!("{entries:?}") };
    assert_eq!(crossing.reasons.first(), Some(&verdict::Reason::WrongCode.number()));
}
