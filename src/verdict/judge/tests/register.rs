//! What the register knows, and what is presented to it.

use super::*;

pub(super) const BENDS: &[Bend] = &[
    ("the register does not know it", |c| c.reading = Err(pass::Error::NotRegistered), &[Reason::NotRegistered]),
    (
        "the register does not know it and is old",
        |c| {
            c.reading = Err(pass::Error::NotRegistered);
            c.ages.register = 2 * DAY;
        },
        &[Reason::NotRegisteredOldList],
    ),
    ("there is no register", |c| c.reading = Err(pass::Error::RegisterMissing), &[Reason::RegisterMissing]),
    ("too many codes", |c| c.reading = Err(pass::Error::TooManyAttempts), &[Reason::TooManyAttempts]),
    ("a link to elsewhere", |c| c.reading = Err(pass::Error::UnknownLink), &[Reason::UnknownLink]),
    ("a code typed wrong", |c| c.reading = Err(pass::Error::Code(pass::CodeFault::Check)), &[Reason::WrongCode]),
    (
        "the register bears an alert",
        |c| c.record = Some(Record { kind: None, valid_from: 0, valid_to: NOON, flags: Flags::ALERT, sealed: None }),
        &[Reason::RegisterAlert],
    ),
    (
        "the register bears nothing",
        |c| {
            c.record = Some(Record { kind: None, valid_from: 0, valid_to: NOON, flags: Flags::default(), sealed: None })
        },
        &[],
    ),
    (
        "the register bears an alert on the vehicle",
        |c| c.vehicle = Some(record(Flags::ALERT)),
        &[Reason::RegisterAlert],
    ),
    (
        "the register bears an alert on the vehicle of a pass that is none",
        |c| {
            c.vehicle = Some(record(Flags::ALERT));
            c.format = None;
            c.reading = Err(pass::Error::NotAPass);
        },
        &[Reason::NotAPass, Reason::RegisterAlert],
    ),
    ("the register knows the vehicle and says nothing of it", |c| c.vehicle = Some(record(Flags::default())), &[]),
    ("the plate cannot be looked up", |c| c.register = RegisterState::Missing, &[Reason::RegisterMissing]),
    (
        "the register that was asked is old",
        |c| {
            c.register = RegisterState::Here;
            c.ages.register = 3 * DAY + 1;
        },
        &[Reason::KnowledgeOld],
    ),
    (
        "the register is HQ's own word and needs no key",
        |c| {
            c.registered();
        },
        &[],
    ),
    (
        "a link without a record is nobody's word",
        |c| {
            c.registered();
            c.record = None;
        },
        &[Reason::OutOfScope],
    ),
];
