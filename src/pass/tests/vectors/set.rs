//! Where a set of vectors stands.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A set, in full or in the part that the project carries.
pub struct Set {
    name: &'static str,
    full: bool,
    folder: PathBuf,
}

impl Set {
    pub fn open(name: &'static str) -> Self {
        let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(name);
        let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name);
        // To try what a fresh clone does while the full sets are here.
        let only_carried = std::env::var_os("CHECKPOINT_VECTORS").is_some_and(|which| which == "carried");
        match full.is_dir() && !only_carried {
            true => Self { name, full: true, folder: full },
            false => Self { name, full: false, folder: carried },
        }
    }

    /// One file of the set, as JSON.
    pub fn json(&self, file: &str) -> Value {
        json(&self.folder.join(file))
    }

    /// One file of the set, as text.
    pub fn text(&self, file: &str) -> String {
        String::from_utf8(self.bytes(file)).unwrap()
    }

    /// One file of the set.
    pub fn bytes(&self, file: &str) -> Vec<u8> {
        fs::read(self.folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Whether it has a file or a folder of this name.
    pub fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }

    /// Every JSON file of the set by its path within, in a steady order.
    pub fn all(&self) -> Vec<(String, Value)> {
        let (mut found, mut pending) = (Vec::new(), vec![self.folder.clone()]);
        while let Some(path) = pending.pop() {
            if path.is_dir() {
                pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push((path.strip_prefix(&self.folder).unwrap().display().to_string(), json(&path)));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// Says what was run, and that it was something.
    pub fn ran(&self, count: usize, what: &str) {
        let which = if self.full { "full set" } else { "carried part" };
        println!("vectors: {} ({which}): {count} {what}", self.name);
        assert!(count > 0, "no vector of {} was found", self.name);
    }
}

fn json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Hexadecimal in either case.
pub fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a hexadecimal string");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
