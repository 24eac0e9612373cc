//! `checkpointd journal receipt`: take HQ's receipt from a stick by hand.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use journal::Journal;
use journal::export::{self, receipt_of};
use wire::{ClockTrust, WallTime};

use super::Which;
use crate::Error;
use crate::identity::Identity;
use crate::stick::receipt::Receiver;

/// Longest file that is read; a receipt has about 250 bytes.
const LONGEST: u64 = 4096;

/// Take HQ's receipt from a stick, so that rows may leave
#[derive(clap::Args)]
#[command(after_help = "The box must be stopped: one at work takes the receipt by itself when the stick is put in \
                        (`[trust] media`). A receipt is taken when it is signed by HQ and for a row that is here; the \
                        rows leave as after one that came over the line.\n\n\
                        Exit code: 0 when it was taken, 1 when not.\n\n\
                        Examples:\n  checkpointd journal receipt --config /etc/checkpoint/box.toml /media/stick\n  \
                        checkpointd journal receipt --config box.toml post-1.receipt")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// The receipt, or where the stick is mounted.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let config = args.which.load()?;
    let (region, name) = (config.region.clone(), config.name.clone());
    let file = if args.file.is_dir() { receipt_of(&args.file, &region, &name) } else { args.file.clone() };
    let at = |source| export::Error::File { path: file.clone(), source };
    let mut bytes = Vec::new();
    File::open(&file).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)).map_err(at)?;
    let root = trust::Store::open(&config.data.join("trust"))?.root().clone();
    let keys_at = |at| root.receipt_at(at).collect();
    let receipt = Receiver { region: &region, name: &name, keys_at: &keys_at }.believe(&bytes)?;
    let signer = Arc::new(Identity::open(&config.data)?);
    let sealing_key = root.sealing_key().ok_or(Error::NoSealingKey)?;
    let identity = journal::Identity { region, name, signer, sealing_key };
    let opened = Journal::open_within(&config.journal(), identity, config.journal.bounds());
    let mut journal = opened.map_err(|error| match error {
        journal::Error::InUse(path) => Error::InUse(path),
        other => other.into(),
    })?;
    // The box dates it by its own clock, which is worth more than that of whoever types here.
    let keep = Duration::from_secs(config.uplink.keep_receipted_days.saturating_mul(86_400));
    journal.settle(&receipt, WallTime::from_unix(0, ClockTrust::None), keep)?;
    println!("HQ has everything up to row {}: the rows may leave", receipt.sequence);
    Ok(ExitCode::SUCCESS)
}
