//! `checkpoint-hq card`: service cards of officers.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use trust::format::hex;
use zeroize::Zeroizing;

use super::{Desk, now, told};
use crate::span::{self, Span};
use crate::{Error, region};

/// Service cards: with one and its PIN an officer begins a shift
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Issue(Issue),
    List(List),
}

/// Issue a card: writes card-ID.png and card-ID.svg to be printed, and prints its PIN once
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq card issue tver --name 'Рысь-4' --valid-for 31d --out cards\n\n\
                        The name is a pseudonym: it stands on the panel and in the journal. Give the PIN to the\n\
                        officer apart from the card; it stands nowhere else. A card cannot be taken back before\n\
                        its end, so let it be short: a lost one is of use only with its PIN.")]
struct Issue {
    #[command(flatten)]
    desk: Desk,
    /// Pseudonym of the officer
    #[arg(long, value_name = "PSEUDONYM")]
    name: String,
    /// For how long it counts: at most 92d
    #[arg(long, value_name = "SPAN", default_value = "31d")]
    valid_for: Span,
    /// From when it counts; without it, from now
    #[arg(long, value_name = "DATE")]
    valid_from: Option<String>,
    /// Take the PIN from this file, six to eight digits; without it one is drawn
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
    /// Folder for the card; made when it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Show every card that was issued
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq card list tver")]
struct List {
    #[command(flatten)]
    desk: Desk,
}

/// Does what was asked.
pub fn run(args: Args) -> ExitCode {
    told(match args.command {
        Command::Issue(args) => issue(&args),
        Command::List(args) => list(&args),
    })
}

fn issue(args: &Issue) -> Result<(), Error> {
    let region = args.desk.open()?;
    let (now, zone) = (now(), region.settings().zone);
    let from = args.valid_from.as_deref().map_or(Ok(now), |text| span::begins("--valid-from", text, zone))?;
    let until = from.saturating_add(args.valid_for.seconds());
    let read = |path: &PathBuf| std::fs::read_to_string(path).map(Zeroizing::new).map_err(Error::file(path));
    let pin = args.pin_file.as_ref().map(read).transpose()?;
    let pin = pin.map(|text| Zeroizing::new(text.trim().to_owned()));
    std::fs::create_dir_all(&args.out).map_err(Error::file(&args.out))?;
    let issued = region.issue_card(&args.name, (from, until), pin, &args.desk.by, now)?;
    let code = issued.code()?;
    let stem = args.out.join(format!("card-{}", hex(&issued.card.id)));
    for (kind, bytes) in [("png", code.png()?), ("svg", code.svg().into())] {
        region::put(&stem.with_extension(kind), &bytes, 0o600)?;
    }
    let until = span::shown(until, zone);
    println!("{} until {until}, PIN {}: {}.{{png,svg}}", args.name, *issued.pin, stem.display());
    Ok(())
}

fn list(args: &List) -> Result<(), Error> {
    let region = args.desk.open()?;
    let zone = region.settings().zone;
    for card in region.cards()? {
        let (from, until) = (span::shown(card.valid_from, zone), span::shown(card.valid_to, zone));
        println!("{} {} from {from} until {until}", hex(&card.id), card.pseudonym);
    }
    Ok(())
}
