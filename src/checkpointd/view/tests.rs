use std::time::{Duration, Instant};

use panel::{Language, Run};
use verdict::Reason;
use wire::ClockTrust;

use super::*;
use crate::config;
use crate::crossing::Event;
use crate::desk::{BEGIN, Desk, now};
use crate::feed::FromDevice;

const MONO: Duration = Duration::from_secs(1000);

fn lane() -> Lane {
    Lane::new(config::Lane::default(), Language::En, || [7; 8])
}

fn moscow() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(3))
}

fn screen(lane: &Lane, journal: Journal, release: Option<&Release>) -> Screen {
    view(lane, journal, &World { mono: MONO, now: now(BEGIN), release }, None, &moscow()).screen
}

#[test]
fn a_box_that_knows_nothing_says_so_and_a_blind_one_too() {
    let desk = Desk::open();
    let release = desk.release();
    let mut lane = lane();
    assert_eq!(screen(&lane, Journal::Writes, None), Screen::Fault(Fault::NoTrust));
    assert_eq!(screen(&lane, Journal::Writes, Some(&release)), Screen::Idle);
    let world = World { mono: MONO, now: now(BEGIN), release: Some(&release) };
    for (state, fault) in [
        (CameraState::Fails, Fault::Camera),
        (CameraState::Ended, Fault::Camera),
        (CameraState::Frozen, Fault::CameraFrozen),
        (CameraState::Black, Fault::CameraBlack),
        (CameraState::Covered, Fault::CameraCovered),
    ] {
        lane.on(Event::Camera(state), &world);
        assert_eq!(screen(&lane, Journal::Writes, Some(&release)), Screen::Fault(fault));
    }
    assert_eq!(screen(&lane, Journal::Stopped, Some(&release)), Screen::Fault(Fault::Journal));
}

#[test]
fn what_does_not_read_is_spoken_of_by_its_cause() {
    let desk = Desk::open();
    let release = desk.release();
    for cause in reader::Hint::ALL.map(Some).into_iter().chain([None]) {
        let mut lane = lane();
        // Seen for a while, the last time just now.
        for ago in [1000, 500, 0] {
            let mono = MONO - Duration::from_millis(ago);
            lane.on(Event::Unread(cause), &World { mono, now: now(BEGIN), release: Some(&release) });
        }
        let Screen::Hint(hint) = screen(&lane, Journal::Writes, Some(&release)) else { panic!("{cause:?}") };
        assert_eq!(hint.as_str(), cause.map_or("unread", reader::Hint::as_str));
    }
}

#[test]
fn an_update_from_a_phone_is_shown_while_nobody_is_judged_and_hides_no_verdict() {
    let desk = Desk::open();
    let release = desk.release();
    let mut lane = lane();
    let world = World { mono: MONO, now: now(BEGIN), release: Some(&release) };
    let receiving = Screen::Run(Run::Receiving { percent: 43 });
    assert_eq!(lane.on(Event::Run(Some(Run::Receiving { percent: 43 })), &world), []);
    // Also on a box that has no release yet, and beside a picture that did not read.
    lane.on(Event::Unread(None), &world);
    for release in [None, Some(&*release)] {
        assert_eq!(screen(&lane, Journal::Writes, release), receiving);
    }
    lane.on(Event::Sighted { text: "MP1:X".to_owned(), read_us: 1, handed: Instant::now() }, &world);
    assert!(matches!(screen(&lane, Journal::Writes, Some(&release)), Screen::Verdict(_)));
    let mut lane = self::lane();
    lane.on(Event::Run(Some(Run::Failed)), &world);
    lane.on(Event::Run(None), &world);
    assert_eq!(screen(&lane, Journal::Writes, Some(&release)), Screen::Idle);
}

