//! The two loops between camera and lane: one takes frames, one reads them, and the latest frame wins. What the
//! reader finds goes back to the camera's loop by the same place: that is where exposure is asked for.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use board::{Camera, Fault, Frame};

use crate::blind::Blind;
use crate::exposure::{Exposure, Seen};
use crate::glance::Glance;
use crate::health::{Figures, Health};
use crate::{Look, Reader};

/// Longest wait of either loop before it looks at its stop signal.
const TURN: Duration = Duration::from_millis(100);

/// First and longest pause before a camera that failed is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Shortest time between two glances at the picture as a whole.
const LOOK: Duration = Duration::from_millis(150);

/// How long what the reader found counts for the exposure.
const COUNTS: Duration = Duration::from_secs(1);

/// What the camera is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CameraState {
    /// Frames arrive, and something is to be seen in them.
    Sees,
    /// The same picture comes again and again, or none at all.
    Frozen,
    /// Pictures arrive and are black.
    Black,
    /// Pictures arrive and show nothing: something lies on the lens.
    Covered,
    /// It is missing or fails, and is tried again.
    Fails,
    /// A source of stills has come to its end.
    Ended,
}

impl CameraState {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Sees, Self::Frozen, Self::Black, Self::Covered, Self::Fails, Self::Ended];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sees => "sees",
            Self::Frozen => "frozen",
            Self::Black => "black",
            Self::Covered => "covered",
            Self::Fails => "fails",
            Self::Ended => "ended",
        }
    }
}

#[derive(Default)]
struct Slot {
    latest: Mutex<Option<Frame>>,
    filled: Condvar,
    /// What the reader found last, and when.
    seen: Mutex<Option<(Seen, Instant)>>,
    figures: Mutex<Option<Figures>>,
    frames: AtomicU64,
    dropped: AtomicU64,
}

/// The one place between camera and reader: an older frame is replaced and counted.
#[derive(Clone, Default)]
pub struct Frames(Arc<Slot>);

impl Frames {
    fn put(&self, frame: Frame) {
        self.0.frames.fetch_add(1, Ordering::Relaxed);
        // A panic of the other loop cannot leave a frame half written.
        let mut latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.replace(frame).is_some() {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.0.filled.notify_one();
    }

    fn take(&self, wait: Duration) -> Option<Frame> {
        let latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut latest, _) = self
            .0
            .filled
            .wait_timeout_while(latest, wait, |frame| frame.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        latest.take()
    }

    /// Tells the camera's loop what a look has found.
    fn looked(&self, look: &Look, now: Instant) {
        if !look.unchanged {
            let seen = Seen { region: look.region, reads: !look.codes.is_empty() };
            *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((seen, now));
        }
    }

    fn seen(&self, now: Instant) -> Option<Seen> {
        let seen = *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.filter(|(_, at)| now.saturating_duration_since(*at) < COUNTS).map(|(seen, _)| seen)
    }

    fn measure(&self, figures: Option<Figures>) {
        *self.0.figures.lock().unwrap_or_else(PoisonError::into_inner) = figures;
    }

    /// Health of the picture; none while there is none, or it is too small to be judged.
    pub fn figures(&self) -> Option<Figures> {
        *self.0.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frames the camera gave.
    pub fn frames(&self) -> u64 {
        self.0.frames.load(Ordering::Relaxed)
    }

    /// Frames that were replaced before anybody looked at them.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

/// What is watched beside the reading: whether the camera sees, how well, and whether more light would help.
struct Watch {
    blind: Blind,
    health: Health,
    exposure: Exposure,
    looked: Option<Instant>,
}

impl Watch {
    fn new(now: Instant) -> Self {
        Self { blind: Blind::new(now), health: Health::default(), exposure: Exposure::default(), looked: None }
    }

    /// Takes in a frame, and says how the camera is.
    fn over(&mut self, frame: &Frame, camera: &mut dyn Camera, frames: &Frames, now: Instant) -> CameraState {
        if self.looked.is_none_or(|at| now.saturating_duration_since(at) >= LOOK)
            && let Some(glance) = Glance::of(frame)
        {
            self.looked = Some(now);
            self.blind.glance(&glance);
            let seen = frames.seen(now);
            self.health.weigh(&glance, seen.is_some_and(|seen| seen.reads || seen.region.is_some()), now);
            frames.measure(self.health.figures());
            self.nudge(frame, seen, camera, now);
        }
        self.blind.frame(frame, now)
    }

    fn nudge(&mut self, frame: &Frame, seen: Option<Seen>, camera: &mut dyn Camera, now: Instant) {
        let Some(nudge) = self.exposure.weigh(frame, seen, now) else { return };
        match camera.expose(nudge) {
            Ok(true) => tracing::debug!(?nudge, "the camera changes its exposure"),
            Ok(false) => self.exposure.refuse(nudge, now),
            Err(error) => {
                tracing::debug!(%error, ?nudge, "the camera does not change its exposure");
                self.exposure.refuse(nudge, now);
            }
        }
    }
}

/// Takes frames until told to stop, and watches what they are like. A camera that fails is tried again, ever more
/// slowly; `tell` hears of every change.
pub fn watch(
    camera: &mut dyn Camera,
    frames: &Frames,
    mut tell: impl FnMut(CameraState),
    stop: &AtomicBool,
    pulse: &AtomicU64,
) {
    let (mut state, mut pause) = (None, BACK_OFF.0);
    let mut over = Watch::new(Instant::now());
    let mut change = |state: &mut Option<CameraState>, to| {
        if state.replace(to) != Some(to) {
            tell(to);
        }
    };
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        match camera.next(TURN) {
            Ok(Some(frame)) => {
                // The reader first: what is watched here is worth no delay.
                frames.put(frame.clone());
                change(&mut state, over.over(&frame, camera, frames, Instant::now()));
                pause = BACK_OFF.0;
            }
            Ok(None) => {
                if let Some(frozen) = over.blind.nothing(Instant::now()) {
                    change(&mut state, frozen);
                }
            }
            Err(Fault::Ended) => {
                change(&mut state, CameraState::Ended);
                std::thread::sleep(TURN);
            }
            Err(error) => {
                if state != Some(CameraState::Fails) {
                    tracing::error!(%error, "the camera fails and will be tried again");
                }
                change(&mut state, CameraState::Fails);
                frames.measure(None);
                rest(pause, stop, pulse);
                pause = (pause * 2).min(BACK_OFF.1);
                // What comes next comes from a camera that was just opened.
                over.blind = Blind::new(Instant::now());
            }
        }
    }
}

/// Pauses, while the loop goes on turning.
fn rest(pause: Duration, stop: &AtomicBool, pulse: &AtomicU64) {
    let until = Instant::now() + pause;
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(TURN));
    }
}

