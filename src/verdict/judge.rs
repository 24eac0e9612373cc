//! The order of checks.

use pass::{Document, Format};
use plate::Match;

use crate::{Facts, Grade, KindRule, Knowledge, Outcome, PlateRule, Policy, Reason, Scope, Status, Verdict};

/// How far ahead of the box an issuer's clock may be, in seconds.
const ISSUED_AHEAD: i64 = 300;

/// How far a clock may run ahead of HQ's newest statement before it needs more than its own word: the
/// longest a release may serve (45 days) and a month.
const AHEAD_OF_FLOOR: i64 = 75 * 86_400;

/// Judges the facts of one sighting.
pub fn judge(facts: &Facts<'_>) -> Verdict {
    let mut reasons = Vec::new();
    match facts.policy {
        None => reasons.push(Reason::NoTrust),
        Some(policy) => gather(facts, policy, &mut reasons),
    }
    reasons.sort_unstable();
    reasons.dedup();
    Verdict { outcome: reasons.first().map_or(Outcome::Admit, |reason| reason.outcome()), reasons }
}

fn gather(facts: &Facts<'_>, policy: &Policy, reasons: &mut Vec<Reason>) {
    if facts.format.is_some_and(|format| !policy.enables(format)) {
        reasons.push(Reason::FormatNotEnabled);
    }
    let document = match facts.reading {
        Ok(document) => document,
        Err(error) => return reasons.push(rejection(error, facts, policy)),
    };
    time(facts, document, reasons);
    // Absent only when nothing was verified; then nothing may be believed.
    match facts.scope {
        Some(scope) => key(facts, document, scope, policy, reasons),
        None => reasons.push(Reason::OutOfScope),
    }
    match facts.status {
        Status::Revoked => reasons.push(Reason::Revoked),
        Status::Suspended => reasons.push(Reason::Suspended),
        Status::ListMissing => reasons.push(Reason::StatusUnknown),
        Status::Valid | Status::NoIndex => {}
    }
    if !document.regions.is_empty() && !document.regions.contains(&policy.territory) {
        reasons.push(Reason::WrongTerritory);
    }
    match policy.rule(document.kind) {
        Some(rule) if rule.admitted => kind(facts, document, rule, reasons),
        _ => reasons.push(Reason::KindNotAdmitted),
    }
    if rests_on(facts).any(|part| policy.grade(part, facts.ages.of(part)) == Grade::Old) {
        reasons.push(Reason::KnowledgeOld);
    }
}

/// The parts of the box's knowledge that a verdict on this pass rests on.
fn rests_on(facts: &Facts<'_>) -> impl Iterator<Item = Knowledge> {
    let status = (facts.status != Status::NoIndex).then_some(Knowledge::Status);
    [Knowledge::Keys, Knowledge::Policy].into_iter().chain(status)
}

/// Why there is no document.
fn rejection(error: &pass::Error, facts: &Facts<'_>, policy: &Policy) -> Reason {
    match error {
        pass::Error::NotAPass => Reason::NotAPass,
        // No format without a prefix: what is only too long is no pass.
        pass::Error::TooLong if facts.format.is_none() => Reason::NotAPass,
        pass::Error::Signature | pass::Error::Algorithm => Reason::Forged,
        pass::Error::UnknownKey { .. } if policy.grade(Knowledge::Keys, facts.ages.keys) > Grade::Fresh => {
            Reason::UnknownKeyOldList
        }
        pass::Error::UnknownKey { .. } => Reason::UnknownKey,
        _ => Reason::Unreadable,
    }
}

/// Validity, as far as the clock may be believed.
fn time(facts: &Facts<'_>, document: &Document, reasons: &mut Vec<Reason>) {
    let clock = facts.now.unix();
    // What HQ has signed is past, whatever the clock says: an old clock revives nothing.
    let now = clock.max(facts.floor);
    let behind = clock.saturating_add(ISSUED_AHEAD) < facts.floor;
    let far_ahead = facts.floor > 0 && clock.saturating_sub(facts.floor) > AHEAD_OF_FLOOR;
    let in_doubt = !facts.now.trust.is_sound() || behind || far_ahead;
    if in_doubt {
        reasons.push(Reason::ClockInDoubt);
    }
    if let Some(issued) = document.issued
        && issued > now.saturating_add(ISSUED_AHEAD)
        && !in_doubt
    {
        reasons.push(Reason::ImplausibleDates);
    }
    // Ended before HQ's own signed time: certain on any clock. Otherwise only a sound clock can tell.
    let ended = |at: i64| document.expires.is_some_and(|expires| at > expires);
    if ended(facts.floor) || ended(now) && !in_doubt {
        reasons.push(Reason::Expired);
    }
    if !in_doubt && document.not_before.is_some_and(|begins| now < begins) {
        reasons.push(Reason::NotYetValid);
    }
    if document.expires.is_none() {
        reasons.push(Reason::ImplausibleDates);
    }
}

/// Whether the key may be believed for this.
fn key(facts: &Facts<'_>, document: &Document, scope: &Scope, policy: &Policy, reasons: &mut Vec<Reason>) {
    let issued = document.issued.or(document.not_before).unwrap_or(i64::MAX);
    let now = facts.now.unix().max(facts.floor);
    if issued < scope.valid_from || issued > scope.valid_to || now > scope.valid_to {
        reasons.push(Reason::KeyNotValid);
    }
    let issuer = scope.issuer.is_empty() || scope.issuer == document.issuer;
    let territory = policy.territory.to_string();
    let here = scope.territories.is_empty() || scope.territories.contains(&territory);
    if !issuer || !here || !scope.kinds.contains(&document.kind.number()) {
        reasons.push(Reason::OutOfScope);
    }
}

/// The kind's rule: plate and document.
fn kind(facts: &Facts<'_>, document: &Document, rule: &KindRule, reasons: &mut Vec<Reason>) {
    if rule.compare_document {
        reasons.push(Reason::CompareDocument);
    }
    if rule.plate == PlateRule::Ignored || document.format == Format::Hc1 {
        return;
    }
    if document.plates.is_empty() {
        if rule.plate == PlateRule::Required {
            reasons.push(Reason::WrongPlate);
        }
        return;
    }
    let partial = document.plates.iter().any(plate::Binding::is_partial);
    let Some(seen) = facts.plate else {
        return match (facts.plate_agreed, partial) {
            (true, false) => {}
            (true, true) => reasons.push(Reason::PartialPlate),
            (false, _) => reasons.push(Reason::ComparePlate),
        };
    };
    // Of several plates any one will do: the best match counts.
    let best = document.plates.iter().map(|binding| binding.compare(seen)).min_by_key(|found| match found {
        Match::Agrees => 0,
        Match::AgreesWithConfusion => 1,
        Match::PartialAgrees => 2,
        Match::Differs => 3,
    });
    match best {
        Some(Match::Agrees) => {}
        Some(Match::AgreesWithConfusion) if facts.plate_agreed => {}
        Some(Match::AgreesWithConfusion) => reasons.push(Reason::PlateReadingDoubtful),
        Some(Match::PartialAgrees) => reasons.push(Reason::PartialPlate),
        Some(Match::Differs) | None => reasons.push(Reason::WrongPlate),
    }
}

#[cfg(test)]
mod tests;
