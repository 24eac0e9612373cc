//! Chance that can be repeated.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A sequence of random numbers that depends on nothing but its seed (splitmix64).
pub struct Chance(u64);

impl Chance {
    /// Draws a seed, or takes that of `CHECKPOINT_SEED`, and prints it: a failure is repeated with it.
    ///
    /// # Panics
    /// When `CHECKPOINT_SEED` is no number.
    pub fn drawn(what: &str) -> Self {
        let given = std::env::var("CHECKPOINT_SEED").ok();
        let seed = match given {
            Some(text) => text.parse().expect("CHECKPOINT_SEED is a number"),
            None => SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_nanos() as u64,
        };
        println!("measured: {what}: seed {seed} (repeat with CHECKPOINT_SEED={seed})");
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when `end` is.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end.max(1) as u64) as usize
    }

    /// A number from a range.
    pub fn within(&mut self, range: std::ops::Range<usize>) -> usize {
        range.start + self.below(range.end - range.start)
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is none.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A span between two numbers of milliseconds.
    pub fn milliseconds(&mut self, range: std::ops::Range<usize>) -> Duration {
        Duration::from_millis(self.within(range) as u64)
    }
}
