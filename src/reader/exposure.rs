//! When the camera is to be asked for a darker or a brighter picture.
//!
//! A camera judges the whole picture, and at night the whole picture is black but for a phone whose screen blooms
//! over its own code. What counts is the light where the code is, or where it will be: the middle. Asked for is one
//! step at a time; between dark and bright lies a wide band in which nothing is asked, so that it settles. A picture
//! that reads is left as it is.

use std::time::{Duration, Instant};

use board::{Frame, Nudge};

use crate::Region;
use crate::glance::CLIPPED;

/// Most pixels that are looked at.
const PIXELS: usize = 4096;

/// Share of clipped pixels that is too bright, 0–1: where a code is, half of it is white and may be clipped without
/// harm, and so may its margin; more than that means that the white runs over the black.
const TOO_BRIGHT_CODE: f32 = 0.75;
/// The same in the middle of a picture in which no code was found: a screen that blooms is none.
const TOO_BRIGHT_MIDDLE: f32 = 0.25;

/// Luma that the brightest twentieth must reach, where a code is and elsewhere: white of less is mere noise.
const TOO_DARK_CODE: u8 = 90;
const TOO_DARK_MIDDLE: u8 = 50;

/// Looks in a row that must agree.
const AGREE: u8 = 2;

/// Time after a step before the next: a camera takes a few frames to follow.
const SETTLE: Duration = Duration::from_millis(300);

/// Time before a camera that could not follow is asked for the same again.
const REFUSED: Duration = Duration::from_secs(10);

/// What the reader made of a frame a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub region: Option<Region>,
    pub reads: bool,
}

/// The light of a part of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Light {
    /// Luma that its brightest twentieth reaches.
    bright: u8,
    /// Share of its pixels that are clipped, 0–1.
    clipped: f32,
}

impl Light {
    fn wish(self, is_code: bool) -> Option<Nudge> {
        let (most, least) =
            if is_code { (TOO_BRIGHT_CODE, TOO_DARK_CODE) } else { (TOO_BRIGHT_MIDDLE, TOO_DARK_MIDDLE) };
        if self.clipped > most {
            Some(Nudge::Darker)
        } else if self.bright < least {
            Some(Nudge::Brighter)
        } else {
            None
        }
    }

    fn of(frame: &Frame, region: Region) -> Option<Self> {
        let (width, height) = (frame.width as usize, frame.height as usize);
        let (left, top) = (region.x as usize, region.y as usize);
        let right = left.saturating_add(region.width as usize).min(width);
        let bottom = top.saturating_add(region.height as usize).min(height);
        if left >= right || top >= bottom {
            return None;
        }
        let area = (right - left) * (bottom - top);
        let every = (1..).find(|step| area / (step * step) <= PIXELS).unwrap_or(1);
        let (mut levels, mut pixels) = ([0_u32; 256], 0_u32);
        for row in frame.luma.chunks_exact(width).take(bottom).skip(top).step_by(every) {
            for pixel in row[left..right].iter().step_by(every) {
                levels[usize::from(*pixel)] += 1;
                pixels += 1;
            }
        }
        let mut above = 0;
        let bright = (0..=u8::MAX).rev().find(|level| {
            above += levels[usize::from(*level)];
            above * 20 >= pixels
        });
        let clipped: u32 = levels[usize::from(CLIPPED)..].iter().sum();
        Some(Self { bright: bright.unwrap_or(0), clipped: clipped as f32 / pixels.max(1) as f32 })
    }
}

/// The middle of a frame, half as wide and half as high.
fn middle(frame: &Frame) -> Region {
    let (width, height) = (frame.width, frame.height);
    Region { x: width / 4, y: height / 4, width: (width / 2).max(1), height: (height / 2).max(1) }
}

/// Decides when to ask.
#[derive(Debug, Default)]
pub(crate) struct Exposure {
    wish: Option<(Nudge, u8)>,
    asked: Option<Instant>,
    refused: Option<(Nudge, Instant)>,
}

impl Exposure {
    /// Looks at a frame; says what to ask for, if anything.
    pub(crate) fn weigh(&mut self, frame: &Frame, seen: Option<Seen>, now: Instant) -> Option<Nudge> {
        if seen.is_some_and(|seen| seen.reads) {
            self.wish = None;
            return None;
        }
        let code = seen.and_then(|seen| seen.region);
        let light = Light::of(frame, code.unwrap_or_else(|| middle(frame)))?;
        self.step(light.wish(code.is_some()), now)
    }

