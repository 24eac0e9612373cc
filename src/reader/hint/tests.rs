//! A real code in every condition in which it does not read, and what is said of it; and everything of which nothing
//! may be said.

use std::time::Duration;

use board::Frame;
use qrcode::{Color, EcLevel, QrCode, Version};

use crate::{Hint, Reader, Settings, drawn};

/// A code on a sheet before something grey, and what befalls it on its way into the camera.
#[derive(Debug, Clone, Copy)]
struct Shot {
    version: i16,
    /// Pixels of a module.
    module: f32,
    /// Where its middle is.
    at: (f32, f32),
    /// Radians it is turned by.
    turn: f32,
    /// Standard deviation of the blur, in pixels.
    blur: f32,
    /// Luma of ink and of paper.
    shades: (f32, f32),
    /// Modules of paper around it.
    margin: f32,
    /// A reflection: its middle and its radius, in pixels.
    glare: Option<(f32, f32, f32)>,
    /// A finger that lies on it: left, upper, right and lower edge, in modules of the code.
    finger: Option<[f32; 4]>,
    seed: u64,
}

const GOOD: Shot = Shot {
    version: 9,
    module: 5.0,
    at: (320.0, 240.0),
    turn: 0.05,
    blur: 0.7,
    shades: (40.0, 200.0),
    margin: 4.0,
    glare: None,
    finger: None,
    seed: 1,
};

/// Modules of a side of it.
const SIDE: f32 = 53.0;

impl Shot {
    fn frame(self) -> Frame {
        let text = format!("MP1:{}", "7QK2M9X".repeat(15));
        let text = &text[..if self.version < 5 { 14 } else { 109 }];
        let code = QrCode::with_version(text, Version::Normal(self.version), EcLevel::M).unwrap();
        let size = code.width() as f32;
        let (sin, cos) = self.turn.sin_cos();
        let (ink, paper) = self.shades;
        let shade = |x: f32, y: f32| {
            let (x, y) = (x - self.at.0, y - self.at.1);
            let u = (x * cos + y * sin) / self.module + size / 2.0;
            let v = (y * cos - x * sin) / self.module + size / 2.0;
            let inside = |margin: f32| [u, v].into_iter().all(|of| (-margin..size + margin).contains(&of));
            if let Some([left, upper, right, lower]) = self.finger
                && (left..right).contains(&u)
                && (upper..lower).contains(&v)
            {
                return ink + (paper - ink) * 0.55;
            }
            if inside(0.0) && code[(u as usize, v as usize)] == Color::Dark {
                return ink;
            }
            if inside(self.margin) { paper } else { (ink + paper) * 0.35 }
        };
        let light = |x: f32, y: f32| {
            self.glare.map_or(0.0, |(left, upper, radius)| {
                300.0 * (1.5 - (x - left).hypot(y - upper) / radius).clamp(0.0, 1.0)
            })
        };
        drawn::frame(shade, self.blur, light, self.seed)
    }
}

/// Whether it reads, and what is said.
fn says(frame: &Frame) -> (bool, Option<Hint>) {
    let look = Reader::new(Settings { budget: Duration::from_millis(200), ..Settings::default() }).watch(frame);
    (!look.codes.is_empty(), look.hint)
}

/// Shows every shot from several sides: of those that do not read, so many of a hundred must be given this hint, and
/// none another one than these.
fn must_say(hint: Hint, share: usize, also: &[Hint], shots: &[Shot]) {
    let (mut unread, mut said, mut wrong) = (0, 0, Vec::new());
    for shot in shots.iter().flat_map(|shot| [0.0, 0.05, 0.2].map(|turn| Shot { turn, ..*shot })) {
        let (reads, told) = says(&shot.frame());
        unread += usize::from(!reads);
        said += usize::from(told == Some(hint));
        if told.is_some_and(|told| told != hint && !also.contains(&told)) {
            wrong.push((told, shot));
        }
    }
    println!("measured: {}: said of {said} of {unread} that do not read", hint.as_str());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unread * 2 >= shots.len() * 3 / 2 && said * 100 >= unread * share, "{said} of {unread}");
}

#[test]
fn too_far_is_said_of_modules_that_the_camera_cannot_tell_apart() {
    let far = |module: f32, blur: f32, seed: u64| Shot { module, blur, seed, margin: 14.0, ..GOOD };
    let shots = [far(0.9, 0.6, 1), far(1.0, 0.6, 2), far(1.0, 0.9, 3), far(1.2, 0.9, 4)];
    must_say(Hint::TooFar, 75, &[], &shots);
}

