//! An answer on a stick: one of a few names in a few places, known by what it holds.

use std::path::Path;

use trust::{Carrier as _, CarrierError, Folder};
use wire::BoxId;
use wire::enrol::LONGEST;

/// Where an answer may lie.
const PLACES: [&str; 2] = ["", "checkpoint/"];

/// What is called by no box's name.
const ANY: &str = "enrolment";

/// The answers on a stick for a box, the one with its name first; whether they are any is not looked at. No link is
/// followed and nothing is listed.
pub(super) fn answers(stick: &Path, name: &BoxId) -> Vec<Vec<u8>> {
    let mut stick = Folder(stick.to_owned());
    let names = PLACES.iter().flat_map(|place| [name.as_str(), ANY].map(|name| format!("{place}{name}.mpe")));
    let read = names.filter_map(|file| match stick.get(&file, 2 * LONGEST as u64) {
        Ok(bytes) => Some(bytes),
        Err(CarrierError::NotFound(_)) => None,
        // Something is there: it is worth a word that it cannot be read.
        Err(error) => {
            tracing::warn!(%error, "an answer on a stick cannot be read");
            Some(Vec::new())
        }
    });
    read.collect()
}
