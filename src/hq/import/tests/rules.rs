use verdict::certlogic::Expression;

use super::*;

fn is_certlogic(json: &Value) -> bool {
    Expression::read(json).is_ok()
}

fn read(path: PathBuf, countries: &[&str]) -> Result<Statement, Error> {
    let countries = countries.iter().map(|&country| country.to_owned()).collect();
    Rules { path, countries, sets: None }.read("rules", Some(NOW), NOW)
}

fn rules(statement: &Statement) -> &[AcceptanceRule] {
    match &statement.said {
        Said::Rules(rules) => rules,
        other => panic!("{other:?}"),
    }
}

fn json_files(folder: &Path) -> Vec<(PathBuf, Value)> {
    let files = super::super::files::walk(folder, 4).unwrap();
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.map(|path| (path.clone(), serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())).collect()
}

/// The specification's own suites: what is valid, and everything that it evaluates.
#[test]
fn certlogic_is_told_from_other_json_as_its_suites_tell_it() {
    let (mut valid, mut invalid, mut evaluated) = (0, 0, 0);
    for (path, suite) in json_files(&vectors("certlogic").join("validation-testSuite")) {
        for case in suite["cases"].as_array().unwrap() {
            let expected = case["issues"].as_array().unwrap().is_empty();
            assert_eq!(is_certlogic(&case["certLogicExpression"]), expected, "{}: {case}", path.display());
            *(if expected { &mut valid } else { &mut invalid }) += 1;
        }
    }
    for (path, suite) in json_files(&vectors("certlogic").join("testSuite")) {
        // What JSON Logic knows and CertLogic does not is tried there as well.
        let is_certlogic_suite = !path.ends_with("JsonLogic-testSuite.json");
        for case in suite["cases"].as_array().unwrap() {
            let of_assertions = case["assertions"].as_array().unwrap().iter().map(|it| &it["certLogicExpression"]);
            let all = of_assertions.chain([&case["certLogicExpression"]]).filter(|expression| !expression.is_null());
            for expression in all.filter(|_| is_certlogic_suite) {
                evaluated += 1;
                assert!(is_certlogic(expression), "{}: {expression}", path.display());
            }
        }
    }
    println!("vectors: certlogic: {valid} valid, {invalid} invalid, {evaluated} that are evaluated");
    assert!(valid > 4 && invalid > 4 && evaluated > 30);
    let deep = (0..100).fold(json!(true), |inner, _| json!({ "!": [inner] }));
    assert!(!is_certlogic(&deep));
    assert!(!is_certlogic(&json!({ "var": "a..b" })));
    assert!(!is_certlogic(&json!({ "plusTime": [{ "var": "a" }, 1, "century"] })));
    assert!(!is_certlogic(&json!(1.5)));
}

#[test]
fn every_rule_of_the_test_data_comes_in_and_a_country_can_be_chosen() {
    let desk = Desk::new();
    let all = read(vectors("dcc-business-rules"), &[]).unwrap();
    let plan = desk.import(&all, APPLY).unwrap();
    println!("vectors: dcc-business-rules: {} rules, {} bytes for boxes", rules(&all).len(), plan.news);
    assert!(rules(&all).len() >= 11 && all.left_out.is_empty());
    assert_eq!(plan.rules_added.len(), rules(&all).len());
    let acceptance = desk.region.acceptance().unwrap();
    let of_de = acceptance["DE"].iter().find(|rule| rule.identifier == "TR-DE-0003").unwrap();
    assert_eq!((of_de.version.as_str(), of_de.kind, of_de.invalidates), ("1.0.0", Some(1002), false));
    assert!(of_de.logic.contains("LP6464-4") && !of_de.logic.contains(' '), "{}", of_de.logic);
    let base = wire::encode(&acceptance["DE"]);
    assert_eq!(minicbor::decode::<Vec<AcceptanceRule>>(&base).unwrap(), acceptance["DE"]);
    assert!(desk.import(&all, APPLY).unwrap().is_empty());
    assert!(rules(&read(vectors("dcc-business-rules"), &["DE"]).unwrap()).iter().all(|rule| rule.country == "DE"));
}

#[test]
fn a_new_version_replaces_the_old_one_and_a_changed_rule_is_named() {
    let desk = Desk::new();
    let rule: Value =
        serde_json::from_slice(&std::fs::read(vectors("dcc-business-rules").join("DE/TR-DE-0003/rule.json")).unwrap())
            .unwrap();
    let import = |change: &dyn Fn(&mut Value)| {
        let mut rule = rule.clone();
        change(&mut rule);
        desk.import(&read(desk.put("rule.json", rule.to_string()), &[]).unwrap(), APPLY).unwrap()
    };
    import(&|_| {});
    let name = |version: &str| ("TR-DE-0003".to_owned(), version.to_owned());
    let plan = import(&|rule| rule["Version"] = json!("1.0.1"));
    assert_eq!((plan.rules_added, plan.rules_removed), (vec![name("1.0.1")], vec![name("1.0.0")]));
    let plan = import(&|rule| {
        rule["Version"] = json!("1.0.1");
        rule["Logic"] = json!(false);
    });
    assert_eq!(plan.rules_changed, [name("1.0.1")]);
    assert_eq!(desk.region.acceptance().unwrap()["DE"][0].logic, "false");
}

