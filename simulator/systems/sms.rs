//! Passes by SMS: the short code of the reply, typed on the keypad, proven by nothing but the register.

use crate::post::{DAY, HOUR, Post};
use crate::situation::*;

/// Seven digits and the one that proves them (ISO/IEC 7812-1).
pub fn luhn(digits: &str) -> String {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[test]
fn passes_by_sms() {
    let post = Post::of("sms", "RU-TA", 16);
    let code = |number: u32| luhn(&format!("{number:07}"));
    let today = "2020-04-27,2020-04-27,,,";
    let week = "2020-04-27,2020-05-10,,,";
    let kinds = ["one-time", "shop", "clinic", "relatives", "child", "vet", "funeral", "papers", "dacha", "bank"];
    let mut lines: String =
        kinds.iter().zip(1..).map(|(kind, number)| format!("code,{},{kind},{week}\n", code(number))).collect();
    lines += &format!("code,{},shop,2020-04-20,2020-04-26,,,\n", code(20));
    lines += &format!("code,{},shop,2020-04-29,2020-05-01,,,\n", code(21));
    lines += &format!("code,0ABC1EHK2MPX,shop,{today}\ncode,5T0P8XX9KK22,clinic,{today}\n");
    post.register(&lines);
    let mut post = post;
    post.publish();
    let first = |kind| check(&["used-elsewhere-perhaps", "compare-document"]).of(kind).by_keys();
    let used_up = |kind| {
        let reasons = ["used-up", "used-elsewhere-perhaps", "compare-document"];
        refuse(&reasons).of(kind).by_keys().turned_back()
    };
    // A wrong digit, so that the last one proves nothing.
    let slip = code(1).replacen('0', "1", 1);
    let table = vec![
        row("0250: a code for one trip", [typed(&code(1)), YES], first("one-time").passed()),
        row("the same once more", [typed(&code(1)), NO], used_up("one-time")),
        row("to a shop", [typed(&code(2)), YES], first("shop").passed()),
        row("to a clinic", [typed(&code(3)), YES], first("clinic").passed()),
        row("care of relatives", [typed(&code(4)), YES], first("relatives").passed()),
        row("to take a child", [typed(&code(5)), YES], first("child").passed()),
        row("to a vet", [typed(&code(6)), YES], first("vet").passed()),
        row("to a funeral", [typed(&code(7)), YES], first("funeral").passed()),
        row("papers", [typed(&code(8)), YES], first("papers").passed()),
        row("to the country house, turned back", [typed(&code(9)), NO], first("dacha").turned_back()),
        row("and let pass when it was found out", [typed(&code(9)), YES], first("dacha").passed()),
        row("O typed for 0", [typed(&code(10).replacen('0', "O", 3)), YES], first("bank").passed()),
        row("a digit typed wrong", [typed(&slip), NO], refuse(&["wrong-code"]).by_keys().turned_back()),
        row("a digit forgotten", [typed(&code(2)[1..]), NO], refuse(&["wrong-code"]).by_keys().turned_back()),
        row("a code nobody was sent", [typed(&code(99)), NO], refuse(&["not-registered"]).by_keys().turned_back()),
        row("of last week", [typed(&code(20)), NO], {
            refuse(&["expired", "used-elsewhere-perhaps", "compare-document"]).of("shop").by_keys().turned_back()
        }),
        row("for Wednesday", [typed(&code(21)), NO], {
            refuse(&["not-yet-valid", "used-elsewhere-perhaps", "compare-document"]).of("shop").by_keys().turned_back()
        }),
        row("Tatarstan: twelve characters", [typed("0ABC1EHK2MPX"), YES], first("shop").passed()),
        row("in Cyrillic, as they look", [typed("5Т0Р8ХХ9КК22"), YES], first("clinic").passed()),
        row("shown as a QR code", [screen("5T0P8XX9KK22"), NO], {
            check(&["used-elsewhere-perhaps", "compare-document"]).of("clinic").turned_back()
        }),
        row("a second time to the shop today", [wait(2 * HOUR as u64), typed(&code(2)), YES], first("shop").passed()),
        row("a third time", [wait(2 * HOUR as u64), typed(&code(2)), NO], used_up("shop")),
        row("tomorrow", [wait(DAY as u64 / 2), typed(&code(2)), YES], first("shop").passed()),
        row("a bank twice a week", [typed(&code(10)), NO], used_up("bank")),
        row(
            "tries until it must wait",
            [
                typed(&code(91)),
                typed(&code(92)),
                typed(&code(93)),
                typed(&code(94)),
                typed(&code(95)),
                typed(&code(3)),
                NO,
            ],
            refuse(&["too-many-attempts"]).by_keys().turned_back(),
        ),
    ];
    post.play("SMS", table);
}
