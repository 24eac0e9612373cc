use proptest::prelude::*;

use crate::registered::{CardForm, Check, Claims, CodeForm, FormFault, Forms, IdShape, LinkForm};
use crate::{CodeFault, Error, Format};

const LATIN: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn link(name: &str, host: &str, path: &str, id: IdShape) -> LinkForm {
    LinkForm { name: name.into(), host: host.into(), path: path.into(), id, query: false, http: false }
}

/// What the regions of the mission look up.
fn forms() -> Forms {
    let gosuslugi = |name, path, id| LinkForm { query: true, ..link(name, "www.gosuslugi.ru", path, id) };
    Forms {
        links: vec![
            gosuslugi("gu-vaccine", "/vaccine/cert/verify/", IdShape::Uuid),
            gosuslugi("gu-verify", "/covid-cert/verify/", IdShape::Digits { n: 16 }),
            gosuslugi("gu-status", "/covid-cert/status/", IdShape::Uuid),
            link("konakovo", "disk.yandex.ru", "/i/", IdShape::Token { min: 10, max: 32 }),
        ],
        codes: vec![
            CodeForm {
                name: "moscow".into(),
                alphabet: LATIN.into(),
                length: 16,
                check: Check::None,
                claims: Claims::ExpiryDdMm,
            },
            CodeForm {
                name: "sms".into(),
                alphabet: "0123456789".into(),
                length: 8,
                check: Check::Luhn,
                claims: Claims::None,
            },
            CodeForm {
                name: "tatarstan".into(),
                alphabet: "0123456789АБВГДЕЖЗИКЛМНПРСТУФХЦЧШЭЮЯ".into(),
                length: 6,
                check: Check::None,
                claims: Claims::None,
            },
        ],
        cards: vec![
            CardForm { name: "troika".into(), digits: (10, 10), check: Check::None },
            CardForm { name: "strelka".into(), digits: (11, 11), check: Check::None },
            CardForm { name: "social".into(), digits: (19, 19), check: Check::Luhn },
        ],
    }
}

fn normal(text: &str) -> Result<String, Error> {
    forms().recognise(text).map(|presented| presented.normal)
}

fn wrong(fault: CodeFault) -> Result<String, Error> {
    Err(Error::Code(fault))
}

#[test]
fn the_three_links_of_gosuslugi_and_konakovos_are_known_by_their_ids_alone() {
    assert_eq!(forms().check(), Ok(()));
    let uuid = "0b1e1a5c-3d2f-4c6b-9a77-0123456789ab";
    for (text, expected) in [
        (format!("https://www.gosuslugi.ru/vaccine/cert/verify/{uuid}"), format!("gu-vaccine:{uuid}")),
        (format!("https://www.gosuslugi.ru/covid-cert/status/{uuid}?lang=ru"), format!("gu-status:{uuid}")),
        (
            "https://www.gosuslugi.ru/covid-cert/verify/9780000012345678?lang=ru&ck=0123456789abcdef0123456789abcdef"
                .to_owned(),
            "gu-verify:9780000012345678".to_owned(),
        ),
        ("https://disk.yandex.ru/i/AbC-123_xyz0".to_owned(), "konakovo:AbC-123_xyz0".to_owned()),
        // A code in alphanumeric mode has capitals only; schemes and hosts have no case, UUIDs neither.
        (format!("HTTPS://WWW.GOSUSLUGI.RU/vaccine/cert/verify/{}", uuid.to_uppercase()), format!("gu-vaccine:{uuid}")),
    ] {
        let presented = forms().recognise(&text).unwrap();
        assert_eq!((presented.format, presented.normal), (Format::Link, expected), "{text}");
    }
    assert_eq!(forms().recognise(&format!("https://www.gosuslugi.ru/vaccine/cert/verify/{uuid}")).unwrap().bits, 122);
}

