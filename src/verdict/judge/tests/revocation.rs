//! What was taken back: status lists, sets of ids, revocations by rule.

use super::*;

pub(super) const BENDS: &[Bend] = &[
    ("revoked", |c| c.status = Status::Revoked, &[Reason::Revoked]),
    ("suspended", |c| c.status = Status::Suspended, &[Reason::Suspended]),
    ("the status list is missing", |c| c.status = Status::ListMissing, &[Reason::StatusUnknown]),
    ("its id is in the set of revoked ids", |c| c.listed = Listed::Yes, &[Reason::Revoked]),
    ("its id is not in the set", |c| c.listed = Listed::No, &[]),
    ("the set of revoked ids is missing", |c| c.listed = Listed::Missing, &[Reason::IdsListMissing]),
    (
        "its key is revoked",
        |c| {
            c.rule(Some(vec![7; 8]), None);
        },
        &[Reason::RevokedByRule],
    ),
    (
        "another key is revoked",
        |c| {
            c.rule(Some(vec![8; 8]), None);
        },
        &[],
    ),
    (
        "a batch is revoked that was issued before tomorrow",
        |c| c.rule(None, Some(1)).issued_before = Some(NOON),
        &[Reason::RevokedByRule],
    ),
    (
        "a batch is revoked that was issued before this pass was",
        |c| c.rule(None, Some(1)).issued_before = Some(NOON - DAY),
        &[],
    ),
    ("a batch of another issuer is revoked", |c| c.rule(None, Some(1)).issuer = Some("RU-MOS".into()), &[]),
    (
        "a batch is revoked and it does not say when it was issued",
        |c| {
            c.rule(None, Some(1)).issued_before = Some(0);
            c.document().issued = None;
            c.document().not_before = None;
        },
        &[Reason::RevokedByRule, Reason::KeyNotValid],
    ),
    (
        "a rule that says nothing revokes nothing",
        |c| {
            c.rule(None, None);
        },
        &[],
    ),
    (
        "the set of revoked ids is old",
        |c| {
            c.listed = Listed::No;
            c.ages.ids = 3 * DAY + 1;
        },
        &[Reason::KnowledgeOld],
    ),
];
