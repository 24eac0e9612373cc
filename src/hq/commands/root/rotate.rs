//! `checkpoint-hq root rotate`: the root that follows.

use std::path::PathBuf;

use crate::ceremony::{Changes, public};
use crate::keys::Purpose;
use crate::signer::Place;
use crate::span::Span;
use crate::{Error, Region};

/// Compose the next root: extend it, name new keys, strike off lost or stolen ones
#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
                        checkpoint-hq root rotate tver --extend\n  \
                        checkpoint-hq root rotate tver --publishing new --strike publishing --reset\n  \
                        checkpoint-hq root rotate tver --root d.pub --strike 8d02c4e1\n\n\
                        Nothing changes before the keepers have signed and `root add` has installed it.")]
pub struct Args {
    /// The region's folder
    #[arg(value_name = "DIR")]
    region: PathBuf,
    /// Let everything that stays count anew: the publishing key for 90 days, the others for a year, the root for two
    #[arg(long)]
    extend: bool,
    /// For how long the new root counts
    #[arg(long, value_name = "SPAN")]
    root_life: Option<Span>,
    /// A new publishing key: `new` draws one into keys/, else where it is (file:…, credential:…, pkcs11:…)
    #[arg(long, value_name = "new|URI")]
    publishing: Option<String>,
    /// A new receipt key
    #[arg(long, value_name = "new|URI")]
    receipt: Option<String>,
    /// A new command key
    #[arg(long, value_name = "new|URI")]
    command: Option<String>,
    /// The public half of a new root key
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,
    /// A key to strike off, root or online: the first eight digits or more of its name in `root show`; or all the
    /// present keys for `publishing`, `receipt` or `command`
    #[arg(long, value_name = "DIGITS|PURPOSE")]
    strike: Vec<String>,
    /// Root keys that must sign from then on
    #[arg(long, value_name = "NUMBER")]
    threshold: Option<u8>,
    /// Let boxes go back to what this region has published itself: after the theft of a publishing key. A number only
    /// where the thief has published on this very machine: the last release that was yours
    #[arg(long, value_name = "NUMBER", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "clap's shape for an option whose value may be left out")]
    reset: Option<Option<u64>>,
    /// Where to write the request; else root-N.request in the region's folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let region = Region::open(&args.region)?;
    let now = super::now();
    let newest = region.newest_root()?.ok_or_else(|| Error::Waiting(args.region.clone()))?;
    let version = newest.version.saturating_add(1);
    let half = |purpose: Purpose, named: &Option<String>| {
        let Some(named) = named else { return Ok(None) };
        let place = if named == "new" { None } else { Some(named.parse::<Place>()?) };
        region.next_half(purpose, place.as_ref(), version).map(Some)
    };
    let changes = Changes {
        extend: args.extend,
        life: args.root_life.map(Span::seconds),
        publishing: half(Purpose::Publishing, &args.publishing)?,
        receipt: half(Purpose::Receipt, &args.receipt)?,
        command: half(Purpose::Command, &args.command)?,
        roots: args.root.iter().map(|path| public::read(path)).collect::<Result<_, _>>()?,
        strike: args.strike.clone(),
        threshold: args.threshold,
        reset: args.reset.map(|sequence| region.own_position(sequence, now)).transpose()?,
    };
    let request = region.next_request(&changes, now)?;
    super::hand_out(&request, &super::place(&args.region, version, args.out.as_ref()))
}
