//! `checkpoint-hq release`: publish what boxes should know now.

use std::process::ExitCode;

use super::{Desk, now, told};
use crate::{Error, Published, span};

/// Publish a release: keys, status lists and rules as they are now
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq release tver\n\n\
                        The folder tver/release is then what a web server serves and what a stick carries.")]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
}

/// Publishes.
pub fn run(args: Args) -> ExitCode {
    told(publish(&args))
}

fn publish(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let Published { sequence, issued, streams, news, head } = region.publish(&args.desk.by, now())?;
    println!(
        "release {sequence} of {}, issued {}, {streams} streams; a box with the one before fetches {news} bytes, \
         one with this {head}: {}",
        region.id(),
        span::shown(issued, region.settings().zone),
        region.release_folder().display(),
    );
    super::root::remaining(&region)
}
