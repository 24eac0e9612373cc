//! What the ring keeps, and what of it reaches the disk.

use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

fn lines(ring: &Ring) -> Vec<String> {
    let dump = String::from_utf8(ring.dump()).unwrap();
    dump.lines().skip(1).map(str::to_owned).collect()
}

/// Does something with a ring that listens.
fn heard(what: impl FnOnce()) -> Ring {
    let ring = Ring::default();
    let log = tracing_subscriber::registry().with(ring.layer());
    tracing::subscriber::with_default(log, what);
    ring
}

#[test]
fn an_event_is_one_readable_line_with_its_code_first() {
    let ring = heard(|| {
        tracing::error!(code = "full", rows = 3, why = %"two\nlines", "the journal cannot be written");
        tracing::debug!("a frame was looked at");
        tracing::info!(worker = "camera", "works again");
    });
    let lines = lines(&ring);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let (time, said) = lines[0].split_once(" s  ").unwrap();
    assert!(time.trim().parse::<f64>().unwrap() < 60.0, "{time}");
    let target = module_path!();
    assert_eq!(said, format!("ERROR  {target}  [full] the journal cannot be written rows=3 why=two lines"));
    assert!(lines[1].ends_with(&format!("INFO   {target}  works again worker=camera")), "{}", lines[1]);
}

#[test]
fn the_oldest_are_overwritten_and_the_memory_is_fixed() {
    let ring = Ring::default();
    let capacity = ring.with(|events| events.slots.capacity());
    let log = tracing_subscriber::registry().with(ring.layer());
    tracing::subscriber::with_default(log, || {
        for number in 0..EVENTS + 10 {
            tracing::info!(number, "{}", "ж".repeat(300));
        }
    });
    let lines = lines(&ring);
    assert_eq!(lines.len(), EVENTS);
    assert_eq!(ring.with(|events| events.slots.capacity()), capacity);
    let longest = "ж".repeat(LONGEST / 2);
    assert!(lines.iter().all(|line| line.ends_with(&longest)), "cut at whole letters");
    let head = String::from_utf8(ring.dump()).unwrap();
    assert!(head.contains("the last 4096 of 4106 events"), "{}", head.lines().next().unwrap());
}

#[test]
fn the_order_holds_over_the_turn() {
    let ring = heard(|| (0..EVENTS + 10).for_each(|number| tracing::info!(number, "n")));
    let numbers: Vec<usize> =
        lines(&ring).iter().map(|line| line.rsplit_once('=').unwrap().1.parse().unwrap()).collect();
    assert_eq!(numbers, (10..EVENTS + 10).collect::<Vec<_>>());
}

#[test]
fn of_a_panic_the_place_stays_and_no_words_that_were_put_together_while_running() {
    let ring = Ring::default();
    ring.hear_panics();
    let secret = String::from("IVANOV");
    let first = std::thread::spawn(move || panic!("the pass of {secret}")).join();
    let second = std::thread::spawn(|| panic!("a fixed sentence")).join();
    assert!(first.is_err() && second.is_err());
    let dump = String::from_utf8(ring.dump()).unwrap();
    assert!(dump.contains("a panic at") && dump.contains("ring/tests.rs"), "{dump}");
    assert!(dump.contains("a fixed sentence") && !dump.contains("IVANOV"), "{dump}");
}

/// A ring of a process that has run for a while.
fn old() -> Ring {
    let began = Instant::now().checked_sub(Duration::from_secs(3600)).expect("the machine has run for an hour");
    let ring = Ring::default();
    Ring(Arc::new(Shared { began, kept: Mutex::new(ring.with(std::mem::take)), dropped: AtomicU64::new(0) }))
}

#[test]
fn few_pictures_are_kept_the_oldest_go_and_their_numbers_rise() {
    let data = tempfile::tempdir().unwrap();
    let (shelf, ring) = (Shelf::of(data.path()), old());
    assert_eq!(shelf.kept(), []);
    for _ in 0..11 {
        shelf.keep(&ring, "journal");
    }
    let kept = shelf.kept();
    let numbers: Vec<u32> = kept.iter().map(|kept| kept.number).collect();
    assert_eq!(numbers, [4, 5, 6, 7, 8, 9, 10, 11]);
    assert!(kept.iter().all(|kept| kept.why == "journal"));
    assert!(std::fs::read_to_string(&kept[0].path).unwrap().starts_with("checkpointd "));
    assert_eq!(std::fs::read_dir(data.path().join("ring")).unwrap().count(), 8, "nothing is left beside them");
}

#[test]
fn a_box_that_falls_again_and_again_keeps_what_stood_before_that() {
    let data = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(data.path());
    shelf.keep(&old(), "worker");
    for _ in 0..20 {
        shelf.keep(&Ring::default(), "worker");
    }
    shelf.keep(&Ring::default(), "start");
    let kept = shelf.kept();
    let whys: Vec<&str> = kept.iter().map(|kept| kept.why.as_str()).collect();
    assert_eq!(whys, ["worker", "worker-at-once", "start-at-once"]);
}

#[test]
fn a_long_picture_keeps_its_head_and_its_newest_lines() {
    let data = tempfile::tempdir().unwrap();
    let ring = old();
    let log = tracing_subscriber::registry().with(ring.layer());
    tracing::subscriber::with_default(log, || {
        (0..EVENTS).for_each(|number| tracing::info!("{} {number}", "x".repeat(200)));
    });
    let shelf = Shelf::of(data.path());
    shelf.keep(&ring, "watchdog");
    let text = std::fs::read_to_string(&shelf.kept()[0].path).unwrap();
    assert!(text.len() <= 256 * 1024, "{}", text.len());
    assert!(text.starts_with("checkpointd ") && text.trim_end().ends_with(" 4095"));
    assert!(text.lines().skip(1).all(|line| line.contains(" INFO ")), "only whole lines");
}

#[test]
fn what_cannot_be_written_is_counted() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("ring"), "in the way").unwrap();
    let ring = Ring::default();
    Shelf::of(data.path()).keep(&ring, "worker");
    Shelf::leave(&ring);
    assert_eq!(ring.dropped(), 2);
}
