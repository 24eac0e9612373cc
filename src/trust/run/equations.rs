//! What is known of a run so far: linear equations over its symbols, kept solved as far as they go.

use super::field;

/// What an equation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// More are needed.
    Open,
    /// Every symbol is determined.
    Solved,
    /// It cannot hold beside those that came before.
    Contradicts,
}

/// Equations in as many unknowns as there are symbols. A row is kept under its first unknown, whose factor is 1; the
/// factors stand before the bytes they sum up to.
pub(super) struct Equations {
    rows: Vec<Option<Vec<u8>>>,
    known: usize,
}

impl Equations {
    pub(super) fn new(symbols: usize) -> Self {
        Self { rows: vec![None; symbols], known: 0 }
    }

    /// How many of them say something new.
    pub(super) const fn known(&self) -> usize {
        self.known
    }

    /// Takes one: the symbols times these factors are these bytes.
    pub(super) fn add(&mut self, factors: &[u8], symbol: &[u8]) -> Taken {
        let symbols = self.rows.len();
        let mut new: Vec<u8> = factors.iter().chain(symbol).copied().collect();
        let mut first = None;
        for (at, row) in self.rows.iter().enumerate() {
            match row {
                Some(row) => {
                    let factor = new[at];
                    field::add(&mut new[at..], factor, &row[at..]);
                }
                None if new[at] != 0 => first = first.or(Some(at)),
                None => {}
            }
        }
        if let Some(first) = first {
            let mut row = vec![0; new.len()];
            field::add(&mut row, field::inverse(new[first]), &new);
            self.rows[first] = Some(row);
            self.known += 1;
        } else if new[symbols..].iter().any(|byte| *byte != 0) {
            return Taken::Contradicts;
        }
        if self.known == symbols { Taken::Solved } else { Taken::Open }
    }

    /// The symbols, one after another, once all are determined.
    pub(super) fn solve(self) -> Vec<u8> {
        let symbols = self.rows.len();
        let mut rows: Vec<Vec<u8>> = self.rows.into_iter().flatten().collect();
        for at in (1..rows.len()).rev() {
            let (above, from) = rows.split_at_mut(at);
            let Some(row) = from.first() else { continue };
            for other in above {
                let factor = other[at];
                field::add(&mut other[symbols..], factor, &row[symbols..]);
            }
        }
        rows.iter().flat_map(|row| &row[symbols..]).copied().collect()
    }
}
