//! What a look costs, whole and step by step, beside two decoders of others on the same frames:
//! `cargo bench -p checkpoint-reader`.
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
    steps(&mut criterion.benchmark_group("step"), &frames);
    looks(&mut criterion.benchmark_group("look"), &frames);
    watches(&mut criterion.benchmark_group("watch"), &frames);
    unchanged(&mut criterion.benchmark_group("watch"), &frames[0].1);
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

/// Every step of a search by itself, on what those before it gave.
fn steps(group: &mut Group<'_>, frames: &[(&str, Frame)]) {
    for (name, frame) in frames {
        for (step, run) in reader::steps::of(frame) {
            group.bench_function(format!("{name}: {step}"), |bencher| bencher.iter(&run));
        }
    }
}

/// A stream: the same is shown all the time, under light that comes and goes.
fn watches(group: &mut Group<'_>, frames: &[(&str, Frame)]) {
    for (name, frame) in frames {
        let views: Vec<Frame> = (0..16).map(|view| frames::noisy(frame, view, (view % 2) as i8 * 8)).collect();
        watch(group, name, &views);
    }
}

/// A stream in which nothing happens: only the noise of the sensor is another.
fn unchanged(group: &mut Group<'_>, road: &Frame) {
    let views: Vec<Frame> = (0..16).map(|view| frames::noisy(road, view, 0)).collect();
    watch(group, "unchanged road", &views);
}

fn watch(group: &mut Group<'_>, name: &str, views: &[Frame]) {
    let (mut reader, mut number) = (Reader::new(Settings::default()), 0);
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            number += 1;
            let view = &views[number as usize % views.len()];
            reader.watch(black_box(&Frame { number, at: frames::APART * number as u32, ..view.clone() }))
        });
    });
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
