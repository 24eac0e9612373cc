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
        let there = there.map(|name| name.into_string().unwrap());
        let mut there: Vec<String> = there.filter(|name| name.ends_with(".toml")).collect();
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

/// `docs/policy.md` explains every key in the words of the schema, and every variable of conditions.
/// `CHECKPOINT_BLESS=1` writes both tables anew.
#[test]
fn every_key_is_explained() {
    fn described(value: &serde_json::Value) -> String {
        let text = value["description"].as_str().unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
    }
    fn walk(root: &serde_json::Value, schema: &serde_json::Value, path: &str, lines: &mut Vec<String>) {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
        for (name, property) in schema["properties"].as_object().unwrap() {
            let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let told = described(property);
            assert!(!told.is_empty(), "{key} is not explained");
            let optional = if required.contains(&name.as_str()) { "" } else { "*optional* " };
            lines.push(format!("| `{key}` | {optional}{told} |"));
            // A block of its own: by reference, in an array, or instead of nothing.
            let alternatives = property["anyOf"].as_array().into_iter().flatten();
            let inner = [property, &property["items"]].into_iter().chain(alternatives);
            for reference in inner.filter_map(|inner| inner["$ref"].as_str()) {
                let block = root.pointer(reference.trim_start_matches('#')).unwrap();
                if block["properties"].is_object() {
                    walk(root, block, &key, lines);
                }
            }
        }
    }
    let schema = schema();
    let mut lines = vec!["| key | what it says |".to_owned(), "|---|---|".to_owned()];
    walk(&schema, &schema, "", &mut lines);
    for key in ["kind.limits.per_day", "arrivals.purpose.valid_for", "freshness.acceptance.old_after", "link.id"] {
        assert!(lines.iter().any(|line| line.contains(&format!("`{key}`"))), "{key}");
    }
    let variables = verdict::condition::VARIABLES.map(|(name, what)| format!("| `{name}` | {what} |"));
    let heads = ["| name | what it is |".to_owned(), "|---|---|".to_owned()];
    let variables: Vec<String> = heads.into_iter().chain(variables).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.md");
    let mut page = std::fs::read_to_string(&path).unwrap();
    for (name, lines) in [("keys", lines), ("variables", variables)] {
        let (begins, ends) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let (head, rest) = page.split_once(&begins).unwrap();
        let (table, tail) = rest.split_once(&ends).unwrap();
        let expected = lines.join("\n") + "\n";
        if std::env::var_os("CHECKPOINT_BLESS").is_some() {
            page = format!("{head}{begins}{expected}{ends}{tail}");
            std::fs::write(&path, &page).unwrap();
        } else {
            assert_eq!(table, expected, "CHECKPOINT_BLESS=1 writes it anew");
        }
    }
}

/// What is added to the default, the code of the fault, its key, and a word of what it says.
const FAULTS: &[(&str, &str, &str)] = &[
    ("[[kind]]\nnumber = 7", "syntax", ""),
    ("[[link]]\nname = 'a'\nhost = 'a.ru'\npath = '/'\nid = 'uuid'\nopen = true", "syntax", ""),
    ("[[link]]\nname = 'a'\nhost = 'A.ru:443'\npath = '/'\nid = 'uuid'", "form", "link[0]"),
    ("[[code]]\nname = 'a'\nalphabet = '0123456789'\nlength = 2", "form", "code[0]"),
    ("[[card]]\nname = 'a'\ndigits = [9, 8]", "form", "card[0]"),
    ("[attempts]\ntries = 0\nwithin = '5m'", "range", "attempts"),
    ("[[exemption]]\ncode = 'A'\nru = 'А'\nen = 'A'", "code", "exemption[0].code"),
    ("[[exemption]]\ncode = 'a'\nru = ''\nen = 'A'", "name", "exemption[0].ru"),
    ("[[trip]]\ncode = 'a'\nru = 'А'\nen = 'A'\nvalid_for = '90s'", "range", "trip[0].valid_for"),
    ("[arrivals]\ndays = 14", "range", "arrivals"),
    ("[[plates]]\nsource = 'oracle'\nleast = 0.9", "source", "plates[0].source"),
    ("[[plates]]\nsource = 'json'\nleast = 90.0", "confidence", "plates[0].least"),
    ("[[acceptance]]\ncountry = 'de'\nkinds = []", "country", "acceptance[0].country"),
    ("[[acceptance]]\ncountry = 'DE'\nkinds = ['flu']", "kind", "acceptance[0].kinds[0]"),
    ("[[acceptance]]\ncountry = 'DE'\nkinds = ['work']", "acceptance", "acceptance[0].kinds[0]"),
];

