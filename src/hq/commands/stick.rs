//! `checkpoint-hq stick`: put the newest release on a stick.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use trust::Progress;

use super::{Desk, told};
use crate::{Error, stick};

/// Time between two words on how far it is.
const WORD: Duration = Duration::from_millis(500);

/// Put the newest release on a stick
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq stick tver /media/stick\n\n\
                        The release goes to checkpoint/REGION on the stick; nothing else on it is touched. Only what\n\
                        is not there is copied, everything is read back, and the stick may be pulled at any moment:\n\
                        it holds the old release or the new one. A box takes it by itself when it is put in, and says\n\
                        so on its panel.")]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// Where the stick is mounted
    #[arg(value_name = "STICK")]
    stick: PathBuf,
}

/// Writes the stick.
pub fn run(args: Args) -> ExitCode {
    told(write(&args))
}

fn write(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let mut said = Instant::now();
    let is_seen = std::io::stderr().is_terminal();
    let mut tell = |progress: Progress| {
        if is_seen && said.elapsed() >= WORD {
            said = Instant::now();
            eprint!("\r{} of {} ", size(progress.done), size(progress.total));
            // Nobody misses a word that is not shown.
            let _ = std::io::stderr().flush();
        }
    };
    let written = stick::write(&region.release_folder(), region.id(), &args.stick, &mut tell);
    if is_seen {
        eprint!("\r\x1b[K");
    }
    let stick::Written { folder, sequence, files, bytes, new } = written?;
    println!(
        "release {sequence} of {} is on the stick, read back and whole: {files} files, {}, {} of it new: {}",
        region.id(),
        size(bytes),
        size(new),
        folder.display()
    );
    Ok(())
}

fn size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{}.{} kB", bytes / 1000, bytes / 100 % 10)
    } else {
        format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
    }
}
