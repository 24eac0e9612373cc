//! What a look costs, beside two decoders of others on the same frames: `cargo bench -p checkpoint-reader`.
//!
//! All frames are 640 × 480 and drawn here. How many photographs are read is another question: `tests/peers/run`.
#![expect(clippy::unwrap_used, reason = "what is measured may say what it means")]

mod frames;

use std::collections::HashSet;
use std::hint::black_box;
use std::time::Duration;

use board::Frame;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use reader::{Reader, Settings};
use rxing::Reader as _;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    let frames = frames::all();
    looks(&mut criterion.benchmark_group("look"), &frames);
    watches(&mut criterion.benchmark_group("watch"), &frames);
    peers(&mut criterion.benchmark_group("rxing"), &frames, rxing);
    peers(&mut criterion.benchmark_group("rqrr"), &frames, rqrr);
    criterion.final_summary();
}

type Group<'c> = BenchmarkGroup<'c, WallTime>;

/// A single picture, as `checkpointd read` gives it.
fn looks(group: &mut Group<'_>, frames: &[(&str, Frame)]) {
    for (name, frame) in frames {
        let mut reader = Reader::new(Settings::default());
        group.bench_function(*name, |bencher| bencher.iter(|| reader.look(black_box(frame))));
    }
}

/// A stream in which the same is shown all the time, as a camera sees it: every frame has its own noise.
fn watches(group: &mut Group<'_>, frames: &[(&str, Frame)]) {
    for (name, frame) in frames {
        let mut reader = Reader::new(Settings::default());
        let views: Vec<Frame> = (0..16).map(|view| frames::noisy(frame, view)).collect();
        let mut number = 0;
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                number += 1;
                let view = &views[number as usize % views.len()];
                reader.watch(black_box(&Frame { number, at: frames::APART * number as u32, ..view.clone() }))
            });
        });
    }
}

fn peers(group: &mut Group<'_>, frames: &[(&str, Frame)], decode: fn(&Frame) -> Option<String>) {
    for (name, frame) in frames {
        group.bench_function(*name, |bencher| bencher.iter(|| decode(black_box(frame))));
    }
}

fn rxing(frame: &Frame) -> Option<String> {
    let hints = rxing::DecodeHints {
        TryHarder: Some(true),
        AlsoInverted: Some(true),
        PossibleFormats: Some(HashSet::from([rxing::BarcodeFormat::QR_CODE])),
        ..Default::default()
    };
    let source = rxing::Luma8LuminanceSource::new(frame.luma.to_vec(), frame.width, frame.height).unwrap();
    let mut bitmap = rxing::BinaryBitmap::new(rxing::common::HybridBinarizer::new(source));
    let found = rxing::MultiFormatReader::default().decode_with_hints(&mut bitmap, &hints).ok()?;
    Some(found.getText().to_owned())
}

fn rqrr(frame: &Frame) -> Option<String> {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| frame.luma[y * width + x]);
    image.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}
