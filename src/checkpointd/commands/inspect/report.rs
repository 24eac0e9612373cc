//! The outcome of every step, and how it is shown.

use std::fmt;

use pass::{Document, Format, Kind, Outcome, Step, Trace};
use serde_json::{Value, json};

use super::claims::{self, hex, moment};
use super::keys::{Given, KeyRing};

/// How far ahead an issuer's clock may be, in seconds: as the verdict has it.
const ISSUED_AHEAD: i64 = 300;

/// What was found.
pub(super) struct Report {
    trace: Trace,
    lines: Vec<Line>,
    /// The key under which the signature holds, by its name on the command line, and its validity.
    key: Option<(String, Option<(i64, i64)>)>,
}

/// One step.
pub(super) struct Line {
    pub step: &'static str,
    pub found: Found,
}

/// How it came out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Held,
    Failed { code: &'static str, why: String },
    Absent,
    Unreached,
}

impl Report {
    /// Takes every step of a text, and compares its validity with a time.
    pub fn new(text: &str, ring: &KeyRing, at: jiff::Timestamp) -> Self {
        let trace = pass::trace(text, ring);
        let key = trace.key.map(|key| ring.given(key));
        let mut lines: Vec<Line> =
            Step::ALL.into_iter().map(|step| Line { step: step.as_str(), found: found(trace.outcome(step)) }).collect();
        let document = trace.document.as_ref();
        lines.push(Line { step: "usage", found: usage(document, key, ring) });
        lines.push(Line { step: "time", found: document.map_or(Found::Unreached, |d| time(d, at.as_second())) });
        let key = key.map(|given| (given.name.clone(), given.valid));
        Self { trace, lines, key }
    }

    /// Whether every step holds that the format has.
    pub fn holds(&self) -> bool {
        self.lines.iter().all(|line| matches!(line.found, Found::Held | Found::Absent))
    }

    #[cfg(test)]
    pub fn found(&self, step: &str) -> &Found {
        &self.lines.iter().find(|line| line.step == step).expect("a step of this name").found
    }

    pub fn to_json(&self) -> Value {
        let Self { trace, lines, key } = self;
        let steps: Vec<Value> = lines
            .iter()
            .map(|Line { step, found }| match found {
                Found::Held => json!({ "step": step, "outcome": "held" }),
                Found::Failed { code, why } => json!({ "step": step, "outcome": "failed", "code": code, "error": why }),
                Found::Absent => json!({ "step": step, "outcome": "absent" }),
                Found::Unreached => json!({ "step": step, "outcome": "unreached" }),
            })
            .collect();
        json!({
            "holds": self.holds(),
            "format": trace.format.map(Format::as_str),
            "steps": steps,
            "compressed_bytes": trace.compressed,
            "cose_bytes": trace.envelope,
            "alg": trace.alg,
            "kid": trace.kid.as_deref().map(hex),
            "key": key.as_ref().map(|(name, valid)| json!({
                "given_as": name,
                "valid_from": valid.map(|(from, _)| moment(from)),
                "valid_to": valid.map(|(_, to)| moment(to)),
            })),
            // Whoever reads on must not miss it.
            "claims_verified": trace.is_verified(),
            "claims": trace.payload.as_deref().map(|payload| claims::content(trace.format, payload)),
            "document": trace.document.as_ref().map(claims::document),
        })
    }
}

