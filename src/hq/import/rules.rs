//! Business rules of others: which certificates a country accepts, in CertLogic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pass::Kind;
use serde::Deserialize;
use serde_json::Value;
use trust::format::AcceptanceRule;
use verdict::certlogic::{Expression, LONGEST};

use super::eu_ids::time;
use super::{Error, LeftOut, Problem, Said, Statement, Why, files};
use pass::x509::is_country;

/// Most rules of one import; all countries together had some 300.
const MOST: usize = 10_000;

/// Longest text for people, in bytes.
const LONGEST_TEXT: usize = 2048;

/// What a rule's name begins with, its `CertificateType`, and what kind that is.
const TYPES: [(&str, &str, Option<Kind>); 4] = [
    ("GR", "General", None),
    ("VR", "Vaccination", Some(Kind::VACCINATION)),
    ("TR", "Test", Some(Kind::TEST)),
    ("RR", "Recovery", Some(Kind::RECOVERY)),
];

/// Where rules are.
#[derive(Debug, Default)]
pub struct Rules {
    /// A file with one rule or an array of them; or a folder with a `rule.json` for each, at any depth, else with
    /// such files.
    pub path: PathBuf,
    /// The countries whose rules to take; none: all.
    pub countries: Vec<String>,
    /// A file with the value sets that rules name: an object of arrays by name, or the gateway's value sets, one or an
    /// array of them. They are written into the rules, so that boxes need none; none: rules that name one are open.
    pub sets: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    identifier: String,
    #[serde(rename = "Type")]
    kind: String,
    country: String,
    version: String,
    engine: String,
    engine_version: String,
    schema_version: String,
    certificate_type: String,
    description: Vec<Text>,
    valid_from: String,
    valid_to: String,
    affected_fields: Vec<String>,
    logic: Value,
}

#[derive(Deserialize)]
struct Text {
    lang: String,
    desc: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

impl Rules {
    /// Reads and checks all of them.
    ///
    /// # Errors
    /// [`Error`]; nothing of them is to be used then.
    pub fn read(&self, source: &str, as_of: Option<i64>, now: i64) -> Result<Statement, Error> {
        let as_of = as_of.map_or_else(|| files::written(&self.path), Ok)?;
        let sets = self.sets.as_deref().map(sets).transpose()?.unwrap_or_default();
        let mut rules: BTreeMap<(String, String), AcceptanceRule> = BTreeMap::new();
        let mut left_out = Vec::new();
        for path in self.files()? {
            let told = match files::json::<OneOrMany>(&path, &files::read(&path)?)? {
                OneOrMany::Many(rules) => rules,
                OneOrMany::One(rule) => vec![rule],
            };
            for (at, value) in told.into_iter().enumerate() {
                // From the value, so that an error names what is missing and not that no form fits.
                let mut rule: Rule =
                    serde_json::from_value(value).map_err(|source| Error::Shape { path: path.clone(), source })?;
                inline(&mut rule.logic, &sets);
                let name = format!("rule {} ({:.32} {:.16})", at + 1, rule.identifier, rule.version);
                let wrong = |problem| Error::entry(&path, name.clone())(problem);
                let rule = rule.check().map_err(wrong)?;
                if !self.countries.is_empty() && !self.countries.contains(&rule.country) {
                    continue;
                }
                if rule.valid_to < now {
                    left_out.push(LeftOut { what: format!("{} {}", rule.identifier, rule.version), why: Why::Ended });
                    continue;
                }
                let key = (rule.identifier.clone(), rule.version.clone());
                if rules.get(&key).is_some_and(|other| *other != rule) {
                    return Err(wrong(Problem::Twice));
                }
                rules.insert(key, rule);
                if rules.len() > MOST {
                    return Err(Error::TooMuch { path });
                }
            }
        }
        if rules.is_empty() && left_out.is_empty() {
            return Err(Error::Empty { path: self.path.clone() });
        }
        let checked = "nobody's signature was looked at".to_owned();
        let said = Said::Rules(rules.into_values().collect());
        Ok(Statement { source: source.to_owned(), as_of, checked, left_out, said })
    }

    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        if !self.path.is_dir() {
            return Ok(vec![self.path.clone()]);
        }
        let named = |path: &PathBuf| path.file_name() == Some(Path::new("rule.json").as_os_str());
        let named: Vec<PathBuf> = files::walk(&self.path, 8)?.into_iter().filter(named).collect();
        if named.is_empty() { files::these(&self.path, &["json"]) } else { Ok(named) }
    }
}

