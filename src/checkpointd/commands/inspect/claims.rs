//! What a pass claims, as JSON.

use ciborium::Value as Cbor;
use pass::{Document, Format};
use serde_json::{Map, Value, json};

/// The signed bytes as JSON: as they are where the format has JSON; of CBOR, numbers as keys become texts, bytes become
/// `h'…'` as in diagnostic notation. `None` when they are neither.
pub(super) fn content(format: Option<Format>, payload: &[u8]) -> Option<Value> {
    if matches!(format, Some(Format::Shc | Format::VdsNc)) {
        return serde_json::from_slice(payload).ok();
    }
    // Deep enough for any format here, and shallow enough for any stack.
    ciborium::de::from_reader_with_recursion_limit(payload, 16).ok().map(|value| to_json(&value))
}

fn to_json(value: &Cbor) -> Value {
    match value {
        Cbor::Integer(number) => {
            let number = i128::from(*number);
            i64::try_from(number)
                .map(Value::from)
                .or_else(|_| u64::try_from(number).map(Value::from))
                .unwrap_or_else(|_| number.to_string().into())
        }
        Cbor::Bytes(bytes) => format!("h'{}'", hex(bytes)).into(),
        Cbor::Float(number) => (*number).into(),
        Cbor::Text(text) => text.as_str().into(),
        Cbor::Bool(truth) => (*truth).into(),
        Cbor::Tag(tag, inner) => json!({ "tag": tag, "value": to_json(inner) }),
        Cbor::Array(items) => items.iter().map(to_json).collect(),
        Cbor::Map(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (name(key), to_json(value))).collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

fn name(key: &Cbor) -> String {
    match to_json(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The same in the words of this house.
pub(super) fn document(document: &Document) -> Value {
    let limits = document.limits.map(|limits| {
        json!({ "trips": limits.trips, "days": limits.days, "per_day": limits.per_day, "minutes": limits.minutes })
    });
    // Ours are random bytes, some certificates' are a text.
    let text = str::from_utf8(&document.id).ok().filter(|id| id.bytes().all(|byte| byte.is_ascii_graphic()));
    let id = text.filter(|_| document.format != Format::Mp1).map_or_else(|| hex(&document.id), str::to_owned);
    json!({
        "format": document.format.as_str(),
        "issuer": document.issuer,
        "id": id,
        "kind": document.kind.number(),
        "not_before": document.not_before.map(moment),
        "expires": document.expires.map(moment),
        "issued": document.issued.map(moment),
        "plates": document.plates.iter().map(|plate| plate.as_str()).collect::<Vec<_>>(),
        "holder": document.holder,
        "birth": document.birth,
        "id_digits": document.id_digits,
        "cards": document.cards,
        "regions": document.regions,
        "limits": limits,
        "route": document.route,
        "status": document.status.map(|status| json!({ "series": status.series, "index": status.index })),
    })
}

/// A time for people, or the bare seconds where no calendar reaches.
pub(super) fn moment(unix: i64) -> Value {
    jiff::Timestamp::from_second(unix).map_or_else(|_| unix.into(), |time| time.to_string().into())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
