//! Rows on one page of the database, without a database around it (SQLite's file format, §1.6 and §2.1).
//!
//! Whatever stands there is damaged perhaps: nothing is believed, and what does not fit is left out. Who takes such a
//! row checks that it follows the chain.

use wire::row::{EpochId, HASH, Row, RowKind};

/// First byte of a leaf of a table.
const LEAF: u8 = 0x0d;

/// Columns of the table of rows; the first is the cell's own number.
const COLUMNS: usize = 8;

/// The rows on a page, if it is a leaf of the table of rows.
pub(super) fn rows(page: &[u8]) -> Vec<Row> {
    if page.first() != Some(&LEAF) {
        return Vec::new();
    }
    let word = |at: usize| page.get(at..at + 2).map_or(0, |two| usize::from(u16::from_be_bytes([two[0], two[1]])));
    // A cell takes four bytes at least, and two for its place.
    let cells = word(3).min(page.len() / 6);
    (0..cells).filter_map(|cell| row(page.get(word(8 + 2 * cell)..)?)).collect()
}

fn row(cell: &[u8]) -> Option<Row> {
    let mut rest = cell;
    let size = varint(&mut rest)?;
    let sequence = varint(&mut rest)?;
    // One that goes on on other pages is left out: no row of a crossing does.
    let record = rest.get(..usize::try_from(size).ok()?)?;
    let mut types = record;
    let header = usize::try_from(varint(&mut types)?).ok()?;
    let mut types = record.get(record.len() - types.len()..header)?;
    let mut values = record.get(header..)?;
    let mut columns = [&[][..]; COLUMNS];
    for column in &mut columns {
        (*column, values) = match varint(&mut types)? {
            // These two have no bytes of their own.
            8 => (&[0][..], values),
            9 => (&[1][..], values),
            serial => values.split_at_checked(length(serial)?)?,
        };
    }
    let [_, counter, nonce, boot, kind, body, chain, mac] = columns;
    let kind = match number(kind)? {
        0 => RowKind::Opening,
        1 => RowKind::Entry,
        2 => RowKind::Checkpoint,
        _ => return None,
    };
    let hash = |bytes: &[u8]| <[u8; HASH]>::try_from(bytes).ok();
    Some(Row {
        epoch: EpochId { counter: number(counter)?, nonce: nonce.try_into().ok()? },
        sequence,
        boot: boot.try_into().ok()?,
        kind,
        body: body.to_vec(),
        chain: hash(chain)?,
        mac: hash(mac)?,
    })
}

/// How many bytes a value of a serial type takes.
fn length(serial: u64) -> Option<usize> {
    let bytes = match serial {
        0 => 0,
        1..=4 => serial,
        5 => 6,
        6 => 8,
        12.. if serial.is_multiple_of(2) => (serial - 12) / 2,
        _ => return None,
    };
    usize::try_from(bytes).ok()
}

/// A number that is not negative.
fn number(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 8 || bytes[0] > 0x7f {
        return None;
    }
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// A number of one to nine bytes, and what stands behind it.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for at in 0..8 {
        let byte = *bytes.get(at)?;
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            *bytes = &bytes[at + 1..];
            return Some(number);
        }
    }
    let last = *bytes.get(8)?;
    *bytes = &bytes[9..];
    Some(number << 8 | u64::from(last))
}
