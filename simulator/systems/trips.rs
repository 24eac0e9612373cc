//! Trips that people declare themselves: Ugra, Krasnoyarsk, Nizhny Novgorod.

use crate::federal::rewritten;
use crate::picture::Look;
use crate::post::{DAY, HOUR, MINUTE, Post};
use crate::situation::*;
use crate::sms::luhn;

/// A declared trip: its kind, car, minutes, and where to.
fn trip(post: &Post, kind: &str, car: &[&str], minutes: i64, route: &str) -> String {
    let now = post.now();
    let route = Some(route.to_owned()).filter(|route| !route.is_empty());
    post.issue(kind, car, 1, |pass| (pass.not_before, pass.expires, pass.route) = (now, now + minutes * MINUTE, route))
        .text
}

#[test]
fn ugra() {
    let post = Post::of("ugra", "RU-KHM", 86);
    let car = "A123BC86";
    let now = post.now();
    let three_hours = trip(&post, "trip", &[car], 180, "Сургут – Нефтеюганск");
    let one_hour = trip(&post, "trip", &[car], 60, "Магазин");
    let on_foot = trip(&post, "trip", &[], 600, "Аптека");
    let nowhere = trip(&post, "trip", &[car], 600, "");
    let long = trip(&post, "trip", &[car], 1200, "Дача");
    let later = post.issue("trip", &[car], 1, |pass| {
        (pass.not_before, pass.expires, pass.route) = (now + 4 * HOUR, now + 7 * HOUR, Some("Врач".to_owned()));
    });
    let staff = post.issue("staff", &[car], 30, |_| {});
    let gone = post.issue("staff", &[car], 30, |_| {});
    post.register(
        "code,ABCEH01234,trip,2020-04-27,2020-04-27,,,
         code,ABCEH56789,staff,2020-04-27,2020-05-10,,,
         code,KMPTX00001,trip,2020-04-20,2020-04-26,,,",
    );
    let mut post = post;
    post.revoke(&gone.id);
    let (later, staff, gone) = (later.text, staff.text, gone.text);
    let travels = || check(&["compare-document"]).of("trip");
    let staffs = || admit("staff").passed();
    let table = vec![
        row("a trip of three hours", [typed(car), screen(&three_hours), YES], travels().passed()),
        row("from paper", [typed(car), shown(&three_hours, Look::Paper), YES], travels().passed()),
        row("forwarded", [typed(car), shown(&three_hours, Look::Forwarded), YES], travels().passed()),
        row("from the side", [typed(car), shown(&three_hours, Look::Tilted), YES], travels().passed()),
        row("to a shop, within the hour", [typed(car), screen(&one_hour), YES], travels().passed()),
        row("without a car", [screen(&on_foot), YES], travels().passed()),
        row("another car", [typed("B456EK86"), screen(&three_hours), NO], {
            refuse(&["wrong-plate", "compare-document"]).of("trip").turned_back()
        }),
        row("no plate read", [screen(&three_hours), YES], {
            check(&["compare-plate", "compare-document"]).of("trip").passed()
        }),
        row("without a route: the condition fails", [typed(car), screen(&nowhere), NO], {
            refuse(&["condition-fails", "compare-document"]).of("trip").turned_back()
        }),
        row("for this afternoon", [typed(car), screen(&later), NO], {
            refuse(&["not-yet-valid", "compare-document"]).of("trip").turned_back()
        }),
        row("an employee", [typed(car), screen(&staff), YES], staffs()),
        row("an employee at night", [typed(car), shown(&staff, Look::Night), YES], staffs()),
        row("an employee whose pass was taken back", [typed(car), screen(&gone), NO], {
            refuse(&["revoked"]).of("staff").turned_back()
        }),
        row("rewritten", [typed(car), screen(&rewritten(&staff, car))], refuse(&["forged"])),
        row("by code", [typed("ABCEH01234"), YES], travels().by_keys().passed()),
        row("an employee's code", [typed("ABCEH56789"), YES], staffs().by_keys()),
        row("an employee's code, in Cyrillic", [typed("АВСЕН56789"), YES], staffs().by_keys()),
        row("a code of last week", [typed("KMPTX00001"), NO], {
            refuse(&["expired", "compare-document"]).of("trip").by_keys().turned_back()
        }),
        row("a code nobody was given", [typed("XXXXX00001"), NO], {
            refuse(&["not-registered"]).by_keys().turned_back()
        }),
        row("a character too many", [typed("ABCEH012345"), NO], refuse(&["wrong-code"]).by_keys().turned_back()),
        row("somebody of the indigenous people", [meanwhile(Post::sign_in), menu(&[1, 1])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("indigenous"))
        }),
        row("after an hour, with an hour's trip", [typed(car), screen(&one_hour), NO], {
            refuse(&["expired", "compare-document"]).of("trip").turned_back()
        }),
        row("the trip of the afternoon, in the afternoon", [wait(2 * HOUR as u64), typed(car), screen(&later), YES], {
            travels().passed()
        }),
        row("after three hours, with three hours' trip", [typed(car), screen(&three_hours), NO], {
            refuse(&["expired", "compare-document"]).of("trip").turned_back()
        }),
        row("the country house, within its time", [typed(car), screen(&long), YES], travels().passed()),
    ];
    post.play("Ugra", table);
}

