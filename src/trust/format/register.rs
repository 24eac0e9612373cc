//! The values of a register's table.

use verdict::Record;

use crate::Error;

/// Longest value in bytes: what a table holds.
pub const LONGEST_VALUE: usize = 255;

/// Reads a value.
///
/// # Errors
/// [`Error::Malformed`].
pub fn read_record(value: &[u8]) -> Result<Record, Error> {
    let record: Record = super::strict(value, "record of the register")?;
    let plausible = value.len() <= LONGEST_VALUE && record.valid_from <= record.valid_to;
    if plausible { Ok(record) } else { Err(Error::Malformed("record of the register")) }
}

/// Writes a value; none: it would be too long.
pub fn write_record(record: &Record) -> Option<Vec<u8>> {
    Some(wire::encode(record)).filter(|value| value.len() <= LONGEST_VALUE)
}
