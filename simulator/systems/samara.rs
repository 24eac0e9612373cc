//! Samara and Kinel: two exits a day of an hour each, counted on the box and across boxes.

use crate::federal::rewritten;
use crate::picture::Look;
use crate::post::{HOUR, MINUTE, Post};
use crate::situation::*;
use crate::sms::luhn;

const CAR: &str = "A123BC63";

#[test]
fn samara() {
    let mut post = Post::of("samara", "RU-SAM", 63);
    let exit = |days| post.issue("exit", &[], days, |pass| pass.route = Some("Кинель".to_owned()));
    let [one, two, back, taken_back] = std::array::from_fn(|_| exit(9));
    let ended = post
        .issue("exit", &[], 1, |pass| (pass.not_before, pass.expires) = (pass.not_before - 90_000, pass.not_before));
    let work = post.issue("work", &[CAR], 30, |_| {}).text;
    let strict = post.issue("exit", &[], 9, |pass| {
        pass.limits = Some(pass::Limits { per_day: Some(1), ..pass::Limits::default() });
    });
    let code = luhn("6300001");
    post.register(&format!("code,{code},exit,2020-04-27,2020-05-10,,,"));
    post.revoke(&taken_back.id);
    let (one, two, back, ended, strict) = (one.text, two.text, back.text, ended.text, strict.text);
    let leaves = || check(&["used-elsewhere-perhaps", "compare-document"]).of("exit");
    let used_up = || refuse(&["used-up", "used-elsewhere-perhaps", "compare-document"]).of("exit").turned_back();
    let hours = |hours: i64| wait((hours * HOUR) as u64);
    let table = vec![
        row("the first exit, from a printout", [shown(&one, Look::Paper), YES], leaves().passed()),
        row("twenty minutes later: the same exit", [wait(20 * 60), screen(&one), YES], leaves().passed()),
        row("an hour later: the second", [hours(1), shown(&one, Look::Forwarded), YES], leaves().passed()),
        row("on the second still", [wait(15 * 60), screen(&one), YES], leaves().passed()),
        row("a third", [hours(1), screen(&one), NO], used_up()),
        row("another person's first", [screen(&two), YES], leaves().passed()),
        row("turned back", [screen(&back), NO], leaves().turned_back()),
        row("which was no exit: the first", [hours(1), screen(&back), YES], leaves().passed()),
        row("the second", [hours(1), screen(&back), YES], leaves().passed()),
        row("no third", [hours(1), screen(&back), NO], used_up()),
        row("nobody decides: reserved all the same", [screen(&two)], leaves()),
        row("so that was the second", [hours(2), screen(&two), NO], used_up()),
        row("a pass that says once a day itself", [screen(&strict), YES], leaves().passed()),
        row("its second exit", [hours(1), screen(&strict), NO], used_up()),
        row("after midnight: a new day", [hours(6), screen(&one), YES], leaves().passed()),
        row("and for the other", [screen(&two), YES], leaves().passed()),
        row("blurred", [hours(1), shown(&two, Look::Soft), YES], leaves().passed()),
        row("pale print, a third", [hours(1), shown(&two, Look::Pale), NO], used_up()),
        row("ended", [screen(&ended), NO], {
            refuse(&["expired", "used-elsewhere-perhaps", "compare-document"]).of("exit").turned_back()
        }),
        row("taken back", [screen(&taken_back.text), NO], {
            refuse(&["revoked", "used-elsewhere-perhaps", "compare-document"]).of("exit").turned_back()
        }),
        row("to work, by car: no limit", [typed(CAR), screen(&work), YES], admit("work").passed()),
        row("rewritten", [typed(CAR), screen(&rewritten(&work, CAR))], refuse(&["forged"])),
        row("by the code of an SMS", [typed(&code), YES], leaves().by_keys().passed()),
        row("walking a dog: no pass is needed", [meanwhile(Post::sign_in), menu(&[1, 4])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("dog"))
        }),
        row(
            "within five minutes the green of before stands",
            [screen(&one), YES, wait(2 * MINUTE as u64), screen(&one)],
            leaves().passed(),
        ),
    ];
    post.play("Samara and Kinel", table);
}
