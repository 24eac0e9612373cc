//! Passes with limits at two real boxes with one HQ: never twice at one box, whenever it falls dead; never twice at two
//! that heard of each other in between; and found with both signed rows where they had not.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::time::Duration;

use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::wait;

/// How long anything may take on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);

/// A pass for one trip in fourteen days: the picture of its code, and its id.
fn one_trip(desk: &Desk) -> (Vec<u8>, String) {
    let said = desk.hq(&["issue", "region", "--kind", "medical", "--limits", "trips=1,days=14", "--out", "passes"]);
    let id = said.split(' ').next().unwrap().to_owned();
    (std::fs::read(desk.path("passes").join(format!("{id}.png"))).unwrap(), id)
}

/// What a camera sees when nobody is there.
fn road() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(640, 480, image::Luma([120])).write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

/// Shows a picture until the panel has a verdict that is durable, takes it away and waits until the crossing is closed;
/// the reasons.
fn shown(post: &Post, running: &Process, picture: &[u8]) -> Vec<String> {
    let before = wait::for_it("the box", PATIENCE, &[running], || post.status().ok()).head();
    post.show("pass.png", picture);
    let reasons = wait::for_it("a verdict", PATIENCE, &[running], || {
        let status = post.status().ok()?;
        let is_told = status.0["screen"] == "verdict" && status.head() > before;
        let reasons = status.0["reasons"].as_array()?.iter();
        is_told.then(|| reasons.map(|reason| reason.as_str().unwrap().to_owned()).collect())
    });
    post.take_away("pass.png");
    wait::for_it("the crossing to close", PATIENCE, &[running], || {
        post.status().ok().filter(|status| status.0["screen"] != "verdict")
    });
    reasons
}

fn is_used_up(reasons: &[String]) -> bool {
    reasons.iter().any(|reason| reason == "used-up")
}

/// How many uses HQ's last word on a box's disk names.
fn known(post: &Post) -> Option<usize> {
    let head = std::fs::read(post.path("data/uses/head")).ok()?;
    let message = wire::sign::Sign1::parse(&head).ok()?;
    let head: wire::uses::Head = wire::decode(message.payload, "head").ok()?;
    let sheets = head.days.iter().flat_map(|day| &day.sheets);
    sheets
        .map(|name| {
            let path = post.path("data/uses").join(trust::format::hex(&**name));
            let sheet = std::fs::read(path).ok()?;
            Some(wire::uses::Sheet::parse(&sheet).ok()?.uses.len())
        })
        .sum()
}

#[test]
fn a_pass_is_used_once_over_kills_and_boxes_and_twice_is_found() {
    let desk = Desk::founded(Broker::Embedded);
    let ((first, _), (second, id)) = (one_trip(&desk), one_trip(&desk));
    desk.release();
    let (one, other) = (Post::provisioned(&desk, "m10-km178"), Post::provisioned(&desk, "m9-km120"));
    for post in [&one, &other] {
        post.show("road.png", &road());
    }
    let hq = desk.start_hq();
    desk.wait_for_hq(&hq);
    let (at_one, at_other) = (one.start(), other.start());

    // At one box, whenever it falls dead: green was shown, so the use is on the disk.
    assert!(!is_used_up(&shown(&one, &at_one, &first)));
    at_one.kill();
    let at_one = one.start();
    assert!(is_used_up(&shown(&one, &at_one, &first)));

    // At another box that has heard of it, and still after a restart.
    wait::for_it("HQ's word at the other box", PATIENCE, &[&hq, &at_other], || known(&other).filter(|uses| *uses == 1));
    at_other.kill();
    let at_other = other.start();
    assert!(is_used_up(&shown(&other, &at_other, &first)));

    // Two that hear nothing of each other cannot know it; both say so by themselves, and HQ finds it afterwards.
    desk.end_hq(hq);
    assert!(!is_used_up(&shown(&one, &at_one, &second)));
    assert!(!is_used_up(&shown(&other, &at_other, &second)));
    at_one.kill();
    let at_one = one.start();
    let hq = desk.start_hq();
    let list = wait::for_it("the conflict", PATIENCE, &[&hq, &at_one, &at_other], || {
        let said = desk.hq(&["conflict", "list", "region"]);
        // A row that is not signed yet is signed within a minute, or by the next opening.
        (said.matches(&id).count() == 2 && said.matches("signed with row").count() == 4).then_some(said)
    });
    println!("{list}");
    assert!(list.contains("used 2 times, allowed 1"), "{list}");
    assert!(list.contains("at two posts within"), "{list}");
    for name in ["m10-km178 row", "m9-km120 row"] {
        assert_eq!(list.matches(name).count(), 2, "{list}");
    }
    wait::for_it("every box to know of all", PATIENCE, &[&hq, &at_one], || known(&one).filter(|uses| *uses == 3));
    assert!(is_used_up(&shown(&one, &at_one, &second)));
}
