//! What befalls a box's camera and what is held before it, seen where people see it: on its panel, and at HQ.

use std::time::Instant;

use panel::{Fault, Hint, Run, Screen, Stick};
use verdict::Reason;
use wire::ClockTrust;

use super::*;
use crate::scene::{Grip, Lens, SIZE};

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
    let desk = runtime.block_on(Desk::begin(folder.path(), None, 1, |_| {})).unwrap();
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

#[test]
fn a_box_without_a_line_takes_an_update_from_a_phone_and_refuses_what_was_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let desk = runtime.block_on(Desk::begin(folder.path(), None, 1, |_| {})).unwrap();
    let post = &desk.posts[0];
    let screen = || post.shown().and_then(|shown| shown.latest.current()).map(|view| view.screen);
    let release = || post.shown().and_then(|shown| shown.trust.current()).map(|release| release.sequence());
    until("the idle screen", || screen() == Some(Screen::Idle));
    post.set_network(false);
    desk.revoke("valid").unwrap();
    let (before, newest) = (release().unwrap(), desk.region.last_release().unwrap().unwrap().0);
    assert!(before < newest);

    let rows = || post.shown().map_or(0, |shown| shown.gauges.head());
    let written = rows();
    desk.play(post).unwrap();
    let mut percents = Vec::new();
    let took = until("the update", || match screen() {
        Some(Screen::Run(Run::Receiving { percent })) => {
            percents.push(percent);
            false
        }
        screen => screen == Some(Screen::Run(Run::Adopted { sequence: newest })),
    });
    println!("measured: a phone brings release {newest} in {} ms", took.as_millis());
    assert!(percents.is_sorted() && percents.len() > 1, "{percents:?}");
    assert_eq!(release(), Some(newest));
    // Nothing of it was taken for a pass: the journal has one line more, that a release was adopted.
    until("the line in the journal", || rows() == written + 1);

    // It stands while the phone is there, and a moment longer.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!((screen(), rows()), (Some(Screen::Run(Run::Adopted { sequence: newest })), written + 1));
    // A pass is judged while the phone is still being put away.
    post.handles.hold(in_a_hand(&desk.card("valid").unwrap()));
    let is_revoked = |card: &panel::Card| card.reasons.first() == Some(&Reason::Revoked);
    until("the verdict", || matches!(screen(), Some(Screen::Verdict(card)) if is_revoked(&card)));
    post.handles.hold(board::Held::Road);
    // An officer looks before pressing a key.
    std::thread::sleep(Duration::from_secs(1));
    post.handles.press(::board::Key::No);
    until("the idle screen again", || screen() == Some(Screen::Idle));

    // Shown once more, it is nothing new.
    desk.play(post).unwrap();
    until("that it is known", || screen() == Some(Screen::Run(Run::Current { sequence: newest })));
    desk.away(post);
    until("the idle screen in the end", || screen() == Some(Screen::Idle));
    desk.end();
}

#[test]
fn an_update_of_another_region_is_refused_with_its_name_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let desk = runtime.block_on(Desk::begin(folder.path(), None, 1, |_| {})).unwrap();
    let post = &desk.posts[0];
    let screen = || post.shown().and_then(|shown| shown.latest.current()).map(|view| view.screen);
    until("the idle screen", || screen() == Some(Screen::Idle));
    desk.stranger.publish(BY, desk.era.now()).unwrap();
    let bundle = hq::publish::bundle(&desk.stranger.release_folder(), 0).unwrap().encode();
    let phone = Arc::new(Phone::playing(&bundle).unwrap());
    post.handles.hold(board::Held::Run(phone, Instant::now()));
    let refused = Run::OtherRegion { region: "RU-KOS".to_owned() };
    until("the refusal", || screen() == Some(Screen::Run(refused.clone())));
    desk.away(post);
    until("the idle screen again", || screen() == Some(Screen::Idle));
    desk.end();
}

/// Bars of different widths, as on a carton: the left half of EAN-13 4006381333931 again and again.
fn carton() -> image::GrayImage {
    let widths = [1, 1, 1, 3, 2, 1, 1, 1, 1, 1, 4, 1, 1, 1, 4, 1, 2, 1, 3, 1, 4, 1, 1, 2, 1, 1, 3, 1, 1, 1, 1, 1];
    let bars: Vec<bool> =
        widths.iter().enumerate().flat_map(|(at, width)| std::iter::repeat_n(at % 2 == 0, *width)).collect();
    image::GrayImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let bar = usize::try_from(x).ok().and_then(|x| bars.get(x.checked_sub(200)? / 4));
        let is_dark = (140..300).contains(&y) && bar == Some(&true);
        image::Luma([if is_dark { 35 } else { 205 }])
    })
}