impl Rule {
    fn check(self) -> Result<AcceptanceRule, Problem> {
        let (kind_of_rule, place) = self.identifier.split_at_checked(3).ok_or(Problem::Identity)?;
        let number = place.strip_prefix(&self.country).and_then(|rest| rest.strip_prefix('-'));
        let number =
            number.is_some_and(|number| number.len() == 4 && number.bytes().all(|digit| digit.is_ascii_digit()));
        let invalidates = match self.kind.as_str() {
            "Acceptance" => false,
            "Invalidation" => true,
            _ => return Err(Problem::Identity),
        };
        let of_type = TYPES.into_iter().find(|(_, name, _)| *name == self.certificate_type);
        let (begins, _, kind) = of_type.ok_or(Problem::Identity)?;
        // A rule about one kind says so in its name, too; one that invalidates begins with IR.
        let begins = if invalidates { "IR" } else { begins };
        let named = kind_of_rule.strip_suffix('-') == Some(begins);
        let versions = [&self.version, &self.schema_version, &self.engine_version];
        let versioned = versions.into_iter().all(|version| is_version(version)) && self.engine == "CERTLOGIC";
        if !number || !named || !versioned || !is_country(&self.country) {
            return Err(Problem::Identity);
        }
        let valid_from = time(&self.valid_from).ok_or(Problem::Time)?;
        let valid_to = time(&self.valid_to).ok_or(Problem::Time)?;
        if valid_to <= valid_from {
            return Err(Problem::Validity);
        }
        let logic = self.logic.to_string();
        let told = self.affected_fields.iter().chain(self.description.iter().flat_map(|text| [&text.lang, &text.desc]));
        if told.into_iter().any(|text| text.len() > LONGEST_TEXT) || logic.len() > LONGEST {
            return Err(Problem::Count);
        }
        if Expression::read(&self.logic).is_err() {
            return Err(Problem::Logic);
        }
        // Texts of strangers are shown to nobody in a language that the panel does not speak.
        let texts = self.description.into_iter().filter(|text| matches!(&text.lang[..], "en" | "ru"));
        Ok(AcceptanceRule {
            identifier: self.identifier,
            version: self.version,
            country: self.country,
            invalidates,
            kind: kind.map(Kind::number),
            valid_from,
            valid_to,
            logic,
            texts: texts.map(|text| (text.lang, text.desc)).collect(),
            engine: Some(self.engine_version),
        })
    }
}

/// Value sets by their names.
type Sets = BTreeMap<String, Vec<Value>>;

/// One of the gateway's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewaySet {
    value_set_id: String,
    value_set_values: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SetsFile {
    One(GatewaySet),
    Many(Vec<GatewaySet>),
    ByName(BTreeMap<String, Vec<String>>),
}

fn sets(path: &Path) -> Result<Sets, Error> {
    let codes = |set: GatewaySet| (set.value_set_id, set.value_set_values.into_keys().map(Value::from).collect());
    Ok(match files::json(path, &files::read(path)?)? {
        SetsFile::One(set) => [codes(set)].into(),
        SetsFile::Many(sets) => sets.into_iter().map(codes).collect(),
        SetsFile::ByName(sets) => {
            sets.into_iter().map(|(name, codes)| (name, codes.into_iter().map(Value::from).collect())).collect()
        }
    })
}

/// Writes value sets in the place of their names. JSON from a file is no deeper than its reader goes.
fn inline(logic: &mut Value, sets: &Sets) {
    let named = logic.get("var").and_then(Value::as_str).and_then(|path| path.strip_prefix("external.valueSets."));
    if let Some(set) = named.and_then(|name| sets.get(name)) {
        *logic = Value::Array(set.clone());
        return;
    }
    match logic {
        Value::Array(items) => items.iter_mut().for_each(|item| inline(item, sets)),
        Value::Object(entries) => entries.values_mut().for_each(|value| inline(value, sets)),
        _ => {}
    }
}

/// Three numbers with dots between.
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.parse::<u32>().is_ok())
}
