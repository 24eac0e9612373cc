//! `policy.toml`: a region's rules as people edit them, parsed strictly into what boxes follow.

use std::collections::BTreeSet;
use std::path::Path;

use pass::Format;
use serde::Deserialize;
use verdict::{Freshness as Bounds, KindRule, Knowledge, PlateRule};

use crate::Error;
use crate::span::Span;

/// The rules a new region begins with: the kinds of 2020, and the EU's certificates.
pub const DEFAULT: &str = include_str!("policy.toml");

/// Name of the file in a region's folder.
pub const FILE: &str = "policy.toml";

/// Longest name of a kind: what fits on one line of the smallest panel.
const LONGEST_NAME: usize = 24;

/// A region's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// What boxes follow.
    pub policy: verdict::Policy,
    kinds: Vec<Known>,
}

/// A kind as HQ knows it, beyond what boxes need.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    number: u16,
    code: String,
    valid_for: Option<Span>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    formats: Vec<String>,
    freshness: Freshness,
    #[serde(rename = "kind")]
    kinds: Vec<Kind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Freshness {
    fresh_for: Span,
    old_after: Span,
    keys: Option<Part>,
    status: Option<Part>,
    policy: Option<Part>,
    ids: Option<Part>,
    rules: Option<Part>,
    register: Option<Part>,
    orders: Option<Part>,
    acceptance: Option<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    fresh_for: Option<Span>,
    old_after: Option<Span>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    number: u16,
    code: String,
    ru: String,
    en: String,
    admitted: bool,
    plate: Plate,
    compare_document: bool,
    valid_for: Option<Span>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Plate {
    IfBound,
    Required,
    Ignored,
}

impl Rules {
    /// Reads the rules of a region; `territory` is its number as passes name it.
    ///
    /// # Errors
    /// [`Error::Policy`] with the line, [`Error::File`].
    pub fn load(path: &Path, territory: u64) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::file(path))?;
        Self::parse(&text, territory).map_err(|detail| Error::Policy { path: path.to_owned(), detail })
    }

    fn parse(text: &str, territory: u64) -> Result<Self, String> {
        let File { formats, freshness, kinds } = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(unknown) = formats.iter().find(|name| Format::named(name).is_none()) {
            return Err(format!("formats: {unknown:?} is no format that boxes read"));
        }
        let bounds = freshness.bounds()?;
        let (mut numbers, mut codes) = (BTreeSet::new(), BTreeSet::new());
        for kind in &kinds {
            kind.check()?;
            if !numbers.insert(kind.number) || !codes.insert(kind.code.as_str()) {
                return Err(format!("kind {}: its number or its code stands here twice", kind.number));
            }
        }
        let known =
            kinds.iter().map(|kind| Known { number: kind.number, code: kind.code.clone(), valid_for: kind.valid_for });
        Ok(Self {
            kinds: known.collect(),
            policy: verdict::Policy {
                territory,
                formats,
                kinds: kinds.into_iter().map(KindRule::from).collect(),
                fresh_for: freshness.fresh_for.seconds(),
                old_after: freshness.old_after.seconds(),
                freshness: bounds,
                ..verdict::Policy::default()
            },
        })
    }

    /// The number of a kind named by its code or its number.
    ///
    /// # Errors
    /// [`Error::UnknownKind`].
    pub fn kind(&self, name: &str) -> Result<u16, Error> {
        let number = name.parse::<u16>().ok();
        let found = self.kinds.iter().find(|kind| kind.code == name || Some(kind.number) == number);
        found.map(|kind| kind.number).ok_or_else(|| Error::UnknownKind(name.to_owned()))
    }

    /// The code of a kind, or its number when it has none any more.
    pub fn code(&self, number: u16) -> String {
        let found = self.kinds.iter().find(|kind| kind.number == number);
        found.map_or_else(|| number.to_string(), |kind| kind.code.clone())
    }

    /// For how many seconds passes of a kind are valid when nobody says otherwise.
    pub fn valid_for(&self, number: u16) -> Option<i64> {
        self.kinds.iter().find(|kind| kind.number == number)?.valid_for.map(Span::seconds)
    }
}

impl Freshness {
    /// What parts have bounds of their own. One that names only one of the two takes the other from all.
    fn bounds(&self) -> Result<Vec<Bounds>, String> {
        let ordered = |name: &str, fresh_for: Span, old_after: Span| {
            let is_ordered = fresh_for <= old_after;
            is_ordered.then_some(()).ok_or_else(|| format!("{name}: old_after is shorter than fresh_for"))
        };
        ordered("freshness", self.fresh_for, self.old_after)?;
        let own = Knowledge::ALL.into_iter().filter_map(|part| Some((part, self.own(part)?)));
        let bounds = own.map(|(part, own)| {
            let fresh_for = own.fresh_for.unwrap_or(self.fresh_for);
            let old_after = own.old_after.unwrap_or(self.old_after);
            ordered(&format!("freshness.{}", part.as_str()), fresh_for, old_after)?;
            Ok(Bounds { part, fresh_for: fresh_for.seconds(), old_after: old_after.seconds() })
        });
        bounds.collect()
    }

    const fn own(&self, part: Knowledge) -> Option<&Part> {
        match part {
            Knowledge::Keys => &self.keys,
            Knowledge::Status => &self.status,
            Knowledge::Policy => &self.policy,
            Knowledge::Ids => &self.ids,
            Knowledge::Rules => &self.rules,
            Knowledge::Register => &self.register,
            Knowledge::Orders => &self.orders,
            Knowledge::Acceptance => &self.acceptance,
        }
        .as_ref()
    }
}

