//! `checkpointd provision`: the one first use of a box.

use std::path::PathBuf;
use std::process::ExitCode;

use wire::sign::Signer as _;

use crate::commands::told;
use crate::config::Config;

/// Make this box's identity and give it the first root of trust. Done once, never by itself.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpointd provision --config /etc/checkpoint/box.toml\n\nPrints the box's \
                        public key, for `checkpoint-hq box add`, and the root's fingerprint, to compare with HQ's.")]
pub struct Args {
    /// The box's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Provisions the box.
pub fn run(args: Args) -> ExitCode {
    told(Config::load(&args.config).and_then(|config| crate::provision(&config)).map(|provisioned| {
        println!("box         {} of {}", provisioned.name, provisioned.region);
        println!("public key  {}", hex(provisioned.identity.public().as_bytes()));
        println!("root        {}", hex(&provisioned.root_fingerprint));
        ExitCode::SUCCESS
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
