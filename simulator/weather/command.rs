//! `simulator weather`: a line with bad weather between any two programs.

use std::io::Write as _;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use tokio::time::Instant;

use super::pipe::Counts;
use super::scenario::NAMED;
use super::span::Span;
use super::{Scenario, Schedule};
use crate::Error;
use crate::line::Line;

/// How often it says what it has done.
const TOLD: Duration = Duration::from_secs(5);

/// What `simulator weather` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  simulator weather --list\n  \
                        simulator weather --scenario flapping-cell --listen 127.0.0.1:2883 --to 127.0.0.1:1883\n  \
                        simulator weather --scenario mine.toml --listen 127.0.0.1:0 --to hq.example:8883 --in 10min \
                        --repeat\n\n\
                        Point the box at the address it listens on. When the scenario is over the line stays, and is \
                        clear; Ctrl-C ends it. The format of scenarios: docs/simulator.md.")]
pub struct Weather {
    /// Say which scenarios there are
    #[arg(long)]
    list: bool,
    /// One of --list, or a file
    #[arg(long, value_name = "NAME|FILE", required_unless_present = "list")]
    scenario: Option<String>,
    /// Where boxes find the line; port 0 lets the system choose
    #[arg(long, value_name = "HOST:PORT", value_parser = address, required_unless_present = "list")]
    listen: Option<SocketAddr>,
    /// Where it leads: the broker, or HQ
    #[arg(long, value_name = "HOST:PORT", value_parser = address, required_unless_present = "list")]
    to: Option<SocketAddr>,
    /// Play the whole scenario in this time instead of its own
    #[arg(long = "in", value_name = "TIME", value_parser = str::parse::<Span>)]
    plays_in: Option<Span>,
    /// Begin anew when it is over
    #[arg(long)]
    repeat: bool,
    /// Seed of what a scenario leaves to chance
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| error.to_string())?;
    found.next().ok_or_else(|| "no such host".to_owned())
}

/// Does what was asked, until Ctrl-C.
///
/// # Errors
/// [`Error::Unknown`], [`Error::File`], [`Error::Scenario`], or [`Error::System`] when the port is taken.
pub async fn run(weather: &Weather, end: impl Future<Output = ()>) -> Result<(), Error> {
    let Weather { scenario: Some(name), listen: Some(listen), to: Some(to), seed, repeat, plays_in, .. } = weather
    else {
        return list();
    };
    let scenario = Scenario::named_or_in(name)?;
    let line = Line::open_at(*listen, *to, *seed).await?;
    say(&format!("listening on {}, passing on to {to}", line.address()));
    let playing = async {
        for round in 0_u64.. {
            let schedule = Schedule::new(&scenario, seed.wrapping_add(round), plays_in.map(|span| span.0));
            let lasts = Span(schedule.plays_in());
            say(&format!("{name}: {} in {lasts}, seed {}", scenario.lasts, seed.wrapping_add(round)));
            play(&line, &schedule).await;
            if !repeat {
                break;
            }
        }
        say("the scenario is over; the line is clear");
        std::future::pending().await
    };
    tokio::select! {
        () = playing => {}
        () = end => {}
    }
    say(&format!("ending; {}", said(line.counts())));
    Ok(())
}

fn list() -> Result<(), Error> {
    for (name, text) in NAMED {
        let scenario = Scenario::read(name, text)?;
        say(&format!("{name:<16} {:>6} in {:<8} {}", scenario.lasts, scenario.plays_in, scenario.about.en));
    }
    Ok(())
}

/// Plays a schedule on a line, and says so.
async fn play(line: &Line, schedule: &Schedule) {
    let began = Instant::now();
    let mut told = Duration::ZERO;
    let mut at = Duration::ZERO;
    let mut before = None;
    loop {
        let weather = schedule.weather(at);
        line.set_weather(weather);
        if before != Some(weather) {
            say(&format!("{}{weather}", stamp(schedule, at)));
            before = Some(weather);
        }
        let next = schedule.next(at);
        for (when, what) in schedule.events(at, next.unwrap_or(Duration::MAX)) {
            say(&format!("{}beside the line, not done here: {what}", stamp(schedule, when)));
        }
        let Some(next) = next else { return };
        while told + TOLD < next {
            told += TOLD;
            tokio::time::sleep_until(began + told).await;
            say(&format!("{}{}", stamp(schedule, told), said(line.counts())));
        }
        tokio::time::sleep_until(began + next).await;
        at = next;
    }
}

/// When, as it is played and by the scenario's clock.
fn stamp(schedule: &Schedule, at: Duration) -> String {
    // To the second: nobody reads more, and it would not be true.
    let own = Duration::from_secs(schedule.scenario_time(at).as_secs());
    format!("{:7.1} s  {:<14}  ", at.as_secs_f64(), Span(own).to_string())
}

fn said(counts: &Counts) -> String {
    let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    format!(
        "connections {}, torn {}; bytes up {}, down {}, swallowed {}; bits flipped {}",
        of(&counts.connections),
        of(&counts.torn),
        of(&counts.up),
        of(&counts.down),
        of(&counts.swallowed),
        of(&counts.flipped)
    )
}

/// One line at once, also into a pipe; whoever has closed it does not want to know.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
