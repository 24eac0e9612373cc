//! What is new in one piece: when the next release is there, its bundle is asked for first, and only what that lacks
//! is fetched file by file. One answer instead of one for every delta, record and index.

use std::io::{Cursor, Read};

use super::{Carrier, CarrierError};
use crate::Bundle;
use crate::bundle::LONGEST_BUNDLE;
use crate::format::{HEAD, Head, LONGEST_HEAD, news_name};

/// A carrier that brings the bundle of the release after `have`, where there is one.
#[derive(Debug)]
pub struct News<C> {
    carrier: C,
    have: u64,
    head: Vec<u8>,
    bundle: Bundle,
}

impl<C: Carrier> News<C> {
    /// `have` is the sequence of the release in force; 0 without one.
    pub fn new(carrier: C, have: u64) -> Self {
        Self { carrier, have, head: Vec::new(), bundle: Bundle::default() }
    }

    /// Whether a bundle has come.
    pub fn has_bundle(&self) -> bool {
        !self.bundle.is_empty()
    }

    /// The head comes from the carrier itself: a bundle that is older than it must not hide it.
    fn head(&mut self) -> Result<(), CarrierError> {
        self.head = self.carrier.get(HEAD, LONGEST_HEAD)?;
        let sequence = Head::parse(&self.head).ok().map(|(_, head)| head.sequence);
        if let Some(next) = sequence.filter(|next| self.have > 0 && self.have.checked_add(1) == Some(*next)) {
            // Without it, or when it is no bundle, everything comes file by file.
            let bytes = self.carrier.get(&news_name(next), LONGEST_BUNDLE as u64).unwrap_or_default();
            self.bundle = Bundle::decode(&bytes).unwrap_or_default();
        }
        Ok(())
    }
}

impl<C: Carrier> Carrier for News<C> {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        if name == HEAD {
            self.head()?;
            let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.head.len());
            return Ok(Box::new(Cursor::new(&self.head[from..])));
        }
        if self.bundle.file(name).is_some() {
            return self.bundle.open(name, from);
        }
        self.carrier.open(name, from)
    }
}

#[cfg(test)]
mod tests;
