//! Which readings the lane hears of, and who may post.

use std::sync::mpsc::{Receiver, sync_channel};

use reader::anpr::Seen;
use wire::{ClockTrust, WallTime};

use super::*;

const NOW: i64 = 1_588_334_400;

fn source(more: &str) -> Source {
    toml::from_str(&format!(
        "name = \"north\"\nkind = \"json\"\nlisten = \"127.0.0.1:0\"\ntoken = \"12345678\"\n{more}"
    ))
    .unwrap()
}

fn seen(plate: &str, id: Option<&str>) -> Seen {
    Seen {
        plate: plate.to_owned(),
        confidence: Some(90),
        camera: "gate".to_owned(),
        at: Some(NOW * 1000),
        id: id.map(str::to_owned),
        late: false,
    }
}

struct Sifting {
    sieve: Sieve,
    trust: ClockTrust,
    mono: Duration,
}

impl Sifting {
    fn of(more: &str) -> Self {
        Self { sieve: Sieve::new(&source(more), 0), trust: ClockTrust::Ntp, mono: Duration::from_secs(1000) }
    }

    /// Whether it was a repeat, or why it was left.
    fn take(&mut self, seen: Seen) -> Result<bool, Left> {
        let taken = self.sieve.take(seen, false, WallTime::from_unix(NOW, self.trust), self.mono);
        taken.map(|read| read.is_repeat)
    }
}

#[test]
fn a_source_says_who_has_read_what_and_how_surely() {
    let mut sieve = Sieve::new(&source(""), 0);
    let now = WallTime::from_unix(NOW, ClockTrust::Ntp);
    let read = sieve.take(seen("а 123 вс 77", Some("1")), false, now, Duration::ZERO).unwrap();
    assert_eq!(read.reading.folded(), "A123BC77");
    assert_eq!((read.kind, read.confidence, read.is_repeat), ("json", Some(900), false));
}

#[test]
fn what_is_old_by_any_sign_is_left() {
    let mut sifting = Sifting::of("");
    let at = |seconds: i64| Seen { at: Some((NOW + seconds) * 1000), ..seen("A123BC77", None) };
    assert_eq!(sifting.take(at(-31)), Err(Left::Old));
    assert_eq!(sifting.take(at(11)), Err(Left::Ahead));
    assert_eq!(sifting.take(Seen { late: true, ..at(0) }), Err(Left::Old));
    let now = WallTime::from_unix(NOW, ClockTrust::Ntp);
    assert_eq!(sifting.sieve.take(at(0), true, now, sifting.mono), Err(Left::Old));
    // Nothing that was left counts as said.
    assert_eq!(sifting.take(at(-30)), Ok(false));
    // A source that says no time speaks of now; so does one whose clock does not count.
    assert_eq!(Sifting::of("").take(Seen { at: None, ..at(0) }), Ok(false));
    assert_eq!(Sifting::of("clock = \"arrival\"").take(at(-90_000)), Ok(false));
    // A box that does not know the time cannot call anything old.
    assert_eq!(Sifting { trust: ClockTrust::None, ..Sifting::of("") }.take(at(-90_000)), Ok(false));
}

#[test]
fn who_is_not_sure_enough_or_does_not_say_is_left() {
    let sure = |confidence: Option<u8>| Seen { confidence, ..seen("A123BC77", None) };
    assert_eq!(Sifting::of("").take(sure(Some(59))), Err(Left::Unsure));
    assert_eq!(Sifting::of("").take(sure(None)), Err(Left::Unsure));
    assert_eq!(Sifting::of("").take(sure(Some(60))), Ok(false));
    assert_eq!(Sifting::of("least_confidence = 0").take(sure(None)), Ok(false));
}

#[test]
fn a_camera_belongs_to_a_lane() {
    let with = |cameras: &str| Sifting::of(&format!("cameras = {{ {cameras} }}"));
    assert_eq!(with("gate = 0, other = 1").take(seen("A123BC77", None)), Ok(false));
    assert_eq!(with("Gate = 0").take(seen("A123BC77", None)), Ok(false));
    assert_eq!(with("gate = 1").take(seen("A123BC77", None)), Err(Left::Elsewhere));
    assert_eq!(with("other = 0").take(seen("A123BC77", None)), Err(Left::Elsewhere));
}

