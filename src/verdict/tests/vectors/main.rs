//! CertLogic over the suites of others: the specification's own, and the rules of countries with their tests. Where
//! the full sets stand beside the project they are run, else the part that the project carries in `tests/data`.
#![allow(clippy::unwrap_used, reason = "a test may say what it means")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use verdict::certlogic::{Expression, Fault, Value, evaluate};

/// A set, and whether it is in full.
fn set(name: &str) -> (PathBuf, &'static str) {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(name);
    let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name);
    // To try what a fresh clone does while the full sets are here.
    let only_carried = std::env::var_os("CHECKPOINT_VECTORS").is_some_and(|which| which == "carried");
    if full.is_dir() && !only_carried { (full, "full set") } else { (carried, "carried part") }
}

fn json_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![] };
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { json_in(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    found.sort();
    found
}

fn read(path: &Path) -> Json {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// As JSON, a time as the suites write it.
fn told(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Integer(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Items(items) => json!(items),
        Value::Object(entries) => json!(entries),
        Value::List(list) => list.items().iter().map(told).collect(),
        other => panic!("no suite expects {other:?}"),
    }
}

#[test]
fn every_assertion_of_the_language_holds() {
    let (folder, which) = set("certlogic");
    let mut ran = 0;
    for path in json_in(&folder.join("testSuite")) {
        let suite = read(&path);
        for case in suite["cases"].as_array().unwrap() {
            for assertion in case["assertions"].as_array().unwrap() {
                // What the suite itself leaves out: the specification calls it an error.
                if assertion["directive"] == "skip" {
                    continue;
                }
                let own = &assertion["certLogicExpression"];
                let logic = if own.is_null() { &case["certLogicExpression"] } else { own };
                let logic = Expression::read(logic).unwrap();
                let expected = assertion.get("expected").unwrap();
                let got = evaluate(&logic, Value::of(&assertion["data"])).map(|value| told(&value));
                assert_eq!(got.as_ref(), Ok(expected), "{}: {assertion}", path.display());
                ran += 1;
            }
        }
    }
    println!("vectors: certlogic ({which}): {ran} assertions of the language");
    assert!(ran > 20);
}

#[test]
fn every_rule_says_of_every_certificate_what_its_country_expects() {
    let (folder, which) = set("dcc-business-rules");
    let (mut rules, mut accepted, mut refused) = (0, 0, 0);
    for path in json_in(&folder).into_iter().filter(|path| path.ends_with("rule.json")) {
        let logic = Expression::read(&read(&path)["Logic"]).unwrap();
        rules += 1;
        for path in json_in(&path.with_file_name("tests")) {
            let test = read(&path);
            let expected = test["expected"].as_bool().unwrap();
            let data = json!({"payload": test["payload"], "external": test["external"]});
            let got = evaluate(&logic, Value::of(&data)).map(|value| told(&value));
            assert_eq!(got, Ok(json!(expected)), "{}", path.display());
            *(if expected { &mut accepted } else { &mut refused }) += 1;
        }
    }
    println!("vectors: dcc-business-rules ({which}): {rules} rules, {accepted} accepted, {refused} refused");
    assert!(rules > 10 && accepted > 10 && refused > 10);
}

#[test]
fn a_hostile_rule_over_hostile_data_ends() {
    let many = json!({"all": vec![Json::from(7); 20_000], "words": vec![json!("x".repeat(8000)); 100]});
    let sum = json!({"+": [{"var": "accumulator"}, 1]});
    let inner = json!({"reduce": [{"var": "data.all"}, sum, 0]});
    let hostile = [
        // Within each turn another twenty thousand.
        (json!({"reduce": [{"var": "all"}, inner, 0]}), Fault::Steps),
        (json!({"reduce": [{"var": "all"}, {"in": [8, {"var": "data.all"}]}, 0]}), Fault::Steps),
        // Every turn wraps the last.
        (json!({"reduce": [{"var": "all"}, [{"var": "accumulator"}], 0]}), Fault::Depth),
        (json!({"reduce": [{"var": "all"}, {"var": ""}, 0]}), Fault::Depth),
        (
            json!({"reduce": [{"var": "all"}, {"+": [{"var": "accumulator"}, {"var": "accumulator"}]}, 1]}),
            Fault::Overflow,
        ),
    ];
    for (logic, fault) in hostile {
        let logic = Expression::read(&logic).unwrap();
        assert_eq!(evaluate(&logic, Value::of(&many)).unwrap_err(), fault);
    }
    let long = "a.".repeat(30_000) + "a";
    let long = json!({"reduce": [{"var": "all"}, {"var": long}, 0]});
    assert_eq!(evaluate(&Expression::read(&long).unwrap(), Value::of(&many)).unwrap_err(), Fault::Steps);
    // Longer or deeper than any rule is not read at all.
    assert!(Expression::parse(&"[".repeat(100_000)).is_err());
    assert!(Expression::parse(&format!("{}true{}", r#"{"!":["#.repeat(100), "]}".repeat(100))).is_err());
}
