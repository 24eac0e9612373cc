//! `checkpoint-hq root sign`: one keeper, one stick, one signature.

use std::path::PathBuf;

use crate::Error;
use crate::ceremony::{Error as Refused, Request, Stick, id, plain};

/// Sign a request with the root key on a stick, on an offline machine
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq root sign --stick /media/stick root-2.request\n\n\
                        It says in plain words what the root changes, asks for the fingerprint you were told (16 \
                        digits or more), then for the passphrase, and writes the request with one signature more.")]
pub struct Args {
    /// The mounted stick with the root key
    #[arg(long, value_name = "DIR")]
    stick: PathBuf,
    /// The request
    #[arg(value_name = "REQUEST")]
    request: PathBuf,
    /// Where to write it with the signature; else beside it, REQUEST-NAME.signed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// This stick has signed another root of this number, which was never installed
    #[arg(long)]
    instead: bool,
    /// Go on although the stick's file system (vfat, exFAT) keeps no owners
    #[arg(long)]
    no_modes: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    let request = Request::open(&args.request)?;
    let stick = Stick::open(&args.stick, args.no_modes)?;
    plain::meaning(&request.root, request.previous.as_ref()).iter().for_each(|line| println!("{line}"));
    println!();
    // Typed, not shown: what stands on this screen came with the file.
    let typed = super::ask("Fingerprint of the request as you were told it, the first 16 digits or more")?;
    if !request.is_compared(&typed) {
        return Err(Refused::Fingerprint.into());
    }
    let passphrase =
        if stick.is_protected() { super::ask_unseen("Passphrase of the root key")? } else { Default::default() };
    let key = stick.key(&passphrase)?;
    let signed = stick.sign(&key, &request, args.instead, super::now())?;
    let name = id(&key.public().to_bytes());
    let beside = || args.request.with_extension(format!("{}.signed", &name[..8]));
    let out = args.out.clone().unwrap_or_else(beside);
    std::fs::write(&out, signed.encode()).map_err(Error::file(&out))?;
    println!("\nsigned by  {name}\nfile       {}", out.display());
    Ok(())
}
