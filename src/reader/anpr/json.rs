//! Values that sources write now as a number and now as a text.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Error;

/// 1973 in milliseconds, and the year 5138 in seconds: what is less is in seconds.
const SECONDS_END: f64 = 1e11;

/// The year 2100 in milliseconds.
const LAST: f64 = 4_102_444_800_000.0;

/// A number, or a text that says one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Loose {
    Number(serde_json::Number),
    Text(String),
}

impl Loose {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }

    /// As a name.
    pub(super) fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }

    /// As a time in Unix milliseconds, from seconds or milliseconds or RFC 3339; none without a zone.
    pub(super) fn time(&self) -> Result<Option<i64>, Error> {
        if let Some(number) = self.number() {
            let ms = if number < SECONDS_END { number * 1000.0 } else { number };
            return if (0.0..LAST).contains(&ms) { Ok(Some(ms as i64)) } else { Err(Error::Time) };
        }
        match self {
            Self::Text(text) => written(text),
            Self::Number(_) => Err(Error::Time),
        }
    }
}

/// A time as RFC 3339 writes it, in Unix milliseconds; none where it does not say in which zone.
pub(super) fn written(text: &str) -> Result<Option<i64>, Error> {
    let text = text.trim();
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Ok(Some(at.as_millisecond())),
        Err(_) => text.parse::<jiff::civil::DateTime>().map(|_| None).map_err(|_| Error::Time),
    }
}

pub(super) fn parse<T: DeserializeOwned>(message: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(message).map_err(|_| Error::Malformed)
}
