//! Our own search on a frame: what of it fits the reader.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use board::Frame;

use crate::qr::geometry::Point;
use crate::qr::image::{Image, View};
use crate::qr::memory::Memories;
use crate::qr::{self, Deadline, Effort, Found, Open, Search};
use crate::{Attempt, Code, Look, Outcome, Region, Rung, hint, micros};

/// Pixels from which on a frame is looked at in a smaller rendering: a code that is worth reading is large in it.
const LARGE: usize = 4_500_000;

/// Longest side of what is searched: the finder counts pixels of a row in sixteen bits.
const LONGEST: usize = u16::MAX as usize;

/// Looks at a frame; with what looks like a code and does not read.
pub(crate) fn look(frame: &Frame, effort: Effort, budget: Duration) -> (Look, Vec<Open>) {
    let began = Instant::now();
    let (width, height) = (frame.width as usize, frame.height as usize);
    if width == 0 || frame.luma.len() != width * height {
        return Default::default();
    }
    let run = || {
        let until = Deadline::after(budget);
        let (image, scale) = reduced(View { width, height, luma: &frame.luma });
        let view = image.as_ref().map_or(View { width, height, luma: &frame.luma }, Image::view);
        let mut search = qr::search(view, effort, until);
        let region = region(&search, scale, frame);
        let codes: Vec<Code> = search.found.drain(..).map(|found| code(found, scale)).collect();
        let hint = if codes.is_empty() { hint::of(view, &search) } else { None };
        (Look { codes, region, hint, ..Look::default() }, search)
    };
    // Nothing in it is known to panic. If something does, a hostile picture must not be what finds it.
    let Ok((mut look, mut search)) = catch_unwind(AssertUnwindSafe(run)) else {
        let attempts = vec![Attempt { rung: Rung::Plain, micros: micros(began), outcome: Outcome::Panicked }];
        return (Look { attempts, ..Look::default() }, Vec::new());
    };
    look.attempts = std::mem::take(&mut search.attempts);
    look.located = !look.codes.is_empty() || search.is_suspicious() || search.best_open().is_some();
    (look, search.unread())
}

/// Looks only where `count` codes were read a moment ago; none when they are not all there any more.
pub(crate) fn follow(frame: &Frame, last: Region, count: usize, budget: Duration) -> Option<Look> {
    let (x, width) = around(last.x, last.width, frame.width);
    let (y, height) = around(last.y, last.height, frame.height);
    // Of another camera, perhaps; and most of a frame can be looked at whole.
    if width == 0 || height == 0 {
        return None;
    }
    if u64::from(width) * u64::from(height) * 3 > u64::from(frame.width) * u64::from(frame.height) * 2 {
        return None;
    }
    let rows = frame.luma.chunks_exact(frame.width as usize).skip(y as usize).take(height as usize);
    let luma = rows.flat_map(|row| &row[x as usize..][..width as usize]).copied().collect();
    let part = Frame { width, height, luma, ..frame.clone() };
    let (mut look, _) = self::look(&part, Effort::Little, budget);
    if look.codes.len() < count {
        return None;
    }
    for corner in look.codes.iter_mut().flat_map(|code| &mut code.corners) {
        *corner = (corner.0 + x as f32, corner.1 + y as f32);
    }
    look.region = look.region.map(|region| Region { x: region.x + x, y: region.y + y, ..region });
    Some(look)
}

/// A stretch with half of its length on either side, within a whole.
fn around(first: u32, length: u32, whole: u32) -> (u32, u32) {
    let begin = first.saturating_sub(length / 2).min(whole);
    let end = first.saturating_add(length).saturating_add(length / 2).min(whole);
    (begin, end - begin)
}

/// Adds what does not read to what was seen before; the code, if all of it together reads.
pub(crate) fn remember(frame: &Frame, open: &[Open], memories: &mut Memories, budget: Duration, look: &mut Look) {
    let (began, until) = (Instant::now(), Deadline::after(budget));
    for open in open {
        let run = AssertUnwindSafe(|| memories.add(open, frame.at, until));
        let Ok(text) = catch_unwind(run) else {
            look.attempts.push(Attempt { rung: Rung::Together, micros: micros(began), outcome: Outcome::Panicked });
            memories.forget();
            return;
        };
        if let Some(text) = text {
            let found = Found { text, outline: open.outline(), path: Rung::Together };
            look.codes.push(code(found, 1.0));
            look.hint = None;
            look.attempts.push(Attempt { rung: Rung::Together, micros: micros(began), outcome: Outcome::Read });
            memories.forget();
            return;
        }
    }
}

/// A rendering small enough to be searched, if the frame is not, and how much smaller it is.
fn reduced(frame: View<'_>) -> (Option<Image>, f32) {
    let (mut image, mut scale): (Option<Image>, f32) = (None, 1.0);
    loop {
        let view = image.as_ref().map_or(frame, Image::view);
        if view.width * view.height <= LARGE && view.width.max(view.height) <= LONGEST {
            return (image, scale);
        }
        let half = view.half();
        (image, scale) = (Some(half), scale * 2.0);
    }
}

fn code(found: Found, scale: f32) -> Code {
    let corners = found.outline.map(|corner| (corner.x * scale, corner.y * scale));
    Code { text: found.text, corners, path: found.path }
}

/// The rectangle around what was found, read or not.
fn region(search: &Search, scale: f32, frame: &Frame) -> Option<Region> {
    let outline = search.outline()?;
    let bound = |of: fn(&Point) -> f32, most: u32| {
        let values = outline.iter().map(|corner| of(corner) * scale);
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)));
        // `as` saturates.
        let low = (low.floor() as u32).min(most);
        (low, (high.ceil() as u32).min(most).saturating_sub(low))
    };
    let ((x, width), (y, height)) = (bound(|p| p.x, frame.width), bound(|p| p.y, frame.height));
    (width > 0 && height > 0).then_some(Region { x, y, width, height })
}
