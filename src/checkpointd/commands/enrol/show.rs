//! `checkpointd enrol show`: how the enrolment stands, without a secret.

use std::process::ExitCode;

use super::{Common, moment};
use crate::Error;
use crate::enrol::{Enrolled, fingerprint};

/// Show how the box's enrolment stands: certificate, authority, addresses
#[derive(clap::Args)]
#[command(after_help = "Exit code: 0 when the box is enrolled, 1 when it is not.\n\nExample:\n  \
                        checkpointd enrol show --config /etc/checkpoint/box.toml")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let (config, store) = args.common.open()?;
    println!("box          {} of {}", config.name, config.region);
    println!("digits       {}", wire::fingerprint::line(&fingerprint(&config.data, &store)?));
    let Some(enrolled) = Enrolled::open(&config.data)? else {
        println!("enrolled     no: `checkpointd enrol request` prints what to send to HQ");
        return Ok(ExitCode::FAILURE);
    };
    let certificate = enrolled.certificate()?;
    println!("enrolled     {}", moment(enrolled.issued()));
    println!("certificate  from {} until {}", moment(certificate.not_before()), moment(certificate.not_after()));
    println!("serial       {}", trust::format::hex(certificate.serial()));
    println!("issuer       {}", certificate.issuer().as_deref().unwrap_or("-"));
    // Where the configuration names an address itself, that one counts.
    let address = |own: &Option<String>, given: Option<&str>| match (own, given) {
        (Some(own), _) => format!("{own} (configured)"),
        (None, Some(given)) => given.to_owned(),
        (None, None) => "-".to_owned(),
    };
    println!("broker       {}", address(&config.uplink.broker, enrolled.broker()));
    println!("releases     {}", address(&config.trust.http, enrolled.releases()));
    println!("renewal      {}", enrolled.renewal().unwrap_or("-"));
    Ok(ExitCode::SUCCESS)
}
