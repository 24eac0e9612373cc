//! Why a text is not a pass whose signature holds.

/// A stage on the way from text to document, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Length and prefix.
    Prefix,
    /// The text's alphabet (base45).
    Alphabet,
    /// Decompression, in formats that have it.
    Inflate,
    /// The signed envelope and its headers.
    Cose,
    /// A key for the hint in the envelope.
    Key,
    /// Whether the algorithm fits the key.
    Algorithm,
    /// The signature.
    Signature,
    /// The content.
    Claims,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 8] = [
        Self::Prefix,
        Self::Alphabet,
        Self::Inflate,
        Self::Cose,
        Self::Key,
        Self::Algorithm,
        Self::Signature,
        Self::Claims,
    ];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Alphabet => "alphabet",
            Self::Inflate => "inflate",
            Self::Cose => "cose",
            Self::Key => "key",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Claims => "claims",
        }
    }
}

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// More characters than the format, or any code, may have.
    #[error("the text is too long")]
    TooLong,
    /// No known prefix.
    #[error("the text does not begin like a pass")]
    NotAPass,
    /// Not base45 (RFC 9285 §4).
    #[error("the text is not base45")]
    Base45,
    /// Not a zlib stream, or more than one.
    #[error("the compressed part is damaged")]
    Inflate,
    /// It would unpack to more than any such pass needs.
    #[error("the compressed part unpacks to too much")]
    InflateLimit,
    /// Not the signed envelope this format has.
    #[error("not a signed envelope: {0}")]
    Cose(&'static str),
    /// No key with this hint is known.
    #[error("no key is known for this pass")]
    UnknownKey {
        /// The hint in the pass.
        kid: Vec<u8>,
    },
    /// The algorithm is unknown, or not that of the key.
    #[error("the algorithm does not fit the key")]
    Algorithm,
    /// The key is known and the signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// The content is not what this format's content must be.
    #[error("the content is wrong: {0}")]
    Claims(&'static str),
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::NotAPass => "not-a-pass",
            Self::Base45 => "base45",
            Self::Inflate => "inflate",
            Self::InflateLimit => "inflate-limit",
            Self::Cose(_) => "cose",
            Self::UnknownKey { .. } => "unknown-key",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Claims(_) => "claims",
        }
    }

    /// The step that failed; those before it held.
    pub const fn step(&self) -> Step {
        match self {
            Self::TooLong | Self::NotAPass => Step::Prefix,
            Self::Base45 => Step::Alphabet,
            Self::Inflate | Self::InflateLimit => Step::Inflate,
            Self::Cose(_) => Step::Cose,
            Self::UnknownKey { .. } => Step::Key,
            Self::Algorithm => Step::Algorithm,
            Self::Signature => Step::Signature,
            Self::Claims(_) => Step::Claims,
        }
    }
}
