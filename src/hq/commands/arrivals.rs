//! `checkpoint-hq arrivals` and `checkpoint-hq shifts`: what boxes wrote of people without a pass, and of officers.

use std::process::ExitCode;

use super::{Desk, told};
use crate::open::{ArrivalRecord, Crossings, ShiftRecord};
use crate::{Error, span};

/// Show who came without a pass and what they stated: an address, or a trip. The last first
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq arrivals tula --last 50\n\n\
                        A running `serve` opens what boxes have sealed; what it has not opened yet is not here.")]
pub struct Arrivals {
    #[command(flatten)]
    desk: Desk,
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    last: u32,
}

/// Show when shifts began and ended, and wrong PINs, the last first
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq shifts tula")]
pub struct Shifts {
    #[command(flatten)]
    desk: Desk,
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    last: u32,
}

/// Shows the arrivals.
pub fn arrivals(args: &Arrivals) -> ExitCode {
    told(list_arrivals(args))
}

/// Shows the shifts.
pub fn shifts(args: &Shifts) -> ExitCode {
    told(list_shifts(args))
}

fn list_arrivals(args: &Arrivals) -> Result<(), Error> {
    let region = args.desk.open()?;
    let zone = region.settings().zone;
    for ArrivalRecord { name, arrival } in Crossings::open(&region.crossings_path())?.arrivals(args.last)? {
        let at = span::shown(arrival.at.unix(), zone);
        let plate = arrival.plate.as_deref().unwrap_or("no plate");
        let address = [arrival.settlement, arrival.house].join(" ");
        let by = arrival.shift.as_deref().unwrap_or("nobody on duty");
        let span = arrival.minutes.map_or_else(|| format!("{} days", arrival.days), |minutes| format!("{minutes} min"));
        println!("{at} {name}: {plate}, {}, {}, {span}, {by}", arrival.purpose, address.trim());
    }
    Ok(())
}

fn list_shifts(args: &Shifts) -> Result<(), Error> {
    let region = args.desk.open()?;
    let zone = region.settings().zone;
    for ShiftRecord { name, shift } in Crossings::open(&region.crossings_path())?.shifts(args.last)? {
        let tries = shift.tries.map(|tries| format!(", wrong PINs in a row: {tries}")).unwrap_or_default();
        let at = span::shown(shift.at.unix(), zone);
        println!("{at} {name} lane {}: {} {}{tries}", shift.lane, shift.pseudonym, shift.act.as_str());
    }
    Ok(())
}
