//! Tula: who comes without a pass is registered: purpose, address, fourteen days.

use crate::federal::{of_a_stranger, rewritten};
use crate::picture::Look;
use crate::post::{DAY, Post};
use crate::situation::*;
use wire::entry::Action;

const CAR: &str = "A123BC71";

#[test]
fn tula() {
    let post = Post::of("tula", "RU-TUL", 71);
    let work = post.issue("work", &[CAR], 30, |_| {}).text;
    let medical = post.issue("medical", &[], 3, |_| {}).text;
    let transit =
        post.issue("transit", &["K222KK48"], 1, |pass| pass.route = Some("М-2, без остановки".to_owned())).text;
    let no_route = post.issue("transit", &["K222KK48"], 1, |_| {}).text;
    let ended = post.issue("work", &[CAR], 30, |pass| pass.expires = pass.not_before + 60).text;
    let gone = post.issue("work", &[CAR], 30, |_| {});
    let stranger = of_a_stranger(&post);
    let mut post = post;
    post.revoke(&gone.id);
    let works = || admit("work").passed();
    let arrives = || check(&[]).without_pass().ended(Action::Exempted, Some("arrival"));
    let exempt = |code| check(&[]).without_pass().ended(Action::Exempted, Some(code));
    // Arrivals, the purpose, the place, and the house on the keys.
    let arrival = |purpose, place, house: &str| [menu(&[3, purpose, place]), typed(house), YES];
    let [a, b, c] = arrival(1, 1, "12");
    let [d, e, f] = arrival(3, 4, "7A");
    let [g, h, i] = arrival(5, 2, "101");
    let [j, k, l] = arrival(2, 8, "3");
    let table = vec![
        row("nobody is on duty: nobody is judged", [typed(CAR), screen(&work), YES], nothing()),
        row("not even who comes without a pass", [screen(&medical)], nothing()),
        row(
            "an officer signs in, and a worker passes",
            [meanwhile(Post::sign_in), typed(CAR), screen(&work), YES],
            works(),
        ),
        row("from paper", [typed(CAR), shown(&work, Look::Paper), YES], works()),
        row("forwarded", [typed(CAR), shown(&work, Look::Forwarded), YES], works()),
        row("at night", [typed(CAR), shown(&work, Look::Night), YES], works()),
        row("another car", [typed("B456EK71"), screen(&work), NO], refuse(&["wrong-plate"]).of("work").turned_back()),
        row("no plate read", [screen(&work), YES], check(&["compare-plate"]).of("work").passed()),
        row("medical", [screen(&medical), YES], check(&["compare-document"]).of("medical").passed()),
        row("through Tula without a stop", [typed("K222KK48"), screen(&transit), YES], {
            check(&["compare-document"]).of("transit").passed()
        }),
        row("through Tula to nowhere", [typed("K222KK48"), screen(&no_route), NO], {
            refuse(&["condition-fails", "compare-document"]).of("transit").turned_back()
        }),
        row("home, to Tula", [a, b, c], arrives()),
        row("to a country house, the plate read before", [typed("E777EE77"), d, e, f], arrives()),
        row("to work", [g, h, i], arrives()),
        row("to relatives, with a pass that is refused", [screen(&stranger), j, k, l], {
            refuse(&["unknown-key"]).ended(Action::Exempted, Some("arrival"))
        }),
        row("a resident", [menu(&[1, 1])], exempt("resident")),
        row("freight in transit", [menu(&[1, 2])], exempt("freight")),
        row("an ambulance", [menu(&[1, 4])], exempt("emergency")),
        row("ended", [typed(CAR), screen(&ended), NO], refuse(&["expired"]).of("work").turned_back()),
        row("ended, and let pass by order of HQ", [typed(CAR), screen(&ended), menu(&[2, 2])], {
            refuse(&["expired"]).of("work").ended(Action::Overridden, Some("order"))
        }),
        row("taken back", [typed(CAR), screen(&gone.text), NO], refuse(&["revoked"]).of("work").turned_back()),
        row("rewritten", [typed(CAR), screen(&rewritten(&work, CAR))], refuse(&["forged"])),
        row("the next day, the same officer", [wait(DAY as u64 / 2), typed(CAR), screen(&work), YES], works()),
    ];
    post.play("Tula", table);
}
