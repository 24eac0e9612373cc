//! `checkpoint-hq serve`: put a region to work.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::{Desk, now, told};
use crate::serve::{self, BrokerChoice, Options, Running, Secure};
use crate::span::Span;
use crate::{Error, Region};

/// How often it is looked whether everything still works.
const TURN: Duration = Duration::from_millis(500);

/// Publish, collect and show, until SIGTERM or SIGINT
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq serve tver --embedded-broker 127.0.0.1:1883\n  \
                        checkpoint-hq serve tver --broker hq.example:8883 --tls --https 0.0.0.0:8443\n\n\
                        http://ADDRESS/release/ is for boxes. http://127.0.0.1:PORT/ shows crossings, and\n\
                        /api/crossings, /api/alerts, /api/counts and /api/boxes give them as JSON: to this\nmachine only.")]
#[group(id = "which_broker", required = true, multiple = false, args = ["broker", "embedded_broker"])]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// Where releases and pages are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8440")]
    http: SocketAddr,
    /// Where boxes renew their certificates (/renew) and fetch releases (/release) over TLS
    #[arg(long, value_name = "ADDRESS")]
    https: Option<SocketAddr>,
    /// Name or address by which boxes reach --https, beside those that region.toml has in [addresses]
    #[arg(long = "https-host", value_name = "NAME", requires = "https")]
    https_hosts: Vec<String>,
    /// The region's MQTT 5 broker
    #[arg(long, value_name = "HOST:PORT")]
    broker: Option<String>,
    /// The broker is one of `broker setup`: TLS with certificates of the region
    #[arg(long, requires = "broker")]
    tls: bool,
    /// Run a broker in this process instead: for a desk, on a loopback address only
    #[arg(long, value_name = "ADDRESS")]
    embedded_broker: Option<SocketAddr>,
    /// Publish a release by itself when the last one is this old; 0s: never
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    publish_every: Span,
    /// Rows a second that the boxes may send, all together; 0: as many as they like
    #[arg(long, value_name = "ROWS", default_value_t = 5000)]
    rows_per_second: u32,
}

/// Serves until it is told to stop.
pub fn run(args: Args) -> ExitCode {
    told(serve(args))
}

fn serve(args: Args) -> Result<(), Error> {
    let Args { desk, http, https, https_hosts, broker, tls, embedded_broker, publish_every, rows_per_second } = args;
    log();
    let region = Arc::new(desk.open()?);
    let broker = match (broker, embedded_broker) {
        (Some(address), _) if tls => BrokerChoice::Tls(address),
        (Some(address), _) => BrokerChoice::At(address),
        (None, Some(address)) => BrokerChoice::Embedded(address),
        (None, None) => return Err(Error::field("broker", "is needed: --broker or --embedded-broker")),
    };
    let every = u64::try_from(publish_every.seconds()).unwrap_or(0);
    let publish_every = (every > 0).then(|| Duration::from_secs(every));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)?;
    // Before anything is started, so that no signal is lost.
    let mut ends = runtime.block_on(async { Ends::new() })?;
    let https = https.map(|address| Secure { address, hosts: https_hosts });
    let rows_per_second = (rows_per_second > 0).then_some(rows_per_second);
    let options = Options { http, https, broker, clock: Arc::new(now), publish_every, rows_per_second };
    let running = serve::start(region.clone(), options)?;
    announce(&region, &running);
    let told_to_stop = runtime.block_on(async {
        loop {
            tokio::select! {
                () = ends.one() => return true,
                () = tokio::time::sleep(TURN) => if !running.is_running() { return false },
            }
        }
    });
    tracing::info!("stopping");
    running.stop();
    tracing::info!("stopped");
    if told_to_stop { Ok(()) } else { Err(Error::Ended) }
}

/// One line for people and scripts: where everything is.
fn announce(region: &Region, running: &Running) {
    println!(
        "{region} serves http://{http}/ to this machine and http://{http}/release to boxes; broker {broker}",
        region = region.id(),
        http = running.http_address(),
        broker = running.broker_address()
    );
    if let Some(https) = running.https_address() {
        println!("boxes renew their certificates at https://{https}/renew, and fetch from https://{https}/release");
    }
}

/// What ends the program.
struct Ends {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
}

impl Ends {
    fn new() -> Result<Self, Error> {
        let on = |kind| signal(kind).map_err(Error::Start);
        Ok(Self { term: on(SignalKind::terminate())?, int: on(SignalKind::interrupt())? })
    }

    async fn one(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// Logs go to stderr; `RUST_LOG` says how much.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,mqtt5=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
