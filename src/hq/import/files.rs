//! Strangers' files: read up to a limit, in a steady order.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::Error;

/// Longest single file in bytes. The largest list there was, the directory of SMART Health issuers, has 0.7 MB;
/// a country's whole trust list 0.5 MB.
pub const LONGEST: u64 = 64 << 20;

/// Most files of one folder.
const MOST: usize = 200_000;

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST { Err(Error::TooMuch { path: path.to_owned() }) } else { Ok(bytes) }
}

/// Unix seconds when a file was last written: of when a list is that does not say.
pub fn written(path: &Path) -> Result<i64, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let time = std::fs::metadata(path).and_then(|meta| meta.modified()).map_err(failed)?;
    let seconds = time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// A file as it is, or the files of a folder, by name, whose extension is one of these. Links are not followed.
pub fn these(path: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = walk(path, 1)?;
    found.retain(|file| {
        let extension = file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
    });
    if found.is_empty() { Err(Error::Empty { path: path.to_owned() }) } else { Ok(found) }
}

/// The files beneath a folder, by path, at most so many folders deep.
pub fn walk(folder: &Path, depth: usize) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::File { path: folder.to_owned(), source };
    let (mut found, mut pending) = (Vec::new(), vec![(folder.to_owned(), depth)]);
    while let Some((folder, left)) = pending.pop() {
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            match entry.file_type().map_err(failed)? {
                kind if kind.is_file() => found.push(entry.path()),
                kind if kind.is_dir() && left > 1 => pending.push((entry.path(), left - 1)),
                _ => {}
            }
            if found.len() + pending.len() > MOST {
                return Err(Error::TooMuch { path: folder });
            }
        }
    }
    found.sort();
    Ok(found)
}

/// JSON of a shape; what the shape does not name is skipped, what it names twice is refused.
pub fn json<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Shape { path: path.to_owned(), source })
}
