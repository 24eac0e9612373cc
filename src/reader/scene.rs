//! Whether the picture is still the one in which nothing was found: the road is empty most of the time, and
//! trying every rung on every frame of it would burn a core.

use std::time::{Duration, Instant};

use board::Frame;

/// Blocks a side. A pass that is just close enough to be read covers several of them.
const BLOCKS: usize = 16;

/// Grey levels by which one block's mean must differ. The noise of a camera, a few levels a pixel, is far less
/// in the mean of a thousand pixels; a sheet of paper in a corner of the block is far more.
const DIFFERENT: i32 = 3;

/// Longest time without a full look: light that changes slowly must not hide a pass for ever.
const TRUSTED: Duration = Duration::from_millis(300);

/// A frame in which nothing was found.
#[derive(Default)]
pub(crate) struct Scene(Option<(Instant, (u32, u32), Vec<i32>)>);

impl Scene {
    pub(crate) fn remember(&mut self, frame: &Frame, now: Instant) {
        self.0 = Some((now, (frame.width, frame.height), means(frame)));
    }

    pub(crate) fn forget(&mut self) {
        self.0 = None;
    }

    pub(crate) fn is_still(&self, frame: &Frame, now: Instant) -> bool {
        let Some((at, size, before)) = &self.0 else { return false };
        *size == (frame.width, frame.height)
            && now.duration_since(*at) < TRUSTED
            && means(frame).iter().zip(before).all(|(now, before)| (now - before).abs() < DIFFERENT)
    }
}

/// The mean of every block, over every second pixel of every second row.
fn means(frame: &Frame) -> Vec<i32> {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut sums = vec![(0_i64, 0_i64); BLOCKS * BLOCKS];
    for (y, row) in frame.luma.chunks_exact(width.max(1)).enumerate().step_by(2) {
        let blocks = &mut sums[y * BLOCKS / height.max(1) * BLOCKS..][..BLOCKS];
        for (x, pixel) in row.iter().enumerate().step_by(2) {
            let (sum, count) = &mut blocks[x * BLOCKS / width];
            *sum += i64::from(*pixel);
            *count += 1;
        }
    }
    sums.into_iter().map(|(sum, count)| (sum / count.max(1)) as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn frame(shade: impl Fn(usize, usize) -> u8) -> Frame {
        let luma: Vec<u8> = (0..480).flat_map(|y| (0..640).map(move |x| (x, y))).map(|(x, y)| shade(x, y)).collect();
        Frame { width: 640, height: 480, luma: Arc::from(luma), number: 0, at: Duration::ZERO, source: None }
    }

    #[test]
    fn noise_is_still_a_sheet_of_paper_is_not_and_nothing_is_still_for_long() {
        let now = Instant::now();
        let mut scene = Scene::default();
        let noise = |x: usize, y: usize, seed: usize| (90 + (x * 31 + y * 17 + seed * 7) % 9) as u8;
        let road = frame(|x, y| noise(x, y, 1));
        assert!(!scene.is_still(&road, now));
        scene.remember(&road, now);
        assert!(scene.is_still(&frame(|x, y| noise(x, y, 2)), now));
        let paper = frame(|x, y| if x < 30 && y < 30 { 230 } else { noise(x, y, 3) });
        assert!(!scene.is_still(&paper, now));
        assert!(!scene.is_still(&road, now + TRUSTED));
        scene.forget();
        assert!(!scene.is_still(&road, now));
    }

    #[test]
    fn a_frame_of_one_pixel_has_means() {
        let tiny = Frame { width: 1, height: 1, luma: Arc::from([7]), ..frame(|_, _| 0) };
        assert_eq!(means(&tiny)[0], 7);
    }
}
