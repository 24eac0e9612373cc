//! `checkpointd trust`: what HQ has told a box, whether it would take a release, and what a verdict rests on.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use wire::{ClockTrust, WallTime};

use crate::Error;
use crate::commands::told;

mod adopt;
mod explain;
pub(crate) mod status;
mod verify;

/// Look into what HQ has told a box
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpointd trust status --trust /var/lib/checkpoint/trust\n  \
                        checkpointd trust verify --trust data/trust /media/stick\n  \
                        checkpointd trust verify --root root.1 tver/release --format json\n  \
                        checkpointd trust explain --trust data/trust --plate А123ВС69 'MP1:…'\n  \
                        checkpointd trust adopt --trust data/trust /media/stick")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Status(status::Args),
    Verify(verify::Args),
    Explain(explain::Args),
    Adopt(adopt::Args),
}

/// How to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shown {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// When it is asked about, and how it is shown.
#[derive(clap::Args)]
struct Common {
    /// As of this time (RFC 3339) instead of now.
    #[arg(long, value_name = "RFC3339")]
    at: Option<jiff::Timestamp>,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Shown::Text)]
    format: Shown,
}

impl Common {
    /// A time that is given is believed, and so is the machine's own: whoever asks can see it.
    fn now(&self) -> WallTime {
        let at = self.at.unwrap_or_else(jiff::Timestamp::now);
        WallTime { unix_ms: at.as_millisecond(), trust: ClockTrust::Ntp }
    }

    fn print(&self, text: &dyn std::fmt::Display, json: &serde_json::Value) {
        match self.format {
            Shown::Text => print!("{text}"),
            Shown::Json => println!("{json:#}"),
        }
    }
}

/// Looks and prints.
pub fn run(args: Args) -> ExitCode {
    told(match args.what {
        What::Status(args) => status::run(&args),
        What::Verify(args) => verify::run(&args),
        What::Explain(args) => explain::run(args),
        What::Adopt(args) => adopt::run(&args),
    })
}

/// A time for people and programs.
fn moment(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |at| at.to_string())
}

/// An age in its two largest units.
fn age(seconds: i64) -> String {
    let (sign, seconds) = if seconds < 0 { ("-", -seconds) } else { ("", seconds) };
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (1.., _) => format!("{sign}{days} d {hours} h"),
        (0, 1..) => format!("{sign}{hours} h {minutes} min"),
        _ => format!("{sign}{minutes} min {} s", seconds % 60),
    }
}

fn open(folder: &Path) -> Result<trust::Store, Error> {
    Ok(trust::Store::open(folder)?)
}
