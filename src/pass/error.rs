//! Why a text is not a pass whose signature holds. Every code is explained in `docs/formats/errors.md`.

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
    /// Not a zlib stream, or not only one.
    #[error("the compressed part is damaged")]
    Inflate,
    /// It would unpack to more than any such pass needs.
    #[error("the compressed part unpacks to too much")]
    InflateLimit,
    /// Not the signed envelope this format has.
    #[error("not the signed envelope of this format")]
    Cose(#[source] CoseFault),
    /// No key with this hint is known. A newer list of keys may cure it.
    #[error("no key is known for this pass")]
    UnknownKey {
        /// The hint in the pass.
        kid: Vec<u8>,
    },
    /// The algorithm is unknown, or not that of the key.
    #[error("the algorithm does not fit the key")]
    Algorithm,
    /// The key is known and the signature does not hold: forged or damaged.
    #[error("the signature does not hold")]
    Signature,
    /// The content is not what this format's content must be.
    #[error("the content is wrong")]
    Claims(#[source] ClaimsFault),
    /// A link, but to none of the places where passes of this region stand. It is never opened.
    #[error("the link is none of this region's passes")]
    UnknownLink,
    /// A code of another length or alphabet than the region's, or whose check digit is another.
    #[error("the code is none of this region's")]
    WrongCode,
    /// Nothing stands under it in the register. A newer one may hold it.
    #[error("the register does not know it")]
    NotRegistered,
    /// There is no register here, or what opens it is not.
    #[error("there is no register here")]
    RegisterMissing,
    /// Too many codes were tried that nobody knows.
    #[error("too many wrong codes were tried")]
    TooManyAttempts,
}

/// What is wrong with an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CoseFault {
    /// More bytes than the format allows.
    #[error("the envelope is too long")]
    TooLong,
    /// Not one COSE_Sign1 in CBOR as the format asks for.
    #[error("not one COSE_Sign1")]
    Shape,
    /// Headers other than the format's.
    #[error("the headers are not those of this format")]
    Headers,
    /// The same header twice in one map.
    #[error("the same header twice")]
    DuplicateHeader,
    /// No key hint, or one that is neither bytes nor text.
    #[error("no key hint")]
    NoKid,
}

/// What is wrong with the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsFault {
    /// Not CBOR as the format asks for: deterministic and within its limits for our own, any for foreign.
    #[error("not CBOR as this format has it")]
    Cbor(#[source] Option<wire::cbor::Error>),
    /// CBOR of another shape: a missing map, a wrong type, an unknown key in a format of ours.
    #[error("not a claims map of this format")]
    Shape,
    /// The same claim twice.
    #[error("the same claim twice")]
    Duplicate,
    /// A claim that must be there is not.
    #[error("the claim `{0}` is missing")]
    Missing(&'static str),
    /// An issuer that is no identifier.
    #[error("the issuer is not 1 to 32 of A-Z, a-z, 0-9, '.', '_' and '-'")]
    Issuer,
    /// An id of the wrong length.
    #[error("the id is not 8 to 16 bytes")]
    Id,
    /// Validity that is empty, begins before 1970, or is longer than 400 days.
    #[error("the validity is empty or longer than 400 days")]
    Validity,
    /// A plate that binds nothing, or is not folded.
    #[error("a plate that binds nothing or is not folded")]
    Plate,
    /// A birth date that is none of `YYYY`, `YYYY-MM`, `YYYY-MM-DD`.
    #[error("the birth date is not a whole or partial date")]
    Birth,
    /// Digits of an ID document that are not 1 to 10 digits.
    #[error("the digits of the ID document are not 1 to 10 digits")]
    IdDigits,
    /// Neither vaccination, test nor recovery.
    #[error("a certificate of no kind known here")]
    Kind,
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
            Self::Cose(CoseFault::TooLong) => "cose-too-long",
            Self::Cose(CoseFault::Shape) => "cose-shape",
            Self::Cose(CoseFault::Headers) => "cose-headers",
            Self::Cose(CoseFault::DuplicateHeader) => "cose-duplicate-header",
            Self::Cose(CoseFault::NoKid) => "cose-no-kid",
            Self::UnknownKey { .. } => "unknown-key",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Claims(ClaimsFault::Cbor(_)) => "claims-cbor",
            Self::Claims(ClaimsFault::Shape) => "claims-shape",
            Self::Claims(ClaimsFault::Duplicate) => "claims-duplicate",
            Self::Claims(ClaimsFault::Missing(_)) => "claims-missing",
            Self::Claims(ClaimsFault::Issuer) => "claims-issuer",
            Self::Claims(ClaimsFault::Id) => "claims-id",
            Self::Claims(ClaimsFault::Validity) => "claims-validity",
            Self::Claims(ClaimsFault::Plate) => "claims-plate",
            Self::Claims(ClaimsFault::Birth) => "claims-birth",
            Self::Claims(ClaimsFault::IdDigits) => "claims-id-digits",
            Self::Claims(ClaimsFault::Kind) => "claims-kind",
            Self::UnknownLink => "unknown-link",
            Self::WrongCode => "wrong-code",
            Self::NotRegistered => "not-registered",
            Self::RegisterMissing => "register-missing",
            Self::TooManyAttempts => "too-many-attempts",
        }
    }

    /// The step that failed. Whatever could be told before it held.
    pub const fn step(&self) -> Step {
        match self {
            Self::TooLong | Self::NotAPass | Self::UnknownLink | Self::WrongCode => Step::Prefix,
            Self::Base45 => Step::Alphabet,
            Self::Inflate | Self::InflateLimit => Step::Inflate,
            Self::Cose(_) => Step::Cose,
            Self::UnknownKey { .. } | Self::NotRegistered | Self::RegisterMissing | Self::TooManyAttempts => Step::Key,
            Self::Algorithm => Step::Algorithm,
            Self::Signature => Step::Signature,
            Self::Claims(_) => Step::Claims,
        }
    }
}
