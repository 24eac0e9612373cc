//! `checkpoint-hq import`: take in others' trust, after showing what would change.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use jiff::tz::Offset;
use trust::format::{KeyEntry, hex};

use super::{Desk, now, told};
use crate::import::{
    Batches, Consent, Did, Error as ImportError, Plan, Rules, Smart, Statement, TrustList, VdsNc, Why,
};
use crate::{Error, span};

/// Entries of one sort that are named before the rest is only counted.
const SHOWN: usize = 20;

/// Take in others' lists: keys, revoked ids, rules. Shows what would change; `--yes` changes it
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
        checkpoint-hq import eu-keys tver trustlist.json --anchor dccg-ta.pem\n  \
        checkpoint-hq import eu-keys tver dsc-de.json --from de --signer-key de-list.pem --yes\n  \
        checkpoint-hq import eu-revocations tver batches/ --signers uploaders/ --yes\n  \
        checkpoint-hq import smart tver --jwks https://issuer.example/shc=jwks.json --yes\n  \
        checkpoint-hq import vds-nc tver --issuer AUS --csca csca.der --crl crl.der --yes\n  \
        checkpoint-hq import rules tver dcc-business-rules/ --country DE,AT --value-sets valueSets.json --yes\n\n\
        A list is taken in whole or not at all, and replaces what its source said before. Boxes follow with the\n\
        next release.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The EU's trust list: the gateway's JSON, a signed national list, or a folder of certificates
    EuKeys(EuKeys),
    /// The EU's revocation lists: batches, in CMS or as JSON
    EuRevocations(EuRevocations),
    /// New Zealand: the DID document of an issuer
    Nz(Nz),
    /// SMART Health Cards: a directory's snapshot, or single issuers with their key sets
    Smart(SmartCards),
    /// VDS-NC: a country's signing authority with its revocation list, and its signers if only some are to count
    VdsNc(Vds),
    /// Business rules in CertLogic
    Rules(BusinessRules),
}

/// What every list needs to know.
#[derive(clap::Args)]
struct Terms {
    /// What to call the source; one source's list replaces its last one
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// Of when the list is, if not of when its file was written: RFC 3339, or a day
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Take it in; without, only what would change is shown
    #[arg(long)]
    yes: bool,
    /// Also when it takes back more than a fifth of what it said before
    #[arg(long)]
    allow_shrink: bool,
}

#[derive(clap::Args)]
struct EuKeys {
    #[command(flatten)]
    desk: Desk,
    /// The list, or a folder of certificates (DER, PEM)
    #[arg(value_name = "LIST")]
    path: PathBuf,
    /// Countries' signing authorities, a file or a folder: each signer must be issued by one of its country
    #[arg(long, value_name = "PATH")]
    csca: Option<PathBuf>,
    /// Public key whose signature stands on the list's first line
    #[arg(long, value_name = "FILE")]
    signer_key: Option<PathBuf>,
    /// The gateway's trust anchor, under which every entry must be signed
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// For whom a folder's certificates speak, if they do not name a country
    #[arg(long, value_name = "XX")]
    issuer: Option<String>,
    #[command(flatten)]
    terms: Terms,
}

#[derive(clap::Args)]
struct EuRevocations {
    #[command(flatten)]
    desk: Desk,
    /// A batch, or a folder of all batches that count
    #[arg(value_name = "BATCHES")]
    path: PathBuf,
    /// Uploaders' certificates, a file or a folder: each batch must be signed by one of its country
    #[arg(long, value_name = "PATH")]
    signers: Option<PathBuf>,
    #[command(flatten)]
    terms: Terms,
}

#[derive(clap::Args)]
struct Nz {
    #[command(flatten)]
    desk: Desk,
    /// The DID document
    #[arg(value_name = "FILE")]
    path: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("lists").required(true).multiple(true).args(["path", "jwks"]))]
