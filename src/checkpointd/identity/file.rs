//! A file that holds a private key: made once, whole or not at all, readable by the box alone, never replaced.

use std::fs::{File, OpenOptions};
use std::io::{Error, Read as _, Result, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// Longest key file in bytes.
const LONGEST: u64 = 512;

/// Writes a new file. What a power cut left of an earlier try is overwritten; a file that is there is an error.
pub(super) fn create(path: &Path, secret: &[u8]) -> Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(secret)?;
    file.sync_all()?;
    // A link, unlike renaming, never takes the place of a key that is there.
    std::fs::hard_link(&aside, path)?;
    std::fs::remove_file(&aside)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Reads it.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    // Its full size from the start: a vector that grows leaves copies behind.
    let mut secret = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut secret)?;
    if secret.len() as u64 > LONGEST { Err(Error::other("the key file is too long")) } else { Ok(secret) }
}

/// Reads exactly 32 bytes.
pub(super) fn read_32(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let read = read(path)?;
    let bytes = <&[u8; 32]>::try_from(&read[..]).map_err(|_| Error::other("the key file does not hold 32 bytes"))?;
    Ok(Zeroizing::new(*bytes))
}

/// Random bytes for a key.
pub(super) fn draw() -> Result<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(Error::other)?;
    Ok(bytes)
}
