//! `checkpoint-hq release`: publish what boxes should know now, or look at what that would cost them.

use std::process::ExitCode;

use super::{Desk, now, told};
use crate::publish::{Needed, Plan, Way};
use crate::{Error, Published, Region, span};

/// Publish a release: keys, status lists, tables and rules as they are now
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  checkpoint-hq release tver\n  checkpoint-hq release tver --dry-run --from 812\n\n\
                        The folder tver/release is then what a web server serves and what a stick carries."
)]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// Publish nothing; show what a box would have to fetch
    #[arg(long)]
    dry_run: bool,
    /// The release which that box has; without it, the newest one
    #[arg(long, value_name = "SEQUENCE", requires = "dry_run")]
    from: Option<u64>,
}

/// Publishes.
pub fn run(args: Args) -> ExitCode {
    told(release(&args))
}

fn release(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    if args.dry_run { look_ahead(&region, args.from) } else { publish(&region, &args.desk.by) }
}

fn publish(region: &Region, by: &str) -> Result<(), Error> {
    let Published { sequence, issued, streams, news, head } = region.publish(by, now())?;
    println!(
        "release {sequence} of {}, issued {}, {streams} streams; a box with the one before fetches {news} bytes, \
         one with this {head}: {}",
        region.id(),
        span::shown(issued, region.settings().zone),
        region.release_folder().display(),
    );
    super::root::remaining(region)
}

fn look_ahead(region: &Region, from: Option<u64>) -> Result<(), Error> {
    let from = match from {
        Some(from) => Some(from),
        None => region.last_release()?.map(|(sequence, _)| sequence),
    };
    let plan = region.look_ahead(from, now())?;
    match (from, plan.from) {
        (_, Some(had)) => println!("from release {had} to {}, which is not published:", plan.to),
        (Some(from), None) => println!("release {from} is no longer known here; from nothing to {}:", plan.to),
        (None, None) => println!("from nothing to release {}, which is not published:", plan.to),
    }
    print!("{}", shown(&plan));
    Ok(())
}

/// A plan as lines: bytes, how, and of which stream.
fn shown(plan: &Plan) -> String {
    let line = |bytes: u64, way: &str, what: &str| format!("{bytes:>12}  {way:<18}  {what}\n");
    let mut text = line(plan.head, "", "head");
    text += &line(plan.index, "", "index");
    for Needed { id, way, bytes } in &plan.streams {
        let way = match way {
            Way::Whole { deltas: 0 } => "whole".to_owned(),
            Way::Whole { deltas } => format!("whole, {deltas} deltas"),
            Way::Deltas { deltas } => format!("{deltas} deltas"),
            Way::Folds { fetched: 0 } => "folds it itself".to_owned(),
            Way::Folds { fetched } => format!("{fetched} folds"),
            Way::Record => "record".to_owned(),
        };
        text += &line(*bytes, &way, &format!("{} {:?} {} {}", id.region, id.part, id.issuer, id.series));
    }
    let stay = plan.count - plan.streams.len();
    text + &line(plan.bytes(), "", &format!("in all; {stay} of {} streams stay as they are", plan.count))
}