#[test]
fn an_address_that_only_looks_like_one_is_unknown() {
    let uuid = "0b1e1a5c-3d2f-4c6b-9a77-0123456789ab";
    let good = format!("https://www.gosuslugi.ru/vaccine/cert/verify/{uuid}");
    assert!(normal(&good).is_ok());
    for (what, text) in [
        ("another top", good.replace("gosuslugi.ru", "gosuslugi.com")),
        ("beneath another host", good.replace("gosuslugi.ru", "gosuslugi.ru.evil.example")),
        ("above it", good.replace("www.", "")),
        ("punycode", good.replace("www.gosuslugi", "www.xn--gosuslgi-2fg")),
        ("a Cyrillic letter in it", good.replace("gosuslugi", "gоsuslugi")),
        ("full-width letters", good.replace("www", "ｗｗｗ")),
        ("a user before it", good.replace("https://", "https://www.gosuslugi.ru@evil.example/")),
        ("a user before the right host", good.replace("https://", "https://someone@")),
        ("a port", good.replace(".ru/", ".ru:443/")),
        ("a trailing dot", good.replace(".ru/", ".ru./")),
        ("no slash", good.replace(".ru/", ".ru?/")),
        ("backslashes", good.replace("https://", "https:\\\\")),
        ("three slashes", good.replace("https://", "https:///")),
        ("an open scheme", good.replace("https", "http")),
        ("another scheme", good.replace("https", "ftp")),
        ("another path", good.replace("/vaccine/", "/Vaccine/")),
        ("an escaped path", good.replace("/vaccine/", "/%76accine/")),
        ("a path that goes back", good.replace("/vaccine/", "/x/../vaccine/")),
        ("no id", good.replace(uuid, "")),
        ("half an id", good.replace("-0123456789ab", "")),
        ("more behind the id", format!("{good}/more")),
        ("a fragment", format!("{good}#part")),
        ("a fragment behind a query", format!("{good}?lang=ru#part")),
        ("a blank in the query", format!("{good}?lang=ru x")),
        ("another script in the query", format!("{good}?q=ж")),
        ("a query where none may be", "https://disk.yandex.ru/i/AbC-123_xyz0?x=1".to_owned()),
        ("a token too short", "https://disk.yandex.ru/i/AbC".to_owned()),
        ("too long", format!("{good}?{}", "a".repeat(256))),
    ] {
        assert_eq!(normal(&text), Err(Error::UnknownLink), "{what}: {text}");
    }
    let open = Forms { links: vec![LinkForm { http: true, ..forms().links[0].clone() }], ..Forms::default() };
    assert!(open.recognise(&good.replace("https", "http")).is_ok());
}

#[test]
fn moscows_code_says_until_when_it_claims_to_be_valid() {
    let forms = forms();
    let presented = forms.recognise("1104 t123 mo11 k123").unwrap();
    assert_eq!((presented.format, presented.normal.as_str()), (Format::Code, "moscow:1104T123MO11K123"));
    assert_eq!((presented.claims_until, presented.bits), (Some((11, 4)), 62));
    // As it is read out, printed, or typed with the other layout on.
    for same in ["1104-T123-МО11-К123", "1104–Т123–МО11–К123", " 1104T123MO11K123\n", "11O4T123MO11K123"] {
        let expected = if same.contains("11O4") { wrong(CodeFault::Claim) } else { Ok(presented.normal.clone()) };
        assert_eq!(forms.recognise(same).map(|presented| presented.normal), expected, "{same}");
    }
    assert_eq!(normal("3104T123MO11K123"), wrong(CodeFault::Claim), "April has no 31st");
    assert_eq!(normal("0013T123MO11K123"), wrong(CodeFault::Claim));
    assert_eq!(normal("2902T123MO11K123").as_deref(), Ok("moscow:2902T123MO11K123"));
    assert_eq!(normal("1104T123MO11K12"), wrong(CodeFault::Length));
    assert_eq!(normal("1104T123MO11K12Ж"), wrong(CodeFault::Alphabet));
    assert_eq!(normal("Жук!"), Err(Error::NotAPass));
    assert_eq!(normal(""), Err(Error::NotAPass));
    assert_eq!(normal("—"), Err(Error::NotAPass));
}

#[test]
fn codes_of_messages_hold_with_their_check_digit_or_without_one() {
    assert_eq!(normal("1234 5674").as_deref(), Ok("sms:12345674"));
    assert_eq!(normal("l234-S674").as_deref(), Ok("sms:12345674"), "l for 1, S for 5");
    assert_eq!(normal("1234 5675"), wrong(CodeFault::Check));
    assert_eq!(normal("2134 5674"), wrong(CodeFault::Check), "two digits in each other's place");
    assert_eq!(normal("1234 567"), wrong(CodeFault::Length));
    // Letters that look alike are the alphabet's own: Latin A for А, but never 3 for З when both are in it.
    assert_eq!(normal("A3З-ktx").as_deref(), Ok("tatarstan:А3ЗКТХ"));
    assert_eq!(normal("O12345").as_deref(), Ok("tatarstan:012345"), "there is no О in it");
    // More than the digits: every letter counts as its place, and a letter doubled beyond the alphabet is folded.
    let latin =
        CodeForm { name: "l".into(), alphabet: LATIN.into(), length: 5, check: Check::Luhn, claims: Claims::None };
    let read = |form: &CodeForm, text: &str| {
        Forms { codes: vec![form.clone()], ..Forms::default() }.recognise(text).map(|presented| presented.normal)
    };
    let good: Vec<char> = LATIN.chars().filter(|last| read(&latin, &format!("AB1Z{last}")).is_ok()).collect();
    assert_eq!(good.len(), 1, "one check character for every code");
    let mod97 = CodeForm { length: 6, check: Check::Mod97, ..latin };
    // 10 11 1 2 and two digits: 10111200 mod 97 = 17, so 98 - 17 = 81.
    assert_eq!(read(&mod97, "AB1281").as_deref(), Ok("l:AB1281"));
    assert_eq!(read(&mod97, "AB1285"), wrong(CodeFault::Check));
    assert_eq!(read(&mod97, "BA1281"), wrong(CodeFault::Check));
}

