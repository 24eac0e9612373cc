use super::*;
use serde_json::json;

const DAY: i64 = 86_400;

fn rule(identifier: &str, version: &str, logic: &Json) -> Rule {
    Rule {
        identifier: identifier.into(),
        version: version.into(),
        country: "DE".into(),
        invalidates: false,
        kind: Some(Kind::VACCINATION.number()),
        valid_from: 0,
        valid_to: 10 * DAY,
        logic: logic.to_string(),
        texts: vec![],
        engine: Some("1.0.0".into()),
    }
}

const ASKED: Selection<'static> =
    Selection { country: "DE", issuer: "AT", kind: Kind::VACCINATION, at: DAY, issued: None, expires: None };

fn decided(rules: Vec<Rule>, asked: Selection<'_>) -> Decision {
    let mut countries: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
    for rule in rules {
        countries.entry(rule.country.clone()).or_default().push(rule);
    }
    let countries = countries.into_iter().map(|(country, rules)| (country, Country::new(rules))).collect();
    decide(&countries, &json!({"vaccines": ["EU/1/20/1528"]}), asked, &json!({"v": [{"mp": "EU/1/20/1528", "dn": 2}]}))
}

fn refused(identifier: &str) -> Decision {
    Decision::Refused(identifier.into())
}

#[test]
fn every_rule_must_hold_and_one_that_is_broken_weighs_more_than_one_that_is_open() {
    let (holds, breaks, open) = (json!(true), json!(false), json!({"+": ["a", 1]}));
    assert_eq!(decided(vec![rule("VR-DE-0001", "1.0.0", &holds)], ASKED), Decision::Accepted);
    let mixed = vec![
        rule("VR-DE-0001", "1.0.0", &holds),
        rule("VR-DE-0002", "1.0.0", &open),
        rule("VR-DE-0003", "1.0.0", &breaks),
    ];
    assert_eq!(decided(mixed.clone(), ASKED), refused("VR-DE-0003"));
    assert_eq!(decided(mixed[..2].to_vec(), ASKED), Decision::Open(Some("VR-DE-0002".into())));
}

#[test]
fn of_one_rule_the_highest_version_counts_that_is_valid_and_that_this_engine_knows() {
    let (holds, breaks) = (json!(true), json!(false));
    let old = rule("VR-DE-0001", "1.9.9", &holds);
    let mut new = rule("VR-DE-0001", "1.10.0", &breaks);
    assert_eq!(decided(vec![new.clone(), old.clone()], ASKED), refused("VR-DE-0001"));
    assert_eq!(decided(vec![old.clone(), new.clone()], ASKED), refused("VR-DE-0001"));
    new.valid_from = DAY + 1;
    assert_eq!(decided(vec![old.clone(), new.clone()], ASKED), Decision::Accepted);
    (new.valid_from, new.valid_to) = (0, DAY - 1);
    assert_eq!(decided(vec![old.clone(), new.clone()], ASKED), Decision::Accepted);
    (new.valid_to, new.engine) = (DAY, Some("1.3.4".into()));
    assert_eq!(decided(vec![old.clone(), new.clone()], ASKED), Decision::Accepted);
    new.engine = Some("1.3.3".into());
    assert_eq!(decided(vec![old, new], ASKED), refused("VR-DE-0001"));
}

#[test]
fn a_rule_counts_for_its_country_and_its_kind_and_a_general_one_for_every_kind() {
    let breaks = json!(false);
    let mut general = rule("GR-DE-0001", "1.0.0", &json!(true));
    general.kind = None;
    let other_kind = Rule { kind: Some(Kind::TEST.number()), ..rule("TR-DE-0001", "1.0.0", &breaks) };
    let other_country = Rule { country: "FR".into(), ..rule("VR-FR-0001", "1.0.0", &breaks) };
    let rules = vec![general, other_kind, other_country];
    assert_eq!(decided(rules.clone(), ASKED), Decision::Accepted);
    assert_eq!(decided(rules.clone(), Selection { kind: Kind::TEST, ..ASKED }), refused("TR-DE-0001"));
    assert_eq!(decided(rules.clone(), Selection { country: "FR", ..ASKED }), refused("VR-FR-0001"));
    // Nobody has said that anything is accepted.
    assert_eq!(decided(rules, Selection { country: "FR", kind: Kind::TEST, ..ASKED }), Decision::Open(None));
    assert_eq!(decided(vec![], ASKED), Decision::Open(None));
}

#[test]
fn a_country_may_take_back_what_it_has_issued_wherever_it_is_shown() {
    let accepts = rule("VR-DE-0001", "1.0.0", &json!(true));
    let takes_back = Rule { country: "AT".into(), invalidates: true, ..rule("IR-AT-0001", "1.0.0", &json!(false)) };
    let rules = vec![accepts, takes_back];
    assert_eq!(decided(rules.clone(), ASKED), refused("IR-AT-0001"));
    assert_eq!(decided(rules, Selection { issuer: "FR", ..ASKED }), Decision::Accepted);
}

#[test]
fn a_rule_sees_the_certificate_the_value_sets_the_clock_and_the_countries() {
    for logic in [
        json!({"in": [{"var": "payload.v.0.mp"}, {"var": "external.valueSets.vaccines"}]}),
        json!({"===": [{"var": "external.countryCode"}, "DE"]}),
        json!({"===": [{"var": "external.issuerCountryCode"}, "AT"]}),
        json!({"===": [{"var": "external.validationClock"}, "1970-01-02T00:00:00Z"]}),
        json!({"!": [{"var": "external.exp"}]}),
    ] {
        assert_eq!(decided(vec![rule("VR-DE-0001", "1.0.0", &logic)], ASKED), Decision::Accepted, "{logic}");
    }
}

#[test]
fn a_rule_that_cannot_be_read_is_open_and_hides_no_other() {
    let mut spoilt = rule("VR-DE-0001", "1.0.0", &json!(true));
    spoilt.logic = r#"{"sooner": [1, 2]}"#.into();
    assert_eq!(decided(vec![spoilt.clone()], ASKED), Decision::Open(Some("VR-DE-0001".into())));
    assert_eq!(decided(vec![spoilt, rule("VR-DE-0002", "1.0.0", &json!(false))], ASKED), refused("VR-DE-0002"));
}

#[test]
fn versions_are_three_numbers() {
    assert_eq!(Version::parse("1.10.3"), Some(Version(1, 10, 3)));
    for text in ["", "1", "1.0", "1.0.0.0", "1..0", "1.0.+1", "1.0.99999999999", "a.b.c"] {
        assert_eq!(Version::parse(text), None, "{text}");
    }
    assert!(Version(1, 9, 9) < Version(1, 10, 0));
}
