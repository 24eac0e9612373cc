//! Certificates of vaccination, tests and recovery: by signature, by the rules of a country, and gosuslugi's links by
//! register.

use std::path::PathBuf;

use base64ct::{Base64, Encoding as _};
use hq::import::{Consent, Did, Rules, Smart, Statement, VdsNc};
use simulator::certificates::{Published, published};

use crate::picture::Look;
use crate::post::{BY, DAY, Post};
use crate::situation::*;

/// 2021-11-15T09:00:00Z: rules were published, and certificates that the EU published for tests were good.
const BEGIN: i64 = 1_636_966_800;

/// 2023-07-22T04:26:40Z: the example of the SMART Health Cards was a month old.
const SMART: i64 = 1_690_000_000;

/// 2021-10-23T14:40:00Z: while the list of revoked signers counted that Australia published.
const AUSTRALIA: i64 = 1_635_000_000;

/// Believes who signed a certificate.
fn believe(post: &Post, one: &Published) {
    let file: PathBuf = post.hq.join(format!("{}.crt", one.country));
    std::fs::write(&file, Base64::decode_vec(&one.certificate).unwrap()).unwrap();
    let kinds = [pass::Kind::VACCINATION, pass::Kind::TEST, pass::Kind::RECOVERY];
    post.region.trust_certificate(&file, one.country, &kinds, BY, post.now()).unwrap();
}

/// What others have published, as the project carries it.
fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(data(path)).unwrap().trim().to_owned()
}

fn import(post: &Post, statement: &Statement) {
    let consent = Consent { apply: true, shrink: false, older: false };
    post.region.import(statement, consent, BY, post.now()).unwrap();
}

/// Takes in the rules of a country, and who signs for New Zealand and Australia.
fn import_others(post: &Post) {
    let now = post.now();
    let rules = Rules { path: data("dcc-business-rules"), countries: vec!["DE".to_owned()], sets: None };
    import(post, &rules.read("rules", Some(now), now).unwrap());
    import(post, &Did { path: data("nzcp/did.json") }.read("nz", Some(now)).unwrap());
    let (csca, crls) = (data("vds-nc/csca.der"), vec![data("vds-nc/crl.der")]);
    let australia = VdsNc { signers: None, csca, crls, issuer: "AUS".to_owned() };
    import(post, &australia.read("vds", Some(now), AUSTRALIA).unwrap());
}

/// Takes in who signs the example of the SMART Health Cards.
fn believe_smart(post: &mut Post) {
    let issuer = "https://spec.smarthealth.cards/examples/issuer".to_owned();
    let smart = Smart { snapshot: None, issuers: vec![(issuer, data("shc/valid/issuer/well-known/jwks.json"))] };
    import(post, &smart.read("vci", Some(post.now()), post.now()).unwrap());
    post.publish();
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
    import_others(&post);
    post.publish();
    let [nz, nz_changed, nz_ended] =
        ["nzcp", "nzcp-modified-sig", "nzcp-expired-payload"].map(|name| text(&format!("nzcp/{name}.txt")));
    let australia = text("vds-nc/validVDSJson.json");
    let of = |country: &str| all.iter().find(|one| one.country == country).unwrap().text.clone();
    let (cz, lv, nl, pl, ro, sk) = (of("CZ"), of("LV"), of("NL"), of("PL"), of("RO"), of("SK"));
    let compares = || check(&["compare-document"]).of("vaccination");
    let not_accepted = |kind| refuse(&["not-accepted", "compare-document"]).of(kind).turned_back();
    let link =
        |last: &str| format!("https://www.gosuslugi.ru/vaccine/cert/verify/0f7a2d6e-58b1-4c0a-9d3e-2b6f1a4c8e{last}");
    let table = vec![
        row("Czechia", [screen(&cz), YES], compares().passed()),
        row("Czechia, from the side", [shown(&cz, Look::Tilted), YES], compares().passed()),
        row("Czechia, at night", [shown(&cz, Look::Night), YES], compares().passed()),
        row("Latvia: the first dose of two", [screen(&lv), NO], not_accepted("vaccination")),
        row("the Netherlands: a test that found something, in April", [screen(&nl), NO], not_accepted("test")),
        row("Romania: the first dose of two, and ended", [screen(&ro), NO], {
            refuse(&["not-accepted", "expired", "compare-document"]).of("vaccination").turned_back()
        }),
        row("Slovakia: the first dose of two", [screen(&sk), NO], not_accepted("vaccination")),
        row("Poland, whose signer nobody here believes", [screen(&pl), NO], refuse(&["unknown-key"]).turned_back()),
        row("Czechia, changed", [screen(&spoilt(&cz)), NO], refuse(&["unreadable"]).turned_back()),
        row("cut off in the middle", [screen(&cz[..cz.len() / 2]), NO], refuse(&["unreadable"]).turned_back()),
        // Another country's rules cannot speak of what is not the EU's: the officer decides.
        row("Australia, by its barcode", [screen(&australia), YES], {
            check(&["rules-open", "compare-document"]).of("vaccination").passed()
        }),
        row("Australia, with another name", [screen(&australia.replace("JOHN", "JOAN")), NO], {
            refuse(&["forged"]).turned_back()
        }),
        row("New Zealand", [screen(&nz), YES], check(&["compare-document"]).of("covid-pass").passed()),
        row("New Zealand, on paper", [shown(&nz, Look::Paper), YES], {
            check(&["compare-document"]).of("covid-pass").passed()
        }),
        row("New Zealand, changed", [screen(&nz_changed), NO], refuse(&["forged"]).turned_back()),
        row("New Zealand, ended", [screen(&nz_ended), NO], {
            refuse(&["expired", "compare-document"]).of("covid-pass").turned_back()
        }),
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
        row("a medical exemption", [meanwhile(Post::sign_in), menu(&[1, 1])], {
            check(&[]).without_pass().ended(wire::entry::Action::Exempted, Some("medical-exemption"))
        }),
        row("after the signer's list has aged, a stranger", [wait(4 * DAY as u64), screen(&pl), NO], {
            check(&["unknown-key-old-list"]).turned_back()
        }),
    ];
    post.play("certificates", table);
}

#[test]
fn smart_health_cards() {
    let mut post = Post::of_time("certificates", "RU-SPE", 78, SMART);
    let [card, one_of_three] = ["00", "02"].map(|number| {
        let name = format!("shc/valid/example-{number}-f-qr-code-numeric-value-0.txt");
        text(&name)
    });
    let changed = card.replacen("567629", "567628", 1);
    assert_ne!(changed, card);
    let ended = published().unwrap().into_iter().find(|one| one.country == "CZ").unwrap();
    let table = vec![
        row("whose issuer nobody here believes", [screen(&card), NO], refuse(&["unknown-key"]).turned_back()),
        row("whose issuer is believed", [meanwhile(believe_smart), screen(&card), YES], {
            check(&["rules-open", "compare-document"]).of("vaccination").passed()
        }),
        row("in the dark", [shown(&card, Look::Night), YES], {
            check(&["rules-open", "compare-document"]).of("vaccination").passed()
        }),
        row("one of three codes", [screen(&one_of_three), NO], refuse(&["unreadable"]).turned_back()),
        row("changed", [screen(&changed), NO], refuse(&["unreadable"]).turned_back()),
        row("the EU's, signed by a stranger", [screen(&ended.text), NO], refuse(&["unknown-key"]).turned_back()),
    ];
    post.publish();
    post.play_part("SMART Health Cards", table);
}