#[test]
fn a_card_says_what_is_to_be_compared_and_a_refusal_says_nothing_of_the_person() {
    let mut desk = Desk::open();
    let pass = desk.issue(&["A123BC77"]);
    let sight = |lane: &mut Lane, release: &Release| {
        let world = World { mono: MONO, now: now(BEGIN), release: Some(release) };
        lane.on(Event::Sighted { text: pass.text.clone(), read_us: 1, handed: Instant::now() }, &world);
    };
    let (mut lane, release) = (lane(), desk.release());
    sight(&mut lane, &release);
    let Screen::Verdict(card) = screen(&lane, Journal::Writes, Some(&release)) else { panic!() };
    assert_eq!((card.outcome, &card.reasons[..]), (Outcome::Check, &[Reason::ComparePlate][..]));
    assert_eq!((card.plates, card.holder), (vec!["A123BC77".to_owned()], Some("И. П.".to_owned())));
    assert_eq!(card.ends.as_deref(), Some("31.05.2020 15:00"));
    assert_eq!(card.kind.map(|kind| kind.en), Some("Work".to_owned()));

    desk.revoke(&pass, BEGIN + 1);
    let release = desk.release();
    sight(&mut lane, &release);
    let Screen::Verdict(card) = screen(&lane, Journal::Writes, Some(&release)) else { panic!() };
    assert_eq!((card.outcome, card.holder), (Outcome::Refuse, None));
}

#[test]
fn what_is_not_written_down_is_never_shown_green() {
    let desk = Desk::open();
    let (pass, release) = (desk.issue(&["A123BC77"]), desk.release());
    let mut lane = lane();
    let world = World { mono: MONO, now: now(BEGIN), release: Some(&release) };
    let read = board::PlateReading { text: "A123BC77".to_owned(), confidence: Some(0.97), device: "hikvision" };
    lane.on(Event::Plate(FromDevice::board(&read)), &world);
    lane.on(Event::Sighted { text: pass.text, read_us: 1, handed: Instant::now() }, &world);
    let outcome = |journal| match screen(&lane, journal, Some(&release)) {
        Screen::Verdict(card) => card.outcome,
        other => panic!("{other:?}"),
    };
    assert_eq!(outcome(Journal::Writes), Outcome::Admit);
    assert_eq!(outcome(Journal::Doubtful), Outcome::Check);
}

#[test]
fn the_bar_tells_local_time_and_whether_it_may_be_believed() {
    let lane = lane();
    let at = |now| view(&lane, Journal::Writes, &World { mono: MONO, now, release: None }, None, &moscow()).bar;
    let bar = at(now(BEGIN));
    assert_eq!((bar.time.as_deref(), bar.clock_is_sound, bar.online), (Some("15:00"), true, None));
    assert!(!at(WallTime::from_unix(BEGIN, ClockTrust::None)).clock_is_sound);
    assert_eq!(at(WallTime::from_unix(0, ClockTrust::None)).time, None);
}

#[test]
fn the_bar_tells_how_old_the_list_is_and_what_policy_makes_of_it() {
    let (desk, lane) = (Desk::open(), lane());
    let release = desk.release();
    let bar = |age| {
        let world = World { mono: MONO, now: now(BEGIN + age), release: Some(&release) };
        let bar = view(&lane, Journal::Writes, &world, None, &moscow()).bar;
        (bar.release_age_minutes, bar.knowledge, bar.worst)
    };
    let (fresh_for, old_after) = (release.policy().fresh_for, release.policy().old_after);
    assert_eq!(bar(120), (2, Grade::Fresh, None));
    // No part is older than the release itself, so none is named.
    assert_eq!(bar(fresh_for + 60), (minutes(fresh_for) + 1, Grade::Stale, None));
    assert_eq!(bar(old_after + 60), (minutes(old_after) + 1, Grade::Old, None));
}

#[test]
fn an_unknown_issuer_on_an_old_list_is_told_with_the_age_of_the_list() {
    let (desk, stranger) = (Desk::open(), Desk::open());
    let (pass, release) = (stranger.issue(&["A123BC77"]), desk.release());
    let shown = |age| {
        let mut lane = lane();
        let world = World { mono: MONO, now: now(BEGIN + age), release: Some(&release) };
        lane.on(Event::Sighted { text: pass.text.clone(), read_us: 1, handed: Instant::now() }, &world);
        match view(&lane, Journal::Writes, &world, None, &moscow()).screen {
            Screen::Verdict(card) => (card.reasons, card.list_age_minutes),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(shown(60), (vec![Reason::UnknownKey], 1));
    let old = release.policy().fresh_for + 7 * 3600;
    assert_eq!(shown(old), (vec![Reason::UnknownKeyOldList], minutes(old)));
}