#[test]
fn krasnoyarsk() {
    let mut post = Post::of("krasnoyarsk", "RU-KYA", 24);
    let car = "A123BC24";
    let [one, two, three] = std::array::from_fn(|_| trip(&post, "trip", &[car], 1440, "Мира 1 – Ленина 5"));
    let short = trip(&post, "trip", &[car], 30, "Мира 1 – Ленина 6");
    let nowhere = trip(&post, "trip", &[car], 1440, "");
    let on_foot = trip(&post, "trip", &[], 1440, "Мира 1 – Ленина 7");
    let back = trip(&post, "trip", &[], 1440, "Мира 1 – Ленина 8");
    let taken_back = post.issue("trip", &[car], 1, |pass| pass.route = Some("Мира 1".to_owned()));
    post.register("code,2404270001,trip,2020-04-27,2020-04-28,,,");
    post.revoke(&taken_back.id);
    let travels = || check(&["used-elsewhere-perhaps", "compare-document"]).of("trip");
    let used_up = || refuse(&["used-up", "used-elsewhere-perhaps", "compare-document"]).of("trip").turned_back();
    let with = |reason| refuse(&[reason, "used-elsewhere-perhaps", "compare-document"]).of("trip").turned_back();
    let table = vec![
        row("the first trip of the day", [typed(car), screen(&one), YES], travels().passed()),
        row("the second, from paper", [typed(car), shown(&one, Look::Paper), YES], travels().passed()),
        row("a third", [typed(car), screen(&one), NO], used_up()),
        row("another declaration's first", [typed(car), shown(&two, Look::Night), YES], travels().passed()),
        row("its second", [typed(car), shown(&two, Look::Tilted), YES], travels().passed()),
        row("its third", [typed(car), shown(&two, Look::Soft), NO], used_up()),
        row("on foot", [screen(&on_foot), YES], travels().passed()),
        row("on foot, pale print", [shown(&on_foot, Look::Pale), YES], travels().passed()),
        row("on foot, a third time", [screen(&on_foot), NO], used_up()),
        row("turned back", [screen(&back), NO], travels().turned_back()),
        row("turned back again", [screen(&back), NO], travels().turned_back()),
        row("let pass at last: the first", [screen(&back), YES], travels().passed()),
        row("the second of it", [screen(&back), YES], travels().passed()),
        row("no third of it", [screen(&back), NO], used_up()),
        row("the half hour is over", [typed(car), screen(&short), NO], with("expired")),
        row("no addresses", [typed(car), screen(&nowhere), NO], with("condition-fails")),
        row("another car", [typed("B456EK24"), screen(&three), NO], with("wrong-plate")),
        row("no plate read", [screen(&three), YES], {
            check(&["used-elsewhere-perhaps", "compare-plate", "compare-document"]).of("trip").passed()
        }),
        row("its second trip", [typed(car), shown(&three, Look::Noisy), YES], travels().passed()),
        row("taken back", [typed(car), screen(&taken_back.text), NO], with("revoked")),
        row("rewritten", [typed(car), screen(&rewritten(&three, car))], refuse(&["forged"])),
        row("by code", [typed("2404270001"), YES], travels().by_keys().passed()),
        row("a code nobody was given", [typed("9999999999"), NO], refuse(&["not-registered"]).by_keys().turned_back()),
        row(
            "after midnight the day is new",
            [wait(14 * HOUR as u64), typed(car), screen(&one), YES],
            travels().passed(),
        ),
    ];
    post.play("Krasnoyarsk", table);
}

