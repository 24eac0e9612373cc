//! Whether a camera that gives frames sees anything: frozen, black, covered.
//!
//! A sensor is never quite still: its noise makes every picture another one. So pictures that are the same bit by bit
//! come from a driver that has hung, except when they come from a file. A picture without any structure comes from a
//! lens with something on it, whatever its brightness. Both are said within two seconds and taken back when the
//! picture has been sound for a moment, so that a hand that passes by is not spoken of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use board::Frame;

use crate::glance::Glance;
use crate::watch::CameraState;

/// How long a trouble must last to be one. The panel is to say so within two seconds; the rest is for slow cameras, for
/// the time between two glances, and for the way there.
const LASTS: Duration = Duration::from_millis(1400);

/// How long the picture must be sound again.
const SOUND: Duration = Duration::from_millis(500);

/// How long a camera that was just opened may take to its first frame.
const FIRST: Duration = Duration::from_secs(5);

/// Share of pixels that are lit by anything below which a picture is black.
const BLACK: f32 = 0.002;

/// Levels by which brightness bends in a picture that shows something.
const STRUCTURE: u8 = 4;

/// Watches what the frames of a camera are like.
pub(crate) struct Blind {
    state: CameraState,
    /// What else it seems to be, and since when.
    rival: Option<(CameraState, Instant)>,
    /// What the last glance made of the picture.
    structure: CameraState,
    last: Option<Arc<[u8]>>,
    /// When the last frame came, or the camera was opened.
    came: Instant,
    /// When the last frame came that differed from the one before.
    changed: Instant,
    is_file: bool,
}

