//! Batches as they come: one row that cannot be read must not take the others with it.

use minicbor::Decoder;
use wire::row::{Row, checksum};
use wire::{BoxId, RegionId, cbor};

/// What a batch holds.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) region: RegionId,
    pub(super) from: BoxId,
    pub(super) items: Vec<Item>,
    /// Whether the rows are those that the box has sent, as far as it says what they were.
    pub(super) is_whole: bool,
}

/// One row, or bytes that are none of this version.
#[derive(Debug)]
pub(super) enum Item {
    Row(Row),
    Unreadable(Vec<u8>),
}

/// Takes a batch apart. The whole of it must be strict CBOR, and each of its rows is read by itself.
pub(super) fn read(bytes: &[u8]) -> Result<Read, wire::Error> {
    cbor::check(bytes, &cbor::Limits::MESSAGE)?;
    parts(bytes).map_err(|_| wire::Error::Shape("batch"))
}

fn parts(bytes: &[u8]) -> Result<Read, minicbor::decode::Error> {
    let mut d = Decoder::new(bytes);
    let wrong = || minicbor::decode::Error::message("not a batch");
    let fields = d.map()?.ok_or_else(wrong)?;
    let (mut region, mut from, mut items) = (None, None, None);
    let (mut sum, mut said) = ([0; 8], None);
    for _ in 0..fields {
        match d.u32() {
            Ok(0) => region = Some(d.decode()?),
            Ok(1) => from = Some(d.decode()?),
            Ok(2) => {
                let begin = d.position();
                items = Some(rows(&mut d, bytes)?);
                sum = checksum(&bytes[begin..d.position()]);
            }
            Ok(3) => said = Some(d.bytes()?),
            // What a later version may add.
            Ok(_) => d.skip()?,
            Err(error) => return Err(error),
        }
    }
    let (Some(region), Some(from), Some(items)) = (region, from, items) else { return Err(wrong()) };
    Ok(Read { region, from, items, is_whole: said.is_none_or(|said| *said == sum) })
}

fn rows(d: &mut Decoder<'_>, bytes: &[u8]) -> Result<Vec<Item>, minicbor::decode::Error> {
    let count = d.array()?.ok_or_else(|| minicbor::decode::Error::message("not rows"))?;
    let mut items = Vec::new();
    for _ in 0..count {
        let begin = d.position();
        d.skip()?;
        let one = &bytes[begin..d.position()];
        // Numbers beyond these are none that any journal reaches.
        let sound = |row: &Row| [row.sequence, row.epoch.counter].iter().all(|number| i64::try_from(*number).is_ok());
        items.push(match minicbor::decode::<Row>(one) {
            Ok(row) if sound(&row) => Item::Row(row),
            _ => Item::Unreadable(one.to_vec()),
        });
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::row::Batch;

    #[test]
    fn one_row_that_cannot_be_read_takes_no_other_with_it() {
        let rows: Vec<Row> = (1..=5).map(crate::collect::tests::post::row).collect();
        let (region, from) = ("RU-TVE".parse().unwrap(), "post-1".parse().unwrap());
        let batch = Batch { region, from, rows: rows.clone() };
        let mut bytes = wire::encode(&batch);
        let whole = read(&bytes).unwrap();
        assert!(whole.items.iter().zip(&rows).all(|(item, row)| matches!(item, Item::Row(read) if read == row)));
        // The third row gets a kind nobody knows: its field 3, in front of the body.
        let third = wire::encode(&rows[2]);
        let at = bytes.windows(third.len()).position(|window| window == third).unwrap();
        let kind = third.windows(3).position(|window| window == [3, 1, 4]).unwrap() + 1;
        bytes[at + kind] = 9;
        let read = read(&bytes).unwrap();
        assert_eq!(read.items.len(), 5);
        for (index, item) in read.items.iter().enumerate() {
            assert_eq!(matches!(item, Item::Unreadable(_)), index == 2, "{item:?}");
        }
    }

    #[test]
    fn whatever_bit_a_line_flips_no_row_is_taken_for_what_the_box_has() {
        let rows: Vec<Row> = (1..=3).map(crate::collect::tests::post::row).collect();
        let (region, from): (RegionId, BoxId) = ("RU-TVE".parse().unwrap(), "post-1".parse().unwrap());
        let sent = Batch { region: region.clone(), from: from.clone(), rows: rows.clone() }.to_message();
        assert!(read(&sent).unwrap().is_whole);
        for bit in 0..sent.len() * 8 {
            let mut bytes = sent.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(read) = read(&bytes) else { continue };
            let is_taken = read.is_whole && read.region == region && read.from == from;
            // Of a flipped key of the checksum nothing is left but rows that are sound.
            let is_sound = |(item, row): (&Item, &Row)| matches!(item, Item::Row(read) if read == row);
            assert!(!is_taken || read.items.iter().zip(&rows).all(is_sound), "bit {bit}");
        }
    }
}
