use ed25519_dalek::{Signer as _, SigningKey};

use super::*;
use crate::sign::{Signer, sign};

struct Pen(SigningKey);

impl Signer for Pen {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn pen(number: u8) -> Pen {
    Pen(SigningKey::from_bytes(&[number; 32]))
}

fn region() -> RegionId {
    "RU-SAM".parse().unwrap()
}

fn head(days: &[i64]) -> Head {
    let day = |begins: &i64| Day { begins: *begins, key: [1; 32], sheets: vec![[2; 32].into(), [3; 32].into()] };
    Head { region: region(), as_of: 1_588_000_000, days: days.iter().map(day).collect() }
}

fn read(bytes: &[u8], number: u8) -> Result<Head, Error> {
    Head::verified(bytes, &region(), |at| if at == 1_588_000_000 { vec![pen(number).public()] } else { Vec::new() })
}

#[test]
fn a_head_is_believed_by_its_key_for_its_purpose_in_its_region() {
    let head = head(&[0, 86_400]);
    let signed = sign(Context::Uses, &pen(1), &wire_bytes(&head));
    assert_eq!(read(&signed, 1).unwrap(), head);
    assert!(read(&signed, 2).is_err());
    assert!(read(&sign(Context::Receipt, &pen(1), &wire_bytes(&head)), 1).is_err());
    let elsewhere = Head { region: "RU-TVE".parse().unwrap(), ..head.clone() };
    assert!(read(&sign(Context::Uses, &pen(1), &wire_bytes(&elsewhere)), 1).is_err());
    // The key counted at another time.
    let later = Head { as_of: head.as_of + 1, ..head };
    assert!(read(&sign(Context::Uses, &pen(1), &wire_bytes(&later)), 1).is_err());
}

fn wire_bytes(head: &Head) -> Vec<u8> {
    crate::encode(head)
}

#[test]
fn a_head_names_each_day_once_in_order_and_no_more_than_it_may() {
    let many: Vec<i64> = (0..=MOST_DAYS as i64).collect();
    for (days, holds) in [(&[][..], true), (&[1, 2], true), (&[2, 1], false), (&[1, 1], false), (&many, false)] {
        let signed = sign(Context::Uses, &pen(1), &wire_bytes(&head(days)));
        assert_eq!(read(&signed, 1).is_ok(), holds, "{days:?}");
    }
    assert!(read(&vec![0; LONGEST_HEAD + 1], 1).is_err());
    // The most sheets there may be fit into the longest head.
    let sheets = vec![[2; 32].into(); MOST_SHEETS];
    let longest = Head { days: vec![Day { begins: 0, key: [1; 32], sheets }], ..head(&[]) };
    let signed = sign(Context::Uses, &pen(1), &wire_bytes(&longest));
    assert!(signed.len() <= LONGEST_HEAD && read(&signed, 1).is_ok(), "{}", signed.len());
}

#[test]
fn a_sheet_is_sorted_bounded_and_strict() {
    let one = |slot: u8, crossing: u8| Use { slot: [slot; SLOT], crossing: [crossing; 8], at: Some(60) };
    let sheet = |uses: Vec<Use>| crate::encode(&Sheet { day: 0, uses });
    assert!(Sheet::parse(&sheet(vec![one(1, 2), one(1, 3), one(2, 1)])).is_ok());
    for wrong in [vec![one(2, 1), one(1, 1)], vec![one(1, 1), one(1, 1)]] {
        assert!(Sheet::parse(&sheet(wrong)).is_err());
    }
    let many = |count: usize| {
        let of = |number: usize| Use { crossing: (number as u64).to_be_bytes(), at: Some(i64::MAX), ..one(1, 0) };
        sheet((0..count).map(of).collect())
    };
    assert!(many(MOST_USES).len() <= LONGEST_SHEET);
    assert!(Sheet::parse(&many(MOST_USES)).is_ok() && Sheet::parse(&many(MOST_USES + 1)).is_err());
    let whole = sheet(vec![one(1, 2)]);
    for cut in 0..whole.len() {
        assert!(Sheet::parse(&whole[..cut]).is_err(), "{cut}");
    }
    assert!(Sheet::parse(&[whole, vec![0]].concat()).is_err());
}

#[test]
fn a_use_counts_for_the_days_of_its_trips_and_otherwise_for_its_own() {
    let limit = |trips, days, per_day| Limit { trips, days, per_day, minutes: None };
    assert_eq!(limit(Some(1), Some(14), None).days(), 14);
    assert_eq!(limit(None, Some(14), Some(2)).days(), 1);
    assert_eq!(limit(Some(1), None, None).days(), 1);
    assert_eq!(limit(Some(1), Some(u64::MAX), None).days(), MOST_DAYS as u64);
}
