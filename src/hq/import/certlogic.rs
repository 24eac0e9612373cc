//! Whether an expression is CertLogic (specification 1.3.3), so that no box meets one that it cannot evaluate.

use serde_json::Value;

/// Deepest nesting of an expression; the rules in use have fifteen levels.
const DEPTH: usize = 64;

/// Units of `plusTime`.
const UNITS: [&str; 4] = ["year", "month", "day", "hour"];

/// Whether it is.
pub fn is_certlogic(expression: &Value) -> bool {
    expr(expression, DEPTH)
}

fn expr(value: &Value, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.is_i64(),
        Value::Array(items) => items.iter().all(|item| expr(item, depth)),
        Value::Object(operation) => {
            let mut entries = operation.iter();
            matches!((entries.next(), entries.next()), (Some((name, values)), None) if operates(name, values, depth))
        }
        Value::Null => false,
    }
}

fn operates(name: &str, values: &Value, depth: usize) -> bool {
    if name == "var" {
        return values.as_str().is_some_and(is_path);
    }
    let Some(values) = values.as_array() else { return false };
    let all = |count: std::ops::RangeInclusive<usize>| {
        count.contains(&values.len()) && values.iter().all(|value| expr(value, depth))
    };
    match (name, &values[..]) {
        ("and", _) => all(2..=usize::MAX),
        ("if" | "reduce", _) => all(3..=3),
        ("===" | "in" | "+", _) => all(2..=2),
        ("<" | ">" | "<=" | ">=" | "after" | "before" | "not-after" | "not-before", _) => all(2..=3),
        ("!" | "dccDateOfBirth", _) => all(1..=1),
        ("plusTime", [date, amount, unit]) => {
            expr(date, depth) && amount.is_i64() && unit.as_str().is_some_and(|unit| UNITS.contains(&unit))
        }
        ("extractFromUVCI", [uvci, index]) => expr(uvci, depth) && index.is_i64(),
        _ => false,
    }
}

/// A path of names and indices with dots between; empty: all there is.
fn is_path(path: &str) -> bool {
    path.is_empty() || path.split('.').all(|step| !step.is_empty() && !step.contains(char::is_control))
}
