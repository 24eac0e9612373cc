//! HQ's receipt on a stick: what lets a post without a line prune. It counts like one that came over the line, and is
//! believed no sooner.

use std::io::{self, Read as _};
use std::path::Path;

use ed25519_dalek::VerifyingKey;
use journal::export::receipt_of;
use panel::Stick;
use wire::row::Receipt;
use wire::{BoxId, RegionId};

use crate::Error;

/// Longest receipt that is read; a real one has about 250 bytes.
const LONGEST: u64 = 1024;

/// Whose receipt, and by which keys.
pub(crate) struct Receiver<'a> {
    pub(crate) region: &'a RegionId,
    pub(crate) name: &'a BoxId,
    /// The receipt keys that counted at a time (Unix seconds).
    pub(crate) keys_at: &'a dyn Fn(i64) -> Vec<VerifyingKey>,
}

impl Receiver<'_> {
    /// The receipt in some bytes.
    ///
    /// # Errors
    /// [`Error::Uplink`]: why it is not to be believed.
    pub(crate) fn believe(&self, bytes: &[u8]) -> Result<Receipt, Error> {
        Ok(uplink::verified(bytes, self.region, self.name, self.keys_at)?)
    }

    /// Takes the receipt on a stick, if there is one for this box; what the panel says of it.
    pub(crate) fn take(
        &self,
        stick: &Path,
        settle: impl FnOnce(Receipt) -> Result<(), journal::Error>,
    ) -> Option<(Stick, u64)> {
        let place = receipt_of(Path::new(""), self.region, self.name);
        let mut bytes = Vec::new();
        let read =
            trust::beneath(stick, place.to_str()?).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%error, "the receipt on a stick cannot be read");
                return Some((Stick::WrongReceipt, 0));
            }
            Ok(_) => {}
        }
        let settled = self.believe(&bytes).and_then(|receipt| {
            let sequence = receipt.sequence;
            settle(receipt)?;
            Ok(sequence)
        });
        Some(match settled {
            Ok(sequence) => {
                tracing::info!(sequence, "a stick brought HQ's receipt");
                (Stick::Settled, sequence)
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(?cause, "the receipt on a stick was refused: {error}");
                (Stick::WrongReceipt, 0)
            }
        })
    }
}
