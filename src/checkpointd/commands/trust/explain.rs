//! `checkpointd trust explain`: every check of a verdict in its order, with what it rests on.
//!
//! Nothing of whom the pass is about is shown: no name, no birth date, no plate, no digits of a document.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use pass::{Document, Outcome, Step};
use serde_json::{Value, json};
use trust::Release;
use trust::format::{Part, hex};
use verdict::{Listed, Status};
use wire::WallTime;

use super::status::name;
use super::{Common, age, moment};
use crate::Error;
use crate::commands::check::text_in;
use crate::judge::{self, Circumstances, Judgement, judge};

/// Explain a verdict: each check, and what it rests on
#[derive(clap::Args)]
#[command(after_help = "No name, no birth date and no plate is shown.\n\n\
                        Exit code: 0 admit, 10 check, 20 refuse, 1 when there is nothing to judge with.\n\n\
                        Examples:\n  checkpointd trust explain --trust data/trust --plate A123BC77 'MP1:…'\n  \
                        checkpointd trust explain --trust data/trust --image photo.jpg --format json")]
pub(super) struct Args {
    /// The trust folder of a box.
    #[arg(long, value_name = "DIR")]
    trust: PathBuf,
    /// The plate of the vehicle.
    #[arg(long)]
    plate: Option<String>,
    /// The officer has compared the plate with the pass.
    #[arg(long)]
    plate_agrees: bool,
    /// A picture with the code.
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    image: Option<PathBuf>,
    /// The text of the code.
    #[arg(required_unless_present = "image")]
    text: Option<String>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: Args) -> Result<ExitCode, Error> {
    let store = super::open(&args.trust)?;
    let release = store.current().ok_or(Error::NoRelease)?;
    let text = match (args.text, args.image) {
        (Some(text), _) => text,
        (None, Some(image)) => text_in(&image)?,
        (None, None) => return Err(Error::NoCode),
    };
    let plate = args.plate.map(|plate| plate::Reading::new(&plate));
    let now = args.common.now();
    let around = Circumstances {
        plate: plate.as_ref(),
        plate_agreed: args.plate_agrees,
        ..Circumstances::new(Some(&release), now)
    };
    let explained = Explained::new(&text, &release, now, store.floor(), plate.is_some(), &judge(&text, around));
    args.common.print(&explained, &explained.to_json());
    Ok(ExitCode::from(match explained.verdict {
        verdict::Outcome::Admit => 0,
        verdict::Outcome::Check => 10,
        verdict::Outcome::Refuse => 20,
    }))
}

/// The checks after the reading, in their order, each with the reasons that belong to it. A reason that stands nowhere
/// here is shown under the last one.
const CHECKS: [(&str, &[&str]); 10] = [
    ("format", &["format-not-enabled", "not-a-pass", "unreadable"]),
    ("key", &["forged", "unknown-key", "unknown-key-old-list", "key-not-valid"]),
    ("time", &["expired", "not-yet-valid", "implausible-dates", "clock-in-doubt"]),
    ("scope", &["out-of-scope"]),
    ("status", &["revoked", "suspended", "status-unknown"]),
    ("territory", &["wrong-territory"]),
    ("kind", &["kind-not-admitted", "compare-document"]),
    ("plate", &["wrong-plate", "compare-plate", "partial-plate", "plate-reading-doubtful"]),
    ("freshness", &["knowledge-old", "no-trust"]),
    ("other", &[]),
];

/// One check.
struct Line {
    check: &'static str,
    outcome: &'static str,
    codes: Vec<&'static str>,
    rests_on: Vec<String>,
}

struct Explained {
    lines: Vec<Line>,
    verdict: verdict::Outcome,
    release: u64,
}

impl Explained {
    fn new(text: &str, release: &Release, now: WallTime, floor: i64, has_plate: bool, judgement: &Judgement) -> Self {
        let trace = pass::trace(text, release);
        let mut lines = Vec::new();
        for step in Step::ALL {
            let (outcome, codes) = match trace.outcome(step) {
                Outcome::Held => ("held", vec![]),
                Outcome::Failed(error) => ("failed", vec![error.code()]),
                Outcome::Absent => ("absent", vec![]),
                Outcome::Unreached => ("unreached", vec![]),
            };
            let rests_on = match step {
                Step::Key => trace.kid.as_deref().map(|kid| format!("kid {}", hex(kid))).into_iter().collect(),
                Step::Algorithm => trace.alg.map(|alg| format!("alg {alg}")).into_iter().collect(),
                _ => Vec::new(),
            };
            lines.push(Line { check: step.as_str(), outcome, codes, rests_on });
        }
        let document = judgement.document.as_ref();
        let reasons: Vec<&'static str> = judgement.verdict.reasons.iter().map(|reason| reason.code()).collect();
        let known = |code: &&str| CHECKS.iter().any(|(_, codes)| codes.contains(code));
        for (check, own) in CHECKS {
            let is_last = check == "other";
            let codes: Vec<_> =
                reasons.iter().copied().filter(|code| own.contains(code) || is_last && !known(code)).collect();
            if is_last && codes.is_empty() {
                continue;
            }
            let reached = document.is_some() || matches!(check, "format" | "key" | "freshness" | "other");
            let outcome = match (codes.is_empty(), reached) {
                (false, _) => weight(&codes),
                (true, true) => "held",
                (true, false) => "unreached",
            };
            let found = Found { document, key: trace.key, release, now, floor, has_plate };
            lines.push(Line { check: verdict_step(check), outcome, codes, rests_on: found.rests_on(check) });
        }
        Self { lines, verdict: judgement.verdict.outcome, release: release.sequence() }
    }

