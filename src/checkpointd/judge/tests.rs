mod policy;

use verdict::Reason;

use super::*;
use crate::desk::{BEGIN, Desk, now};

const SMS: &str = include_str!("../../../simulator/regions/sms.toml");
const KONAKOVO: &str = include_str!("../../../simulator/regions/konakovo.toml");

/// A spreadsheet as a web form exports it; the first code has the check digit of `sms-0250`.
const ROWS: &str = "Тип;Код пропуска;Вид пропуска;Действует с;Действует по;Карантин;Примечание\r\n\
                    код;4711 0812;one-time;01.05.2020;31.05.2020;;\r\n\
                    код;ABCE HKMP 0001;shop;01.05.2020;31.05.2020;;\r\n\
                    госномер;К777КК69;;01.05.2020;14.05.2020;да;\r\n";

fn around<'a>(release: &'a Release, books: &'a Books, at: i64) -> Circumstances<'a> {
    Circumstances { books: Some(books), ..Circumstances::new(Some(release), now(at)) }
}

#[test]
fn a_short_code_is_found_however_it_is_typed_and_a_wrong_one_says_how() {
    let (desk, books) = Desk::with_register(SMS, ROWS);
    let release = desk.release();
    let at = BEGIN + 60;
    let said = |text: &str| judge(text, around(&release, &books, at));
    for text in ["47110812", "4711-0812", " 4711 O812 "] {
        let judgement = said(text);
        let document = judgement.document.unwrap_or_else(|| panic!("{text}: {:?}", judgement.rejection));
        assert_eq!((document.format, document.kind.number(), document.issuer.as_str()), (Format::Code, 4, "RU-TVE"));
        assert_eq!(judgement.verdict.reasons, [Reason::CompareDocument], "{text}");
    }
    assert_eq!(said("abce-hkmp-0001").document.unwrap().kind.number(), 41);
    for (text, reason) in [
        ("47110811", Reason::WrongCode),
        ("4711081", Reason::WrongCode),
        ("12345674", Reason::NotRegistered),
        ("hello, world", Reason::NotAPass),
    ] {
        assert_eq!(said(text).verdict.reasons.first(), Some(&reason), "{text}");
    }
    // A list that is a day old says so: a newer one may hold it.
    let old = judge("12345674", around(&release, &books, BEGIN + 86_400));
    assert_eq!(old.verdict.reasons.first(), Some(&Reason::NotRegisteredOldList));
    // After its last day it is found, and has ended.
    let ended = judge("47110812", around(&release, &books, BEGIN + 40 * 86_400));
    assert!(ended.verdict.reasons.contains(&Reason::Expired));
}

#[test]
fn without_a_register_or_its_pepper_nobody_is_refused_for_it() {
    let (desk, books) = Desk::with_register(SMS, ROWS);
    let release = desk.release();
    let none = Books { register: Some(Lookup::open(std::path::Path::new("/nowhere"), desk.region.id())), ..books };
    let said = judge("47110812", around(&release, &none, BEGIN));
    assert_eq!((said.rejection, said.verdict.outcome), (Some(pass::Error::RegisterMissing), Outcome::Check));
    // HQ's next pepper counts at once; under a wrong one nothing is found.
    none.register.as_ref().unwrap().take(desk.region.pepper().unwrap());
    assert!(judge("47110812", around(&release, &none, BEGIN)).document.is_some());
    let other = trust::register::Pepper::new(zeroize::Zeroizing::new(std::array::from_fn(|at| at as u8)));
    none.register.as_ref().unwrap().take(other);
    assert!(judge("47110812", around(&release, &none, BEGIN)).document.is_none());
}

#[test]
fn tries_are_limited_for_short_codes_and_for_nothing_else() {
    let (mut desk, books) = Desk::with_register(SMS, ROWS);
    desk.kind = 4;
    let release = desk.release();
    let books = Books { attempts: Some(Attempts::new(Duration::ZERO)), ..books };
    let around = |at| Circumstances { mono: Duration::from_secs(3600), ..around(&release, &books, at) };
    let said = |text: &str| judge(text, around(BEGIN)).verdict.reasons[0];
    for code in ["12345674", "00000000", "00000018", "00000026", "00000034"] {
        assert_eq!(said(code), Reason::NotRegistered, "{code}");
    }
    assert_eq!(said("00000042"), Reason::TooManyAttempts);
    assert_eq!(said("47110812"), Reason::TooManyAttempts, "also what would be right: nobody learns which it is");
    let pass = desk.issue(&[]);
    let signed = judge(&pass.text, around(BEGIN));
    assert_ne!(signed.verdict.reasons.first(), Some(&Reason::TooManyAttempts));
    assert!(signed.document.is_some());
}

#[test]
fn a_plate_of_the_quarantine_is_an_alert_whatever_pass_comes_with_it_and_while_it_counts() {
    let (mut desk, books) = Desk::with_register(SMS, ROWS);
    desk.kind = 4;
    let release = desk.release();
    let pass = desk.issue(&["К777КК69"]);
    let alerts = |text: &str, plate: &str, at: i64| {
        let plate = plate::Reading::new(plate);
        let around = Circumstances { plate: Some(&plate), ..around(&release, &books, at) };
        judge(text, around).verdict.reasons.contains(&Reason::RegisterAlert)
    };
    assert!(alerts(&pass.text, "К777КК69", BEGIN + 60) && alerts("47110812", "к777кк 69", BEGIN + 60));
    assert!(!alerts(&pass.text, "К778КК69", BEGIN + 60));
    assert!(!alerts(&pass.text, "К777КК69", BEGIN + 20 * 86_400), "the quarantine is over");
    // Without a pass the plate is asked for as well.
    let plate = plate::Reading::new("К777КК69");
    let alone = judge_plate(&plate, around(&release, &books, BEGIN + 60));
    assert!(alone.verdict.reasons.contains(&Reason::RegisterAlert));
    let unknown = judge_plate(&plate::Reading::new("А001АА69"), around(&release, &books, BEGIN + 60));
    assert_eq!(unknown.rejection, Some(pass::Error::NotRegistered));
}

#[test]
fn a_link_is_looked_up_with_what_the_officer_compares_and_never_opened() {
    let link = konakovo_link();
    let rows = format!("link;kind;valid_from;valid_to;holder;plate\n{link};work;2020-05-01;2020-05-31;И.;?123??69\n");
    let (desk, books) = Desk::with_register(KONAKOVO, &rows);
    let release = desk.release();
    let said = judge(&link, around(&release, &books, BEGIN + 60));
    let document = said.document.unwrap_or_else(|| panic!("{:?}", said.rejection));
    assert_eq!((document.format, document.holder.as_deref()), (Format::Link, Some("И.")));
    assert_eq!(document.plates[0].as_str(), "?123??69");
    assert_eq!(said.verdict.outcome, Outcome::Check);
    let elsewhere = judge(&link.replacen("https://", "https://x", 1), around(&release, &books, BEGIN + 60));
    assert_eq!(elsewhere.verdict.reasons.first(), Some(&Reason::UnknownLink));
}

/// A link of the policy's first form, with an id of 128 bits.
fn konakovo_link() -> String {
    let policy: toml::Table = KONAKOVO.parse().unwrap();
    let form = &policy["link"].as_array().unwrap()[0];
    let text = |name: &str| form[name].as_str().unwrap().to_owned();
    format!("https://{}{}dQw4w9WgXcQZfaK7M2uxB1", text("host"), text("path"))
}
