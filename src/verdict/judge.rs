//! The order of checks.

use pass::Document;
use plate::Match;

use crate::order::applying;
use crate::{
    Acceptance, Action, Condition, Facts, Flags, Grade, KindRule, Knowledge, Listed, Order, Outcome, PlateRule,
    PlateSource, Policy, Reason, Record, RegisterState, Scope, Status, Verdict,
};

/// How far ahead of the box an issuer's clock may be, in seconds.
const ISSUED_AHEAD: i64 = 300;

/// How far a clock may run ahead of HQ's newest statement before it needs more than its own word: the
/// longest a release may serve (45 days) and a month.
pub const AHEAD_OF_FLOOR: i64 = 75 * 86_400;

/// Judges the facts of one sighting.
pub fn judge(facts: &Facts<'_>) -> Verdict {
    let clock = Clock::of(facts);
    let document = facts.reading.ok();
    let decreed = document.map(|document| Decreed::of(facts, document, &clock)).unwrap_or_default();
    let mut reasons = Vec::new();
    match facts.policy {
        None => reasons.push(Reason::NoTrust),
        Some(policy) => gather(facts, policy, &clock, &decreed, &mut reasons),
    }
    reasons.sort_unstable();
    reasons.dedup();
    Verdict {
        outcome: reasons.first().map_or(Outcome::Admit, |reason| reason.outcome()),
        reasons,
        order: decreed.order.map(|order| order.number),
        ends: decreed.ends,
    }
}

fn gather(facts: &Facts<'_>, policy: &Policy, clock: &Clock, decreed: &Decreed<'_>, reasons: &mut Vec<Reason>) {
    if facts.format.is_some_and(|format| !policy.enables(format)) {
        reasons.push(Reason::FormatNotEnabled);
    }
    if facts.vehicle.is_some_and(has_alert) {
        reasons.push(Reason::RegisterAlert);
    }
    let document = match facts.reading {
        Ok(document) => document,
        Err(error) => return reasons.push(rejection(error, facts, policy)),
    };
    time(clock, document, decreed.ends, reasons);
    // Absent only when nothing was verified; then nothing may be believed.
    match facts.scope {
        Some(scope) => key(facts, document, scope, policy, reasons),
        // The register is HQ's own word, signed with its release.
        None if document.format.is_registered() && facts.record.is_some() => {}
        None => reasons.push(Reason::OutOfScope),
    }
    match decreed.order.map(|order| order.action) {
        Some(Action::Stop) => reasons.push(Reason::StoppedByOrder),
        Some(Action::Suspend) => reasons.push(Reason::SuspendedByOrder),
        Some(Action::Extend | Action::Other(_)) | None => {}
    }
    revocation(facts, document, reasons);
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

/// Whether anybody has taken it back.
fn revocation(facts: &Facts<'_>, document: &Document, reasons: &mut Vec<Reason>) {
    match facts.status {
        Status::Revoked => reasons.push(Reason::Revoked),
        Status::Suspended => reasons.push(Reason::Suspended),
        Status::ListMissing => reasons.push(Reason::StatusUnknown),
        Status::Valid | Status::NoIndex => {}
    }
    match facts.listed {
        Listed::Yes => reasons.push(Reason::Revoked),
        Listed::Missing => reasons.push(Reason::IdsListMissing),
        Listed::No | Listed::NotKept => {}
    }
    if facts.rules.iter().any(|rule| rule.revokes(document, facts.kid)) {
        reasons.push(Reason::RevokedByRule);
    }
    if facts.record.is_some_and(has_alert) {
        reasons.push(Reason::RegisterAlert);
    }
    // Whether anybody has warned of it or its vehicle cannot be told.
    if facts.register == RegisterState::Missing {
        reasons.push(Reason::RegisterMissing);
    }
}

const fn has_alert(record: &Record) -> bool {
    record.flags.contains(Flags::ALERT)
}

/// The parts of the box's knowledge that a verdict on this pass rests on.
fn rests_on(facts: &Facts<'_>) -> impl Iterator<Item = Knowledge> {
    let always = [Knowledge::Keys, Knowledge::Policy, Knowledge::Rules, Knowledge::Orders];
    let some = [
        (Knowledge::Status, facts.status != Status::NoIndex),
        (Knowledge::Ids, facts.listed != Listed::NotKept),
        (Knowledge::Register, facts.register == RegisterState::Here),
        (Knowledge::Acceptance, facts.acceptance != Acceptance::NotAsked),
    ];
    always.into_iter().chain(some.into_iter().filter_map(|(part, is_asked)| is_asked.then_some(part)))
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
        pass::Error::NotRegistered if policy.grade(Knowledge::Register, facts.ages.register) > Grade::Fresh => {
            Reason::NotRegisteredOldList
        }
        pass::Error::NotRegistered => Reason::NotRegistered,
        pass::Error::RegisterMissing => Reason::RegisterMissing,
        pass::Error::TooManyAttempts => Reason::TooManyAttempts,
        pass::Error::UnknownLink => Reason::UnknownLink,
        pass::Error::Code(_) => Reason::WrongCode,
        pass::Error::SignerRevoked => Reason::Revoked,
        _ => Reason::Unreadable,
    }
}

