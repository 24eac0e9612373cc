//! `checkpointd enrol request`: what the box asks HQ.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Common;
use crate::Error;
use crate::enrol::{Code, fingerprint, request};

/// Print the box's request to HQ: as a QR code, and as the text in it
#[derive(clap::Args)]
#[command(after_help = "The request stays the same until HQ's answer was taken. Send HQ the text or a photograph of \
                        the code, and compare the fingerprint with HQ's by voice: `checkpoint-hq root show`.\n\n\
                        Example:\n  checkpointd enrol request --config /etc/checkpoint/box.toml --png request.png")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// Write the code as a picture too.
    #[arg(long, value_name = "OUT")]
    png: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let (config, store) = args.common.open()?;
    let text = request(&config, &store)?;
    let code = Code::new(&text);
    if let Some(path) = &args.png {
        std::fs::write(path, code.to_png()).map_err(|source| Error::Write { path: path.clone(), source })?;
    }
    println!("{}\n", code.to_terminal());
    println!("box          {} of {}", config.name, config.region);
    println!("fingerprint  {}", wire::fingerprint::line(&fingerprint(&config.data, &store)?));
    println!("\n{text}");
    Ok(ExitCode::SUCCESS)
}
