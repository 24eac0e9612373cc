//! `checkpointd journal export`: the rows HQ does not have, on a stick.

use std::path::PathBuf;
use std::process::ExitCode;

use journal::export::{self, Plan, Written};

use super::{Teller, Which, now, size};
use crate::Error;
use crate::identity::Identity;

/// Write the rows that HQ has not receipted to a stick or a folder
#[derive(clap::Args)]
#[command(
    after_help = "The box may be at work. The rows go to checkpoint/REGION/journal/BOX.journal, sealed to HQ as they \
                        are, under a head that this box signs; they are read back from the stick. What this box wrote \
                        there before is replaced, and nothing else is. Nothing counts as receipted by it: HQ takes the \
                        file with `checkpoint-hq import-journal`, and the receipt it puts beside it is taken when the \
                        stick is put in again, or by `checkpointd journal receipt`.\n\n\
                        Exit code: 0 when it was written, 1 when not; then what stood there stands.\n\n\
                        Example:\n  checkpointd journal export --config /etc/checkpoint/box.toml /media/stick"
)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Every row there is, and not only those without a receipt.
    #[arg(long)]
    all: bool,
    /// Where the stick is mounted, or a folder.
    #[arg(value_name = "DIR")]
    stick: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let config = args.which.load()?;
    let signer = Identity::open(&config.data)?;
    let journal = config.journal();
    let plan = Plan {
        journal: &journal,
        region: &config.region,
        name: &config.name,
        signer: &signer,
        all: args.all,
        now: now(),
    };
    let Written { file, head } = {
        let mut teller = Teller::new("bytes");
        export::write(&plan, &args.stick, &mut |done, total| teller.tell(done, total))?
    };
    println!(
        "{} rows above row {} up to row {}, and {} that were set aside, {}, read back and whole: {}",
        head.rows,
        head.after.sequence,
        head.last.sequence,
        head.set_aside,
        size(head.bytes),
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}
