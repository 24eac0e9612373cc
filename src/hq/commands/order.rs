//! `checkpoint-hq order`: extend, stop or suspend passes over their signed dates.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use verdict::{Action, Order};

use super::{Desk, now, told};
use crate::{Error, NewOrder, Region, span};

/// Orders: HQ's word over the dates in passes. Of two about one pass the newer counts
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Box<Add>),
    List(List),
    End(End),
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Passes that have not ended by then are valid until --until
    Extend,
    /// Passes are no longer valid
    Stop,
    /// Passes are not valid for a while
    Suspend,
}

/// Give an order. Boxes follow from the next release on
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq order add tver extend --kind work --until 2020-05-31 \\\n    \
                        --ru 'Рабочие пропуска продлены до 31 мая' --en 'Work passes are extended to 31 May'\n  \
                        checkpoint-hq order add tver stop --kind family --from 2020-04-30 \\\n    \
                        --ru 'Семейные пропуска отменены' --en 'Family passes have ended'\n\n\
                        Dates: RFC 3339, or a day such as 2020-05-31, which begins and ends in the region's time.")]
#[command(group = clap::ArgGroup::new("whose").required(true).args(["kinds", "all_kinds"]))]
struct Add {
    #[command(flatten)]
    desk: Desk,
    /// What to do
    #[arg(value_enum)]
    what: What,
    /// A kind it covers, by code or number; may be given again
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// It covers every kind
    #[arg(long)]
    all_kinds: bool,
    /// Only passes of this issuer
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// Only passes issued from then on
    #[arg(long, value_name = "DATE")]
    issued_from: Option<String>,
    /// Only passes issued before
    #[arg(long, value_name = "DATE")]
    issued_before: Option<String>,
    /// From when it counts; now, if not given. An extension takes the passes that had not ended by then
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Until when it counts, or the passes are extended; until `order end`, if not given
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// What it says, in Russian
    #[arg(long, value_name = "TEXT")]
    ru: String,
    /// What it says, in English
    #[arg(long, value_name = "TEXT")]
    en: String,
}

/// Show the orders that count now or will
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq order list tver")]
struct List {
    #[command(flatten)]
    desk: Desk,
}

/// Take an order back. Boxes follow from the next release on
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq order end tver 3")]
struct End {
    #[command(flatten)]
    desk: Desk,
    /// Its number
    number: u64,
}

/// Gives, shows or ends orders.
pub fn run(args: Args) -> ExitCode {
    told(match args.command {
        Command::Add(args) => add(*args),
        Command::List(args) => list(&args),
        Command::End(args) => end(&args),
    })
}

fn add(args: Add) -> Result<(), Error> {
    let region = args.desk.open()?;
    let (rules, zone, now) = (region.rules()?, region.settings().zone, now());
    let kinds = args.kinds.iter().map(|kind| rules.kind(kind)).collect::<Result<Vec<_>, _>>()?;
    let begins = |name, text: &Option<String>| text.as_deref().map(|text| span::begins(name, text, zone)).transpose();
    let order = NewOrder {
        action: match args.what {
            What::Extend => Action::Extend,
            What::Stop => Action::Stop,
            What::Suspend => Action::Suspend,
        },
        kinds,
        issuer: args.issuer,
        issued_from: begins("--issued-from", &args.issued_from)?,
        issued_before: begins("--issued-before", &args.issued_before)?,
        from: begins("--from", &args.from)?.unwrap_or(now),
        until: args.until.as_deref().map(|text| span::ends("--until", text, zone)).transpose()?,
        ru: args.ru,
        en: args.en,
    };
    let order = region.give_order(order, &args.desk.by, now)?;
    println!("{}, from the next release on", shown(&region, &order)?);
    Ok(())
}

fn list(args: &List) -> Result<(), Error> {
    let region = args.desk.open()?;
    for order in region.orders(now())? {
        println!("{}", shown(&region, &order)?);
    }
    Ok(())
}

fn end(args: &End) -> Result<(), Error> {
    let region = args.desk.open()?;
    let order = region.end_order(args.number, &args.desk.by, now())?;
    println!("{}: ended, from the next release on", shown(&region, &order)?);
    Ok(())
}

/// An order on one line.
fn shown(region: &Region, order: &Order) -> Result<String, Error> {
    let (rules, zone) = (region.rules()?, region.settings().zone);
    let time = |at| span::shown(at, zone);
    let Order { number, action, kinds, issuer, issued_from, issued_before, from, until, en, .. } = order;
    let kinds: Vec<_> = kinds.iter().map(|kind| rules.code(*kind)).collect();
    let kinds = if kinds.is_empty() { "every kind".to_owned() } else { kinds.join(", ") };
    let parts = [
        issuer.as_ref().map(|issuer| format!(" of {issuer}")),
        issued_from.map(|at| format!(" issued from {}", time(at))),
        issued_before.map(|at| format!(" issued before {}", time(at))),
        Some(format!(", from {}", time(*from))),
        until.map(|at| format!(" until {}", time(at))),
    ];
    let more: String = parts.into_iter().flatten().collect();
    Ok(format!("order {number}: {} {kinds}{more}: {en}", action.as_str()))
}
