use wire::entry::{Closing, Outcome};
use wire::uses::{Day, Sheet, hash};

use super::*;
use crate::desk::{BEGIN, now};

const LIMIT: Limit = Limit { trips: Some(1), days: Some(14), per_day: None, minutes: Some(60) };

fn region() -> RegionId {
    "RU-TVE".parse().unwrap()
}

fn zone() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(4))
}

fn crossing(id: u8, window: Option<i64>) -> Entry {
    let use_limit = window.map(|_| LIMIT);
    let (issuer, pass_id) = (Some("RU-TVE".to_owned()), Some(vec![9; 12]));
    let new = Crossing::new([id; 8], now(BEGIN + 61), Outcome::Admit);
    Entry::Crossing(Crossing { issuer, pass_id, use_window: window, use_limit, ..new })
}

fn document() -> Document {
    let desk = crate::desk::Desk::open();
    let text = desk.issue(&[crate::desk::PLATE]).text;
    let mut document = pass::read(&text, desk.release().as_ref()).unwrap().document;
    (document.issuer, document.id) = ("RU-TVE".to_owned(), vec![9; 12]);
    document
}

fn trips(uses: &Uses) -> (u64, Option<i64>) {
    let used = uses.used(&document(), &LIMIT, &[0; 8], BEGIN + 3600);
    (used.trips, used.under_way_since)
}

#[test]
fn the_day_begins_where_the_region_is() {
    let uses = Uses::new(&region(), &zone());
    // 2020-04-30 20:00 UTC is midnight in Samara.
    let midnight = 1_588_276_800;
    for (at, begins) in [(midnight - 1, midnight - DAY), (midnight, midnight), (midnight + DAY - 1, midnight)] {
        assert_eq!(uses.window(at), begins);
    }
}

#[test]
fn a_use_is_counted_as_the_crossing_says_and_released_when_it_is_turned_back() {
    let uses = Uses::new(&region(), &zone());
    let window = uses.window(BEGIN);
    uses.take(&[crossing(1, Some(window))]);
    assert_eq!(trips(&uses), (1, Some(BEGIN + 61 - (BEGIN + 61) % 60)));
    // Judged again: refused after all, and then not.
    uses.take(&[crossing(1, None)]);
    assert_eq!(trips(&uses).0, 0);
    uses.take(&[crossing(1, Some(window)), crossing(2, Some(window))]);
    assert_eq!(trips(&uses).0, 2);
    let closed = |id: u8, action| Entry::Closing(Closing::new([id; 8], now(BEGIN), action));
    uses.take(&[closed(1, Action::TurnedBack), closed(2, Action::Absence)]);
    assert_eq!(trips(&uses).0, 1);
    // Nor has used it who needed none.
    uses.take(&[crossing(3, Some(window)), closed(3, Action::Exempted)]);
    assert_eq!(trips(&uses).0, 1);
}

#[test]
fn what_the_journal_keeps_is_what_was_counted() {
    let uses = Uses::new(&region(), &zone());
    let entry = crossing(1, Some(uses.window(BEGIN)));
    uses.take(std::slice::from_ref(&entry));
    let Some(Beside::Reserve { of, key }) = uses.hook()(&entry) else { panic!("a use is kept") };
    assert_eq!(of.until, uses.window(BEGIN) + 14 * DAY);
    let kept = Kept { keys: vec![(of.day, key)], uses: vec![of] };
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(trips(&Uses::open(&region(), &zone(), kept, folder.path())).0, 1);
}

/// A word of HQ on one use elsewhere.
fn word(as_of: i64) -> (Vec<u8>, Vec<u8>) {
    let day = Uses::new(&region(), &zone()).window(BEGIN);
    let slot = Pass::new(&region(), "RU-TVE", &[9; 12]).slot(&[5; 32]);
    let sheet = wire::encode(&Sheet { day, uses: vec![Use { slot, crossing: [77; 8], at: None }] });
    let days = vec![Day { begins: day, key: [5; 32], sheets: vec![hash(&sheet).into()] }];
    let head = wire::encode(&Head { region: region(), as_of, days });
    (wire::sign::sign(Context::Uses, &Pen, &head), sheet)
}

