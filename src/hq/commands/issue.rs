//! `checkpoint-hq issue`: one pass, as text, picture and drawing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pass::Limits;
use trust::format::hex;

use super::{Desk, now, told};
use crate::qr::Ecc;
use crate::span::{self, Span};
use crate::{Error, IssueRequest, IssuedPass, Region, region};

/// Issue a pass: writes ID.txt, ID.png and ID.svg, and prints one line
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  checkpoint-hq issue tver --kind work --plate 'А123ВС77' --holder 'И. П.' --valid-for 30d --out passes\n\n\
                        Dates are RFC 3339, or days of the region (2026-11-23): a pass begins at midnight and\n\
                        ends with the last second of its last day. Without --valid-for and --valid-to the\n\
                        kind's own length in policy.toml counts. A plate may leave places open: '?123??'."
)]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// Kind of pass, by its code or number in policy.toml
    #[arg(long)]
    kind: String,
    /// Plate, in any writing; of several, any one will do
    #[arg(long = "plate", value_name = "PLATE")]
    plates: Vec<String>,
    /// What the officer compares with the document: initials, a first letter
    #[arg(long, value_name = "TEXT")]
    holder: Option<String>,
    /// Birth date, as much of it as the pass shows: YYYY, YYYY-MM or YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    birth: Option<String>,
    /// Last digits of the ID document, at most four
    #[arg(long, value_name = "DIGITS")]
    id_digits: Option<String>,
    /// Transport card
    #[arg(long = "card", value_name = "NUMBER")]
    cards: Vec<u64>,
    /// Numbers of the regions it is valid for; without it, everywhere
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',')]
    regions: Vec<u64>,
    /// Limits of use, any of trips=N, days=N (in which the trips count), per-day=N, minutes=N
    #[arg(long, value_name = "NAME=N,…", value_parser = limits)]
    limits: Option<Limits>,
    /// Route or zone
    #[arg(long, value_name = "TEXT")]
    route: Option<String>,
    /// From when it is valid; without it, from now
    #[arg(long, value_name = "DATE")]
    valid_from: Option<String>,
    /// For how long it is valid: a number and s, m, h or d
    #[arg(long, value_name = "SPAN", conflicts_with = "valid_to")]
    valid_for: Option<Span>,
    /// Until when it is valid
    #[arg(long, value_name = "DATE")]
    valid_to: Option<String>,
    /// Issuer, if not the region's own
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
    /// Make the code for paper (error correction Q) and not for a screen (M)
    #[arg(long)]
    paper: bool,
    /// Folder for the pass; made when it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Issues the pass.
pub fn run(args: Args) -> ExitCode {
    told(issue(&args))
}

fn issue(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let now = now();
    let request = request(args, &region, now)?;
    std::fs::create_dir_all(&args.out).map_err(Error::file(&args.out))?;
    let issued = region.issue(&request, &args.desk.by, now)?;
    let ecc = if args.paper { Ecc::Paper } else { Ecc::Screen };
    let code = issued.code(ecc)?;
    let stem = args.out.join(hex(&issued.id));
    let files: [(&str, Vec<u8>); 3] =
        [("txt", format!("{}\n", issued.text).into()), ("png", code.png()?), ("svg", code.svg().into())];
    for (kind, bytes) in files {
        // What the pass says is its bearer's business.
        region::put(&stem.with_extension(kind), &bytes, 0o600)?;
    }
    println!("{}", summary(&region, &issued, &code.label(), &stem)?);
    Ok(())
}

fn request(args: &Args, region: &Region, now: i64) -> Result<IssueRequest, Error> {
    let rules = region.rules()?;
    let zone = region.settings().zone;
    let kind = rules.kind(&args.kind)?;
    let not_before = args.valid_from.as_deref().map_or(Ok(now), |text| span::begins("--valid-from", text, zone))?;
    let expires = match (&args.valid_to, args.valid_for) {
        (Some(text), _) => span::ends("--valid-to", text, zone)?,
        (None, Some(span)) => not_before.saturating_add(span.seconds()),
        (None, None) => {
            let Some(own) = rules.ends(kind, not_before) else { return Err(no_end(args, region, kind)) };
            own
        }
    };
    Ok(IssueRequest {
        issuer: args.issuer.clone(),
        kind,
        plates: args.plates.clone(),
        holder: args.holder.clone(),
        birth: args.birth.clone(),
        id_digits: args.id_digits.clone(),
        cards: args.cards.clone(),
        regions: args.regions.clone(),
        limits: args.limits,
        route: args.route.clone(),
        not_before,
        expires,
    })
}

/// Why a pass without an end is refused: asking for dates helps nobody whose kind cannot be issued at all.
fn no_end(args: &Args, region: &Region, kind: u16) -> Error {
    let name = args.issuer.as_ref().unwrap_or(&region.settings().issuer);
    match region.issuers().map(|all| all.into_iter().find(|issuer| issuer.name == *name)) {
        Ok(Some(issuer)) if !issuer.kinds.contains(&kind) => Error::OutOfScope { issuer: issuer.name, kind },
        Ok(_) => Error::Dates("say --valid-for or --valid-to"),
        Err(error) => error,
    }
}

fn summary(region: &Region, issued: &IssuedPass, code: &str, stem: &Path) -> Result<String, Error> {
    let IssuedPass { text, id, index, document } = issued;
    let zone = region.settings().zone;
    let shown = |at: Option<i64>| span::shown(at.unwrap_or_default(), zone);
    let plates: Vec<_> = document.plates.iter().map(plate::Binding::as_str).collect();
    Ok(format!(
        "{id} {kind} {plates} from {from} to {to}, status {series}:{place}, {length} characters, QR {code}: {stem}.{{txt,png,svg}}",
        id = hex(id),
        kind = region.rules()?.code(document.kind.number()),
        plates = if plates.is_empty() { "no plate".to_owned() } else { plates.join(" ") },
        from = shown(document.not_before),
        to = shown(document.expires),
        series = index.series,
        place = index.index,
        length = text.len(),
        stem = stem.display(),
    ))
}

fn limits(text: &str) -> Result<Limits, String> {
    let mut limits = Limits::default();
    for part in text.split(',') {
        let (name, number) = part.split_once('=').ok_or_else(|| format!("{part:?} is not NAME=N"))?;
        let slot = match name {
            "trips" => &mut limits.trips,
            "days" => &mut limits.days,
            "per-day" => &mut limits.per_day,
            "minutes" => &mut limits.minutes,
            _ => return Err(format!("{name:?} is none of trips, days, per-day, minutes")),
        };
        let number = number.parse::<u64>().ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| format!("{part:?}: a limit is a number above 0"))?;
        if slot.replace(number).is_some() {
            return Err(format!("{name} stands twice"));
        }
    }
    if limits.days.is_some() && limits.trips.is_none() {
        return Err("days says within how many the trips count, so trips must stand too".to_owned());
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_named_once_and_never_zero() {
        assert_eq!(
            limits("trips=1,days=14,minutes=60").unwrap(),
            Limits { trips: Some(1), days: Some(14), per_day: None, minutes: Some(60) }
        );
        for bad in ["", "trips", "trips=", "trips=0", "trips=-1", "trips=1,trips=2", "days=14", "weeks=1"] {
            assert!(limits(bad).is_err(), "{bad:?}");
        }
    }
}
