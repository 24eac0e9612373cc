//! `checkpoint-hq init`: found a region.

use std::path::PathBuf;
use std::process::ExitCode;

use trust::format::{hex, sha256};
use wire::RegionId;

use super::{now, operator, root, told};
use crate::ceremony::public;
use crate::signer::Place;
use crate::{Error, Founding, Places, Region};

/// Found a region: its folder with keys, default rules, books and first root
#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
                        checkpoint-hq init tver --region RU-TVE --name 'Тверская область' --territory 69 \\\n    \
                        --roots a.pub b.pub c.pub\n\n\
                        With --roots the root keys stay on their sticks, and the region waits for the keepers' \
                        signatures (docs/root-ceremony.md). Without, it is a desk for trials: all keys in one folder.")]
pub struct Args {
    /// Folder to make; must not be there yet
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// ISO 3166-2 code; never changed later
    #[arg(long, value_name = "CODE")]
    region: RegionId,
    /// Name, for people
    #[arg(long)]
    name: String,
    /// Number as passes name it: the one on registration plates
    #[arg(long, value_name = "NUMBER")]
    territory: u64,
    /// Distance from UTC, for dates that people write
    #[arg(long, value_name = "+HH:MM", default_value = "+03:00", allow_hyphen_values = true)]
    utc_offset: String,
    /// Public halves of the root keys, born on sticks (`root key`)
    #[arg(long, value_name = "FILE", num_args = 2..)]
    roots: Vec<PathBuf>,
    #[command(flatten)]
    rules: root::Rules,
    /// Where a publishing key is already (credential:…, pkcs11:…); else one is drawn
    #[arg(long, value_name = "URI", requires = "roots")]
    publishing: Option<Place>,
    /// Where a receipt key is already
    #[arg(long, value_name = "URI", requires = "roots")]
    receipt: Option<Place>,
    /// Where a command key is already
    #[arg(long, value_name = "URI", requires = "roots")]
    command: Option<Place>,
    /// Where the issuing key is already
    #[arg(long, value_name = "URI", requires = "roots")]
    issuing: Option<Place>,
    /// Who does this, for the audit
    #[arg(long, value_name = "NAME", default_value_t = operator())]
    by: String,
}

/// Founds the region and says what its keeper must know.
pub fn run(args: Args) -> ExitCode {
    told(found(args))
}

fn found(args: Args) -> Result<(), Error> {
    if args.roots.is_empty() { desk(args) } else { waiting(args) }
}

/// A region whose root keys are on sticks.
fn waiting(args: Args) -> Result<(), Error> {
    let Args { folder, region, name, territory, utc_offset, roots, rules, by, .. } = args;
    let keys = Places {
        publishing: args.publishing.into_iter().collect(),
        receipt: args.receipt.into_iter().collect(),
        command: args.command.into_iter().collect(),
        issuing: args.issuing.into_iter().map(|place| (region.to_string(), place)).collect(),
    };
    // Before anything is made: a region without its root is easily taken for one.
    roots.iter().try_for_each(|path| public::read(path).map(drop))?;
    let founding = Founding { region, name, territory, utc_offset };
    let region = Region::create_waiting(&folder, &founding, keys, &by, now())?;
    println!("region       {} ({}) in {}\n", region.id(), region.settings().name, folder.display());
    root::compose(&region, &roots, rules, None)
}

fn desk(args: Args) -> Result<(), Error> {
    let Args { folder, region, name, territory, utc_offset, by, .. } = args;
    let founding = Founding { region, name, territory, utc_offset };
    let region = Region::create(&folder, &founding, &by, now())?;
    println!("region      {} ({}) in {}", region.id(), region.settings().name, folder.display());
    println!("root        {}", hex(&sha256(&region.first_root()?)));
    println!("next        checkpoint-hq release {}", folder.display());
    eprintln!(
        "\n\
         *** THIS IS A DESK, NOT A REGION ***\n\
         All three root keys, root-1.key to root-3.key, lie together in {keys}.\n\
         Whoever copies that folder can name new keys for every box. Found a real region with --roots:\n\
         its root keys are born on sticks and never come here (docs/root-ceremony.md).\n",
        keys = folder.join("keys").display(),
    );
    Ok(())
}
