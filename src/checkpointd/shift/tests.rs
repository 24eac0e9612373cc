//! The table at the top of `shift`, row by row.

use ed25519_dalek::{Signer as _, SigningKey};
use trust::service::prove;
use wire::ClockTrust;
use wire::sign::Context;

use super::*;

const NOW: i64 = 1_588_334_400;
const PIN: &str = "402713";

struct Command(SigningKey);

impl wire::sign::Signer for Command {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn card(number: u8) -> String {
    let card = ServiceCard {
        region: "RU-TVE".parse().unwrap(),
        id: [number; 8],
        pseudonym: format!("Рысь-{number}"),
        valid_from: NOW,
        valid_to: NOW + 86_400,
        salt: [number; 16],
        proof: prove(PIN, &[number; 16]).unwrap(),
    };
    let key = Command(SigningKey::from_bytes(&[1; 32]));
    ServiceCard::text(&wire::sign::sign(Context::ServiceCard, &key, &wire::encode(&card)))
}

struct Post {
    folder: tempfile::TempDir,
    shifts: Shifts,
    mono: Duration,
}

impl Post {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mono = Duration::from_secs(1000);
        Self { shifts: open(folder.path(), mono), folder, mono }
    }

    fn now(&self) -> WallTime {
        WallTime::from_unix(NOW + 10, ClockTrust::Ntp)
    }

    fn present(&mut self, text: &str) {
        self.shifts.present(text, self.mono, self.now());
    }

    fn pin(&mut self, pin: &str) -> Vec<(ShiftAct, String, Option<u32>)> {
        pin.bytes().for_each(|digit| self.shifts.digit(digit - b'0', self.mono));
        acts(self.shifts.enter(self.mono, self.now()))
    }

    fn wait(&self) -> u64 {
        match self.shifts.asks(self.mono) {
            Some(Asks::Pin { wait, .. }) => wait,
            other => panic!("{other:?}"),
        }
    }
}

fn open(folder: &Path, mono: Duration) -> Shifts {
    let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
    Shifts::open("RU-TVE".parse().unwrap(), Arc::new(move |_| vec![key]), 0, folder, mono)
}

fn acts(entries: impl IntoIterator<Item = Entry>) -> Vec<(ShiftAct, String, Option<u32>)> {
    let act = |entry| match entry {
        Entry::Shift(Shift { act, pseudonym, tries, .. }) => (act, pseudonym, tries),
        other => panic!("{other:?}"),
    };
    entries.into_iter().map(act).collect()
}

#[test]
fn a_card_and_its_pin_begin_a_shift_and_the_menu_ends_it() {
    let mut post = Post::new();
    post.present(&card(4));
    assert!(post.shifts.wants_keys() && post.shifts.on_duty().is_none());
    assert_eq!(post.pin(PIN), [(ShiftAct::SignedIn, "Рысь-4".into(), None)]);
    assert_eq!(post.shifts.on_duty(), Some("Рысь-4"));
    // The card is still in view.
    post.present(&card(4));
    assert_eq!(post.shifts.asks(post.mono), None);
    let now = post.now();
    assert_eq!(acts(post.shifts.sign_out(now)), [(ShiftAct::SignedOut, "Рысь-4".into(), None)]);
    assert_eq!(post.shifts.sign_out(now), None);
    assert_eq!(post.shifts.on_duty(), None);
}

#[test]
fn another_officer_takes_over_and_a_card_ends() {
    let mut post = Post::new();
    post.present(&card(4));
    post.pin(PIN);
    post.present(&card(5));
    let both = [(ShiftAct::Ended, "Рысь-4".into(), None), (ShiftAct::SignedIn, "Рысь-5".into(), None)];
    assert_eq!(post.pin(PIN), both);
    let after = |trust| WallTime::from_unix(NOW + 86_401, trust);
    // A clock that nobody believes ends no shift.
    assert_eq!(post.shifts.turn(post.mono, after(ClockTrust::None)), None);
    assert_eq!(acts(post.shifts.turn(post.mono, after(ClockTrust::Ntp))), [(ShiftAct::Ended, "Рысь-5".into(), None)]);
}

#[test]
fn wrong_pins_are_written_down_and_cost_more_and_more_time() {
    let mut post = Post::new();
    post.present(&card(4));
    for tries in 1..=3 {
        assert_eq!(post.pin("000000"), [(ShiftAct::WrongPin, "Рысь-4".into(), Some(tries))]);
    }
    for (tries, wait) in [(3, 30), (4, 60), (5, 120), (6, 240), (7, 480), (8, 900), (9, 900)] {
        assert_eq!(post.wait(), wait, "after {tries}");
        // While it waits nothing is taken, the right PIN as little as another.
        assert_eq!(post.pin(PIN), []);
        post.mono += Duration::from_secs(wait);
        assert_eq!(post.wait(), 0);
        if tries < 9 {
            assert_eq!(post.pin("000000"), [(ShiftAct::WrongPin, "Рысь-4".into(), Some(tries + 1))]);
        }
    }
    assert_eq!(post.pin(PIN), [(ShiftAct::SignedIn, "Рысь-4".into(), Some(9))]);
    // And with the right one all is forgotten.
    post.present(&card(5));
    post.shifts.cancel();
    let now = post.now();
    post.shifts.sign_out(now);
    post.present(&card(4));
    assert_eq!(post.wait(), 0);
}

#[test]
fn a_restart_forgets_no_wrong_pin_and_the_wait_begins_anew() {
    let mut post = Post::new();
    post.present(&card(4));
    (0..5).for_each(|_| {
        post.mono += Duration::from_secs(1000);
        post.pin("000000");
    });
    post.mono += Duration::from_secs(100);
    assert_eq!(post.wait(), 20);
    post.shifts = open(post.folder.path(), post.mono);
    post.present(&card(4));
    assert_eq!(post.wait(), 120);
    // Another officer is not kept waiting by it.
    post.present(&card(5));
    assert_eq!(post.wait(), 0);
    // A file that is damaged locks nobody out.
    std::fs::write(file(post.folder.path()), [7; 30]).unwrap();
    post.shifts = open(post.folder.path(), post.mono);
    post.present(&card(4));
    assert_eq!(post.wait(), 0);
}

#[test]
fn the_question_goes_by_itself_and_a_card_that_does_not_count_says_why() {
    let mut post = Post::new();
    post.present(&card(4));
    let now = post.now();
    post.shifts.turn(post.mono + PATIENCE, now);
    assert!(!post.shifts.wants_keys());
    post.present("SC1:0000");
    assert_eq!(post.shifts.asks(post.mono), Some(Asks::OtherCard(Fault::Unreadable)));
    post.shifts.turn(post.mono + LINGER, now);
    assert_eq!(post.shifts.asks(post.mono + LINGER), None);
    post.shifts.remind(post.mono);
    assert_eq!(post.shifts.asks(post.mono), Some(Asks::Card));
}

#[test]
fn digits_are_corrected_before_the_pin_is_taken() {
    let mut post = Post::new();
    post.present(&card(4));
    "40271".bytes().for_each(|digit| post.shifts.digit(digit - b'0', post.mono));
    post.shifts.digit(9, post.mono);
    post.shifts.back(post.mono);
    assert_eq!(post.pin("3"), [(ShiftAct::SignedIn, "Рысь-4".into(), None)]);
}
