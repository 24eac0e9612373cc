//! What policy asks beyond its table: conditions of kinds, and the rules of countries by which certificates are
//! accepted. Both are made ready when a release is assembled, so that nothing is parsed while a car waits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pass::{Document, Format, Kind};
use verdict::certlogic::{Country, Decision, Selection, decide};
use verdict::condition::{Expected, Subject};
use verdict::{Acceptance, Condition, Policy};
use wire::RegionId;

use crate::content::{Carried, Content};
use crate::format::{AcceptanceRule, Part};

/// Conditions and rules that are ready to be asked.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// By kind; none: it cannot be read here, and so cannot be told.
    conditions: HashMap<u16, Option<Expected>>,
    countries: BTreeMap<String, Country>,
}

impl Ready {
    /// Of a region's policy and streams.
    pub(super) fn new(policy: &Policy, region: &RegionId, streams: &[Arc<Carried>]) -> Self {
        let conditions = policy.kinds.iter().filter_map(|rule| {
            let text = rule.condition.as_deref()?;
            let parsed = Expected::parse(text);
            if let Err(error) = &parsed {
                tracing::warn!(kind = rule.kind, %error, "a condition cannot be read here: its passes are checked");
            }
            Some((rule.kind, parsed.ok()))
        });
        let is_its = |stream: &&Arc<Carried>| stream.record.part == Part::Acceptance && stream.record.region == *region;
        let mut countries: BTreeMap<String, Vec<AcceptanceRule>> = BTreeMap::new();
        for stream in streams.iter().filter(is_its) {
            let Content::Bytes(base) = &stream.content else { continue };
            match minicbor::decode::<Vec<AcceptanceRule>>(base) {
                Ok(rules) => rules.into_iter().for_each(|rule| {
                    countries.entry(rule.country.clone()).or_default().push(rule);
                }),
                Err(_) => tracing::warn!(issuer = stream.record.issuer, "rules of acceptance cannot be read here"),
            }
        }
        let countries = countries.into_iter().map(|(country, rules)| (country, Country::new(rules)));
        Self { conditions: conditions.collect(), countries: countries.collect() }
    }
}

impl super::Release {
    /// What policy's condition says of a pass.
    pub fn condition(&self, subject: &Subject<'_>) -> Condition {
        match self.ready.conditions.get(&subject.kind) {
            None => Condition::None,
            Some(None) => Condition::Unknown,
            Some(Some(expected)) => expected.of(subject),
        }
    }

    /// Whether anybody's rules are asked for a kind of certificate.
    pub fn asks_rules(&self, kind: Kind) -> bool {
        self.policy().accepted_by(kind).is_some()
    }

    /// What the rules of the country that policy names say of a certificate at a time in Unix seconds. They are
    /// written for what the EU's certificates say; of any other they cannot tell.
    pub fn accepts(&self, document: &Document, certificate: Option<&serde_json::Value>, at: i64) -> Acceptance {
        let Some(country) = self.policy().accepted_by(document.kind) else { return Acceptance::NotAsked };
        if document.format.is_registered() {
            // The region's own word, with dates of its own.
            return Acceptance::NotAsked;
        }
        let Some(certificate) = certificate.filter(|_| document.format == Format::Hc1) else { return Acceptance::Open };
        let Document { issuer, kind, issued, expires, .. } = document;
        let asked = Selection { country, issuer, kind: *kind, at, issued: *issued, expires: *expires };
        match decide(&self.ready.countries, &serde_json::Value::Null, asked, certificate) {
            Decision::Accepted => Acceptance::Accepted,
            Decision::Refused(_) => Acceptance::Refused,
            Decision::Open(_) => Acceptance::Open,
        }
    }
}
