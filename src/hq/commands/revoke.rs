//! `checkpoint-hq revoke`: take a pass back, for good or for a while.

use std::process::ExitCode;

use pass::StatusIndex;
use trust::format::hex;

use super::{Desk, now, told};
use crate::{Change, Changed, Error, Which};

/// Revoke a pass, suspend it, or restore a suspended one. Boxes follow from the next release on
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  checkpoint-hq revoke tver --id 4f1c9a0b3d2e7788\n  \
                        checkpoint-hq revoke tver --text \"$(cat passes/4f1c9a0b3d2e7788.txt)\" --suspend\n  \
                        checkpoint-hq revoke tver --index 0:48211 --restore")]
#[command(group = clap::ArgGroup::new("which").required(true).args(["id", "text", "index"]))]
#[command(group = clap::ArgGroup::new("change").args(["suspend", "restore"]))]
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
    /// Issuer of the list, if not the region's own
    #[arg(long, value_name = "NAME", requires = "index")]
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
    let Args { desk, id, text, index, issuer, suspend, restore } = args;
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
    let StatusIndex { series, index } = index;
    let news = if is_new { "from the next release on" } else { "as it was before" };
    println!("{id} of {issuer} at {series}:{index} is {word}, {news}");
    Ok(())
}

fn id(text: &str) -> Result<Id, String> {
    let wrong = || format!("{text:?} is not 8 to 16 bytes in hexadecimal");
    if !text.bytes().all(|c| c.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) || !(16..=32).contains(&text.len())
    {
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
