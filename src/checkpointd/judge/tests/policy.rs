//! Policy beyond its table, from HQ's file to the verdict: conditions, and the rules of countries.

use std::path::Path;

use hq::import::{Consent, Rules};
use serde_json::{Value, json};
use verdict::Reason;

use super::super::*;
use crate::desk::{BEGIN, Desk, PLATE, now};

/// What HQ says of work passes beside the rest.
fn publish(desk: &mut Desk, more: &str) {
    let path = desk.region.folder().join("policy.toml");
    let policy = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, policy.replacen("valid_for = \"30d\"", &format!("{more}\nvalid_for = \"30d\""), 1)).unwrap();
    desk.publish(BEGIN + 60);
}

#[test]
fn a_condition_is_asked_here_and_now_and_what_is_not_known_is_checked() {
    let mut desk = Desk::open();
    let pass = desk.issue(&[PLATE]);
    // Noon in UTC is three in the afternoon there, on a Friday.
    publish(&mut desk, "condition = \"hour == 15 && weekday == 5 && plate_region == '77'\"");
    let release = desk.release();
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(3));
    let books = Books { uses: Some(Uses::new(release.region(), &zone)), ..Books::default() };
    let reasons = |plate: Option<&str>, at: i64, books: Option<&Books>| {
        let plate = plate.map(plate::Reading::new);
        let around = Circumstances { plate: plate.as_ref(), books, ..Circumstances::new(Some(&release), now(at)) };
        judge(&pass.text, around).verdict.reasons
    };
    assert_eq!(reasons(Some(PLATE), BEGIN + 60, Some(&books)), []);
    assert_eq!(reasons(Some(PLATE), BEGIN + 3660, Some(&books)), [Reason::ConditionFails]);
    assert_eq!(reasons(Some("A123BC99"), BEGIN + 60, Some(&books)), [Reason::WrongPlate, Reason::ConditionFails]);
    assert_eq!(reasons(None, BEGIN + 60, Some(&books)), [Reason::ConditionUnknown, Reason::ComparePlate]);
    // A box that does not know the region's time cannot tell either.
    assert_eq!(reasons(Some(PLATE), BEGIN + 60, None), [Reason::ConditionUnknown]);
}

/// Germany's rules as they were published, and what its own tests say of certificates.
#[test]
fn a_country_s_published_rules_are_adopted_unchanged() {
    let mut desk = Desk::open();
    let path = desk.region.folder().join("policy.toml");
    let policy = std::fs::read_to_string(&path).unwrap();
    let accepted = "[[acceptance]]\ncountry = \"DE\"\nkinds = [\"recovery\", \"test\"]\n";
    std::fs::write(&path, format!("{policy}\n{accepted}")).unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dcc-business-rules");
    let rules = Rules { path: data.clone(), ..Rules::default() }.read("rules", Some(BEGIN), BEGIN).unwrap();
    let consent = Consent { apply: true, ..Consent::default() };
    desk.region.import(&rules, consent, "test", BEGIN).unwrap();
    desk.publish(BEGIN + 60);
    let release = desk.release();
    let mut document = Document { format: Format::Hc1, issuer: "DE".to_owned(), kind: Kind::RECOVERY, ..nothing() };
    let mut ran = [0; 2];
    for rule in ["RR-DE-0001", "RR-DE-0002"] {
        for number in 1..=5 {
            let test = data.join(format!("DE/{rule}/tests/test00{number}.json"));
            let test: Value = serde_json::from_slice(&std::fs::read(test).unwrap()).unwrap();
            let Some(clock) = test["external"]["validationClock"].as_str() else { continue };
            let at = clock.parse::<jiff::Timestamp>().unwrap().as_second();
            let said = release.accepts(&document, Some(&test["payload"]), at);
            let expected = test["expected"].as_bool().unwrap();
            assert_eq!(said == Acceptance::Accepted, expected, "{rule} {number}");
            assert_ne!(said, Acceptance::Open, "{rule} {number}");
            ran[usize::from(expected)] += 1;
        }
    }
    println!("vectors: dcc-business-rules (carried part): {} accepted, {} refused on a box", ran[1], ran[0]);
    assert!(ran[0] > 0 && ran[1] > 0);
    let at = 1_627_300_000;
    // Before its first rule counted nobody had said that anything is accepted.
    assert_eq!(release.accepts(&document, Some(&json!({})), BEGIN), Acceptance::Open);
    // They are written for the EU's certificates, and say nothing of others.
    document.format = Format::Shc;
    assert_eq!(release.accepts(&document, Some(&json!({})), at), Acceptance::Open);
    document.kind = Kind::VACCINATION;
    assert_eq!(release.accepts(&document, Some(&json!({})), at), Acceptance::NotAsked);
}

/// A document that says nothing.
fn nothing() -> Document {
    Document {
        format: Format::Code,
        issuer: String::new(),
        id: Vec::new(),
        kind: Kind(0),
        not_before: None,
        expires: None,
        issued: None,
        plates: Vec::new(),
        holder: None,
        birth: None,
        id_digits: None,
        cards: Vec::new(),
        regions: Vec::new(),
        limits: None,
        route: None,
        status: None,
        revocation: None,
    }
}
