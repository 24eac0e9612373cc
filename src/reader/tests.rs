//! Pictures nobody here made, wherever they stand.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

fn blank(width: u32, height: u32) -> Frame {
    let luma = vec![128; width as usize * height as usize].into();
    Frame { width, height, luma, number: 0, at: Duration::ZERO, source: None }
}

#[test]
fn an_empty_frame_reads_nothing_and_says_what_was_tried() {
    for (width, height, rungs) in [(1, 1, 0), (20, 400, 1), (640, 480, 4), (1280, 720, 5), (901, 1, 0)] {
        let look = worker::attempt_all(&blank(width, height), Duration::from_secs(10));
        assert_eq!(look.codes, []);
        assert_eq!(look.attempts.len(), rungs, "{width} x {height}");
        assert!(look.attempts.iter().all(|attempt| attempt.outcome == Outcome::Nothing), "{:?}", look.attempts);
    }
}

#[test]
fn no_rung_is_begun_after_the_budget_is_spent() {
    assert_eq!(worker::attempt_all(&blank(640, 480), Duration::ZERO).attempts, []);
}

/// A frame with fewer pixels than it says: some engines look at the length, others run over the end.
#[test]
fn an_engine_that_panics_is_an_outcome_and_the_next_is_tried() {
    let frame = Frame { height: 640, ..blank(640, 480) };
    let attempts = worker::attempt_all(&frame, Duration::from_secs(10)).attempts;
    assert_eq!(attempts.len(), 4, "{attempts:?}");
    assert_eq!(attempts.last().map(|last| last.outcome), Some(Outcome::Panicked), "{attempts:?}");
    assert!(attempts.iter().filter(|attempt| attempt.outcome == Outcome::Panicked).count() > 1, "{attempts:?}");
}

/// The pictures of the EU's quality assurance: every one must be read, and to the text that is given.
#[test]
fn every_picture_of_the_eu_is_read() {
    let full = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/dcc-qa-images"));
    let carried = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/dcc-qa-images"));
    let folder = if full.is_dir() { full } else { carried };
    let index = std::fs::read(folder.join("index.json")).expect("the project carries a part of the set");
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let (mut pictures, mut unread) = (0, Vec::new());
    for record in index.as_array().expect("the index is a list") {
        let path = picture(folder, record).expect("every record of the index has its picture");
        pictures += 1;
        let look = worker::attempt_all(&board::still(&path).unwrap(), Duration::from_secs(10));
        if !look.codes.iter().any(|code| Some(code.text.as_str()) == record["text"].as_str()) {
            unread.push(format!("{}: {:?}", path.display(), look.attempts));
        }
    }
    println!("vectors: {} {pictures} pictures, {} not read", folder.display(), unread.len());
    assert!(pictures > 0, "the index is empty");
    assert!(unread.is_empty(), "{unread:#?}");
}

fn picture(folder: &Path, record: &serde_json::Value) -> Option<PathBuf> {
    let name = record["file"].as_str()?;
    [folder.join(name), folder.join("images").join(name)].into_iter().find(|path| path.is_file())
}

/// Shows every code that it is given, each at its place.
fn shown(codes: &[(&str, u32, u32)]) -> Frame {
    let (width, height) = (960_u32, 540_u32);
    let mut luma = vec![170_u8; (width * height) as usize];
    for (text, left, top) in codes {
        let code = qrcode::QrCode::new(text).unwrap();
        let side = code.width() as u32;
        for (y, x) in (0..(side + 8) * 4).flat_map(|y| (0..(side + 8) * 4).map(move |x| (y, x))) {
            let (column, row) = ((x / 4).wrapping_sub(4), (y / 4).wrapping_sub(4));
            let is_dark = column < side && row < side && code[(column as usize, row as usize)] == qrcode::Color::Dark;
            luma[((top + y) * width + left + x) as usize] = if is_dark { 20 } else { 235 };
        }
    }
    Frame { width, height, luma: luma.into(), number: 0, at: Duration::ZERO, source: None }
}

#[test]
fn a_code_is_followed_where_it_goes_and_another_is_seen_when_it_comes() {
    let mut reader = Reader::new(Settings::default());
    let texts = |look: &Look| {
        let mut texts: Vec<_> = look.codes.iter().map(|code| code.text.clone()).collect();
        texts.sort();
        texts
    };
    for step in 0..20 {
        let (left, top) = (100 + step * 12, 80 + step * 5);
        let look = reader.watch(&shown(&[("MP1:FIRST", left, top)]));
        assert_eq!(texts(&look), ["MP1:FIRST"], "step {step}");
        let (x, y) = look.codes[0].corners[0];
        assert!((x - (left + 16) as f32).abs() < 1.5 && (y - (top + 16) as f32).abs() < 1.5, "step {step}: {x}, {y}");
    }
    let both = shown(&[("MP1:FIRST", 340, 180), ("MP1:SECOND", 700, 20)]);
    let seen = (0..=FOLLOWED + 1).find(|_| texts(&reader.watch(&both)).len() == 2);
    assert!(seen.is_some(), "the second code was not seen");
    // And from then on both.
    for _ in 0..3 {
        assert_eq!(texts(&reader.watch(&both)), ["MP1:FIRST", "MP1:SECOND"]);
    }
    // A camera that gives other frames now, or nothing worth the name, is no reason to fall.
    for (width, height) in [(0, 0), (0, 5), (30, 20)] {
        reader.watch(&both);
        assert_eq!(reader.watch(&blank(width, height)).codes, []);
    }
    // A jump across the frame is a frame looked at whole.
    assert_eq!(texts(&reader.watch(&shown(&[("MP1:FIRST", 20, 300)]))), ["MP1:FIRST"]);
}