#[test]
fn an_update_is_a_repeat_and_puts_right_only_while_it_is_early_and_surer() {
    let mut sifting = Sifting::of("");
    let with = |plate, id, confidence| Seen { confidence: Some(confidence), ..seen(plate, Some(id)) };
    assert_eq!(sifting.take(with("A123BC77", "1", 80)), Ok(false));
    assert_eq!(sifting.take(with("а123вс77", "1", 85)), Ok(true));
    assert_eq!(sifting.take(with("A128BC77", "1", 85)), Err(Left::NoBetter));
    assert_eq!(sifting.take(with("A128BC77", "1", 95)), Ok(false));
    assert_eq!(sifting.take(with("A123BC77", "2", 70)), Ok(false));
    sifting.mono += Duration::from_secs(10);
    assert_eq!(sifting.take(with("A125BC77", "1", 99)), Err(Left::NoBetter));
    assert_eq!(sifting.take(with("A128BC77", "1", 60)), Ok(true));
    // Some day it numbers from one again.
    sifting.mono += Duration::from_secs(600);
    assert_eq!(sifting.take(with("B456EK77", "1", 70)), Ok(false));
}

#[test]
fn without_ids_a_plate_stands_for_its_vehicle() {
    let mut sifting = Sifting::of("");
    assert_eq!(sifting.take(seen("A123BC77", None)), Ok(false));
    assert_eq!(sifting.take(seen("A123BC77", None)), Ok(true));
    assert_eq!(sifting.take(seen("B456EK77", None)), Ok(false));
    // What is remembered has an end.
    for number in 0..500 {
        assert_eq!(sifting.take(seen(&format!("A{number:03}BC77"), Some(&number.to_string()))), Ok(false));
    }
    assert_eq!(sifting.take(seen("B456EK77", None)), Ok(false));
}

#[test]
fn a_source_that_anybody_could_post_to_is_refused() {
    let wrong = |text: &str| check(&[toml::from_str(text).unwrap()]).unwrap_err();
    let posting = "name = \"a\"\nkind = \"hikvision\"\n";
    assert!(wrong(&format!("{posting}listen = \"127.0.0.1:1\"")).contains("token"));
    assert!(wrong(posting).contains("listen"));
    assert!(wrong(&format!("{posting}listen = \"127.0.0.1:1\"\ntoken = \"short\"")).contains("at least 8"));
    assert!(
        wrong(&format!("{posting}listen = \"127.0.0.1:1\"\ntoken = \"12345678\"\nbroker = \"b:1\"")).contains("broker")
    );
    assert!(wrong("name = \"a\"\nkind = \"frigate\"").contains("broker"));
    assert!(wrong("name = \"a\"\nkind = \"frigate\"\nbroker = \"b:1\"\ntopic = \"#\"").contains("wildcards"));
    assert!(wrong("name = \"a/b\"\nkind = \"frigate\"\nbroker = \"b:1\"").contains("letters"));
    assert!(check(&[source(""), source("")]).unwrap_err().contains("two"));
    assert_eq!(check(&[source("")]), Ok(()));
    assert!(!format!("{:?}", source("")).contains("12345678"));
}

/// A feed with nobody at the lane.
fn feed(places: usize) -> (Feed, Receiver<Event>) {
    let (events, happened) = sync_channel(places);
    let clock = Arc::new(Clock::new(Arc::new(crate::desk::Boot::default()), NOW, None));
    (Feed::new(source(""), Parts { events, clock, counted: Counted::default(), lane: 0 }), happened)
}

#[tokio::test]
async fn what_comes_is_told_or_counted_by_its_code() {
    let (feed, happened) = feed(1);
    let message = |plate: &str| format!(r#"{{"plate":"{plate}","camera":"gate","confidence":0.9}}"#);
    assert!(feed.hear(message("A123BC77").as_bytes(), false).await.is_ok());
    assert!(matches!(happened.try_recv(), Ok(Event::Plate(read)) if read.reading.folded() == "A123BC77"));
    assert!(feed.hear(message("A124BC77").as_bytes(), true).await.is_err());
    assert!(feed.hear(b"{}", false).await.is_err_and(|dropped| dropped.is_wrong()));
    assert!(feed.hear(message("none").as_bytes(), false).await.is_err_and(|dropped| !dropped.is_wrong()));
    assert!(happened.try_recv().is_err());
    // A lane that does not come to it is not waited for for ever.
    assert!(feed.hear(message("A125BC77").as_bytes(), false).await.is_ok());
    assert!(feed.hear(message("A126BC77").as_bytes(), false).await.is_err_and(|dropped| dropped.code() == "feed-busy"));
    let left = json!({ "feed-old": 1, "feed-malformed": 1, "feed-no-plate": 1, "feed-busy": 1 });
    let status = feed.parts.counted.status();
    assert_eq!((&status["north"]["taken"], &status["north"]["left"]), (&json!(2), &left));
}
