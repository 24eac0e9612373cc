//! `checkpoint-hq broker`: what a Mosquitto of the region is run from.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Desk, now, told};
use crate::Error;

/// The region's broker
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Setup(Setup),
}

/// Write the folder that a Mosquitto is run from: settings, rights, certificates
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq broker setup tver --out broker --host hq.example\n  \
                        mosquitto -c broker/mosquitto.conf\n  \
                        checkpoint-hq serve tver --broker hq.example:8883 --tls --https 0.0.0.0:8443")]
struct Setup {
    #[command(flatten)]
    desk: Desk,
    /// Folder to write; written again, the broker gets a new certificate
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Name or address by which boxes and the collector reach the broker; may be given several times
    #[arg(long = "host", value_name = "NAME", required = true)]
    hosts: Vec<String>,
    /// Port it listens on
    #[arg(long, value_name = "PORT", default_value_t = 8883)]
    port: u16,
    /// Where the folder will lie on the broker's machine, if that is another
    #[arg(long, value_name = "DIR")]
    at: Option<PathBuf>,
}

/// Does what was asked.
pub fn run(args: Args) -> ExitCode {
    told(match args.command {
        Command::Setup(args) => setup(&args),
    })
}

fn setup(args: &Setup) -> Result<(), Error> {
    let region = args.desk.open()?;
    let here = || std::path::absolute(&args.out).map_err(Error::file(&args.out));
    let at = args.at.clone().map_or_else(here, Ok)?;
    region.set_up_broker(&args.out, &at, &args.hosts, args.port, &args.desk.by, now())?;
    let host = args.hosts.first().map_or("", String::as_str);
    println!("broker      {} as {host}:{}", args.out.display(), args.port);
    println!("start       mosquitto -c {}", at.join(crate::broker_setup::CONF).display());
    println!("collector   checkpoint-hq serve {} --broker {host}:{} --tls", region.folder().display(), args.port);
    println!("boxes       broker = \"{host}:{}\" in [addresses] of region.toml", args.port);
    Ok(())
}
