//! Komi: passes of organisations, with a vehicle and a company, and without a person.

use crate::federal::rewritten;
use crate::picture::Look;
use crate::post::{DAY, Post};
use crate::situation::*;

const LORRY: &str = "A123BC11";

#[test]
fn komi() {
    let post = Post::of("komi", "RU-KO", 11);
    let company = |pass: &mut hq::IssueRequest| pass.holder = Some("ООО «Лес»".to_owned());
    let lorry = post.issue("organisation", &[LORRY], 30, company).text;
    let fleet = post.issue("organisation", &[LORRY, "B456EK11", "AB123411"], 30, company).text;
    let bus = post.issue("shift-workers", &["AB12311"], 14, company).text;
    let ended = post.issue("organisation", &[LORRY], 30, |pass| pass.expires = pass.not_before + 60).text;
    let gone = post.issue("organisation", &[LORRY], 30, company);
    post.register(
        "plate,K777KK11,organisation,2020-04-20,2020-05-20,,,
         plate,1234AB11,organisation,2020-04-20,2020-05-20,,,
         plate,E555EE11,organisation,2020-04-20,2020-04-26,,,
         plate,X666XX11,,2020-04-20,2020-05-20,yes,,",
    );
    let mut post = post;
    post.revoke(&gone.id);
    let drives = || admit("organisation").passed();
    let table = vec![
        row("a lorry with its pass", [typed(LORRY), screen(&lorry), YES], drives()),
        row("printed, behind the windscreen", [typed(LORRY), shown(&lorry, Look::Pale), YES], drives()),
        row("crumpled", [typed(LORRY), shown(&lorry, Look::Paper), YES], drives()),
        row("from the cab, from the side", [typed(LORRY), shown(&lorry, Look::Tilted), YES], drives()),
        row("the camera is sure and agrees", [feed(LORRY), screen(&lorry), YES], drives()),
        row("Frigate agrees: a hint", [feed_of("frigate", 980, LORRY), screen(&lorry), YES], {
            check(&["compare-plate"]).of("organisation").passed()
        }),
        row("no plate read", [screen(&lorry), YES], check(&["compare-plate"]).of("organisation").passed()),
        row("another lorry", [typed("C789CC11"), screen(&lorry), NO], {
            refuse(&["wrong-plate"]).of("organisation").turned_back()
        }),
        row("the second of a fleet", [typed("B456EK11"), screen(&fleet), YES], drives()),
        row("its trailer", [typed("AB123411"), screen(&fleet), YES], drives()),
        row("none of a fleet", [typed("O000OO11"), screen(&fleet), NO], {
            refuse(&["wrong-plate"]).of("organisation").turned_back()
        }),
        row("a bus of shift workers, on a Monday", [typed("AB12311"), screen(&bus), YES], {
            admit("shift-workers").passed()
        }),
        row("ended", [typed(LORRY), screen(&ended), NO], refuse(&["expired"]).of("organisation").turned_back()),
        row("taken back", [typed(LORRY), screen(&gone.text), NO], {
            refuse(&["revoked"]).of("organisation").turned_back()
        }),
        row("rewritten", [typed(LORRY), screen(&rewritten(&lorry, LORRY))], refuse(&["forged"])),
        row("nothing but a plate that the register knows", [typed("K777KK11"), YES], drives().by_keys()),
        row("a tractor's", [typed("1234AB11"), YES], drives().by_keys()),
        row("in Cyrillic", [typed("К777КК11"), YES], drives().by_keys()),
        row("a plate that it does not know", [typed("M111MM11"), NO], {
            refuse(&["not-registered"]).by_keys().turned_back()
        }),
        row("a plate whose record has ended", [typed("E555EE11"), NO], {
            refuse(&["expired"]).of("organisation").by_keys().turned_back()
        }),
        row("a lorry under watch, with a sound pass of another", [typed("X666XX11"), screen(&fleet), NO], {
            refuse(&["wrong-plate", "register-alert"]).of("organisation").turned_back()
        }),
        row("freight in transit", [meanwhile(Post::sign_in), menu(&[1, 2])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("freight"))
        }),
        row("the shift workers' bus on a Tuesday", [wait(DAY as u64 - 10_000), typed("AB12311"), screen(&bus), NO], {
            refuse(&["condition-fails"]).of("shift-workers").turned_back()
        }),
    ];
    post.play("Komi", table);
}
