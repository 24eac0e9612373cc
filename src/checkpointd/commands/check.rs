//! `checkpointd check`: the verdict as the lane would give it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reader::{Reader, Settings};
use serde_json::json;
use verdict::Outcome;
use wire::{ClockTrust, WallTime};

use crate::Error;
use crate::commands::told;
use crate::judge::{Circumstances, Judgement, judge};

/// Judge one text or picture against what a box has adopted, and print the verdict as JSON.
#[derive(clap::Args)]
#[command(after_help = "Exit code: 0 admit, 10 check, 20 refuse, 1 when there is nothing to judge with.\n\n\
                        Examples:\n  checkpointd check --trust /var/lib/checkpoint/trust --plate A123BC77 'MP1:…'\n  \
                        checkpointd check --trust trust --image photo.jpg --at 2020-05-01T12:00:00Z")]
pub struct Args {
    /// The trust folder of a box.
    #[arg(long, value_name = "DIR")]
    trust: PathBuf,
    /// The plate of the vehicle.
    #[arg(long)]
    plate: Option<String>,
    /// The officer has compared the plate with the pass.
    #[arg(long)]
    plate_agrees: bool,
    /// Judge as of this time (RFC 3339) instead of now.
    #[arg(long, value_name = "RFC3339")]
    at: Option<jiff::Timestamp>,
    /// A picture with the code.
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    image: Option<PathBuf>,
    /// The text of the code.
    #[arg(required_unless_present = "image")]
    text: Option<String>,
}

/// Judges and prints.
pub fn run(args: Args) -> ExitCode {
    told(verdict_on(args))
}

fn verdict_on(args: Args) -> Result<ExitCode, Error> {
    let at = args.at.unwrap_or_else(jiff::Timestamp::now);
    let now = WallTime { unix_ms: at.as_millisecond(), trust: ClockTrust::Ntp };
    let store = trust::Store::open(&args.trust)?;
    let release = store.current();
    let text = match (args.text, args.image) {
        (Some(text), _) => text,
        (None, Some(image)) => text_in(&image)?,
        (None, None) => return Err(Error::NoCode),
    };
    let plate = args.plate.map(|plate| plate::Reading::new(&plate));
    let around = Circumstances {
        plate: plate.as_ref(),
        plate_agreed: args.plate_agrees,
        ..Circumstances::new(release.as_deref(), now)
    };
    let judgement = judge(&text, around);
    println!("{:#}", to_json(&judgement));
    Ok(ExitCode::from(match judgement.verdict.outcome {
        Outcome::Admit => 0,
        Outcome::Check => 10,
        Outcome::Refuse => 20,
    }))
}

/// The text in a picture that the lane would take.
pub(crate) fn text_in(image: &Path) -> Result<String, Error> {
    let settings = Settings { worker: std::env::current_exe().ok(), ..Settings::default() };
    let look = Reader::new(settings).look(&board::still(image)?);
    crate::sight::text(&look).map(str::to_owned).ok_or(Error::NoCode)
}

fn to_json(judgement: &Judgement) -> serde_json::Value {
    let Judgement { document, rejection, verdict, release, release_age, judge_us, .. } = judgement;
    json!({
        "outcome": verdict.outcome.as_str(),
        "reasons": verdict.reasons.iter().map(|r| r.code()).collect::<Vec<_>>(),
        "order": verdict.order,
        "error": rejection.as_ref().map(pass::Error::code),
        "format": document.as_ref().map(|d| d.format.as_str()),
        "issuer": document.as_ref().map(|d| &d.issuer),
        "kind": document.as_ref().map(|d| d.kind.number()),
        "plates": document.as_ref().map(|d| d.plates.iter().map(|p| p.as_str()).collect::<Vec<_>>()),
        "ends": verdict.ends.and_then(|at| jiff::Timestamp::from_second(at).ok()).map(|at| at.to_string()),
        "release": release,
        "release_age_s": release_age,
        "judge_us": judge_us,
    })
}
