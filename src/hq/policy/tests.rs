use verdict::{Freshness as Bounds, Knowledge};

use super::*;

fn refused(change: impl Fn(&str) -> String) -> String {
    let changed = change(DEFAULT);
    assert_ne!(changed, DEFAULT, "the test changes nothing");
    told(Rules::parse(&changed, 69).unwrap_err())
}

fn told(faults: Vec<Finding<Fault>>) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_default_names_the_kinds_of_2020_and_the_certificates() {
    let rules = Rules::parse(DEFAULT, 69).unwrap();
    for (code, number) in [("work", 1), ("family", 2), ("medical", 3), ("one-time", 4), ("official", 5)] {
        assert_eq!(rules.kind(code).unwrap(), number);
        assert_eq!(rules.kind(&number.to_string()).unwrap(), number);
        assert_eq!(rules.code(number), code);
        assert!(rules.ends(number, 0).is_some_and(|ends| ends > 0));
    }
    for kind in [pass::Kind::VACCINATION, pass::Kind::TEST, pass::Kind::RECOVERY] {
        assert!(rules.policy.rule(kind).is_some_and(|rule| rule.compare_document));
    }
    assert!(matches!(rules.kind("holiday"), Err(Error::UnknownKind(_))));
    assert_eq!(rules.policy.territory, 69);
}

#[test]
fn a_key_nobody_knows_is_refused_with_its_line() {
    let error = refused(|text| text.replace("compare_document = false\nvalid_for = \"14d\"", "colour = 1"));
    assert!(error.contains("colour") && error.contains("line"), "{error}");
    let error = refused(|text| text.replace("plate = \"required\"", "plate = \"always\""));
    assert!(error.contains("always") && error.contains("line"), "{error}");
    let error = refused(|text| text.replace("fresh_for = \"24h\"", "fresh_for = \"soon\""));
    assert!(error.contains("soon") && error.contains("line"), "{error}");
}

#[test]
fn a_part_may_have_bounds_of_its_own() {
    let file = |more: &str| DEFAULT.replace("old_after = \"7d\"\n", &format!("old_after = \"7d\"\n{more}\n"));
    let parse = |more: &str| Rules::parse(&file(more), 69).map(|rules| rules.policy);
    let policy = parse("[freshness.status]\nold_after = \"2d\"\n[freshness.keys]\nfresh_for = \"7d\"").unwrap();
    let (day, status, keys) = (86_400, Knowledge::Status, Knowledge::Keys);
    assert_eq!(
        policy.freshness,
        [
            Bounds { part: keys, fresh_for: 7 * day, old_after: 7 * day },
            Bounds { part: status, fresh_for: day, old_after: 2 * day },
        ]
    );
    assert_eq!(policy.grade(status, 2 * day + 1), verdict::Grade::Old);
    assert_eq!(policy.grade(Knowledge::Ids, 2 * day + 1), verdict::Grade::Stale);
    assert_eq!(policy.grade(keys, 7 * day), verdict::Grade::Fresh);
    for (more, names) in [
        ("[freshness.weather]\nold_after = \"2d\"", "weather"),
        ("[freshness.status]\nold_after = \"1h\"", "freshness.status.old_after"),
        ("[freshness.status]\ncolour = 1", "colour"),
        ("status = \"2d\"", "status"),
    ] {
        let error = told(parse(more).unwrap_err());
        assert!(error.contains(names), "{error}");
    }
    // What boxes of before read is what is still written when nothing is said of parts.
    assert!(parse("").unwrap().freshness.is_empty());
}

#[test]
fn rules_that_contradict_each_other_are_refused() {
    assert!(refused(|text| text.replace("number = 2\n", "number = 1\n")).contains("twice"));
    assert!(refused(|text| text.replace("\"family\"", "\"work\"")).contains("twice"));
    assert!(refused(|text| text.replace("\"family\"", "\"Семья\"")).contains("code"));
    assert!(refused(|text| text.replace("\"family\"", "\"7\"")).contains("number"));
    assert!(refused(|text| text.replace("\"HC1\"", "\"HC2\"")).contains("HC2"));
    assert!(refused(|text| text.replace("\"7d\"", "\"1h\"")).contains("old_after"));
    assert!(refused(|text| text.replace("\"90d\"", "\"401d\"")).contains("400 days"));
    assert!(refused(|text| text.replace("\"Рабочий\"", "\"\"")).contains("name"));
}

/// One policy for each system of 2020 and 2021, in the simulator's folder: each is sound, and says what its table says.
mod regions {
    use pass::registered::{Claims, IdShape};
    use verdict::{KindRule, Limits, Policy};

    use super::*;

