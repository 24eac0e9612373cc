//! `checkpointd trust adopt`: take a release from a folder by hand.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use trust::{Adoption, Folder, Progress, Stick};

use super::Common;
use crate::Error;
use crate::claim::Claim;

/// Time between two words on how far it is.
const WORD: Duration = Duration::from_millis(500);

/// Take a release from a stick or a folder by hand
#[derive(clap::Args)]
#[command(
    after_help = "The box must be stopped: a running one takes a stick by itself. The release is found as the box \
                        finds it: at the top, or in checkpoint/, release/ or a folder named after the region.\n\n\
                        Exit code: 0 when it was adopted or is in force already, 1 when it was refused.\n\n\
                        Example:\n  checkpointd trust adopt --trust /var/lib/checkpoint/trust /media/stick"
)]
pub(super) struct Args {
    /// Where the stick is mounted, or the folder of a release.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The trust folder of the box.
    #[arg(long, value_name = "DIR")]
    trust: PathBuf,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let _claim = Claim::take(&args.trust)?;
    let mut store = super::open(&args.trust)?;
    let newest = Stick::look(&args.folder, &store.root().region).releases.into_iter().next();
    let mut said = Instant::now();
    let is_seen = std::io::stderr().is_terminal();
    let mut tell = |progress: Progress| {
        if is_seen && said.elapsed() >= WORD {
            said = Instant::now();
            eprint!("\r{} of {} kB ", progress.done / 1000, progress.total / 1000);
            // Nobody misses a word that is not shown.
            let _ = std::io::stderr().flush();
        }
    };
    let now = args.common.now();
    let adopted = match newest {
        Some(mut release) => store.adopt_with(&mut release, now, &mut tell),
        // The folder itself, so that the reason is told.
        None => store.adopt_with(&mut Folder(args.folder.clone()), now, &mut tell),
    };
    if is_seen {
        eprint!("\r\x1b[K");
    }
    let (outcome, fetched) = match adopted? {
        Adoption::NothingNew { fetched } => ("current", fetched),
        Adoption::Adopted { fetched, .. } => ("adopted", fetched),
    };
    let sequence = store.current().map_or(0, |release| release.sequence());
    let words = match outcome {
        "adopted" => format!("release {sequence} is in force now, {fetched} bytes read\n"),
        _ => format!("release {sequence} is in force already\n"),
    };
    args.common.print(&words, &json!({ "outcome": outcome, "sequence": sequence, "read_bytes": fetched }));
    Ok(ExitCode::SUCCESS)
}
