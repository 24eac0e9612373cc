//! The real reader before a phone that a hand holds: how long a run takes, counted in frames.

use ::board::Frame;
use reader::{Reader, Settings};
use trust::run::{Collector, Packet, Step};

use super::*;
use crate::scene::{self, Chance, Exposure, Grip};

/// Frames a second of the box's camera.
const CAMERA: u32 = 15;

/// Most frames a minute's update may take: less than half a minute of them.
const BAR: u32 = 30 * CAMERA;

/// A minute of a busy region: head, index, records, and deltas of 300 revocations and 277 records of the register.
const MINUTE: usize = 16 * 1024;

fn bundle(length: usize) -> Vec<u8> {
    let mut chance = Chance::new(7);
    std::iter::repeat_with(|| chance.next() as u8).take(length).collect()
}

/// A camera before a phone.
struct Watch {
    camera: u32,
    /// Percent of the frames that are lost: a finger, a reflection, a hand that is put down.
    lost: u64,
    grip: Grip,
    seed: u64,
}

impl Watch {
    /// Frames until the run is whole, and how many of them read something.
    fn frames(&self, phone: &Phone, bundle: &[u8]) -> Option<(u32, u32)> {
        let (road, mut chance, mut read) = (scene::road(), Chance::new(self.seed), 0);
        let (mut reader, mut collector) = (Reader::new(Settings::default()), Collector::default());
        // No camera begins with a picture.
        let begins = Duration::from_micros(chance.below(100_000));
        for number in 0..2 * BAR {
            let at = Duration::from_secs(1) * number / self.camera;
            let picture = phone.seen(begins + at);
            let (screen, corner) = scene::hold(&picture, self.grip, &mut chance);
            let is_lost = chance.below(100) < self.lost;
            let mut frame = Exposure::default().expose(&road, (!is_lost).then_some((&screen, corner)), false);
            scene::add_noise(&mut frame, &mut chance);
            let (width, height) = frame.dimensions();
            let luma = frame.into_raw().into();
            let look = reader.watch(&Frame { width, height, luma, number: number.into(), at, source: None });
            for code in look.codes {
                read += 1;
                if let Step::Whole(bytes) = collector.take(&Packet::read(&code.text).unwrap()) {
                    assert!(bytes == bundle);
                    return Some((number + 1, read));
                }
            }
        }
        None
    }
}

#[test]
fn a_minutes_update_crosses_in_less_than_half_a_minute_even_when_every_second_frame_is_lost() {
    let bundle = bundle(MINUTE);
    let phone = Phone::playing(&bundle).unwrap();
    for lost in [0, 20, 50] {
        let watch = Watch { camera: CAMERA, lost, grip: Grip::Well, seed: 3 };
        let (frames, read) = watch.frames(&phone, &bundle).unwrap_or((u32::MAX, 0));
        let seconds = f64::from(frames) / f64::from(CAMERA);
        println!("measured: {MINUTE} bytes, {lost} % of frames lost: {frames} frames ({seconds:.1} s), {read} read");
        assert!(frames < BAR, "{frames} frames at {lost} %");
    }
}

#[test]
fn between_two_pictures_a_camera_sees_both() {
    let shade = |shade| GrayImage::from_pixel(2, 2, Luma([shade]));
    let phone = Phone { pictures: vec![shade(0), shade(200)] };
    // The second picture begins after 130.9 ms, the third after 211.8.
    let seen = |millis| phone.seen(Duration::from_millis(millis)).get_pixel(0, 0).0[0];
    assert_eq!([seen(0), seen(110), seen(121), seen(131), seen(202), seen(212)], [0, 0, 100, 200, 98, 0]);
}

#[test]
fn no_camera_sees_nothing_but_changes_however_its_beat_falls() {
    let shade = |shade| GrayImage::from_pixel(1, 1, Luma([shade]));
    let phone = Phone { pictures: vec![shade(0), shade(200)] };
    for rate in [5, 8, 10, 15, 20, 25, 30] {
        for begins in (0..200).step_by(5) {
            let begins = Duration::from_millis(begins);
            let frames = (0..300).map(|frame| phone.seen(begins + Duration::from_secs(1) * frame / rate));
            let whole = frames.filter(|frame| matches!(frame, Cow::Borrowed(_))).count();
            assert!(whole >= 150, "{whole} of 300 frames are whole at {rate} a second from {begins:?} on");
        }
    }
}
