//! `checkpoint-hq policy`: whether a region's rules can be followed, and what they mean at the checkpoint.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::{REFUSED, told};
use crate::Error;
use crate::policy::{Rules, schema};

/// Check a region's rules before a release says them
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
        checkpoint-hq policy check tver/policy.toml\n  \
        checkpoint-hq policy check --strict simulator/regions/konakovo.toml\n  \
        checkpoint-hq policy schema > policy.schema.json\n\n\
        Every key is explained in docs/policy.md.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Say what is wrong with a policy, where, and what it means for the officer; and what is risky
    Check(Check),
    /// Print the JSON Schema of policy.toml, for editors
    Schema,
}

#[derive(clap::Args)]
struct Check {
    /// The policy
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Exit with 3 when something is risky, too
    #[arg(long)]
    strict: bool,
}

/// Runs it.
pub fn run(args: Args) -> ExitCode {
    match args.what {
        What::Check(check) => self::check(&check).unwrap_or_else(|error| told(Err(error))),
        What::Schema => {
            println!("{:#}", schema());
            ExitCode::SUCCESS
        }
    }
}

fn check(Check { file, strict }: &Check) -> Result<ExitCode, Error> {
    let text = std::fs::read_to_string(file).map_err(Error::file(file))?;
    // For which territory does not matter: the file does not say.
    let rules = match Rules::parse(&text, 0) {
        Ok(rules) => rules,
        Err(faults) => {
            for fault in &faults {
                println!("wrong [{}] {}", fault.what.code(), fault);
                println!("    it means: {}", fault.what.means());
            }
            println!("{}: {} wrong; no release would be made", file.display(), faults.len());
            return Ok(ExitCode::from(REFUSED));
        }
    };
    let risks = rules.risks(&text);
    for risk in &risks {
        println!("risky [{}] {}", risk.what.code(), risk);
    }
    let bytes = wire::encode(&rules.policy).len();
    println!(
        "{}: sound, {} kinds, {} formats, {bytes} bytes for boxes; {} risky",
        file.display(),
        rules.policy.kinds.len(),
        rules.policy.formats.len(),
        risks.len()
    );
    Ok(if *strict && !risks.is_empty() { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}
