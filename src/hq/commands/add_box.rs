//! `checkpoint-hq box add`: prepare a box, and learn its key.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use trust::format::{hex, sha256};
use wire::BoxId;

use super::{Desk, now, told};
use crate::boxes::Addresses;
use crate::{Error, keys};

/// Boxes: prepare their folders, learn their keys
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    List(List),
}

/// Write a box's provisioning folder, learn its key, or both
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    checkpoint-hq box add tver m10-km178 --out stick --release http://10.0.0.1:8440/release --broker 10.0.0.1:1883\n  \
    (at the box: checkpointd provision --config stick/box.toml, which prints its public key)\n  \
    checkpoint-hq box add tver m10-km178 --key 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")]
#[group(id = "what", required = true, multiple = true, args = ["key", "out"])]
struct Add {
    #[command(flatten)]
    desk: Desk,
    /// The box's name: letters, digits, '.', '_' and '-'
    #[arg(value_name = "NAME")]
    name: BoxId,
    /// Its public key, as it prints it; without it its rows cannot be checked
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// Folder to write root.1 and box.toml to; must not hold them yet
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where the box fetches releases, for box.toml
    #[arg(long, value_name = "URL")]
    release: Option<String>,
    /// The region's broker, for box.toml
    #[arg(long, value_name = "HOST:PORT")]
    broker: Option<String>,
}

/// Show the boxes whose keys are known
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq box list tver")]
struct List {
    #[command(flatten)]
    desk: Desk,
}

/// Does what was asked.
pub fn run(args: Args) -> ExitCode {
    told(match args.command {
        Command::Add(args) => add(&args),
        Command::List(args) => list(&args),
    })
}

fn add(args: &Add) -> Result<(), Error> {
    let region = args.desk.open()?;
    if let Some(key) = &args.key {
        let key = keys::typed_public(key)?;
        region.add_box(&args.name, &key, &args.desk.by, now())?;
        println!("{} signs with {}", args.name, hex(key.as_bytes()));
    }
    if let Some(out) = &args.out {
        let addresses = Addresses { release: args.release.clone(), broker: args.broker.clone() };
        region.prepare_box(&args.name, &addresses, out)?;
        println!("root        {} (the box shows the same when it is provisioned)", hex(&sha256(&region.first_root()?)));
        println!("at the box  checkpointd provision --config {}", out.join("box.toml").display());
    }
    Ok(())
}

fn list(args: &List) -> Result<(), Error> {
    for (name, key) in args.desk.open()?.boxes()? {
        println!("{name} {}", hex(key.as_bytes()));
    }
    Ok(())
}
