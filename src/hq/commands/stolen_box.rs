//! `checkpoint-hq box stolen`: strike a box off.

use std::io::Write as _;
use std::path::PathBuf;

use wire::BoxId;
use wire::command::What;

use super::{Desk, now};
use crate::stolen::Struck;
use crate::{Error, command, enrol, span};

/// Strike a stolen box off: revoke its certificate, refuse its receipts, doubt what it sent since, change secrets
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq box stolen tver m10-km178 --since 2020-05-01T21:30:00+03:00\n\n\
                        It cannot be undone: a box that is found again is made ready anew, under another name.")]
pub struct Args {
    #[command(flatten)]
    desk: Desk,
    /// The box
    #[arg(value_name = "NAME")]
    name: BoxId,
    /// When it was last in good hands: RFC 3339, or a day of the region; without it, now
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Folder for the new secret, one file for each box; made when there is one
    #[arg(long, value_name = "DIR", default_value = "secrets")]
    out: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Strikes it off, and says what is left to do.
pub(super) fn stolen(args: &Args) -> Result<(), Error> {
    let region = args.desk.open()?;
    let zone = region.settings().zone;
    let since = match &args.since {
        Some(text) => span::begins("--since", text, zone)?,
        None => now(),
    };
    if !args.yes && !confirmed(&args.name, &span::shown(since, zone)) {
        return Err(enrol::Error::Unconfirmed.into());
    }
    let struck = region.strike_off(&args.name, since, &args.desk.by, now())?;
    for (name, sealed) in &struck.secrets {
        let what = What::Secret { sealed: sealed.clone() };
        region.command(name, what, command::LONGEST, &args.desk.by, now())?;
    }
    tell(args, &struck, &span::shown(struck.since, zone))
}

fn confirmed(name: &BoxId, since: &str) -> bool {
    print!("Strike {name} off for good, and doubt what it sent since {since}? y/N ");
    let mut answer = String::new();
    let heard = std::io::stdout().flush().is_ok() && std::io::stdin().read_line(&mut answer).is_ok();
    heard && matches!(answer.trim(), "y" | "Y" | "yes" | "д" | "да")
}

fn tell(args: &Args, struck: &Struck, since: &str) -> Result<(), Error> {
    let Args { name, out, .. } = args;
    println!(
        "{name} is struck off: certificates revoked {}, no receipt any more, suspect since {since}",
        struck.certificates
    );
    println!("what to do now:");
    for list in &struck.lists {
        println!("- written: {}", list.display());
    }
    for list in &struck.missed {
        println!("- NOT written, the folder is not here: {}", list.display());
    }
    println!("- bring crl.pem to every broker and restart it (systemctl restart mosquitto): that cuts the box off");
    if struck.has_new_pepper {
        std::fs::create_dir_all(out).map_err(Error::file(out))?;
        for (name, sealed) in &struck.secrets {
            let path = out.join(format!("{name}.secret"));
            std::fs::write(&path, sealed).map_err(Error::file(&path))?;
        }
        println!("- the register has another secret: sealed for {} boxes in {}", struck.secrets.len(), out.display());
        println!("  boxes on the line get it as a command and use it from their next start; to the others, bring it");
        println!("- register the spreadsheets again (register import): under the new secret nothing is found yet");
    }
    println!("- look through what it sent since: the pages mark it, and /api/crossings?box={name}");
    Ok(())
}
