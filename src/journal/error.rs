//! What can go wrong with the journal.

use std::path::PathBuf;
use std::sync::Arc;

/// Each variant names what failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be opened or made.
    #[error("the journal cannot be opened")]
    Open(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// Another process, or another part of this one, writes this journal. Two writers would fork the chain.
    #[error("the journal {0} is open elsewhere")]
    InUse(PathBuf),
    /// A newer version of the box has written this journal.
    #[error("the journal has layout {found}; this version knows {known}")]
    Layout {
        /// What the file says.
        found: i64,
        /// The newest this version knows.
        known: i64,
    },
    /// No room: the disk, or the share of it that the journal may take, is full, or what is left is kept for what
    /// must still be written. Nothing was acknowledged.
    #[error("there is no room left for the journal")]
    Full(#[source] Option<Arc<rusqlite::Error>>),
    /// The rows are not on the disk: it is read-only or failing. Nothing was acknowledged.
    #[error("the journal cannot be written")]
    Write(#[source] Arc<rusqlite::Error>),
    /// Rows cannot be read.
    #[error("the journal cannot be read")]
    Read(#[source] Arc<rusqlite::Error>),
    /// An entry that no message could carry. Nothing was acknowledged.
    #[error("an entry of {0} bytes is too long for the journal")]
    TooLong(usize),
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
            Self::InUse(_) => "journal-in-use",
            Self::Layout { .. } => "journal-layout",
            Self::Full(_) => "journal-full",
            Self::Write(_) => "journal-write",
            Self::Read(_) => "journal-read",
            Self::TooLong(_) => "entry-too-long",
            Self::SealingKey => "sealing-key",
            Self::Random => "random",
            Self::Receipt => "receipt",
            Self::Ended => "ended",
        }
    }

    /// A failed write by its cause: no room is a state of its own, which time and receipts may cure.
    pub(crate) fn write(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full(Some(Arc::new(error))),
            _ => Self::Write(Arc::new(error)),
        }
    }

    /// Whether the file is no sound database any more.
    pub(crate) fn is_corrupt(&self) -> bool {
        match self {
            Self::Open(error) => error.downcast_ref::<rusqlite::Error>().is_some_and(crate::disk::is_corrupt),
            Self::Read(error) | Self::Write(error) => crate::disk::is_corrupt(error),
            _ => false,
        }
    }

    pub(crate) fn read(error: rusqlite::Error) -> Self {
        Self::Read(Arc::new(error))
    }

    pub(crate) fn open(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Open(Arc::new(error))
    }
}