    fn step(&mut self, wish: Option<Nudge>, now: Instant) -> Option<Nudge> {
        let since = |at: Instant| now.saturating_duration_since(at);
        let times = self.wish.filter(|(before, _)| Some(*before) == wish).map_or(0, |(_, times)| times);
        self.wish = wish.map(|wish| (wish, times.saturating_add(1)));
        let (nudge, times) = self.wish?;
        let refused = self.refused.is_some_and(|(refused, at)| refused == nudge && since(at) < REFUSED);
        if times < AGREE || refused || self.asked.is_some_and(|at| since(at) < SETTLE) {
            return None;
        }
        self.asked = Some(now);
        self.wish = None;
        Some(nudge)
    }

    /// The camera could not follow.
    pub(crate) fn refuse(&mut self, nudge: Nudge, now: Instant) {
        self.refused = Some((nudge, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glance::tests::frame;

    const LOOK: Duration = Duration::from_millis(150);

    /// What is asked for in two seconds of one picture.
    fn asked(shade: impl Fn(usize, usize) -> f32, seen: Option<Seen>) -> Vec<Nudge> {
        let (mut exposure, frame, began) = (Exposure::default(), frame(2, shade), Instant::now());
        (0..14).filter_map(|at| exposure.weigh(&frame, seen, began + LOOK * at)).collect()
    }

    /// Half of it white, as a code is, in squares of five pixels.
    fn code(black: f32, white: f32) -> impl Fn(usize, usize) -> f32 {
        move |x, y| if (x / 5 + y / 5) % 2 == 0 { black } else { white }
    }

    fn seen(reads: bool) -> Option<Seen> {
        Some(Seen { region: Some(Region { x: 200, y: 100, width: 300, height: 300 }), reads })
    }

    #[test]
    fn a_screen_that_blooms_is_asked_to_be_darker_step_by_step() {
        let nudges = asked(|_, _| 255.0, None);
        assert!(nudges.iter().all(|nudge| *nudge == Nudge::Darker));
        // Not on the first look, and not with every one.
        assert!((4..=7).contains(&nudges.len()), "{nudges:?}");
        assert!(!asked(code(253.0, 255.0), seen(false)).is_empty());
        assert_eq!(asked(code(253.0, 255.0), seen(true)), []);
    }

    #[test]
    fn the_dark_is_asked_to_be_brighter_and_sooner_where_a_code_is() {
        assert!(asked(|_, _| 12.0, None).iter().all(|nudge| *nudge == Nudge::Brighter));
        assert!(!asked(|_, _| 12.0, None).is_empty());
        assert_eq!(asked(code(20.0, 70.0), None), []);
        assert!(!asked(code(20.0, 70.0), seen(false)).is_empty());
    }

    #[test]
    fn paper_whose_white_alone_is_clipped_and_an_ordinary_road_are_left_as_they_are() {
        assert_eq!(asked(code(40.0, 255.0), seen(false)), []);
        assert_eq!(asked(|x, y| 60.0 + (x * y % 150) as f32, None), []);
    }

    #[test]
    fn a_camera_that_cannot_follow_is_left_in_peace_for_a_while() {
        let (mut exposure, dark, began) = (Exposure::default(), frame(2, |_, _| 5.0), Instant::now());
        let mut asked = Vec::new();
        for at in 0..100 {
            let now = began + LOOK * at;
            if let Some(nudge) = exposure.weigh(&dark, None, now) {
                exposure.refuse(nudge, now);
                asked.push(LOOK * at);
            }
        }
        assert_eq!(asked.len(), 2, "{asked:?}");
    }

    #[test]
    fn a_region_outside_of_the_frame_is_nothing_to_go_by() {
        let frame = frame(2, |_, _| 0.0);
        for (x, y, width, height) in [(640, 0, 9, 9), (0, 480, 9, 9), (10, 10, 0, 0), (u32::MAX, 0, u32::MAX, 5)] {
            assert_eq!(Light::of(&frame, Region { x, y, width, height }), None);
        }
        assert!(Light::of(&frame, Region { x: 630, y: 470, width: u32::MAX, height: u32::MAX }).is_some());
    }
}
