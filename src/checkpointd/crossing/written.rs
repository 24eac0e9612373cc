//! What is written down of a crossing: only what the decision needed.

use pass::{Document, Format};
use verdict::{Outcome, PlateSource};
use wire::WallTime;
use wire::entry::{Crossing, Entry, How, Note, PlateSource as Source};

use super::{Open, Presented};

/// A line about the box itself.
pub fn note(code: &str, detail: &str, at: WallTime) -> Entry {
    Entry::Note(Note { at, code: code.to_owned(), detail: detail.to_owned() })
}

/// The crossing as it stands now.
pub(super) fn crossing(open: &Open, lane: u8, shift: Option<&str>, at: WallTime) -> Entry {
    let Open { id, judgement, plate, read_us, presented, .. } = open;
    let document = judgement.document.as_ref();
    let of = |what: fn(&Document) -> String| document.map(what);
    let outcome = match judgement.verdict.outcome {
        Outcome::Admit => wire::entry::Outcome::Admit,
        Outcome::Check => wire::entry::Outcome::Check,
        Outcome::Refuse => wire::entry::Outcome::Refuse,
    };
    let how = match presented {
        Presented::Text(_, how) => *how,
        // Only a plate that was typed opens a crossing.
        Presented::Plate => How::Typed,
        Presented::Nothing => How::NoPass,
    };
    Entry::Crossing(Crossing {
        lane,
        format: of(|document| Format::as_str(document.format).to_owned()),
        issuer: of(|document| document.issuer.clone()),
        pass_id: document.map(|document| document.id.clone()),
        kind: document.map(|document| document.kind.number()),
        plate_seen: plate.as_ref().map(|seen| seen.reading.folded().to_owned()),
        plate_bound: document.and_then(|document| document.plates.first()).map(|plate| plate.as_str().to_owned()),
        reasons: judgement.verdict.reasons.iter().map(|reason| reason.number()).collect(),
        release: judgement.release,
        release_age: judgement.release_age,
        read_us: *read_us,
        judge_us: judgement.judge_us,
        plate_source: plate.as_ref().map(|seen| match seen.source {
            PlateSource::Officer => Source::Officer,
            PlateSource::Feed { is_trusted: false } => Source::Feed,
            PlateSource::Feed { is_trusted: true } => Source::TrustedFeed,
        }),
        shift: shift.map(str::to_owned),
        use_window: judgement.reserves.map(|reserves| reserves.window),
        how: Some(how),
        use_limit: judgement.reserves.map(|reserves| reserves.limit),
        ..Crossing::new(*id, at, outcome)
    })
}
