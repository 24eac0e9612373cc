//! What the configuration says of a source of plates.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use reader::anpr::Dialect;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Longest name of a source.
const LONGEST_NAME: usize = 32;

/// Shortest token: eight characters of thirty-two are 40 bits, too many to try over a network.
const SHORTEST_TOKEN: usize = 8;

/// Longest age that may be configured: ten minutes.
const OLDEST: u64 = 600;

/// One source of plates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name: the path cameras post to, and how the status calls it.
    pub name: String,
    /// Whose messages it brings.
    pub kind: Kind,
    /// Where cameras post to; not for `frigate`.
    pub listen: Option<SocketAddr>,
    /// What whoever posts must know.
    pub token: Option<Token>,
    /// Addresses that may post; empty: any that knows the token.
    #[serde(default)]
    pub from: Vec<IpAddr>,
    /// `host:port` of Frigate's broker; only for `frigate`.
    pub broker: Option<String>,
    /// Name at the broker.
    pub user: Option<String>,
    /// Password at the broker.
    pub password: Option<Token>,
    /// What Frigate's topics begin with.
    #[serde(default = "frigate")]
    pub topic: String,
    /// Lanes by the names of their cameras; empty: every camera of this source is at the box's lane.
    #[serde(default)]
    pub cameras: BTreeMap<String, u8>,
    /// Percent of confidence below which a reading is not taken at all.
    #[serde(default = "least")]
    pub least_confidence: u8,
    /// Seconds after which a reading is old.
    #[serde(default = "oldest")]
    pub oldest: u64,
    /// Whose clock says how old a reading is.
    #[serde(default)]
    pub clock: SourceClock,
}

fn frigate() -> String {
    "frigate".to_owned()
}

const fn least() -> u8 {
    60
}

const fn oldest() -> u64 {
    30
}

/// Whose messages a source brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A camera of Hikvision, which posts.
    Hikvision,
    /// Frigate, by its broker.
    Frigate,
    /// Axis License Plate Verifier, which posts.
    Axis,
    /// Whatever posts our own JSON.
    Json,
}

impl Kind {
    /// Its name in settings and in policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hikvision => "hikvision",
            Self::Frigate => "frigate",
            Self::Axis => "axis",
            Self::Json => "json",
        }
    }

    pub(super) const fn dialect(self) -> Dialect {
        match self {
            Self::Hikvision => Dialect::Hikvision,
            Self::Frigate => Dialect::Frigate,
            Self::Axis => Dialect::Axis,
            Self::Json => Dialect::Plain,
        }
    }
}

/// Whose clock says how old a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceClock {
    /// The camera's, which is set by network.
    #[default]
    Camera,
    /// The camera's is not set: a reading is as new as its arrival.
    Arrival,
}

/// A secret that is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Token(String);

impl Token {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the one, in the same time whatever is wrong with it.
    pub(super) fn is(&self, given: &str) -> bool {
        Sha256::digest(&self.0) == Sha256::digest(given)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Checks the sources of a box against each other.
///
/// # Errors
/// What is wrong, for whoever wrote it.
pub(crate) fn check(sources: &[Source]) -> Result<(), String> {
    let mut names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two plate sources are called {:?}", twice[0]));
    }
    sources.iter().try_for_each(|source| source.check().map_err(|why| format!("plate source {:?}: {why}", source.name)))
}

impl Source {
    fn check(&self) -> Result<(), &'static str> {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if self.name.is_empty() || self.name.len() > LONGEST_NAME || !plain(&self.name) {
            return Err("its name is letters, digits, - and _, at most 32");
        }
        if self.least_confidence > 100 || self.oldest == 0 || self.oldest > OLDEST {
            return Err("least_confidence is percent, and oldest is 1 to 600 seconds");
        }
        let of_broker = self.broker.is_some() || self.user.is_some() || self.password.is_some();
        let of_port = self.listen.is_some() || self.token.is_some() || !self.from.is_empty();
        match self.kind {
            Kind::Frigate if self.broker.is_none() || of_port => Err("frigate has a broker, and nothing posts to it"),
            Kind::Frigate if self.user.is_some() != self.password.is_some() => Err("user and password come together"),
            Kind::Frigate if self.topic.is_empty() || self.topic.contains(['+', '#']) => {
                Err("topic is what Frigate's topics begin with, without wildcards")
            }
            Kind::Frigate => Ok(()),
            _ if self.listen.is_none() || of_broker => Err("it posts: it needs listen, and has no broker"),
            _ if self.token.is_none() && self.from.is_empty() => {
                Err("anybody could post plates: it needs a token, or the addresses it posts from")
            }
            _ if self.token.as_ref().is_some_and(|token| token.0.len() < SHORTEST_TOKEN || !plain(&token.0)) => {
                Err("a token is letters, digits, - and _, at least 8")
            }
            _ => Ok(()),
        }
    }
}
