//! `checkpointd config`: every key with its meaning and default.

use std::process::ExitCode;

use crate::config::EXAMPLE;

/// Print a commented configuration with every key and its default.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpointd config > /etc/checkpoint/box.toml")]
pub struct Args {}

/// Prints the example.
pub fn run(_: Args) -> ExitCode {
    print!("{EXAMPLE}");
    ExitCode::SUCCESS
}
