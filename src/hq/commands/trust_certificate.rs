//! `checkpoint-hq trust-certificate`: believe a foreign signer.

use std::path::PathBuf;
use std::process::ExitCode;

use pass::Kind;

use super::{Desk, now, told};
use crate::{Error, span};

/// Believe a foreign signer's certificate, from the next release on
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq trust-certificate tver dsc-de.pem --issuer DE --types v,t,r\n\n\
                        Compare the certificate's fingerprint with its country's list first: whoever holds its\n\
                        key can make certificates that every box of this region will believe.")]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// X.509 certificate, DER or PEM
    #[arg(value_name = "FILE")]
    certificate: PathBuf,
    /// For whom it may speak, as its passes name it: a country's two letters
    #[arg(long, value_name = "XX")]
    issuer: String,
    /// What it is believed for: v (vaccination), t (test), r (recovery)
    #[arg(long, value_name = "v,t,r", value_delimiter = ',', default_value = "v,t,r", value_parser = kind)]
    types: Vec<Kind>,
}

/// Believes the signer.
pub fn run(args: Args) -> ExitCode {
    told(believe(&args))
}

fn believe(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let trusted = region.trust_certificate(&args.certificate, &args.issuer, &args.types, &args.desk.by, now())?;
    let zone = region.settings().zone;
    println!(
        "{} speaks for {} as {}, from {} to {}; sha-256 {}",
        trusted.file,
        args.issuer,
        trusted.kinds.iter().map(|kind| kind.number().to_string()).collect::<Vec<_>>().join(", "),
        span::shown(trusted.certificate.valid_from, zone),
        span::shown(trusted.certificate.valid_to, zone),
        trust::format::hex(&trusted.fingerprint),
    );
    Ok(())
}

fn kind(letter: &str) -> Result<Kind, String> {
    match letter {
        "v" => Ok(Kind::VACCINATION),
        "t" => Ok(Kind::TEST),
        "r" => Ok(Kind::RECOVERY),
        _ => Err(format!("{letter:?} is none of v, t, r")),
    }
}
