//! A root in plain words: what a keeper signs, and what HQ should know of its age.

use trust::format::{Root, RootKey};

use super::id;

/// Days before its end at which a root is worth a warning: time for two keepers to find an afternoon.
const ROOT_SOON: i64 = 90;

/// The same for the last publishing key, which counts for 90 days at most.
const PUBLISHING_SOON: i64 = 30;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A day as people read it, in UTC: keepers compare it on machines of their own.
pub(crate) fn day(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| "never".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// The lists of a root by what they are called.
fn lists(root: &Root) -> [(&'static str, &[RootKey]); 5] {
    [
        ("root", &root.root),
        ("publishing", &root.publishing),
        ("receipt", &root.receipt),
        ("command", &root.command),
        ("sealing", &root.sealing),
    ]
}

/// Every key of a root.
pub(crate) fn keys(root: &Root) -> Vec<String> {
    let line =
        |name, key: &RootKey| format!("{name:<10}  {}  {} to {}", id(&key.key), day(key.valid_from), day(key.valid_to));
    lists(root).into_iter().flat_map(|(name, keys)| keys.iter().map(move |key| line(name, key))).collect()
}

/// What signing this root means.
pub(crate) fn meaning(root: &Root, previous: Option<&Root>) -> Vec<String> {
    let mut said = changes(root, previous);
    if usize::from(root.threshold) == root.root.len() {
        said.push(
            "WARNING     every root key must sign: with one stick lost no root ever follows this one.".to_owned(),
        );
    }
    said
}

fn changes(root: &Root, previous: Option<&Root>) -> Vec<String> {
    let mut said = Vec::new();
    let Some(previous) = previous else {
        said.push(format!("This is the FIRST root of {}: signing it founds the region.", root.region));
        said.push(format!(
            "{} of its {} root keys must sign. It counts until {}.",
            root.threshold,
            root.root.len(),
            day(root.expires)
        ));
        said.extend(keys(root));
        return said;
    };
    said.push(format!("This is root.{} of {}; it follows root.{}.", root.version, root.region, previous.version));
    for ((name, new), (_, old)) in lists(root).into_iter().zip(lists(previous)) {
        for key in new {
            let (id, from, to) = (id(&key.key), day(key.valid_from), day(key.valid_to));
            match old.iter().find(|old| old.key == key.key) {
                None => said.push(format!("NEW         {name} key {id}, from {from} to {to}")),
                // The validity of root keys is the root's own.
                Some(before)
                    if name != "root" && (before.valid_from, before.valid_to) != (key.valid_from, key.valid_to) =>
                {
                    said.push(format!(
                        "EXTENDED    {name} key {id}, from {from} to {to} (was to {})",
                        day(before.valid_to)
                    ));
                }
                Some(_) => {}
            }
        }
        for key in old.iter().filter(|old| !new.iter().any(|new| new.key == old.key)) {
            said.push(format!("STRUCK OFF  {name} key {}, which counted to {}", id(&key.key), day(key.valid_to)));
        }
    }
    if root.threshold != previous.threshold || root.root.len() != previous.root.len() {
        said.push(format!(
            "THRESHOLD   {} of {} root keys must sign (was {} of {})",
            root.threshold,
            root.root.len(),
            previous.threshold,
            previous.root.len()
        ));
    }
    let was = if root.expires == previous.expires {
        "as before".to_owned()
    } else {
        format!("was {}", day(previous.expires))
    };
    said.push(format!("It counts until {} ({was}).", day(root.expires)));
    if let Some(reset) = root.reset {
        said.push(format!(
            "RESET       boxes forget every release above number {} and every time after {}. This is the cure for a \
             stolen publishing key that ran ahead; sign it only if you were told of a theft.",
            reset.sequence,
            day(reset.floor)
        ));
    }
    if said.len() == 2 && root.expires == previous.expires {
        said.push("Nothing else changes.".to_owned());
    }
    said
}

/// How long a root and its publishing keys still count, and whether that is soon over.
pub(crate) fn remaining(root: &Root, now: i64) -> (String, Vec<String>) {
    let days = |until: i64| until.saturating_sub(now).div_euclid(DAY);
    let publishing = root.publishing.iter().map(|key| key.valid_to).max().unwrap_or(now);
    let (root_days, key_days) = (days(root.expires), days(publishing));
    let said = format!("root.{} counts for {root_days} more days, its publishing key for {key_days}", root.version);
    let mut warnings = Vec::new();
    if root_days < ROOT_SOON {
        warnings.push(format!(
            "root.{} ends on {}: after that no box adopts anything. Call the keepers: root rotate --extend",
            root.version,
            day(root.expires)
        ));
    }
    if key_days < PUBLISHING_SOON {
        warnings.push(format!(
            "the publishing key ends on {}: after that nothing can be published. Call the keepers: root rotate --extend",
            day(publishing)
        ));
    }
    (said, warnings)
}
