//! The ledger as the collector has it.

use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use wire::BoxId;
use wire::row::{Batch, Receipt};

use super::{Accepted, Error, Ledger, Offered};
use crate::collect::{Accept, Cause, Poison};

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
    fn key(&mut self, name: &BoxId) -> Result<VerifyingKey, Cause> {
        Ok((self.keys)(name)?.ok_or_else(|| Error::UnknownBox(name.clone()))?)
    }

    /// `keys` gives the key HQ knows a box by; `clock` Unix seconds at HQ.
    pub const fn new(ledger: Ledger, keys: K, clock: C) -> Self {
        Self { ledger, keys, clock }
    }

    /// Takes a batch, by whatever way it came: what became of its rows, and the receipt.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn take(&mut self, batch: &Batch) -> Result<(Accepted, Option<Receipt>), Cause> {
        self.take_all(&[(batch.clone(), Vec::new())]).pop().expect("one answer for one batch")
    }

    /// Takes several batches, each for itself; what it says of each is durable.
    fn take_all(&mut self, batches: &[(Batch, Vec<Poison>)]) -> Vec<Result<(Accepted, Option<Receipt>), Cause>> {
        let now = (self.clock)();
        let keys: Vec<_> = batches.iter().map(|(batch, _)| self.key(&batch.from)).collect();
        let known = batches.iter().zip(&keys);
        let offered: Vec<_> = known
            .filter_map(|((batch, poison), key)| Some(Offered { batch, poison, key: *key.as_ref().ok()? }))
            .collect();
        let mut accepted = match self.ledger.accept_all(&offered, now) {
            Ok(accepted) => accepted.into_iter().map(|one| one.map_err(Cause::from)).collect(),
            Err(error) => {
                let error = Arc::new(error);
                offered.iter().map(|_| Err(Cause::from(error.clone()))).collect::<Vec<_>>()
            }
        }
        .into_iter();
        let mut answers = Vec::with_capacity(batches.len());
        for ((batch, _), key) in batches.iter().zip(keys) {
            answers.push(match key {
                Ok(_) => accepted.next().expect("one answer for each").map(|accepted| {
                    said(&batch.from, &accepted);
                    let receipt = accepted.receipt_up_to.map(|up_to| self.ledger.receipt_for(&batch.from, &up_to, now));
                    (accepted, receipt)
                }),
                Err(error) => Err(error),
            });
        }
        answers
    }
}

impl<K, C> Accept for Intake<K, C>
where
    K: FnMut(&BoxId) -> Result<Option<VerifyingKey>, Cause> + Send + 'static,
    C: Fn() -> i64 + Send + 'static,
{
    fn accept(&mut self, batch: &Batch, poison: &[Poison]) -> Result<Option<Receipt>, Cause> {
        self.accept_all(&[(batch.clone(), poison.to_vec())]).pop().expect("one answer for one batch")
    }

    fn accept_all(&mut self, batches: &[(Batch, Vec<Poison>)]) -> Vec<Result<Option<Receipt>, Cause>> {
        self.take_all(batches).into_iter().map(|taken| taken.map(|(_, receipt)| receipt)).collect()
    }

    fn receipts(&mut self) -> Result<Vec<Receipt>, Cause> {
        Ok(self.ledger.receipts((self.clock)())?)
    }
}

/// What people should know of a batch.
fn said(name: &BoxId, accepted: &Accepted) {
    if accepted.forks > 0 {
        tracing::error!(%name, rows = accepted.forks, "a box goes on in two ways: a cloned card?");
    }
    if accepted.damaged > 0 {
        tracing::warn!(%name, rows = accepted.damaged, "rows came damaged");
    }
    if let Some(gap) = accepted.gap {
        // The receipt that goes out now says where to begin again.
        tracing::info!(%name, after = gap.after, found = gap.found, "rows are missing");
    }
}
