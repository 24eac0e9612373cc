//! `checkpoint-hq import-journal`: what boxes without a line bring on a stick.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::{Desk, chain, now, told};
use crate::Error;
use crate::export::{self, Taken};

/// Time between two words on how far it is.
const WORD: Duration = Duration::from_millis(500);

/// Take boxes' journals from a stick into the ledger, and write the receipts to carry back
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq import-journal tver /media/stick\n  \
                        checkpoint-hq import-journal tver post-1.journal --receipts .\n\n\
                        A box writes such a file with `checkpointd journal export`. It is checked whole, then its rows\n\
                        go into the ledger as if they had come over the line: those that are here already are\n\
                        repeats, so a file may be taken twice, and while the region is at work. BOX.receipt is written\n\
                        beside the file, or into --receipts: carried back, it lets the box prune.\n\n\
                        Exit code: 0 when everything was taken, 1 when a file was not, or rows are missing before it,\n\
                        3 when HQ's own rules refuse a file.")]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// Exports, or where a stick with them is mounted
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where receipts are written; without it, beside each file
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
}

/// Takes them.
pub fn run(args: Args) -> ExitCode {
    told(take(&args))
}

fn take(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let mut files = Vec::new();
    for file in &args.files {
        if file.is_dir() { files.extend(export::on_stick(file, &region)?) } else { files.push(file.clone()) }
    }
    // One that cannot be taken holds up none of the others.
    let mut failed = None;
    for file in &files {
        let beside = file.parent().unwrap_or(Path::new("")).to_owned();
        let receipts = args.receipts.clone().unwrap_or(beside);
        let mut teller = Teller::new();
        let taken =
            export::take(&region, file, &receipts, (&args.desk.by, now()), &mut |done, total| teller.tell(done, total));
        drop(teller);
        match taken.and_then(|taken| {
            println!("{}", said(&taken));
            taken.gap().map_or(Ok(()), |gap| Err(Error::RowsMissing(gap.after + 1, gap.found - 1)))
        }) {
            Ok(()) => {}
            Err(error) => {
                eprintln!("checkpoint-hq: {}: [{}] {}", file.display(), error.code(), chain(&error));
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

fn said(taken: &Taken) -> String {
    let Taken { name, range, rows, set_aside, beyond_reading, receipt } = taken;
    let which = range.map_or("no rows".to_owned(), |(first, last)| format!("rows {first} to {last}"));
    let receipt = match receipt {
        Some((up_to, file)) => format!("receipt up to row {up_to}: {}", file.display()),
        None => "no receipt: the box goes on in two ways, or nothing of it is here".to_owned(),
    };
    format!(
        "{name}: {which}: {} new, {} repeats, {} forks, {} damaged; {} that the box had set aside, \
         {beyond_reading} of them beyond reading\n{receipt}",
        rows.new,
        rows.repeats,
        rows.forks,
        rows.damaged,
        set_aside + beyond_reading
    )
}

/// Says how far it is, where somebody looks on.
struct Teller {
    said: Instant,
    is_seen: bool,
}

impl Teller {
    fn new() -> Self {
        Self { said: Instant::now(), is_seen: std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, done: u64, total: u64) {
        if self.is_seen && self.said.elapsed() >= WORD {
            self.said = Instant::now();
            eprint!("\r{done} of {total} bytes ");
            // Nobody misses a word that is not shown.
            let _ = std::io::stderr().flush();
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        if self.is_seen {
            eprint!("\r\x1b[K");
        }
    }
}
