//! Every step of reading a text, with its outcome: for diagnostics. A verdict never rests on a trace.

use crate::{Document, Error, Format, Keys, Step, hc1, mp1, nzcp, recognise, shc, vdsnc};

/// How one step came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It held.
    Held,
    /// It did not.
    Failed(Error),
    /// The format has no such step.
    Absent,
    /// It could not be tried, because an earlier step failed.
    Unreached,
}

/// What was found on the way from a text to its document.
///
/// Unlike [`crate::read`] it goes on to the content after a failed signature; what it found there is only a
/// claim unless [`Trace::is_verified`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The format the prefix names.
    pub format: Option<Format>,
    /// Bytes before decompression, in formats that have it.
    pub compressed: Option<usize>,
    /// Bytes of the signed envelope.
    pub envelope: Option<usize>,
    /// The COSE algorithm the envelope names, wherever it stands.
    pub alg: Option<i64>,
    /// The key hint.
    pub kid: Option<Vec<u8>>,
    /// The caller's index of the key under which the signature holds.
    pub key: Option<usize>,
    /// The signed bytes of the content, as received.
    pub payload: Option<Vec<u8>>,
    /// What they say.
    pub document: Option<Document>,
    outcomes: [Outcome; Step::ALL.len()],
}

/// Reads a text as [`crate::read`] does, and tells of every step.
pub fn trace(text: &str, keys: &dyn Keys) -> Trace {
    let mut trace = Trace {
        format: None,
        compressed: None,
        envelope: None,
        alg: None,
        kid: None,
        key: None,
        payload: None,
        document: None,
        outcomes: [const { Outcome::Unreached }; Step::ALL.len()],
    };
    match recognise(text) {
        Ok(format) => {
            trace.format = Some(format);
            // Unless the format's own limit of length fails it below.
            trace.hold(Step::Prefix);
            let ended = match format {
                Format::Mp1 => mp1::trace(text, keys, &mut trace),
                Format::Hc1 => hc1::trace(text, keys, &mut trace),
                Format::Nzcp => nzcp::trace(text, keys, &mut trace),
                Format::Shc => shc::trace(text, keys, &mut trace),
                Format::VdsNc => vdsnc::trace(text, keys, &mut trace),
                Format::Link | Format::Code | Format::Card | Format::Plate => Err(Error::NotAPass),
            };
            if let Err(error) = ended {
                trace.fail(error);
            }
        }
        Err(error) => trace.fail(error),
    }
    trace
}

impl Trace {
    /// How a step came out.
    pub fn outcome(&self, step: Step) -> &Outcome {
        &self.outcomes[step as usize]
    }

    /// Whether the signature held, so that `payload` and `document` are more than claims.
    pub fn is_verified(&self) -> bool {
        *self.outcome(Step::Signature) == Outcome::Held
    }

    /// The first failure: what [`crate::read`] says of this text.
    pub fn failure(&self) -> Option<&Error> {
        self.outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Failed(error) => Some(error),
            _ => None,
        })
    }

    pub(crate) fn set(&mut self, step: Step, outcome: Outcome) {
        self.outcomes[step as usize] = outcome;
    }

    pub(crate) fn hold(&mut self, step: Step) {
        self.set(step, Outcome::Held);
    }

    pub(crate) fn fail(&mut self, error: Error) {
        self.set(error.step(), Outcome::Failed(error));
    }

    /// Enters what [`crate::key::search`] said about key, algorithm and signature.
    pub(crate) fn enter_search(&mut self, found: Result<usize, Error>) {
        let steps = [Step::Key, Step::Algorithm, Step::Signature];
        match found {
            Ok(key) => {
                self.key = Some(key);
                steps.into_iter().for_each(|step| self.hold(step));
            }
            Err(error) => {
                steps.into_iter().take_while(|step| *step < error.step()).for_each(|step| self.hold(step));
                self.fail(error);
            }
        }
    }

    /// Enters what the content turned out to be.
    pub(crate) fn enter_document(&mut self, payload: &[u8], document: Result<Document, Error>) {
        self.payload = Some(payload.to_vec());
        match document {
            Ok(document) => {
                self.document = Some(document);
                self.hold(Step::Claims);
            }
            Err(error) => self.fail(error),
        }
    }
}
