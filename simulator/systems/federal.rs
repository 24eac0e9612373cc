//! The federal platform: permanent passes of employees, from an employer's list, and one-time passes.

use hq::{IssueRequest, IssuedPass, Region};
use verdict::Action as Orders;
use wire::ClockTrust;
use wire::entry::Action;

use crate::picture::Look;
use crate::post::{BY, DAY, HOUR, Post};
use crate::situation::*;

/// The car most passes are for.
const CAR: &str = "A123BC77";

/// A pass of a region whose keys nobody here knows.
pub fn of_a_stranger(post: &Post) -> String {
    let folder = tempfile::tempdir().unwrap();
    let founding = hq::Founding {
        region: "RU-KOS".parse().unwrap(),
        name: "Чужая".to_owned(),
        territory: 44,
        utc_offset: "+03:00".to_owned(),
    };
    let now = post.now();
    let region = Region::create(&folder.path().join("hq"), &founding, BY, now - DAY).unwrap();
    let plates = vec![CAR.to_owned()];
    let request = IssueRequest { kind: 1, plates, not_before: now, expires: now + DAY, ..IssueRequest::default() };
    region.issue(&request, BY, now).unwrap().text
}

/// What a forger does: a digit of the plate is rewritten, the signature stays what it was.
pub fn rewritten(text: &str, plate: &str) -> String {
    let body = text.strip_prefix("MP1:").unwrap();
    let mut bytes = pass::base45_decode(body).unwrap();
    let at = bytes.windows(plate.len()).position(|window| window == plate.as_bytes()).unwrap();
    bytes[at + 3] = b'9';
    format!("MP1:{}", pass::base45_encode(&bytes))
}

/// An employer's list: so many employees, each with a car.
fn employees(post: &Post) -> Vec<IssuedPass> {
    let now = post.now();
    let request = |number: usize| IssueRequest {
        kind: post.kind("permanent"),
        plates: vec![format!("K{:03}MH77", 100 + number)],
        holder: Some("С. А.".to_owned()),
        not_before: now - HOUR,
        expires: now + 30 * DAY,
        ..IssueRequest::default()
    };
    post.region.issue_all(&(0..40).map(request).collect::<Vec<_>>(), BY, now).unwrap()
}

