//! Spreadsheets as clerks and web forms make them: CSV with commas, semicolons or tabs, in UTF-8 with or without a
//! mark, UTF-16 or Windows-1251, and XLSX. All of them become lines of cells.

use std::io::{Cursor, Read as _};
use std::path::Path;

use calamine::{Data, Reader as _, Xlsx};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1251};

/// Longest file in bytes: a million rows.
const LONGEST: u64 = 512 << 20;

/// How a workbook begins: it is a ZIP archive.
const ZIP: &[u8] = b"PK\x03\x04";

/// A line of a spreadsheet: its number as the clerk's program shows it, and its cells.
pub type Line = (u64, Vec<String>);

/// The lines of a spreadsheet; of one that cannot be read, what is wrong with it.
pub type Lines = Box<dyn Iterator<Item = Result<Line, String>>>;

/// The first line and the others, or what is wrong with the file.
pub type Opened = Result<(Vec<String>, Lines), String>;

/// Opens a spreadsheet: the first line, and those after it one by one.
///
/// # Errors
/// What is wrong with it.
pub fn open(path: &Path) -> Opened {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err("the file is longer than 512 MiB: split it".to_owned());
    }
    if bytes.starts_with(ZIP) { workbook(bytes) } else { text(&bytes) }
}

fn workbook(bytes: Vec<u8>) -> Opened {
    let told = |error: calamine::XlsxError| format!("not a workbook that can be read: {error}");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(told)?;
    let range = book.worksheet_range_at(0).ok_or("the workbook has no sheet")?.map_err(told)?;
    let first = range.start().map_or(0, |(row, _)| row);
    let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(cell).collect()).collect();
    let mut lines = (u64::from(first) + 1..).zip(rows);
    let header = lines.next().map(|(_, header)| header).ok_or("the sheet is empty")?;
    // A sheet keeps the height that was once used.
    let is_filled = |(_, row): &Line| row.iter().any(|cell| !cell.is_empty());
    Ok((header, Box::new(lines.filter(is_filled).map(Ok))))
}

/// A cell as somebody would type it.
fn cell(data: &Data) -> String {
    match data {
        Data::Empty => String::new(),
        Data::String(text) => text.trim().to_owned(),
        Data::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Data::Int(number) => number.to_string(),
        // Numbers of cards and phones are written without a fraction and without an exponent.
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            if (hour, minute, second) == (0, 0, 0) { date } else { format!("{date} {hour:02}:{minute:02}") }
        }
        Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Error(error) => format!("#{error}"),
    }
}

fn text(bytes: &[u8]) -> Opened {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        // What else clerks' programs here write without saying so.
        None => WINDOWS_1251,
    };
    let (text, _, is_broken) = encoding.decode(bytes);
    if is_broken {
        return Err("the text is in no encoding that is known here: save it as CSV UTF-8".to_owned());
    }
    let mut text = text.into_owned();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let header = text.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t', b','].into_iter().max_by_key(|sign| header.bytes().filter(|c| c == sign).count());
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(Cursor::new(text));
    let header = reader.headers().map_err(|error| format!("line 1: {:?}", error.kind()))?;
    let header = header.iter().map(str::to_owned).collect();
    let lines = std::iter::from_fn(move || {
        let mut record = csv::StringRecord::new();
        let read = reader.read_record(&mut record);
        // Where it ended: empty lines before it are none of its own, and lines within its cells are.
        let within: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
        let line = reader.position().line().saturating_sub(1 + within as u64);
        match read {
            Ok(false) => None,
            Ok(true) => Some(Ok((line, record.iter().map(str::to_owned).collect()))),
            Err(error) => Some(Err(format!("line {line}: {:?}", error.kind()))),
        }
    });
    Ok((header, Box::new(lines)))
}
