//! What can go wrong on the link. Nothing here ends the program but the journal's reader failing for good;
//! everything else is counted, shown in the status, and tried again.

/// Each variant names what failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The journal cannot be read or settled.
    #[error("the journal does not serve the link")]
    Outbox(#[source] journal::Error),
    /// The receipt is not a signed message of ours, or its signature does not hold.
    #[error("the receipt cannot be verified")]
    Receipt(#[source] wire::Error),
    /// The receipt is signed by none of the region's receipt keys.
    #[error("the receipt is signed by a key that signs no receipts")]
    ReceiptKey,
    /// The receipt speaks of another box or another region.
    #[error("the receipt is for another box")]
    OtherBox,
    /// The receipt is too long to be one.
    #[error("the receipt has {0} bytes")]
    ReceiptLength(usize),
    /// The address of the broker is not `host:port`.
    #[error("{0:?} is not host:port")]
    Address(String),
    /// The thread that reads the journal for the link has ended by a panic.
    #[error("the reader of the journal has ended")]
    ReaderEnded,
}

impl Error {
    /// Stable code for logs, status and tests.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Outbox(_) => "outbox",
            Self::Receipt(_) => "receipt",
            Self::ReceiptKey => "receipt-key",
            Self::OtherBox => "other-box",
            Self::ReceiptLength(_) => "receipt-length",
            Self::Address(_) => "address",
            Self::ReaderEnded => "reader-ended",
        }
    }
}
