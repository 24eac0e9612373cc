//! `checkpoint-hq root`: the offline root ceremony, one step a file. docs/root-ceremony.md is its runbook.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use zeroize::Zeroizing;

use super::{now, told};
use crate::ceremony::{Error as Refused, Request, plain};
use crate::{Error, Region};

mod add;
mod init;
mod key;
mod rotate;
mod show;
mod sign;

pub use init::{Rules, compose};

/// The root of a region: its keys on sticks, its signatures, its rotation
#[derive(clap::Args)]
#[command(after_help = "Example, each line on its own machine:\n  \
                        checkpoint-hq root key --stick /media/stick\n  \
                        checkpoint-hq root rotate tver --extend\n  \
                        checkpoint-hq root sign --stick /media/stick root-2.request\n  \
                        checkpoint-hq root add tver root-2.*.signed\n\n\
                        The runbook, in English and Russian, is docs/root-ceremony.md.")]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    Key(key::Args),
    Init(init::Args),
    Rotate(rotate::Args),
    Sign(sign::Args),
    Add(add::Args),
    Show(show::Args),
}

/// Runs one step.
pub fn run(args: Args) -> ExitCode {
    told(match args.step {
        Step::Key(args) => key::run(&args),
        Step::Init(args) => init::run(&args),
        Step::Rotate(args) => rotate::run(&args),
        Step::Sign(args) => sign::run(&args),
        Step::Add(args) => add::run(&args),
        Step::Show(args) => show::run(&args),
    })
}

/// Says how long root and publishing key still count, and warns when that is soon over.
pub(super) fn remaining(region: &Region) -> Result<(), Error> {
    let Some(root) = region.newest_root()? else { return Ok(()) };
    let (said, warnings) = plain::remaining(&root, now());
    println!("{said}");
    warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    Ok(())
}

/// Writes a request and says what the keepers need.
pub(super) fn hand_out(request: &Request, out: &Path) -> Result<(), Error> {
    // A request that was composed once more replaces the one nobody has signed.
    let part = out.with_extension("part");
    std::fs::write(&part, request.encode()).map_err(Error::file(&part))?;
    std::fs::rename(&part, out).map_err(Error::file(out))?;
    plain::meaning(&request.root, request.previous.as_ref()).iter().for_each(|line| println!("{line}"));
    println!("\nrequest      {}\nfingerprint  {}", out.display(), request.fingerprint());
    println!("\nTell the keepers the fingerprint another way than the file: by telephone, on paper.");
    Ok(())
}

/// The file of a request in a region's folder, unless it goes elsewhere.
fn place(region: &Path, version: u64, out: Option<&PathBuf>) -> PathBuf {
    out.cloned().unwrap_or_else(|| region.join(format!("root-{version}.request")))
}

/// Asks a person, or reads the next line of a script.
fn ask(prompt: &str) -> Result<Zeroizing<String>, Error> {
    let failed = |source| Error::File { path: "standard input".into(), source };
    eprint!("{prompt}: ");
    std::io::stderr().flush().map_err(failed)?;
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The same, and what is typed is not shown.
fn ask_unseen(prompt: &str) -> Result<Zeroizing<String>, Error> {
    use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return ask(prompt);
    }
    let failed = |errno: nix::Error| Error::File { path: "the terminal".into(), source: errno.into() };
    let shown = tcgetattr(&stdin).map_err(failed)?;
    let mut unseen = shown.clone();
    unseen.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &unseen).map_err(failed)?;
    let typed = ask(prompt);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &shown).map_err(failed)?;
    eprintln!();
    typed
}

/// A new passphrase, typed twice.
fn new_passphrase() -> Result<Zeroizing<String>, Error> {
    let first = ask_unseen("Passphrase for the new root key, twelve characters or more, best six words")?;
    crate::ceremony::stick::check_passphrase(&first)?;
    let second = ask_unseen("The same once more")?;
    if *first == *second { Ok(first) } else { Err(Refused::BadPassphrase("was not the same twice").into()) }
}
