//! `checkpoint-hq box`: prepare boxes, and say how they stand. Enrolling one and losing one have files of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use trust::format::{hex, sha256};
use wire::BoxId;

use super::{Desk, now, told};
use super::{enrol_box, stolen_box};
use crate::enrol::Entry;
use crate::{Addresses, Error, keys, span};

/// Boxes: announce and enrol them, prepare their folders, learn their keys, strike off a stolen one
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    Enrol(enrol_box::Args),
    List(List),
    Stolen(stolen_box::Args),
}

/// Announce a box; write its provisioning folder or learn its key as well
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    checkpoint-hq box add tver m10-km178 --out stick --release http://10.0.0.1:8440/release --broker 10.0.0.1:1883\n  \
    (at the box: checkpointd provision --config stick/box.toml, which prints its public key)\n  \
    checkpoint-hq box add tver m10-km178 --key 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")]
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

/// Show the boxes: their keys, until when their certificates count, which are stolen
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
        Command::Enrol(args) => enrol_box::enrol(&args),
        Command::List(args) => list(&args),
        Command::Stolen(args) => stolen_box::stolen(&args),
    })
}

fn add(args: &Add) -> Result<(), Error> {
    let region = args.desk.open()?;
    region.announce_box(&args.name, &args.desk.by, now())?;
    if args.key.is_none() && args.out.is_none() {
        println!("{} is announced: its request is taken by `checkpoint-hq box enrol`", args.name);
    }
    if let Some(key) = &args.key {
        let key = keys::typed_public(key)?;
        region.add_box(&args.name, &key, &args.desk.by, now())?;
        println!("{} signs with {}", args.name, hex(key.as_bytes()));
    }
    if let Some(out) = &args.out {
        let addresses = Addresses { release: args.release.clone(), broker: args.broker.clone(), renewal: None };
        region.prepare_box(&args.name, &addresses, out)?;
        let root = sha256(&region.first_root()?);
        println!("root        {} (the box shows the same when it is provisioned)", hex(&root));
        println!("digits      {} (it prints the same)", wire::fingerprint::line(&root));
        println!("at the box  checkpointd provision --config {}", out.join("box.toml").display());
    }
    Ok(())
}

fn list(args: &List) -> Result<(), Error> {
    let region = args.desk.open()?;
    let (keys, zone) = (region.boxes()?, region.settings().zone);
    let entries: BTreeMap<_, _> = region.enrolments()?.into_iter().collect();
    let keys: BTreeMap<_, _> = keys.into_iter().collect();
    let names: BTreeSet<_> = entries.keys().chain(keys.keys()).collect();
    for name in names {
        let key = keys.get(name).map_or_else(|| "no key yet".to_owned(), |key| hex(key.as_bytes()));
        let day = |at| span::shown(at, zone);
        let standing = match entries.get(name) {
            Some(Entry { stolen: Some(since), .. }) => format!("STOLEN, not believed since {}", day(*since)),
            Some(Entry { not_after: Some(end), .. }) if *end < now() => format!("certificate ran out {}", day(*end)),
            Some(Entry { not_after: Some(end), .. }) => format!("certificate until {}", day(*end)),
            Some(Entry { announced, .. }) => format!("announced {}, not enrolled", day(*announced)),
            None => "not enrolled".to_owned(),
        };
        println!("{name}  {key}  {standing}");
    }
    Ok(())
}
