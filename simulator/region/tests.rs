//! What befalls a box's camera, seen where people see it: on its panel, and at HQ.

use std::time::Instant;

use panel::{Fault, Screen};

use super::*;
use crate::scene::Lens;

/// Longest wait for what must come; a busy machine may take a while.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something is so; says how long that took.
fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
    began.elapsed()
}

#[test]
fn a_camera_that_is_blind_stands_on_the_panel_within_two_seconds_and_in_hqs_list() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let desk = runtime.block_on(Desk::begin(folder.path(), 1, |_| {})).unwrap();
    let post = &desk.posts[0];
    let screen = || post.shown().and_then(|shown| shown.latest.current()).map(|view| view.screen);
    let at_hq = |state: &str| {
        let boxes = desk.with_hq(|hq| hq.shown().boxes().unwrap()).unwrap();
        boxes.iter().any(|one| one.name == post.name.name && one.camera_state.as_deref() == Some(state))
    };
    until("the idle screen", || screen() == Some(Screen::Idle));
    for (lens, fault, state) in [
        (Lens::Frozen, Fault::CameraFrozen, "frozen"),
        (Lens::Covered, Fault::CameraCovered, "covered"),
        (Lens::Black, Fault::CameraBlack, "black"),
    ] {
        post.handles.set_lens(lens);
        let took = until(state, || screen() == Some(Screen::Fault(fault)));
        println!("measured: a camera that is {state} stands on the panel after {} ms", took.as_millis());
        assert!(took < Duration::from_secs(2), "{state} after {took:?}");
        until("the heartbeat", || at_hq(state));
        post.handles.set_lens(Lens::Clear);
        until("the idle screen again", || screen() == Some(Screen::Idle));
    }
    until("the heartbeat that all is well", || at_hq("sees"));
    let boxes = desk.with_hq(|hq| hq.shown().boxes().unwrap()).unwrap();
    assert!(boxes.iter().all(|one| one.picture.is_some() && one.reader_deaths == Some(0)), "{boxes:?}");
    desk.end();
}
