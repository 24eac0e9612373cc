//! `checkpoint-hq register`: passes that say nothing themselves, by code, link, card or plate.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;
use trust::register::Presented;
use verdict::Flags;

use super::{Desk, now, told};
use crate::register::{Draw, Imported, Registered};
use crate::{Error, span};

/// The register: what boxes look up by code, link, card or plate
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Import(Import),
    Remove(One),
    Show(One),
}

/// Take in records from a spreadsheet: all rows, or none when one is wrong. Boxes follow from the next release on
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq register import tver passes.csv --day 2020-05-01\n  \
                        checkpoint-hq register import tver staff.xlsx --codes for-the-gateway.csv\n\n\
                        The first line names the columns: what (code, link, card or plate), text, kind, valid_from, \
                        valid_to and, where there is something to say, alert (yes or no), holder, birth, id_digits, \
                        plate, phone; or as web forms call them: код, вид пропуска, действует с, действует по, \
                        карантин, фио, дата рождения, госномер, телефон; all of them stand in docs/register.md. Of \
                        holder, birth, id_digits and plate nothing is taken without a code or link of at least 80 \
                        bits. The phone is written beside a code that was drawn, and nowhere else.")]
struct Import {
    #[command(flatten)]
    desk: Desk,
    /// The file: XLSX, or CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1251
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Draw the codes that the file leaves empty, and write them here, for whoever sends them
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// By this form of the policy; its first, when nothing is said
    #[arg(long, value_name = "NAME", requires = "codes")]
    form: Option<String>,
    /// They are for this day alone, such as 2020-05-01; boxes drop them all together after it
    #[arg(long, value_name = "DATE", value_parser = day)]
    day: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Code,
    Link,
    Card,
    Plate,
}

/// One record
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq register show tver plate 'А123ВС77'\n  \
                        checkpoint-hq register remove tver code K7M2-9QXA-4TRB-8ZWC --day 2020-05-01")]
struct One {
    #[command(flatten)]
    desk: Desk,
    /// What the text is
    #[arg(value_enum)]
    what: What,
    /// The code, link id, card number or plate
    text: String,
    /// In the register of this day, not in the permanent one
    #[arg(long, value_name = "DATE", value_parser = day)]
    day: Option<u64>,
}

impl One {
    const fn what(&self) -> Presented {
        match self.what {
            What::Code => Presented::Code,
            What::Link => Presented::Link,
            What::Card => Presented::Card,
            What::Plate => Presented::Plate,
        }
    }
}

/// Takes in, takes out or shows.
pub fn run(args: Args) -> ExitCode {
    told(match args.command {
        Command::Import(args) => import(&args),
        Command::Remove(args) => remove(&args),
        Command::Show(args) => show(&args),
    })
}

fn import(args: &Import) -> Result<(), Error> {
    let region = args.desk.open()?;
    let mut progress = |rows| eprintln!("checkpoint-hq: {rows} rows read");
    let day = args.day.unwrap_or(0);
    let draw = args.codes.clone().map(|to| Draw { form: args.form.clone(), to });
    let about = (day, draw.as_ref());
    let Imported { rows, changed } = region.import_register(&args.file, about, &args.desk.by, now(), &mut progress)?;
    println!("{changed} of {rows} records are new or changed, from the next release on");
    Ok(())
}

fn remove(args: &One) -> Result<(), Error> {
    let region = args.desk.open()?;
    region.remove_registered(args.what(), &args.text, args.day.unwrap_or(0), &args.desk.by, now())?;
    println!("the record is out, from the next release on");
    Ok(())
}

fn show(args: &One) -> Result<(), Error> {
    let region = args.desk.open()?;
    let found = region.registered(args.what(), &args.text, args.day.unwrap_or(0))?.ok_or(Error::NotRegistered)?;
    let (rules, zone) = (region.rules()?, region.settings().zone);
    let Registered { record, compared, is_pending } = found;
    let kind = record.kind.map_or_else(|| "no kind".to_owned(), |kind| rules.code(kind));
    let alert = if record.flags.contains(Flags::ALERT) { ", ALERT" } else { "" };
    let news = if is_pending { ", from the next release on" } else { "" };
    println!(
        "{kind} from {} to {}{alert}{news}",
        span::shown(record.valid_from, zone),
        span::shown(record.valid_to, zone)
    );
    let Some(compared) = compared else { return Ok(()) };
    let fields = [
        ("holder", compared.holder),
        ("birth", compared.birth),
        ("id_digits", compared.id_digits),
        ("plate", compared.plate),
    ];
    for (name, text) in fields {
        if let Some(text) = text {
            println!("{name}: {text}");
        }
    }
    Ok(())
}

/// Days since 1970 of a date; one that could not be told from the permanent register is none.
fn day(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a day such as 2020-05-01");
    let date: Date = text.parse().map_err(|_| wrong())?;
    let begin = jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| wrong())?;
    u64::try_from(begin.as_second() / 86_400).ok().filter(|day| *day > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!((day("1970-01-02").unwrap(), day("2020-05-01").unwrap()), (1, 18_383));
        for bad in ["", "1970-01-01", "1969-12-31", "2020-02-30", "01.05.2020"] {
            assert!(day(bad).is_err(), "{bad}");
        }
    }
}
