//! `region.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::Offset;
use serde::Deserialize;
use wire::{BoxId, RegionId};

use super::Founding;
use crate::Error;
use crate::signer::Place;
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
    /// Where the online keys are.
    pub keys: Places,
    /// Where boxes reach the region, when nobody says otherwise.
    pub addresses: Addresses,
    /// How far posts are apart.
    pub posts: Posts,
}

/// How long it takes at least from one post to another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Posts {
    /// Minutes between any two that are not named below.
    pub minutes: u32,
    /// Pairs of boxes, in either order.
    pub between: Vec<Between>,
}

/// Two posts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// Their boxes.
    #[serde(deserialize_with = "two_boxes")]
    pub posts: [BoxId; 2],
    /// Minutes from one to the other.
    pub minutes: u32,
}

impl Default for Posts {
    fn default() -> Self {
        Self { minutes: 5, between: Vec::new() }
    }
}

impl Posts {
    /// Fewest seconds from one to the other.
    pub fn apart(&self, one: &BoxId, other: &BoxId) -> i64 {
        let is_it = |pair: &&Between| pair.posts.contains(one) && pair.posts.contains(other) && one != other;
        let minutes = self.between.iter().find(is_it).map_or(self.minutes, |pair| pair.minutes);
        i64::from(minutes) * 60
    }

    /// The most that this ever is.
    pub fn most(&self) -> i64 {
        let minutes = self.between.iter().map(|pair| pair.minutes).chain([self.minutes]).max();
        i64::from(minutes.unwrap_or(0)) * 60
    }
}

fn two_boxes<'de, D: serde::Deserializer<'de>>(d: D) -> Result<[BoxId; 2], D::Error> {
    let [one, other] = <[String; 2]>::deserialize(d)?;
    let parsed =
        |text: String| text.parse().map_err(|error| serde::de::Error::custom(format!("posts.between: {error}")));
    Ok([parsed(one)?, parsed(other)?])
}

/// Where boxes reach the region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Addresses {
    /// `host:port` of the broker.
    pub broker: Option<String>,
    /// Where releases are fetched.
    pub release: Option<String>,
    /// Where certificates are renewed.
    pub renewal: Option<String>,
}

/// Where the online keys are. Of several for one purpose that serves which the newest root names last, so that
/// the next one may stand here before a rotation; of none, those in the folder `keys`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Publishing keys.
    pub publishing: Vec<Place>,
    /// Receipt keys.
    pub receipt: Vec<Place>,
    /// Command keys.
    pub command: Vec<Place>,
    /// Issuing keys, by issuer.
    pub issuing: BTreeMap<String, Place>,
}

impl Places {
    /// As `region.toml` says it.
    fn compose(&self) -> String {
        let quoted = |place: &Place| toml::Value::String(place.written()).to_string();
        let online = [("publishing", &self.publishing), ("receipt", &self.receipt), ("command", &self.command)];
        let online = online
            .into_iter()
            .filter(|(_, places)| !places.is_empty())
            .map(|(name, places)| format!("{name} = [{}]\n", places.iter().map(quoted).collect::<Vec<_>>().join(", ")));
        let name = |issuer: &str| toml::Value::String(issuer.to_owned()).to_string();
        let issuing =
            self.issuing.iter().map(|(issuer, place)| format!("issuing.{} = {}\n", name(issuer), quoted(place)));
        online.chain(issuing).collect()
    }
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
    #[serde(default)]
    keys: Keys,
    #[serde(default)]
    addresses: Addresses,
    #[serde(default)]
    posts: Posts,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    publishing: Listed,
    receipt: Listed,
    command: Listed,
    issuing: BTreeMap<String, String>,
}

/// One place, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    One(String),
    Several(Vec<String>),
}

