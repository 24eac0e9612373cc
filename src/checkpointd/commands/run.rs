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
use crate::{Error, Running, enrol, open};

/// Time between looks at the watchdog and at the signal to stop.
const TURN: Duration = Duration::from_millis(100);

/// Put the box to work, until SIGTERM or SIGINT.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpointd run --config /etc/checkpoint/box.toml\n\nThe box must have been \
                        provisioned; where its link is TLS and it is not enrolled yet, it shows its request on the \
                        panel until HQ's answer was taken (docs/enrolment.md). Logs go to stderr; RUST_LOG says how much. Exit code: 0 when it was told to \
                        stop, 1 when it cannot start or one of its workers ended; systemd starts it again.")]
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
    loop {
        let waits = enrol::waits(&config);
        let board = Description::load(&config.board)?.open();
        tracing::info!(region = %config.region, name = %config.name, board = board.name, "the box starts");
        let running = if waits { enrol::open(&config, board)? } else { open(&config, board, Pace::default())? };
        match turn(running, &stop) {
            None => return Ok(ExitCode::SUCCESS),
            // HQ's answer was taken: the same devices, and now the box works.
            Some(_) if waits && !enrol::waits(&config) => {}
            Some(worker) => return Err(Error::Worker(worker)),
        }
    }
}

/// Lets a box work until it is told to stop, or one of its workers ends: which.
fn turn(running: Running, stop: &AtomicBool) -> Option<&'static str> {
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
    ended
}
