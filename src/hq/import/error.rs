//! Why a list of others was not taken in.

use std::path::{Path, PathBuf};

/// What is wrong with one entry of a list. One such entry, and nothing of the list is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not base64 of the right length.
    #[error("it is not base64 of the right length")]
    Base64,
    /// Not a certificate.
    #[error("it is not an X.509 certificate")]
    Certificate,
    /// Its kid or thumbprint is not that of its certificate.
    #[error("its kid or thumbprint is not that of its certificate")]
    Kid,
    /// Not two capital letters.
    #[error("its country is not two capital letters")]
    Country,
    /// Its signature holds under none of the certificates that may have made it.
    #[error("its signature does not hold under any certificate that may sign it")]
    Signature,
    /// Neither UCI, nor COUNTRYCODEUCI, nor SIGNATURE.
    #[error("its hash type is not known")]
    HashType,
    /// A time that cannot be read.
    #[error("its time is not as RFC 3339 writes it")]
    Time,
    /// None, or more than the format allows.
    #[error("it has no entries, or more than the format allows")]
    Count,
    /// The name of an issuer that is not one.
    #[error("its issuer's name cannot be")]
    Issuer,
    /// Not a key as its format has it.
    #[error("its key is not as the format has it")]
    Key,
    /// Two entries under one name that say different things.
    #[error("another entry of the same name says something else")]
    Twice,
    /// Identifier, country, types and versions of a rule that contradict each other.
    #[error("its identifier, country, type or version cannot be")]
    Identity,
    /// A rule that ends before it begins.
    #[error("it ends before it begins")]
    Validity,
    /// A rule's logic that is no CertLogic.
    #[error("its logic is not CertLogic")]
    Logic,
    /// Not a revocation list, or one that has ended.
    #[error("it is not a revocation list that is in force")]
    Crl,
}

impl Problem {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Base64 => "entry-base64",
            Self::Certificate => "entry-certificate",
            Self::Kid => "entry-kid",
            Self::Country => "entry-country",
            Self::Signature => "entry-signature",
            Self::HashType => "entry-hash-type",
            Self::Time => "entry-time",
            Self::Count => "entry-count",
            Self::Issuer => "entry-issuer",
            Self::Key => "entry-key",
            Self::Twice => "entry-twice",
            Self::Identity => "entry-identity",
            Self::Validity => "entry-validity",
            Self::Logic => "entry-logic",
            Self::Crl => "entry-crl",
        }
    }
}

/// Why nothing was taken. Each names its file, and the entry where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused a file.
    #[error("{path} cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// More than any honest list has.
    #[error("{path} is longer or holds more than a list may")]
    TooMuch {
        /// The file or folder.
        path: PathBuf,
    },
    /// Nothing in it.
    #[error("{path} holds nothing of the kind")]
    Empty {
        /// The file or folder.
        path: PathBuf,
    },
    /// Not the JSON that it should be.
    #[error("{path} is not what its format says")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// One entry is wrong.
    #[error("{path}, {entry}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// Which entry of it.
        entry: String,
        /// What is wrong with it.
        source: Problem,
    },
    /// The whole list's signature does not hold under the given key or certificate.
    #[error("{path} is not signed by the given key")]
    Signature {
        /// The file.
        path: PathBuf,
    },
    /// It is signed, and nobody said by whom it should be.
    #[error("{path} is signed: say with --signer-key or --signer whose signature it should be")]
    SignerNeeded {
        /// The file.
        path: PathBuf,
    },
    /// It should be signed, and is not.
    #[error("{path} is not signed")]
    Unsigned {
        /// The file.
        path: PathBuf,
    },
    /// Older than what was taken in from there before: an old list brings withdrawn keys back.
    #[error("{source_name} is of {found}, and what was imported before is of {have}; --as-of says otherwise")]
    Older {
        /// The source.
        source_name: String,
        /// Of when this is, Unix seconds.
        found: i64,
        /// Of when the imported one is, Unix seconds.
        have: i64,
    },
    /// Of a time that has not come.
    #[error("{source_name} is of a time that has not come: {found}")]
    Future {
        /// The source.
        source_name: String,
        /// Of when this is, Unix seconds.
        found: i64,
    },
    /// The source is known for something else.
    #[error("the source {0} has told something else before; give this one another name with --from")]
    OtherKind(String),
    /// It says far less than before, as one that was cut off does.
    #[error("{source_name} takes back {lost} of {before}; if that is right, say --allow-shrink")]
    Shrinks {
        /// The source.
        source_name: String,
        /// How many would go before their time.
        lost: u64,
        /// How many there are.
        before: u64,
    },
    /// More issuers than a release can carry.
    #[error("there would be {0} issuers, more than a release carries")]
    TooManyIssuers(usize),
    /// The region's database.
    #[error("importing into hq.db failed")]
    Database(#[from] rusqlite::Error),
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::TooMuch { .. } => "import-too-much",
            Self::Empty { .. } => "import-empty",
            Self::Shape { .. } => "import-shape",
            Self::Entry { source, .. } => source.code(),
            Self::Signature { .. } => "import-signature",
            Self::SignerNeeded { .. } => "import-signer-needed",
            Self::Unsigned { .. } => "import-unsigned",
            Self::Older { .. } => "import-older",
            Self::Future { .. } => "import-future",
            Self::OtherKind(_) => "import-other-kind",
            Self::Shrinks { .. } => "import-shrinks",
            Self::TooManyIssuers(_) => "import-too-many-issuers",
            Self::Database(_) => "database",
        }
    }

    /// Whether the list itself is at fault, and not this machine.
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::File { .. } | Self::Database(_))
    }

    pub(super) fn entry(path: &Path, entry: impl Into<String>) -> impl FnOnce(Problem) -> Self {
        let (path, entry) = (path.to_owned(), entry.into());
        move |source| Self::Entry { path, entry, source }
    }
}
