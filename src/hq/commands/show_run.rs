//! `checkpoint-hq show-run`: what a box lacks, as pictures for a phone to show to its camera.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Desk, told};
use crate::run::{RATE, Shown};
use crate::{Error, span};

/// Make a page that brings an update to a box that has no line: a phone shows it to the box's camera
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq show-run tver --from 811 --out update.html\n\n\
                        Send the page to a phone and open it there; no network is needed then. A name without .html\n\
                        is a folder: the pictures one by one, to be shown in their order.")]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// The release that the box has: its panel shows the number. Without it all of the newest one is shown
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0, hide_default_value = true)]
    from: u64,
    /// Where to write it
    #[arg(long, value_name = "FILE.html|DIR", default_value = "run.html")]
    out: PathBuf,
}

/// Draws the pictures.
pub fn run(args: Args) -> ExitCode {
    told(show(&args))
}

fn show(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let (sequence, issued) = region.last_release()?.unwrap_or_default();
    let bundle = crate::publish::bundle(&region.release_folder(), args.from)?.encode();
    let shown = Shown::new(&bundle)?;
    let day = span::shown(issued, region.settings().zone);
    if args.out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html")) {
        let (ru, en) = (format!("Список {sequence}, {day}"), format!("List {sequence}, {day}"));
        std::fs::write(&args.out, shown.page((&ru, &en))).map_err(Error::file(&args.out))?;
    } else {
        pictures(&shown, &args.out)?;
    }
    println!(
        "release {sequence} for boxes from {} on: {} bytes in {} pictures ({}), {RATE} a second; {} s when every one is \
         seen, twice that when every second one is: {}",
        args.from,
        shown.bytes(),
        shown.codes().len(),
        shown.codes().first().map(crate::qr::Code::label).unwrap_or_default(),
        shown.seconds(),
        args.out.display(),
    );
    Ok(())
}

fn pictures(shown: &Shown, folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    for (at, code) in shown.codes().iter().enumerate() {
        let path = folder.join(format!("{:04}.png", at + 1));
        std::fs::write(&path, code.png()?).map_err(Error::file(&path))?;
    }
    Ok(())
}