    /// Each with the risks that it takes knowingly.
    const REGIONS: [(&str, &[&str]); 13] = [
        ("certificates", &[]),
        ("federal", &[]),
        ("komi", &["plate-alone"]),
        ("konakovo", &[]),
        ("krasnoyarsk", &[]),
        ("moscow", &[]),
        ("nizhny", &[]),
        ("oblast", &[]),
        ("quarantine", &[]),
        ("samara", &[]),
        ("sms", &[]),
        ("tula", &[]),
        ("ugra", &[]),
    ];

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../simulator/regions")
    }

    fn rules(name: &str) -> Rules {
        let text = std::fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap();
        Rules::parse(&text, 69).unwrap_or_else(|faults| panic!("{name}: {}", told(faults)))
    }

    fn policy(name: &str) -> Policy {
        rules(name).policy
    }

    fn kind(name: &str, code: &str) -> KindRule {
        let rules = rules(name);
        rules.policy.rule(pass::Kind(rules.kind(code).unwrap())).unwrap().clone()
    }

    #[test]
    fn every_one_is_sound_and_takes_no_risk_it_does_not_name() {
        let there = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut there: Vec<String> = there.map(|name| name.into_string().unwrap()).collect();
        there.sort();
        assert_eq!(there, REGIONS.map(|(name, _)| format!("{name}.toml")));
        for (name, expected) in REGIONS {
            let text = std::fs::read_to_string(folder().join(format!("{name}.toml"))).unwrap();
            let risks = rules(name).risks(&text);
            let told: Vec<String> = risks.iter().map(ToString::to_string).collect();
            assert_eq!(risks.iter().map(|risk| risk.what.code()).collect::<Vec<_>>(), expected, "{name}: {told:?}");
            // A box that has never seen such keys reads it all the same.
            let bytes = wire::encode(&policy(name));
            assert_eq!(minicbor::decode::<Policy>(&bytes).unwrap(), policy(name), "{name}");
            assert!(bytes.len() < 8192, "{name} has {} bytes", bytes.len());
        }
    }

    #[test]
    fn each_says_what_its_system_is() {
        let twice_a_week = Limits { trips: Some(2), days: Some(7), ..Limits::default() };
        let april = Some(1_588_280_399);
        assert_eq!(kind("federal", "one-time").limits, Some(Limits { trips: Some(1), ..Limits::default() }));
        assert_eq!(policy("federal").forms.cards.len(), 2);
        assert_eq!((kind("moscow", "personal").limits, kind("moscow", "work").ends), (Some(twice_a_week), april));
        let code = &policy("moscow").forms.codes[0];
        assert_eq!((code.length, code.claims), (16, Claims::ExpiryDdMm));
        assert_eq!(policy("oblast").forms, policy("moscow").forms);
        let by_moscow = kind("oblast", "work").condition.unwrap();
        assert!(by_moscow.contains("RU-MOW") && by_moscow.contains("RU-MOS"));
        assert!(policy("sms").attempts.is_some() && policy("sms").forms.codes.len() == 2);
        let exits = Limits { per_day: Some(2), minutes: Some(60), ..Limits::default() };
        assert_eq!(kind("samara", "exit").limits, Some(exits));
        let konakovo = policy("konakovo");
        assert!(konakovo.kinds.len() == 4 && konakovo.kinds.iter().all(|rule| rule.best_is_check));
        assert_eq!(kind("konakovo", "family").ends, april);
        let once = Limits { trips: Some(1), days: Some(14), ..Limits::default() };
        assert_eq!(kind("konakovo", "other").limits, Some(once));
        let named: Vec<&str> = konakovo.exemptions.iter().map(|exemption| exemption.code.as_str()).collect();
        assert!(named.contains(&"resident") && named.contains(&"service-id"));
        assert_eq!(policy("tula").arrivals.unwrap().days, 14);
        let lengths = ["errand", "shop", "walk"].map(|code| {
            let rules = rules("nizhny");
            rules.ends(rules.kind(code).unwrap(), 0).unwrap() / 60
        });
        assert_eq!(lengths, [180, 60, 30]);
        let trips: Vec<Option<u64>> = policy("nizhny").trips.iter().map(|trip| trip.minutes).collect();
        assert_eq!(trips, [Some(180), Some(60), Some(30)]);
        assert_eq!(kind("komi", "organisation").plate, verdict::PlateRule::Required);
        assert!(policy("quarantine").plates.iter().all(|device| !device.may_agree));
        let certificates = policy("certificates");
        assert!([1001, 1002, 1003].map(|kind| certificates.accepted_by(pass::Kind(kind))).iter().all(Option::is_some));
        let shapes: Vec<IdShape> = certificates.forms.links.iter().map(|link| link.id).collect();
        assert_eq!(shapes, [IdShape::Uuid, IdShape::Digits { n: 16 }, IdShape::Uuid]);
    }
}
