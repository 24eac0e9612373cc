//! A pass held before the camera by hand: it is read soon, also where no single frame of it can be read, and nothing
//! is read that is not there.
//!
//! The bursts are drawn here: the hand drifts, the lens hunts for focus and hardly ever finds it, the sensor is noisy.
//! Harder ones, beside other decoders, are `tests/peers/run --bursts`.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::path::Path;
use std::process::Command;

use checkpoint_tests::{is_long, measured, programs};
use image::{GrayImage, Luma};
use qrcode::{EcLevel, QrCode};

const FRAMES: usize = 15;
const SIZE: (u32, u32) = (640, 480);

/// Least share of bursts that must be read by the first, fifth and fifteenth frame.
///
/// A guard against falling back, not a measure: the blur below was chosen so that single frames often fail where the
/// stream reads, and the floors stand a little under what was read then.
const FLOORS: [(usize, f32); 3] = [(1, 0.35), (5, 0.5), (15, 0.8)];

#[test]
fn a_pass_held_by_hand_is_read_within_half_a_second() {
    let count = if is_long() { 40 } else { 8 };
    let desk = tempfile::tempdir().unwrap();
    let (mut list, mut texts) = (String::new(), Vec::new());
    for number in 0..count {
        let mut chance = Chance(number as u64 * 7919 + 5);
        let text = text(&mut chance);
        let burst = Burst::new(&text, &mut chance);
        for at in 0..FRAMES {
            let path = desk.path().join(format!("{number:03}-{at:02}.pgm"));
            burst.frame(at, &mut chance).save(&path).unwrap();
            list.push_str(&format!("{}\n", path.display()));
        }
        texts.push(text);
    }
    let file = desk.path().join("list.txt");
    std::fs::write(&file, list).unwrap();
    let stream = first_reads(&file, &texts, true);
    let single = first_reads(&file, &texts, false);
    for (frames, floor) in FLOORS {
        let share = |firsts: &[usize]| firsts.iter().filter(|at| **at < frames).count() as f32 / count as f32;
        let (together, alone) = (share(&stream), share(&single));
        measured(&format!("{count} bursts by frame {frames}: {together:.2} read as a stream, {alone:.2} one by one"));
        assert!(together >= floor, "by frame {frames}: {together:.2} were read, {floor} must be");
    }
    let last = |firsts: &[usize]| firsts.iter().filter(|at| **at < FRAMES).count();
    assert!(last(&stream) > last(&single), "frames that do not read add nothing to each other");
}

/// The first frame of every burst in which its text was read; the number of frames where it never was.
fn first_reads(list: &Path, texts: &[String], stream: bool) -> Vec<usize> {
    let mut command = Command::new(programs::ours("checkpointd"));
    command.args(["read", "--format", "bench"]);
    if stream {
        command.arg("--stream");
    }
    if !is_long() {
        // Every check of arithmetic is on here: it has the time it needs.
        command.args(["--budget-ms", "1000"]);
    }
    let done = command.arg(list).output().unwrap();
    assert!(done.status.success(), "{}: {}", done.status, String::from_utf8_lossy(&done.stderr));
    let lines = String::from_utf8(done.stdout).unwrap();
    let lines: Vec<Vec<&str>> = lines.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), texts.len() * FRAMES, "a line a frame");
    let bursts = lines.chunks_exact(FRAMES).zip(texts).map(|(burst, text)| {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        for line in burst {
            assert!(
                line[3].is_empty() || line[3].split(',').all(|read| read == hex),
                "a text that is not there: {line:?}"
            );
            assert_eq!(line[4], "", "{line:?}");
        }
        burst.iter().position(|line| !line[3].is_empty()).unwrap_or(FRAMES)
    });
    bursts.collect()
}

/// Numbers between -1 and 1 that are the same in every run (a linear congruential generator, Knuth's constants).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * (self.next() + 1.0) / 2.0
    }
}

/// As long as a pass of our own, and nobody's signature would hold under it.
fn text(chance: &mut Chance) -> String {
    let letters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    (0..255).map(|_| char::from(letters[((chance.next() + 1.0) * 22.0) as usize])).collect()
}

/// A code and how it is held: each way is a middle, how far it goes to either side, and where its wave begins.
struct Burst {
    side: usize,
    ink: Vec<bool>,
    ways: [(f32, f32, f32); 5],
}

impl Burst {
    fn new(text: &str, chance: &mut Chance) -> Self {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let ink = code.to_colors().into_iter().map(|colour| colour == qrcode::Color::Dark).collect();
        // Pixels a module, degrees, two shifts in pixels, and the blur (sigma) in modules.
        let ways = [(2.5, 0.3), (0.0, 9.0), (0.0, 30.0), (0.0, 20.0), (0.76, 0.18)];
        Self {
            side: code.width(),
            ink,
            ways: ways.map(|(middle, far)| (middle, far, chance.between(0.0, std::f32::consts::TAU))),
        }
    }

    /// What the camera sees of it: sheet, lens, sensor.
    fn frame(&self, at: usize, chance: &mut Chance) -> GrayImage {
        const QUIET: f32 = 4.0;
        let [module, roll, right, down, blur] =
            self.ways.map(|(middle, far, begin)| middle + far * (begin + 0.25 * at as f32).sin());
        let (sin, cos) = roll.to_radians().sin_cos();
        let half = self.side as f32 / 2.0;
        let on = |way: f32, quiet: f32| (-quiet..self.side as f32 + quiet).contains(&way);
        let sharp = image::ImageBuffer::from_fn(SIZE.0, SIZE.1, |x, y| {
            // Four rays a pixel: edges fall where they fall.
            let rays = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)].map(|(dx, dy)| {
                let x = x as f32 + dx - SIZE.0 as f32 / 2.0 - right;
                let y = y as f32 + dy - SIZE.1 as f32 / 2.0 - down;
                let (u, v) = ((x * cos + y * sin) / module + half, (y * cos - x * sin) / module + half);
                match () {
                    () if !on(u, QUIET) || !on(v, QUIET) => 95.0,
                    () if on(u, 0.0) && on(v, 0.0) && self.ink[v as usize * self.side + u as usize] => 45.0,
                    () => 205.0,
                }
            });
            Luma([rays.iter().sum::<f32>() / 4.0])
        });
        let soft = image::imageops::blur(&sharp, blur * module);
        GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
            Luma([(soft.get_pixel(x, y)[0] + chance.next() * 9.0).clamp(0.0, 255.0) as u8])
        })
    }
}
