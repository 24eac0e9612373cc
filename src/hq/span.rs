//! Spans of time as people write them, `30d` or `90m`, and points in time in the region's own zone.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;

use crate::Error;

/// A span of whole seconds: a number and `s`, `m`, `h` or `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(i64);

/// Not a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a span of time: a number and s, m, h or d, such as 30d")]
pub struct BadSpan(String);

impl Span {
    /// Its length in seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number and s, m, h or d.",
            "type": "string",
            "pattern": "^[0-9]+[smhd]$",
        })
    }
}

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let bad = || BadSpan(text.to_owned());
        let unit = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => return Err(bad()),
        };
        let number = &text[..text.len() - 1];
        // `parse` alone would take a sign.
        if !number.bytes().all(|c| c.is_ascii_digit()) {
            return Err(bad());
        }
        let number: i64 = number.parse().map_err(|_| bad())?;
        number.checked_mul(unit).map(Self).ok_or_else(bad)
    }
}

impl TryFrom<String> for Span {
    type Error = BadSpan;

    fn try_from(text: String) -> Result<Self, BadSpan> {
        text.parse()
    }
}

/// Distances from UTC that places on Earth keep, in seconds: Baker Island to Kiritimati.
const OFFSETS: std::ops::RangeInclusive<i32> = -12 * 3600..=14 * 3600;

/// A region's distance from UTC, written `+03:00`.
///
/// # Errors
/// What is wrong with it.
pub fn offset(text: &str) -> Result<Offset, String> {
    let wrong = || format!("{text:?} is not a distance from UTC such as \"+03:00\"");
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(wrong)?;
    let two = |digits: &str| match digits.as_bytes() {
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => Some(i32::from(a - b'0') * 10 + i32::from(b - b'0')),
        _ => None,
    };
    let (hours, minutes) = two(hours).zip(two(minutes)).filter(|(_, minutes)| *minutes < 60).ok_or_else(wrong)?;
    let seconds = sign * (hours * 3600 + minutes * 60);
    Offset::from_seconds(seconds).ok().filter(|_| OFFSETS.contains(&seconds)).ok_or_else(wrong)
}

/// A distance from UTC as [`offset`] reads it.
pub fn written(zone: Offset) -> String {
    let (sign, minutes) = (if zone.seconds() < 0 { '-' } else { '+' }, zone.seconds().abs() / 60);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Unix seconds of a point in time: RFC 3339, or a bare date, which begins at the region's midnight.
///
/// # Errors
/// [`Error::Field`].
pub fn begins(name: &'static str, text: &str, zone: Offset) -> Result<i64, Error> {
    match text.parse::<Timestamp>() {
        Ok(at) => Ok(at.as_second()),
        Err(_) => midnight(name, text, zone),
    }
}

/// Unix seconds of the last moment: RFC 3339, or a bare date, which counts to its last second.
///
/// # Errors
/// [`Error::Field`].
pub fn ends(name: &'static str, text: &str, zone: Offset) -> Result<i64, Error> {
    match text.parse::<Timestamp>() {
        Ok(at) => Ok(at.as_second()),
        Err(_) => midnight(name, text, zone).map(|begins| begins + 86_399),
    }
}

fn midnight(name: &'static str, text: &str, zone: Offset) -> Result<i64, Error> {
    let wrong = || Error::field(name, format!("{text:?} is neither RFC 3339 nor a date such as 2026-11-23"));
    let date: Date = text.parse().map_err(|_| wrong())?;
    let at = zone.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| wrong())?;
    Ok(at.as_second())
}

/// A point in time for people, in the region's zone, to the minute.
pub fn shown(unix: i64, zone: Offset) -> String {
    let at = Timestamp::from_second(unix).unwrap_or(if unix < 0 { Timestamp::MIN } else { Timestamp::MAX });
    at.to_zoned(TimeZone::fixed(zone)).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_number_and_a_unit() {
        for (text, seconds) in [("30d", 2_592_000), ("24h", 86_400), ("90m", 5_400), ("0s", 0)] {
            assert_eq!(text.parse(), Ok(Span(seconds)));
        }
        for bad in ["", "d", "30", "-1d", "+1d", "1.5h", "1w", "30д", "99999999999999999999d", "9223372036854775807d"]
        {
            assert!(bad.parse::<Span>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_bare_date_is_a_day_of_the_region() {
        let zone = offset("+03:00").unwrap();
        assert_eq!(begins("date", "2020-05-01", zone).unwrap(), 1_588_280_400);
        assert_eq!(ends("date", "2020-05-01", zone).unwrap(), 1_588_280_400 + 86_399);
        assert_eq!(begins("date", "2020-05-01T00:00:00Z", zone).unwrap(), 1_588_291_200);
        assert_eq!(ends("date", "2020-05-01T00:00:00Z", zone).unwrap(), 1_588_291_200);
        assert_eq!(shown(1_588_280_400, zone), "2020-05-01 00:00");
        for bad in ["", "tomorrow", "2020-02-30", "2020-05", "01.05.2020", "-999999-01-01"] {
            assert!(begins("date", bad, zone).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn any_moment_can_be_shown() {
        for unix in [i64::MIN, -1, 0, i64::MAX] {
            assert!(!shown(unix, offset("-12:00").unwrap()).is_empty());
        }
        for bad in ["", "3", "+3", "+03", "03:00", "+03:60", "+99:00", "+0a:00", "+é"] {
            assert!(offset(bad).is_err(), "{bad:?}");
        }
        assert_eq!(offset("-03:30").unwrap().seconds(), -12_600);
        for text in ["-03:30", "+00:00", "+14:00"] {
            assert_eq!(written(offset(text).unwrap()), text);
        }
    }
}