struct SmartCards {
    #[command(flatten)]
    desk: Desk,
    /// A directory's snapshot: issuers with their keys
    #[arg(value_name = "SNAPSHOT")]
    path: Option<PathBuf>,
    /// An issuer and the key set found under its address
    #[arg(long, value_name = "ISSUER=FILE", value_parser = pair)]
    jwks: Vec<(String, PathBuf)>,
    #[command(flatten)]
    terms: Terms,
}

#[derive(clap::Args)]
struct Vds {
    #[command(flatten)]
    desk: Desk,
    /// Barcode signers' certificates, a file or a folder: only these count. Without, all that the authority has issued
    #[arg(value_name = "SIGNERS")]
    path: Option<PathBuf>,
    /// The country as its barcodes name it: three letters
    #[arg(long, value_name = "XXX")]
    issuer: String,
    /// The country's signing authority, a file or a folder
    #[arg(long, value_name = "PATH")]
    csca: PathBuf,
    /// Its list of revoked certificates
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    #[command(flatten)]
    terms: Terms,
}

#[derive(clap::Args)]
struct BusinessRules {
    #[command(flatten)]
    desk: Desk,
    /// A rule, an array of rules, or a folder of them
    #[arg(value_name = "RULES")]
    path: PathBuf,
    /// Countries whose rules to take, if not all
    #[arg(long, value_name = "XX,YY", value_delimiter = ',')]
    country: Vec<String>,
    /// The value sets that rules name; written into them, so that boxes need none
    #[arg(long, value_name = "FILE")]
    value_sets: Option<PathBuf>,
    #[command(flatten)]
    terms: Terms,
}

/// Shows what a list changes, and changes it when told to.
pub fn run(args: Args) -> ExitCode {
    told(import(args.what))
}

fn import(what: What) -> Result<(), Error> {
    match what {
        What::EuKeys(EuKeys { desk, path, csca, signer_key, anchor, issuer, terms }) => {
            let list = TrustList { path, csca, signer_key, anchor, issuer };
            take(&desk, &terms, "eu-keys", |source, as_of, now| list.read(source, as_of, now))
        }
        What::EuRevocations(EuRevocations { desk, path, signers, terms }) => {
            let batches = Batches { path, signers };
            take(&desk, &terms, "eu-revocations", |source, as_of, now| {
                batches.read(source, as_of, now, &mut progress())
            })
        }
        What::Nz(Nz { desk, path, terms }) => {
            let did = Did { path };
            take(&desk, &terms, "nz", |source, as_of, _| did.read(source, as_of))
        }
        What::Smart(SmartCards { desk, path, jwks, terms }) => {
            let smart = Smart { snapshot: path, issuers: jwks };
            take(&desk, &terms, "smart", |source, as_of, now| smart.read(source, as_of, now))
        }
        What::VdsNc(Vds { desk, path, issuer, csca, crl, terms }) => {
            let source = format!("vds-{}", issuer.to_ascii_lowercase());
            let vds = VdsNc { signers: path, csca, crls: crl, issuer };
            take(&desk, &terms, &source, |source, as_of, now| vds.read(source, as_of, now))
        }
        What::Rules(BusinessRules { desk, path, country, value_sets, terms }) => {
            let rules = Rules { path, countries: country, sets: value_sets };
            take(&desk, &terms, "rules", |source, as_of, now| rules.read(source, as_of, now))
        }
    }
}

