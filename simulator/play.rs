//! What a region of one system plays: its policy, its time, its register, and the passes that people hold up or type,
//! all of it as files under `regions`.

use hq::{IssueRequest, IssuedPass, Region};
use image::GrayImage;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::certificates::Published;
use crate::passes::{self, Card, Shown};

/// Who does this, for HQ's audit.
const BY: &str = "simulator";

const HOUR: i64 = 3600;

macro_rules! regions {
    ($($name:literal),*) => {
        /// Every system: its name, its policy, and what is played of it.
        const REGIONS: &[(&str, &str, &str)] = &[$((
            $name,
            include_str!(concat!("regions/", $name, ".toml")),
            include_str!(concat!("regions/plays/", $name, ".toml")),
        )),*];
    };
}

regions!(
    "federal",
    "moscow",
    "oblast",
    "sms",
    "samara",
    "konakovo",
    "tula",
    "ugra",
    "krasnoyarsk",
    "nizhny",
    "komi",
    "quarantine",
    "certificates"
);

/// Something in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In Russian.
    pub ru: String,
    /// In English.
    pub en: String,
}

impl From<(&str, &str)> for Words {
    fn from((ru, en): (&str, &str)) -> Self {
        Self { ru: ru.to_owned(), en: en.to_owned() }
    }
}

/// What is played.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// The region's code.
    pub region: String,
    /// Its name.
    pub name: String,
    /// Its number as passes name it.
    pub territory: u64,
    /// Unix seconds at which it is played.
    #[serde(deserialize_with = "time")]
    pub begins: i64,
    /// Other issuers whose passes are read here, and for which kinds.
    #[serde(default)]
    issuers: Vec<Issuer>,
    /// Records of the register, as `checkpoint-hq register import` takes them.
    #[serde(default)]
    register: String,
    /// The passes.
    #[serde(rename = "card")]
    cards: Vec<Played>,
    /// The policy, as HQ edits it.
    #[serde(skip)]
    pub policy: &'static str,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    name: String,
    kinds: Vec<String>,
}

/// A pass as its file has it: just one of `signed`, `text`, `forged`,
/// `certificate` and `service`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Played {
    name: String,
    title: Words,
    hint: Words,
    #[serde(default)]
    car: String,
    #[serde(default)]
    shown: Shown,
    signed: Option<Signed>,
    text: Option<String>,
    forged: Option<String>,
    certificate: Option<String>,
    /// An officer's service card, with its pseudonym.
    service: Option<String>,
}

/// A pass that HQ issues.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    kind: String,
    issuer: Option<String>,
    #[serde(default)]
    plates: Vec<String>,
    #[serde(default)]
    regions: Vec<u64>,
    route: Option<String>,
    /// Hours from now.
    #[serde(default = "an_hour_ago")]
    from: i64,
    to: i64,
    #[serde(default)]
    revoked: bool,
}

const fn an_hour_ago() -> i64 {
    -1
}

fn time<'de, D: serde::Deserializer<'de>>(d: D) -> Result<i64, D::Error> {
    let text = String::deserialize(d)?;
    text.parse::<jiff::Timestamp>().map(|at| at.as_second()).map_err(serde::de::Error::custom)
}

