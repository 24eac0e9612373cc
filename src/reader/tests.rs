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
    for (width, height) in [(1, 1), (20, 400), (640, 480)] {
        let look = Reader::new(Settings::default()).look(&blank(width, height));
        assert_eq!(look.codes, []);
        assert!(look.attempts.iter().all(|attempt| attempt.outcome == Outcome::Nothing), "{:?}", look.attempts);
    }
}

#[test]
fn no_rung_is_begun_after_the_budget_is_spent() {
    let settings = Settings { budget: Duration::ZERO, ..Settings::default() };
    assert_eq!(Reader::new(settings).look(&blank(640, 480)).attempts, []);
}

/// The pictures of the EU's quality assurance: every one must be read, and to the text that is given.
#[test]
fn every_picture_of_the_eu_is_read() {
    let full = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/dcc-qa-images"));
    let carried = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/dcc-qa-images"));
    let folder = if full.is_dir() { full } else { carried };
    let index = std::fs::read(folder.join("index.json")).expect("the project carries a part of the set");
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let mut reader = Reader::new(Settings { budget: Duration::from_secs(10), ..Settings::default() });
    let (mut pictures, mut unread) = (0, Vec::new());
    for record in index.as_array().expect("the index is a list") {
        let path = picture(folder, record).expect("every record of the index has its picture");
        pictures += 1;
        let look = reader.look(&board::still(&path).unwrap());
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

/// A picture full of the corners of QR codes.
fn corners(width: u32, height: u32, module: u32) -> Frame {
    let cell = 8 * module;
    let shade = |x: u32, y: u32| {
        let (u, v) = (x % cell / module, y % cell / module);
        let ring = u.abs_diff(3).max(v.abs_diff(3));
        if u < 7 && v < 7 && ring != 2 { 0 } else { 255 }
    };
    let luma: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| shade(x, y))).collect();
    Frame { width, height, luma: luma.into(), number: 0, at: Duration::ZERO, source: None }
}

/// Without this guard the first rung took 100 s and more on one of these.
#[test]
fn a_picture_full_of_corners_is_left_alone() {
    for module in 1..=4 {
        let look = Reader::new(Settings::default()).look(&corners(1280, 720, module));
        assert_eq!(look.attempts.iter().map(|attempt| attempt.outcome).collect::<Vec<_>>(), [Outcome::TooCrowded]);
    }
}

#[test]
fn no_photograph_is_too_crowded() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/qr-photos");
    let Ok(photos) = std::fs::read_dir(&shared) else {
        println!("vectors: qr-photos: not here");
        return;
    };
    let photos: Vec<_> = photos.flatten().filter_map(|photo| board::still(&photo.path()).ok()).collect();
    println!("vectors: qr-photos (full set): {} photographs, none too crowded", photos.len());
    assert!(photos.len() > 500);
    for photo in photos {
        assert!(!crate::crowd::is_too_crowded(&photo), "{:?}", photo.source);
    }
}