impl Blind {
    /// A camera that was opened now.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            state: CameraState::Sees,
            rival: None,
            structure: CameraState::Sees,
            last: None,
            came: now,
            changed: now,
            is_file: false,
        }
    }

    /// Takes in a glance at the newest frame.
    pub(crate) fn glance(&mut self, glance: &Glance) {
        // A code that is barely lit is dark, and still something to be seen.
        self.structure = if glance.structure() >= STRUCTURE {
            CameraState::Sees
        } else if glance.lit < BLACK {
            CameraState::Black
        } else {
            CameraState::Covered
        };
    }

    /// Takes in a frame.
    pub(crate) fn frame(&mut self, frame: &Frame, now: Instant) -> CameraState {
        self.is_file = frame.source.is_some();
        self.came = now;
        let is_same = self.last.as_ref().is_some_and(|last| last[..] == frame.luma[..]);
        if !is_same || self.is_file {
            self.changed = now;
        }
        self.last = Some(frame.luma.clone());
        let is_frozen = now.saturating_duration_since(self.changed) >= LASTS;
        // A lens cap may well give the same black again and again: the cap is what can be helped.
        let seems = match self.structure {
            CameraState::Sees if is_frozen => CameraState::Frozen,
            structure => structure,
        };
        self.settle(seems, now)
    }

    /// No frame has come; says how the camera is when that is news.
    pub(crate) fn nothing(&mut self, now: Instant) -> Option<CameraState> {
        let patience = if self.last.is_some() { LASTS } else { FIRST };
        if self.is_file || now.saturating_duration_since(self.came) < patience {
            return None;
        }
        Some(self.settle(CameraState::Frozen, now))
    }

    fn settle(&mut self, seems: CameraState, now: Instant) -> CameraState {
        if seems == self.state {
            self.rival = None;
            return self.state;
        }
        let (_, since) = *self.rival.insert(self.rival.filter(|(rival, _)| *rival == seems).unwrap_or((seems, now)));
        let wait = match seems {
            // It has lasted already.
            CameraState::Frozen => Duration::ZERO,
            CameraState::Sees => SOUND,
            _ => LASTS,
        };
        if now.saturating_duration_since(since) >= wait {
            self.state = seems;
            self.rival = None;
        }
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glance::tests::{frame, squares};

    const EVERY: Duration = Duration::from_millis(100);

    struct Played {
        blind: Blind,
        now: Instant,
        seed: u64,
    }

    impl Played {
        fn new() -> Self {
            let now = Instant::now();
            Self { blind: Blind::new(now), now, seed: 0 }
        }

        fn show(&mut self, frame: &Frame) -> CameraState {
            self.now += EVERY;
            self.blind.glance(&Glance::of(frame).unwrap());
            self.blind.frame(frame, self.now)
        }

        /// Frames of a living sensor until the state is this one; how long that took.
        fn until(&mut self, state: CameraState, shade: impl Fn(usize, usize) -> f32) -> Duration {
            let began = self.now;
            for _ in 0..60 {
                self.seed += 1;
                if self.show(&frame(self.seed, &shade)) == state {
                    return self.now - began;
                }
            }
            panic!("never {state:?}");
        }
    }

    fn road(x: usize, y: usize) -> f32 {
        squares(x, y, 3.0)
    }

    const TWO_SECONDS: Duration = Duration::from_secs(2);

    #[test]
    fn a_black_and_a_covered_lens_are_told_within_two_seconds_and_taken_back() {
        for (state, shade) in [
            (CameraState::Black, (|_, _| 3.0) as fn(usize, usize) -> f32),
            (CameraState::Covered, |_, _| 90.0),
            (CameraState::Covered, |x, _| 40.0 + x as f32 * 0.2),
            (CameraState::Covered, |_, _| 252.0),
        ] {
            let mut played = Played::new();
            assert!(played.until(CameraState::Sees, road) <= EVERY);
            let told = played.until(state, shade);
            assert!(told > Duration::from_secs(1) && told < TWO_SECONDS, "{state:?} after {told:?}");
            let back = played.until(CameraState::Sees, road);
            assert!(back > EVERY * 2 && back < Duration::from_secs(1), "back after {back:?}");
        }
    }

    #[test]
    fn no_photograph_of_a_code_counts_as_black_or_covered() {
        let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/qr-photos");
        let Ok(photos) = std::fs::read_dir(&shared) else {
            println!("vectors: qr-photos: not here");
            return;
        };
        let (mut seen, mut blind) = (0, Vec::new());
        for photo in photos.flatten().filter_map(|photo| board::still(&photo.path()).ok()) {
            let Some(glance) = Glance::of(&photo) else { continue };
            seen += 1;
            let mut watched = Blind::new(Instant::now());
            watched.glance(&glance);
            if watched.structure != CameraState::Sees {
                blind.push((photo.source, watched.structure));
            }
        }
        println!("vectors: qr-photos: {seen} photographs looked at, {} count as blind", blind.len());
        assert!(seen > 500 && blind.is_empty(), "{blind:?}");
    }

    #[test]
    fn a_hand_that_passes_by_is_not_spoken_of() {
        let mut played = Played::new();
        played.until(CameraState::Sees, road);
        for _ in 0..5 {
            for seed in 0..10 {
                assert_eq!(played.show(&frame(seed, |_, _| 60.0)), CameraState::Sees);
            }
            for seed in 0..3 {
                assert_eq!(played.show(&frame(seed, road)), CameraState::Sees);
            }
        }
    }

    #[test]
    fn the_same_picture_again_and_again_is_frozen_unless_it_comes_from_a_file() {
        let mut played = Played::new();
        let still = frame(1, road);
        let states: Vec<_> = (0..20).map(|_| played.show(&still)).collect();
        assert_eq!(states.iter().position(|state| *state == CameraState::Frozen), Some(14));
        assert!(played.until(CameraState::Sees, road) < Duration::from_secs(1));
        let file = Frame { source: Some(Arc::from("a.png")), ..still };
        assert!((0..50).all(|_| played.show(&file) == CameraState::Sees));
        played.now += Duration::from_secs(60);
        assert_eq!(played.blind.nothing(played.now), None);
    }

    #[test]
    fn a_camera_that_gives_nothing_any_more_is_frozen_and_one_that_begins_has_time() {
        let mut played = Played::new();
        let at = |played: &Played, ms| played.now + Duration::from_millis(ms);
        assert_eq!(played.blind.nothing(at(&played, 4900)), None);
        assert_eq!(played.blind.nothing(at(&played, 5000)), Some(CameraState::Frozen));
        played.until(CameraState::Sees, road);
        assert_eq!(played.blind.nothing(at(&played, 1300)), None);
        assert_eq!(played.blind.nothing(at(&played, 1400)), Some(CameraState::Frozen));
    }
}
