//! What a policy may say, and had better not: told by `checkpoint-hq policy check`, and not refused.

use pass::{Format, Kind};
use verdict::{PlateRule, Policy};

use super::fault::{Finding, Risk};
use super::place;

const DAY: i64 = 86_400;

/// Everything that is risky in a policy and in the text it was read from.
pub fn risks(text: &str, policy: &Policy) -> Vec<Finding<Risk>> {
    let mut found = Vec::new();
    let mut add = |key: &str, what: Risk| {
        found.push(Finding { key: key.to_owned(), line: place::line(text, key), what });
    };
    let is_read = |format: Format| policy.enables(format);
    for (at, rule) in policy.kinds.iter().enumerate() {
        let key = format!("kind[{at}]");
        if !rule.admitted {
            add(&format!("{key}.admitted"), Risk::Stopped);
        } else if rule.plate == PlateRule::Ignored && !rule.compare_document && !rule.best_is_check {
            add(&key, Risk::AnybodysCopy);
        } else if is_read(Format::Link)
            && rule.plate == PlateRule::IfBound
            && !rule.compare_document
            && !rule.best_is_check
        {
            add(&key, Risk::LinkAlone);
        }
        if rule.limits.is_some() && policy.uses_old_after.is_none() {
            add(&format!("{key}.limits"), Risk::UsesNeverOld);
        }
        let minutes = rule.limits.and_then(|limits| limits.minutes);
        if policy.grace.is_some_and(|grace| rule.limits.is_some() && grace > minutes.unwrap_or(30) * 60) {
            add("grace", Risk::LongGrace);
        }
    }
    if policy.old_after > 30 * DAY {
        add("freshness.old_after", Risk::BelievedLong);
    }
    for own in policy.freshness.iter().chain(&policy.acceptance_freshness).filter(|own| own.old_after > 30 * DAY) {
        add(&format!("freshness.{}.old_after", own.part.as_str()), Risk::BelievedLong);
    }
    match policy.attempts {
        None if !policy.forms.codes.is_empty() || !policy.forms.cards.is_empty() => add("", Risk::Guessing),
        Some(attempts) if attempts.tries * 60 > 20 * attempts.seconds => add("attempts.tries", Risk::ManyTries),
        Some(_) | None => {}
    }
    for (key, format, is_empty) in [
        ("link", Format::Link, policy.forms.links.is_empty()),
        ("code", Format::Code, policy.forms.codes.is_empty()),
        ("card", Format::Card, policy.forms.cards.is_empty()),
    ] {
        match (is_read(format), is_empty) {
            (true, true) => add("formats", Risk::NoForm),
            (false, false) => add(key, Risk::NotRead),
            _ => {}
        }
    }
    let certificates =
        [(Format::Hc1, &[Kind::VACCINATION, Kind::TEST, Kind::RECOVERY][..]), (Format::Nzcp, &[Kind::COVID_PASS])];
    for (_, kinds) in certificates.into_iter().filter(|(format, _)| is_read(*format)) {
        if !kinds.iter().any(|kind| policy.rule(*kind).is_some()) {
            add("formats", Risk::NoKind);
        }
    }
    let ruled = |kind: &&Kind| policy.rule(**kind).is_some_and(|rule| rule.admitted);
    let unruled = [Kind::VACCINATION, Kind::TEST, Kind::RECOVERY];
    if is_read(Format::Hc1) && unruled.iter().filter(ruled).any(|kind| policy.accepted_by(*kind).is_none()) {
        add("formats", Risk::AnyCertificate);
    }
    for (at, device) in policy.plates.iter().enumerate() {
        if device.may_agree && device.least < 900 {
            add(&format!("plates[{at}].least"), Risk::EasilyBelieved);
        }
    }
    if is_read(Format::Plate) {
        add("formats", Risk::PlateAlone);
    }
    found
}
