//! What can go wrong with the journal.

use std::sync::Arc;

/// Each variant names what failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be opened, or another process has it.
    #[error("the journal cannot be opened")]
    Open(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The rows are not on the disk: it is full, read-only or failing. Nothing was acknowledged.
    #[error("the journal cannot be written")]
    Write(#[source] Arc<rusqlite::Error>),
    /// Rows cannot be read.
    #[error("the journal cannot be read")]
    Read(#[source] Arc<rusqlite::Error>),
    /// HQ's sealing key is unusable, so nothing could be written that HQ can read.
    #[error("HQ's sealing key cannot be used")]
    SealingKey,
    /// No randomness: no epoch may be opened.
    #[error("the system gives no random bytes")]
    Random,
    /// The receipt is not for a row of this journal.
    #[error("the receipt does not fit this journal")]
    Receipt,
    /// The writer has ended.
    #[error("the journal's writer has ended")]
    Ended,
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Open(_) => "journal-open",
            Self::Write(_) => "journal-write",
            Self::Read(_) => "journal-read",
            Self::SealingKey => "sealing-key",
            Self::Random => "random",
            Self::Receipt => "receipt",
            Self::Ended => "ended",
        }
    }
}
