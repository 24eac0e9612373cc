//! Rows that are sealed, signed and linked, and not on the disk yet.

use wire::WallTime;
use wire::row::{HASH, Row, RowKind};

use super::Identity;
use crate::chain::Place;
use crate::epoch::Epoch;
use crate::uses::Beside;
use crate::{Checkpoint, chain};

/// An entry that is to be sealed.
#[derive(Clone)]
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    pub(super) alert: bool,
    pub(super) beside: Option<Beside>,
}

/// Rows that are not written yet.
pub(super) struct Draft {
    pub(super) rows: Vec<Row>,
    /// Sequences of those that are alerts.
    pub(super) alerts: Vec<u64>,
    /// What is written beside them.
    pub(super) beside: Vec<Beside>,
    pub(super) head: Place,
    pub(super) next: u64,
    pub(super) unsigned: u32,
    pub(super) signed: bool,
}

impl Draft {
    pub(super) fn add(&mut self, epoch: &mut Epoch, boot: [u8; 8], kind: RowKind, body: Vec<u8>) {
        let mut row = Row { epoch: epoch.id, sequence: self.next, boot, kind, body, chain: [0; HASH], mac: [0; HASH] };
        row.chain = chain::link(&self.head.chain, &row);
        row.mac = epoch.mac(&row.chain);
        self.head = Place::of(&row);
        self.next += 1;
        self.rows.push(row);
    }

    pub(super) fn checkpoint(&mut self, epoch: &mut Epoch, boot: [u8; 8], who: &Identity, at: WallTime) {
        let checkpoint = Checkpoint {
            kind: Checkpoint::KIND,
            region: who.region.clone(),
            name: who.name.clone(),
            head: self.head,
            at,
        };
        self.add(epoch, boot, RowKind::Checkpoint, checkpoint.sign(who.signer.as_ref()));
        (self.unsigned, self.signed) = (0, true);
    }
}
