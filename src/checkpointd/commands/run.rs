//! `checkpointd run`: the box at work.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use board::Description;
use uplink::Pace;

use crate::commands::told;
use crate::config::Config;
use crate::watchdog::Watchdog;
use crate::{Error, command, open};

/// Exit code when HQ has told the box to start again (sysexits.h: a failure for now).
const START_AGAIN: u8 = 75;

/// Time between looks at the watchdog and at the signal to stop.
const TURN: Duration = Duration::from_millis(100);

/// Put the box to work, until SIGTERM or SIGINT.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpointd run --config /etc/checkpoint/box.toml\n\nThe box must have been \
                        provisioned. Logs go to stderr; RUST_LOG says how much. Exit code: 0 when it was told to \
                        stop, 1 when it cannot start or one of its workers ended, 75 when HQ told it to start again; systemd \
                        does.")]
pub struct Args {
    /// The box's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Works until told to stop.
pub fn run(args: Args) -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    told(work(&args))
}

fn work(args: &Args) -> Result<ExitCode, Error> {
    let config = Config::load(&args.config)?;
    let stop = Arc::<AtomicBool>::default();
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    let board = Description::load(&config.board)?.open();
    tracing::info!(region = %config.region, name = %config.name, board = board.name, "the box starts");
    let running = open(&config, board, Pace::default())?;
    let mut watchdog = Watchdog::new(running.pulses());
    watchdog.ready();
    let ended = loop {
        if stop.load(Ordering::Relaxed) {
            break None;
        }
        if let Some(worker) = running.ended(TURN) {
            break Some(worker);
        }
        watchdog.turn(Instant::now());
    };
    running.stop();
    match ended {
        None => Ok(ExitCode::SUCCESS),
        Some(command::WORKER) => {
            tracing::info!("HQ has told the box to start again");
            Ok(ExitCode::from(START_AGAIN))
        }
        Some(worker) => Err(Error::Worker(worker)),
    }
}