#[test]
fn what_keeps_a_pass_from_being_read_stands_on_the_panel_and_once_it_is_held_well_it_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let desk = runtime.block_on(Desk::begin(folder.path(), None, 1, |_| {})).unwrap();
    let post = &desk.posts[0];
    let screen = || post.shown().and_then(|shown| shown.latest.current()).map(|view| view.screen);
    let pass = in_a_hand(&desk.card("valid").unwrap());
    until("the idle screen", || screen() == Some(Screen::Idle));
    for (grip, hint) in [
        (Grip::Far, Hint::TooFar),
        (Grip::Close, Hint::TooClose),
        (Grip::CutOff, Hint::CutOff),
        (Grip::Blurred, Hint::Blurred),
        (Grip::Glare, Hint::Glare),
    ] {
        post.handles.set_grip(grip);
        post.handles.hold(pass.clone());
        // Whatever else is said first would send the driver the wrong way.
        let mut said = None;
        let took = until(grip.as_str(), || {
            said = screen();
            said != Some(Screen::Idle)
        });
        assert_eq!(said, Some(Screen::Hint(hint)), "held {}", grip.as_str());
        println!("measured: a pass held {} is spoken of after {} ms", grip.as_str(), took.as_millis());
        let still = Instant::now();
        while still.elapsed() < Duration::from_millis(1500) {
            assert_eq!(screen(), Some(Screen::Hint(hint)), "held {}", grip.as_str());
            std::thread::sleep(Duration::from_millis(20));
        }
        post.handles.hold(board::Held::Road);
        until("the idle screen again", || screen() == Some(Screen::Idle));
    }
    post.handles.set_grip(Grip::Well);
    post.handles.hold(board::Held::Photo(Arc::new(carton())));
    until("that bars are no QR code", || screen() == Some(Screen::Hint(Hint::NotQr)));
    post.handles.hold(pass);
    until("the verdict", || matches!(screen(), Some(Screen::Verdict(_))));
    desk.end();
}

#[test]
fn a_box_without_a_clock_doubts_the_time_until_hq_signs_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let desk = runtime.block_on(Desk::begin(folder.path(), None, 1, |_| {})).unwrap();
    let post = &desk.posts[0];
    let clock = || post.shown().map(|shown| shown.clock.now().trust);
    let card = || match post.shown()?.latest.current()?.screen {
        Screen::Verdict(card) => Some(card.reasons),
        _ => None,
    };
    let doubts = || card().map(|reasons| reasons.contains(&Reason::ClockInDoubt));
    let at_hq = |trust: &str| {
        let boxes = desk.with_hq(|hq| hq.shown().boxes().unwrap()).unwrap();
        boxes.iter().any(|one| one.name == post.name.name && one.clock == Some(trust) && !one.knowledge.is_empty())
    };
    until("the heartbeat", || at_hq("ntp"));
    // Nothing but HQ's word of this start: a hundred days ahead deceive nobody.
    until("a receipt", || post.shown().is_some_and(|shown| shown.link.borrow().last_receipt.is_some()));
    post.clock.add(100 * crate::era::DAY);
    until("HQ's time", || clock() == Some(ClockTrust::Signed));
    // The line is cut, the box starts again: now it has only the clock that runs far ahead, then none at all.
    post.set_network(false);
    post.stop();
    post.start().unwrap();
    assert_eq!(clock(), Some(ClockTrust::None));
    post.clock.set_ntp(false);
    post.clock.set_rtc(false);
    assert_eq!(clock(), Some(ClockTrust::CarriedOver));
    post.handles.hold(in_a_hand(&desk.card("valid").unwrap()));
    until("a verdict in doubt", || doubts() == Some(true));
    post.set_network(true);
    until("HQ's time again", || clock() == Some(ClockTrust::Signed));
    until("the heartbeat", || at_hq("signed"));
    post.handles.press(::board::Key::No);
    post.handles.hold(board::Held::Road);
    until("the idle screen", || card().is_none());
    post.handles.hold(in_a_hand(&desk.card("revoked").unwrap()));
    until("a verdict without doubt", || doubts() == Some(false));
    desk.end();
}

#[test]
fn a_stick_brings_a_release_to_a_post_without_a_line_and_the_panel_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let desk = runtime.block_on(Desk::begin(folder.path(), None, 1, |_| {})).unwrap();
    let post = &desk.posts[0];
    let screen = || post.shown().and_then(|shown| shown.latest.current()).map(|view| view.screen);
    let sequence = || post.shown().and_then(|shown| shown.trust.current()).map(|release| release.sequence());
    until("the idle screen", || screen() == Some(Screen::Idle));
    until("the first release", || sequence() == Some(1));
    post.put_stick_in(&desk.region).unwrap();
    until("that it is here", || screen() == Some(Screen::Stick(Stick::Current { sequence: 1 })));
    post.take_stick_out().unwrap();
    post.set_network(false);
    desk.publish().unwrap();
    // A box that has not looked since would take it for the same stick.
    std::thread::sleep(Duration::from_millis(700));
    post.put_stick_in(&desk.region).unwrap();
    let took = until("the stick's release", || screen() == Some(Screen::Stick(Stick::Adopted { sequence: 2 })));
    assert_eq!(sequence(), Some(2));
    println!("measured: a stick's release is in force {} ms after it was put in", took.as_millis());
    // A car comes: nobody waits for a stick.
    post.handles.hold(in_a_hand(&desk.card("valid").unwrap()));
    until("the verdict", || matches!(screen(), Some(Screen::Verdict(_))));
    desk.end();
}
