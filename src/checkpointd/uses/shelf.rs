//! HQ's last word of uses on the disk: a head as it was signed, and its sheets by their hash.
//!
//! Whatever is torn or missing is as if it had never come: the head counts only with all it names, and the line brings
//! both again. So files are written aside and renamed, and nothing here waits for a commit.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use trust::format::hex;
use trust::uses::{Merged, Took};
use wire::RegionId;
use wire::sign::Sign1;
use wire::uses::{Head, LONGEST_HEAD, LONGEST_SHEET, hash};

/// Name of the head.
const HEAD: &str = "head";

/// The folder.
pub(super) struct Shelf(PathBuf);

impl Shelf {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// What is kept. Only this box writes here, and wrote what it had believed.
    pub(super) fn open(&self, region: &RegionId) -> Merged {
        let mut merged = Merged::default();
        let Some(bytes) = read(&self.0.join(HEAD), LONGEST_HEAD) else { return merged };
        let head = Sign1::parse(&bytes).ok().and_then(|head| wire::decode::<Head>(head.payload, "head of uses").ok());
        let Some(head) = head.filter(|head| head.region == *region) else { return merged };
        let names: Vec<_> = head.days.iter().flat_map(|day| &day.sheets).map(|name| **name).collect();
        let mut took = merged.head(head, bytes.clone());
        for name in names {
            let path = self.0.join(hex(&name));
            match read(&path, LONGEST_SHEET) {
                Some(sheet) if hash(&sheet) == name => took = merged.sheet(&sheet),
                // Out of the way, or the one that comes again would not be written in its place.
                _ => drop(std::fs::remove_file(path)),
            }
        }
        if took != Took::News {
            tracing::warn!("what was kept of uses elsewhere is not whole; it counts again when the line brings it");
        }
        merged
    }

    /// Keeps HQ's word, and drops what it no longer names.
    pub(super) fn keep(&self, merged: &Merged) {
        if let Err(error) = self.write(merged) {
            tracing::error!(%error, "uses elsewhere are known until the next start only");
        }
    }

    fn write(&self, merged: &Merged) -> std::io::Result<()> {
        let Some((head, sheets)) = merged.kept() else { return Ok(()) };
        std::fs::create_dir_all(&self.0)?;
        let mut names: HashSet<OsString> = HashSet::from([HEAD.into()]);
        for (name, sheet) in sheets {
            let name = hex(&name);
            let path = self.0.join(&name);
            names.insert(name.into());
            if !path.exists() {
                put(&path, &wire::encode(sheet))?;
            }
        }
        put(&self.0.join(HEAD), head)?;
        for file in std::fs::read_dir(&self.0)?.flatten() {
            if !names.contains(&file.file_name()) {
                std::fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }
}

fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let aside = path.with_extension("part");
    std::fs::write(&aside, bytes)?;
    std::fs::rename(aside, path)
}

fn read(path: &Path, most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(most as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= most).then_some(bytes)
}
