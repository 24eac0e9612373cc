use trust::format::read_orders;

use super::*;
use crate::Founding;

const NOW: i64 = 1_588_334_400;
const DAY: i64 = 86_400;

fn region() -> (tempfile::TempDir, Region) {
    let folder = tempfile::tempdir().unwrap();
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверская область".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    let region = Region::create(&folder.path().join("tver"), &founding, "test", NOW).unwrap();
    (folder, region)
}

fn order(action: Action, until: Option<i64>) -> NewOrder {
    NewOrder {
        action,
        kinds: vec![2, 1, 2],
        issuer: None,
        issued_from: None,
        issued_before: None,
        from: NOW,
        until,
        ru: "Приказ".to_owned(),
        en: "Order".to_owned(),
    }
}

#[test]
fn orders_are_numbered_for_ever_and_leave_when_they_are_over() {
    let (_folder, region) = region();
    assert_eq!(region.decreed(NOW).unwrap(), []);
    let first = region.give_order(order(Action::Extend, Some(NOW + DAY)), "test", NOW).unwrap();
    let second = region.give_order(order(Action::Stop, None), "test", NOW).unwrap();
    assert_eq!((first.number, second.number, &first.kinds[..]), (1, 2, &[1, 2][..]));
    assert_eq!(region.orders(NOW).unwrap(), [first.clone(), second.clone()]);
    // Nobody sees the first any more, but a box whose clock is in doubt still goes by it.
    assert_eq!(region.orders(NOW + 2 * DAY).unwrap(), std::slice::from_ref(&second));
    let said = |now| region.decreed(now).unwrap().pop().map(|(_, base)| read_orders(&base).unwrap());
    assert_eq!(said(NOW + 2 * DAY), Some(vec![first, second.clone()]));
    assert_eq!(said(NOW + 60 * DAY), Some(vec![second]));
    assert!(matches!(region.end_order(1, "test", NOW + 2 * DAY), Err(Error::UnknownOrder(1))));
    region.end_order(2, "test", NOW + 2 * DAY).unwrap();
    assert!(matches!(region.end_order(2, "test", NOW + 2 * DAY), Err(Error::UnknownOrder(2))));
    assert_eq!(said(NOW + 60 * DAY), None);
    // A number never comes twice.
    assert_eq!(region.give_order(order(Action::Stop, None), "test", NOW).unwrap().number, 3);
}

#[test]
fn what_no_box_could_follow_is_not_given() {
    let (_folder, region) = region();
    let refused = |change: fn(&mut NewOrder)| {
        let mut order = order(Action::Suspend, Some(NOW + DAY));
        change(&mut order);
        region.give_order(order, "test", NOW).unwrap_err().code()
    };
    assert_eq!(refused(|order| (order.action, order.until) = (Action::Extend, None)), "dates");
    assert_eq!(refused(|order| order.until = Some(NOW - 1)), "dates");
    assert_eq!(refused(|order| (order.issued_from, order.issued_before) = (Some(5), Some(5))), "dates");
    assert_eq!(refused(|order| order.ru = " ".to_owned()), "field");
    assert_eq!(refused(|order| order.en = "two\nlines".to_owned()), "field");
    assert_eq!(refused(|order| order.en = "x".repeat(LONGEST_TEXT + 1)), "field");
    assert_eq!(refused(|order| order.issuer = Some(String::new())), "field");
    assert_eq!(region.orders(NOW).unwrap(), []);
}
