//! What HQ has merged: its last word that is here whole.

use std::collections::HashMap;

use wire::uses::{Head, Sheet, hash};

use super::{Found, Pass};

/// Sheets that wait for a head that names them. What comes on top takes the place of any of them: the line brings
/// it again.
const MOST_WAITING: usize = 256;

/// A head as it came, and the sheets it names by their hash.
pub type Kept<'a> = (&'a [u8], Vec<([u8; 32], &'a Sheet)>);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// HQ's word is another now: what is kept is to be written down.
    News,
    /// It waits for the rest of what HQ has said.
    Waits,
    /// It says nothing new.
    Nothing,
}

/// The uses that HQ has told of.
#[derive(Debug, Default, Clone)]
pub struct Merged {
    /// The head that counts, and as it came.
    head: Option<(Head, Vec<u8>)>,
    /// A newer one, of which sheets are missing.
    next: Option<(Head, Vec<u8>)>,
    /// Sheets, by their hash.
    sheets: HashMap<[u8; 32], std::sync::Arc<Sheet>>,
}

impl Merged {
    /// HQ's time of its word; none before its first.
    pub fn as_of(&self) -> Option<i64> {
        self.head.as_ref().map(|(head, _)| head.as_of)
    }

    /// Takes a head whose signature held.
    pub fn head(&mut self, head: Head, bytes: Vec<u8>) -> Took {
        let is_newer =
            |known: &Option<(Head, Vec<u8>)>| known.as_ref().is_none_or(|(known, _)| head.as_of > known.as_of);
        if !is_newer(&self.head) || !is_newer(&self.next) {
            return Took::Nothing;
        }
        self.next = Some((head, bytes));
        self.settle()
    }

    /// Takes a sheet from anywhere: whether it counts, a head says.
    pub fn sheet(&mut self, bytes: &[u8]) -> Took {
        let name = hash(bytes);
        if self.sheets.contains_key(&name) {
            return Took::Nothing;
        }
        let Ok(sheet) = Sheet::parse(bytes) else { return Took::Nothing };
        let is_named = self.next.as_ref().is_some_and(|(head, _)| names(head).any(|named| named == name));
        if !is_named {
            let waiting: Vec<_> = self.sheets.keys().filter(|name| !self.counts(name)).copied().collect();
            if waiting.len() >= MOST_WAITING {
                self.sheets.remove(&waiting[0]);
            }
        }
        self.sheets.insert(name, std::sync::Arc::new(sheet));
        self.settle()
    }

    /// What is to be kept: the head as it came, and the sheets it names.
    pub fn kept(&self) -> Option<Kept<'_>> {
        let (head, bytes) = self.head.as_ref()?;
        let sheets = names(head).filter_map(|name| Some((name, self.sheets.get(&name)?.as_ref())));
        Some((bytes, sheets.collect()))
    }

    /// Whether a head that counts or waits names a sheet.
    fn counts(&self, name: &[u8; 32]) -> bool {
        [&self.head, &self.next].into_iter().flatten().any(|(head, _)| names(head).any(|named| named == *name))
    }

    fn settle(&mut self) -> Took {
        let Some((next, _)) = &self.next else { return Took::Waits };
        if !names(next).all(|name| self.sheets.contains_key(&name)) {
            return Took::Waits;
        }
        self.head = self.next.take();
        // Those of the head before, and what nobody names.
        let surplus: Vec<_> = self.sheets.keys().copied().filter(|name| !self.counts(name)).collect();
        for name in surplus {
            self.sheets.remove(&name);
        }
        Took::News
    }

    pub(super) fn of(&self, pass: &Pass, from: i64, found: &mut Vec<Found>) {
        let Some((head, _)) = &self.head else { return };
        for day in head.days.iter().filter(|day| day.begins >= from) {
            let slot = pass.slot(&day.key);
            for sheet in day.sheets.iter().filter_map(|name| self.sheets.get(&**name)) {
                let uses = &sheet.uses;
                let first = uses.partition_point(|of| of.slot < slot);
                let same = uses[first..].iter().take_while(|of| of.slot == slot);
                found.extend(same.map(|of| Found { crossing: of.crossing, day: day.begins, at: of.at }));
            }
        }
    }
}

/// The hashes of the sheets of a head.
fn names(head: &Head) -> impl Iterator<Item = [u8; 32]> + '_ {
    head.days.iter().flat_map(|day| &day.sheets).map(|name| **name)
}
