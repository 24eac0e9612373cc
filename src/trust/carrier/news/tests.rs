use std::collections::BTreeSet;
use std::io::Read;

use super::*;
use crate::Adoption;
use crate::desk::{BEGIN, DAY, Desk, clock};
use crate::format::NEWS;

/// Notes what it is asked for.
struct Noting<'a>(Desk, &'a mut Vec<String>);

impl Carrier for Noting<'_> {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        self.1.push(name.to_owned());
        self.0.open(name, from)
    }
}

/// A desk at release 2 with the bundle for boxes at release 1.
fn desk() -> (Desk, Desk) {
    let first = Desk::open();
    let mut second = first.clone();
    second.publish(2, BEGIN + DAY);
    let old: BTreeSet<_> = first.files.iter().collect();
    let new = second.files.iter().filter(|file| !old.contains(file)).map(|(name, bytes)| (name.clone(), bytes.clone()));
    let bundle = Bundle::new(new.collect::<Vec<_>>());
    second.files.insert(news_name(2), bundle.encode());
    (first, second)
}

fn adopt(have: u64, change: impl FnOnce(&mut Desk)) -> (Result<Adoption, crate::Error>, Vec<String>) {
    let (mut first, mut second) = desk();
    let folder = tempfile::tempdir().unwrap();
    let mut store = first.provision(folder.path());
    if have > 0 {
        store.adopt(&mut first, clock(BEGIN)).unwrap();
    }
    change(&mut second);
    let mut asked = Vec::new();
    let outcome = store.adopt(&mut News::new(Noting(second, &mut asked), have), clock(BEGIN + DAY));
    (outcome, asked)
}

#[test]
fn a_box_one_behind_asks_for_the_head_the_bundle_and_the_next_root() {
    let (outcome, asked) = adopt(1, |_| {});
    assert!(matches!(outcome, Ok(Adoption::Adopted { sequence: 2, .. })), "{outcome:?}");
    assert_eq!(asked, ["head", "news/2", "root.2"]);
}

#[test]
fn a_box_further_behind_does_not_ask_for_it() {
    let (outcome, asked) = adopt(0, |_| {});
    assert!(matches!(outcome, Ok(Adoption::Adopted { sequence: 2, .. })), "{outcome:?}");
    assert!(!asked.iter().any(|name| name.starts_with(NEWS)), "{asked:?}");
}

#[test]
fn a_bundle_that_is_none_or_not_there_or_lacks_something_costs_only_the_try() {
    for bundle in [None, Some(b"garbage".to_vec()), Some(vec![0; LONGEST_BUNDLE + 1]), Some(Bundle::default().encode())]
    {
        let (outcome, asked) = adopt(1, |desk| match bundle {
            None => drop(desk.files.remove(&news_name(2))),
            Some(bytes) => drop(desk.files.insert(news_name(2), bytes)),
        });
        assert!(matches!(outcome, Ok(Adoption::Adopted { sequence: 2, .. })), "{outcome:?}");
        assert_eq!(asked.iter().filter(|name| name.starts_with("record/")).count(), 1, "{asked:?}");
    }
}

#[test]
fn a_bundle_that_lies_is_refused_like_any_carrier() {
    let (_, second) = desk();
    let mut files: Vec<_> = second.files.clone().into_iter().filter(|(name, _)| !name.starts_with(NEWS)).collect();
    for (_, bytes) in files.iter_mut().filter(|(name, _)| name.starts_with("base/")) {
        bytes[0] ^= 1;
    }
    let lie = Bundle::new(files).encode();
    let (outcome, _) = adopt(1, |desk| drop(desk.files.insert(news_name(2), lie)));
    assert_eq!(outcome.unwrap_err().code(), "altered");
}
