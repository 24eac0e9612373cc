//! Codes of other kinds, drawn and photographed; and everything else, which is none.

use std::path::Path;

use board::Frame;

use super::*;
use crate::drawn::{self, chance};

fn is_other(frame: &Frame) -> bool {
    other_code(View { width: frame.width as usize, height: frame.height as usize, luma: &frame.luma })
}

/// What has this ink at every place, in modules from its upper left corner, on a sheet before something grey.
fn shown(size: (f32, f32), module: f32, turn: f32, blur: f32, ink: impl Fn(usize, usize) -> bool) -> Frame {
    let (sin, cos) = turn.sin_cos();
    let shade = |x: f32, y: f32| {
        let (x, y) = (x - 320.0, y - 240.0);
        let (u, v) = ((x * cos + y * sin) / module + size.0 / 2.0, (y * cos - x * sin) / module + size.1 / 2.0);
        let inside = |margin: f32| (-margin..size.0 + margin).contains(&u) && (-margin..size.1 + margin).contains(&v);
        match (inside(0.0), inside(8.0)) {
            (true, _) if ink(u as usize, v as usize) => 40.0,
            (_, true) => 200.0,
            _ => 90.0,
        }
    };
    drawn::frame(shade, blur, drawn::none, 3)
}

/// Bars and spaces by turns, of so many modules.
fn line(widths: &str) -> Vec<bool> {
    let widths = widths.bytes().enumerate();
    widths.flat_map(|(at, width)| std::iter::repeat_n(at % 2 == 0, usize::from(width - b'0'))).collect()
}

/// EAN-13 4006381333931.
const EAN: &str = concat!(
    "111", "3211", "1114", "1114", "1213", "1411", "2113", "11111", "1411", "1411", "1411", "3112", "1411", "2221",
    "111"
);
/// Code 128: start B, `MP1-42`, its check, stop.
const CODE_128: &str =
    concat!("211214", "132311", "313121", "123221", "122132", "221132", "223211", "113123", "2331112");

/// The bullseye of a full Aztec code with its marks; what is around it is drawn by lot.
fn aztec(size: usize) -> impl Fn(usize, usize) -> bool {
    let mut chance = chance(5);
    let lot: Vec<bool> = (0..size * size).map(|_| chance() > 0.0).collect();
    move |x, y| {
        let away = x.abs_diff(size / 2).max(y.abs_diff(size / 2));
        if away < 7 { away.is_multiple_of(2) } else { lot[y * size + x] }
    }
}

/// PDF417's first and last column, and between them characters of 17 modules drawn by lot.
fn stacked(rows: usize, columns: usize) -> impl Fn(usize, usize) -> bool {
    let characters = ["31111136", "21111155", "51111125", "41111134", "11121146", "31211324", "12113144", "23121314"];
    let mut chance = chance(6);
    let rows: Vec<Vec<bool>> = (0..rows)
        .map(|_| {
            let lot = (0..columns).map(|_| characters[((chance() + 1.0) * 4.0).min(7.0) as usize]);
            line(&format!("81111113{}711311121", lot.collect::<String>()))
        })
        .collect();
    move |x, y| rows[y / 3].get(x).copied().unwrap_or(false)
}

#[test]
fn bars_are_told_whichever_way_they_are_held_and_at_a_tilt() {
    let quarter = std::f32::consts::FRAC_PI_2;
    let mut missed = Vec::new();
    for (name, widths, high) in [("EAN-13", EAN, 60.0), ("Code 128", CODE_128, 40.0)] {
        let bars = line(widths);
        for turn in
            [0.0, 0.1, -0.25].into_iter().flat_map(|tilt| (0..4).map(move |quarters| tilt + quarter * quarters as f32))
        {
            for (module, blur) in [(2.0, 0.7), (3.5, 0.7), (4.5, 1.4)] {
                let frame = shown((bars.len() as f32, high), module, turn, blur, |x, _| bars[x]);
                if !is_other(&frame) {
                    missed.push((name, turn, module, blur));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn stacked_bars_and_a_bullseye_are_told() {
    let mut missed = Vec::new();
    for turn in [0.0, 0.06, 1.57, 3.1, 4.71] {
        let pdf417 = stacked(14, 6);
        if !is_other(&shown((17.0 * 7.0 + 18.0, 42.0), 3.0, turn, 0.8, pdf417)) {
            missed.push(("PDF417", turn));
        }
    }
    for turn in [0.0, 0.1, 0.3, 0.6, 1.0] {
        for module in [5.0, 8.0, 12.0] {
            if !is_other(&shown((31.0, 31.0), module, turn, 0.8, aztec(31))) {
                missed.push(("Aztec", turn + module * 100.0));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

/// As the box does: in a stream, and of the same picture again and again.
#[test]
fn a_reader_says_that_it_is_no_qr_code_as_long_as_it_is_shown() {
    let bars = line(EAN);
    let shown = shown((bars.len() as f32, 50.0), 3.0, 0.05, 0.7, |x, _| bars[x]);
    let mut reader = crate::Reader::new(crate::Settings::default());
    for number in 0..4 {
        let look = reader.watch(&Frame { number, ..shown.clone() });
        assert_eq!((look.hint, look.located), (Some(crate::Hint::NotQr), false));
    }
}

#[test]
fn nothing_else_is_told() {
    let wrong: Vec<&str> = drawn::scenes().iter().filter(|(_, frame)| is_other(frame)).map(|(name, _)| *name).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Of the photographs that show other codes nearly all are told, and of those that show none, none.
#[test]
fn photographs_are_told_apart() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/qr-photos");
    let Ok(photos) = std::fs::read_dir(&shared) else {
        println!("vectors: qr-photos: not here");
        return;
    };
    // These show bars beside their code.
    const BOTH: [&str; 5] = [
        "boof-curved-image046",
        "boof-damaged-image028",
        "boof-damaged-image035",
        "boof-damaged-image036",
        "boof-damaged-image037",
    ];
    let (mut others, mut told, mut rest, mut wrong) = (0, 0, 0, Vec::new());
    for path in photos.flatten().map(|photo| photo.path()) {
        let Ok(frame) = board::still(&path) else { continue };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_told = is_other(&frame);
        if name.starts_with("neg-othercode") {
            others += 1;
            told += usize::from(is_told);
        } else if !BOTH.contains(&name.as_str()) {
            rest += 1;
            if is_told {
                wrong.push(name);
            }
        }
    }
    println!("vectors: qr-photos: {told} of {others} other codes told, {} of {rest} others", wrong.len());
    assert!(told * 12 >= others * 11 && wrong.is_empty(), "{told} of {others}; {wrong:?}");
}

#[test]
fn a_frame_of_any_size_is_no_danger() {
    for (width, height) in [(0, 0), (1, 1), (7, 900), (900, 7), (640, 480)] {
        let luma: Vec<u8> = (0..width * height).map(|at| (at * 37 % 251) as u8).collect();
        other_code(View { width, height, luma: &luma });
    }
}