#[test]
fn numbers_of_cards_are_known_by_their_length() {
    assert_eq!(normal("0964 330 781").as_deref(), Ok("troika:0964330781"));
    assert_eq!(normal("03123456789").as_deref(), Ok("strelka:03123456789"));
    assert_eq!(normal("9643 9012 3456 7890 124"), wrong(CodeFault::Check));
    assert_eq!(forms().recognise("0964330781").unwrap().format, Format::Card);
    assert_eq!(forms().recognise("0964330781").unwrap().bits, 33);
}

#[test]
fn forms_that_make_no_sense_are_not_published() {
    let fault = |change: &dyn Fn(&mut Forms)| {
        let mut forms = forms();
        change(&mut forms);
        forms.check().map_err(|bad| bad.fault)
    };
    assert_eq!(fault(&|it| it.links[0].name = "GU".into()), Err(FormFault::Name));
    assert_eq!(fault(&|it| it.links[1].name = "gu-vaccine".into()), Err(FormFault::Twice));
    assert_eq!(fault(&|it| it.cards[0].name = "sms".into()), Err(FormFault::Twice));
    for host in
        ["", "localhost", "www.gosuslugi.ru.", "WWW.gosuslugi.ru", "www.gosuslugi.ru:443", "a@b.ru", "xn--e1a.ru"]
    {
        assert_eq!(fault(&|it| it.links[0].host = host.into()), Err(FormFault::Host), "{host}");
    }
    for path in ["", "cert/", "/cert", "/a/../b/", "/a?b/", "/%2e/", "//", "/сертификат/"] {
        assert_eq!(fault(&|it| it.links[0].path = path.into()), Err(FormFault::Path), "{path}");
    }
    assert_eq!(fault(&|it| it.links[0].id = IdShape::Digits { n: 0 }), Err(FormFault::Id));
    assert_eq!(fault(&|it| it.links[0].id = IdShape::Token { min: 5, max: 4 }), Err(FormFault::Id));
    let two = FormFault::Ambiguous("gu-verify".into());
    assert_eq!(fault(&|it| it.links[2].path = "/covid-cert/verify/".into()), Err(two));
    for alphabet in ["0123", "00123456789", "0123456789abc", "0123456789-"] {
        assert_eq!(fault(&|it| it.codes[0].alphabet = alphabet.into()), Err(FormFault::Alphabet), "{alphabet}");
    }
    assert_eq!(fault(&|it| it.codes[0].length = 3), Err(FormFault::Length));
    assert_eq!(fault(&|it| it.codes[0].length = 33), Err(FormFault::Length));
    assert_eq!(fault(&|it| it.codes[2].check = Check::Mod97), Err(FormFault::Check));
    assert_eq!(fault(&|it| it.codes[0].alphabet = "ABCDEFGHIJKLM".into()), Err(FormFault::Claims));
    assert_eq!(fault(&|it| it.codes[0].length = 8), Err(FormFault::Ambiguous("moscow".into())));
    assert_eq!(fault(&|it| it.cards[0].digits = (12, 10)), Err(FormFault::Length));
    assert_eq!(fault(&|it| it.cards = vec![it.cards[0].clone(); 65]), Err(FormFault::Twice));
}

#[test]
fn forms_travel_as_they_are() {
    let forms = forms();
    let bytes = minicbor::to_vec(&forms).unwrap();
    assert_eq!(minicbor::decode::<Forms>(&bytes).unwrap(), forms);
    let json = serde_json::to_string(&forms).unwrap();
    assert_eq!(serde_json::from_str::<Forms>(&json).unwrap(), forms);
    assert!(Forms::default().is_empty() && !forms.is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_the_recogniser_panic_and_what_it_knows_stays_the_same(text in any::<String>()) {
        settled(&text);
    }

    #[test]
    fn what_is_typed_is_known_however_it_is_written(
        text in "[0-9A-Za-zА-Яа-яЁё \\-–.]{0,24}|https?://[a-z./:@\\\\-]{0,40}|https://disk.yandex.ru/i/[0-9A-Za-z_/?#%-]{0,40}"
    ) {
        settled(&text);
    }
}

/// What is recognised has one form: written so, it is the same again.
fn settled(text: &str) {
    let forms = forms();
    let Ok(presented) = forms.recognise(text) else { return };
    let (name, id) = presented.normal.split_once(':').unwrap();
    assert_eq!(name, presented.form);
    if presented.format != Format::Link {
        assert_eq!(forms.recognise(id).as_ref(), Ok(&presented));
        assert_eq!(forms.recognise(&id.to_lowercase()).as_ref(), Ok(&presented));
    }
}
