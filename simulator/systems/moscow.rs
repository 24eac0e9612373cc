//! Moscow: a QR code, or sixteen characters that are typed or read out.

use hq::IssueRequest;
use verdict::Action as Orders;

use crate::federal::rewritten;
use crate::picture::Look;
use crate::post::{DAY, HOUR, Post};
use crate::situation::*;

const CAR: &str = "A123BC77";

/// 30 April 2020, 23:59:59 in Moscow.
const END: i64 = 1_588_280_399;

#[test]
fn moscow() {
    let mut post = Post::of("moscow", "RU-MOW", 77);
    let to_the_end = |pass: &mut IssueRequest| pass.expires = END;
    let [work, with_cards] = std::array::from_fn(|_| post.issue("work", &[CAR], 3, to_the_end));
    let official = post.issue("official", &[CAR], 30, |_| {}).text;
    let medical = post.issue("medical", &[], 1, |pass| pass.route = Some("ГКБ № 40".to_owned())).text;
    let personal = post.issue("personal", &[], 20, |_| {}).text;
    let back = post.issue("personal", &[], 20, |_| {}).text;
    post.register(
        "code,3004ABCEHKMPTXY1,work,2020-04-13,2020-04-30,,,
         code,3004ABCEHKMPTXY2,work,2020-04-13,2020-04-26,,,
         code,2704ABCEHKMPTXY3,medical,2020-04-27,2020-04-27,,,
         code,3105ABCEHKMPTXY4,official,2020-04-13,2020-05-31,,,
         code,3004PPPPHHHH0001,personal,2020-04-13,2020-05-31,,,
         card,0123456789,work,2020-04-13,2020-04-30,,,
         card,96433123450,work,2020-04-13,2020-04-30,,,",
    );
    post.publish();
    let (work, with_cards) = (work.text, with_cards.text);
    let works = || admit("work").passed();
    let trip = || check(&["used-elsewhere-perhaps", "compare-document"]).of("personal");
    let used_up = || refuse(&["used-up", "used-elsewhere-perhaps", "compare-document"]).of("personal");
    let table = vec![
        row("a worker's QR code", [typed(CAR), screen(&work), YES], works()),
        row("a worker's QR code, forwarded", [typed(CAR), shown(&work, Look::Forwarded), YES], works()),
        row("the road's camera is sure and agrees", [feed(CAR), screen(&work), YES], works()),
        row("the road's camera is not sure", [feed_of("hikvision", 800, CAR), screen(&work), YES], {
            check(&["compare-plate"]).of("work").passed()
        }),
        row("another device agrees: a hint", [feed_of("json", 990, CAR), screen(&work), YES], {
            check(&["compare-plate"]).of("work").passed()
        }),
        row("the road's camera sees another car", [feed("X999XX77"), screen(&work), NO], {
            refuse(&["wrong-plate"]).of("work").turned_back()
        }),
        row("the code, typed", [typed("3004ABCEHKMPTXY1"), YES], works().by_keys()),
        row("read out, in Cyrillic", [typed("3004АВСЕНКМРТХУ1"), YES], works().by_keys()),
        row("with O for 0", [typed("3OO4ABCEHKMPTXY1"), YES], works().by_keys()),
        row("printed as a QR code", [shown("3004ABCEHKMPTXY1", Look::Pale), YES], works()),
        row("one character too few", [typed("3004ABCEHKMPTXY"), NO], {
            refuse(&["wrong-code"]).by_keys().turned_back()
        }),
        row("claims 31 May, and the register does not know it", [typed("3105ABCEHKMPTXY1"), NO], {
            refuse(&["not-registered"]).by_keys().turned_back()
        }),
        row("claims 30 April, and ended on the 26th", [typed("3004ABCEHKMPTXY2"), NO], {
            refuse(&["expired"]).of("work").by_keys().turned_back()
        }),
        row("medical, by code", [typed("2704ABCEHKMPTXY3"), YES], {
            check(&["compare-document"]).of("medical").by_keys().passed()
        }),
        row("medical, to a clinic", [screen(&medical), YES], check(&["compare-document"]).of("medical").passed()),
        row("official, by code", [typed("3105ABCEHKMPTXY4"), YES], {
            check(&["compare-document"]).of("official").by_keys().passed()
        }),
        row("official, with the car", [typed(CAR), screen(&official), YES], {
            check(&["compare-document"]).of("official").passed()
        }),
        row("a card for the metro", [typed("0123456789"), YES], works().by_keys()),
        row("a card for trains", [typed("96433123450"), YES], works().by_keys()),
        row("a card for trains, typed wrong", [typed("96433123456"), NO], {
            refuse(&["wrong-code"]).by_keys().turned_back()
        }),
        row("personal, the first trip of the week", [screen(&personal), YES], trip().passed()),
        row("the second", [wait(DAY as u64 - 2000), screen(&personal), YES], trip().passed()),
        row("a third", [wait(4 * HOUR as u64), screen(&personal), NO], used_up().turned_back()),
        row("personal by code, the first", [typed("3004PPPPHHHH0001"), YES], trip().by_keys().passed()),
        row("turned back: no trip", [screen(&back), NO], trip().turned_back()),
        row("then the first", [screen(&back), YES], trip().passed()),
        row("and the second", [screen(&back), YES], trip().passed()),
        row("and no third", [screen(&back), NO], used_up().turned_back()),
        row("rewritten", [typed(CAR), screen(&rewritten(&work, CAR))], refuse(&["forged"])),
        row("a journalist without a pass", [meanwhile(Post::sign_in), menu(&[1, 3])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("press"))
        }),
        row("on 1 May", [wait(3 * DAY as u64), typed(CAR), screen(&with_cards), NO], {
            refuse(&["expired"]).of("work").turned_back()
        }),
        row(
            "the decree extends all work passes at once",
            [meanwhile(|post| post.order(Orders::Extend, "work", 3, Some(11))), typed(CAR), screen(&with_cards), YES],
            works(),
        ),
        row("and those that are codes", [typed("3004ABCEHKMPTXY1"), YES], works().by_keys()),
        row(
            "somebody tries codes",
            [
                typed("0105ABCEHKMPTXY1"),
                typed("0105ABCEHKMPTXY2"),
                typed("0105ABCEHKMPTXY3"),
                typed("0105ABCEHKMPTXY4"),
                typed("0105ABCEHKMPTXY5"),
                typed("3004ABCEHKMPTXY1"),
                NO,
            ],
            refuse(&["too-many-attempts"]).by_keys().turned_back(),
        ),
        row("a signed pass is judged even so", [typed(CAR), screen(&with_cards), YES], works()),
    ];
    post.play("Moscow", table);
}