fn take(
    desk: &Desk,
    terms: &Terms,
    usual: &str,
    read: impl FnOnce(&str, Option<i64>, i64) -> Result<Statement, ImportError>,
) -> Result<(), Error> {
    let region = desk.open()?;
    let (now, zone) = (now(), region.settings().zone);
    let as_of = terms.as_of.as_deref().map(|text| span::begins("as-of", text, zone)).transpose()?;
    let statement = read(terms.from.as_deref().unwrap_or(usual), as_of, now)?;
    // Who says of when a list is has said that it may be older.
    let consent = Consent { apply: terms.yes, shrink: terms.allow_shrink, older: terms.as_of.is_some() };
    let plan = region.import(&statement, consent, &desk.by, now)?;
    show(&statement, &plan, zone);
    if terms.yes {
        println!("taken in; boxes follow with the next release");
        return Ok(());
    }
    println!("nothing was changed; --yes takes it in");
    if plan.is_suspicious() {
        println!("it takes back more than a fifth of what it said before: --allow-shrink must say that this is right");
    }
    Ok(())
}

fn show(statement: &Statement, plan: &Plan, zone: Offset) {
    let before = plan.as_of.1.map_or_else(
        || "the first from there".to_owned(),
        |at| format!("the one before was of {}", span::shown(at, zone)),
    );
    println!("{}: of {}; {before}", plan.source, span::shown(plan.as_of.0, zone));
    println!("checked: {}", statement.checked);
    let key = |entry: &KeyEntry| {
        let kinds: Vec<_> = entry.scope.kinds.iter().map(u16::to_string).collect();
        let until = span::shown(entry.scope.valid_to, zone);
        format!("{} {} for {} until {until}", entry.scope.issuer, kid(&entry.kid), kinds.join(","))
    };
    some("keys added", plan.keys_added.iter().map(key));
    some("keys removed", plan.keys_removed.iter().map(key));
    let changed = plan.keys_changed.iter().map(|(before, after)| format!("{}; before: {}", key(after), key(before)));
    some("keys with another scope", changed);
    some("keys ending within 30 days", plan.keys_ending.iter().map(key));
    for (stream, (added, removed, stand)) in &plan.ids {
        println!("ids of {stream}: {added} added, {removed} removed, {stand} in all");
    }
    let rule = |(identifier, version): &(String, String)| format!("{identifier} {version}");
    some("rules added", plan.rules_added.iter().map(rule));
    some("rules removed", plan.rules_removed.iter().map(rule));
    some("rules that say something else", plan.rules_changed.iter().map(rule));
    let mut why: BTreeMap<Why, Vec<&str>> = BTreeMap::new();
    for left_out in &statement.left_out {
        why.entry(left_out.why).or_default().push(&left_out.what);
    }
    for (why, which) in why {
        some(&format!("left out, as it {why}"), which.into_iter().map(str::to_owned));
    }
    if plan.is_empty() {
        println!("nothing changes");
    } else {
        println!("boxes will fetch about {} bytes for it", plan.news);
    }
}

/// How many there are, and the first of them.
fn some(what: &str, entries: impl ExactSizeIterator<Item = String>) {
    let count = entries.len();
    if count == 0 {
        return;
    }
    println!("{what}: {count}");
    entries.take(SHOWN).for_each(|entry| println!("  {entry}"));
    if count > SHOWN {
        println!("  and {} more", count - SHOWN);
    }
}

/// A kid as people compare it: its text where it is one, else hexadecimal.
fn kid(kid: &[u8]) -> String {
    let text = str::from_utf8(kid).ok().filter(|text| kid.len() != 8 && text.bytes().all(|c| c.is_ascii_graphic()));
    text.map_or_else(|| hex(kid), str::to_owned)
}

/// Files done of files, on a terminal, now and then.
fn progress() -> impl FnMut(usize, usize) {
    let shown = std::io::stderr().is_terminal();
    move |done, of| {
        if shown && (done % 500 == 0 || done == of) {
            eprint!("\r{done} of {of} files{}", if done == of { "\n" } else { "" });
        }
    }
}

fn pair(text: &str) -> Result<(String, PathBuf), String> {
    // An address may hold the sign itself; a file's name here does not.
    let (issuer, file) = text.rsplit_once('=').ok_or_else(|| format!("{text:?} is not ISSUER=FILE"))?;
    Ok((issuer.to_owned(), file.into()))
}
