//! What a busy hour came to, in figures.

use std::collections::BTreeMap;
use std::time::Duration;

use checkpointd::gauges::Timing;
use hq::ledger::Ledger;
use hq::open::Filter;
use journal::{Author, Outbox};
use serde::Serialize;

use crate::Error;
use crate::post::Post;
use crate::region::Desk;

/// Rows compared at a time.
const TOGETHER: usize = 500;

/// Everything that was counted and measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Minutes that were asked for.
    pub minutes: f64,
    /// Seconds it took, with starting and draining.
    pub wall_s: f64,
    /// As HQ has them.
    pub crossings: Crossings,
    /// From the frame handed to the reader to the verdict on the disk, in milliseconds.
    pub latency_ms: Spread,
    /// Share of that time that each step takes.
    pub share: Share,
    /// Rows at the boxes and in the ledger.
    pub rows: Rows,
    /// From a row on a box's disk to HQ's receipt, in milliseconds; outages are in it.
    pub uplink_lag_ms: Spread,
    /// The same, of rows written while the line was up.
    pub uplink_lag_line_up_ms: Spread,
    /// Frames of all cameras.
    pub frames: Frames,
    /// Whether every chain and signature held, at the boxes and at HQ.
    pub chain_verified: bool,
    /// What was stopped and started again while it worked.
    pub kills: Kills,
    /// Lines that were cut.
    pub cuts: u64,
    /// The weather that was played, if it was not the usual one.
    pub scenario: Option<String>,
    /// Rows handed to the lines more often than once, of a hundred that were written.
    pub resent_percent: f64,
}

/// Crossings by what was said of them.
#[derive(Debug, Default, Serialize)]
pub struct Crossings {
    /// All.
    pub total: u64,
    /// By outcome.
    pub by_outcome: BTreeMap<String, u64>,
    /// By reason; one may have several.
    pub by_reason: BTreeMap<String, u64>,
}

/// A distribution.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many values.
    pub count: usize,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// Of values in any order.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            // Nearest rank: the smallest value that at least this share does not exceed.
            let rank = (share * values.len() as f64).ceil() as usize;
            values.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Self { count: values.len(), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0) }
    }

    /// Of times, in milliseconds.
    pub fn of_times(times: &[Duration]) -> Self {
        Self::of(times.iter().map(|time| time.as_secs_f64() * 1000.0).collect())
    }
}

/// Shares of the latency, 0 to 1.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Reading the code.
    pub read: f64,
    /// Judging its text.
    pub judge: f64,
    /// Sealing, chaining, writing, and the way between the workers.
    pub durable: f64,
}

impl Share {
    /// Of all timings together.
    pub fn of(timings: &[Timing]) -> Self {
        let sum = |part: fn(&Timing) -> u64| timings.iter().map(part).sum::<u64>() as f64;
        let whole = sum(|timing| timing.whole).max(1.0);
        Self {
            read: sum(|timing| timing.read) / whole,
            judge: sum(|timing| timing.judge) / whole,
            durable: sum(|timing| timing.durable) / whole,
        }
    }
}

/// Rows, here and there.
#[derive(Debug, Default, Serialize)]
pub struct Rows {
    /// On the boxes' disks.
    pub written: u64,
    /// In HQ's ledger.
    pub in_ledger: u64,
    /// On a box's disk and not in the ledger, or not with the same bytes.
    pub lost: u64,
    /// In the ledger more often than once, or without being on the box's disk.
    pub duplicated: u64,
}

/// Frames of all cameras.
#[derive(Debug, Default, Serialize)]
pub struct Frames {
    /// Given by the cameras.
    pub taken: u64,
    /// Replaced by newer ones before anybody looked.
    pub dropped: u64,
    /// Looked at.
    pub looks: u64,
}

/// What was stopped while it worked.
#[derive(Debug, Default, Serialize)]
pub struct Kills {
    /// Boxes.
    #[serde(rename = "box")]
    pub boxes: u64,
    /// HQ, with its broker.
    pub hq: u64,
}

/// Compares every box's journal with HQ's ledger, row by row, and checks every chain.
///
/// # Errors
/// When one of them cannot be read.
pub fn compare(desk: &Desk) -> Result<(Rows, bool), Error> {
    let failed = |error: &dyn std::error::Error| Error::Failed(crate::error::chain(error));
    let ledger = Ledger::open_for_reading(&desk.region.ledger_path(), desk.region.id()).map_err(|e| failed(&e))?;
    let mut rows = Rows::default();
    let mut holds =
        ledger.conflicts().map_err(|e| failed(&e))?.is_empty() && ledger.holes().map_err(|e| failed(&e))?.is_empty();
    for post in &desk.posts {
        let (name, key) = known(desk, post)?;
        let outbox = Outbox::open(&post.journal()).map_err(|e| failed(&e))?;
        let mut after = 0;
        loop {
            let here = outbox.rows_after(after, TOGETHER, usize::MAX).map_err(|e| failed(&e))?;
            let Some(last) = here.last() else { break };
            let most = u32::try_from(here.len()).unwrap_or(u32::MAX);
            // A box with little room has let go of what was receipted; the ledger's holes are looked for above.
            let gone = here.first().map_or(0, |row| row.sequence - 1 - after);
            let there = ledger.rows_after(&name, after + gone, most).map_err(|e| failed(&e))?;
            holds &= there.iter().all(|stored| stored.fault.is_none());
            let there: BTreeMap<_, _> = there.iter().map(|stored| (stored.row.sequence, &stored.row)).collect();
            rows.lost += here.iter().filter(|row| there.get(&row.sequence) != Some(row)).count() as u64;
            rows.written += gone + here.len() as u64;
            after = last.sequence;
        }
        holds &= ledger.set_aside(&name).map_err(|e| failed(&e))?.is_empty();
        let author = Author { region: desk.region.id().clone(), name: name.clone(), key };
        let report = journal::verify_by(&post.journal(), &author).map_err(|e| failed(&e))?;
        holds &= report.fault.is_none() && report.quarantined == 0;
        let standing = ledger.boxes().map_err(|e| failed(&e))?.into_iter().find(|standing| standing.name == name);
        rows.in_ledger += standing.map_or(0, |standing| standing.rows);
    }
    rows.duplicated = rows.in_ledger.saturating_sub(rows.written - rows.lost);
    Ok((rows, holds))
}

fn known(desk: &Desk, post: &Post) -> Result<(wire::BoxId, ed25519_dalek::VerifyingKey), Error> {
    let found = desk.region.boxes()?.into_iter().find(|(name, _)| name.as_str() == post.name.name);
    found.ok_or_else(|| Error::Unknown(format!("box {:?}", post.name.name)))
}

/// Crossings as HQ counts them.
pub fn crossings(desk: &Desk) -> Crossings {
    let counts = desk.with_hq(|hq| hq.shown().counts(&Filter::default()).ok()).flatten().unwrap_or_default();
    Crossings {
        total: counts.crossings,
        by_outcome: counts.by_outcome.into_iter().map(|(outcome, count)| (outcome.to_owned(), count)).collect(),
        by_reason: counts.by_reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_nearest_ranks() {
        let spread = Spread::of((1..=100).rev().map(f64::from).collect());
        assert_eq!((spread.p50, spread.p95, spread.p99, spread.max), (50.0, 95.0, 99.0, 100.0));
        assert_eq!(Spread::of(Vec::new()), Spread::default());
        assert_eq!(Spread::of(vec![7.0]).p95, 7.0);
    }
}