/// The time, and how far it may be believed.
struct Clock {
    /// Unix seconds. What HQ has signed is past, whatever the clock says: an old clock revives nothing.
    now: i64,
    /// Unix seconds before which it cannot be.
    floor: i64,
    in_doubt: bool,
    /// Further ahead of HQ's word than any clock may be on its own.
    far_ahead: bool,
}

impl Clock {
    fn of(facts: &Facts<'_>) -> Self {
        let (clock, floor) = (facts.now.unix(), facts.floor);
        let behind = clock.saturating_add(ISSUED_AHEAD) < floor;
        let far_ahead = floor > 0 && clock.saturating_sub(floor) > AHEAD_OF_FLOOR;
        let in_doubt = !facts.now.trust.is_sound() || behind || far_ahead;
        Self { now: clock.max(floor), floor, in_doubt, far_ahead }
    }

    /// The times by which orders may count: the clock's own when it is sound, HQ's when it is far ahead of that; in
    /// doubt between the two, both.
    const fn for_orders(&self) -> (i64, i64) {
        match (self.in_doubt, self.far_ahead) {
            (false, _) => (self.now, self.now),
            (true, true) => (self.floor, self.floor),
            (true, false) => (self.now, self.floor),
        }
    }
}

/// What HQ's orders make of a pass.
#[derive(Default)]
struct Decreed<'f> {
    /// The one that applies. Where the clock leaves two to choose from, the one that gives less.
    order: Option<&'f Order>,
    /// Unix seconds when the pass ends.
    ends: Option<i64>,
}

impl<'f> Decreed<'f> {
    fn of(facts: &Facts<'f>, document: &Document, clock: &Clock) -> Self {
        let of_kind = facts.policy.and_then(|policy| policy.rule(document.kind)).and_then(|rule| rule.ends);
        let signed = document.expires.into_iter().chain(of_kind).min();
        // An extension may put the end off, and never brings it nearer.
        let end = |order: Option<&Order>| {
            let extended = order.filter(|order| order.action == Action::Extend).and_then(|order| order.until);
            signed.map(|signed| extended.map_or(signed, |until| until.max(signed)))
        };
        let (now, floor) = clock.for_orders();
        let at = |at| applying(facts.orders, document, at);
        let (one, other) = (at(now), at(floor));
        let forbids = |order: &&Order| matches!(order.action, Action::Stop | Action::Suspend);
        let stops = one.filter(forbids).or(other.filter(forbids));
        let ends = end(one).into_iter().chain(end(other)).min();
        let extends = if end(one) == ends { one } else { other };
        Self { order: stops.or(extends), ends }
    }
}

