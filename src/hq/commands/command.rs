//! `checkpoint-hq command`: tell one box to do something.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use wire::BoxId;
use wire::command::What;

use super::{Desk, now, told};
use crate::span::Span;
use crate::{Error, span};

/// Commands to boxes: signed, each done once at most, and answered
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Send(Send),
    List(List),
    Report(Report),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    /// Send what it says of itself; `command report` shows it
    Report,
    /// End and start again
    Restart,
    /// Send heartbeats --every so often, until its next start
    Heartbeat,
}

/// Tell a box to do something. The running `serve` sends it when the box is on the line
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq command send tver m10-km178 report\n  \
                        checkpoint-hq command send tver m10-km178 heartbeat --every 10s\n  \
                        checkpoint-hq command send tver m10-km178 restart --expires 10m")]
struct Send {
    #[command(flatten)]
    desk: Desk,
    /// The box
    #[arg(value_name = "BOX")]
    name: BoxId,
    /// What to do
    #[arg(value_enum)]
    what: Word,
    /// Time between heartbeats
    #[arg(long, value_name = "SPAN", required_if_eq("what", "heartbeat"))]
    every: Option<Span>,
    /// How long it counts; a box that comes later does not do it
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    expires: Span,
}

/// Show the commands and what became of them, the newest first
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq command list tver")]
struct List {
    #[command(flatten)]
    desk: Desk,
    /// Only those to this box
    #[arg(long = "box", value_name = "BOX")]
    name: Option<BoxId>,
}

/// Show the last report of a box
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq command report tver m10-km178")]
struct Report {
    #[command(flatten)]
    desk: Desk,
    /// The box
    #[arg(value_name = "BOX")]
    name: BoxId,
}

/// Does what was asked.
pub fn run(args: Args) -> ExitCode {
    told(match args.command {
        Command::Send(args) => send(&args),
        Command::List(args) => list(&args),
        Command::Report(args) => report(&args),
    })
}

fn send(args: &Send) -> Result<(), Error> {
    let region = args.desk.open()?;
    let seconds = || {
        let seconds = args.every.map_or(0, Span::seconds);
        let sound = u32::try_from(seconds).ok().filter(|seconds| (1..=86_400).contains(seconds));
        sound.ok_or_else(|| Error::field("time between heartbeats", "must be 1s to 1d".to_owned()))
    };
    let what = match args.what {
        Word::Report => What::Report,
        Word::Restart => What::Restart,
        Word::Heartbeat => What::Heartbeat { seconds: seconds()? },
    };
    let (code, now) = (what.code(), now());
    let number = region.command(&args.name, what, args.expires.seconds(), &args.desk.by, now)?;
    let until = span::shown(now.saturating_add(args.expires.seconds()), region.settings().zone);
    println!("{} {number} {code} until {until}; `checkpoint-hq command list` shows the answer", args.name);
    Ok(())
}

fn list(args: &List) -> Result<(), Error> {
    let region = args.desk.open()?;
    let zone = region.settings().zone;
    for one in region.commands(args.name.as_ref())? {
        let answer = match &one.answer {
            Some((at, answer)) => format!("{answer} at {}", span::shown(*at, zone)),
            None if one.expires < now() => "no answer".to_owned(),
            None => format!("open until {}", span::shown(one.expires, zone)),
        };
        println!(
            "{} {} {} by {} at {}: {answer}",
            one.name,
            one.number,
            one.what,
            one.by,
            span::shown(one.issued, zone)
        );
    }
    Ok(())
}

fn report(args: &Report) -> Result<(), Error> {
    let region = args.desk.open()?;
    let Some((number, came, text)) = region.report(&args.name)? else {
        println!("{} has sent no report; `checkpoint-hq command send` asks for one", args.name);
        return Ok(());
    };
    println!("{}, command {number}, came at {}\n{text}", args.name, span::shown(came, region.settings().zone));
    Ok(())
}
