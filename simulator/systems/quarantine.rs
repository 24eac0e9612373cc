//! Quarantine: persons and cars that must not travel, whatever passes they have.

use crate::picture::Look;
use crate::post::{DAY, HOUR, Post};
use crate::situation::*;

const CAR: &str = "A123BC77";

#[test]
fn quarantine() {
    let mut post = Post::of("quarantine", "RU-MOW", 77);
    let work = post.issue("work", &[CAR], 30, |_| {}).text;
    let ill = post.issue("work", &["E555EE77"], 30, |_| {}).text;
    let medical = post.issue("medical", &[], 1, |_| {}).text;
    let ended = post.issue("work", &["E555EE77"], 30, |pass| pass.expires = pass.not_before + 60).text;
    post.register(
        "plate,E555EE77,,2020-04-20,2020-05-04,yes,,
         plate,O111OO77,,2020-04-10,2020-04-24,yes,,
         plate,K222KK77,,2020-05-01,2020-05-14,yes,,
         code,3004ABCEHKMPTXY1,work,2020-04-13,2020-04-30,,,
         code,3004ABCEHKMPTXY2,work,2020-04-13,2020-04-30,yes,,
         card,0123456789,work,2020-04-13,2020-04-30,yes,,
         card,1234567890,one-time,2020-04-13,2020-04-30,,,",
    );
    post.publish();
    post.sign_in();
    let works = || admit("work").passed();
    let alert = || check(&["register-alert"]).of("work");
    let table = vec![
        row("a worker in no quarantine", [typed(CAR), screen(&work), YES], works()),
        row("the car of somebody who is", [typed("E555EE77"), screen(&ill), NO], alert().turned_back()),
        row("from paper", [typed("E555EE77"), shown(&ill, Look::Paper), NO], alert().turned_back()),
        row("at night", [typed("E555EE77"), shown(&ill, Look::Night), NO], alert().turned_back()),
        row("its plate read by the camera", [feed_of("frigate", 900, "E555EE77"), screen(&ill), NO], {
            check(&["register-alert", "compare-plate"]).of("work").turned_back()
        }),
        row("in Cyrillic", [typed("Е555ЕЕ77"), screen(&ill), NO], alert().turned_back()),
        row("the plate comes after the pass", [screen(&ill), typed("E555EE77"), NO], alert().turned_back()),
        row("a pass of another in that car", [typed("E555EE77"), screen(&work), NO], {
            refuse(&["wrong-plate", "register-alert"]).of("work").turned_back()
        }),
        row("a pass that has ended as well", [typed("E555EE77"), screen(&ended), NO], {
            refuse(&["expired", "register-alert"]).of("work").turned_back()
        }),
        row("a passenger on foot from that car", [typed("E555EE77"), screen(&medical), NO], {
            check(&["register-alert", "compare-document"]).of("medical").turned_back()
        }),
        row("the officer lets it pass: to a hospital", [typed("E555EE77"), screen(&ill), YES], alert().passed()),
        row("a quarantine that is over", [typed("O111OO77"), screen(&medical), YES], {
            check(&["compare-document"]).of("medical").passed()
        }),
        row("one that begins in May", [typed("K222KK77"), screen(&medical), YES], {
            check(&["compare-document"]).of("medical").passed()
        }),
        row("a code in order", [typed("3004ABCEHKMPTXY1"), YES], works().by_keys()),
        row("a code of somebody in quarantine", [typed("3004ABCEHKMPTXY2"), NO], alert().by_keys().turned_back()),
        row("shown as a QR code", [screen("3004ABCEHKMPTXY2"), NO], alert().turned_back()),
        row("a card of somebody in quarantine", [typed("0123456789"), NO], alert().by_keys().turned_back()),
        row("a card in order", [typed("1234567890"), YES], {
            check(&["compare-document"]).of("one-time").by_keys().passed()
        }),
        row("a code in order, in a car that is not", [typed("E555EE77"), typed("3004ABCEHKMPTXY1"), NO], {
            alert().by_keys().turned_back()
        }),
        row("an ambulance", [menu(&[1, 2])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("emergency"))
        }),
        row("the register is older than two hours", [wait(3 * HOUR as u64), typed("3004ABCEHKMPTXY9"), NO], {
            check(&["not-registered-old-list"]).by_keys().turned_back()
        }),
        row("older than a day: nothing is green", [wait(DAY as u64), typed("3004ABCEHKMPTXY1"), YES], {
            check(&["knowledge-old"]).of("work").by_keys().passed()
        }),
        row(
            "added while it stands there",
            [
                typed(CAR),
                screen(&work),
                meanwhile(|post| {
                    post.register("plate,A123BC77,,2020-04-20,2020-05-14,yes,,");
                    post.publish();
                }),
                wait(1),
                NO,
            ],
            alert().turned_back(),
        ),
    ];
    post.play("quarantine", table);
}
