//! `region.toml`.

use std::path::Path;

use jiff::tz::Offset;
use serde::Deserialize;
use wire::RegionId;

use super::Founding;
use crate::Error;
use crate::span::{self, Span};

/// Name of the file.
pub const FILE: &str = "region.toml";

/// What a new region's file looks like.
const TEMPLATE: &str = include_str!("region.toml");

/// Sizes of a status list. Below, a pass could be told by its place; above, no box unpacks the list.
const SERIES_SIZES: std::ops::RangeInclusive<u64> = 256..=1 << 20;

/// What `region.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The region's code.
    pub region: RegionId,
    /// Its name, for people.
    pub name: String,
    /// Its number as passes name it.
    pub territory: u64,
    /// Its distance from UTC.
    pub zone: Offset,
    /// The issuer whose key signs when nobody says otherwise.
    pub issuer: String,
    /// Places of one status list.
    pub series_size: u64,
    /// Seconds for which a release counts as fresh.
    pub expires: i64,
    /// Seconds after which a release is no longer adopted.
    pub not_after: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    region: String,
    name: String,
    territory: u64,
    utc_offset: String,
    issue: Issue,
    release: Release,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issue {
    issuer: String,
    series_size: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    expires: Span,
    not_after: Span,
}

impl Settings {
    pub(super) fn compose(founding: &Founding) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        TEMPLATE
            .replace("{region}", &quoted(founding.region.as_str()))
            .replace("{territory}", &founding.territory.to_string())
            .replace("{utc_offset}", &quoted(&founding.utc_offset))
            // Last, so that nothing in a name is taken for a place to fill in.
            .replace("{name}", &quoted(&founding.name))
    }

    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        Self::parse(&std::fs::read_to_string(path).map_err(Error::file(path))?, path)
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        read(text).map_err(|detail| Error::Settings { path: path.to_owned(), detail })
    }
}

fn read(text: &str) -> Result<Settings, String> {
    let Written { region, name, territory, utc_offset, issue, release } =
        toml::from_str(text).map_err(|error| error.to_string())?;
    let region = region.parse::<RegionId>().map_err(|error| format!("region: {error}"))?;
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err("name: a region has a name, on one line".to_owned());
    }
    if !SERIES_SIZES.contains(&issue.series_size) {
        return Err(format!("issue.series_size: a list has {} to {} places", SERIES_SIZES.start(), SERIES_SIZES.end()));
    }
    let (expires, not_after) = (release.expires.seconds(), release.not_after.seconds());
    if expires == 0 || not_after < expires {
        return Err("release: a release is fresh for a while, and not_after is not before its end".to_owned());
    }
    Ok(Settings {
        region,
        name,
        territory,
        zone: span::offset(&utc_offset).map_err(|error| format!("utc_offset: {error}"))?,
        issuer: issue.issuer,
        series_size: issue.series_size,
        expires,
        not_after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn founding() -> Founding {
        Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверская область".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        }
    }

    #[test]
    fn a_new_file_says_what_the_region_was_founded_with() {
        let settings = read(&Settings::compose(&founding())).unwrap();
        assert_eq!(
            (settings.name.as_str(), settings.territory, settings.issuer.as_str()),
            ("Тверская область", 69, "RU-TVE")
        );
        assert_eq!((settings.expires, settings.not_after), (86_400, 45 * 86_400));
        let odd = Founding { name: "a \"b\" {region}\\".to_owned(), ..founding() };
        assert_eq!(read(&Settings::compose(&odd)).unwrap().name, odd.name);
    }

    #[test]
    fn what_cannot_be_is_refused_and_named() {
        let text = Settings::compose(&founding());
        for (from, to, names) in [
            ("territory = 69", "territory = 69\ncolour = 1", "colour"),
            ("\"24h\"", "\"46d\"", "not_after"),
            ("\"24h\"", "\"0s\"", "release"),
            ("65536", "7", "series_size"),
            ("65536", "4000000000", "series_size"),
            ("\"+03:00\"", "\"Moscow\"", "Moscow"),
            ("region = \"RU-TVE\"", "region = \"RU/TVE\"", "RU/TVE"),
            ("\"Тверская область\"", "\" \"", "name"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(read(&changed).unwrap_err().contains(names), "{to}");
        }
    }
}
