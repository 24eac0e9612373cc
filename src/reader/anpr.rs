//! What plate cameras and their programs send, made one thing of: bytes in, [`Seen`] out.
//!
//! Each source writes the plate, its confidence, the time and the camera's name in its own way; here each has a file.
//! Nothing is kept and nothing is decided: whether a reading is old, repeated, unsure or about another lane is for
//! who listens. Whoever can reach the port may send anything, so every length and depth has a bound, XML has no
//! entities, and what is there twice is refused.

mod axis;
mod frigate;
mod hikvision;
mod json;
mod plain;

/// Longest message; the real ones have three kilobytes at most. Pictures come in parts of their own.
pub const LONGEST: usize = 64 * 1024;

/// Longest plate in bytes: one in Cyrillic with spaces, and room for what stands around it.
const LONGEST_PLATE: usize = 64;

/// Longest name of a camera, and longest id, in bytes. Hikvision's ids have 63.
const LONGEST_NAME: usize = 128;

/// Whose language a message is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Hikvision's event notification (ISAPI), XML.
    Hikvision,
    /// Frigate's `tracked_object_update` and `events`, JSON.
    Frigate,
    /// Axis License Plate Verifier, JSON.
    Axis,
    /// Our own, JSON.
    Plain,
}

/// One reading of a plate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// As it was read, in whichever alphabet.
    pub plate: String,
    /// How sure the source is, in percent; none where it does not say.
    pub confidence: Option<u8>,
    /// Which camera, by the source's own name for it.
    pub camera: String,
    /// When, by the source's clock, in Unix milliseconds; none where it does not say, or not in which zone.
    pub at: Option<i64>,
    /// Names the vehicle, or the event, at this source; repeated with every update.
    pub id: Option<String>,
    /// The source says itself that it sends it later than it should.
    pub late: bool,
}

/// Why a message is no reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// More than [`LONGEST`] bytes, or a name longer than any is.
    #[error("the message is too long")]
    TooLong,
    /// Not in the dialect: no XML, no JSON, or a field that is needed is missing, of another type or there twice.
    #[error("the message is not in the dialect of its source")]
    Malformed,
    /// It brings its own entities.
    #[error("the message defines or uses entities")]
    Entities,
    /// It nests deeper than any real one.
    #[error("the message nests too deep")]
    TooDeep,
    /// A message of the source about something else.
    #[error("the message is not about a plate")]
    OtherEvent,
    /// The source saw a vehicle and read no plate.
    #[error("no plate was read")]
    NoPlate,
    /// A confidence that is none.
    #[error("the confidence is no number of its range")]
    Confidence,
    /// A time that is none.
    #[error("the time is none")]
    Time,
}

impl Error {
    /// Stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "feed-too-long",
            Self::Malformed => "feed-malformed",
            Self::Entities => "feed-entities",
            Self::TooDeep => "feed-too-deep",
            Self::OtherEvent => "feed-other-event",
            Self::NoPlate => "feed-no-plate",
            Self::Confidence => "feed-confidence",
            Self::Time => "feed-time",
        }
    }

    /// Whether the source did nothing wrong: it speaks of other things too.
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Self::OtherEvent | Self::NoPlate)
    }
}

/// Reads one message.
///
/// # Errors
/// Why it is no reading of a plate.
pub fn read(dialect: Dialect, message: &[u8]) -> Result<Seen, Error> {
    if message.len() > LONGEST {
        return Err(Error::TooLong);
    }
    let seen = match dialect {
        Dialect::Hikvision => hikvision::read(message),
        Dialect::Frigate => frigate::read(message),
        Dialect::Axis => axis::read(message),
        Dialect::Plain => plain::read(message),
    }?;
    let names = [Some(&seen.camera), seen.id.as_ref()];
    if seen.plate.len() > LONGEST_PLATE || names.into_iter().flatten().any(|name| name.len() > LONGEST_NAME) {
        return Err(Error::TooLong);
    }
    // A plate that was not read is sent as `unknown`, `NO PLATE` or nothing; every plate has a digit.
    if seen.plate.chars().any(|c| c.is_ascii_digit()) { Ok(seen) } else { Err(Error::NoPlate) }
}

/// A confidence on a scale that ends at `whole`, in percent.
fn percent(value: f64, whole: f64) -> Result<u8, Error> {
    if !(0.0..=whole).contains(&value) {
        return Err(Error::Confidence);
    }
    // In range as was just seen.
    Ok((value / whole * 100.0).round() as u8)
}

#[cfg(test)]
mod tests;
