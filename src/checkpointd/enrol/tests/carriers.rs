//! The ways of a request and of its answer: the panel's picture, a phone's pictures, one code, a stick.

use std::sync::Arc;
use std::time::{Duration, Instant};

use board::{Frame, Picture};
use panel::{Enrol, Language, NotEnrolled, Screen, View};
use reader::{Reader, Settings};
use trust::run::Run;

use super::super::code::Code;
use super::super::waiting::{Waiting, told};
use super::*;

/// What the box's own reader sees of a panel, photographed so that `scale` pixels of the photograph show one of its.
fn seen(panel: &Picture, scale: u32) -> Vec<String> {
    let (width, height) = panel.dimensions();
    let (wide, high) = (width * scale + 80, height * scale + 80);
    let mut luma = vec![90; (wide * high) as usize];
    for y in 0..height * scale {
        for x in 0..width * scale {
            let at = ((y / scale * width + x / scale) * 3) as usize;
            luma[((y + 40) * wide + x + 40) as usize] = panel.rgb()[at];
        }
    }
    looked(wide, high, luma)
}

/// What the box's own reader reads in a picture.
fn looked(width: u32, height: u32, luma: Vec<u8>) -> Vec<String> {
    let frame = Frame { width, height, luma: Arc::from(luma), number: 0, at: Duration::ZERO, source: None };
    let look = Reader::new(Settings { budget: Duration::from_secs(30), ..Settings::default() }).look(&frame);
    look.codes.into_iter().map(|code| code.text).collect()
}

#[test]
fn the_request_is_read_from_the_panels_own_picture_at_both_sizes() {
    let longest = "m".repeat(32);
    for name in ["m10-km178", &longest] {
        let hq = tver();
        let post = Box::new(&hq, name);
        let text = request(&post.config, &post.store).unwrap();
        let code = Code::new(&text).modules();
        for size in [(320, 240), (800, 480)] {
            for language in Language::ALL {
                let digits = wire::fingerprint::groups(&compared(&post.config, &post.store).unwrap().1);
                let screen = Screen::Enrol(Enrol::Request { code: code.clone(), name: name.to_owned(), digits });
                let bar = crate::view::bare_bar(now(0, ClockTrust::None), &jiff::tz::TimeZone::UTC);
                let view = View { language, screen, typed: None, bar };
                let mut picture = Picture::new(size.0, size.1);
                panel::draw(&view, &mut picture);
                assert_eq!(seen(&picture, if size.0 < 800 { 2 } else { 1 }), [text.as_str()], "{size:?}");
            }
        }
    }
}

#[test]
fn the_code_in_a_file_and_on_a_terminal_holds_the_request() {
    let post = Box::new(&tver(), "m10-km178");
    let text = request(&post.config, &post.store).unwrap();
    let code = Code::new(&text);
    let png = image::load_from_memory(&code.to_png()).unwrap().into_luma8();
    assert_eq!(looked(png.width(), png.height(), png.into_raw()), [text]);
    let terminal = code.to_terminal();
    assert_eq!(terminal.lines().count(), (code.modules().width() + 8).div_ceil(2));
}

#[test]
fn an_answer_comes_by_a_run_of_pictures_whatever_else_is_in_view() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    let answer = hq.signed(&hq.answer(&post.request()));
    let run = Run::new(&answer, 200).unwrap();
    let (mut waiting, at) = (Waiting::default(), Instant::now());
    let own = request(&post.config, &post.store).unwrap();
    let mut whole = None;
    // Every second picture is missed; the box's own request is in a mirror, and a pass is in view.
    for number in (0..4 * run.symbols()).step_by(2) {
        assert!(waiting.see(&own, at).is_none() && waiting.see("MP1:ABC", at).is_none());
        if let Some(bytes) = waiting.see(&run.text(number), at) {
            whole = Some(bytes);
            break;
        }
        assert!(matches!(waiting.says(at), Some(Enrol::Receiving { .. })));
    }
    assert_eq!(whole.as_deref(), Some(&answer[..]));
    post.accept(&whole.unwrap()).unwrap();
}

#[test]
fn the_pictures_of_a_phone_are_read_by_the_boxs_own_reader() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    let answer = hq.signed(&hq.answer(&post.request()));
    let run = Run::new(&answer, 300).unwrap();
    let (mut waiting, at, mut whole) = (Waiting::default(), Instant::now(), None);
    for number in 0..run.symbols() {
        let png = image::load_from_memory(&Code::new(&run.text(number)).to_png()).unwrap().into_luma8();
        let texts = looked(png.width(), png.height(), png.into_raw());
        whole = texts.iter().find_map(|text| waiting.see(text, at)).or(whole);
    }
    println!("measured: enrolment answer of {} bytes, {} pictures of 300 bytes", answer.len(), run.symbols());
    post.accept(&whole.unwrap()).unwrap();
}

#[test]
fn one_code_is_tried_once_while_it_stays_and_again_when_it_comes_back() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    let other = hq.signed(&hq.answer(&Box::new(&hq, "a112-km24").request()));
    let (text, at) = (wire::enrol::text(&other), Instant::now());
    let mut waiting = Waiting::default();
    let tried = waiting.see(&text, at).unwrap();
    let refused = post.accept(&tried).unwrap_err();
    waiting.ends_as(Enrol::Refused(told(&refused)), at);
    let later = at + Duration::from_secs(9);
    assert_eq!(waiting.see(&text, later), None);
    let says = Enrol::Refused(NotEnrolled::OtherBox { name: "a112-km24".to_owned() });
    assert_eq!(waiting.says(later + Duration::from_secs(9)), Some(&says));
    assert_eq!(waiting.says(later + Duration::from_secs(11)), None);
    assert_eq!(waiting.see(&text, later + Duration::from_secs(12)), Some(other));
}

#[test]
fn an_answer_lies_on_a_stick_under_its_boxs_name_or_any_and_is_text_or_bytes() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    let answer = hq.signed(&hq.answer(&post.request()));
    let stick = post.folder.path().join("stick");
    std::fs::create_dir_all(stick.join("checkpoint")).unwrap();
    let found = || stick::answers(&stick, &post.config.name);
    assert!(found().is_empty());
    std::fs::write(stick.join("checkpoint/enrolment.mpe"), wire::enrol::text(&answer) + "\r\n").unwrap();
    std::fs::write(stick.join("checkpoint/a112-km24.mpe"), "for a neighbour").unwrap();
    std::fs::write(stick.join("m10-km178.mpe"), &answer).unwrap();
    let found = found();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], answer);
    post.accept(&found[1]).unwrap();
    // Nothing is followed out of the stick.
    let elsewhere = post.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(stick.join("m10-km178.mpe"), elsewhere.join("enrolment.mpe")).unwrap();
    assert_eq!(stick::answers(&elsewhere, &post.config.name), [Vec::<u8>::new()]);
}
