//! Ascending numbers as gaps, in the code of Golomb and Rice: within 0.04 bits each of what chance allows.

use super::Error;

/// What is said of numbers or lengths that are not as they must be.
const NUMBERS: Error = Error::Malformed("table");

/// Low bits of a gap that are written as they are, where `count` numbers are spread over `0..=max`. Half the mean gap
/// or more, and at most the whole of it: never far from the best.
pub fn parameter(max: u128, count: u64) -> u32 {
    max.checked_div(u128::from(count)).and_then(u128::checked_ilog2).unwrap_or(0)
}

/// Bits, the most significant first.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Writer {
    /// Goes on after what stands there.
    pub fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, held: 0, count: 0 }
    }

    fn put(&mut self, value: u128, count: u32) {
        if count > 32 {
            self.put(value >> 32, count - 32);
        }
        let count = count.min(32);
        self.held = self.held << count | (value as u64 & ((1 << count) - 1));
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.held >> self.count) as u8);
        }
    }

    fn rice(&mut self, gap: u128, k: u32) {
        for _ in 0..gap >> k {
            self.put(1, 1);
        }
        self.put(0, 1);
        self.put(gap, k);
    }

    /// Writes ascending numbers, the first of which is at least `least`.
    pub fn ascending(&mut self, numbers: impl IntoIterator<Item = u128>, mut least: u128, k: u32) {
        for number in numbers {
            self.rice(number - least, k);
            // Nothing follows the last number there is.
            least = number.wrapping_add(1);
        }
    }

    /// The bytes, the last one filled with zeros.
    pub fn end(mut self) -> Vec<u8> {
        self.put(0, (8 - self.count) % 8);
        self.bytes
    }
}

/// Reads what [`Writer`] wrote.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'b> {
    bytes: &'b [u8],
    bit: usize,
}

impl<'b> Reader<'b> {
    /// From the first bit.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, bit: 0 }
    }

    /// At least 121 bits from here on, the next one on top; zeros behind the end.
    fn ahead(&self) -> u128 {
        let at = self.bit / 8;
        let word = match self.bytes.get(at..at + 16) {
            Some(whole) => whole.try_into().expect("sixteen bytes were cut"),
            None => {
                let rest = self.bytes.get(at..).unwrap_or_default();
                let mut word = [0; 16];
                word[..rest.len()].copy_from_slice(rest);
                word
            }
        };
        u128::from_be_bytes(word) << (self.bit % 8)
    }

    /// The next gap, at most `most`.
    fn rice(&mut self, k: u32, most: u128) -> Result<u128, Error> {
        let ahead = self.ahead();
        let ones = ahead.leading_ones();
        if ones + 1 + k <= 121 {
            self.bit += (ones + 1 + k) as usize;
            let low = (ahead << (ones + 1)).checked_shr(128 - k).unwrap_or(0);
            return self.within(u128::from(ones) << k | low, most);
        }
        // Long ones, of which an honest file has few.
        let mut high: u128 = 0;
        loop {
            let ones = self.ahead().leading_ones().min(64);
            self.bit += ones as usize;
            high += u128::from(ones);
            if high > most >> k {
                return Err(NUMBERS);
            }
            if ones < 64 {
                break;
            }
        }
        self.bit += 1;
        let mut gap = high;
        for part in [k / 2, k - k / 2] {
            gap = gap << part | self.ahead().checked_shr(128 - part).unwrap_or(0);
            self.bit += part as usize;
        }
        self.within(gap, most)
    }

    /// The gap, unless it is too large or was read past the end.
    fn within(&self, gap: u128, most: u128) -> Result<u128, Error> {
        if gap <= most && self.bit <= self.bytes.len() * 8 { Ok(gap) } else { Err(NUMBERS) }
    }

    /// Begins `count` ascending numbers in `least..=max`. What they need at least must be there.
    pub fn ascending(&mut self, count: u64, least: u128, max: u128, k: u32) -> Result<Ascending<'_, 'b>, Error> {
        let there = (self.bytes.len() * 8).saturating_sub(self.bit) as u64;
        if count.checked_mul(u64::from(k) + 1).is_none_or(|bits| bits > there) {
            return Err(NUMBERS);
        }
        Ok(Ascending { bits: self, left: count, least, max, k })
    }

    /// What stands behind the bits read, whose last byte must be filled with zeros.
    pub fn rest(self) -> Result<&'b [u8], Error> {
        let spare = (8 - self.bit % 8) % 8;
        let clean = spare == 0 || self.ahead().checked_shr(128 - spare as u32) == Some(0);
        if !clean {
            return Err(NUMBERS);
        }
        self.bytes.get(self.bit.div_ceil(8)..).ok_or(NUMBERS)
    }
}

/// Numbers as they are read.
#[derive(Debug)]
pub struct Ascending<'r, 'b> {
    bits: &'r mut Reader<'b>,
    left: u64,
    least: u128,
    max: u128,
    k: u32,
}

impl Iterator for Ascending<'_, '_> {
    type Item = Result<u128, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let number = self.max.checked_sub(self.least).ok_or(NUMBERS).and_then(|most| {
            let number = self.least + self.bits.rice(self.k, most)?;
            // Nothing can follow the last number there is.
            match number.checked_add(1) {
                Some(least) => self.least = least,
                None if self.left == 0 => {}
                None => return Err(NUMBERS),
            }
            Ok(number)
        });
        if number.is_err() {
            self.left = 0;
        }
        Some(number)
    }
}

/// Writes a number in groups of seven bits, the lowest first (LEB128).
pub fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads a number of at most `most`, written in as few groups as it needs.
pub fn take_number(bytes: &mut &[u8], most: u64) -> Result<u64, Error> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (group, rest) = bytes.split_first().ok_or(NUMBERS)?;
        *bytes = rest;
        number |= u64::from(group & 127) << shift;
        if group & 128 == 0 {
            let shortest = *group != 0 || shift == 0;
            return Some(number).filter(|number| shortest && *number <= most).ok_or(NUMBERS);
        }
    }
    Err(NUMBERS)
}
