//! `checkpoint-hq issuer add`: another signer of passes in this region.

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

/// Takes the issuer on.
pub fn run(args: Args) -> ExitCode {
    let Command::Add(args) = args.command;
    told(add(&args))
}

fn add(args: &Add) -> Result<(), Error> {
    let region = args.desk.open()?;
    let rules = region.rules()?;
    let kinds = args.kinds.iter().map(|kind| rules.kind(kind)).collect::<Result<Vec<_>, _>>()?;
    let issuer = region.add_issuer(&args.name, &kinds, &args.desk.by, now())?;
    println!("{} signs with {}", issuer.name, hex(&issuer.key));
    Ok(())
}
