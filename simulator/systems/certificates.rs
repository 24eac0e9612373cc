//! Certificates of vaccination, tests and recovery: by signature, by the rules of a country, and gosuslugi's links by
//! register.

use std::path::PathBuf;

use base64ct::{Base64, Encoding as _};
use simulator::certificates::{Published, published};

use crate::picture::Look;
use crate::post::{BY, DAY, Post};
use crate::situation::*;

/// 2021-06-15T09:00:00Z: the certificates that the EU published for tests were good then.
const BEGIN: i64 = 1_623_747_600;

/// Believes who signed a certificate.
fn believe(post: &Post, one: &Published) {
    let file: PathBuf = post.hq.join(format!("{}.crt", one.country));
    std::fs::write(&file, Base64::decode_vec(&one.certificate).unwrap()).unwrap();
    let kinds = [pass::Kind::VACCINATION, pass::Kind::TEST, pass::Kind::RECOVERY];
    post.region.trust_certificate(&file, one.country, &kinds, BY, post.now()).unwrap();
}

/// Changes one character in the middle, and so the signature.
fn spoilt(text: &str) -> String {
    let mut bytes = pass::base45_decode(text.strip_prefix("HC1:").unwrap()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    format!("HC1:{}", pass::base45_encode(&bytes))
}

#[test]
fn certificates() {
    let mut post = Post::of_time("certificates", "RU-SPE", 78, BEGIN);
    let all = published().unwrap();
    all.iter().filter(|one| one.country != "PL").for_each(|one| believe(&post, one));
    post.register(
        "link,https://www.gosuslugi.ru/vaccine/cert/verify/0f7a2d6e-58b1-4c0a-9d3e-2b6f1a4c8e90,vaccination,2021-05-01,2022-05-01,,П. И.,
         link,https://www.gosuslugi.ru/covid-cert/verify/1234567890123456,recovery,2021-05-01,2021-12-01,,,
         link,https://www.gosuslugi.ru/covid-cert/status/0f7a2d6e-58b1-4c0a-9d3e-2b6f1a4c8e91,covid-pass,2021-05-01,2022-05-01,,С. А.,
         link,https://www.gosuslugi.ru/vaccine/cert/verify/0f7a2d6e-58b1-4c0a-9d3e-2b6f1a4c8e92,vaccination,2020-05-01,2021-05-01,,П. И.,",
    );
    post.publish();
    let of = |country: &str| all.iter().find(|one| one.country == country).unwrap().text.clone();
    let (cz, lv, nl, pl, ro, sk) = (of("CZ"), of("LV"), of("NL"), of("PL"), of("RO"), of("SK"));
    let compares = || check(&["compare-document"]).of("vaccination");
    let link =
        |last: &str| format!("https://www.gosuslugi.ru/vaccine/cert/verify/0f7a2d6e-58b1-4c0a-9d3e-2b6f1a4c8e{last}");
    let table = vec![
        row("Czechia", [screen(&cz), YES], compares().passed()),
        row("Czechia, from the side", [shown(&cz, Look::Tilted), YES], compares().passed()),
        row("Czechia, at night", [shown(&cz, Look::Night), YES], compares().passed()),
        row("Latvia", [screen(&lv), YES], compares().passed()),
        row("the Netherlands", [screen(&nl), YES], compares().passed()),
        row("Romania", [screen(&ro), YES], compares().passed()),
        row("Slovakia", [screen(&sk), YES], compares().passed()),
        row("Poland, whose signer nobody here believes", [screen(&pl), NO], refuse(&["unknown-key"]).turned_back()),
        row("Czechia, changed", [screen(&spoilt(&cz)), NO], refuse(&["unreadable"]).turned_back()),
        row("cut off in the middle", [screen(&cz[..cz.len() / 2]), NO], refuse(&["unreadable"]).turned_back()),
        row("a plate does not matter", [typed("X999XX78"), screen(&cz), YES], compares().passed()),
        row("gosuslugi: a certificate", [screen(&link("90")), YES], compares().passed()),
        row("gosuslugi: on paper", [shown(&link("90"), Look::Paper), YES], compares().passed()),
        row(
            "gosuslugi: by digits",
            [screen("https://www.gosuslugi.ru/covid-cert/verify/1234567890123456?lang=ru"), YES],
            check(&["compare-document"]).of("recovery").passed(),
        ),
        row(
            "gosuslugi: a COVID pass",
            [screen("https://www.gosuslugi.ru/covid-cert/status/0f7a2d6e-58b1-4c0a-9d3e-2b6f1a4c8e91?lang=ru"), YES],
            check(&["compare-document"]).of("covid-pass").passed(),
        ),
        row("gosuslugi: ended", [screen(&link("92")), NO], {
            refuse(&["expired", "compare-document"]).of("vaccination").turned_back()
        }),
        row("gosuslugi: unknown to the register", [screen(&link("99")), NO], refuse(&["not-registered"]).turned_back()),
        row("a host that looks like it", [screen(&link("90").replace("gosuslugi.ru", "gosuslugi.ru.cam")), NO], {
            refuse(&["unknown-link"]).turned_back()
        }),
        row("with a query where none belongs", [screen(&(link("90") + "?a=b")), NO], {
            refuse(&["unknown-link"]).turned_back()
        }),
        row("a number that is too short", [screen("https://www.gosuslugi.ru/covid-cert/verify/12345"), NO], {
            refuse(&["unknown-link"]).turned_back()
        }),
        row("a medical exemption", [menu(&[1, 1])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("medical-exemption"))
        }),
        row("after the signer's list has aged, a stranger", [wait(4 * DAY as u64), screen(&pl), NO], {
            check(&["unknown-key-old-list"]).turned_back()
        }),
    ];
    post.play("certificates", table);
}
