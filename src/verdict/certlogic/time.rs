//! Dates and times as CertLogic reads and shifts them: what JavaScript's `Date` does in UTC, by the specification.

use super::expression::Unit;
use super::value::Fault;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The furthest that JavaScript's `Date` reaches, in milliseconds.
const FURTHEST: i64 = 8_640_000_000_000_000;

/// A date or a time as text, in milliseconds since 1970. Of a date that leaves its month or day open, the last day
/// that it can mean; without an offset, UTC; parts of a second beyond a thousandth are dropped.
pub(super) fn read(text: &str) -> Result<i64, Fault> {
    parse(text.as_bytes()).ok_or(Fault::Date)
}

/// A birth date alone, by the same rule.
pub(super) fn birth_date(text: &str) -> Result<i64, Fault> {
    if text.contains('T') { Err(Fault::Date) } else { read(text) }
}

/// A moment in Unix seconds as text, the way `validationClock` is written.
pub(super) fn written(unix: i64) -> String {
    let (day, second) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let (year, month, day) = civil(day.clamp(-FURTHEST / DAY, FURTHEST / DAY));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The same moment some units later. A month or a year is counted in the calendar, and a day that the month then
/// does not have runs over into the next: 29 February and a year is 1 March.
pub(super) fn plus(time: i64, amount: i64, unit: Unit) -> Result<i64, Fault> {
    let later = match unit {
        Unit::Hour => amount.checked_mul(HOUR).and_then(|by| time.checked_add(by)),
        Unit::Day => amount.checked_mul(DAY).and_then(|by| time.checked_add(by)),
        Unit::Month => plus_months(time, amount),
        Unit::Year => amount.checked_mul(12).and_then(|months| plus_months(time, months)),
    };
    later.filter(|later| later.abs() <= FURTHEST).ok_or(Fault::Overflow)
}

fn plus_months(time: i64, months: i64) -> Option<i64> {
    // Beyond this no date can be told, and below it nothing overflows.
    if months.abs() > 12 * 600_000 {
        return None;
    }
    let (year, month, day) = civil(time.div_euclid(DAY));
    let month = year * 12 + (month - 1) + months;
    let first = days(month.div_euclid(12), month.rem_euclid(12) + 1, 1);
    Some((first + day - 1) * DAY + time.rem_euclid(DAY))
}

fn parse(text: &[u8]) -> Option<i64> {
    let year = digits(text.get(..4)?)?;
    match text.get(4..)? {
        [] => Some(days(year, 12, 31) * DAY),
        [b'-', rest @ ..] => {
            let month = digits(rest.get(..2)?).filter(|month| (1..=12).contains(month))?;
            let days_of_month = days(year, month + 1, 1) - days(year, month, 1);
            match rest.get(2..)? {
                [] => Some(days(year, month, days_of_month) * DAY),
                [b'-', rest @ ..] => {
                    let day = digits(rest.get(..2)?).filter(|day| (1..=days_of_month).contains(day))?;
                    let midnight = days(year, month, day) * DAY;
                    match rest.get(2..)? {
                        [] => Some(midnight),
                        [b'T', rest @ ..] => Some(midnight + time_of_day(rest)?),
                        _ => None,
                    }
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// `hh:mm:ss`, parts of a second, an offset.
fn time_of_day(text: &[u8]) -> Option<i64> {
    let (clock, mut rest) = text.split_at_checked(8)?;
    let &[h, hh, b':', m, mm, b':', s, ss] = clock else { return None };
    let hour = digits(&[h, hh]).filter(|hour| *hour <= 24)?;
    let minute = digits(&[m, mm]).filter(|minute| *minute <= 59)?;
    let second = digits(&[s, ss]).filter(|second| *second <= 59)?;
    let mut time = hour * HOUR + minute * MINUTE + second * SECOND;
    if let [b'.', parts @ ..] = rest {
        let count = parts.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (parts, after) = parts.split_at(count);
        let thousandths = parts.iter().copied().chain([b'0'; 3]).take(3).collect::<Vec<u8>>();
        time += digits(&thousandths).filter(|_| count > 0)?;
        rest = after;
    }
    // Only the midnight that ends a day is written 24:00:00.
    if time > DAY {
        return None;
    }
    Some(time - offset(rest)?)
}

/// Nothing, `Z`, or `+h`, `+hh`, `+hmm`, `+hhmm`, `+h:mm`, `+hh:mm`, or the same with `-`.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [] | [b'Z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [_] | [_, _] => (digits(rest)?, 0),
        [hours @ .., b':', m, mm] if (1..=2).contains(&hours.len()) => (digits(hours)?, digits(&[*m, *mm])?),
        [hours @ .., m, mm] if (1..=2).contains(&hours.len()) => (digits(hours)?, digits(&[*m, *mm])?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * HOUR + minutes * MINUTE))
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

/// Days since 1970 of a date in the Gregorian calendar; a month may be 13, the January after it.
/// (Howard Hinnant, "chrono-compatible low-level date algorithms".)
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 12 { (year + 1, month - 12) } else { (year, month) };
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970.
const fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shifted(from: &str, amount: i64, unit: Unit) -> i64 {
        plus(read(from).unwrap(), amount, unit).unwrap()
    }

    #[test]
    fn what_a_month_does_not_have_runs_over_into_the_next() {
        // The table of the specification, and what its method says of other ends of months.
        assert_eq!(shifted("2020-02-29", 1, Unit::Day), read("2020-03-01").unwrap());
        assert_eq!(shifted("2020-02-29", 1, Unit::Month), read("2020-03-29").unwrap());
        assert_eq!(shifted("2020-02-29", 1, Unit::Year), read("2021-03-01").unwrap());
        assert_eq!(shifted("2021-01-31", 1, Unit::Month), read("2021-03-03").unwrap());
        assert_eq!(shifted("2021-03-31", -1, Unit::Month), read("2021-03-03").unwrap());
        assert_eq!(shifted("2021-12-31", 2, Unit::Month), read("2022-03-03").unwrap());
        assert_eq!(shifted("2021-01-15", -13, Unit::Month), read("2019-12-15").unwrap());
        assert_eq!(shifted("2020-02-29", 4, Unit::Year), read("2024-02-29").unwrap());
        assert_eq!(shifted("1969-12-31T23:00:00Z", 2, Unit::Hour), HOUR);
    }

    #[test]
    fn a_date_that_leaves_something_open_means_its_last_day() {
        assert_eq!(read("2004").unwrap(), read("2004-12-31").unwrap());
        assert_eq!(read("2004-02").unwrap(), read("2004-02-29").unwrap());
        assert_eq!(read("2003-02").unwrap(), read("2003-02-28").unwrap());
        assert_eq!(read("2003-12").unwrap(), read("2003-12-31").unwrap());
        assert!(birth_date("2003-12-31T00:00:00Z").is_err());
    }

    #[test]
    fn every_allowed_form_is_read_and_no_other() {
        let base = read("2021-06-01T12:00:00Z").unwrap();
        assert_eq!(base, 1_622_548_800_000);
        for form in ["", "Z", "+0", "-00", "+000", "-0000", "+0:00", "-00:00", ".0", ".000999Z", ".0+00:00"] {
            assert_eq!(read(&format!("2021-06-01T12:00:00{form}")).unwrap(), base, "{form}");
        }
        for (form, minutes) in [("+3", 180), ("-03", -180), ("+330", 210), ("+0330", 210), ("-3:30", -210)] {
            assert_eq!(read(&format!("2021-06-01T12:00:00{form}")).unwrap(), base - minutes * MINUTE, "{form}");
        }
        assert_eq!(read("2021-06-01T12:00:00.1299Z").unwrap(), base + 129);
        assert_eq!(read("2021-06-01T24:00:00").unwrap(), read("2021-06-02").unwrap());
        for text in [
            "",
            "202",
            "20210",
            "2021-",
            "2021-1",
            "2021-13",
            "2021-00",
            "2021-02-29",
            "2021-06-31",
            "2021-06-00",
            "2021-06-01 12:00:00",
            "2021-06-01T12:00",
            "2021-06-01T25:00:00",
            "2021-06-01T12:60:00",
            "+2021-06-01",
            "2021-06-01T12:00:00.",
            "2021-06-01T12:00:00.Z",
            "2021-06-01T12:00:00+",
            "2021-06-01T12:00:00+24",
            "2021-06-01T12:00:00+1:2",
            "2021-06-01T12:00:00ZZ",
            "2021-06-01T24:00:01",
            "2021-06-0é",
            "20é1",
            "2021-06-01T12:00:00+12345",
            "2021-06-01T12:00:00+:00",
        ] {
            assert_eq!(read(text), Err(Fault::Date), "{text}");
        }
    }

    #[test]
    fn every_day_of_a_thousand_years_is_told_and_told_back() {
        for day in days(1600, 1, 1)..days(2600, 1, 1) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn a_moment_is_written_as_it_is_read() {
        for unix in [0, -1, 1_622_548_800, 951_782_399, 4_102_444_800] {
            assert_eq!(read(&written(unix)), Ok(unix * SECOND));
        }
        // What no calendar can tell is not read either, but nothing breaks.
        assert_eq!(read(&written(i64::MAX)), Err(Fault::Date));
        assert_eq!(read(&written(i64::MIN)), Err(Fault::Date));
    }

    #[test]
    fn beyond_all_calendars_there_is_nothing() {
        for (amount, unit) in [
            (i64::MAX, Unit::Hour),
            (i64::MIN, Unit::Day),
            (i64::MAX, Unit::Month),
            (i64::MIN, Unit::Year),
            (300_000, Unit::Year),
            (-300_000, Unit::Year),
        ] {
            assert_eq!(plus(0, amount, unit), Err(Fault::Overflow));
        }
    }
}
