//! The table at the top of `crossing`, row by row, on a box that has adopted nothing: every pass is refused
//! there, so these are the rows that do not need an admission.

use super::*;
use wire::ClockTrust;

mod admitted;
mod officer;

struct Post {
    lane: Lane,
    mono: Duration,
}

impl Post {
    fn new() -> Self {
        Self { lane: Lane::new(config::Lane::default(), Language::Ru, || [7; 8]), mono: Duration::from_secs(1000) }
    }

    fn on(&mut self, event: Event) -> Vec<Entry> {
        let now = WallTime::from_unix(1_588_334_400, ClockTrust::Rtc);
        let entries = self.lane.on(event, &World { mono: self.mono, now, release: None });
        self.lane.shown(self.mono);
        entries
    }

    /// Presses a key, after a glance.
    fn press(&mut self, key: Key) -> Vec<Entry> {
        self.mono += GLANCE;
        self.on(Event::Key { key, pressed: self.mono })
    }

    fn sight(&mut self, text: &str) -> Vec<Entry> {
        self.on(Event::Sighted { text: text.to_owned(), read_us: 900, handed: Instant::now() })
    }

    fn seen_plate(&self) -> Option<&str> {
        let State::Open(open) = self.lane.state() else { panic!("nothing is open") };
        open.plate.as_ref().map(|seen| seen.reading.folded())
    }

    fn after(&mut self, seconds: u64) -> Vec<Entry> {
        self.mono += Duration::from_secs(seconds);
        self.on(Event::Turn)
    }
}

/// What a device of the board reads.
fn plate(text: &str) -> Event {
    Event::Plate(FromDevice::board(&board::PlateReading {
        text: text.to_owned(),
        confidence: Some(0.97),
        device: "hikvision",
    }))
}

fn closing(entries: &[Entry]) -> Option<Action> {
    entries.iter().find_map(|entry| match entry {
        Entry::Closing(closing) => Some(closing.action),
        _ => None,
    })
}

