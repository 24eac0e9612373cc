//! `checkpoint-hq conflict`: boxes that have gone on in two ways, and which of them goes on; passes that were used more
//! often than they may, or were at two posts at once.

use std::process::ExitCode;

use clap::Subcommand;
use trust::format::hex;
use wire::BoxId;

use super::{Desk, now, told};
use crate::ledger::{Keep, Ledger};
use crate::open::{Crossings, Misuse, PassConflict, Trace};
use crate::{Error, span};

/// Journals that have gone on in two ways (a cloned card, or a restored image), and passes in two places
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(List),
    Resolve(Resolve),
}

/// Show every conflict there has been, the newest first, and the ways to go on; then passes that were used more often
/// than they may or were at two posts at once, each with the two rows that say so and the rows that sign them
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq conflict list tver --days 14")]
struct List {
    #[command(flatten)]
    desk: Desk,
    /// Days to look back for passes
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    days: u32,
}

/// Decide which way goes on. The box that went that way gets receipts again; the other way is kept as evidence
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq conflict resolve tver m10-km178 4711 --keep ledger\n  \
                        checkpoint-hq conflict resolve tver m10-km178 4711 --keep 3b6a27bc\n\n\
                        Look first: the box that is at its post shows on its page (status.json, journal/head)\n\
                        how far it is. The other one begins anew, under another name.")]
struct Resolve {
    #[command(flatten)]
    desk: Desk,
    /// The box
    #[arg(value_name = "BOX")]
    name: BoxId,
    /// The first row that exists twice
    #[arg(value_name = "ROW")]
    sequence: u64,
    /// `ledger`, or how the other way begins, as `conflict list` shows it
    #[arg(long, value_name = "WAY")]
    keep: String,
}

/// Does what was asked.
pub fn run(args: Args) -> ExitCode {
    told(match args.command {
        Command::List(args) => list(&args),
        Command::Resolve(args) => resolve(&args),
    })
}

fn list(args: &List) -> Result<(), Error> {
    let region = args.desk.open()?;
    let ledger = Ledger::open_for_reading(&region.ledger_path(), region.id())?;
    let zone = region.settings().zone;
    for one in ledger.conflicts()? {
        let state =
            one.resolved.map_or_else(|| "open".to_owned(), |at| format!("decided at {}", span::shown(at, zone)));
        println!("{} row {} found at {}: {state}", one.name, one.sequence, span::shown(one.found, zone));
        for way in ledger.branches(&one.name, one.sequence)? {
            let called = if way.is_chain { "ledger".to_owned() } else { hex(&way.first[..8]) };
            println!("  {called}: {} rows, up to row {}", way.rows, way.last);
        }
    }
    let crossings = region.crossings_path();
    // Made when rows are opened first.
    if !crossings.exists() {
        return Ok(());
    }
    let since = now().saturating_sub(i64::from(args.days) * 86_400);
    let posts = &region.settings().posts;
    let conflicts = Crossings::open(&crossings)?;
    for one in conflicts.pass_conflicts(since, posts.most(), |one, other| posts.apart(one, other))? {
        let PassConflict { issuer, pass_id, misuse, first, second } = one;
        let what = match misuse {
            Misuse::Twice { times, most } => format!("used {times} times, allowed {most}"),
            Misuse::Apart { seconds } => format!("at two posts within {seconds} s"),
        };
        println!("pass {} of {issuer}: {what}", hex(&pass_id));
        for Trace { name, sequence, at } in [first, second] {
            let signed = match ledger.signed_by(&name, sequence)? {
                Some(by) => format!("signed with row {by}"),
                None => "not signed yet".to_owned(),
            };
            println!("  {} {name} row {sequence}, {signed}", span::shown(at, zone));
        }
    }
    Ok(())
}

fn resolve(args: &Resolve) -> Result<(), Error> {
    let Resolve { desk, name, sequence, keep } = args;
    let region = desk.open()?;
    let mut ledger = Ledger::open(&region.ledger_path(), region.id())?;
    let way = if keep == "ledger" {
        Keep::Chain
    } else {
        let ways = ledger.branches(name, *sequence)?;
        let named: Vec<_> = ways.iter().filter(|way| !way.is_chain && hex(&way.first).starts_with(keep)).collect();
        match named[..] {
            [way] if keep.len() >= 8 => Keep::Branch(way.first),
            _ => return Err(Error::field("way", "is `ledger` or 8 digits that `conflict list` shows".to_owned())),
        }
    };
    let now = now();
    ledger.resolve(name, *sequence, way, now)?;
    region.note_decision(name, *sequence, keep, &desk.by, now)?;
    println!("{name} goes on from row {sequence} by {keep}; receipts follow with its next rows");
    Ok(())
}
