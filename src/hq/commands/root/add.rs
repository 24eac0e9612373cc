//! `checkpoint-hq root add`: signatures come together, and the root is installed.

use std::path::PathBuf;

use trust::format::hex;

use crate::Error;
use crate::commands::Desk;

/// Join signatures and install the root, when old and new thresholds hold
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq root add tver root-2.3f1c09ab.signed root-2.8d02c4e1.signed\n\n\
                        Boxes take the root with the next release: checkpoint-hq release tver")]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// Signed requests
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let installed = region.install_root(&args.files, &args.desk.by, super::now())?;
    println!("root.{} of {} is installed", installed.version, region.id());
    println!("file       {} (a box shows the same when it is provisioned with it)", hex(&installed.file));
    super::remaining(&region)?;
    println!("next       checkpoint-hq release {}", region.folder().display());
    Ok(())
}
