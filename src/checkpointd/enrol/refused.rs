//! Why an answer was not taken.

use std::path::PathBuf;

/// Why an answer was not taken, or why there is no request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Not an answer of HQ's at all, or not all of it.
    #[error("it is no answer to an enrolment, or it is damaged")]
    Damaged,
    /// Signed by a key that the box's root does not name for this.
    #[error("it is signed under another root than this box's")]
    OtherRoot,
    /// The key is the right one, the signature does not hold.
    #[error("its signature does not hold")]
    NotSigned,
    /// For another region.
    #[error("it is for region {found}, and this box is of {expected}")]
    OtherRegion {
        /// The box's.
        expected: wire::RegionId,
        /// The answer's.
        found: wire::RegionId,
    },
    /// For another box, or for one of this name with another key.
    #[error("it is for another box: {found}")]
    OtherBox {
        /// The answer's.
        found: wire::BoxId,
    },
    /// It answers no request that waits for one: an older answer, or one that was taken already.
    #[error("it answers no request of this box that waits for an answer")]
    Replayed,
    /// The certificate is not for this box's TLS key or not in its name, or cannot be read.
    #[error("its certificate is not for this box's key")]
    Certificate,
    /// An authority is none, or did not issue the certificate.
    #[error("its certificate is not from the authority that comes with it")]
    Authority,
    /// The certificate's last day has passed.
    #[error("its certificate ran out")]
    TooOld,
    /// The secrets were not sealed to this box.
    #[error("its secrets are not sealed to this box")]
    Secrets,
    /// The box has not been provisioned.
    #[error("the box has no root of trust: it needs to be provisioned first")]
    NoRoot,
    /// Another command takes an answer at this moment.
    #[error("another answer is being taken at this moment")]
    Busy,
    /// The disk, or a key on it.
    #[error("{path} cannot be used")]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
}

impl Refused {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Damaged => "enrol-damaged",
            Self::OtherRoot => "enrol-other-root",
            Self::NotSigned => "enrol-not-signed",
            Self::OtherRegion { .. } => "enrol-other-region",
            Self::OtherBox { .. } => "enrol-other-box",
            Self::Replayed => "enrol-replayed",
            Self::Certificate => "enrol-certificate",
            Self::Authority => "enrol-authority",
            Self::TooOld => "enrol-too-old",
            Self::Secrets => "enrol-secrets",
            Self::NoRoot => "enrol-no-root",
            Self::Busy => "enrol-busy",
            Self::Disk { .. } => "enrol-disk",
        }
    }
}