/// The same for one more key of the first kind.
const KINDS: &[(&str, &str, &str)] = &[
    ("valid_until = '30.04.2020'", "when", "kind[0].valid_until"),
    ("limits = { per_day = 0 }", "limits", "kind[0].limits"),
    ("limits = { within = '14d' }", "limits", "kind[0].limits"),
    ("limits = { trips = 1, within = '36h' }", "limits", "kind[0].limits"),
    ("limits = { }", "limits", "kind[0].limits"),
    ("condition = 'colour == 1'", "condition", "kind[0].condition"),
];

#[test]
fn every_fault_is_found_where_it_is_and_says_what_it_would_mean() {
    let more = FAULTS.iter().map(|(more, code, key)| (format!("{DEFAULT}\n{more}\n"), *code, *key));
    let of_kinds = KINDS.iter().map(|(more, code, key)| {
        (DEFAULT.replacen("valid_for = \"30d\"", &format!("{more}\nvalid_for = \"30d\""), 1), *code, *key)
    });
    let changes = [
        ("[\"MP1\", \"HC1\"]", "[\"MP1\", \"QR\"]", "format", "formats[1]"),
        ("old_after = \"7d\"", "old_after = \"1h\"", "freshness", "freshness.old_after"),
        ("number = 2\n", "number = 1\n", "twice", "kind[1].number"),
        ("valid_for = \"90d\"", "valid_for = \"401d\"", "validity", "kind[4].valid_for"),
    ];
    let changes = changes.iter().map(|(from, to, code, key)| (DEFAULT.replacen(from, to, 1), *code, *key));
    let many = (0..40).map(|at| format!("[[exemption]]\ncode = 'e{at}'\nru = 'А'\nen = 'A'\n")).collect::<String>();
    let many = [(format!("{DEFAULT}\n{many}"), "too-many", "exemption")];
    for (text, code, key) in more.chain(of_kinds).chain(changes).chain(many) {
        let faults = Rules::parse(&text, 69).unwrap_err();
        let fault = faults.iter().find(|fault| fault.what.code() == code);
        let fault = fault.unwrap_or_else(|| panic!("{code}: {faults:?}"));
        assert_eq!(fault.key, key, "{fault}");
        assert!(!fault.what.means().is_empty());
        match fault.line {
            Some(line) => {
                let last = key.rsplit('.').next().unwrap().split('[').next().unwrap();
                let said = text.lines().nth(line - 1).unwrap();
                assert!(said.contains(last) || said.contains(key.split('[').next().unwrap()), "{fault}: {said}");
            }
            None => assert!(key.is_empty() && fault.to_string().contains("line"), "{fault}"),
        }
    }
}

#[test]
fn what_is_risky_is_told_and_taken() {
    let told = |text: &str| {
        let rules = Rules::parse(text, 69).unwrap_or_else(|faults| panic!("{}", told(faults)));
        rules.risks(text).into_iter().map(|risk| risk.what.code()).collect::<Vec<_>>()
    };
    assert_eq!(told(DEFAULT), ["any-certificate"]);
    let code = "[[code]]\nname = 'a'\nalphabet = '0123456789'\nlength = 8\n";
    let kind = |more: &str| DEFAULT.replacen("valid_for = \"30d\"", &format!("{more}\nvalid_for = \"30d\""), 1);
    let formats = |formats: &str| DEFAULT.replacen("[\"MP1\", \"HC1\"]", formats, 1);
    for (text, risk) in [
        (format!("{DEFAULT}\n{code}"), "guessing"),
        (format!("{DEFAULT}\n{code}"), "not-read"),
        (format!("{DEFAULT}\n{code}[attempts]\ntries = 100\nwithin = '1m'"), "many-tries"),
        (formats("[\"MP1\", \"code\"]"), "no-form"),
        (formats("[\"MP1\", \"NZCP\"]"), "no-kind"),
        (formats("[\"MP1\", \"plate\"]"), "plate-alone"),
        (formats("[\"MP1\", \"link\"]"), "link-alone"),
        (DEFAULT.replacen("plate = \"required\"", "plate = \"ignored\"", 1), "anybodys-copy"),
        (DEFAULT.replacen("admitted = true", "admitted = false", 1), "stopped"),
        (DEFAULT.replacen("old_after = \"7d\"", "old_after = \"60d\"", 1), "believed-long"),
        (kind("limits = { per_day = 2 }"), "uses-never-old"),
        (format!("grace = '2h'\n{}", kind("limits = { per_day = 2 }")), "long-grace"),
        (format!("{DEFAULT}\n[[plates]]\nsource = 'json'\nleast = 0.5\nmay_agree = true"), "easily-believed"),
    ] {
        assert!(told(&text).contains(&risk), "{risk}: {:?}", told(&text));
    }
}
