//! `checkpointd journal`: what a box has written down: how it stands, whether it is whole, to HQ on a stick and the
//! receipt back.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Subcommand;
use journal::chain::Author;
use wire::sign::Signer as _;
use wire::{ClockTrust, WallTime};

use crate::Error;
use crate::commands::told;
use crate::config::Config;
use crate::identity::Identity;

mod export;
mod receipt;
pub(crate) mod status;
mod verify;

/// Time between two words on how far it is.
const WORD: Duration = Duration::from_millis(500);

/// Look into what a box has written down, and carry it to HQ on a stick
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpointd journal status --config /etc/checkpoint/box.toml\n  \
                        checkpointd journal verify --config box.toml\n  \
                        checkpointd journal verify --config box.toml --export /media/stick/checkpoint/RU-TVE/journal/post-1.journal\n  \
                        checkpointd journal export --config box.toml /media/stick\n  \
                        checkpointd journal receipt --config box.toml /media/stick")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Status(status::Args),
    Verify(verify::Args),
    Export(export::Args),
    Receipt(receipt::Args),
}

/// Which box.
#[derive(clap::Args)]
struct Which {
    /// The box's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Which {
    fn load(&self) -> Result<Config, Error> {
        Config::load(&self.config)
    }
}

/// Looks, writes and prints.
pub fn run(args: Args) -> ExitCode {
    told(match args.what {
        What::Status(args) => status::run(&args),
        What::Verify(args) => verify::run(&args),
        What::Export(args) => export::run(&args),
        What::Receipt(args) => receipt::run(&args),
    })
}

/// Whoever types can see the machine's clock: it is believed here, where nothing hangs on it.
fn now() -> WallTime {
    WallTime { unix_ms: jiff::Timestamp::now().as_millisecond(), trust: ClockTrust::Ntp }
}

fn author(config: &Config) -> Result<Author, Error> {
    let key = Identity::open(&config.data)?.public();
    Ok(Author { region: config.region.clone(), name: config.name.clone(), key })
}

/// Says how far something is, where somebody looks on.
struct Teller {
    what: &'static str,
    said: Instant,
    is_seen: bool,
}

impl Teller {
    fn new(what: &'static str) -> Self {
        Self { what, said: Instant::now(), is_seen: std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, done: u64, total: u64) {
        if self.is_seen && self.said.elapsed() >= WORD {
            self.said = Instant::now();
            eprint!("\r{done} of {total} {} ", self.what);
            // Nobody misses a word that is not shown.
            let _ = std::io::stderr().flush();
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        if self.is_seen {
            eprint!("\r\x1b[K");
        }
    }
}

fn size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{}.{} kB", bytes / 1000, bytes / 100 % 10)
    } else {
        format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
    }
}

fn hex(bytes: &[u8]) -> String {
    trust::format::hex(bytes)
}
