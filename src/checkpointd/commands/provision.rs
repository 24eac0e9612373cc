//! `checkpointd provision`: the one first use of a box.

use std::path::PathBuf;
use std::process::ExitCode;

use wire::sign::Signer as _;

use crate::commands::told;
use crate::config::Config;

/// Make this box's three keys and give it the first root of trust. Done once, never by itself.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpointd provision --config /etc/checkpoint/box.toml\n\nPrints the box's \
                        public key, for `checkpoint-hq box add`, and the root's digits: the same that \
                        `checkpoint-hq root show` prints.")]
pub struct Args {
    /// The box's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The pepper of the region's register: HQ's `keys/pepper.key`, to be carried as carefully as a key. It may be
    /// given later, too, and replaces an older one.
    #[arg(long, value_name = "FILE")]
    pepper: Option<PathBuf>,
}

/// Provisions the box.
pub fn run(args: Args) -> ExitCode {
    let provisioned = Config::load(&args.config).and_then(|config| {
        if let Some(pepper) = &args.pepper {
            crate::take_pepper(&config, pepper)?;
            // A box that was provisioned before only needed this.
            if config.data.join("trust").exists() {
                return Ok(None);
            }
        }
        crate::provision(&config).map(Some)
    });
    told(provisioned.map(|provisioned| {
        let Some(provisioned) = provisioned else { return ExitCode::SUCCESS };
        println!("box         {} of {}", provisioned.name, provisioned.region);
        println!("public key  {}", hex(provisioned.identity.public().as_bytes()));
        println!("root        {}", hex(&provisioned.root_fingerprint));
        println!("digits      {}", wire::fingerprint::line(&provisioned.root_fingerprint));
        ExitCode::SUCCESS
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