/// Looks at frames until told to stop; `tell` gets every look with its frame, also those that read nothing.
pub fn read(
    mut reader: Reader,
    frames: &Frames,
    mut tell: impl FnMut(&Frame, Look),
    stop: &AtomicBool,
    pulse: &AtomicU64,
) {
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        if let Some(frame) = frames.take(TURN) {
            let look = reader.watch(&frame);
            frames.looked(&look, Instant::now());
            tell(&frame, look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    /// Gives two frames, fails once, gives another, and ends.
    struct Moody(u64);
    impl Camera for Moody {
        fn next(&mut self, _: Duration) -> Result<Option<Frame>, Fault> {
            self.0 += 1;
            match self.0 {
                1 | 2 | 4 => Ok(Some(Frame {
                    width: 1,
                    height: 1,
                    luma: Arc::from([0]),
                    number: self.0,
                    at: Duration::ZERO,
                    source: None,
                })),
                3 => Err(Fault::Missing { device: "camera".into() }),
                _ => Err(Fault::Ended),
            }
        }
    }

    #[test]
    fn the_latest_frame_wins_and_what_is_dropped_is_counted() {
        let (frames, stop, pulse) = (Frames::default(), AtomicBool::new(false), AtomicU64::new(0));
        let mut states = Vec::new();
        let tell = |state| {
            states.push(state);
            stop.store(state == CameraState::Ended, Ordering::Relaxed);
        };
        watch(&mut Moody(0), &frames, tell, &stop, &pulse);
        assert_eq!(states, [CameraState::Sees, CameraState::Fails, CameraState::Sees, CameraState::Ended]);
        assert_eq!((frames.frames(), frames.dropped()), (3, 2));

        let (stop, mut seen) = (AtomicBool::new(false), Vec::new());
        let tell = |frame: &Frame, _| {
            seen.push(frame.number);
            stop.store(true, Ordering::Relaxed);
        };
        read(Reader::new(Settings::default()), &frames, tell, &stop, &pulse);
        assert_eq!(seen, [4]);
    }
}
