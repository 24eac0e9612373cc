//! Formats, kinds, conditions, rules of acceptance, and the age of knowledge.

use super::*;

pub(super) const BENDS: &[Bend] = &[
    ("nothing is wrong", |_| {}, &[]),
    ("the signature does not hold", |c| c.reading = Err(pass::Error::Signature), &[Reason::Forged]),
    ("a condition fails", |c| c.condition = Condition::Fails, &[Reason::ConditionFails]),
    ("a condition cannot be told", |c| c.condition = Condition::Unknown, &[Reason::ConditionUnknown]),
    ("the rules say no", |c| c.acceptance = Acceptance::Refused, &[Reason::NotAccepted]),
    ("the rules cannot tell", |c| c.acceptance = Acceptance::Open, &[Reason::RulesOpen]),
    ("policy never admits it alone", |c| c.rule_of_work().best_is_check = true, &[Reason::CompareNext]),
    ("for other regions", |c| c.document().regions = vec![77, 50], &[Reason::WrongTerritory]),
    ("a kind no longer admitted", |c| c.document().kind = Kind(4), &[Reason::KindNotAdmitted]),
    ("the format is not enabled", |c| c.policy.as_mut().unwrap().formats.clear(), &[Reason::FormatNotEnabled]),
    ("damaged text", |c| c.reading = Err(pass::Error::Base45), &[Reason::Unreadable]),
    (
        "no pass at all",
        |c| {
            c.format = None;
            c.reading = Err(pass::Error::NotAPass);
        },
        &[Reason::NotAPass],
    ),
    ("nothing was ever adopted", |c| c.policy = None, &[Reason::NoTrust]),
    ("what was not asked may be old", |c| (c.ages.ids, c.ages.register) = (9 * DAY, 9 * DAY), &[]),
    (
        "a part goes by bounds of its own",
        |c| {
            let bounds = Freshness { part: Knowledge::Status, fresh_for: 60, old_after: 3600 };
            c.policy.as_mut().unwrap().freshness.push(bounds);
            c.ages = Ages::all(3601);
        },
        &[Reason::KnowledgeOld],
    ),
    ("knowledge is old", |c| c.ages.status = 3 * DAY + 1, &[Reason::KnowledgeOld]),
    ("policy wants the document compared", |c| c.document().kind = Kind(2), &[Reason::CompareDocument]),
    ("a condition holds", |c| c.condition = Condition::Holds, &[]),
    ("the rules say yes", |c| c.acceptance = Acceptance::Accepted, &[]),
    (
        "the rules say yes and are old",
        |c| {
            c.acceptance = Acceptance::Accepted;
            c.ages.acceptance = 3 * DAY + 1;
        },
        &[Reason::KnowledgeOld],
    ),
];
