//! `checkpointd trust status`: root, release, streams, ages.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};
use trust::format::{Part, hex, sha256};
use trust::{Release, Store};
use wire::WallTime;

use super::{Common, age, moment};
use crate::Error;

/// Show what a box has adopted: root, release, streams, and how old each is
#[derive(clap::Args)]
#[command(after_help = "Exit code: 0 when a release is in force, 1 when none is.\n\n\
                        Example:\n  checkpointd trust status --trust /var/lib/checkpoint/trust")]
pub(super) struct Args {
    /// The trust folder of a box.
    #[arg(long, value_name = "DIR")]
    trust: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// The same for whoever only wants to read it.
pub(crate) fn text(folder: &Path, now: WallTime) -> Result<String, Error> {
    Ok(Status::of(super::open(folder)?, now).to_string())
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Error> {
    let status = Status::of(super::open(&args.trust)?, args.common.now());
    args.common.print(&status, &status.to_json());
    Ok(ExitCode::from(u8::from(status.release.is_none())))
}

struct Status {
    now: WallTime,
    store: Store,
    release: Option<Arc<Release>>,
}

/// A part's name, as the specification has it.
pub(super) fn name(part: Part) -> String {
    let name = match part {
        Part::Keys => "keys",
        Part::Status => "status",
        Part::Policy => "policy",
        Part::Ids => "ids",
        Part::Rules => "rules",
        Part::Register => "register",
        Part::Orders => "orders",
        Part::Acceptance => "acceptance",
        other => return format!("part {}", other.number()),
    };
    name.to_owned()
}

impl Status {
    fn of(store: Store, now: WallTime) -> Self {
        Self { now, release: store.current(), store }
    }

    fn has_root_expired(&self) -> bool {
        self.now.trust.is_sound() && self.now.unix() > self.store.root().expires
    }

    fn to_json(&self) -> Value {
        let (root, now) = (self.store.root(), self.now.unix());
        json!({
            "region": root.region.as_str(),
            "now": moment(now),
            "clock": self.now.trust.as_str(),
            "floor": moment(self.store.floor()),
            "root": {
                "version": root.version,
                "fingerprint": hex(&sha256(self.store.root_bytes())),
                "expires": moment(root.expires),
                "expired": self.has_root_expired(),
                "threshold": root.threshold,
                "keys": root.root.len(),
            },
            "release": self.release.as_ref().map(|release| json!({
                "sequence": release.sequence(),
                "issued": moment(release.issued()),
                "age_s": now.saturating_sub(release.issued()),
                "expires": moment(release.expires()),
                "fresh": now <= release.expires(),
                "not_after": moment(release.not_after()),
            })),
            "streams": self.release.as_ref().map(|release| release.streams().map(|stream| json!({
                "part": name(stream.id.part),
                "region": stream.id.region.as_str(),
                "issuer": stream.id.issuer,
                "series": stream.id.series,
                "carried": stream.is_carried,
                "entries": stream.entries,
                "deltas": stream.deltas,
                "bytes": stream.length + stream.log,
                "as_of": moment(stream.as_of),
                "age_s": now.saturating_sub(stream.as_of),
                "until": stream.until.map(moment),
            })).collect::<Vec<_>>()),
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (root, now) = (self.store.root(), self.now.unix());
        writeln!(f, "region       {}", root.region)?;
        writeln!(f, "now          {}, {}", moment(now), self.now.trust.as_str())?;
        writeln!(f, "floor        {}: HQ has signed that it is not earlier", moment(self.store.floor()))?;
        let (version, threshold, keys) = (root.version, root.threshold, root.root.len());
        let expired = if self.has_root_expired() { " (EXPIRED)" } else { "" };
        writeln!(f, "root         {version}, {threshold} of {keys} keys, expires {}{expired}", moment(root.expires))?;
        writeln!(f, "fingerprint  {}", hex(&sha256(self.store.root_bytes())))?;
        let Some(release) = &self.release else {
            return writeln!(
                f,
                "release      none: nothing was adopted yet, or it is damaged and will be fetched again"
            );
        };
        writeln!(f, "release      {}, issued {}", release.sequence(), moment(release.issued()))?;
        let fresh = if now <= release.expires() { "fresh" } else { "NO LONGER FRESH" };
        let (age_now, until) = (age(now.saturating_sub(release.issued())), moment(release.expires()));
        writeln!(
            f,
            "age          {age_now}, {fresh} (until {until}), not adopted after {}",
            moment(release.not_after())
        )?;
        let columns = ["part", "region", "issuer", "series", "entries", "deltas", "bytes"];
        let [part, region, issuer, series, entries, deltas, bytes] = columns;
        writeln!(f, "\n{part:<11} {region:<12} {issuer:<20} {series:>7} {entries:>10} {deltas:>7} {bytes:>11}  age")?;
        for stream in release.streams() {
            let entries = stream.entries.map_or("-".to_owned(), |entries| entries.to_string());
            let (part, region, issuer) = (name(stream.id.part), stream.id.region.as_str(), &stream.id.issuer);
            let (series, deltas, bytes) = (stream.id.series, stream.deltas, stream.length + stream.log);
            let (old, carried) =
                (age(now.saturating_sub(stream.as_of)), if stream.is_carried { "" } else { ", not carried" });
            writeln!(
                f,
                "{part:<11} {region:<12} {issuer:<20} {series:>7} {entries:>10} {deltas:>7} {bytes:>11}  {old}{carried}"
            )?;
        }
        Ok(())
    }
}
