//! JSON of issuers who are not ours: any well-formed text, but one reading only.
//!
//! `serde_json` takes the last of two values under one name in silence, and another reader the first; here that is a
//! refusal. Where a signature is over a canonical form, so is every number that two writers might write differently.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::JsonFault;

/// Largest integer that every JSON reader holds exactly (RFC 8259, section 6).
const LARGEST: u64 = (1 << 53) - 1;

/// Which numbers are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// All that JSON has.
    Any,
    /// Integers of at most 53 bits, written as such: their canonical form is the one they have (RFC 8785, section
    /// 3.2.2.3, has others too, which writers get wrong).
    Integers,
}

/// One JSON text and nothing after it.
pub(crate) fn parse(text: &[u8], numbers: Numbers) -> Result<Value, JsonFault> {
    let fault = Cell::new(JsonFault::Shape);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Seed { numbers, fault: &fault }.deserialize(&mut deserializer).map_err(|_| fault.get())?;
    deserializer.end().map_err(|_| JsonFault::Shape)?;
    Ok(value)
}

/// The canonical form (RFC 8785) of a value whose numbers are [`Numbers::Integers`].
pub(crate) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    let separate = |out: &mut String, at: usize| {
        if at > 0 {
            out.push(',');
        }
    };
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(out, at);
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            // By UTF-16 code units, which is not the order of bytes beyond the basic plane.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, (name, value)) in entries.into_iter().enumerate() {
                separate(out, at);
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        // Strings are escaped as the canonical form asks for: what must be, in the short way where there is one.
        leaf => out.push_str(&leaf.to_string()),
    }
}

/// What is under a name in an object.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// Reads a value and says what was wrong with it.
#[derive(Clone, Copy)]
struct Seed<'a> {
    numbers: Numbers,
    fault: &'a Cell<JsonFault>,
}

impl Seed<'_> {
    fn refuse<T, E: serde::de::Error>(self, fault: JsonFault) -> Result<T, E> {
        self.fault.set(fault);
        Err(E::custom(fault))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        if self.numbers == Numbers::Integers && number > LARGEST {
            return self.refuse(JsonFault::Number);
        }
        Ok(number.into())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        if self.numbers == Numbers::Integers && number.unsigned_abs() > LARGEST {
            return self.refuse(JsonFault::Number);
        }
        Ok(number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        match Number::from_f64(number).filter(|_| self.numbers == Numbers::Any) {
            Some(number) => Ok(Value::Number(number)),
            None => self.refuse(JsonFault::Number),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if map.insert(name, value).is_some() {
                return self.refuse(JsonFault::Duplicate);
            }
        }
        Ok(Value::Object(map))
    }
}
