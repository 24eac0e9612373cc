//! `checkpointd enrol request`: what the box asks HQ.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Common;
use crate::Error;
use crate::enrol::{Code, compared};

/// Print the box's request to HQ: as a QR code, and as the text in it
#[derive(clap::Args)]
#[command(after_help = "The request stays the same until HQ's answer was taken. Send HQ the text or a photograph of \
                        the code, and compare the digits by voice with those that `checkpoint-hq box enrol` prints: they stand for the root \
                        and the keys of this box.\n\n\
                        Example:\n  checkpointd enrol request --config /etc/checkpoint/box.toml --png request.png")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// Write the text into a file too, for `checkpoint-hq box enrol REGION FILE`.
    #[arg(long, value_name = "OUT")]
    file: Option<PathBuf>,
    /// Write the code as a picture too.
    #[arg(long, value_name = "OUT")]
    png: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let (config, store) = args.common.open()?;
    let (text, digits) = compared(&config, &store)?;
    let code = Code::new(&text);
    for (path, bytes) in [(&args.png, code.to_png()), (&args.file, format!("{text}\n").into_bytes())] {
        if let Some(path) = path {
            std::fs::write(path, bytes).map_err(|source| Error::Write { path: path.clone(), source })?;
        }
    }
    println!("{}\n", code.to_terminal());
    println!("box          {} of {}", config.name, config.region);
    println!("digits       {}", wire::fingerprint::line(&digits));
    println!("\n{text}");
    Ok(ExitCode::SUCCESS)
}