/// For people: a line a step, then what is known, then the claims.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, lines, key } = self;
        for Line { step, found } in lines {
            match found {
                Found::Held => writeln!(f, "{step:<10} held")?,
                Found::Failed { code, why } => writeln!(f, "{step:<10} FAILED  {code}: {why}")?,
                Found::Absent => writeln!(f, "{step:<10} absent")?,
                Found::Unreached => writeln!(f, "{step:<10} unreached")?,
            }
        }
        writeln!(f)?;
        let mut fact = |name: &str, value: Option<String>| match value {
            Some(value) => writeln!(f, "{name:<10} {value}"),
            None => Ok(()),
        };
        fact("format", trace.format.map(|format| format.as_str().to_owned()))?;
        fact("compressed", trace.compressed.map(|bytes| format!("{bytes} bytes")))?;
        fact("envelope", trace.envelope.map(|bytes| format!("{bytes} bytes")))?;
        fact("alg", trace.alg.map(|alg| alg.to_string()))?;
        fact("kid", trace.kid.as_deref().map(kid))?;
        fact("signed by", key.as_ref().map(|(name, _)| name.clone()))?;
        if let Some(payload) = &trace.payload {
            let mark = if trace.is_verified() { "verified" } else { "UNVERIFIED: nothing proves them" };
            let shown =
                claims::content(trace.format, payload).map_or_else(|| hex(payload), |content| format!("{content:#}"));
            writeln!(f, "\nclaims ({mark})\n{shown}")?;
        }
        if let Some(document) = &trace.document {
            let mark = if trace.is_verified() { "verified" } else { "UNVERIFIED" };
            writeln!(f, "\ndocument ({mark})\n{:#}", claims::document(document))?;
        }
        Ok(())
    }
}

/// A kid for people: those of some formats are a text.
fn kid(kid: &[u8]) -> String {
    let text = str::from_utf8(kid).ok().filter(|text| kid.len() != 8 && text.bytes().all(|c| c.is_ascii_graphic()));
    text.map_or_else(|| hex(kid), str::to_owned)
}

fn found(outcome: &Outcome) -> Found {
    match outcome {
        Outcome::Held => Found::Held,
        Outcome::Absent => Found::Absent,
        Outcome::Unreached => Found::Unreached,
        Outcome::Failed(error) => Found::Failed { code: error.code(), why: with_causes(error) },
    }
}

/// An error with what led to it, on one line.
fn with_causes(error: &pass::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Whether the signer's certificate lets it sign this; while the signer is not known, whether any certificate
/// given would. A bare key does not say.
fn usage(document: Option<&Document>, key: Option<&Given>, ring: &KeyRing) -> Found {
    let Some(document) = document else { return Found::Unreached };
    let kinds: Vec<&[Kind]> = match key {
        Some(signer) => signer.kinds.as_deref().into_iter().collect(),
        None => ring.all().filter_map(|given| given.kinds.as_deref()).collect(),
    };
    if kinds.is_empty() {
        return if key.is_some() || document.format == Format::Mp1 { Found::Absent } else { Found::Unreached };
    }
    if kinds.iter().any(|kinds| kinds.contains(&document.kind)) {
        return Found::Held;
    }
    let may: Vec<&str> = kinds.into_iter().flatten().map(|kind| name(*kind)).collect();
    let why = format!("the certificate may sign {} only, and this is of {}", may.join(" and "), name(document.kind));
    Found::Failed { code: "key-usage", why }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::VACCINATION => "vaccination",
        Kind::TEST => "test",
        Kind::RECOVERY => "recovery",
        Kind::COVID_PASS => "a COVID pass",
        _ => "another kind",
    }
}

/// Whether the document is in force; the claims may be unverified, and the mark beside them says so.
fn time(document: &Document, at: i64) -> Found {
    let fail = |code, what: &str, limit: i64| {
        let shown = |unix| moment(unix).to_string().replace('"', "");
        Found::Failed { code, why: format!("{what} {}, asked about {}", shown(limit), shown(at)) }
    };
    match (document.expires, document.not_before, document.issued) {
        (None, ..) if document.format.must_end() => {
            Found::Failed { code: "no-expiry", why: "no end of validity is given".to_owned() }
        }
        (Some(expires), ..) if at > expires => fail("expired", "ended", expires),
        (_, Some(begins), _) if at < begins => fail("not-yet-valid", "begins", begins),
        (.., Some(issued)) if issued > at.saturating_add(ISSUED_AHEAD) => fail("issued-in-future", "issued", issued),
        _ => Found::Held,
    }
}
