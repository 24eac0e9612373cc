//! The plate a pass binds, and who has read the car's.

use super::*;

pub(super) const BENDS: &[Bend] = &[
    ("another plate", |c| c.plate = Some(Reading::new("A124BC77")), &[Reason::WrongPlate]),
    (
        "a plate is required and not bound",
        |c| {
            c.document().kind = Kind(2);
            c.document().plates.clear();
        },
        &[Reason::WrongPlate, Reason::CompareDocument],
    ),
    ("the plate was not seen", |c| c.plate = None, &[Reason::ComparePlate]),
    (
        "the officer has compared the plate",
        |c| {
            c.plate = None;
            c.agreed = true;
        },
        &[],
    ),
    (
        "three digits are bound and fit",
        |c| {
            c.document().plates = vec![Binding::new("?123??").unwrap()];
        },
        &[Reason::PartialPlate],
    ),
    (
        "three digits are bound, and a key does not prove more",
        |c| {
            c.document().plates = vec![Binding::new("?123??").unwrap()];
            c.plate = None;
            c.agreed = true;
        },
        &[Reason::PartialPlate],
    ),
    (
        "the reading is easily confused",
        |c| {
            c.document().plates = vec![Binding::new("A123OC77").unwrap()];
            c.plate = Some(Reading::new("A1230C77"));
        },
        &[Reason::PlateReadingDoubtful],
    ),
    (
        "one of two plates will do",
        |c| {
            c.document().plates.insert(0, Binding::new("K777KK69").unwrap());
        },
        &[],
    ),
    (
        "the plate does not matter to this kind",
        |c| {
            c.document().kind = Kind(3);
            c.plate = None;
        },
        &[],
    ),
    ("a device that policy believes has read the plate", |c| c.source = PlateSource::Feed { is_trusted: true }, &[]),
    (
        "a device that policy believes has read another plate",
        |c| {
            c.source = PlateSource::Feed { is_trusted: true };
            c.plate = Some(Reading::new("A124BC77"));
        },
        &[Reason::WrongPlate],
    ),
    (
        "a device that is not believed presses no key",
        |c| c.source = PlateSource::Feed { is_trusted: false },
        &[Reason::ComparePlate],
    ),
    (
        "a device that is not believed refuses nobody",
        |c| {
            c.source = PlateSource::Feed { is_trusted: false };
            c.plate = Some(Reading::new("A124BC77"));
        },
        &[Reason::PlateReadingDoubtful],
    ),
    (
        "the officer has seen what a device has not",
        |c| {
            c.source = PlateSource::Feed { is_trusted: false };
            c.plate = Some(Reading::new("A124BC77"));
            c.agreed = true;
        },
        &[],
    ),
    (
        "a device that is not believed agrees, and so does the officer",
        |c| {
            c.source = PlateSource::Feed { is_trusted: false };
            c.agreed = true;
        },
        &[],
    ),
    (
        "three digits, the first letter to be compared, and policy never admits it alone",
        |c| {
            c.document().plates = vec![Binding::new("?123??").unwrap()];
            c.document().holder = Some("И".into());
            c.rule_of_work().best_is_check = true;
        },
        &[Reason::PartialPlate, Reason::CompareNext],
    ),
];