struct Pen;

impl wire::sign::Signer for Pen {
    fn public(&self) -> ed25519_dalek::VerifyingKey {
        ed25519_dalek::SigningKey::from_bytes(&[4; 32]).verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        ed25519_dalek::SigningKey::from_bytes(&[4; 32]).sign(message).to_bytes()
    }
}

#[test]
fn hqs_word_that_comes_before_the_release_that_names_its_key_is_believed_with_it() {
    let desk = crate::desk::Desk::open();
    let folder = tempfile::tempdir().unwrap();
    let root = desk.region.first_root().unwrap();
    let mut store = trust::Store::provision(folder.path(), &root, desk.region.id()).unwrap();
    let head = wire::encode(&Head { region: desk.region.id().clone(), as_of: BEGIN, days: Vec::new() });
    let head = wire::sign::try_sign(Context::Uses, &desk.region.uses_key().unwrap(), &head).unwrap();
    let uses = Uses::new(desk.region.id(), &zone());
    let (tell, mut told) = tokio::sync::mpsc::channel(4);
    let (view, stop, pulse) = (store.view(), Stop::default(), Pulse::default());
    let comes = |is_so: &dyn Fn() -> bool| {
        let began = std::time::Instant::now();
        while !is_so() && began.elapsed() < std::time::Duration::from_secs(60) {
            std::thread::sleep(TURN);
        }
        is_so()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| uses.work(&mut told, &view, &stop, &pulse));
        // What is no head does not push aside the one that waits.
        tell.blocking_send(Told::Head(head)).unwrap();
        tell.blocking_send(Told::Head(b"no head".to_vec())).unwrap();
        let are_taken = comes(&|| tell.capacity() == 4);
        let turns = pulse.load(Ordering::Relaxed);
        let are_heard = comes(&|| pulse.load(Ordering::Relaxed) > turns + 1);
        let before = uses.as_of();
        let adopted = store.adopt(&mut trust::Folder(desk.region.release_folder()), now(BEGIN));
        let is_believed = comes(&|| uses.as_of().is_some());
        // Before anything is said: what fails must not wait for a thread that nobody ends.
        stop.store(true, Ordering::Relaxed);
        adopted.unwrap();
        assert_eq!((are_taken, are_heard, before, is_believed), (true, true, None, true));
        assert_eq!(uses.as_of(), Some(BEGIN));
    });
}

#[test]
fn hqs_word_is_believed_by_its_key_alone_and_known_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("uses");
    let open = || Uses::open(&region(), &zone(), Kept::default(), &at);
    let uses = open();
    let (head, sheet) = word(BEGIN);
    let own = |_| vec![wire::sign::Signer::public(&Pen)];
    assert_eq!(uses.hear(&Told::Sheet(sheet), own).unwrap(), Took::Waits);
    assert!(uses.hear(&Told::Head(head.clone()), |_| Vec::new()).is_err());
    assert_eq!((uses.as_of(), trips(&uses).0), (None, 0));
    assert_eq!(uses.hear(&Told::Head(head), own).unwrap(), Took::News);
    assert_eq!((uses.as_of(), trips(&uses).0), (Some(BEGIN), 1));
    let again = open();
    assert_eq!((again.as_of(), trips(&again).0), (Some(BEGIN), 1));
    // A torn sheet is as if the word had never come; then the line brings both again.
    let file = std::fs::read_dir(&at).unwrap().flatten().find(|file| file.file_name() != "head").unwrap().path();
    std::fs::write(&file, b"torn").unwrap();
    let torn = open();
    assert_eq!((torn.as_of(), trips(&torn).0), (None, 0));
    let (head, sheet) = word(BEGIN + 1);
    torn.hear(&Told::Head(head), own).unwrap();
    assert_eq!(torn.hear(&Told::Sheet(sheet), own).unwrap(), Took::News);
    assert_eq!(open().as_of(), Some(BEGIN + 1));
}
