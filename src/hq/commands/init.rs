//! `checkpoint-hq init`: found a region.

use std::path::PathBuf;
use std::process::ExitCode;

use trust::format::{hex, sha256};
use wire::RegionId;

use super::{now, operator, told};
use crate::{Error, Founding, Region};

/// Found a region: its folder with keys, default rules, books and first root
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq init tver --region RU-TVE --name 'Тверская область' --territory 69")]
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
    /// Who does this, for the audit
    #[arg(long, value_name = "NAME", default_value_t = operator())]
    by: String,
}

/// Founds the region and says what its keeper must know.
pub fn run(args: Args) -> ExitCode {
    told(found(args))
}

fn found(args: Args) -> Result<(), Error> {
    let Args { folder, region, name, territory, utc_offset, by } = args;
    let founding = Founding { region, name, territory, utc_offset };
    let region = Region::create(&folder, &founding, &by, now())?;
    println!("region      {} ({}) in {}", region.id(), region.settings().name, folder.display());
    println!("root        {}", hex(&sha256(&region.first_root()?)));
    println!("next        checkpoint-hq release {}", folder.display());
    eprintln!(
        "\n\
         *** THIS IS A DESK, NOT A REGION ***\n\
         All three root keys lie together in {keys}.\n\
         Whoever copies that folder can name new keys for every box. Before a real box is provisioned,\n\
         move root-1.key and root-2.key to two sticks kept apart, and root-3.key to a safe; nothing but\n\
         a new root ever needs them. No copy may stay on this machine.\n",
        keys = folder.join("keys").display(),
    );
    Ok(())
}
