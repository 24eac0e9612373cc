//! `checkpoint-hq root show`: a root or a request in plain words.

use std::path::{Path, PathBuf};

use trust::format::{Root, SignedRoot, hex, sha256};

use crate::ceremony::{Request, id, plain, signers};
use crate::{Error, Region};

/// Show a region's root, a root file or a request: keys, days left, who has signed
#[derive(clap::Args)]
#[command(after_help = "Example:\n  checkpoint-hq root show tver\n  checkpoint-hq root show root-2.request")]
pub struct Args {
    /// A region's folder, a request, or a root file
    #[arg(value_name = "DIR|FILE")]
    what: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Error> {
    if args.what.is_dir() {
        return region(&args.what);
    }
    let bytes = std::fs::read(&args.what).map_err(Error::file(&args.what))?;
    match SignedRoot::parse(&bytes).and_then(|signed| Ok((signed.root()?, signed))) {
        Ok((root, signed)) => root_file(&root, &signed, &bytes),
        Err(_) => request(&Request::open(&args.what)?),
    }
    Ok(())
}

fn region(folder: &Path) -> Result<(), Error> {
    let region = Region::open(folder)?;
    let root = region.newest_root()?.ok_or_else(|| Error::Waiting(folder.to_owned()))?;
    let path = region.release_folder().join(trust::format::root_name(root.version));
    let bytes = std::fs::read(&path).map_err(Error::file(&path))?;
    let signed = SignedRoot::parse(&bytes)
        .map_err(|source| Error::Publish(crate::publish::Error::Root { version: root.version, source }))?;
    root_file(&root, &signed, &bytes);
    super::remaining(&region)
}

fn root_file(root: &Root, signed: &SignedRoot, bytes: &[u8]) {
    println!("root.{} of {}, {} of {} root keys sign", root.version, root.region, root.threshold, root.root.len());
    println!("file       {}", hex(&sha256(bytes)));
    println!("digits     {}", wire::fingerprint::line(&sha256(bytes)));
    plain::keys(root).iter().for_each(|line| println!("{line}"));
    if let Some(reset) = root.reset {
        println!("reset      to release {}, {}", reset.sequence, plain::day(reset.floor));
    }
    signed_by(signed, root);
}

fn request(request: &Request) {
    plain::meaning(&request.root, request.previous.as_ref()).iter().for_each(|line| println!("{line}"));
    println!("fingerprint  {}", request.fingerprint());
    signed_by(&request.signed, &request.root);
    if let Some(previous) = &request.previous {
        signed_by(&request.signed, previous);
    }
}

fn signed_by(signed: &SignedRoot, root: &Root) {
    let names: Vec<String> = signers(signed, root).iter().map(id).collect();
    println!("signed by  {} of root.{}'s {}: {}", names.len(), root.version, root.root.len(), names.join(", "));
}
