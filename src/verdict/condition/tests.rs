use super::*;

/// A work pass of Tver at noon of a Wednesday, in a car of Moscow.
fn subject() -> Subject<'static> {
    Subject {
        kind: 1,
        format: "MP1",
        issuer: "RU-TVE",
        route: "M10",
        regions: &[69, 77],
        binds_plate: true,
        hours_left: Some(5),
        local: Some((12, 30, 3)),
        plate: Some(("A123BC77", Some("77"))),
        by_feed: false,
        direction: Some("in"),
    }
}

fn asked(text: &str, subject: &Subject<'_>) -> Condition {
    Expected::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).of(subject)
}

#[test]
fn every_variable_can_be_asked_for() {
    for text in [
        "kind == 1",
        "format == 'MP1'",
        "issuer.startsWith('RU-')",
        "route == \"M10\"",
        "77 in regions && size(regions) == 2",
        "binds_plate",
        "hours_left <= 5",
        "hour >= 6 && hour < 22",
        "minute == 30",
        "weekday in [1, 2, 3, 4, 5]",
        "plate == 'A123BC77'",
        "plate_region in ['77', '97', '177']",
        "plate_source == 'officer'",
        "direction == 'in' ? hour < 20 : true",
        "!(kind in [2, 3]) || weekday > 5",
    ] {
        assert_eq!(asked(text, &subject()), Condition::Holds, "{text}");
        assert_eq!(asked(&format!("!({text})"), &subject()), Condition::Fails, "{text}");
    }
    for (name, _) in VARIABLES {
        assert!(Expected::parse(&format!("{name} == {name}")).is_ok(), "{name}");
    }
}

#[test]
fn what_is_not_known_makes_it_unknown_only_where_it_matters() {
    let nothing = Subject { kind: 1, ..Subject::default() };
    for text in ["hour < 6", "plate_region == '69'", "direction == 'in'", "hours_left > 3", "weekday > 5 && kind == 1"]
    {
        assert_eq!(asked(text, &nothing), Condition::Unknown, "{text}");
    }
    assert_eq!(asked("kind == 1 || hour < 6", &nothing), Condition::Holds);
    assert_eq!(asked("hour < 6 || kind == 1", &nothing), Condition::Holds);
    assert_eq!(asked("hour < 6 && kind == 2", &nothing), Condition::Fails);
}

#[test]
fn what_repeats_grows_or_is_not_known_is_not_taken() {
    let refused = |text: &str| Expected::parse(text).unwrap_err();
    for text in [
        "[1, 2].all(x, x > 0)",
        "regions.exists(r, r == 69)",
        "[1].map(x, x) == [1]",
        "regions.filter(r, true) == []",
        "plate.matches('.*')",
        "string(kind) == '1'",
        "{'a': 1} == {}",
        "b'1' == b'1'",
        "plate.contains('A')",
        "regions[0] == 69",
        "duration('1h') > duration('1m')",
    ] {
        assert!(
            matches!(refused(text), BadCondition::Operation(_) | BadCondition::Variable(_)),
            "{text}: {:?}",
            refused(text)
        );
    }
    assert!(matches!(refused("colour == 'red'"), BadCondition::Variable(name) if name == "colour"));
    assert!(matches!(refused("kind.number == 1"), BadCondition::Variable(_)));
    assert!(matches!(refused("kind + 1"), BadCondition::NoAnswer(_)));
    assert!(matches!(refused("kind == "), BadCondition::Syntax(_)));
    assert!(matches!(refused(""), BadCondition::Syntax(_)));
    assert!(matches!(refused("hour < '6'"), BadCondition::NoAnswer(_)));
}

#[test]
fn a_hostile_text_is_told_from_a_condition_at_once() {
    let brackets = |count: usize| format!("{}kind == 1{}", "(".repeat(count), ")".repeat(count));
    assert!(Expected::parse(&brackets(10)).is_ok());
    // The parser takes two of them for none.
    assert_eq!(asked(&("!".repeat(501) + "true"), &subject()), Condition::Fails);
    for text in [
        brackets(20),
        brackets(250),
        "(".repeat(512),
        "[".repeat(512),
        "-".repeat(500) + "1",
        "a.".repeat(255) + "a",
        "true?".repeat(100) + "true",
        format!("'{}' == ''", "x".repeat(600)),
        "kind<1||".repeat(63) + "true",
        format!("[{}] == []", "1,".repeat(240)),
        "\u{0}\u{1}\u{feff}'\u{301}\\".to_owned(),
    ] {
        assert!(Expected::parse(&text).is_err(), "{text}");
    }
}

/// Every step is a part, and a part is a character at least: what is taken cannot run long. Measured is what CEL could
/// do worst within these bounds, joining texts and lists.
#[test]
fn the_longest_that_is_taken_is_evaluated_in_as_many_steps_as_it_has_parts() {
    let joined = format!("size({}) > 0", ["plate"; 80].join("+"));
    assert_eq!(asked(&joined, &subject()), Condition::Holds);
    let listed = format!("size({}) > 0", ["regions"; 60].join("+"));
    assert_eq!(asked(&listed, &subject()), Condition::Holds);
    let compared = ["kind<2"; 49].join("&&");
    assert_eq!(asked(&compared, &subject()), Condition::Holds);
}

#[test]
fn conditions_travel_between_threads() {
    fn travels<T: Send + Sync>() {}
    travels::<Expected>();
}