impl Default for Listed {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
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
    pub(super) fn compose(founding: &Founding, keys: &Places) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        TEMPLATE
            .replace("{region}", &quoted(founding.region.as_str()))
            .replace("{territory}", &founding.territory.to_string())
            .replace("{utc_offset}", &quoted(&founding.utc_offset))
            .replace("{keys}\n", &keys.compose())
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
    let Written { region, name, territory, utc_offset, issue, release, keys, addresses, posts } =
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
        keys: places(keys)?,
        addresses,
        posts,
    })
}

fn places(keys: Keys) -> Result<Places, String> {
    let place = |name: &str, text: &str| text.parse::<Place>().map_err(|error| format!("keys.{name}: {error}"));
    let all = |name: &str, listed: Listed| match listed {
        Listed::One(text) => Ok(vec![place(name, &text)?]),
        Listed::Several(texts) => texts.iter().map(|text| place(name, text)).collect(),
    };
    Ok(Places {
        publishing: all("publishing", keys.publishing)?,
        receipt: all("receipt", keys.receipt)?,
        command: all("command", keys.command)?,
        issuing: keys
            .issuing
            .into_iter()
            .map(|(name, text)| Ok((name, place("issuing", &text)?)))
            .collect::<Result<_, String>>()?,
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
        let settings = read(&Settings::compose(&founding(), &Places::default())).unwrap();
        assert_eq!(
            (settings.name.as_str(), settings.territory, settings.issuer.as_str()),
            ("Тверская область", 69, "RU-TVE")
        );
        assert_eq!((settings.expires, settings.not_after), (86_400, 45 * 86_400));
        let odd = Founding { name: "a \"b\" {region}\\".to_owned(), ..founding() };
        assert_eq!(read(&Settings::compose(&odd, &Places::default())).unwrap().name, odd.name);
    }

    #[test]
    fn places_of_keys_are_read_as_they_were_written() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        let token = "pkcs11:token=HQ%20one;object=publishing?module-path=/usr/lib/m.so&pin-source=file:/etc/pin";
        let keys = Places {
            publishing: vec![place("file:keys/publishing.key"), place(token)],
            receipt: vec![place("credential:receipt")],
            issuing: [("RU-TVE".to_owned(), place("file:a b"))].into(),
            ..Places::default()
        };
        let text = Settings::compose(&founding(), &keys);
        assert_eq!(read(&text).unwrap().keys, keys);
        let one = text.replace("[\"credential:receipt\"]", "\"credential:receipt\"");
        assert_ne!(one, text);
        assert_eq!(read(&one).unwrap().keys, keys);
    }

    #[test]
    fn posts_are_as_far_apart_as_their_pair_says_or_the_region() {
        let text = Settings::compose(&founding(), &Places::default());
        let named = "between = [{ posts = [\"m10\", \"m9\"], minutes = 90 }]";
        let text = text.replace("# between", &format!("{named}\n# between"));
        let posts = read(&text).unwrap().posts;
        let apart = |one: &str, other: &str| posts.apart(&one.parse().unwrap(), &other.parse().unwrap());
        assert_eq!(
            (apart("m9", "m10"), apart("m10", "m9"), apart("m10", "m11"), posts.most()),
            (5400, 5400, 300, 5400)
        );
        assert!(read(&text.replace("\"m9\"", "\"m/9\"")).unwrap_err().contains("posts.between"));
    }

    #[test]
    fn what_cannot_be_is_refused_and_named() {
        let text = Settings::compose(&founding(), &Places::default());
        for (from, to, names) in [
            ("territory = 69", "territory = 69\ncolour = 1", "colour"),
            ("[keys]", "[keys]\npublishing = \"here\"", "keys.publishing"),
            ("[keys]", "[keys]\nreceipt = [\"credential:receipt\", \"credential:../x\"]", "keys.receipt"),
            ("[addresses]", "[addresses]\nbrocker = \"a:1\"", "brocker"),
            ("[keys]", "[keys]\nroot = \"file:root.key\"", "root"),
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