#[test]
fn a_first_sighting_opens_a_crossing_and_the_same_text_adds_nothing() {
    let mut post = Post::new();
    let entries = post.sight("MP1:X");
    let [Entry::Crossing(crossing)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(crossing.outcome, wire::entry::Outcome::Refuse);
    assert_eq!(crossing.reasons, [verdict::Reason::NoTrust.number()]);
    assert_eq!(post.sight("MP1:X"), []);
}

#[test]
fn another_pass_closes_the_crossing_before_it() {
    let mut post = Post::new();
    post.sight("MP1:X");
    post.mono += GAP;
    let entries = post.sight("MP1:Y");
    assert_eq!(closing(&entries), Some(Action::NextPass));
    assert!(matches!(entries[..], [Entry::Closing(_), Entry::Crossing(_)]));
}

#[test]
fn a_crossing_closes_by_itself_after_a_minute_of_absence_and_not_before() {
    let mut post = Post::new();
    post.sight("MP1:X");
    assert_eq!(post.after(59), []);
    assert_eq!(closing(&post.after(1)), Some(Action::Absence));
    assert!(matches!(post.lane.state(), State::Idle));
}

#[test]
fn a_refusal_does_not_yield_to_yes() {
    let mut post = Post::new();
    post.sight("MP1:X");
    assert_eq!(post.press(Key::Yes), []);
    assert!(matches!(post.lane.state(), State::Open(_)));
}

#[test]
fn what_was_turned_back_is_not_judged_again_while_it_is_still_held_up() {
    let mut post = Post::new();
    post.sight("MP1:X");
    assert_eq!(closing(&post.press(Key::No)), Some(Action::TurnedBack));
    assert_eq!(post.after(2), []);
    assert_eq!(post.sight("MP1:X"), []);
    assert_eq!(post.after(2), []);
    assert!(matches!(post.lane.state(), State::Closed { .. }));
    post.after(1);
    assert!(matches!(post.lane.state(), State::Idle));
    assert!(matches!(post.sight("MP1:X")[..], [Entry::Crossing(_)]));
}

#[test]
fn a_plate_typed_before_the_pass_is_written_with_it_and_forgotten_after_a_while() {
    let mut post = Post::new();
    for key in "A123BC77".chars() {
        post.press(key.to_digit(10).map_or(Key::Letter(key), |digit| Key::Digit(digit as u8)));
    }
    assert_eq!(post.lane.keypad().text(), "A123BC77");
    post.press(Key::Enter);
    let entries = post.sight("MP1:X");
    let [Entry::Crossing(crossing)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(crossing.plate_seen.as_deref(), Some("A123BC77"));

    let mut late = Post::new();
    late.on(plate("A123BC77"));
    late.mono += Duration::from_secs(31);
    let entries = late.sight("MP1:X");
    let [Entry::Crossing(crossing)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(crossing.plate_seen, None);
}

#[test]
fn no_takes_back_what_is_typed_before_it_turns_anybody_back() {
    let mut post = Post::new();
    post.sight("MP1:X");
    post.press(Key::Digit(1));
    assert_eq!(post.press(Key::No), []);
    assert_eq!(post.lane.keypad().text(), "");
    assert_eq!(closing(&post.press(Key::No)), Some(Action::TurnedBack));
}

#[test]
fn a_plate_that_is_read_while_another_car_is_here_waits_for_its_own_pass() {
    let mut post = Post::new();
    post.on(plate("A123BC77"));
    post.sight("MP1:X");
    assert_eq!(post.on(plate("B456EK77")), []);
    post.mono += GAP;
    let entries = post.sight("MP1:Y");
    let [Entry::Closing(_), Entry::Crossing(crossing)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(crossing.plate_seen.as_deref(), Some("B456EK77"));
}

#[test]
fn a_plate_that_is_read_late_is_this_cars_while_its_pass_is_in_view_and_not_afterwards() {
    let mut post = Post::new();
    post.sight("MP1:X");
    let entries = post.on(plate("A123BC77"));
    let [Entry::Crossing(crossing)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(crossing.plate_seen.as_deref(), Some("A123BC77"));

    let mut late = Post::new();
    late.sight("MP1:X");
    late.after(4);
    assert_eq!(late.on(plate("A123BC77")), []);
}

#[test]
fn the_camera_is_written_down_when_it_goes_and_when_it_comes_back() {
    let mut post = Post::new();
    assert_eq!(post.on(Event::Camera(CameraState::Sees)), []);
    assert!(matches!(&post.on(Event::Camera(CameraState::Fails))[..], [Entry::Note(note)] if note.detail == "fails"));
    assert!(matches!(&post.on(Event::Camera(CameraState::Sees))[..], [Entry::Note(note)] if note.detail == "sees"));
}

#[test]
fn the_language_key_changes_the_language_and_nothing_else() {
    let mut post = Post::new();
    assert_eq!(post.press(Key::Language), []);
    assert_eq!(post.lane.language(), Language::En);
}

#[test]
fn a_code_that_cannot_be_read_is_spoken_of_for_a_moment_and_not_once_it_is_read() {
    let mut post = Post::new();
    for _ in 0..4 {
        post.mono += Duration::from_millis(100);
        post.on(Event::Unread(Some(Hint::Glare)));
    }
    assert_eq!(post.lane.hint(post.mono + Duration::from_secs(1)), Some(Some(Hint::Glare)));
    assert_eq!(post.lane.hint(post.mono + Duration::from_secs(2)), None);
    post.sight("MP1:X");
    assert_eq!(post.lane.hint(post.mono), None);
}

#[test]
fn two_passes_in_one_picture_do_not_make_a_crossing_of_every_turn() {
    let mut post = Post::new();
    post.sight("MP1:X");
    for _ in 0..10 {
        post.mono += Duration::from_millis(100);
        assert_eq!(post.sight("MP1:Y"), []);
        post.mono += Duration::from_millis(100);
        assert_eq!(post.sight("MP1:X"), []);
    }
    post.mono += GAP;
    assert!(matches!(post.sight("MP1:Y")[..], [Entry::Closing(_), Entry::Crossing(_)]));
}

#[test]
fn a_key_counts_only_for_what_the_officer_has_seen() {
    let mut post = Post::new();
    post.sight("MP1:X");
    // On its way before the verdict stood there, and in the blink after it.
    assert_eq!(post.on(Event::Key { key: Key::No, pressed: post.mono - Duration::from_millis(50) }), []);
    assert_eq!(post.on(Event::Key { key: Key::No, pressed: post.mono + Duration::from_millis(399) }), []);
    assert_eq!(closing(&post.press(Key::No)), Some(Action::TurnedBack));
}

#[test]
fn what_the_journal_did_not_take_in_time_is_not_shown_to_the_next_car() {
    let mut post = Post::new();
    let now = WallTime::from_unix(1_588_334_400, ClockTrust::Rtc);
    let sighted = Event::Sighted { text: "MP1:X".to_owned(), read_us: 900, handed: Instant::now() };
    // The loop never says that it was shown.
    post.lane.on(sighted, &World { mono: post.mono, now, release: None });
    let later = World { mono: post.mono + LINGER, now, release: None };
    assert_eq!(closing(&post.lane.on(Event::Turn, &later)), Some(Action::Absence));
}

#[test]
fn what_is_half_typed_is_forgotten_with_the_next_pass() {
    let mut post = Post::new();
    post.press(Key::Digit(7));
    post.sight("MP1:X");
    assert_eq!(post.lane.keypad().text(), "");
}

#[test]
fn a_plate_longer_than_any_is_no_plate() {
    let mut post = Post::new();
    post.on(plate(&"A123BC77".repeat(100_000)));
    let entries = post.sight("MP1:X");
    assert!(matches!(&entries[..], [Entry::Crossing(crossing)] if crossing.plate_seen.is_none()));
}

#[test]
fn a_device_that_says_the_same_again_keeps_a_waiting_plate_and_brings_none() {
    let again = |text: &str| {
        let Event::Plate(read) = plate(text) else { unreachable!() };
        Event::Plate(FromDevice { is_repeat: true, ..read })
    };
    // The car stands there for longer than a plate is kept, and is seen all the time.
    let mut post = Post::new();
    post.on(plate("A123BC77"));
    for _ in 0..4 {
        post.after(20);
        post.on(again("A123BC77"));
    }
    post.sight("MP1:X");
    assert_eq!(post.seen_plate(), Some("A123BC77"));
    // It is gone, or its pass was judged: what is said of it once more is not the next one's.
    let mut post = Post::new();
    post.on(again("A123BC77"));
    post.sight("MP1:X");
    assert_eq!(post.seen_plate(), None);
}
