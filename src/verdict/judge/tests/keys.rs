//! Keys, scopes and signatures.

use super::*;

pub(super) const BENDS: &[Bend] = &[
    ("the algorithm is not the key's", |c| c.reading = Err(pass::Error::Algorithm), &[Reason::Forged]),
    (
        "the key is unknown and the list fresh",
        |c| {
            c.reading = Err(pass::Error::UnknownKey { kid: vec![] });
        },
        &[Reason::UnknownKey],
    ),
    (
        "the key is unknown and the list old",
        |c| {
            c.reading = Err(pass::Error::UnknownKey { kid: vec![] });
            c.ages.keys = DAY + 1;
        },
        &[Reason::UnknownKeyOldList],
    ),
    ("the key was not yet valid at issue", |c| c.scope.as_mut().unwrap().valid_from = NOON, &[Reason::KeyNotValid]),
    ("the key has ended", |c| c.scope.as_mut().unwrap().valid_to = NOON - 1, &[Reason::KeyNotValid]),
    ("the issuer may not issue this kind", |c| c.scope.as_mut().unwrap().kinds = vec![2], &[Reason::OutOfScope]),
    (
        "the issuer may not issue for here",
        |c| {
            c.scope.as_mut().unwrap().territories = vec!["77".into()];
        },
        &[Reason::OutOfScope],
    ),
    ("the key is another issuer's", |c| c.scope.as_mut().unwrap().issuer = "RU-MOS".into(), &[Reason::OutOfScope]),
    ("no scope is known", |c| c.scope = None, &[Reason::OutOfScope]),
    (
        "a kind without a rule",
        |c| {
            c.document().kind = Kind(9);
            c.scope.as_mut().unwrap().kinds.push(9);
        },
        &[Reason::KindNotAdmitted],
    ),
    (
        "the key is unknown and the keys are fresh by bounds of their own",
        |c| {
            let bounds = Freshness { part: Knowledge::Keys, fresh_for: 9 * DAY, old_after: 9 * DAY };
            c.policy.as_mut().unwrap().freshness.push(bounds);
            c.reading = Err(pass::Error::UnknownKey { kid: vec![] });
            c.ages.keys = 8 * DAY;
        },
        &[Reason::UnknownKey],
    ),
];