#[test]
fn the_federal_platform() {
    let mut post = Post::of("federal", "RU-MOW", 77);
    let now = post.now();
    let issue = |change: fn(&mut IssueRequest, i64)| post.issue("permanent", &[CAR], 30, |pass| change(pass, now));
    let [work, revoked, dismissed] = std::array::from_fn(|_| issue(|_, _| {}));
    let second = issue(|pass, _| pass.plates.push("O777OO77".to_owned()));
    let ended = issue(|pass, now| (pass.not_before, pass.expires) = (now - 9 * DAY, now - DAY)).text;
    let later = issue(|pass, now| pass.not_before = now + 3 * DAY).text;
    let elsewhere = issue(|pass, _| pass.regions = vec![78]).text;
    let here = issue(|pass, _| pass.regions = vec![50, 77]).text;
    let to_clinic = post.issue("one-time", &[CAR], 1, |pass| pass.route = Some("Поликлиника № 5".to_owned())).text;
    let on_foot = post.issue("one-time", &[], 1, |pass| pass.route = Some("Аптека".to_owned())).text;
    let by_metro = post.issue("one-time", &[], 1, |pass| {
        (pass.cards, pass.id_digits) = (vec![1_234_567_890], Some("4321".to_owned()));
    });
    let list = employees(&post);
    post.register("card,1234567890,one-time,2020-04-27,2020-04-28,,,");
    post.revoke(&revoked.id);
    let stranger = of_a_stranger(&post);
    let (work, second) = (work.text, second.text);
    let works = || admit("permanent").passed();
    // One trip, and nobody has said what other boxes have seen.
    let once = || check(&["used-elsewhere-perhaps", "compare-document"]).of("one-time");
    let table = vec![
        row("an employee, the officer has typed the plate", [typed(CAR), screen(&work), YES], works()),
        row("from paper that was in a pocket", [typed(CAR), shown(&work, Look::Paper), YES], works()),
        row("from a printer with little ink", [typed(CAR), shown(&work, Look::Pale), YES], works()),
        row("at night", [typed(CAR), shown(&work, Look::Night), YES], works()),
        row("out of focus", [typed(CAR), shown(&work, Look::Soft), YES], works()),
        row("from the side", [typed(CAR), shown(&work, Look::Tilted), YES], works()),
        row("in the dark of a small sensor", [typed(CAR), shown(&work, Look::Noisy), YES], works()),
        row("a messenger's photograph of it", [typed(CAR), shown(&work, Look::Forwarded), YES], works()),
        row(
            "nobody has read the plate: the officer compares",
            [screen(&work), YES],
            check(&["compare-plate"]).of("permanent").passed(),
        ),
        row(
            "a camera that policy does not name agrees: the officer compares",
            [feed("а 123 вс 77"), screen(&work), YES],
            check(&["compare-plate"]).of("permanent").passed(),
        ),
        row(
            "another car",
            [typed("A124BC77"), screen(&work), YES, NO],
            refuse(&["wrong-plate"]).of("permanent").turned_back(),
        ),
        row("the second of two cars", [typed("O777OO77"), screen(&second), YES], works()),
        row(
            "a letter that was read for a digit",
            [typed("A123BC7T"), screen(&work), YES],
            check(&["plate-reading-doubtful"]).of("permanent").passed(),
        ),
        row("ended", [typed(CAR), screen(&ended), NO], refuse(&["expired"]).of("permanent").turned_back()),
        row("not begun", [typed(CAR), screen(&later)], refuse(&["not-yet-valid"]).of("permanent")),
        row("for another region", [typed(CAR), screen(&elsewhere)], refuse(&["wrong-territory"]).of("permanent")),
        row("for this region and its neighbour", [typed(CAR), screen(&here), YES], works()),
        row("revoked", [typed(CAR), screen(&revoked.text), NO], refuse(&["revoked"]).of("permanent").turned_back()),
        row("with a rewritten plate", [typed(CAR), screen(&rewritten(&work, CAR))], refuse(&["forged"])),
        row("of a stranger", [typed(CAR), screen(&stranger)], refuse(&["unknown-key"])),
        row("the menu of a café", [screen("https://cafe.example/menu?table=4")], refuse(&["unknown-link"])),
        row("the Wi-Fi of a café", [screen("WIFI:T:WPA;S:cafe;P:espresso;;")], refuse(&["not-a-pass"])),
        row("one-time, to a clinic", [typed(CAR), screen(&to_clinic), YES], once().passed()),
        row("one-time, on foot", [screen(&on_foot), YES], once().passed()),
        row(
            "the same trip a second time",
            [screen(&on_foot), NO],
            refuse(&["used-up", "used-elsewhere-perhaps", "compare-document"]).of("one-time").turned_back(),
        ),
        row("one-time, on paper, with a transport card", [shown(&by_metro.text, Look::Paper), YES], once().passed()),
        row("the number of a card that the register knows", [typed("1234567890"), YES], once().by_keys().passed()),
        row("the number of a card that it does not", [typed("1234567891"), NO], {
            refuse(&["not-registered"]).by_keys().turned_back()
        }),
        row("the thirteenth of an employer's list", [typed("K112MH77"), screen(&list[12].text), YES], works()),
        row(
            "the thirteenth's pass in the fourteenth's car",
            [typed("K113MH77"), screen(&list[12].text), NO],
            refuse(&["wrong-plate"]).of("permanent").turned_back(),
        ),
        row(
            "dismissed while standing at the barrier",
            [typed(CAR), screen(&dismissed.text), meanwhile(move |post| post.revoke(&dismissed.id)), wait(1), YES, NO],
            refuse(&["revoked"]).of("permanent").turned_back(),
        ),
        row("nobody decides, and the car drives on", [typed(CAR), screen(&second)], {
            admit("permanent").ended(Action::Absence, None)
        }),
        row(
            "the driver shows something else first",
            [screen("https://cafe.example/"), wait(2), screen(&second), typed(CAR), YES],
            works(),
        ),
        row(
            "the box has forgotten the time",
            [meanwhile(|post| post.trust = ClockTrust::None), typed(CAR), screen(&work)],
            check(&["clock-in-doubt"]).of("permanent"),
        ),
        row(
            "a decree extends all permanent passes",
            [
                meanwhile(|post| post.trust = ClockTrust::Ntp),
                meanwhile(|post| post.order(Orders::Extend, "permanent", 3, Some(20))),
                typed(CAR),
                screen(&ended),
                YES,
            ],
            works(),
        ),
        row(
            "a decree stops them",
            [meanwhile(|post| post.order(Orders::Stop, "permanent", 0, None)), typed(CAR), screen(&work), NO],
            refuse(&["stopped-by-order"]).of("permanent").turned_back(),
        ),
        row(
            "nothing has been heard of HQ for ten days",
            [wait(10 * DAY as u64), screen(&list[3].text)],
            refuse(&["stopped-by-order", "knowledge-old", "compare-plate"]).of("permanent"),
        ),
    ];
    post.play("federal platform", table);
}
