//! `policy.toml`: a region's rules as people edit them, parsed strictly into what boxes follow.

use std::path::Path;

use crate::Error;
use crate::span::Span;

mod fault;
mod file;
mod place;
mod read;
mod risk;

pub use fault::{Fault, Finding, Risk};

/// The rules a new region begins with: the kinds of 2020, and the EU's certificates.
pub const DEFAULT: &str = include_str!("policy.toml");

/// Name of the file in a region's folder.
pub const FILE: &str = "policy.toml";

/// Largest file that is read, in bytes.
const LARGEST: usize = 1024 * 1024;

/// A region's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What boxes follow.
    pub policy: verdict::Policy,
    kinds: Vec<Known>,
}

/// A kind as HQ knows it, beyond what boxes need.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    number: u16,
    code: String,
    valid_for: Option<Span>,
}

impl Rules {
    /// Reads the rules of a region; `territory` is its number as passes name it.
    ///
    /// # Errors
    /// [`Error::Policy`] with everything that is wrong and its lines, [`Error::File`].
    pub fn load(path: &Path, territory: u64) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::file(path))?;
        Self::parse(&text, territory).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Error::Policy { path: path.to_owned(), detail: faults.join("; ") }
        })
    }

    /// Reads rules from a text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, territory: u64) -> Result<Self, Vec<Finding<Fault>>> {
        let refused = |what| vec![Finding { key: String::new(), line: None, what }];
        if text.len() > LARGEST {
            return Err(refused(Fault::Range("a file of 1 MiB at most")));
        }
        // Its message names the line and shows it.
        let file = toml::from_str(text).map_err(|error| refused(Fault::Syntax(error.to_string())))?;
        let read::Reading { policy, kinds, faults } = read::read(text, file, territory);
        if faults.is_empty() { Ok(Self { policy, kinds }) } else { Err(faults) }
    }

    /// What is risky in these rules, read from this text.
    pub fn risks(&self, text: &str) -> Vec<Finding<Risk>> {
        risk::risks(text, &self.policy)
    }

    /// The number of a kind named by its code or its number.
    ///
    /// # Errors
    /// [`Error::UnknownKind`].
    pub fn kind(&self, name: &str) -> Result<u16, Error> {
        let number = name.parse::<u16>().ok();
        let found = self.kinds.iter().find(|kind| kind.code == name || Some(kind.number) == number);
        found.map(|kind| kind.number).ok_or_else(|| Error::UnknownKind(name.to_owned()))
    }

    /// The code of a kind, or its number when it has none any more.
    pub fn code(&self, number: u16) -> String {
        let found = self.kinds.iter().find(|kind| kind.number == number);
        found.map_or_else(|| number.to_string(), |kind| kind.code.clone())
    }

    /// When a pass of a kind ends that begins at a time (Unix seconds) and of which nobody says otherwise: after the
    /// kind's own length, and no later than the kind itself.
    pub fn ends(&self, number: u16, begins: i64) -> Option<i64> {
        let known = self.kinds.iter().find(|kind| kind.number == number)?;
        let own = known.valid_for.map(|span| begins.saturating_add(span.seconds()));
        let of_kind = self.policy.rule(pass::Kind(number)).and_then(|rule| rule.ends);
        own.into_iter().chain(of_kind).min()
    }
}

/// The schema of `policy.toml` (JSON Schema), for editors.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(file::File).to_value()
}

#[cfg(test)]
mod tests;
