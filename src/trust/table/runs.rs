//! Values one after the other, each behind its length.

use std::ops::Range;

use super::{Error, Shape, Value};

/// Appends a value; in a set, nothing.
pub fn put(out: &mut Vec<u8>, shape: Shape, value: &[u8]) -> Result<(), Error> {
    if !shape.allows(value.len()) {
        return Err(Error::ValueLength(value.len()));
    }
    if shape == Shape::Map {
        out.push(value.len() as u8);
        out.extend(value);
    }
    Ok(())
}

/// Where the next value stands in `bytes`, from `at` on; in a set, an empty place.
pub fn next(bytes: &[u8], at: usize, shape: Shape) -> Result<Range<usize>, Error> {
    match (shape, bytes.get(at)) {
        (Shape::Set, _) => Ok(at..at),
        (Shape::Map, Some(length)) if *length > 0 => {
            let place = at + 1..at + 1 + usize::from(*length);
            if place.end <= bytes.len() { Ok(place) } else { Err(Error::Malformed("table")) }
        }
        (Shape::Map, _) => Err(Error::Malformed("table")),
    }
}

/// The value at a place that [`next`] gave.
pub fn value(bytes: &[u8], place: Range<usize>) -> Value {
    bytes.get(place).unwrap_or_default().to_vec()
}
