//! The ledger as the collector has it.

use ed25519_dalek::VerifyingKey;
use wire::BoxId;
use wire::row::{Batch, Receipt};

use super::{Accepted, Error, Ledger};
use crate::collect::Accept;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A ledger, the boxes' keys, and a clock.
pub struct Intake<K, C> {
    ledger: Ledger,
    keys: K,
    clock: C,
}

impl<K, C> Intake<K, C>
where
    K: FnMut(&BoxId) -> Result<Option<VerifyingKey>, Cause>,
    C: Fn() -> i64,
{
    /// `keys` gives the key HQ knows a box by; `clock` Unix seconds at HQ.
    pub const fn new(ledger: Ledger, keys: K, clock: C) -> Self {
        Self { ledger, keys, clock }
    }

    /// Takes a batch, by whatever way it came: what became of its rows, and the receipt.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn take(&mut self, batch: &Batch) -> Result<(Accepted, Option<Receipt>), Cause> {
        let key = (self.keys)(&batch.from)?.ok_or_else(|| Error::UnknownBox(batch.from.clone()))?;
        let now = (self.clock)();
        let accepted = self.ledger.accept(batch, &key, now)?;
        if accepted.forks > 0 {
            tracing::error!(name = %batch.from, rows = accepted.forks, "a box goes on in two ways: a cloned card?");
        }
        if accepted.damaged > 0 {
            tracing::warn!(name = %batch.from, rows = accepted.damaged, "rows came damaged");
        }
        if let Some(gap) = accepted.gap {
            // The receipt that goes out now says where to begin again.
            tracing::info!(name = %batch.from, after = gap.after, found = gap.found, "rows are missing");
        }
        let receipt = accepted.receipt_up_to.map(|up_to| self.ledger.receipt_for(&batch.from, &up_to, now));
        Ok((accepted, receipt))
    }
}

impl<K, C> Accept for Intake<K, C>
where
    K: FnMut(&BoxId) -> Result<Option<VerifyingKey>, Cause> + Send + 'static,
    C: Fn() -> i64 + Send + 'static,
{
    fn accept(&mut self, batch: &Batch) -> Result<Option<Receipt>, Cause> {
        Ok(self.take(batch)?.1)
    }

    fn receipts(&mut self) -> Result<Vec<Receipt>, Cause> {
        Ok(self.ledger.receipts((self.clock)())?)
    }
}