#[test]
fn too_close_is_said_of_a_code_that_is_larger_than_the_picture() {
    let close = |module: f32, x: f32, y: f32| Shot { module, at: (320.0 + x, 240.0 + y), ..GOOD };
    let shots = [close(12.0, 0.0, 0.0), close(14.0, 20.0, -30.0), close(16.0, 0.0, 0.0), close(20.0, 40.0, 30.0)];
    must_say(Hint::TooClose, 90, &[], &shots);
}

#[test]
fn too_dark_is_said_where_the_paper_itself_is_nearly_black() {
    let dark =
        |paper: f32, blur: f32, seed: u64| Shot { shades: (paper * 0.2, paper), blur, seed, margin: 14.0, ..GOOD };
    // What is only dark reads; with a blur that is not far from reading in the light, it does not any more.
    let shots = [dark(18.0, 3.8, 1), dark(22.0, 4.2, 2), dark(26.0, 4.5, 3)];
    must_say(Hint::TooDark, 80, &[], &shots);
}

#[test]
fn glare_is_said_of_a_reflection_on_the_code() {
    let glare = |x: f32, y: f32, radius: f32| Shot { glare: Some((x, y, radius)), ..GOOD };
    let shots =
        [glare(330.0, 250.0, 70.0), glare(340.0, 240.0, 90.0), glare(320.0, 240.0, 110.0), glare(200.0, 160.0, 100.0)];
    must_say(Hint::Glare, 70, &[], &shots);
}

#[test]
fn blurred_is_said_of_a_code_out_of_focus_even_when_nothing_of_it_is_to_be_seen() {
    let blurred = |module: f32, modules: f32, seed: u64| Shot { module, blur: modules * module, seed, ..GOOD };
    let shots = [blurred(5.0, 0.9, 1), blurred(5.0, 1.0, 2), blurred(5.0, 1.2, 3), blurred(6.0, 1.2, 4)];
    must_say(Hint::Blurred, 70, &[], &shots);
}

#[test]
fn cut_off_is_said_of_a_code_that_is_partly_outside_or_under_a_finger() {
    let cut = |x: f32, y: f32| Shot { at: (x, y), ..GOOD };
    let shots = [cut(60.0, 240.0), cut(30.0, 240.0), cut(600.0, 230.0), cut(320.0, 20.0)];
    must_say(Hint::CutOff, 60, &[], &shots);
    let finger = |covers: [f32; 4]| Shot { finger: Some(covers.map(|of| of * SIDE)), ..GOOD };
    let shots = [
        finger([0.0, 0.6, 1.0, 1.1]),
        finger([-0.1, -0.1, 0.4, 0.4]),
        finger([0.3, 0.2, 0.7, 1.1]),
        finger([0.55, 0.5, 1.1, 1.1]),
    ];
    must_say(Hint::CutOff, 70, &[], &shots);
}

#[test]
fn a_code_that_reads_is_not_spoken_of_nor_is_anything_that_is_none() {
    for version in [2, 9] {
        for turn in [0.0, 0.3, 0.8, 2.0] {
            let shot = Shot { version, turn, ..GOOD };
            assert_eq!(says(&shot.frame()), (true, None), "{shot:?}");
        }
    }
    for (name, frame) in drawn::scenes() {
        assert_eq!(says(&frame), (false, None), "{name}");
    }
}

/// Textures that others have taken for codes: of none of them may anything be said. What is said of the codes that do
/// not read is printed, to be looked at.
#[test]
fn of_no_photograph_without_a_code_anything_is_said() {
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/qr-photos");
    let Ok(photos) = std::fs::read_dir(&shared) else {
        println!("vectors: qr-photos: not here");
        return;
    };
    let (mut textures, mut wrong) = (0, Vec::new());
    for path in photos.flatten().map(|photo| photo.path()) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(frame) = board::still(&path) else { continue };
        let look = Reader::new(Settings::default()).watch(&frame);
        if !look.codes.is_empty() {
            assert_eq!(look.hint, None, "{name} reads");
        } else if name.starts_with("neg-fp") {
            textures += 1;
            wrong.extend(look.hint.map(|hint| (name, hint)));
        } else if let Some(hint) = look.hint.filter(|_| !name.starts_with("neg")) {
            println!("measured: {name} does not read: {}", hint.as_str());
        }
    }
    println!("vectors: qr-photos: of {textures} textures {} are spoken of", wrong.len());
    assert!(wrong.is_empty(), "{wrong:?}");
}