#[test]
fn nizhny_novgorod() {
    let post = Post::of("nizhny", "RU-NIZ", 52);
    let car = "A123BC52";
    let errand = trip(&post, "errand", &[car], 180, "Банк");
    let shop = trip(&post, "shop", &[car], 60, "Магазин");
    let walk = trip(&post, "walk", &[], 30, "");
    let long_errand = trip(&post, "errand", &[car], 500, "Банк");
    let long_shop = trip(&post, "shop", &[car], 170, "Магазин");
    let long_walk = trip(&post, "walk", &[], 120, "");
    let no_route = trip(&post, "errand", &[car], 170, "");
    let work = post.issue("work", &[car], 30, |_| {});
    let gone = post.issue("work", &[car], 30, |_| {});
    let code = luhn("52000001");
    post.register(&format!("code,{code},work,2020-04-27,2020-05-10,,,"));
    let mut post = post;
    post.revoke(&gone.id);
    let work = work.text;
    let compares = |kind| check(&["compare-document"]).of(kind);
    let fails = |kind| refuse(&["condition-fails", "compare-document"]).of(kind).turned_back();
    let table = vec![
        row("a walk of half an hour", [screen(&walk), YES], compares("walk").passed()),
        row("a shop, an hour", [typed(car), screen(&shop), YES], compares("shop").passed()),
        row("an errand, three hours", [typed(car), screen(&errand), YES], compares("errand").passed()),
        row("an errand, printed", [typed(car), shown(&errand, Look::Paper), YES], compares("errand").passed()),
        row("an errand, forwarded", [typed(car), shown(&errand, Look::Forwarded), YES], compares("errand").passed()),
        row("declared for eight hours", [typed(car), screen(&long_errand), NO], fails("errand")),
        row("a shop for three hours", [typed(car), screen(&long_shop), NO], fails("shop")),
        row("a walk of two hours", [screen(&long_walk), NO], fails("walk")),
        row("an errand to nowhere", [typed(car), screen(&no_route), NO], fails("errand")),
        row("a walk after its half hour", [screen(&walk), NO], {
            refuse(&["expired", "compare-document"]).of("walk").turned_back()
        }),
        row("a shop after its hour", [typed(car), screen(&shop), NO], {
            refuse(&["expired", "compare-document"]).of("shop").turned_back()
        }),
        row("an errand in another car", [typed("B456EK52"), screen(&errand), NO], {
            refuse(&["wrong-plate", "compare-document"]).of("errand").turned_back()
        }),
        row("an errand, no plate read", [screen(&errand), YES], {
            check(&["compare-plate", "compare-document"]).of("errand").passed()
        }),
        row("to work", [typed(car), screen(&work), YES], admit("work").passed()),
        row("to work, at night", [typed(car), shown(&work, Look::Night), YES], admit("work").passed()),
        row("to work, taken back", [typed(car), screen(&gone.text), NO], {
            refuse(&["revoked"]).of("work").turned_back()
        }),
        row("rewritten", [typed(car), screen(&rewritten(&work, car))], refuse(&["forged"])),
        row("by code", [typed(&code), YES], admit("work").by_keys().passed()),
        row("by a code nobody was given", [typed(&luhn("52000009")), NO], {
            refuse(&["not-registered"]).by_keys().turned_back()
        }),
        row("by a code typed wrong", [typed(&luhn("52000001").replacen('2', "3", 1)), NO], {
            refuse(&["wrong-code"]).by_keys().turned_back()
        }),
        row("walking a dog", [meanwhile(Post::sign_in), menu(&[1, 1])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("dog"))
        }),
        row("the errand after three hours", [wait(HOUR as u64), typed(car), screen(&errand), NO], {
            refuse(&["expired", "compare-document"]).of("errand").turned_back()
        }),
        row("eight hours, of which three are left", [wait(3 * HOUR as u64), typed(car), screen(&long_errand), YES], {
            compares("errand").passed()
        }),
        row("to work, tomorrow", [wait(DAY as u64), typed(car), screen(&work), YES], admit("work").passed()),
    ];
    post.play("Nizhny Novgorod", table);
}