    fn to_json(&self) -> Value {
        json!({
            "verdict": self.verdict.as_str(),
            "release": self.release,
            "checks": self.lines.iter().map(|line| json!({
                "check": line.check,
                "outcome": line.outcome,
                "codes": line.codes,
                "rests_on": line.rests_on,
            })).collect::<Vec<_>>(),
        })
    }
}

/// Steps of the reading and checks of the verdict stand in one list, so that none may share a name.
const fn verdict_step(check: &'static str) -> &'static str {
    match check.as_bytes() {
        b"key" => "key-known",
        _ => check,
    }
}

/// What the weightiest of some codes leads to.
fn weight(codes: &[&str]) -> &'static str {
    let reasons = verdict::Reason::ALL.iter().filter(|reason| codes.contains(&reason.code()));
    match reasons.map(|reason| reason.outcome()).max() {
        Some(verdict::Outcome::Refuse) => "failed",
        _ => "to-compare",
    }
}

/// What there is to rest on.
struct Found<'a> {
    document: Option<&'a Document>,
    key: Option<usize>,
    release: &'a Release,
    now: WallTime,
    floor: i64,
    has_plate: bool,
}

impl Found<'_> {
    fn rests_on(&self, check: &str) -> Vec<String> {
        let Self { release, now, floor, .. } = self;
        match (check, self.document) {
            ("format", _) => vec![format!("formats of the region: {}", release.policy().formats.join(", "))],
            ("key", _) => vec![format!("{} keys in release {}", release.keys(), release.sequence())],
            ("time", document) => {
                let clock =
                    format!("now {}, {}; not before {}", moment(now.unix()), now.trust.as_str(), moment(*floor));
                let dates = document.map(|document| {
                    let shown = |at: Option<i64>| at.map_or("-".to_owned(), moment);
                    format!("valid from {} to {}", shown(document.not_before), shown(document.expires))
                });
                std::iter::once(clock).chain(dates).collect()
            }
            ("scope", Some(document)) => self.scope(document),
            ("status", Some(document)) => self.status(document),
            ("territory", Some(document)) => {
                let bound = if document.regions.is_empty() {
                    "for every territory".to_owned()
                } else {
                    format!("for the territories {:?}", document.regions)
                };
                vec![format!("the box's is {}", release.policy().territory), bound]
            }
            ("kind", Some(document)) => {
                let rule = release.policy().rule(document.kind);
                let rule = rule.map_or("no rule of the policy".to_owned(), |rule| {
                    format!("{}, {}", rule.en, if rule.admitted { "admitted" } else { "not admitted" })
                });
                vec![format!("kind {}: {rule}", document.kind.number())]
            }
            ("plate", Some(document)) => vec![format!(
                "the pass binds {} plates, {}",
                document.plates.len(),
                if self.has_plate { "one was given" } else { "none was given" }
            )],
            ("freshness", _) => {
                let parts = Part::ALL.into_iter().filter_map(|part| Some((part, release.as_of(part)?)));
                parts.map(|(part, as_of)| format!("{} {} old", name(part), age(now.unix() - as_of))).collect()
            }
            _ => Vec::new(),
        }
    }

    fn scope(&self, document: &Document) -> Vec<String> {
        let Some(scope) = self.key.map(|key| self.release.scope(key)) else { return Vec::new() };
        let any = |list: String| if list.is_empty() { "any".to_owned() } else { list };
        let kinds = scope.kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        vec![
            format!("issued by {}; the key speaks for {}", document.issuer, any(scope.issuer.clone())),
            format!("kinds {}, territories {}", any(kinds), any(scope.territories.join(", "))),
            format!("from {} to {}", moment(scope.valid_from), moment(scope.valid_to)),
        ]
    }

    fn status(&self, document: &Document) -> Vec<String> {
        let release = self.release;
        let mut found = Vec::new();
        if let Some(place) = document.status {
            let said = match release.status(&document.issuer, document.status) {
                Status::Valid => "valid",
                Status::Suspended => "suspended",
                Status::Revoked => "revoked",
                Status::ListMissing => "the list is not here, or too short",
                _ => "nothing",
            };
            found.push(format!("list {} of {}, place {}: {said}", place.series, document.issuer, place.index));
        } else {
            found.push("the pass has no place in a list".to_owned());
        }
        for (issuer, key) in judge::places(document) {
            let said = match release.listed(&issuer, &key) {
                Listed::Yes => "listed",
                Listed::No => "not listed",
                Listed::Missing => "not here, or cannot be read",
                Listed::NotKept => continue,
            };
            found.push(format!("revoked ids of {issuer}: {said}"));
        }
        found.push(format!("{} rules of revocation, {} orders", release.rules().len(), release.orders().len()));
        found
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { check, outcome, codes, rests_on } in &self.lines {
            let outcome = if *outcome == "failed" { "FAILED" } else { outcome };
            let told = [codes.join(", "), rests_on.join("; ")].into_iter().filter(|text| !text.is_empty());
            writeln!(
                f,
                "{}",
                format!("{check:<10} {outcome:<10} {}", told.collect::<Vec<_>>().join(" | ")).trim_end()
            )?;
        }
        writeln!(f, "\n{} by release {}", self.verdict.as_str(), self.release)
    }
}
