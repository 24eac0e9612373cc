//! The register at HQ: taken in from spreadsheets, published as tables in which no box finds a name it was not shown
//! the code for.

use std::io::Read;
use std::path::Path;

use pass::registered::Forms;
use serde::Deserialize;
use trust::format::{LONGEST_VALUE, Part, StreamId, read_record, write_record};
use trust::register::{Compared, Pepper, Presented, Register, Shown};
use trust::table::Key;
use verdict::{Flags, Record};
use zeroize::Zeroizing;

use crate::policy::Rules;
use crate::region::{KEYS, Region, db, who};
use crate::tables::{self, Change};
use crate::{Error, publish, span};

/// Name of the pepper's file among the keys.
pub(crate) const PEPPER: &str = "pepper.key";

/// Most wrong rows of a file that are named.
const MOST_NAMED: usize = 20;

/// Longest field of a row in bytes.
const LONGEST_FIELD: usize = 100;

/// Rows between two reports of progress.
const STEP: u64 = 50_000;

/// What came of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Its rows.
    pub rows: u64,
    /// Those that say something new.
    pub changed: u64,
}

/// A record, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The record.
    pub record: Record,
    /// What the officer compares, if the text opens it.
    pub compared: Option<Compared>,
    /// Whether boxes get it with the next release only.
    pub is_pending: bool,
}

/// A row as people write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    what: String,
    text: String,
    kind: String,
    valid_from: String,
    valid_to: String,
    #[serde(default)]
    alert: String,
    #[serde(default)]
    holder: String,
    #[serde(default)]
    birth: String,
    #[serde(default)]
    id_digits: String,
    #[serde(default)]
    plate: String,
}

impl Region {
    /// The secret of the region's register; drawn when it is asked for first.
    ///
    /// # Errors
    /// [`Error::Register`], [`Error::File`], [`Error::Random`].
    pub fn pepper(&self) -> Result<Pepper, Error> {
        let path = self.path(KEYS).join(PEPPER);
        if !path.exists() {
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *bytes).map_err(|_| Error::Random)?;
            Pepper::new(bytes).keep(&path)?;
        }
        Ok(Pepper::open(&path)?)
    }

    /// The secret of the register, if it was ever asked for.
    ///
    /// # Errors
    /// [`Error::Register`].
    pub(crate) fn pepper_if_any(&self) -> Result<Option<Pepper>, Error> {
        let path = self.path(KEYS).join(PEPPER);
        Ok(if path.exists() { Some(Pepper::open(&path)?) } else { None })
    }

    /// Takes in a file of records for a day (days since 1970; 0: permanent): all of it, or nothing. `progress` is told
    /// the number of rows now and then.
    ///
    /// # Errors
    /// [`Error::RegisterFile`] with every wrong row, or what failed.
    pub fn import_register(
        &self,
        path: &Path,
        day: u64,
        by: &str,
        now: i64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, Error> {
        let by = who(by)?;
        let file = std::fs::File::open(path).map_err(Error::file(path))?;
        let (desk, published) = (self.register_desk(day)?, self.published(day)?);
        let changes =
            desk.read(file, progress).map_err(|problem| Error::RegisterFile { path: path.to_owned(), problem })?;
        let rows = changes.len() as u64;
        self.books(|books| {
            let mut changed = 0;
            for (key, row) in changes {
                let before = match tables::waiting(books, &desk.stream, &key).map_err(failed())? {
                    Some(waits) => waits,
                    None => look(published.as_ref(), &key)?,
                };
                // Sealing draws a new nonce every time, so what was sealed is compared by what it says.
                if before.is_some_and(|value| desk.says(&row, &key, &value)) {
                    continue;
                }
                let value = desk.value(&row, &key)?;
                tables::note(books, &desk.stream, std::iter::once((key, Some(value)))).map_err(failed())?;
                changed += 1;
            }
            let subject = format!("import {changed} of {rows} rows for day {day}");
            db::audit(books, now, by, "register", &subject).map_err(failed())?;
            Ok(Imported { rows, changed })
        })
    }

    /// Takes a record out. Boxes follow with the next release.
    ///
    /// # Errors
    /// [`Error::NotRegistered`], [`Error::Register`], or what failed.
    pub fn remove_registered(&self, what: Presented, text: &str, day: u64, by: &str, now: i64) -> Result<(), Error> {
        let by = who(by)?;
        self.registered(what, text, day)?.ok_or(Error::NotRegistered)?;
        let desk = self.register_desk(day)?;
        let key = desk.register.key(day, &desk.shown(what, text)?);
        let removal: Change = (key, None);
        self.books(|books| {
            tables::note(books, &desk.stream, std::iter::once(removal))
                // Under its key, which says nothing to whoever has no pepper.
                .and_then(|_| db::audit(books, now, by, "register", &format!("remove {}", trust::format::hex(&key))))
                .map_err(failed())
        })
    }

    /// What the register holds of a text, the next release included.
    ///
    /// # Errors
    /// [`Error::Register`], or what failed.
    pub fn registered(&self, what: Presented, text: &str, day: u64) -> Result<Option<Registered>, Error> {
        let desk = self.register_desk(day)?;
        let shown = desk.shown(what, text)?;
        let key = desk.register.key(day, &shown);
        let waits = tables::waiting(&self.database(), &desk.stream, &key).map_err(failed())?;
        let is_pending = waits.is_some();
        let value = match waits {
            Some(value) => value,
            None => look(self.published(day)?.as_ref(), &key)?,
        };
        let Some(value) = value else { return Ok(None) };
        let record = read_record(&value).map_err(trust::register::Error::from)?;
        let unseal = |sealed: &Vec<u8>| desk.register.unseal(&shown, &key, sealed);
        let compared = record.sealed.as_ref().map(unseal).transpose()?;
        Ok(Some(Registered { record, compared, is_pending }))
    }

    fn register_desk(&self, day: u64) -> Result<Desk<'_>, Error> {
        let issuer = self.settings().issuer.clone();
        let stream = StreamId { region: self.id().clone(), part: Part::Register, issuer, series: day };
        let register = Register::new(self.pepper()?, self.id().clone());
        Ok(Desk { region: self, rules: self.rules()?, register, stream })
    }

    fn published(&self, day: u64) -> Result<Option<Published>, Error> {
        let issuer = self.settings().issuer.clone();
        let id = StreamId { region: self.id().clone(), part: Part::Register, issuer, series: day };
        Ok(publish::table(&self.release_folder(), &id)?)
    }
}

