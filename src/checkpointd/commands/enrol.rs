//! `checkpointd enrol`: the enrolment by hand, for a box without panel or camera, and how it stands.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use trust::Store;

use crate::Error;
use crate::commands::told;
use crate::config::Config;

mod accept;
mod request;
mod show;

/// Make this box known to HQ: its request, HQ's answer, how it stands
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  checkpointd enrol request --config /etc/checkpoint/box.toml --png request.png\n  \
                        checkpointd enrol accept --config /etc/checkpoint/box.toml answer.mpe\n  \
                        checkpointd enrol show --config /etc/checkpoint/box.toml"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Request(request::Args),
    Accept(accept::Args),
    Show(show::Args),
}

/// Which box.
#[derive(clap::Args)]
struct Common {
    /// The box's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Common {
    /// Its configuration, and what HQ has told it.
    fn open(&self) -> Result<(Config, Store), Error> {
        let config = Config::load(&self.config)?;
        let store = Store::open(&trust_of(&config.data))?;
        Ok((config, store))
    }
}

fn trust_of(data: &Path) -> PathBuf {
    data.join("trust")
}

/// Does it.
pub fn run(args: Args) -> ExitCode {
    told(match args.what {
        What::Request(args) => request::run(&args),
        What::Accept(args) => accept::run(&args),
        What::Show(args) => show::run(&args),
    })
}

/// A time for people and programs.
fn moment(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |at| at.to_string())
}
