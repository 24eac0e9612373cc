//! The program of the box: parse the command line, nothing else.

use std::process::ExitCode;

use checkpointd::commands::{check, config, decode_worker, diag, enrol, inspect, journal, provision, read, run, trust};
use clap::{Parser, Subcommand};

/// The checkpoint box: reads passes, judges them offline, writes down what happened.
#[derive(Parser)]
#[command(version, after_help = "Example:\n  checkpointd provision --config /etc/checkpoint/box.toml")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Args),
    Provision(provision::Args),
    Config(config::Args),
    Diag(diag::Args),
    Read(read::Args),
    Inspect(inspect::Args),
    Journal(journal::Args),
    Check(check::Args),
    Trust(trust::Args),
    Enrol(enrol::Args),
    #[command(hide = true)]
    DecodeWorker(decode_worker::Args),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run(args) => run::run(args),
        Command::Provision(args) => provision::run(args),
        Command::Config(args) => config::run(args),
        Command::Diag(args) => diag::run(args),
        Command::Read(args) => read::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Journal(args) => journal::run(args),
        Command::Trust(args) => trust::run(args),
        Command::Enrol(args) => enrol::run(args),
        Command::Check(args) => check::run(args),
        Command::DecodeWorker(args) => decode_worker::run(args),
    }
}
