//! Why a release was not adopted, or the store cannot be used.

use std::path::PathBuf;

use wire::RegionId;

use crate::{CarrierError, table};

/// What went wrong, each with a stable code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither state slot can be read: the box must be provisioned, by hand.
    #[error("the trust state is missing or damaged; the box must be provisioned")]
    NeedsProvisioning,
    /// Provisioning a folder that already holds a state.
    #[error("this box is provisioned already")]
    AlreadyProvisioned,
    /// The disk refused.
    #[error("cannot write or read {path}")]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// The carrier failed.
    #[error("the release could not be fetched")]
    Carrier(#[from] CarrierError),
    /// Something is not what its format says.
    #[error("the {0} is malformed")]
    Malformed(&'static str),
    /// The root does not carry enough good signatures.
    #[error("the root does not carry enough signatures")]
    RootSignatures,
    /// The root is not the next one.
    #[error("the root is version {found}, and only {expected} can follow")]
    RootVersion {
        /// The one version that can follow.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The root has expired.
    #[error("the root has expired")]
    RootExpired,
    /// The head's signature does not hold under a publishing key of the root, valid when it was issued.
    #[error("the release is not signed by a publishing key of this region")]
    HeadSignature,
    /// For another region.
    #[error("it is for {found}, and this box is of {expected}")]
    OtherRegion {
        /// The box's region.
        expected: RegionId,
        /// What came.
        found: RegionId,
    },
    /// Older than what the box has.
    #[error("the release has sequence {found}, and this box has {have}")]
    Older {
        /// Sequence of the adopted release.
        have: u64,
        /// What came.
        found: u64,
    },
    /// Another release under the sequence the box has.
    #[error("two different releases carry sequence {sequence}")]
    Equivocation {
        /// The sequence.
        sequence: u64,
    },
    /// Its times go back although its sequence does not, or contradict each other.
    #[error("the release's times are implausible")]
    Times,
    /// One stream stands twice in a release.
    #[error("a stream stands twice in the release")]
    TwiceTheSame,
    /// Past its `not_after`.
    #[error("the release is past its last day")]
    PastNotAfter,
    /// A part is not what the signed head says.
    #[error("{0} does not have the hash that was signed")]
    Altered(&'static str),
    /// Longer than signed, or than any release may be.
    #[error("{0} is longer than allowed")]
    TooLong(&'static str),
    /// A table cannot be read.
    #[error("a table cannot be read")]
    Table(#[from] table::Error),
    /// A part without which nothing can be judged.
    #[error("the release has no {0}")]
    Incomplete(&'static str),
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NeedsProvisioning => "needs-provisioning",
            Self::AlreadyProvisioned => "already-provisioned",
            Self::Disk { .. } | Self::Table(table::Error::Io(_)) => "disk",
            Self::Carrier(_) => "carrier",
            Self::Malformed(_) => "malformed",
            Self::RootSignatures => "root-signatures",
            Self::RootVersion { .. } => "root-version",
            Self::RootExpired => "root-expired",
            Self::HeadSignature => "head-signature",
            Self::OtherRegion { .. } => "other-region",
            Self::Older { .. } => "older",
            Self::Equivocation { .. } => "equivocation",
            Self::Times => "times",
            Self::TwiceTheSame => "twice-the-same",
            Self::PastNotAfter => "past-not-after",
            Self::Altered(_) => "altered",
            Self::TooLong(_) | Self::Table(table::Error::TooLarge) => "too-long",
            Self::Incomplete(_) => "incomplete",
            // Whatever else is wrong with a table is in its bytes.
            Self::Table(_) => "malformed",
        }
    }
}
