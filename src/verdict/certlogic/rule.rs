//! The rules of countries: which count for a certificate, and what they say of it together.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use pass::Kind;
use serde_json::Value as Json;

use super::{BadExpression, Expression, Value, evaluate, time};

/// The version of the specification that is evaluated here.
pub const ENGINE: Version = Version(1, 3, 3);

/// One rule, as it travels in a release.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rule {
    /// Its name: `VR-DE-0002`.
    #[n(0)]
    pub identifier: String,
    /// Its version: `1.0.3`. Of several that are valid, the highest counts.
    #[n(1)]
    pub version: String,
    /// The country whose rule it is.
    #[n(2)]
    pub country: String,
    /// Whether it is about the certificates that the country has issued, and not about those that it accepts.
    #[n(3)]
    pub invalidates: bool,
    /// The kind of certificate it is about; none: all.
    #[n(4)]
    pub kind: Option<u16>,
    /// Unix seconds from which it counts.
    #[n(5)]
    pub valid_from: i64,
    /// Unix seconds until which it counts.
    #[n(6)]
    pub valid_to: i64,
    /// The expression as JSON, without spaces; true: the certificate passes.
    #[n(7)]
    pub logic: String,
    /// What it says, for people: language and text.
    #[n(8)]
    pub texts: Vec<(String, String)>,
    /// The version of CertLogic that it needs; none: any.
    #[n(9)]
    pub engine: Option<String>,
}

/// Three numbers with dots between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Reads `1.0.3`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse().ok()).flatten()
        });
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }
}

/// What rules say of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Every rule that counts is fulfilled.
    Accepted,
    /// The first rule that is not.
    Refused(String),
    /// None is broken, but this one cannot be told; none: there is no rule for such certificates, or it is not here.
    Open(Option<String>),
}

/// A rule that is ready to be evaluated.
#[derive(Debug, Clone)]
struct Ready {
    rule: Rule,
    version: Version,
    /// None of a later version of CertLogic, or spoilt on its way.
    logic: Result<Expression, BadExpression>,
}

/// One country's rules.
#[derive(Debug, Clone, Default)]
pub struct Country(Vec<Ready>);

/// What rules are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'s> {
    /// The country by whose rules certificates are accepted.
    pub country: &'s str,
    /// The country that has issued it: its rules may take its own certificates back.
    pub issuer: &'s str,
    /// What it certifies.
    pub kind: Kind,
    /// Unix seconds now.
    pub at: i64,
    /// Unix seconds of its issue and its end, as the envelope says.
    pub issued: Option<i64>,
    /// The end.
    pub expires: Option<i64>,
}

impl Country {
    /// Makes rules ready. A rule that cannot be read is kept: where it counts, the answer is open.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let ready = rules.into_iter().map(|rule| Ready {
            version: Version::parse(&rule.version).unwrap_or(Version(0, 0, 0)),
            logic: Expression::parse(&rule.logic),
            rule,
        });
        Self(ready.collect())
    }

    /// The rules that count: of each name the highest version among those that are valid now and need no newer
    /// engine. In the order of their names.
    fn counting(&self, invalidates: bool, kind: Kind, at: i64) -> Vec<&Ready> {
        let mut found: BTreeMap<&str, &Ready> = BTreeMap::new();
        for ready in &self.0 {
            let rule = &ready.rule;
            let engine = rule.engine.as_deref().map(|engine| Version::parse(engine).is_some_and(|it| it <= ENGINE));
            let counts = rule.invalidates == invalidates
                && rule.kind.is_none_or(|own| own == kind.number())
                && (rule.valid_from..=rule.valid_to).contains(&at)
                && engine.unwrap_or(true);
            if counts && found.get(rule.identifier.as_str()).is_none_or(|other| other.version < ready.version) {
                found.insert(&rule.identifier, ready);
            }
        }
        found.into_values().collect()
    }
}

/// What the rules say of a certificate: those by which `selection.country` accepts, and those by which its issuer
/// takes back what it has issued. `payload` is what the certificate says, `sets` the value sets by name.
pub fn decide(
    countries: &BTreeMap<String, Country>,
    sets: &Json,
    selection: Selection<'_>,
    payload: &Json,
) -> Decision {
    let Selection { country, issuer, kind, at, issued, expires } = selection;
    let of = |country: &str, invalidates| {
        countries.get(country).map_or_else(Vec::new, |rules| rules.counting(invalidates, kind, at))
    };
    let accepting = of(country, false);
    if accepting.is_empty() {
        return Decision::Open(None);
    }
    let time = |unix: Option<i64>| unix.map_or(Value::Null, |unix| Value::Text(time::written(unix).into()));
    let external = Value::fields([
        ("validationClock", time(Some(at))),
        ("valueSets", Value::of(sets)),
        ("countryCode", Value::Text(country.into())),
        ("issuerCountryCode", Value::Text(issuer.into())),
        ("iat", time(issued)),
        ("exp", time(expires)),
    ]);
    let data = external.and_then(|external| Value::fields([("payload", Value::of(payload)), ("external", external)]));
    let Ok(data) = data else { return Decision::Open(None) };
    let mut open = None;
    for ready in accepting.into_iter().chain(of(issuer, true)) {
        let logic = ready.logic.as_ref().ok();
        match logic.map(|logic| evaluate(logic, data.clone()).and_then(|value| value.truth())) {
            Some(Ok(true)) => {}
            Some(Ok(false)) => return Decision::Refused(ready.rule.identifier.clone()),
            Some(Err(_)) | None => open = open.or_else(|| Some(ready.rule.identifier.clone())),
        }
    }
    open.map_or(Decision::Accepted, |rule| Decision::Open(Some(rule)))
}

#[cfg(test)]
mod tests;
