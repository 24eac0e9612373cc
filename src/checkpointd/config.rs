//! What a box is told before it starts: one TOML file, every key documented, unknown keys refused.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use journal::Bounds;
use panel::Language;
use serde::Deserialize;
use wire::{BoxId, RegionId};

use crate::{Error, feed};

/// The commented example that `checkpointd config` prints; a test keeps it true.
pub const EXAMPLE: &str = include_str!("config.example.toml");

/// Longest time that may be configured, in seconds: a week. What is longer is a slip of the keyboard.
const LONGEST_SPAN: u64 = 7 * 86_400;

/// Most days that rows stay after their receipt: ten years.
const LONGEST_KEPT: u64 = 3650;

/// Configuration of one box.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The region, as HQ names it.
    #[serde(deserialize_with = "parsed")]
    pub region: RegionId,
    /// The box, as HQ knows it.
    #[serde(deserialize_with = "parsed")]
    pub name: BoxId,
    /// Folder of everything the box keeps: identity, trust, journal.
    pub data: PathBuf,
    /// Board file.
    pub board: PathBuf,
    /// Root of trust, needed once, by `checkpointd provision`.
    pub root: PathBuf,
    /// Language of the panel at start: `ru` or `en`.
    #[serde(default)]
    pub language: Language,
    /// Distance of the region's time from UTC, for the panel.
    #[serde(default = "utc", deserialize_with = "zone")]
    pub utc_offset: TimeZone,
    /// The lane.
    #[serde(default)]
    pub lane: Lane,
    /// Where releases come from.
    #[serde(default)]
    pub trust: Trust,
    /// The room of what is written down.
    #[serde(default)]
    pub journal: Journal,
    /// The link to HQ.
    #[serde(default)]
    pub uplink: Uplink,
    /// The page for the technician at the box.
    #[serde(default)]
    pub page: Page,
    /// Where plates come from.
    #[serde(default)]
    pub plate_source: Vec<feed::Source>,
}

/// How the lane behaves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lane {
    /// Lane number on this box.
    pub number: u8,
    /// Seconds without a sighting after which a crossing closes by itself.
    pub absence: u64,
    /// Seconds in which the same pass is shown as already admitted.
    pub grace: u64,
    /// Seconds for which a plate seen before the pass still counts.
    pub plate_memory: u64,
    /// What happens while the journal cannot be written.
    pub when_journal_fails: WhenJournalFails,
}

/// What happens while the journal cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenJournalFails {
    /// The panel shows the fault and judges nobody.
    #[default]
    Stop,
    /// Nobody is admitted on green: an admit is shown as a check, and a refusal stays one.
    Check,
}

impl Default for Lane {
    fn default() -> Self {
        Self { number: 0, absence: 60, grace: 300, plate_memory: 30, when_journal_fails: WhenJournalFails::Stop }
    }
}

/// Where releases come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// HTTP address of the release folder.
    pub http: Option<String>,
    /// Certificates (PEM) of those who vouch for an `https` server, instead of the web's.
    pub ca: Option<PathBuf>,
    /// Folder that is looked into as well.
    pub folder: Option<PathBuf>,
    /// Folder in which sticks appear, each as a folder of its own.
    pub media: Option<PathBuf>,
    /// Seconds between checks.
    pub every: u64,
}

impl Default for Trust {
    fn default() -> Self {
        Self { http: None, ca: None, folder: None, media: None, every: 60 }
    }
}

/// The room of what is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// Most mebibytes that the journal takes on the disk, its log and its reserve included.
    pub megabytes: u32,
    /// Mebibytes of them that are kept for when the rest is full.
    pub reserve_megabytes: u32,
}

impl Default for Journal {
    fn default() -> Self {
        Self { megabytes: 4096, reserve_megabytes: 8 }
    }
}

impl Journal {
    /// As the journal takes it.
    pub fn bounds(self) -> Bounds {
        Bounds::within(u64::from(self.megabytes) << 20, u64::from(self.reserve_megabytes) << 20)
    }

    /// Half of it at least must be for rows.
    fn check(self) -> Result<(), String> {
        let least = Bounds::LEAST >> 20;
        if u64::from(self.megabytes) < least || self.reserve_megabytes > self.megabytes / 4 {
            return Err(format!(
                "journal.megabytes is {least} or more, and journal.reserve_megabytes at most a quarter of it"
            ));
        }
        Ok(())
    }
}

