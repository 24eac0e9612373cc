//! `checkpoint-hq revoke`: take a pass back, for good or for a while.

use std::process::ExitCode;

use pass::StatusIndex;
use trust::format::hex;
use verdict::Rule;

use super::{Desk, now, told};
use crate::{Batch, Change, Changed, Error, Which, span};

/// Revoke a pass, suspend it, or restore a suspended one. Boxes follow from the next release on
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq revoke tver --id 4f1c9a0b3d2e7788\n  \
                        checkpoint-hq revoke tver --text \"$(cat passes/4f1c9a0b3d2e7788.txt)\" --suspend\n  \
                        checkpoint-hq revoke tver --index 0:48211 --restore\n  \
                        checkpoint-hq revoke tver --kid 3f2a9b0c1d4e5f60\n  \
                        checkpoint-hq revoke tver --kind work --issued-before 2020-04-20")]
#[command(group = clap::ArgGroup::new("which").required(true).args(["id", "text", "index", "kid", "kind"]).multiple(false))]
#[command(group = clap::ArgGroup::new("change").args(["suspend", "restore"]).conflicts_with_all(["kid", "kind"]))]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// The pass's id, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = id)]
    id: Option<Id>,
    /// The text of its code; its signature must hold
    #[arg(long)]
    text: Option<String>,
    /// Its place in the status list
    #[arg(long, value_name = "SERIES:PLACE", value_parser = index)]
    index: Option<StatusIndex>,
    /// Every pass signed with the key of this kid, in hexadecimal; final
    #[arg(long, value_name = "HEX", value_parser = kid)]
    kid: Option<Id>,
    /// Every pass of this kind that was issued before a time; final
    #[arg(long, value_name = "KIND", requires = "issued_before")]
    kind: Option<String>,
    /// Only passes issued before; RFC 3339, or a day, which begins in the region's time
    #[arg(long, value_name = "DATE", conflicts_with_all = ["id", "text", "index"])]
    issued_before: Option<String>,
    /// Issuer of the list, if not the region's own; with --kid and --kind only passes of this issuer
    #[arg(long, value_name = "NAME", conflicts_with_all = ["id", "text"])]
    issuer: Option<String>,
    /// Take it out of force for a while
    #[arg(long)]
    suspend: bool,
    /// End a suspension
    #[arg(long)]
    restore: bool,
}

#[derive(Clone)]
struct Id(Vec<u8>);

/// Sets the status.
pub fn run(args: Args) -> ExitCode {
    told(revoke(args))
}

fn revoke(args: Args) -> Result<(), Error> {
    let Args { desk, id, text, index, kid, kind, issued_before, issuer, suspend, restore } = args;
    if kid.is_some() || kind.is_some() {
        return batch(&desk, kid, kind.as_deref(), issued_before.as_deref(), issuer);
    }
    let which = match (id, text, index) {
        (Some(Id(id)), ..) => Which::Id(id),
        (_, Some(text), _) => Which::Text(text),
        (_, _, Some(index)) => Which::Place { issuer, index },
        (None, None, None) => return Err(Error::UnknownPass),
    };
    let (change, word) = match (suspend, restore) {
        (true, _) => (Change::Suspend, "suspended"),
        (_, true) => (Change::Restore, "in force"),
        _ => (Change::Revoke, "revoked"),
    };
    let Changed { id, issuer, index, is_new } = desk.open()?.set_status(&which, change, &desk.by, now())?;
    let id = id.map_or_else(|| "a pass these books do not know".to_owned(), |id| hex(&id));
    let place = index.map_or_else(String::new, |StatusIndex { series, index }| format!(" at {series}:{index}"));
    println!("{id} of {issuer}{place} is {word}, {}", since(is_new));
    Ok(())
}

const fn since(is_new: bool) -> &'static str {
    if is_new { "from the next release on" } else { "as it was before" }
}

fn batch(
    desk: &Desk,
    kid: Option<Id>,
    kind: Option<&str>,
    issued_before: Option<&str>,
    issuer: Option<String>,
) -> Result<(), Error> {
    let region = desk.open()?;
    let kind = kind.map(|kind| region.rules()?.kind(kind)).transpose()?;
    let zone = region.settings().zone;
    let issued_before = issued_before.map(|text| span::begins("--issued-before", text, zone)).transpose()?;
    let by_key = kid.is_some();
    let rule = Rule { kid: kid.map(|Id(kid)| kid), kind, issuer, issued_before };
    let Batch { passes, is_new } = region.revoke_batch(&rule, &desk.by, now())?;
    let which = if by_key {
        "every pass of this key is revoked".to_owned()
    } else {
        format!("every such pass is revoked, {passes} of these books among them")
    };
    println!("{which}, {}", since(is_new));
    Ok(())
}

fn id(text: &str) -> Result<Id, String> {
    hexadecimal(text, 8..=16)
}

fn kid(text: &str) -> Result<Id, String> {
    hexadecimal(text, 1..=32)
}

fn hexadecimal(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<Id, String> {
    let wrong = || format!("{text:?} is not {} to {} bytes in hexadecimal", lengths.start(), lengths.end());
    let is_whole = text.len().is_multiple_of(2) && lengths.contains(&(text.len() / 2));
    if !text.bytes().all(|c| c.is_ascii_hexdigit()) || !is_whole {
        return Err(wrong());
    }
    let bytes = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
    bytes.collect::<Result<_, _>>().map(Id).map_err(|_| wrong())
}

fn index(text: &str) -> Result<StatusIndex, String> {
    let parsed = text.split_once(':').and_then(|(series, index)| Some((series.parse().ok()?, index.parse().ok()?)));
    let (series, index) = parsed.ok_or_else(|| format!("{text:?} is not SERIES:PLACE"))?;
    Ok(StatusIndex { series, index })
}
