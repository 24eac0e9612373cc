//! Our own search against codes that others made, pictures that were drawn here, and what nobody meant as a code.

mod bounds;
mod correct;
mod decode;
mod drawn;
mod layout;
mod memory;
mod noise;
mod pictures;
mod soft;

use std::time::Duration;

use super::Deadline;

/// A deadline for what is not about time: longer than any machine needs.
fn unhurried() -> Deadline {
    Deadline::after(Duration::from_secs(600))
}

/// Chance that repeats itself (splitmix64).
struct Chance(u64);

impl Chance {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.number() as u8
    }

    /// About normal, with a deviation of 1.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.below(1 << 20) as f32 / (1 << 20) as f32).sum::<f32>() - 6.0
    }

    /// Letters that only bytes can carry.
    fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }
}
