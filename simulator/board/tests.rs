//! The camera, watched and read as in a box: what befalls it, and what is told of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};

use hq::qr::{Code, Ecc};
use reader::{CameraState, Frames, Reader, Settings};

use super::*;
use crate::era::Era;

/// Longest wait for what must come; a busy machine may take a while.
const PATIENCE: Duration = Duration::from_secs(20);

/// A camera at work: its two loops, and what they say.
struct Works {
    handles: Handles,
    states: Receiver<(CameraState, Instant)>,
    texts: Receiver<String>,
    frames: Frames,
}

fn work(test: impl FnOnce(&Works)) {
    let handles = Handles::default();
    let mut board = handles.board("post", Arc::new(SimClock::new(Era::begin())), 5);
    let (stop, pulse, frames) = (AtomicBool::new(false), AtomicU64::new(0), Frames::default());
    let ((tell, states), (say, texts)) = (channel(), channel());
    let works = Works { handles, states, texts, frames: frames.clone() };
    std::thread::scope(|scope| {
        let (stop, pulse, frames) = (&stop, &pulse, &frames);
        scope.spawn(move || {
            let tell = |state| {
                let _ = tell.send((state, Instant::now()));
            };
            reader::watch(board.camera.as_mut(), frames, tell, stop, pulse);
        });
        scope.spawn(move || {
            let tell = |_: &Frame, look: reader::Look| {
                look.codes.into_iter().for_each(|code| drop(say.send(code.text)));
            };
            reader::read(Reader::new(Settings::default()), frames, tell, stop, pulse);
        });
        // Ends the loops also when the test panics: the scope waits for them.
        struct End<'a>(&'a AtomicBool);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let _end = End(stop);
        test(&works);
    });
}

impl Works {
    fn state(&self) -> CameraState {
        self.states.recv_timeout(PATIENCE).expect("the camera's state did not change").0
    }

    fn until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < PATIENCE, "{what} did not come");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn phone(text: &str) -> Held {
    let picture = Code::new(text, Ecc::Screen).unwrap().picture();
    Held::Pass("phone".to_owned(), Arc::new(picture))
}

#[test]
fn a_camera_that_sees_nothing_any_more_is_told_within_two_seconds_and_taken_back() {
    work(|works| {
        assert_eq!(works.state(), CameraState::Sees);
        let troubles = [
            (Lens::Frozen, CameraState::Frozen),
            (Lens::Covered, CameraState::Covered),
            (Lens::Black, CameraState::Black),
        ];
        for (lens, state) in troubles {
            let began = Instant::now();
            works.handles.set_lens(lens);
            let (told, at) = works.states.recv_timeout(PATIENCE).unwrap();
            assert_eq!(told, state);
            let took = at - began;
            println!("measured: a camera that is {} is told after {} ms", state.as_str(), took.as_millis());
            assert!(took > Duration::from_secs(1) && took < Duration::from_millis(2000), "{state:?} after {took:?}");
            works.handles.set_lens(Lens::Clear);
            assert_eq!(works.state(), CameraState::Sees);
        }
        let figures = works.frames.figures().unwrap();
        assert!(figures.focus_percent.unwrap() > 60 && figures.brightness > 40, "{figures:?}");
    });
}

#[test]
fn a_phone_that_blooms_at_night_is_read_once_the_camera_has_been_asked_to_be_darker() {
    work(|works| {
        let mut brightest = Exposure::default();
        while brightest.nudge(Nudge::Brighter) {}
        works.handles.set_night(true);
        works.handles.set_exposure(brightest);
        works.handles.hold(phone("MP1:BLOOM"));
        assert_eq!(works.texts.recv_timeout(PATIENCE).unwrap(), "MP1:BLOOM");
        let times = works.handles.exposure().times();
        assert!(times < brightest.times() / 2.0, "read at ×{times}");
        // What reads is left as it is.
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(works.handles.exposure().times(), times);
    });
}

#[test]
fn a_night_is_made_brighter_until_the_road_is_seen_and_no_further() {
    work(|works| {
        works.handles.set_night(true);
        let mean = || {
            let seen = works.handles.seen().1;
            seen.map_or(0, |seen| seen.as_raw().iter().map(|luma| u64::from(*luma)).sum::<u64>() / 307_200)
        };
        works.until("light", || works.handles.exposure().times() > 5.0 && mean() > 20);
        let times = works.handles.exposure().times();
        std::thread::sleep(Duration::from_secs(1));
        let later = works.handles.exposure().times();
        assert!(later <= times * 1.6 && later < 12.0, "from ×{times} to ×{later}");
    });
}
