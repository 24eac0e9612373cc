//! Bytes as what a box brings to HQ: an export of its journal, a batch of rows, a row; refused, or read as one. The first
//! byte chooses.
#![no_main]

use journal::chain::{self, Place};
use journal::export::{Export, Frame};
use libfuzzer_sys::fuzz_target;
use wire::row::{Batch, Receipt, Row};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    match choice % 4 {
        0 => export(bytes),
        1 => {
            let Ok(batch) = wire::decode::<Batch>(bytes, "batch") else { return };
            let sound = chain::sound_prefix(None, &batch.rows);
            assert!(sound <= batch.rows.len());
            assert_eq!(wire::encode(&batch), bytes);
        }
        2 => {
            let Ok(row) = wire::decode::<Row>(bytes, "row") else { return };
            assert_eq!(wire::encode(&row), bytes);
            let _ = chain::link(&chain::START, &row);
        }
        _ => {
            let Ok(receipt) = wire::decode::<Receipt>(bytes, "receipt") else { return };
            assert_eq!(wire::encode(&receipt), bytes);
        }
    }
});

/// Rows come in order, within what the head says, and no more of them than there are bytes for.
fn export(bytes: &[u8]) {
    let Ok(mut export) = Export::open(bytes) else { return };
    let mut last: Place = export.head().after;
    while let Ok(Some(frame)) = export.next_frame() {
        match frame {
            Frame::Rows(batch) => {
                for row in &batch.rows {
                    assert!(row.sequence > last.sequence && row.sequence <= export.head().last.sequence);
                    last = Place::of(row);
                }
            }
            Frame::SetAside(rows) => rows.iter().for_each(|row| drop(row.row())),
        }
    }
}