impl Kind {
    fn check(&self) -> Result<(), String> {
        let Self { number, code, .. } = self;
        if code.is_empty() || !code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(format!("kind {number}: the code {code:?} is not lower-case letters, digits and '-'"));
        }
        if code.parse::<u16>().is_ok() {
            return Err(format!("kind {number}: the code {code:?} would be taken for a number"));
        }
        for name in [&self.ru, &self.en] {
            if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
                return Err(format!("kind {number}: a name has 1 to {LONGEST_NAME} characters, not {name:?}"));
            }
        }
        match self.valid_for {
            Some(span) if !(1..=pass::mp1::LONGEST_VALIDITY).contains(&span.seconds()) => {
                Err(format!("kind {number}: a pass is valid for 400 days at most, and not for nothing"))
            }
            _ => Ok(()),
        }
    }
}

impl From<Kind> for KindRule {
    fn from(kind: Kind) -> Self {
        let plate = match kind.plate {
            Plate::IfBound => PlateRule::IfBound,
            Plate::Required => PlateRule::Required,
            Plate::Ignored => PlateRule::Ignored,
        };
        let Kind { number, ru, en, admitted, compare_document, .. } = kind;
        Self { kind: number, ru, en, admitted, plate, compare_document, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl Fn(&str) -> String) -> String {
        let changed = change(DEFAULT);
        assert_ne!(changed, DEFAULT, "the test changes nothing");
        Rules::parse(&changed, 69).unwrap_err()
    }

    #[test]
    fn the_default_names_the_kinds_of_2020_and_the_certificates() {
        let rules = Rules::parse(DEFAULT, 69).unwrap();
        for (code, number) in [("work", 1), ("family", 2), ("medical", 3), ("one-time", 4), ("official", 5)] {
            assert_eq!(rules.kind(code).unwrap(), number);
            assert_eq!(rules.kind(&number.to_string()).unwrap(), number);
            assert_eq!(rules.code(number), code);
            assert!(rules.valid_for(number).is_some());
        }
        for kind in [pass::Kind::VACCINATION, pass::Kind::TEST, pass::Kind::RECOVERY] {
            assert!(rules.policy.rule(kind).is_some_and(|rule| rule.compare_document));
        }
        assert!(matches!(rules.kind("holiday"), Err(Error::UnknownKind(_))));
        assert_eq!(rules.policy.territory, 69);
    }

    #[test]
    fn a_key_nobody_knows_is_refused_with_its_line() {
        let error = refused(|text| text.replace("compare_document = false\nvalid_for = \"14d\"", "colour = 1"));
        assert!(error.contains("colour") && error.contains("line"), "{error}");
        let error = refused(|text| text.replace("plate = \"required\"", "plate = \"always\""));
        assert!(error.contains("always") && error.contains("line"), "{error}");
        let error = refused(|text| text.replace("fresh_for = \"24h\"", "fresh_for = \"soon\""));
        assert!(error.contains("soon") && error.contains("line"), "{error}");
    }

    #[test]
    fn a_part_may_have_bounds_of_its_own() {
        let file = |more: &str| DEFAULT.replace("old_after = \"7d\"\n", &format!("old_after = \"7d\"\n{more}\n"));
        let parse = |more: &str| Rules::parse(&file(more), 69).map(|rules| rules.policy);
        let policy = parse("[freshness.status]\nold_after = \"2d\"\n[freshness.keys]\nfresh_for = \"7d\"").unwrap();
        let (day, status, keys) = (86_400, Knowledge::Status, Knowledge::Keys);
        assert_eq!(
            policy.freshness,
            [
                Bounds { part: keys, fresh_for: 7 * day, old_after: 7 * day },
                Bounds { part: status, fresh_for: day, old_after: 2 * day },
            ]
        );
        assert_eq!(policy.grade(status, 2 * day + 1), verdict::Grade::Old);
        assert_eq!(policy.grade(Knowledge::Ids, 2 * day + 1), verdict::Grade::Stale);
        assert_eq!(policy.grade(keys, 7 * day), verdict::Grade::Fresh);
        for (more, names) in [
            ("[freshness.weather]\nold_after = \"2d\"", "weather"),
            ("[freshness.status]\nold_after = \"1h\"", "freshness.status: old_after"),
            ("[freshness.status]\ncolour = 1", "colour"),
            ("status = \"2d\"", "status"),
        ] {
            let error = parse(more).unwrap_err();
            assert!(error.contains(names), "{error}");
        }
        // What boxes of before read is what is still written when nothing is said of parts.
        assert!(parse("").unwrap().freshness.is_empty());
    }

    #[test]
    fn rules_that_contradict_each_other_are_refused() {
        assert!(refused(|text| text.replace("number = 2\n", "number = 1\n")).contains("twice"));
        assert!(refused(|text| text.replace("\"family\"", "\"work\"")).contains("twice"));
        assert!(refused(|text| text.replace("\"family\"", "\"Семья\"")).contains("code"));
        assert!(refused(|text| text.replace("\"family\"", "\"7\"")).contains("number"));
        assert!(refused(|text| text.replace("\"HC1\"", "\"HC2\"")).contains("HC2"));
        assert!(refused(|text| text.replace("\"7d\"", "\"1h\"")).contains("old_after"));
        assert!(refused(|text| text.replace("\"90d\"", "\"401d\"")).contains("400 days"));
        assert!(refused(|text| text.replace("\"Рабочий\"", "\"\"")).contains("name"));
    }
}
