//! `checkpoint-hq root key`: a root key is born on its stick.

use std::path::PathBuf;

use crate::Error;
use crate::ceremony::stick::{self, Stick};

/// Draw a root key on a stick, on an offline machine
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq root key --stick /media/stick\n\n\
                        It asks for a passphrase twice. root.pub is the public half: only that goes to HQ.")]
pub struct Args {
    /// The mounted stick; it must hold no root key yet
    #[arg(long, value_name = "DIR")]
    stick: PathBuf,
    /// Where to write the public half as well, for the courier's stick
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
    /// Leave the key without a passphrase: whoever finds the stick can sign with it
    #[arg(long)]
    no_passphrase: bool,
    /// Go on although the stick's file system (vfat, exFAT) keeps no owners
    #[arg(long)]
    no_modes: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let passphrase = if args.no_passphrase { None } else { Some(super::new_passphrase()?) };
    let public = Stick::create(&args.stick, passphrase.as_ref().map(|text| text.as_str()), args.no_modes)?;
    if let Some(copy) = &args.public {
        crate::region::put(copy, crate::ceremony::public::line(&public).as_bytes(), 0o644)?;
    }
    println!("root key  {}", crate::ceremony::id(&public.to_bytes()));
    println!("public    {}", args.stick.join(stick::PUBLIC).display());
    println!("\nWrite the root key's name on the stick. The key never leaves it: no copy, no other machine.");
    Ok(())
}
