//! Times as people write them: `250ms`, `3s`, `5min`, `2h`, `7d`, `1d 12h`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

/// The units, the largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)];

/// Longer than any scenario: a year.
const LONGEST: u64 = 366 * 86_400_000;

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time; write 250ms, 3s, 5min, 2h, 7d or 1d 12h, up to a year");
        let part = |part: &str| {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, unit) = part.split_at(digits);
            let (_, ms) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
            number.parse::<u64>().ok()?.checked_mul(ms)
        };
        let mut total = None::<u64>;
        for word in text.split_whitespace() {
            total = Some(part(word).and_then(|ms| ms.checked_add(total.unwrap_or(0))).ok_or_else(wrong)?);
        }
        total.filter(|ms| *ms <= LONGEST).map(|ms| Self(Duration::from_millis(ms))).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let mut words = Vec::new();
        for (name, ms) in UNITS {
            if left >= ms {
                words.push(format!("{}{name}", left / ms));
                left %= ms;
            }
        }
        if words.is_empty() { f.write_str("0s") } else { f.write_str(&words.join(" ")) }
    }
}
