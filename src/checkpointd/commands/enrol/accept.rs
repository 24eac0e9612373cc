//! `checkpointd enrol accept`: HQ's answer, from a file or a paste.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wire::enrol::LONGEST;
use wire::{ClockTrust, WallTime};

use super::{Common, moment, trust_of};
use crate::Error;
use crate::claim::Claim;
use crate::enrol::{Enrolled, accept};

/// Take HQ's answer: a file as HQ wrote it, or its text
#[derive(clap::Args)]
#[command(
    after_help = "A box that shows its request sees within a second that it was enrolled, and goes to work. A box \
                        that is enrolled already must be stopped first.\n\nExit code: 0 when the answer was taken, 1 \
                        when it was not; then nothing has changed.\n\nExamples:\n  \
                        checkpointd enrol accept --config /etc/checkpoint/box.toml enrolment.mpe\n  \
                        checkpointd enrol accept --config /etc/checkpoint/box.toml < pasted.txt"
)]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// The answer; `-` or nothing reads it from standard input.
    #[arg(value_name = "FILE")]
    answer: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let (config, store) = args.common.open()?;
    // A box at work uses and renews its certificate.
    let is_enrolled = Enrolled::open(&config.data)?.is_some();
    let _claim = if is_enrolled { Some(Claim::take(&trust_of(&config.data))?) } else { None };
    let answer = read(args.answer.as_deref().filter(|path| *path != Path::new("-")))?;
    // The machine's clock is nobody's word here: HQ's signed time alone counts.
    let now = WallTime { unix_ms: 0, trust: ClockTrust::None };
    let enrolled = accept(&config, &answer, store.root(), store.floor(), now)?;
    println!("{} of {} is enrolled until {}", config.name, config.region, moment(enrolled.certificate()?.not_after()));
    Ok(ExitCode::SUCCESS)
}

fn read(path: Option<&Path>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let limit = 2 * LONGEST as u64;
    let read = match path {
        None => std::io::stdin().take(limit).read_to_end(&mut bytes),
        Some(path) => std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    let path = path.unwrap_or(Path::new("standard input")).to_owned();
    read.map(|_| bytes).map_err(|source| Error::ReadAnswer { path, source })
}
