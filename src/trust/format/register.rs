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

#[cfg(test)]
mod tests {
    use verdict::Flags;

    use super::*;

    #[test]
    fn a_record_is_read_as_written_and_never_too_long() {
        let record = |length| Record {
            kind: Some(1),
            valid_from: 1_588_334_400,
            valid_to: 1_590_926_400,
            flags: Flags::from_bits(3),
            sealed: Some(vec![7; length]),
        };
        let longest = (0..255).rev().find(|length| write_record(&record(*length)).is_some()).unwrap();
        assert!(longest >= 230, "{longest}");
        let value = write_record(&record(longest)).unwrap();
        assert_eq!((value.len(), read_record(&value).unwrap()), (LONGEST_VALUE, record(longest)));
        let plain = Record { kind: None, flags: Flags::default(), sealed: None, ..record(0) };
        assert_eq!(read_record(&write_record(&plain).unwrap()).unwrap(), plain);
        assert!(read_record(&wire::encode(&record(longest + 1))).is_err());
        assert!(read_record(&wire::encode(&Record { valid_to: 0, ..plain })).is_err());
        assert!(read_record(b"").is_err());
    }
}
