//! The federal platform: permanent passes of employees, from an employer's list, and one-time passes.

use hq::{IssueRequest, IssuedPass, NewOrder, Region, Which};
use verdict::Action as Orders;
use wire::ClockTrust;
use wire::entry::Action;

use crate::picture::Look;
use crate::post::{BY, DAY, HOUR, Post};
use crate::situation::*;

/// The car most passes are for.
const CAR: &str = "A123BC77";

/// A region whose keys nobody here knows.
fn stranger(post: &Post) -> IssuedPass {
    let folder = tempfile::tempdir().unwrap();
    let founding = hq::Founding {
        region: "RU-KOS".parse().unwrap(),
        name: "Чужая".to_owned(),
        territory: 44,
        utc_offset: "+03:00".to_owned(),
    };
    let region = Region::create(&folder.path().join("hq"), &founding, BY, post.now() - DAY).unwrap();
    let (kind, now) = (1, post.now());
    let request =
        IssueRequest { kind, plates: vec![CAR.into()], not_before: now, expires: now + DAY, ..Default::default() };
    region.issue(&request, BY, now).unwrap()
}

/// An employer's list: so many employees, each with a car.
fn employees(post: &Post) -> Vec<IssuedPass> {
    let now = post.now();
    let request = |number: usize| IssueRequest {
        kind: post.kind("work"),
        plates: vec![format!("K{:03}MH77", 100 + number)],
        holder: Some("С. А.".to_owned()),
        not_before: now - HOUR,
        expires: now + 30 * DAY,
        ..IssueRequest::default()
    };
    post.region.issue_all(&(0..40).map(request).collect::<Vec<_>>(), BY, now).unwrap()
}

/// What a forger does: a digit of the plate is rewritten, the signature stays what it was.
pub fn rewritten(text: &str) -> String {
    let body = text.strip_prefix("MP1:").unwrap();
    let mut bytes = pass::base45_decode(body).unwrap();
    let at = bytes.windows(CAR.len()).position(|window| window == CAR.as_bytes()).unwrap();
    bytes[at + 3] = b'9';
    format!("MP1:{}", pass::base45_encode(&bytes))
}

