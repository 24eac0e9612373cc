//! Why a text is not a pass whose signature holds. Every code is explained in `docs/formats/errors.md`.

/// A stage on the way from text to document, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Length and prefix.
    Prefix,
    /// The text's alphabet (base45, base32, pairs of digits); of JSON, whether it is some.
    Alphabet,
    /// Decompression, in formats that have it.
    Inflate,
    /// The signed envelope and its headers, whatever wraps it: COSE, JWS, VDS-NC.
    Cose,
    /// A key for the hint in the envelope; of what is registered, its record.
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
    /// Not base32 (RFC 4648, section 6) without padding.
    #[error("the text is not base32")]
    Base32,
    /// Not pairs of digits from 00 to 77.
    #[error("the text is not made of pairs of digits from 00 to 77")]
    Digits,
    /// One of several codes that make one pass together: a deprecated form, of which each part proves nothing.
    #[error("the pass is spread over several codes")]
    Chunked,
    /// Not JSON as its format asks for.
    #[error("not JSON as this format has it")]
    Json(#[source] JsonFault),
    /// Not a zlib or deflate stream, or not only one.
    #[error("the compressed part is damaged")]
    Inflate,
    /// It would unpack to more than any such pass needs.
    #[error("the compressed part unpacks to too much")]
    InflateLimit,
    /// Not the signed envelope this format has.
    #[error("not the signed envelope of this format")]
    Cose(#[source] CoseFault),
    /// Not the JSON Web Signature this format has.
    #[error("not the signed envelope of this format")]
    Jws(#[source] JwsFault),
    /// Not the seal that VDS-NC has.
    #[error("not the seal of this format")]
    Seal(#[source] SealFault),
    /// No key with this hint is known. A newer list of keys may cure it.
    #[error("no key is known for this pass")]
    UnknownKey {
        /// The hint in the pass.
        kid: Vec<u8>,
    },
    /// The authority has taken the certificate of its signer back.
    #[error("the signer's certificate is revoked")]
    SignerRevoked,
    /// The algorithm is unknown, or not that of the key.
    #[error("the algorithm does not fit the key")]
    Algorithm,
    /// The key is known and the signature does not hold: forged or damaged.
    #[error("the signature does not hold")]
    Signature,
    /// The content is not what this format's content must be.
    #[error("the content is wrong")]
    Claims(#[source] ClaimsFault),
    /// An address that is none of the policy's links. No link is ever opened.
    #[error("the link is none of those that are looked up")]
    UnknownLink,
    /// Nearly a code or a card's number, but not quite.
    #[error("the code is mistyped")]
    Code(#[source] CodeFault),
    /// The register holds nothing under what was presented.
    #[error("the register holds nothing under it")]
    NotRegistered,
    /// There is no register here, or one that cannot be read.
    #[error("there is no register to look it up in")]
    RegisterMissing,
    /// Too many that the register does not hold, in too short a time.
    #[error("too many attempts")]
    TooManyAttempts,
}

/// What is wrong with JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JsonFault {
    /// Not JSON (RFC 8259), nested too deeply, or something after it.
    #[error("not one JSON text")]
    Shape,
    /// The same name twice in one object: two readers may take two values.
    #[error("the same name twice")]
    Duplicate,
    /// A number whose canonical form two writers might not agree upon.
    #[error("a number that is no integer of at most 53 bits")]
    Number,
}

/// What is wrong with a JSON Web Signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JwsFault {
    /// Not three parts in base64url.
    #[error("not a compact JWS")]
    Shape,
    /// A header that is no JSON object, says more than is understood, or names no compression.
    #[error("the header is not that of this format")]
    Header,
    /// No key hint.
    #[error("no key hint")]
    NoKid,
}

/// What is wrong with a visible digital seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SealFault {
    /// Not `data` with a header and a message, beside `sig` with algorithm, certificate and signature.
    #[error("not data and signature as this format has them")]
    Shape,
    /// Its certificate cannot be read, or its key not be used.
    #[error("the certificate in the code cannot be used")]
    Certificate,
}

/// How a code or a card's number is mistyped; the further down, the nearer it is to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum CodeFault {
    /// Too short or too long.
    #[error("too few or too many characters")]
    Length,
    /// As long as one, with a character that none has.
    #[error("a character that such codes do not have")]
    Alphabet,
    /// Its check digit does not fit.
    #[error("the check digit does not fit")]
    Check,
    /// The day that it begins with is none.
    #[error("the day it names does not exist")]
    Claim,
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
    /// Not JSON as the format asks for.
    #[error("not JSON as this format has it")]
    Json,
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
    /// Neither vaccination, test nor recovery, nor a COVID pass.
    #[error("a certificate of no kind known here")]
    Kind,
    /// More than one person.
    #[error("it is not about one person")]
    Person,
    /// The certificate in the code says that its holder may not sign this.
    #[error("the signer's certificate is not for this")]
    Usage,
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::NotAPass => "not-a-pass",
            Self::Base45 => "base45",
            Self::Base32 => "base32",
            Self::Digits => "digits",
            Self::Chunked => "chunked",
            Self::Json(JsonFault::Shape) => "json-shape",
            Self::Json(JsonFault::Duplicate) => "json-duplicate",
            Self::Json(JsonFault::Number) => "json-number",
            Self::Inflate => "inflate",
            Self::InflateLimit => "inflate-limit",
            Self::Cose(CoseFault::TooLong) => "cose-too-long",
            Self::Cose(CoseFault::Shape) => "cose-shape",
            Self::Cose(CoseFault::Headers) => "cose-headers",
            Self::Cose(CoseFault::DuplicateHeader) => "cose-duplicate-header",
            Self::Cose(CoseFault::NoKid) => "cose-no-kid",
            Self::Jws(JwsFault::Shape) => "jws-shape",
            Self::Jws(JwsFault::Header) => "jws-header",
            Self::Jws(JwsFault::NoKid) => "jws-no-kid",
            Self::Seal(SealFault::Shape) => "seal-shape",
            Self::Seal(SealFault::Certificate) => "seal-certificate",
            Self::UnknownKey { .. } => "unknown-key",
            Self::SignerRevoked => "signer-revoked",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Claims(ClaimsFault::Json) => "claims-json",
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
            Self::Claims(ClaimsFault::Person) => "claims-person",
            Self::Claims(ClaimsFault::Usage) => "claims-usage",
            Self::UnknownLink => "unknown-link",
            Self::Code(CodeFault::Alphabet) => "code-alphabet",
            Self::Code(CodeFault::Length) => "code-length",
            Self::Code(CodeFault::Check) => "code-check",
            Self::Code(CodeFault::Claim) => "code-claim",
            Self::NotRegistered => "not-registered",
            Self::RegisterMissing => "register-missing",
            Self::TooManyAttempts => "too-many-attempts",
        }
    }

    /// The step that failed. Whatever could be told before it held.
    pub const fn step(&self) -> Step {
        match self {
            Self::TooLong | Self::NotAPass | Self::Chunked | Self::UnknownLink => Step::Prefix,
            Self::Base45 | Self::Base32 | Self::Digits | Self::Json(_) | Self::Code(_) => Step::Alphabet,
            Self::Inflate | Self::InflateLimit => Step::Inflate,
            Self::Cose(_) | Self::Jws(_) | Self::Seal(_) => Step::Cose,
            Self::UnknownKey { .. } | Self::SignerRevoked => Step::Key,
            Self::NotRegistered | Self::RegisterMissing | Self::TooManyAttempts => Step::Key,
            Self::Algorithm => Step::Algorithm,
            Self::Signature => Step::Signature,
            Self::Claims(_) => Step::Claims,
        }
    }
}
