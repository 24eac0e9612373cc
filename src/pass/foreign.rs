//! CBOR of issuers who are not ours: any well-formed encoding, but one reading only.

use ciborium::Value;

use crate::{ClaimsFault, Error};

/// Deepest nesting read; real certificates have five levels.
const DEPTH: usize = 16;

/// Most entries of one map; real ones have about twelve. It bounds the search for keys that come twice.
const MAP_ENTRIES: usize = 64;

/// One CBOR item and nothing after it.
pub(crate) fn value(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH).ok()?;
    rest.is_empty().then_some(value)
}

/// One map and nothing after it.
pub(crate) fn map(bytes: &[u8]) -> Option<Vec<(Value, Value)>> {
    value(bytes)?.into_map().ok()
}

/// What stands under a number.
pub(crate) fn get(map: &[(Value, Value)], key: i64) -> Option<&Value> {
    map.iter().find(|(k, _)| k.as_integer() == Some(key.into())).map(|(_, v)| v)
}

/// What stands under a name.
pub(crate) fn field<'a>(map: &'a [(Value, Value)], name: &str) -> Option<&'a Value> {
    map.iter().find(|(k, _)| k.as_text() == Some(name)).map(|(_, v)| v)
}

/// Whether a map has a key twice, or too many keys to tell.
pub(crate) fn has_duplicates(map: &[(Value, Value)]) -> bool {
    map.len() > MAP_ENTRIES || map.iter().enumerate().any(|(i, (key, _))| map[..i].iter().any(|(k, _)| k == key))
}

/// Whether any map within has a key twice: another reader might take the other one.
pub(crate) fn repeats_a_key(value: &Value) -> bool {
    match value {
        Value::Map(map) => has_duplicates(map) || map.iter().any(|(_, value)| repeats_a_key(value)),
        Value::Array(items) => items.iter().any(repeats_a_key),
        Value::Tag(_, inner) => repeats_a_key(inner),
        _ => false,
    }
}

/// An item as JSON, as rules of acceptance look at it: numbers as keys become texts, tags fall off, and what JSON
/// does not have becomes null.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Bool(truth) => (*truth).into(),
        Value::Integer(number) => {
            let number = i128::from(*number);
            i64::try_from(number)
                .map(Json::from)
                .or_else(|_| u64::try_from(number).map(Json::from))
                .unwrap_or(Json::Null)
        }
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Tag(_, inner) => json(inner),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(map) => {
            Json::Object(map.iter().filter_map(|(key, value)| Some((name(key)?, json(value)))).collect())
        }
        _ => Json::Null,
    }
}

fn name(key: &Value) -> Option<String> {
    match key {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(i128::from(*number).to_string()),
        _ => None,
    }
}

/// The claims of a foreign pass.
pub(crate) fn claims(payload: &[u8]) -> Result<Value, Error> {
    let claims = value(payload).ok_or(Error::Claims(ClaimsFault::Cbor(None)))?;
    if repeats_a_key(&claims) { Err(Error::Claims(ClaimsFault::Duplicate)) } else { Ok(claims) }
}

/// A NumericDate, which may be a float (RFC 8392 §2).
pub(crate) fn seconds(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Integer(seconds) => i64::try_from(*seconds).ok(),
        // Casting saturates, and a date beyond i64 is as good as never.
        Value::Float(seconds) if seconds.is_finite() => Some(*seconds as i64),
        _ => None,
    }
}
