//! HQ's time, by way of what goes over the line anyway: a row goes up, a receipt comes down.
//!
//! A row's chain hash hangs on bytes drawn at this start of the box, so nobody knew it before the row was first read
//! here to be sent. HQ's receipt names that hash and the time. So it was signed since then: no receipt can be kept back
//! and played later to a box that has lost its time, except by those minutes that it may be off.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use journal::Urgent;
use uplink::Outbox;
use wire::row::{HASH, Receipt, Row};

use super::Clock;

/// Most rows remembered with the time of their sending.
const REMEMBERED: usize = 256;

/// An outbox that tells the clock what HQ has signed.
pub(crate) struct Exchange<O> {
    outbox: O,
    clock: Arc<Clock>,
    /// The last row that is older than this start.
    before: u64,
    /// The last rows of batches, each with its chain hash and the time since boot when it was first read.
    sent: VecDeque<(u64, [u8; HASH], Duration)>,
}

impl<O: Outbox> Exchange<O> {
    /// `before` is the last row that was there when the box started.
    pub(crate) const fn new(outbox: O, clock: Arc<Clock>, before: u64) -> Self {
        Self { outbox, clock, before, sent: VecDeque::new() }
    }
}

impl<O: Outbox> Outbox for Exchange<O> {
    fn rows_after(&mut self, sequence: u64, rows: usize, bytes: usize) -> Result<Vec<Row>, journal::Error> {
        let asked = self.clock.monotonic();
        let rows = self.outbox.rows_after(sequence, rows, bytes)?;
        // Sent again, a row tells nothing new of the time: it may have been known for long.
        let is_new = |row: &&Row| row.sequence > self.before && self.sent.iter().all(|sent| sent.0 != row.sequence);
        if let Some(last) = rows.last().filter(is_new) {
            if self.sent.len() == REMEMBERED {
                self.sent.pop_front();
            }
            self.sent.push_back((last.sequence, last.chain, asked));
        }
        Ok(rows)
    }

    fn head(&mut self) -> Result<u64, journal::Error> {
        self.outbox.head()
    }

    fn last_alert(&mut self) -> Result<u64, journal::Error> {
        self.outbox.last_alert()
    }

    fn alert_after(&mut self, sequence: u64) -> Result<Option<Urgent>, journal::Error> {
        self.outbox.alert_after(sequence)
    }

    fn settled(&mut self) -> Result<u64, journal::Error> {
        self.outbox.settled()
    }

    fn settle(&mut self, receipt: &Receipt) -> Result<(), journal::Error> {
        self.outbox.settle(receipt)?;
        let covered = |sent: &&(u64, [u8; HASH], Duration)| sent.0 == receipt.sequence && sent.1 == receipt.chain;
        if let Some((.., asked)) = self.sent.iter().find(covered) {
            self.clock.told(receipt.issued, *asked);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wire::ClockTrust;
    use wire::row::{EpochId, RowKind};

    use super::*;
    use crate::desk::{BEGIN, Boot};

    /// Rows up to a head, whose chain hashes are their numbers.
    struct Rows(u64);

    fn row(sequence: u64) -> Row {
        Row {
            epoch: EpochId { counter: 1, nonce: [1; 8] },
            sequence,
            boot: [1; 8],
            kind: RowKind::Entry,
            body: Vec::new(),
            chain: [sequence as u8; HASH],
            mac: [0; HASH],
        }
    }

    impl Outbox for Rows {
        fn rows_after(&mut self, sequence: u64, _: usize, _: usize) -> Result<Vec<Row>, journal::Error> {
            Ok((sequence + 1..=self.0).map(row).collect())
        }
        fn head(&mut self) -> Result<u64, journal::Error> {
            Ok(self.0)
        }
        fn last_alert(&mut self) -> Result<u64, journal::Error> {
            Ok(0)
        }
        fn alert_after(&mut self, _: u64) -> Result<Option<Urgent>, journal::Error> {
            Ok(None)
        }
        fn settled(&mut self) -> Result<u64, journal::Error> {
            Ok(0)
        }
        fn settle(&mut self, receipt: &Receipt) -> Result<(), journal::Error> {
            if receipt.sequence > self.0 { Err(journal::Error::Receipt) } else { Ok(()) }
        }
    }

    fn receipt(sequence: u64, chain: u8) -> Receipt {
        Receipt {
            region: "RU-TVE".parse().unwrap(),
            to: "post-1".parse().unwrap(),
            epoch: EpochId { counter: 1, nonce: [1; 8] },
            sequence,
            chain: [chain; HASH],
            ledger: [2; 8],
            issued: BEGIN,
            budget: None,
        }
    }

    /// A box without a clock whose journal had four rows, and now has a fifth.
    fn exchange() -> (Exchange<Rows>, Arc<Boot>) {
        let boot = Arc::<Boot>::default();
        let clock = Arc::new(Clock::new(boot.clone(), BEGIN - 86_400, None));
        (Exchange::new(Rows(5), clock, 4), boot)
    }

    #[test]
    fn a_receipt_for_a_row_of_this_start_tells_the_time_and_it_goes_on() {
        let (mut exchange, boot) = exchange();
        assert_eq!(exchange.clock.now().trust, ClockTrust::CarriedOver);
        assert_eq!(exchange.rows_after(0, 10, 10).unwrap().len(), 5);
        boot.pass(2);
        exchange.settle(&receipt(5, 5)).unwrap();
        boot.pass(60);
        let now = exchange.clock.now();
        assert_eq!((now.unix(), now.trust), (BEGIN + 60, ClockTrust::Signed));
    }

    #[test]
    fn a_receipt_that_may_be_old_tells_nothing() {
        let trust = |play: fn(&mut Exchange<Rows>, &Boot)| {
            let (mut exchange, boot) = exchange();
            play(&mut exchange, &boot);
            exchange.clock.now().trust
        };
        // For a row from before this start, one that was never sent, another row, one that does not count.
        for (sent, receipt) in [(true, receipt(4, 4)), (false, receipt(5, 5)), (true, receipt(5, 6))] {
            let (mut exchange, _) = exchange();
            if sent {
                exchange.rows_after(0, 10, 10).unwrap();
            }
            exchange.settle(&receipt).unwrap();
            assert_eq!(exchange.clock.now().trust, ClockTrust::CarriedOver, "{receipt:?}");
        }
        let refused = |exchange: &mut Exchange<Rows>, _: &Boot| {
            exchange.rows_after(0, 10, 10).unwrap();
            assert!(exchange.settle(&receipt(9, 9)).is_err());
        };
        // Kept back for an hour, whether or not the row is sent again meanwhile.
        let kept_back = |exchange: &mut Exchange<Rows>, boot: &Boot| {
            exchange.rows_after(0, 10, 10).unwrap();
            boot.pass(3600);
            exchange.rows_after(0, 10, 10).unwrap();
            exchange.settle(&receipt(5, 5)).unwrap();
        };
        for play in [refused, kept_back] {
            assert_eq!(trust(play), ClockTrust::CarriedOver);
        }
    }
}
