//! `checkpointd decode-worker`: the child process that runs the engines of others.

use std::process::ExitCode;

use crate::Error;
use crate::commands::told;

/// Decode frames for another checkpointd, locked in. The box starts it by itself; nobody else has a use for it.
///
/// Third-party decoders have no bound on the time they take, and a picture can be made to break into one. So they run
/// here: without files, network or other processes (seccomp), with little memory and time, killed when an answer takes
/// too long and started again with the next frame.
///
/// The standard input is a socket for requests and answers, the standard output the shared memory with the frame's
/// luma; why it will not serve is said on the standard error.
#[derive(clap::Args)]
#[command(after_help = "Exit code: 0 when the box has closed the socket, 1 when it cannot be locked in or was not \
                        started by a box. A picture, or the box, may end it by a signal.\n\nExample, by the box \
                        alone:\n  checkpointd decode-worker --memory-mib 256")]
pub struct Args {
    /// Address space it may use, in MiB.
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(32..=4096))]
    memory_mib: u32,
}

/// Serves until its parent is gone.
pub fn run(args: Args) -> ExitCode {
    told(reader::worker::serve(args.memory_mib).map(|()| ExitCode::SUCCESS).map_err(Error::from))
}