impl Play {
    /// The names there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        REGIONS.iter().map(|(name, ..)| *name)
    }

    /// What is played of a system.
    ///
    /// # Errors
    /// [`Error::Unknown`]; a file that cannot be read is a bug here, and a test reads all of them.
    pub fn named(name: &str) -> Result<Self, Error> {
        let found = REGIONS.iter().find(|(known, ..)| *known == name);
        let (_, policy, play) = found.ok_or_else(|| Error::Unknown(format!("region {name:?}")))?;
        let play: Self = toml::from_str(play).map_err(|error| Error::Failed(format!("{name}: {error}")))?;
        Ok(Self { policy, ..play })
    }

    /// Takes in issuers and register, and makes every pass.
    ///
    /// # Errors
    /// What HQ refuses.
    pub fn begin(&self, region: &Region, published: &[Published], now: i64) -> Result<Vec<Card>, Error> {
        let rules = region.rules()?;
        // The region was founded with the rules that every region begins with.
        let kinds = rules.policy.kinds.iter().map(|rule| rule.kind);
        let kinds: Vec<u16> = kinds.filter(|kind| *kind < pass::Kind::VACCINATION.number()).collect();
        region.let_issue(region.id().as_str(), &kinds, BY, now)?;
        for Issuer { name, kinds } in &self.issuers {
            let kinds = kinds.iter().map(|kind| rules.kind(kind)).collect::<Result<Vec<_>, _>>()?;
            region.add_issuer(name, &kinds, BY, now - 24 * HOUR)?;
        }
        if !self.register.is_empty() {
            let path = region.folder().join("played.csv");
            std::fs::write(&path, &self.register).map_err(|source| Error::File { path: path.clone(), source })?;
            region.import_register(&path, (0, None), BY, now, &mut |_| {})?;
        }
        let mut cards: Vec<Card> = Vec::new();
        for played in &self.cards {
            cards.push(played.make(region, published, &cards, now)?);
        }
        Ok(cards)
    }

    /// Issues a pass afresh.
    ///
    /// # Errors
    /// [`Error::Unknown`], or what HQ refuses.
    pub fn renew(&self, name: &str, region: &Region, now: i64) -> Result<Card, Error> {
        let played = self.cards.iter().find(|played| played.name == name && played.signed.is_some());
        played.ok_or_else(|| Error::Unknown(format!("pass {name:?} of this HQ")))?.make(region, &[], &[], now)
    }
}

impl Played {
    fn make(&self, region: &Region, published: &[Published], before: &[Card], now: i64) -> Result<Card, Error> {
        let unknown = |what: &str| Error::Unknown(format!("{what} of {}", self.name));
        let (text, id, is_revoked) = match self {
            Self { signed: Some(signed), .. } => {
                let pass = signed.issue(region, now)?;
                if signed.revoked {
                    region.revoke(&hq::Which::Id(pass.id.clone()), BY, now)?;
                }
                (pass.text, Some(pass.id), signed.revoked)
            }
            Self { forged: Some(of), .. } => {
                let of = before.iter().find(|card| card.name == *of).ok_or_else(|| unknown("the original"))?;
                (passes::rewritten(&of.text, &of.car), None, false)
            }
            Self { certificate: Some(country), .. } => {
                let one = published.iter().find(|one| one.country == country).ok_or_else(|| unknown("the country"))?;
                (one.text.clone(), None, false)
            }
            Self { service: Some(pseudonym), .. } => {
                let times = (now - HOUR, now + 24 * HOUR);
                (region.issue_card(pseudonym, times, Some(passes::PIN.to_owned().into()), BY, now)?.text, None, false)
            }
            Self { text: Some(text), .. } => (text.clone(), None, false),
            _ => return Err(unknown("the text")),
        };
        let picture = passes::picture(&text, self.shown)?;
        let (name, title, hint) = (self.name.clone(), self.title.clone(), self.hint.clone());
        let (shown, car) = (self.shown, self.car.clone());
        Ok(Card { name, title, hint, shown, sort: None, text, picture: picture.into(), car, is_revoked, id })
    }
}

impl Signed {
    fn issue(&self, region: &Region, now: i64) -> Result<IssuedPass, Error> {
        let Self { kind, issuer, plates, regions, route, from, to, .. } = self;
        let request = IssueRequest {
            issuer: issuer.clone(),
            kind: region.rules()?.kind(kind)?,
            plates: plates.clone(),
            holder: Some("И. П.".to_owned()),
            regions: regions.clone(),
            route: route.clone(),
            not_before: now + from * HOUR,
            expires: now + to * HOUR,
            ..IssueRequest::default()
        };
        // What begins in the past was issued then.
        Ok(region.issue(&request, BY, now.min(request.not_before))?)
    }
}

/// What a code looks like that is typed: the keys.
pub fn keys() -> GrayImage {
    GrayImage::from_fn(240, 240, |x, y| {
        let (column, row) = ((x % 80).abs_diff(40), (y % 60).abs_diff(30));
        image::Luma([if column < 30 && row < 22 { 70 } else { 235 }])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_is_played_and_its_passes_are_called_differently() {
        for name in Play::names() {
            let play = Play::named(name).unwrap();
            assert!(play.cards.len() >= 5, "{name}: {} passes", play.cards.len());
            for (at, card) in play.cards.iter().enumerate() {
                assert!(play.cards[..at].iter().all(|other| other.name != card.name), "{name}: {}", card.name);
            }
        }
        assert!(Play::named("atlantis").is_err());
    }
}
