//! The register at HQ: taken in from spreadsheets, published as tables in which no box finds a name it was not shown
//! the code for.

use std::path::{Path, PathBuf};

use pass::registered::{CodeForm, Forms};
use trust::format::{LONGEST_VALUE, Part, StreamId, read_record, write_record};
use trust::register::{Compared, Pepper, Presented, Register, Shown};
use trust::table::Key;
use verdict::{Flags, Record};
use zeroize::Zeroizing;

use crate::policy::Rules;
use crate::region::{KEYS, Region, db, who};
use crate::tables::{self, Change};
use crate::{Error, publish, span};

mod columns;
mod draw;
mod sheet;

use columns::{Columns, Row};

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

/// How codes are drawn that a file leaves empty.
#[derive(Debug, Clone)]
pub struct Draw {
    /// The name of the policy's form; none: its first.
    pub form: Option<String>,
    /// The file that they are written to, for whoever tells people their codes.
    pub to: PathBuf,
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

    /// Takes in a file of records for a day (days since 1970; 0: permanent): all of it, or nothing. Codes that it leaves
    /// empty are drawn, if somebody is to be told them. `progress` is told the number of rows now and then.
    ///
    /// # Errors
    /// [`Error::RegisterFile`] with every wrong row, or what failed.
    pub fn import_register(
        &self,
        path: &Path,
        (day, draw): (u64, Option<&Draw>),
        by: &str,
        now: i64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, Error> {
        let by = who(by)?;
        let (desk, published) = (self.register_desk(day)?, self.published(day)?);
        let wrong = |problem| Error::RegisterFile { path: path.to_owned(), problem };
        let form = draw.map(|draw| desk.form(draw)).transpose()?;
        let (changes, drawn) = desk.read(path, form, progress).map_err(wrong)?;
        if let Some(draw) = draw {
            // Before the records: a record whose code nobody knows is worse than a code without a record.
            tell(&draw.to, &drawn)?;
        }
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

/// What a file says, by the places where it will stand, and the codes that were drawn.
type Taken = (Vec<(Key, Entry)>, Vec<Drawn>);

/// A code that was drawn, for whoever tells it.
struct Drawn {
    line: u64,
    code: String,
    contact: String,
}

/// Writes the codes that were drawn, for its owner alone; never over another file.
fn tell(to: &Path, drawn: &[Drawn]) -> Result<(), Error> {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    let rows = drawn.iter().map(|drawn| [drawn.line.to_string(), drawn.contact.clone(), drawn.code.clone()]);
    let written = std::iter::once(["line", "contact", "code"].map(str::to_owned))
        .chain(rows)
        .try_for_each(|row| writer.write_record(row));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).expect("memory takes what is written");
    crate::region::put(to, &bytes, 0o600)
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

    /// The form that codes are drawn by.
    fn form(&self, draw: &Draw) -> Result<&CodeForm, Error> {
        let mut forms = self.rules.policy.forms.codes.iter();
        let is_it = |form: &&CodeForm| draw.form.as_ref().is_none_or(|name| *name == form.name);
        forms.find(is_it).ok_or_else(|| Error::field("form", "the policy has no such form of codes"))
    }

    /// Every row of a file, in order, and the codes that were drawn; or what is wrong with which row.
    fn read(&self, path: &Path, form: Option<&CodeForm>, progress: &mut dyn FnMut(u64)) -> Result<Taken, String> {
        let (header, lines) = sheet::open(path)?;
        let columns = Columns::new(&header)?;
        let (mut understood, mut drawn, mut wrong, mut count) = (Vec::new(), Vec::new(), Vec::new(), 0_u64);
        for line in lines {
            count += 1;
            if count.is_multiple_of(STEP) {
                progress(count);
            }
            let (line, cells) = match line {
                Ok(line) => line,
                Err(problem) => {
                    wrong.push(problem);
                    continue;
                }
            };
            let entry = columns.row(cells).and_then(|mut row| {
                let code = self.drawn(&mut row, form)?;
                let contact = row.contact.clone();
                let entry = self.understand(row)?;
                drawn.extend(code.map(|code| Drawn { line, code, contact }));
                Ok(entry)
            });
            match entry {
                Ok(entry) => understood.push((line, entry)),
                Err(problem) => wrong.push(format!("line {line}: {problem}")),
            }
        }
        progress(count);
        let mut entries = std::collections::BTreeMap::new();
        for (key, (line, entry)) in self.keys(&understood).into_iter().zip(understood) {
            if entries.insert(key, entry).is_some() {
                wrong.push(format!("line {line}: this text stands here twice"));
            }
        }
        if wrong.is_empty() {
            return Ok((entries.into_iter().collect(), drawn));
        }
        let more = wrong.len().saturating_sub(MOST_NAMED);
        wrong.truncate(MOST_NAMED);
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        Err(wrong.join("\n"))
    }

    /// Draws a code for a row that has none and is to have one.
    fn drawn(&self, row: &mut Row, form: Option<&CodeForm>) -> Result<Option<String>, String> {
        if !row.text.is_empty() || columns::presented(&row.what) != Some(Presented::Code) {
            return Ok(None);
        }
        let form = form.ok_or("text: is empty, and nobody is to be told a code that is drawn (--codes)")?;
        let ends = self.ends(&row.valid_to).map_err(|error| super::commands::chain(&error))?;
        let day = jiff::Timestamp::from_second(ends).map_err(|error| error.to_string())?;
        let day = self.region.settings().zone.to_datetime(day);
        let code = draw::code(form, (day.day(), day.month())).map_err(|error| super::commands::chain(&error))?;
        row.text.clone_from(&code);
        Ok(Some(code))
    }

    fn ends(&self, text: &str) -> Result<i64, Error> {
        let zone = self.region.settings().zone;
        span::ends("valid_to", &columns::date(text, &span::written(zone)), zone)
    }

    /// Where rows stand. Short codes are stretched, by as many processors as there are.
    fn keys(&self, rows: &[(u64, Entry)]) -> Vec<Key> {
        let key = |(_, entry): &(u64, Entry)| self.register.key(self.stream.series, &entry.shown);
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if processors == 1 || !rows.iter().any(|(_, entry)| entry.shown.is_short()) {
            return rows.iter().map(key).collect();
        }
        std::thread::scope(|scope| {
            let share = rows.len().div_ceil(processors).max(1);
            let work = rows.chunks(share).map(|rows| scope.spawn(move || rows.iter().map(key).collect::<Vec<_>>()));
            let work: Vec<_> = work.collect();
            work.into_iter().flat_map(|keys| keys.join().expect("stretching a code does not panic")).collect()
        })
    }

    fn understand(&self, row: Row) -> Result<Entry, String> {
        let zone = self.region.settings().zone;
        let text_of = |error: Error| super::commands::chain(&error);
        let what = columns::presented(&row.what).ok_or("what: is none of code, link, card and plate")?;
        let shown = self.shown(what, &row.text).map_err(text_of)?;
        let kind = match row.kind.as_str() {
            "" => None,
            name => Some(self.rules.kind(name).map_err(text_of)?),
        };
        let from = columns::date(&row.valid_from, &span::written(zone));
        let valid_from = span::begins("valid_from", &from, zone).map_err(text_of)?;
        let valid_to = self.ends(&row.valid_to).map_err(text_of)?;
        if valid_to < valid_from {
            return Err("valid_to: is before valid_from".to_owned());
        }
        let flags = match columns::yes(&row.alert) {
            Some(false) => Flags::default(),
            Some(true) => Flags::ALERT,
            None => return Err("alert: is neither yes nor no".to_owned()),
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