#[test]
fn value_sets_are_written_into_the_rules_that_name_them() {
    let desk = Desk::new();
    let mut rule: Value =
        serde_json::from_slice(&std::fs::read(vectors("dcc-business-rules").join("DE/TR-DE-0003/rule.json")).unwrap())
            .unwrap();
    rule["Logic"] = json!({ "in": [{ "var": "payload.t.0.tt" }, { "var": "external.valueSets.tests" }] });
    let path = desk.put("rule.json", rule.to_string());
    let logic = |sets: Option<Value>| {
        let sets = sets.map(|sets| desk.put("sets.json", sets.to_string()));
        let read = Rules { path: path.clone(), sets, ..Rules::default() }.read("rules", Some(NOW), NOW).unwrap();
        rules(&read)[0].logic.clone()
    };
    let expected = r#"{"in":[{"var":"payload.t.0.tt"},["LP217198-3","LP6464-4"]]}"#;
    assert_eq!(logic(Some(json!({ "tests": ["LP217198-3", "LP6464-4"] }))), expected);
    let gateway = json!({
        "valueSetId": "tests", "valueSetDate": "2021-07-01",
        "valueSetValues": { "LP217198-3": { "display": "Rapid" }, "LP6464-4": { "display": "NAAT" } },
    });
    assert_eq!(logic(Some(gateway.clone())), expected);
    assert_eq!(logic(Some(json!([gateway]))), expected);
    // What no set is for stays as it is: boxes say that they cannot tell.
    assert_eq!(logic(Some(json!({ "vaccines": [] }))), rule["Logic"].to_string());
    assert_eq!(logic(None), rule["Logic"].to_string());
}

#[test]
fn a_rule_that_contradicts_itself_or_the_language_refuses_all() {
    let desk = Desk::new();
    let rule: Value =
        serde_json::from_slice(&std::fs::read(vectors("dcc-business-rules").join("DE/TR-DE-0003/rule.json")).unwrap())
            .unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut wrong = rule.clone();
        change(&mut wrong);
        let path = desk.put("rules.json", json!([rule, wrong]).to_string());
        code(read(path, &[]))
    };
    assert_eq!(refused(&|it| it["Identifier"] = json!("VR-DE-0003")), "entry-identity");
    assert_eq!(refused(&|it| it["Identifier"] = json!("TR-FR-0003")), "entry-identity");
    assert_eq!(refused(&|it| it["Identifier"] = json!("TR-DE-03")), "entry-identity");
    assert_eq!(refused(&|it| it["Type"] = json!("Invalidation")), "entry-identity", "these begin with IR");
    assert_eq!(refused(&|it| it["CertificateType"] = json!("Fever")), "entry-identity");
    assert_eq!(refused(&|it| it["Engine"] = json!("JS")), "entry-identity");
    assert_eq!(refused(&|it| it["Version"] = json!("1.0")), "entry-identity");
    assert_eq!(refused(&|it| it["ValidFrom"] = json!("2031-01-01T00:00:00Z")), "entry-validity");
    assert_eq!(refused(&|it| it["ValidTo"] = json!("never")), "entry-time");
    assert_eq!(refused(&|it| it["Logic"] = json!({ "exec": ["rm"] })), "entry-logic");
    assert_eq!(refused(&|it| it["Logic"] = json!("x".repeat(70_000))), "entry-count");
    assert_eq!(refused(&|it| it["Logic"] = json!(true)), "entry-twice", "one name, two meanings");
    assert_eq!(refused(&|it| drop(it.as_object_mut().unwrap().remove("Logic"))), "import-shape");
    let invalidation = json!([{ "Identifier": "IR-DE-0001", "Type": "Invalidation" }]);
    let mut whole = rule.clone();
    whole.as_object_mut().unwrap().extend(invalidation[0].as_object().unwrap().clone());
    let statement = read(desk.put("rules.json", whole.to_string()), &[]).unwrap();
    assert!(rules(&statement)[0].invalidates);
    whole["ValidTo"] = json!("2022-01-01T00:00:00Z");
    assert_eq!(read(desk.put("rules.json", whole.to_string()), &[]).unwrap().left_out[0].why, Why::Ended);
}
