//! `checkpoint-hq root init`: the first root of a region that waits for it.

use std::path::{Path, PathBuf};

use crate::ceremony::{Terms, public};
use crate::span::Span;
use crate::{Error, Region};

/// Compose the first root of a region from public keys
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq root init tver --roots a.pub b.pub c.pub\n\n\
                        `checkpoint-hq init … --roots` has done this once. Again is for a stick that was spoilt \
                        before its keeper has signed.")]
pub struct Args {
    /// The region's folder
    #[arg(value_name = "DIR")]
    region: PathBuf,
    #[command(flatten)]
    keepers: Keepers,
    /// Where to write the request; else root-1.request in the region's folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Who keeps the root, and by which rules.
#[derive(clap::Args)]
pub struct Keepers {
    /// Public halves of the root keys (root.pub of each stick)
    #[arg(long, value_name = "FILE", num_args = 2.., required = true)]
    roots: Vec<PathBuf>,
    #[command(flatten)]
    rules: Rules,
}

/// By which rules a root counts.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Rules {
    /// Root keys that must sign a root
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    threshold: u8,
    /// For how long a root counts
    #[arg(long, value_name = "SPAN", default_value = "730d")]
    root_life: Span,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let region = Region::open(&args.region)?;
    compose(&region, &args.keepers.roots, args.keepers.rules, args.out.as_ref())
}

/// Composes and hands out the first root's request.
pub fn compose(region: &Region, roots: &[PathBuf], rules: Rules, out: Option<&PathBuf>) -> Result<(), Error> {
    let roots = roots.iter().map(|path| public::read(Path::new(path))).collect::<Result<Vec<_>, _>>()?;
    let terms = Terms { threshold: rules.threshold, life: rules.root_life.seconds() };
    let request = region.first_request(&roots, terms, super::now())?;
    super::hand_out(&request, &super::place(region.folder(), 1, out))
}
