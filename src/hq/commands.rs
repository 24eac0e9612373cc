//! What the program can be asked to do, one file each.
//!
//! Exit codes: 0 done; 1 something failed (disk, network, database); 2 wrong usage; 3 refused by the
//! region's own rules. Errors are printed once, with their stable code and their causes.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::{Error, Region};

pub mod add_box;
pub mod arrivals;
pub mod broker;
pub mod card;
pub mod command;
pub mod conflict;
mod enrol_box;
pub mod import;
pub mod import_journal;
pub mod init;
pub mod issue;
pub mod issuer;
pub mod order;
pub mod policy;
pub mod register;
pub mod release;
pub mod revoke;
pub mod root;
pub mod serve;
pub mod show_run;
pub mod stick;
mod stolen_box;
pub mod trust_certificate;

/// Exit code of what the region's own rules refuse.
const REFUSED: u8 = 3;

/// What every command on a region needs to know.
#[derive(clap::Args)]
pub struct Desk {
    /// The region's folder
    #[arg(value_name = "DIR")]
    region: PathBuf,
    /// Who does this, for the audit
    #[arg(long, value_name = "NAME", default_value_t = operator())]
    by: String,
}

impl Desk {
    fn open(&self) -> Result<Region, Error> {
        Region::open(&self.region)
    }
}

/// The account this runs under. Who works under a shared one says so with `--by` or CHECKPOINT_OPERATOR.
fn operator() -> String {
    let named = ["CHECKPOINT_OPERATOR", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.unwrap_or_else(|| "unnamed".to_owned())
}

/// Unix seconds now: the one place where commands look at the clock.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Ends a command: silently, or with the chain of causes and an exit code.
fn told(result: Result<(), Error>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    eprintln!("checkpoint-hq: [{}] {}", error.code(), chain(&error));
    if error.is_refusal() { ExitCode::from(REFUSED) } else { ExitCode::FAILURE }
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
