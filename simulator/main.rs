//! The program of the simulator: parse the command line, put a region on the desk, show it or play with it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use checkpointd::commands::decode_worker;
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};
use simulator::play::Play;
use simulator::region::Desk;
use simulator::report::Report;
use simulator::weather::Scenario;
use simulator::{Error, error, page, traffic, weather};

/// A region on a desk: headquarters, a broker and two boxes on simulated hardware, on loopback only
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  simulator\n  simulator --region konakovo\n  simulator --port 0 --data /tmp/region\n  \
                  simulator --headless --minutes 60 --report hour.json\n  \
                  simulator --headless --scenario flapping-cell\n  simulator weather --list\n\n\
                  Without --headless it serves a page until Ctrl-C. With it, it plays a busy hour with bad weather \
                  and exits with 1 when a row was lost or doubled or a chain does not hold."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Port of the page on 127.0.0.1; 0 lets the system choose
    #[arg(long, default_value_t = 8460)]
    port: u16,
    /// Folder for everything it keeps; must be empty or not there. Without it a temporary one, removed at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Play another system by its own rules
    #[arg(long, value_name = "NAME", conflicts_with = "headless", value_parser = PossibleValuesParser::new(Play::names()))]
    region: Option<String>,
    /// Play traffic instead of serving the page
    #[arg(long)]
    headless: bool,
    /// Minutes of traffic [default: 60, or as long as the scenario]
    #[arg(long, value_name = "N", requires = "headless", value_parser = minutes)]
    minutes: Option<f64>,
    /// Weather by a scenario at every post: one of `simulator weather --list`, or a file
    #[arg(long, value_name = "NAME|FILE", requires = "headless")]
    scenario: Option<String>,
    /// File for the figures, JSON; without it they are printed
    #[arg(long, value_name = "FILE", requires = "headless")]
    report: Option<PathBuf>,
    /// Seed of noise, traffic and weather
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Subcommand)]
enum Command {
    /// A line with bad weather between any two programs, by a scenario
    Weather(weather::command::Weather),
    /// What its boxes start to decode pictures, as checkpointd does.
    #[command(hide = true)]
    DecodeWorker(decode_worker::Args),
}

fn minutes(text: &str) -> Result<f64, String> {
    // A day of traffic is as much as a desk's clock makes sense for.
    text.parse().ok().filter(|minutes| (0.1..=1440.0).contains(minutes)).ok_or("0.1 to 1440 minutes".to_owned())
}

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    let weather = match cli.command.take() {
        Some(Command::DecodeWorker(args)) => return decode_worker::run(args),
        Some(Command::Weather(weather)) => Some(weather),
        None => None,
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,mqtt5=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match weather {
        Some(asked) => between(&asked),
        None => run(&cli),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("simulator: [{}] {}", error.code(), error::chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn say(line: &str) {
    eprintln!("simulator: {line}");
}

fn run(cli: &Cli) -> Result<ExitCode, Error> {
    let (folder, temporary) = match &cli.data {
        Some(folder) => (folder.clone(), None),
        None => {
            let temporary = tempfile::Builder::new().prefix("checkpoint-region-").tempdir()?;
            (temporary.path().to_owned(), Some(temporary))
        }
    };
    std::fs::create_dir_all(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let other = cli.region.as_deref().map(Play::named).transpose()?;
    let desk = Arc::new(runtime.block_on(Desk::begin(&folder, other, cli.seed, say))?);
    let done = if cli.headless { play(&desk, cli) } else { show(&desk, cli, &runtime) };
    say("stopping");
    desk.end();
    drop(temporary);
    // Connections that browsers hold open must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(200));
    done
}

/// A line of its own, without a desk.
fn between(asked: &weather::command::Weather) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(weather::command::run(asked, end()))?;
    Ok(ExitCode::SUCCESS)
}

fn show(desk: &Arc<Desk>, cli: &Cli, runtime: &tokio::runtime::Runtime) -> Result<ExitCode, Error> {
    let watching = desk.clone();
    runtime.spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let desk = watching.clone();
            let looked = tokio::task::spawn_blocking(move || desk.posts.iter().try_for_each(|post| post.watch_over()));
            if let Ok(Err(error)) = looked.await {
                tracing::error!("{}", error::chain(&error));
            }
        }
    });
    say("ready; open this page in a browser, Ctrl-C ends everything:");
    runtime.block_on(page::run(desk.clone(), cli.port, end()))?;
    Ok(ExitCode::SUCCESS)
}

/// Ctrl-C or SIGTERM.
async fn end() {
    let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
    }
}

fn play(desk: &Arc<Desk>, cli: &Cli) -> Result<ExitCode, Error> {
    let scenario = cli.scenario.as_deref().map(Scenario::named_or_in).transpose()?;
    let as_long = scenario.as_ref().map_or(60.0, |scenario| scenario.plays_in.0.as_secs_f64() / 60.0);
    let named = cli.scenario.as_deref().zip(scenario.as_ref());
    let report = traffic::play(desk, cli.minutes.unwrap_or(as_long), named, cli.seed, say)?;
    let json = serde_json::to_string_pretty(&report).map_err(|error| Error::Failed(error.to_string()))?;
    match &cli.report {
        Some(path) => {
            std::fs::write(path, json + "\n").map_err(|source| Error::File { path: path.clone(), source })?;
        }
        None => println!("{json}"),
    }
    summary(&report);
    let is_sound = report.rows.lost == 0 && report.rows.duplicated == 0 && report.chain_verified;
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(report: &Report) {
    let Report { crossings, latency_ms, rows, uplink_lag_ms, kills, .. } = report;
    say(&format!(
        "{} crossings; frame to durable verdict p50 {:.1} ms, p95 {:.1} ms; {} rows, {} lost, {} doubled, {:.1} % \
         sent again; receipt after p50 {:.0} ms, p95 {:.0} ms; {} boxes and {} times HQ started again, {} lines cut",
        crossings.total,
        latency_ms.p50,
        latency_ms.p95,
        rows.written,
        rows.lost,
        rows.duplicated,
        report.resent_percent,
        uplink_lag_ms.p50,
        uplink_lag_ms.p95,
        kills.boxes,
        kills.hq,
        report.cuts
    ));
}
