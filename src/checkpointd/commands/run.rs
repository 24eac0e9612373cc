//! `checkpointd run`: the box at work.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use board::Description;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};
use uplink::Pace;

use crate::commands::told;
use crate::config::Config;
use crate::ring::{Ring, Shelf};
use crate::watchdog::Watchdog;
use crate::{Error, Running, command, enrol, open};

/// Exit code when HQ has told the box to start again (sysexits.h: a failure for now).
const START_AGAIN: u8 = 75;

/// Time between looks at the watchdog and at the signal to stop.
const TURN: Duration = Duration::from_millis(100);

/// Put the box to work, until SIGTERM or SIGINT.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpointd run --config /etc/checkpoint/box.toml\n\nThe box must have been \
                        provisioned; where its link is TLS and it is not enrolled yet, it shows its request on the \
                        panel until HQ's answer was taken (docs/enrolment.md). Logs go to stderr; RUST_LOG says how \
                        much. Exit code: 0 when it was told to stop, 1 when it cannot start or one of its workers \
                        ended, 75 when HQ told it to start again; systemd does.")]
pub struct Args {
    /// The box's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Works until told to stop.
pub fn run(args: Args) -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_filter(filter);
    let ring = Ring::default();
    tracing_subscriber::registry().with(log).with(ring.layer()).init();
    ring.hear_panics();
    told(Config::load(&args.config).and_then(|config| {
        let shelf = Shelf::of(&config.data);
        work(&config, &ring, &shelf).inspect_err(|error| {
            // Whoever started it is told the whole chain; the ring has it for whoever comes later.
            tracing::error!(cause = ?std::error::Error::source(error).map(ToString::to_string), "{error}");
            shelf.keep(&ring, if matches!(error, Error::Worker(_)) { "worker" } else { "start" });
        })
    }))
}

fn work(config: &Config, ring: &Ring, shelf: &Shelf) -> Result<ExitCode, Error> {
    let stop = Arc::<AtomicBool>::default();
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    loop {
        let waits = enrol::waits(config);
        let board = Description::load(&config.board)?.open();
        tracing::info!(region = %config.region, name = %config.name, board = board.name, "the box starts");
        let running = match waits {
            true => enrol::open(config, board, ring.clone())?,
            false => open(config, board, Pace::default(), ring.clone())?,
        };
        match turn(running, &stop, ring, shelf) {
            None => return Ok(ExitCode::SUCCESS),
            Some(command::WORKER) => {
                tracing::info!("HQ has told the box to start again");
                return Ok(ExitCode::from(START_AGAIN));
            }
            // HQ's answer was taken: the same devices, and now the box works.
            Some(_) if waits && !enrol::waits(config) => {}
            Some(worker) => return Err(Error::Worker(worker)),
        }
    }
}

/// Lets a box work until it is told to stop, or one of its workers ends: which.
fn turn(running: Running, stop: &AtomicBool, ring: &Ring, shelf: &Shelf) -> Option<&'static str> {
    let mut watchdog = Watchdog::new(running.pulses());
    watchdog.ready();
    let mut journal_failed = false;
    let keep = |why| {
        // What is optional leaves its room to the journal.
        if running.shown().gauges.journal().stage.drops_optional() { Shelf::leave(ring) } else { shelf.keep(ring, why) }
    };
    let ended = loop {
        if stop.load(Ordering::Relaxed) {
            break None;
        }
        if let Some(worker) = running.ended(TURN) {
            break Some(worker);
        }
        if let Some(workers) = watchdog.turn(Instant::now()) {
            tracing::error!(?workers, "the watchdog starves");
            keep("watchdog");
        }
        let fails = running.shown().latest.current().is_some_and(|view| view.bar.journal_fails);
        if fails && !std::mem::replace(&mut journal_failed, fails) {
            keep("journal");
        }
        journal_failed = fails;
    };
    running.stop();
    ended
}
