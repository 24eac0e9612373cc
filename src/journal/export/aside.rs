//! A row that was set aside, in whatever state the damage left it.

use minicbor::{Decode, Encode};
use rusqlite::types::ValueRef;
use wire::row::{EpochId, Row, RowKind};

/// Longest value that is kept whole; no row has a longer one, and a damaged length must not fill a stick.
const LONGEST: usize = 128 * 1024;

/// A damaged value: what SQLite took it for, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Value {
    /// 0 nothing, 1 an integer, 2 a number of IEEE 754 (both 8 bytes, big-endian), 3 text, 4 bytes.
    #[n(0)]
    pub kind: u8,
    /// Its bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetAside {
    /// Sequence of the opening that the journal went on with.
    #[n(0)]
    pub found: Value,
    /// Sequence, counter and nonce of the epoch, boot, kind, body, chain hash, MAC.
    #[n(1)]
    pub values: Vec<Value>,
}

/// Values of a row.
pub(super) const VALUES: usize = 8;

impl Value {
    pub(super) fn of(value: ValueRef<'_>) -> Self {
        let (kind, bytes) = match value {
            ValueRef::Null => (0, Vec::new()),
            ValueRef::Integer(number) => (1, number.to_be_bytes().to_vec()),
            ValueRef::Real(number) => (2, number.to_be_bytes().to_vec()),
            ValueRef::Text(bytes) => (3, bytes[..bytes.len().min(LONGEST)].to_vec()),
            ValueRef::Blob(bytes) => (4, bytes[..bytes.len().min(LONGEST)].to_vec()),
        };
        Self { kind, bytes }
    }

    fn number(&self) -> Option<u64> {
        let number = i64::from_be_bytes(self.bytes.as_slice().try_into().ok()?);
        (self.kind == 1).then(|| u64::try_from(number).ok()).flatten()
    }

    fn blob<const N: usize>(&self) -> Option<[u8; N]> {
        if self.kind == 4 { self.bytes.as_slice().try_into().ok() } else { None }
    }
}

impl SetAside {
    /// The row, where the damage left one.
    pub fn row(&self) -> Option<Row> {
        let [sequence, counter, nonce, boot, kind, body, chain, mac] = self.values.as_slice() else { return None };
        Some(Row {
            sequence: sequence.number()?,
            epoch: EpochId { counter: counter.number()?, nonce: nonce.blob()? },
            boot: boot.blob()?,
            kind: match kind.number()? {
                0 => RowKind::Opening,
                1 => RowKind::Entry,
                2 => RowKind::Checkpoint,
                _ => return None,
            },
            body: (body.kind == 4).then(|| body.bytes.clone())?,
            chain: chain.blob()?,
            mac: mac.blob()?,
        })
    }
}