#[test]
fn the_federal_platform() {
    let mut post = Post::of("federal", "RU-MOW", "Москва", 77);
    let now = post.now();
    let plain = |_: &mut IssueRequest| {};
    let work = post.issue("work", &[CAR], 30, plain);
    let second = post.issue("work", &[CAR, "O777OO77"], 30, plain);
    let ended = post.issue("work", &[CAR], 30, |pass| (pass.not_before, pass.expires) = (now - 9 * DAY, now - DAY));
    let later = post.issue("work", &[CAR], 30, |pass| pass.not_before = now + 3 * DAY);
    let elsewhere = post.issue("work", &[CAR], 30, |pass| pass.regions = vec![78]);
    let here = post.issue("work", &[CAR], 30, |pass| pass.regions = vec![50, 77]);
    let revoked = post.issue("work", &[CAR], 30, plain);
    let dismissed = post.issue("work", &[CAR], 30, plain);
    let to_clinic = post.issue("one-time", &[CAR], 1, |pass| pass.route = Some("Поликлиника № 5".to_owned()));
    let on_foot = post.issue("one-time", &[], 1, |pass| pass.route = Some("Аптека".to_owned()));
    let by_metro = post.issue("one-time", &[], 1, |pass| {
        (pass.cards, pass.id_digits) = (vec![1_234_567_890], Some("4321".to_owned()));
    });
    let list = employees(&post);
    post.region.revoke(&Which::Id(revoked.id.clone()), BY, now).unwrap();
    post.publish();
    let stranger = stranger(&post);
    let (id, work_kind) = (dismissed.id.clone(), post.kind("work"));
    let order = move |action, until: Option<i64>| {
        move |post: &mut Post| {
            let order = NewOrder {
                action,
                kinds: vec![work_kind],
                issuer: None,
                issued_from: None,
                issued_before: None,
                from: post.now(),
                until: until.map(|days| post.now() + days * DAY),
                ru: "Указ".to_owned(),
                en: "Decree".to_owned(),
            };
            post.region.give_order(order, BY, post.now()).unwrap();
            post.publish();
        }
    };
    let text = |pass: &IssuedPass| pass.text.clone();
    let works = || admit("work").passed();
    let table = vec![
        row("an employee, the officer has typed the plate", [typed(CAR), screen(&text(&work)), YES], works()),
        row(
            "the plate in Cyrillic and with a space",
            [feed("а 123 вс 77"), screen(&text(&work))],
            check(&["compare-plate"]).of("work"),
        ),
        row("from paper that was in a pocket", [typed(CAR), shown(&text(&work), Look::Paper), YES], works()),
        row("from a printer with little ink", [typed(CAR), shown(&text(&work), Look::Pale), YES], works()),
        row("at night", [typed(CAR), shown(&text(&work), Look::Night), YES], works()),
        row("out of focus", [typed(CAR), shown(&text(&work), Look::Soft), YES], works()),
        row("from the side", [typed(CAR), shown(&text(&work), Look::Tilted), YES], works()),
        row("in the dark of a small sensor", [typed(CAR), shown(&text(&work), Look::Noisy), YES], works()),
        row("a messenger's photograph of it", [typed(CAR), shown(&text(&work), Look::Forwarded), YES], works()),
        row(
            "nobody has read the plate: the officer compares",
            [screen(&text(&work)), YES],
            check(&["compare-plate"]).of("work").passed(),
        ),
        row(
            "another car",
            [typed("A124BC77"), screen(&text(&work)), YES, NO],
            refuse(&["wrong-plate"]).of("work").turned_back(),
        ),
        row("the second of two cars", [typed("O777OO77"), screen(&text(&second)), YES], works()),
        row(
            "a letter that was read as a digit",
            [typed("A123BC7T"), screen(&text(&work)), YES],
            check(&["plate-reading-doubtful"]).of("work").passed(),
        ),
        row("ended", [typed(CAR), screen(&text(&ended)), NO], refuse(&["expired"]).of("work").turned_back()),
        row("not begun", [typed(CAR), screen(&text(&later))], refuse(&["not-yet-valid"]).of("work")),
        row("for another region", [typed(CAR), screen(&text(&elsewhere))], refuse(&["wrong-territory"]).of("work")),
        row("for this region and its neighbour", [typed(CAR), screen(&text(&here)), YES], works()),
        row("revoked", [typed(CAR), screen(&text(&revoked)), NO], refuse(&["revoked"]).of("work").turned_back()),
        row("with a rewritten plate", [typed(CAR), screen(&rewritten(&text(&work)))], refuse(&["forged"])),
        row("of a stranger", [typed(CAR), screen(&stranger.text)], refuse(&["unknown-key"])),
        row("the menu of a café", [screen("https://cafe.example/menu?table=4")], refuse(&["not-a-pass"])),
        row(
            "one-time, to a clinic: the document is compared",
            [typed(CAR), screen(&text(&to_clinic)), YES],
            check(&["compare-document"]).of("one-time").passed(),
        ),
        row("one-time, on foot", [screen(&text(&on_foot)), YES], check(&["compare-document"]).of("one-time").passed()),
        row(
            "one-time, with a transport card",
            [shown(&text(&by_metro), Look::Paper), YES],
            check(&["compare-document"]).of("one-time").passed(),
        ),
        row("the thirteenth of an employer's list", [typed("K112MH77"), screen(&text(&list[12])), YES], works()),
        row(
            "the thirteenth's pass in the fourteenth's car",
            [typed("K113MH77"), screen(&text(&list[12])), NO],
            refuse(&["wrong-plate"]).of("work").turned_back(),
        ),
        row(
            "dismissed while on the way",
            [
                typed(CAR),
                screen(&text(&dismissed)),
                meanwhile(move |post| {
                    post.region.revoke(&Which::Id(id), BY, post.now()).unwrap();
                    post.publish();
                }),
                wait(1),
                YES,
                NO,
            ],
            refuse(&["revoked"]).of("work").turned_back(),
        ),
        row(
            "nobody decides, and the car drives on",
            [typed(CAR), screen(&text(&second))],
            admit("work").ended(Action::Absence, None),
        ),
        row(
            "the driver looks for the right pass",
            [typed(CAR), screen("MENU"), wait(2), screen(&text(&second)), YES],
            check(&["compare-plate"]).of("work").passed(),
        ),
        row(
            "the box has forgotten the time",
            [meanwhile(|post| post.trust = ClockTrust::None), typed(CAR), screen(&text(&work))],
            check(&["clock-in-doubt"]).of("work"),
        ),
        row(
            "a decree extends all work passes",
            [
                meanwhile(|post| post.trust = ClockTrust::Ntp),
                meanwhile(order(Orders::Extend, Some(20))),
                typed(CAR),
                screen(&text(&ended)),
                YES,
            ],
            works(),
        ),
        row(
            "a decree stops them",
            [meanwhile(order(Orders::Stop, None)), typed(CAR), screen(&text(&work)), NO],
            refuse(&["stopped-by-order"]).of("work").turned_back(),
        ),
        row(
            "nothing has been heard of HQ for ten days",
            [wait(10 * DAY as u64), screen(&text(&list[3]))],
            refuse(&["stopped-by-order", "knowledge-old", "compare-plate"]).of("work"),
        ),
    ];
    post.play("federal platform", table);
}
