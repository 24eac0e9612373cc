use std::sync::mpsc::{Sender, sync_channel};

use super::*;

fn texts(bytes: &[u8]) -> impl Iterator<Item = String> {
    let run = trust::run::Run::new(bytes, 20).unwrap();
    (0..).map(move |number| run.text(number))
}

/// A phone whose bundle was offered, and where its answer is to come from.
fn offered(now: Instant) -> (Phone, Sender<Answer>) {
    let (mut phone, (told, asked)) = (Phone::default(), channel());
    (phone.says, phone.asked, phone.seen) = (Some(Run::Checking), Some(asked), Some(now));
    (phone, told)
}

#[test]
fn how_far_it_is_is_told_and_the_same_picture_again_is_no_news() {
    let (mut phone, now) = (Phone::default(), Instant::now());
    let shown: Vec<String> = texts(&[7; 100]).take(5).collect();
    for (text, percent) in [(0, 20), (0, 20), (3, 40), (3, 40), (1, 60)] {
        assert_eq!(phone.see(shown[text].clone(), now), Came::Nothing);
        assert_eq!(phone.says, Some(Run::Receiving { percent }));
    }
    assert_eq!(phone.see(shown[2].clone(), now), Came::Nothing);
    assert_eq!(phone.see(shown[4].clone(), now), Came::Whole(vec![7; 100]));
}

#[test]
fn the_panel_is_idle_again_when_the_phone_has_gone_and_what_was_collected_stays_for_a_while() {
    let (mut phone, now) = (Phone::default(), Instant::now());
    let shown: Vec<String> = texts(&[7; 100]).take(5).collect();
    phone.see(shown[0].clone(), now);
    phone.turn(now + GONE / 2);
    assert_eq!(phone.says, Some(Run::Receiving { percent: 20 }));
    phone.turn(now + GONE);
    assert_eq!(phone.says, None);
    phone.see(shown[1].clone(), now + GONE * 2);
    assert_eq!(phone.says, Some(Run::Receiving { percent: 40 }));
    phone.turn(now + GONE * 2 + KEPT);
    phone.see(shown[2].clone(), now + GONE * 3 + KEPT);
    assert_eq!(phone.says, Some(Run::Receiving { percent: 20 }));
}

#[test]
fn how_it_ended_stands_while_the_phone_is_there_and_a_moment_longer() {
    let now = Instant::now();
    let (mut phone, told) = offered(now);
    phone.turn(now + GONE * 2);
    assert_eq!(phone.says, Some(Run::Checking));
    told.send(Ok((Adoption::Adopted { sequence: 9, fetched: 1 }, 9))).unwrap();
    phone.turn(now + GONE * 2);
    assert_eq!(phone.says, Some(Run::Adopted { sequence: 9 }));
    // Another run does not hide it.
    phone.see(texts(&[1; 100]).next().unwrap(), now + GONE * 2);
    phone.turn(now + GONE * 2);
    assert_eq!(phone.says, Some(Run::Adopted { sequence: 9 }));
    phone.turn(now + GONE * 3);
    assert_eq!((phone.says, phone.ended), (None, None));
}

#[test]
fn every_refusal_has_a_plain_reason() {
    let region = |name: &str| name.parse::<wire::RegionId>().unwrap();
    let cases = [
        (Error::Older { have: 5, found: 4 }, "older"),
        (Error::OtherRegion { expected: region("RU-TVE"), found: region("RU-KOS") }, "other-region"),
        (Error::Carrier(CarrierError::NotFound("delta/00".to_owned())), "missing"),
        (Error::HeadSignature, "not-signed"),
        (Error::Altered("a base"), "not-signed"),
        (Error::PastNotAfter, "too-old"),
        (Error::NeedsProvisioning, "failed"),
    ];
    for (error, code) in cases {
        assert_eq!(outcome(&Err(error)).code(), code);
    }
    assert_eq!(outcome(&Ok((Adoption::NothingNew { fetched: 1 }, 7))), Run::Current { sequence: 7 });
}

#[test]
fn what_is_no_bundle_is_not_signed_and_a_store_that_is_busy_gets_it_with_the_next_round() {
    let (offers, taken) = sync_channel(1);
    let bundle = Bundle::new([("head".to_owned(), vec![1])]).encode();
    let mut phone = Phone::default();
    offer(&mut phone, b"no bundle", &offers);
    assert_eq!(phone.says, Some(Run::NotSigned));
    for _ in 0..2 {
        let mut phone = Phone::default();
        let now = Instant::now();
        let whole = texts(&bundle).map(|text| phone.see(text, now)).find(|came| *came != Came::Nothing);
        assert_eq!(whole, Some(Came::Whole(bundle.clone())));
        offer(&mut phone, &bundle, &offers);
        // The first one waits in the store's queue; the second one finds it full, and collects anew.
        assert_eq!(phone.see(texts(&bundle).next().unwrap(), now), Came::Nothing);
    }
    assert_eq!(taken.try_iter().count(), 1);
}

#[test]
fn a_picture_of_a_run_is_no_pass() {
    assert!(texts(&[1]).take(3).all(|text| is_of_a_run(&text) && pass::recognise(&text).is_err()));
    assert!(!is_of_a_run("MP1:ABC") && !is_of_a_run("HC1:ABC") && !is_of_a_run("mpr1:"));
}
