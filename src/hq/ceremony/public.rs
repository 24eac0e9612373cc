//! The public half of a key in a file of one line, as it travels to HQ.

use std::path::Path;

use ed25519_dalek::VerifyingKey;

use super::Error;

/// Writes the line.
pub(crate) fn line(key: &VerifyingKey) -> String {
    format!("root-public ed25519 {}\n", trust::format::hex(key.as_bytes()))
}

/// Reads the public half of a root key.
pub(crate) fn read(path: &Path) -> Result<[u8; 32], crate::Error> {
    let text = std::fs::read_to_string(path).map_err(crate::Error::file(path))?;
    let digits = text.strip_prefix("root-public ed25519 ");
    let key = digits.and_then(|digits| crate::keys::typed_public(digits).ok());
    let wrong = || Error::Public { path: path.to_owned(), wanted: "root" };
    Ok(key.ok_or_else(wrong)?.to_bytes())
}
