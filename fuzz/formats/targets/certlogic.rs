//! A rule and, after a line break, what it is evaluated over: refused, or evaluated within its steps. A rule alone is
//! evaluated over itself.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use pass::Kind;
use serde_json::{Value as Json, json};
use verdict::certlogic::{Country, Expression, Rule, Selection, Value, decide, evaluate};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let (logic, data) = text.split_once('\n').unwrap_or((text, text));
    let data: Json = serde_json::from_str(data).unwrap_or(Json::Null);
    let Ok(expression) = Expression::parse(logic) else { return };
    let _ = evaluate(&expression, Value::of(&data));
    let rule = Rule {
        identifier: "GR-DE-0001".to_owned(),
        version: "1.0.0".to_owned(),
        country: "DE".to_owned(),
        invalidates: false,
        kind: None,
        valid_from: 0,
        valid_to: i64::MAX,
        logic: logic.to_owned(),
        texts: Vec::new(),
        engine: None,
    };
    let kind = serde_json::from_value::<u16>(data["kind"].clone()).unwrap_or(1001);
    let asked = Selection {
        country: "DE",
        issuer: "AT",
        kind: Kind(kind),
        at: 1_622_548_800,
        issued: None,
        expires: Some(i64::MAX),
    };
    let countries = BTreeMap::from([("DE".to_owned(), Country::new([rule]))]);
    let (one, other) = (decide(&countries, &json!({}), asked, &data), decide(&countries, &json!({}), asked, &data));
    assert_eq!(one, other);
});