/// A register as it is published.
type Published = trust::table::Table<std::fs::File, Vec<u8>>;

fn failed() -> impl FnOnce(rusqlite::Error) -> Error {
    Error::database("changing the register")
}

fn look(table: Option<&Published>, key: &Key) -> Result<Option<Vec<u8>>, Error> {
    let value = table.map_or(Ok(None), |table| table.get(key));
    value.map_err(|error| trust::register::Error::Release(error.into()).into())
}

/// What is needed to read a file of one register.
struct Desk<'r> {
    region: &'r Region,
    rules: Rules,
    register: Register,
    stream: StreamId,
}

/// A row that was understood.
struct Entry {
    shown: Shown,
    record: Record,
    compared: Option<Compared>,
}

impl Desk<'_> {
    /// A text in its one form: by the policy's forms of its sort where it has any, so that boxes find it as they read it.
    fn shown(&self, what: Presented, text: &str) -> Result<Shown, Error> {
        let Forms { links, codes, cards } = &self.rules.policy.forms;
        let has_forms = match what {
            Presented::Code => !codes.is_empty(),
            Presented::Link => !links.is_empty(),
            Presented::Card => !cards.is_empty(),
            Presented::Plate => false,
        };
        if !has_forms {
            return Ok(Shown::plain(what, text)?);
        }
        let only = match what {
            Presented::Code => Forms { codes: codes.clone(), ..Forms::default() },
            Presented::Link => Forms { links: links.clone(), ..Forms::default() },
            _ => Forms { cards: cards.clone(), ..Forms::default() },
        };
        let found = only.recognise(text).map_err(|error| Error::field("text", format!("{error}: {}", error.code())))?;
        Ok(Shown::recognised(&found)?)
    }

    /// Every row of a file, in order; or what is wrong with which.
    fn read(&self, file: impl Read, progress: &mut dyn FnMut(u64)) -> Result<Vec<(Key, Entry)>, String> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let (mut entries, mut wrong, mut count) = (std::collections::BTreeMap::new(), Vec::new(), 0_u64);
        let mut rows = reader.deserialize::<Row>();
        while let Some(row) = rows.next() {
            count += 1;
            if count.is_multiple_of(STEP) {
                progress(count);
            }
            let line = rows.reader().position().line().saturating_sub(1);
            let entry = row.map_err(|error| format!("{:?}", error.kind())).and_then(|row| self.understand(row));
            match entry {
                Ok(entry) => {
                    let key = self.register.key(self.stream.series, &entry.shown);
                    if entries.insert(key, entry).is_some() {
                        wrong.push(format!("line {line}: this text stands here twice"));
                    }
                }
                Err(problem) => wrong.push(format!("line {line}: {problem}")),
            }
        }
        progress(count);
        if wrong.is_empty() {
            return Ok(entries.into_iter().collect());
        }
        let more = wrong.len().saturating_sub(MOST_NAMED);
        wrong.truncate(MOST_NAMED);
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        Err(wrong.join("\n"))
    }

    fn understand(&self, row: Row) -> Result<Entry, String> {
        let zone = self.region.settings().zone;
        let text_of = |error: Error| super::commands::chain(&error);
        let what = Presented::named(&row.what).ok_or("what: is none of code, link, card and plate")?;
        let shown = self.shown(what, &row.text).map_err(text_of)?;
        let kind = match row.kind.as_str() {
            "" => None,
            name => Some(self.rules.kind(name).map_err(text_of)?),
        };
        let valid_from = span::begins("valid_from", &row.valid_from, zone).map_err(text_of)?;
        let valid_to = span::ends("valid_to", &row.valid_to, zone).map_err(text_of)?;
        if valid_to < valid_from {
            return Err("valid_to: is before valid_from".to_owned());
        }
        let flags = match row.alert.as_str() {
            "" | "no" => Flags::default(),
            "yes" => Flags::ALERT,
            _ => return Err("alert: is neither yes nor no".to_owned()),
        };
        if kind.is_none() && flags.is_empty() {
            return Err("kind: a record has a kind or an alert".to_owned());
        }
        let plate = match row.plate.as_str() {
            "" => None,
            text => Some(plate::Binding::new(text).map_err(|error| format!("plate: {error}"))?.as_str().to_owned()),
        };
        let some = |name: &str, text: String| match text {
            text if text.is_empty() => Ok(None),
            text if text.len() > LONGEST_FIELD || text.chars().any(char::is_control) => {
                Err(format!("{name}: is longer than {LONGEST_FIELD} bytes, or no line of text"))
            }
            text => Ok(Some(text)),
        };
        let compared = Compared {
            holder: some("holder", row.holder)?,
            birth: some("birth", row.birth)?,
            id_digits: some("id_digits", row.id_digits)?,
            plate,
        };
        let compared = (compared != Compared::default()).then_some(compared);
        if compared.is_some() && !shown.can_seal() {
            return Err("holder, birth, id_digits and plate need a code of at least 80 bits to be sealed under; \
                        this text could be guessed"
                .to_owned());
        }
        let record = Record { kind, valid_from, valid_to, flags, sealed: None };
        let entry = Entry { shown, record, compared };
        // What would not fit is noticed here, with its line.
        self.value(&entry, &[0; 16]).map_err(text_of)?;
        Ok(entry)
    }

    fn value(&self, entry: &Entry, key: &Key) -> Result<Vec<u8>, Error> {
        let mut record = entry.record.clone();
        if let Some(compared) = &entry.compared {
            let mut nonce = [0; 12];
            getrandom::fill(&mut nonce).map_err(|_| Error::Random)?;
            record.sealed = Some(self.register.seal(&entry.shown, key, compared, nonce)?);
        }
        write_record(&record).ok_or(Error::Register(trust::register::Error::TooLong(LONGEST_VALUE)))
    }

    /// Whether a value says what a row says.
    fn says(&self, entry: &Entry, key: &Key, value: &[u8]) -> bool {
        let Ok(record) = read_record(value) else { return false };
        let compared = record.sealed.as_ref().map(|sealed| self.register.unseal(&entry.shown, key, sealed).ok());
        compared.flatten() == entry.compared && Record { sealed: None, ..record } == entry.record
    }
}

#[cfg(test)]
mod tests;
