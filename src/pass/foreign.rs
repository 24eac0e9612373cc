//! CBOR of issuers who are not ours: any well-formed encoding, but one reading only.

use ciborium::Value;

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
