//! `checkpoint-hq issuer add` and `kinds`: who signs passes in this region, and which.

use std::process::ExitCode;

use clap::Subcommand;
use trust::format::hex;

use super::{Desk, now, told};
use crate::Error;

/// Issuers: who may sign passes here, and which
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    Kinds(Kinds),
}

/// Take on an issuer with a key of its own. Boxes believe it from the next release on
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq issuer add tver konakovo --kinds family,one-time")]
struct Add {
    #[command(flatten)]
    desk: Desk,
    /// Its name, as it stands in passes: letters, digits, '.', '_' and '-'
    #[arg(value_name = "NAME")]
    name: String,
    /// Kinds it may issue, by code or number
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', required = true)]
    kinds: Vec<String>,
}

/// Say anew which kinds an issuer may issue, with the key it has. Boxes follow with the next release
#[derive(clap::Args)]
#[command(after_help = "Example, after another policy was put into the region's folder:\n  \
                  checkpoint-hq issuer kinds tver RU-TVE --kinds work,family,medical,other")]
struct Kinds {
    #[command(flatten)]
    desk: Desk,
    /// Its name, as it stands in passes
    #[arg(value_name = "NAME")]
    name: String,
    /// Kinds it may issue, by code or number
    #[arg(long, value_name = "KIND,…", value_delimiter = ',', required = true)]
    kinds: Vec<String>,
}

/// Does what is asked.
pub fn run(args: Args) -> ExitCode {
    told(match args.command {
        Command::Add(args) => add(&args),
        Command::Kinds(args) => kinds(&args),
    })
}

fn kinds(args: &Kinds) -> Result<(), Error> {
    let region = args.desk.open()?;
    let rules = region.rules()?;
    let kinds = args.kinds.iter().map(|kind| rules.kind(kind)).collect::<Result<Vec<_>, _>>()?;
    region.let_issue(&args.name, &kinds, &args.desk.by, now())?;
    println!("{} may issue {}", args.name, args.kinds.join(", "));
    Ok(())
}

fn add(args: &Add) -> Result<(), Error> {
    let region = args.desk.open()?;
    let rules = region.rules()?;
    let kinds = args.kinds.iter().map(|kind| rules.kind(kind)).collect::<Result<Vec<_>, _>>()?;
    let issuer = region.add_issuer(&args.name, &kinds, &args.desk.by, now())?;
    println!("{} signs with {}", issuer.name, hex(&issuer.key));
    Ok(())
}
