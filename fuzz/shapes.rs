//! From the bytes of a fuzzer to frames of a camera.
//!
//! The first byte says what kind of frame it is, four more how large, the rest what is in it: pixels as they come, or a
//! drawing of the marks that readers look for. A drawing needs few bytes, so that the fuzzer reaches what lies behind
//! the search: marks in every number and place, timing lines, alignment marks, noise over them.
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use board::Frame;
use reader::{Look, Settings};

/// Most pixels of a frame, and most in a row or column. Larger ones are for the tests; here they would only be slow.
const MOST_PIXELS: usize = 320 * 240;
const MOST_ASIDE: usize = 640;

/// Longest that a look may take: many times its budget, on a machine that is slowed by the fuzzer's own counting.
const SLOWEST: Duration = Duration::from_secs(20);

/// Bytes that are taken one after the other; zeros when there are no more.
pub struct Bytes<'b>(pub &'b [u8]);

impl Bytes<'_> {
    /// The next one.
    pub fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Two of them as a number below `end`; 0 when `end` is.
    pub fn below(&mut self, end: usize) -> usize {
        (usize::from(self.next()) << 8 | usize::from(self.next())) % end.max(1)
    }
}

/// How a reader is set up here: with little time, so that the fuzzer has many tries.
pub fn settings() -> Settings {
    Settings { budget: Duration::from_millis(50), ..Settings::default() }
}

/// A frame.
pub fn frame(bytes: &mut Bytes<'_>) -> Frame {
    let kind = bytes.next();
    let width = 1 + bytes.below(MOST_ASIDE);
    let height = 1 + bytes.below(MOST_ASIDE.min(MOST_PIXELS / width));
    let mut picture = Picture { width, height, luma: vec![230; width * height] };
    match kind % 4 {
        0 => picture.luma.iter_mut().for_each(|pixel| *pixel = bytes.next()),
        1 => picture.tile(bytes),
        2 => picture.marks(bytes),
        _ => picture.code(bytes),
    }
    if kind & 0x80 != 0 {
        picture.noise(bytes);
    }
    if kind & 0x40 != 0 {
        picture.luma.iter_mut().for_each(|pixel| *pixel = !*pixel);
    }
    let luma = picture.luma.into();
    Frame { width: width as u32, height: height as u32, luma, number: 0, at: Duration::ZERO, source: None }
}

struct Picture {
    width: usize,
    height: usize,
    luma: Vec<u8>,
}

impl Picture {
    fn fill(&mut self, x: i32, y: i32, wide: i32, high: i32, shade: u8) {
        for row in y.max(0)..(y.saturating_add(high)).min(self.height as i32) {
            for column in x.max(0)..(x.saturating_add(wide)).min(self.width as i32) {
                self.luma[row as usize * self.width + column as usize] = shade;
            }
        }
    }

    /// Rings around a point, from the outermost inwards, dark and light in turn.
    fn rings(&mut self, x: i32, y: i32, module: i32, reaches: &[i32], shade: u8) {
        for (number, reach) in reaches.iter().enumerate() {
            let (off, side) = (reach * module / 2, reach * module);
            self.fill(x - off, y - off, side, side, if number % 2 == 0 { shade } else { 230 });
        }
    }

    /// The rest of the bytes again and again, in rows of a length that need not fit.
    fn tile(&mut self, bytes: &mut Bytes<'_>) {
        let (across, down) = (1 + bytes.below(40), 1 + bytes.below(40));
        let tile: Vec<u8> = (0..across * down).map(|_| bytes.next()).collect();
        for (at, pixel) in self.luma.iter_mut().enumerate() {
            let (x, y) = (at % self.width, at / self.width);
            *pixel = tile[y % down * across + x % across];
        }
    }

    /// Finder marks, alignment marks and timing lines anywhere, as many as there are bytes for.
    fn marks(&mut self, bytes: &mut Bytes<'_>) {
        while !bytes.0.is_empty() {
            let what = bytes.next();
            let (x, y) = (bytes.below(self.width) as i32, bytes.below(self.height) as i32);
            let module = 1 + i32::from(what >> 2 & 15);
            let shade = bytes.next() & 0x7f;
            match what % 4 {
                0 | 1 => self.rings(x, y, module, &[7, 5, 3], shade),
                2 => self.rings(x, y, module, &[5, 3, 1], shade),
                _ => (0..40).for_each(|step| self.fill(x + step * 2 * module, y, module, module, shade)),
            }
        }
    }

    /// Three finder marks where a code of some version has them, and modules of the bytes between: what a locator takes
    /// for a code, and a decoder finds full of mistakes.
    fn code(&mut self, bytes: &mut Bytes<'_>) {
        let side = 17 + 4 * (1 + bytes.below(40)) as i32;
        let module = 1 + i32::from(bytes.next() % 8);
        let (x, y) = (bytes.below(self.width) as i32, bytes.below(self.height) as i32);
        let slant = i32::from(bytes.next() as i8);
        for row in 0..side {
            // Rows that lean, more and more: no square, and no plane either.
            let lean = row * slant / 64;
            for column in 0..side {
                let dark = bytes.next() & 1 == 1 || (row == 6 || column == 6) && (row + column) % 2 == 0;
                let shade = if dark { 40 } else { 230 };
                self.fill(x + column * module + lean, y + row * module, module, module, shade);
            }
            if bytes.0.is_empty() {
                break;
            }
        }
        for (column, row) in [(3, 3), (side - 4, 3), (3, side - 4)] {
            let lean = row * slant / 64;
            let (middle_x, middle_y) = (x + column * module + lean + module / 2, y + row * module + module / 2);
            self.rings(middle_x, middle_y, module, &[7, 5, 3], 40);
        }
    }

    fn noise(&mut self, bytes: &mut Bytes<'_>) {
        let mut chance = u32::from(bytes.next()) << 8 | u32::from(bytes.next()) | 1;
        let strength = bytes.next() % 64;
        for pixel in &mut self.luma {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *pixel = pixel.saturating_add((chance >> 24) as u8 % (strength + 1));
        }
    }
}

/// What must hold of every look at every frame.
///
/// # Panics
/// When it does not: that is what is looked for.
pub fn must_hold(look: &Look, frame: &Frame, began: Instant) {
    assert!(began.elapsed() < SLOWEST, "{:?} for {} × {}", began.elapsed(), frame.width, frame.height);
    for code in &look.codes {
        assert!(code.corners.iter().all(|(x, y)| x.is_finite() && y.is_finite()), "{:?}", code.corners);
    }
    for attempt in &look.attempts {
        assert_ne!(attempt.outcome, reader::Outcome::Panicked, "{:?}", look.attempts);
    }
    if let Some(region) = look.region {
        let right = u64::from(region.x) + u64::from(region.width);
        let bottom = u64::from(region.y) + u64::from(region.height);
        assert!(right <= u64::from(frame.width) && bottom <= u64::from(frame.height), "{region:?}");
    }
    assert!(look.hint.is_none() || look.codes.is_empty(), "a hint beside a text: {:?}", look.hint);
}