/// The link to HQ.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uplink {
    /// `host:port` of the broker; without it the box works alone.
    pub broker: Option<String>,
    /// The link is TLS, with the certificate HQ gives the box when it is enrolled; addresses that are not named here
    /// come from there too. A box that is not enrolled yet shows its request and nothing else.
    pub tls: bool,
    /// Seconds between heartbeats.
    pub heartbeat: u64,
    /// Days that rows stay on the box after HQ's receipt.
    pub keep_receipted_days: u64,
}

impl Default for Uplink {
    fn default() -> Self {
        Self { broker: None, tls: false, heartbeat: 30, keep_receipted_days: 7 }
    }
}

/// The page for the technician.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    /// Loopback address to serve the panel's picture and the status on; nothing is served without it.
    pub listen: Option<SocketAddr>,
}

fn utc() -> TimeZone {
    TimeZone::UTC
}

fn zone<'de, D: serde::Deserializer<'de>>(d: D) -> Result<TimeZone, D::Error> {
    let text = String::deserialize(d)?;
    let zone = jiff::fmt::temporal::DateTimeParser::new().parse_time_zone(&text).ok();
    // A name would need a database of time zones, which a box does not carry.
    zone.filter(|zone| zone.to_fixed_offset().is_ok())
        .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no distance from UTC such as +03:00")))
}

fn parsed<'de, D: serde::Deserializer<'de>, T: std::str::FromStr<Err = wire::id::BadId>>(d: D) -> Result<T, D::Error> {
    String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
}

impl Config {
    /// Reads and checks a configuration file. Relative paths in it are relative to the file.
    ///
    /// # Errors
    /// [`Error::ReadConfig`] or [`Error::Config`], with the line.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::ReadConfig { path: path.to_owned(), source })?;
        let mut config = Self::parse(&text).map_err(|detail| Error::Config { path: path.to_owned(), detail })?;
        let base = path.parent().unwrap_or(Path::new(""));
        let Self { data, board, root, trust, .. } = &mut config;
        let Trust { ca, folder, media, .. } = trust;
        let needed = [data, board, root].into_iter();
        for relative in needed.chain([ca, folder, media].into_iter().flatten()) {
            *relative = base.join(&*relative);
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        if config.page.listen.is_some_and(|address| !address.ip().is_loopback()) {
            return Err("page.listen must be a loopback address: the page is for the technician at the box".to_owned());
        }
        let Self { lane, trust, uplink, .. } = &config;
        let spans = [lane.absence, lane.grace, lane.plate_memory, trust.every, uplink.heartbeat];
        if spans.iter().any(|seconds| *seconds > LONGEST_SPAN) || uplink.keep_receipted_days > LONGEST_KEPT {
            return Err(format!("a time is at most {LONGEST_SPAN} seconds, and rows stay at most {LONGEST_KEPT} days"));
        }
        config.journal.check()?;
        feed::check(&config.plate_source)?;
        Ok(config)
    }

    /// File of the journal.
    pub fn journal(&self) -> PathBuf {
        self.data.join("journal.db")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_parses_and_shows_every_default() {
        let example = Config::parse(EXAMPLE).unwrap();
        let Config { region, name, data, board, root, .. } = example.clone();
        let bare = format!(
            "utc_offset = \"+03:00\"\nregion = \"{region}\"\nname = \"{name}\"\ndata = {data:?}\nboard = {board:?}\nroot = {root:?}\n\
             [trust]\nhttp = \"http://hq.example/release\"\n[uplink]\nbroker = \"hq.example:1883\"\n"
        );
        assert_eq!(Config::parse(&bare).unwrap(), example);
    }

    #[test]
    fn unknown_keys_and_open_pages_are_refused() {
        let with = |line: &str| Config::parse(&EXAMPLE.replace("[page]", &format!("[page]\n{line}")));
        assert!(with("colour = 1").unwrap_err().contains("colour"));
        assert!(with("listen = \"0.0.0.0:80\"").unwrap_err().contains("loopback"));
        assert!(with("listen = \"127.0.0.1:8400\"").is_ok());
        assert!(Config::parse(&EXAMPLE.replace("heartbeat = 30", "heartbeat = 18446744073709551615")).is_err());
        for (key, wrong) in
            [("megabytes = 4096", "megabytes = 31"), ("reserve_megabytes = 8", "reserve_megabytes = 1025")]
        {
            let refused = Config::parse(&EXAMPLE.replace(&format!("\n{key}"), &format!("\n{wrong}"))).unwrap_err();
            assert!(refused.contains("journal.megabytes"), "{refused}");
        }
        let zone = Config::parse(&EXAMPLE.replace("+03:00", "Mars/Olympus")).unwrap_err();
        assert!(zone.contains("distance from UTC"), "{zone}");
    }
}
