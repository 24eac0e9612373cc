//! Konakovo and Kimry: a link that is looked up and never opened, three digits of the plate, the first letter of the
//! surname.

use crate::picture::Look;
use crate::post::{DAY, Post};
use crate::situation::*;

/// The link of a pass; sixteen letters and digits are more than 80 bits.
fn link(number: u32) -> String {
    format!("https://disk.yandex.ru/i/Kx7-Pq2_Zt90ab{number:02}")
}

#[test]
fn konakovo_and_kimry() {
    let mut post = Post::of("konakovo", "RU-TVE", 69);
    let lines = [
        (1, "work,2020-04-10,2020-07-01,,К,123"),
        (2, "family,2020-04-10,2020-04-30,,С,456"),
        (3, "medical,2020-04-27,2020-04-27,,И,789"),
        (4, "other,2020-04-20,2020-06-01,,П,111"),
        (5, "other,2020-04-20,2020-06-01,,Д,222"),
        (6, "work,2020-04-10,2020-04-26,,Л,333"),
        (7, "work,2020-04-28,2020-07-01,,М,444"),
        (8, "work,2020-04-10,2020-07-01,,Н,?055??69"),
        (9, "work,2020-04-10,2020-07-01,,О,"),
    ];
    post.register(&lines.map(|(number, rest)| format!("link,{},{rest}", link(number))).join("\n"));
    post.publish();
    let fits = |kind| check(&["partial-plate", "compare-next"]).of(kind);
    let once = |kind| check(&["used-elsewhere-perhaps", "partial-plate", "compare-next"]).of(kind);
    let table = vec![
        row("work: the digits fit, the officer compares the name", [typed("A123BC69"), screen(&link(1)), YES], {
            fits("work").passed()
        }),
        row("from paper", [typed("A123BC69"), shown(&link(1), Look::Paper), YES], fits("work").passed()),
        row("a photograph of a screen", [typed("A123BC69"), shown(&link(1), Look::Forwarded), YES], {
            fits("work").passed()
        }),
        row("pale", [typed("A123BC69"), shown(&link(1), Look::Pale), YES], fits("work").passed()),
        row("another car with the same digits: never green", [typed("K123MX150"), screen(&link(1)), NO], {
            fits("work").turned_back()
        }),
        row("other digits", [typed("A124BC69"), screen(&link(1)), NO], {
            refuse(&["wrong-plate", "compare-next"]).of("work").turned_back()
        }),
        row("no plate typed", [screen(&link(1)), YES], check(&["compare-plate", "compare-next"]).of("work").passed()),
        row("digits and the region", [typed("A055BC69"), screen(&link(8)), YES], fits("work").passed()),
        row("the digits, of another region", [typed("A055BC77"), screen(&link(8)), NO], {
            refuse(&["wrong-plate", "compare-next"]).of("work").turned_back()
        }),
        row("without a plate: the name alone", [screen(&link(9)), YES], {
            check(&["compare-next"]).of("work").passed()
        }),
        row("family", [typed("A456BC69"), screen(&link(2)), YES], fits("family").passed()),
        row("medical", [typed("A789BC69"), screen(&link(3)), YES], fits("medical").passed()),
        row("other, the first trip", [typed("A111BC69"), screen(&link(4)), YES], once("other").passed()),
        row("other, the second within two weeks", [typed("A111BC69"), screen(&link(4)), NO], {
            refuse(&["used-up", "used-elsewhere-perhaps", "partial-plate", "compare-next"]).of("other").turned_back()
        }),
        row("other, turned back", [typed("A222BC69"), screen(&link(5)), NO], once("other").turned_back()),
        row("other, that was no trip", [typed("A222BC69"), screen(&link(5)), YES], once("other").passed()),
        row("ended yesterday", [typed("A333BC69"), screen(&link(6)), NO], {
            refuse(&["expired", "partial-plate", "compare-next"]).of("work").turned_back()
        }),
        row("from tomorrow", [typed("A444BC69"), screen(&link(7)), NO], {
            refuse(&["not-yet-valid", "partial-plate", "compare-next"]).of("work").turned_back()
        }),
        row("a link the register does not know", [screen(&link(99)), NO], refuse(&["not-registered"]).turned_back()),
        row("with a query behind it", [typed("A123BC69"), screen(&(link(1) + "?utm=1")), YES], fits("work").passed()),
        row("to a host that looks like it", [screen(&link(1).replace("yandex.ru", "yandex.ru.evil.example")), NO], {
            refuse(&["unknown-link"]).turned_back()
        }),
        row("with a Cyrillic letter in the host", [screen(&link(1).replace("yandex", "yаndex")), NO], {
            refuse(&["unknown-link"]).turned_back()
        }),
        row("with a user before the host", [screen(&link(1).replace("disk.", "disk.yandex.ru@")), NO], {
            refuse(&["unknown-link"]).turned_back()
        }),
        row("to another place of the same host", [screen(&link(1).replace("/i/", "/d/")), NO], {
            refuse(&["unknown-link"]).turned_back()
        }),
        row("a resident with an ID", [meanwhile(Post::sign_in), menu(&[1, 1])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("resident"))
        }),
        row("an officer with a service ID", [menu(&[1, 2])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("service-id"))
        }),
        row("medical, tomorrow", [wait(DAY as u64), typed("A789BC69"), screen(&link(3)), NO], {
            refuse(&["expired", "partial-plate", "compare-next"]).of("medical").turned_back()
        }),
        row("from tomorrow, tomorrow", [typed("A444BC69"), screen(&link(7)), YES], fits("work").passed()),
        row(
            "family on 1 May",
            [wait(3 * DAY as u64), meanwhile(Post::publish), typed("A456BC69"), screen(&link(2)), NO],
            refuse(&["expired", "partial-plate", "compare-next"]).of("family").turned_back(),
        ),
        row(
            "other, two weeks later",
            [wait(11 * DAY as u64), meanwhile(Post::publish), typed("A111BC69"), screen(&link(4)), YES],
            once("other").passed(),
        ),
    ];
    post.play("Konakovo and Kimry", table);
}
