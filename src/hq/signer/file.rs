//! A key in a file of its own: one line that says what it is for.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::Error;
use crate::keys::Purpose;

/// Longest key file in bytes: a purpose, an algorithm, 64 digits; or what a passphrase adds (ceremony/stick.rs).
const LONGEST: u64 = 512;

/// Draws 32 bytes.
pub(crate) fn draw() -> Result<Zeroizing<[u8; 32]>, Error> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|_| Error::Random)?;
    Ok(seed)
}

/// Writes a new key's file.
pub(crate) fn write(path: &Path, purpose: &Purpose, seed: &[u8; 32]) -> Result<(), Error> {
    let digits = Zeroizing::new(trust::format::hex(seed));
    put(path, &Zeroizing::new(format!("{purpose} {} {}\n", purpose.algorithm(), &*digits)))
}

/// Writes a private line into a file that was not there.
pub(crate) fn put(path: &Path, line: &str) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(Error::file(path))?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::file(path))
}

/// Opens a key's file, which nobody but its owner may read.
pub(crate) fn read(path: &Path, purpose: &Purpose) -> Result<Zeroizing<[u8; 32]>, Error> {
    let wrong = |problem| Error::Key { path: path.to_owned(), problem };
    if !is_private(path)? {
        return Err(wrong("others than its owner may read it; `chmod 600` it, and draw a new one if they have"));
    }
    seed(&line(path)?, purpose).map_err(wrong)
}

/// Whether the file system lets only its owner at a file.
pub(crate) fn is_private(path: &Path) -> Result<bool, Error> {
    let metadata = std::fs::metadata(path).map_err(Error::file(path))?;
    Ok(metadata.mode() & 0o077 == 0)
}

/// The line of a key's file.
pub(crate) fn line(path: &Path) -> Result<Zeroizing<String>, Error> {
    let mut line = Zeroizing::new(String::new());
    let file = File::open(path).map_err(Error::file(path))?;
    file.take(LONGEST).read_to_string(&mut line).map_err(Error::file(path))?;
    Ok(line)
}

/// The key in such a line, or what is wrong with it.
pub(crate) fn seed(line: &str, purpose: &Purpose) -> Result<Zeroizing<[u8; 32]>, &'static str> {
    let rest = line.strip_prefix(&format!("{purpose} ")).ok_or("it does not say that it is this key")?;
    let digits = rest.strip_prefix(purpose.algorithm()).and_then(|rest| rest.strip_prefix(' '));
    let digits = digits.and_then(|digits| digits.strip_suffix('\n'));
    let seed = digits.and_then(unhex).ok_or("it does not hold 32 bytes in hexadecimal")?;
    // What a lost write leaves behind, and what a tired hand types.
    if seed.iter().all(|byte| *byte == seed[0]) {
        return Err("it was not drawn at random");
    }
    Ok(seed)
}

/// Bytes from twice as many digits.
pub(crate) fn unhex<const N: usize>(digits: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    if digits.len() != 2 * N || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
