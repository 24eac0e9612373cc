//! The configuration, without what may be a secret.
//!
//! A configuration holds none; but it is written by people. So what is taken is its meaning and not its text, which may
//! have a password in a comment; and a value is left out whose name sounds like a secret, or an address's part before
//! its `@`.

use std::path::Path;

use toml::{Table, Value};

/// What names of secrets have in them.
const SECRET: [&str; 9] =
    ["secret", "password", "passwd", "passphrase", "token", "pepper", "credential", "private", "pin"];

/// What stands where something was.
const LEFT_OUT: &str = "(left out)";

/// The settings of a file that is TOML, whether a box could start with it or not.
pub(super) fn of(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = super::file(path)?;
    let text = String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    // The parser would quote the line, whatever stands there.
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |at| text[..at.start.min(text.len())].lines().count());
        format!("{} is no TOML: {} (line {line})", path.display(), error.message())
    })?;
    for (name, value) in &mut table {
        clear(name, value);
    }
    Ok(format!("# what {} means, without its comments\n{table}", path.display()).into_bytes())
}

fn clear(name: &str, value: &mut Value) {
    let name = name.to_lowercase();
    if SECRET.iter().any(|word| name.contains(word)) {
        *value = Value::String(LEFT_OUT.to_owned());
    }
    match value {
        Value::String(text) => {
            if let Some(cleared) = without_user(text) {
                *text = cleared;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| clear(&name, value)),
        Value::Table(table) => table.iter_mut().for_each(|(name, value)| clear(name, value)),
        _ => {}
    }
}

/// An address without who asks and with which password (RFC 3986 §3.2.1), and without its query.
fn without_user(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map(|(_, host)| format!("{LEFT_OUT}@{host}"));
    let (path, query) = path.split_once('?').map_or((path, ""), |(path, _)| (path, "?(left out)"));
    Some(format!("{scheme}://{}{path}{query}", host.as_deref().unwrap_or(authority)))
}
