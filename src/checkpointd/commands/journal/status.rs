//! `checkpointd journal status`: room, rows, receipts.

use std::process::ExitCode;

use journal::{Budget, Status};
use serde_json::{Value, json};

use super::{Which, hex, now, size};
use crate::Error;
use crate::config::Config;

/// Show how the journal stands: its room, its rows, and what HQ has receipted
#[derive(clap::Args)]
#[command(after_help = "The box may be at work. Hours are those until the journal is full at the traffic of the last \
                        hour or day, whichever was denser, if no receipt comes.\n\nStages: ample; warn, HQ is told; \
                        lean, what is optional is dropped; tell, the officer is told; full, the configured policy.\n\n\
                        Exit code: 0, or 1 when the journal cannot be read.\n\n\
                        Example:\n  checkpointd journal status --config /etc/checkpoint/box.toml")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Shown::Text)]
    format: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shown {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The same for whoever only wants to read it.
pub(crate) fn of(config: &Config) -> Result<String, Error> {
    let path = config.journal();
    Ok(text(&journal::look_at(&path, config.journal.bounds(), now())?, &journal::status(&path)?))
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let config = args.which.load()?;
    let path = config.journal();
    let room = journal::look_at(&path, config.journal.bounds(), now())?;
    let status = journal::status(&path)?;
    match args.format {
        Shown::Text => print!("{}", text(&room, &status)),
        Shown::Json => println!("{:#}", to_json(&room, &status)),
    }
    Ok(ExitCode::SUCCESS)
}

fn moment(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |at| at.to_string())
}

fn text(room: &Budget, status: &Status) -> String {
    let hours = room.hours.map_or("no traffic to tell hours by".to_owned(), |hours| format!("for {hours} h"));
    let files = room.inodes_free.map_or("files not counted".to_owned(), |files| format!("{files} inodes"));
    let receipt = match (&status.settled, status.settled_at) {
        (None, _) => "none yet".to_owned(),
        (Some(place), None) => format!("up to row {}, not dated yet", place.sequence),
        (Some(place), Some(at)) => format!("up to row {}, here since {}", place.sequence, moment(at)),
    };
    [
        format!("stage        {}", room.stage.as_str()),
        format!("room         {}, {hours}", size(room.left)),
        format!("taken        {} of {}, reserve {}", size(room.taken), size(room.budget), room.reserve.as_str()),
        format!("disk         {} free, {files}", size(room.disk_free)),
        format!("rows         {}, of which {} without a receipt", status.rows, status.unreceipted),
        format!("receipt      {receipt}"),
        format!("epochs       {}, boots {}", status.epochs, status.boots),
        format!("set aside    {}", status.set_aside),
        format!("head         row {}, epoch {}", status.head.sequence, status.head.epoch.counter),
        format!("hash         {}\n", hex(&status.head.chain)),
    ]
    .join("\n")
}

fn to_json(room: &Budget, status: &Status) -> Value {
    json!({
        "stage": room.stage.as_str(),
        "taken": room.taken,
        "budget": room.budget,
        "left": room.left,
        "hours": room.hours,
        "disk_free": room.disk_free,
        "inodes_free": room.inodes_free,
        "reserve": room.reserve.as_str(),
        "rows": status.rows,
        "unreceipted": status.unreceipted,
        "receipt": status.settled.map(|place| json!({
            "sequence": place.sequence,
            "since": status.settled_at.map(moment),
        })),
        "epochs": status.epochs,
        "boots": status.boots,
        "set_aside": status.set_aside,
        "head": {
            "sequence": status.head.sequence,
            "epoch": status.head.epoch.counter,
            "hash": hex(&status.head.chain),
        },
    })
}
