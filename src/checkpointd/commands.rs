//! What the program can be asked to do, one file each.

use std::error::Error as _;
use std::process::ExitCode;

use crate::Error;

pub mod check;
pub mod config;
pub mod decode_worker;
pub mod diag;
pub mod enrol;
pub mod inspect;
pub mod journal;
pub mod provision;
pub mod read;
pub mod run;
pub mod trust;

/// Ends a command: its own exit code, or 1 with the chain of causes printed once.
fn told(result: Result<ExitCode, Error>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprint!("checkpointd: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            eprint!(": {error}");
            cause = error.source();
        }
        eprintln!();
        ExitCode::FAILURE
    })
}
