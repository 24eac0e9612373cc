//! What the next root says.

use trust::format::{LONGEST_PUBLISHING, Reset, Root, RootKey};
use wire::RegionId;

use super::{Error, id};

/// Seconds for which a root counts unless told otherwise: long enough for a box in a depot, short enough that
/// rotating is something people have done before.
pub(crate) const ROOT_LIFE: i64 = 2 * 365 * 86_400;

/// Seconds for which the online keys but the publishing ones count.
pub(crate) const ONLINE_LIFE: i64 = 365 * 86_400;

/// How long before now an extended publishing key counts from: the release that stands was issued within it.
const OVERLAP: i64 = 86_400;

/// Fewest digits that name a key.
const LEAST_DIGITS: usize = 8;

/// By which rules a root counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Root keys that must sign.
    pub threshold: u8,
    /// Seconds for which it counts.
    pub life: i64,
}

impl Default for Terms {
    fn default() -> Self {
        Self { threshold: 2, life: ROOT_LIFE }
    }
}

/// The public halves of a region's online keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Online {
    /// Signs heads.
    pub publishing: [u8; 32],
    /// Signs receipts.
    pub receipt: [u8; 32],
    /// Signs commands.
    pub command: [u8; 32],
    /// Journals are sealed to it.
    pub sealing: [u8; 32],
}

/// What a new root changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Everything that stays counts anew from now.
    pub extend: bool,
    /// Seconds for which the new root counts; none: as long as the one before.
    pub life: Option<i64>,
    /// A new publishing key.
    pub publishing: Option<[u8; 32]>,
    /// A new receipt key.
    pub receipt: Option<[u8; 32]>,
    /// A new command key.
    pub command: Option<[u8; 32]>,
    /// New root keys.
    pub roots: Vec<[u8; 32]>,
    /// Keys to strike off, by the first digits of their ids, or all of `publishing`, `receipt`, `command`.
    pub strike: Vec<String>,
    /// Root keys that must sign from now on.
    pub threshold: Option<u8>,
    /// What it takes back.
    pub reset: Option<Reset>,
}

/// The first root.
///
/// # Errors
/// [`Error::Change`] when no region can have it.
pub fn first(region: &RegionId, roots: &[[u8; 32]], online: &Online, terms: Terms, now: i64) -> Result<Root, Error> {
    let one = |key, life| vec![counting(key, now, life)];
    checked(Root {
        region: region.clone(),
        version: 1,
        expires: now.saturating_add(terms.life),
        threshold: terms.threshold,
        root: roots.iter().map(|key| counting(*key, now, terms.life)).collect(),
        publishing: one(online.publishing, LONGEST_PUBLISHING),
        receipt: one(online.receipt, ONLINE_LIFE),
        command: one(online.command, ONLINE_LIFE),
        sealing: one(online.sealing, ONLINE_LIFE),
        reset: None,
    })
}

/// The root that follows.
///
/// # Errors
/// [`Error::Change`]: a key to strike off that is not there or not one alone, nothing left to publish with, and
/// whatever makes a root unsound.
pub fn next(previous: &Root, changes: &Changes, now: i64) -> Result<Root, Error> {
    let mut root = Root { version: previous.version.saturating_add(1), reset: changes.reset, ..previous.clone() };
    for digits in &changes.strike {
        strike(&mut root, digits)?;
    }
    for keys in [&mut root.publishing, &mut root.receipt, &mut root.command] {
        keys.retain(|key| key.valid_to >= now);
    }
    if changes.extend || changes.life.is_some() {
        root.expires = now.saturating_add(changes.life.unwrap_or(ROOT_LIFE));
    }
    if changes.extend {
        // A key that is relieved by a new one keeps its own end.
        for key in root.publishing.iter_mut().filter(|_| changes.publishing.is_none()) {
            let from = key.valid_from.max(now.saturating_sub(OVERLAP));
            *key = counting(key.key, from, LONGEST_PUBLISHING);
        }
        let relieved = [(&mut root.receipt, changes.receipt), (&mut root.command, changes.command)];
        let stay = relieved.into_iter().filter(|(_, new)| new.is_none()).flat_map(|(keys, _)| keys);
        for key in stay.chain(&mut root.sealing) {
            key.valid_to = now.saturating_add(ONLINE_LIFE);
        }
    }
    root.publishing.extend(changes.publishing.map(|key| counting(key, now, LONGEST_PUBLISHING)));
    root.receipt.extend(changes.receipt.map(|key| counting(key, now, ONLINE_LIFE)));
    root.command.extend(changes.command.map(|key| counting(key, now, ONLINE_LIFE)));
    root.root.extend(changes.roots.iter().map(|key| counting(*key, now, 0)));
    for key in &mut root.root {
        // Their validity is the root's own (trust::format::Root::root); what stands beside them says the same.
        key.valid_to = root.expires;
    }
    root.threshold = changes.threshold.unwrap_or(root.threshold);
    let left = [(&root.publishing, "publishing"), (&root.receipt, "receipt"), (&root.command, "command")];
    if let Some((_, name)) = left.into_iter().find(|(keys, _)| keys.is_empty()) {
        return Err(Error::Change(format!("no {name} key would be left that counts: name a new one with --{name}")));
    }
    checked(root)
}

fn checked(root: Root) -> Result<Root, Error> {
    let keys = root.root.len();
    root.check().map(|()| root).map_err(|_| {
        Error::Change(format!(
            "a root has at least two of its {keys} root keys sign, lists no key twice and for one purpose only, and no \
             publishing key for more than 90 days"
        ))
    })
}

/// Takes one key out, wherever it stands, or every online key of a purpose.
fn strike(root: &mut Root, digits: &str) -> Result<(), Error> {
    let whole = match digits {
        "publishing" => Some(&mut root.publishing),
        "receipt" => Some(&mut root.receipt),
        "command" => Some(&mut root.command),
        _ => None,
    };
    if let Some(keys) = whole {
        keys.clear();
        return Ok(());
    }
    let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    if digits.len() < LEAST_DIGITS {
        return Err(Error::Change(format!("{LEAST_DIGITS} digits at least name a key to strike off")));
    }
    let is_it = |key: &RootKey| id(&key.key).starts_with(&digits);
    let all = [&root.root, &root.publishing, &root.receipt, &root.command];
    match all.into_iter().flatten().filter(|key| is_it(key)).count() {
        1 => {}
        0 => return Err(Error::Change(format!("no key {digits} stands in root.{}", root.version - 1))),
        _ => return Err(Error::Change(format!("more than one key begins with {digits}"))),
    }
    for keys in [&mut root.root, &mut root.publishing, &mut root.receipt, &mut root.command] {
        keys.retain(|key| !is_it(key));
    }
    Ok(())
}

fn counting(key: [u8; 32], from: i64, life: i64) -> RootKey {
    RootKey { key, valid_from: from, valid_to: from.saturating_add(life) }
}
