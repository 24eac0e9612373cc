//! `checkpointd run`: the box itself.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::commands::told;
use crate::config::Config;
use crate::crew::TURN;
use crate::{Error, watchdog::Watchdog};

/// Run the box until it is told to stop or one of its workers ends.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpointd run --config /etc/checkpoint/box.toml")]
pub struct Args {
    /// The box's configuration file; `checkpointd config` prints one.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs the box.
pub fn run(args: Args) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    told(watch_over(&args))
}

/// Opens the box and stays until a signal comes or a worker ends.
fn watch_over(args: &Args) -> Result<ExitCode, Error> {
    let told_to_stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, told_to_stop.clone()).map_err(|source| Error::Start { what: "signals", source })?;
    }
    let config = Config::load(&args.config)?;
    let board = board::load(&config.board)?;
    let running = crate::open(&config, board)?;
    let mut watchdog = Watchdog::new(running.crew.pulses());
    watchdog.ready();
    let ended = loop {
        if told_to_stop.load(Ordering::Relaxed) {
            break None;
        }
        if let Some(worker) = running.crew.ended(TURN) {
            break Some(worker);
        }
        watchdog.turn(Instant::now());
    };
    running.crew.dismiss();
    match ended {
        None => Ok(ExitCode::SUCCESS),
        Some(worker) => Err(Error::WorkerEnded { worker }),
    }
}
