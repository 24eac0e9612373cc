//! `checkpointd journal verify`: the whole chain and every signature, of the journal or of an export.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use journal::chain::Fault;
use journal::export::{self, Export};

use super::{Teller, Which, author, hex};
use crate::Error;

/// Check the chain and every signature of the journal, or of an export
#[derive(clap::Args)]
#[command(after_help = "The box may be at work. Names the first row that does not hold, with its code \
                        (docs/formats/journal.md).\n\n\
                        Exit code: 0 when everything holds, 1 at the first fault, or when it cannot be read.\n\n\
                        Example:\n  checkpointd journal verify --config /etc/checkpoint/box.toml")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// An export of this box, instead of its journal.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let config = args.which.load()?;
    let author = author(&config)?;
    if let Some(file) = &args.export {
        return of_export(file, &author);
    }
    let report = {
        let mut teller = Teller::new("rows");
        journal::verify_with(&config.journal(), Some(&author), &mut |done, total| teller.tell(done, total))?
    };
    println!("rows         {}, {} of them without a fault", report.rows, report.sound);
    println!("set aside    {}", report.quarantined);
    println!("receipt      up to row {}", report.settled);
    println!("head         row {}, {}", report.head.sequence, hex(&report.head.chain));
    Ok(said(report.fault))
}

fn of_export(file: &Path, author: &journal::Author) -> Result<ExitCode, Error> {
    let at = |source| export::Error::File { path: file.to_owned(), source };
    let mut opened = Export::open(BufReader::new(File::open(file).map_err(at)?))?;
    let total = opened.head().bytes;
    let fault = {
        let mut teller = Teller::new("bytes");
        export::check(&mut opened, author, &mut |done| teller.tell(done, total))?
    };
    let head = opened.head();
    println!("rows         {}, above row {} up to row {}", head.rows, head.after.sequence, head.last.sequence);
    println!("set aside    {}", head.set_aside);
    println!("last         {}", hex(&head.last.chain));
    Ok(said(fault))
}

fn said(fault: Option<(u64, Fault)>) -> ExitCode {
    let Some((sequence, fault)) = fault else {
        println!("whole: every row follows the one before it, under this box's signatures");
        return ExitCode::SUCCESS;
    };
    println!("FAULT        row {sequence} [{}]: {fault}", fault.code());
    ExitCode::FAILURE
}
