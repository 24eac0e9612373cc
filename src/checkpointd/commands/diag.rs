//! `checkpointd diag`: one parcel that a technician carries to HQ.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::commands::told;
use crate::{Error, diag};

/// Bytes of a megabyte, as people buy sticks by it and a little more.
const MEGABYTE: usize = 1 << 20;

/// Gather what explains a fault into one small archive without secrets
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpointd diag --config /etc/checkpoint/box.toml\n  \
                        checkpointd diag --config /etc/checkpoint/box.toml --out /media/stick/m10-km178.tar.gz\n  \
                        checkpointd diag --config /etc/checkpoint/box.toml --out - > parcel.tar.gz\n\n\
                        Works while the box runs and while it does not; what cannot be had is named. Holds versions, \
                        the configuration without its comments, the box's status and its last events, the standing of \
                        journal and trust, clocks, room, temperatures and the kernel's last words. No keys, no passes, \
                        no plates, no rows. Exit code: 0 when it was written, 1 when it could not be.")]
pub struct Args {
    /// The box's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where to write it: a file, for example on a stick, or `-` for the standard output. Default: a name with the
    /// box's and the time, here.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Most megabytes it may have.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    megabytes: u16,
}

/// Gathers and writes.
pub fn run(args: Args) -> ExitCode {
    told(write(&args))
}

fn write(args: &Args) -> Result<ExitCode, Error> {
    let path = args.out.clone().unwrap_or_else(|| diag::file_name(&args.config));
    // Progress goes where the parcel does not.
    let bag = diag::gather(&args.config, usize::from(args.megabytes) * MEGABYTE, |listed| eprintln!("{listed}"));
    let failed = |source| Error::WriteDiag { path: path.clone(), source };
    let archive = bag.packed().map_err(failed)?;
    if path == Path::new("-") {
        io::stdout().lock().write_all(&archive).map_err(failed)?;
    } else {
        keep(&path, &archive).map_err(failed)?;
        println!("{} has {} bytes; carry it to HQ", path.display(), archive.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes it whole or not at all, so that a stick that is pulled too early has no half of it under its name.
fn keep(path: &Path, archive: &[u8]) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let written = File::create(&aside).and_then(|mut file| {
        file.write_all(archive)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)
    });
    if written.is_err() {
        // What is there of it takes room where there is none.
        let _ = std::fs::remove_file(&aside);
    }
    written
}