/// Validity, as far as the clock may be believed.
fn time(clock: &Clock, document: &Document, end: Option<i64>, reasons: &mut Vec<Reason>) {
    let Clock { now, floor, in_doubt, .. } = *clock;
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
    let ended = |at: i64| end.is_some_and(|end| at > end);
    if ended(floor) || ended(now) && !in_doubt {
        reasons.push(Reason::Expired);
    }
    if !in_doubt && document.not_before.is_some_and(|begins| now < begins) {
        reasons.push(Reason::NotYetValid);
    }
    if document.expires.is_none() && document.format.must_end() {
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

/// How often it was used, against what the pass and its kind allow: the narrower of both counts.
fn uses(facts: &Facts<'_>, document: &Document, rule: &KindRule, reasons: &mut Vec<Reason>) {
    let (signed, of_kind) = (document.limits.unwrap_or_default(), rule.limits.unwrap_or_default());
    let narrower = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
    let trips = narrower(signed.trips, of_kind.trips);
    let per_day = narrower(signed.per_day, of_kind.per_day);
    let Some(used) = facts.uses.filter(|_| trips.is_some() || per_day.is_some()) else { return };
    let reached = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used >= limit);
    if used.under_way_since.is_none() && (reached(trips, used.trips) || reached(per_day, used.today)) {
        reasons.push(Reason::UsedUp);
    }
    let age = facts.now.unix().saturating_sub(used.as_of.unwrap_or(i64::MIN));
    if facts.policy.and_then(|policy| policy.uses_old_after).is_some_and(|old| age > old) {
        reasons.push(Reason::UsesOld);
    }
}

/// The kind's rule: plate and document.
fn kind(facts: &Facts<'_>, document: &Document, rule: &KindRule, reasons: &mut Vec<Reason>) {
    if rule.compare_document {
        reasons.push(Reason::CompareDocument);
    }
    if rule.best_is_check {
        reasons.push(Reason::CompareNext);
    }
    match facts.condition {
        Condition::Fails => reasons.push(Reason::ConditionFails),
        Condition::Unknown => reasons.push(Reason::ConditionUnknown),
        Condition::None | Condition::Holds => {}
    }
    match facts.acceptance {
        Acceptance::Refused => reasons.push(Reason::NotAccepted),
        Acceptance::Open => reasons.push(Reason::RulesOpen),
        Acceptance::NotAsked | Acceptance::Accepted => {}
    }
    uses(facts, document, rule, reasons);
    if rule.plate == PlateRule::Ignored || document.format.is_certificate() {
        return;
    }
    if document.plates.is_empty() {
        if rule.plate == PlateRule::Required {
            reasons.push(Reason::WrongPlate);
        }
        return;
    }
    reasons.extend(plate(facts, document));
}

/// What the plate says of a pass that binds one.
fn plate(facts: &Facts<'_>, document: &Document) -> Option<Reason> {
    let partial = document.plates.iter().any(plate::Binding::is_partial);
    let by_eye = match (facts.plate_agreed, partial) {
        (true, false) => None,
        (true, true) => Some(Reason::PartialPlate),
        (false, _) => Some(Reason::ComparePlate),
    };
    let Some(seen) = facts.plate else { return by_eye };
    // Of several plates any one will do: the best match counts.
    let best = document.plates.iter().map(|binding| binding.compare(seen)).min_by_key(|found| match found {
        Match::Agrees => 0,
        Match::AgreesWithConfusion => 1,
        Match::PartialAgrees => 2,
        Match::Differs => 3,
    });
    let is_believed = !matches!(facts.plate_source, PlateSource::Feed { is_trusted: false });
    match best {
        Some(Match::Agrees) if is_believed => None,
        Some(Match::AgreesWithConfusion) if facts.plate_agreed => None,
        Some(Match::AgreesWithConfusion) => Some(Reason::PlateReadingDoubtful),
        Some(Match::PartialAgrees) => Some(Reason::PartialPlate),
        Some(Match::Differs) | None if is_believed => Some(Reason::WrongPlate),
        // A device that policy does not believe neither presses the key nor refuses: it is only shown.
        Some(Match::Differs) | None if !facts.plate_agreed => Some(Reason::PlateReadingDoubtful),
        Some(Match::Agrees | Match::Differs) | None => by_eye,
    }
}

#[cfg(test)]
mod tests;
