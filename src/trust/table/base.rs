//! Reads a base: its directory in memory, a bucket at a time from the file.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use super::bits::{Reader, parameter, take_number};
use super::writing::LONGEST_BUCKET;
use super::{Access, Error, Key, MOST, Shape, Source, Value, runs};

/// How a base begins: a table, and the version of its format.
pub const MAGIC: [u8; 4] = *b"CKT\x01";

/// Bytes before the first bucket: [`MAGIC`], shape, three zeros, count.
const HEADER: usize = 16;

/// Least mean of entries in a bucket, and half the most: so that a bucket seldom lies on more than one page of a disk,
/// and never on more than two, and the directory costs little.
const fn in_a_bucket(shape: Shape) -> u64 {
    match shape {
        Shape::Set => 32,
        Shape::Map => 8,
    }
}

/// How many bytes [`Entries`] reads at once, where buckets are not longer.
const WINDOW: usize = 64 * 1024;

const WRONG: Error = Error::Malformed("table");

/// What follows from shape and count alone.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    shape: Shape,
    count: u64,
    /// The top bits of a key, which are the number of its bucket.
    bits: u32,
    /// [`parameter`] of the gaps.
    pub k: u32,
}

impl Layout {
    /// Unless there are too many entries.
    pub fn new(shape: Shape, count: u64) -> Option<Self> {
        let bits = (count / in_a_bucket(shape)).checked_ilog2().unwrap_or(0);
        (count <= MOST).then(|| Self { shape, count, bits, k: parameter(u128::MAX, count) })
    }

    /// How many buckets there are.
    pub const fn buckets(&self) -> usize {
        1 << self.bits
    }

    /// In which bucket a key is.
    pub fn bucket(&self, key: u128) -> usize {
        key.checked_shr(128 - self.bits).unwrap_or(0) as usize
    }

    /// The least key that a bucket may have.
    pub fn least(&self, bucket: usize) -> u128 {
        (bucket as u128).checked_shl(128 - self.bits).unwrap_or(0)
    }

    /// The greatest one.
    fn greatest(&self, bucket: usize) -> u128 {
        self.least(bucket) | u128::MAX >> self.bits
    }

    /// Splits a bucket into the number of its entries, and what follows.
    fn count<'b>(&self, mut bytes: &'b [u8]) -> Result<(u64, Reader<'b>), Error> {
        if bytes.is_empty() {
            return Ok((0, Reader::new(bytes)));
        }
        match take_number(&mut bytes, self.count)? {
            0 => Err(WRONG),
            count => Ok((count, Reader::new(bytes))),
        }
    }
}

/// A sorted file of keys, with or without values. In memory: four bytes for 32 to 64 keys, or for 8 to
/// 16 with values; copies share them.
#[derive(Debug, Clone)]
pub struct Base<S = File> {
    source: S,
    layout: Layout,
    /// Where each bucket ends, from the first one on.
    ends: Arc<[u32]>,
}

impl<S: Source> Base<S> {
    /// Reads header and directory. What stands in the buckets is checked as it is read.
    ///
    /// # Errors
    /// [`Error::Malformed`], or [`Error::Io`].
    pub fn open(source: S) -> Result<Self, Error> {
        let length = source.length()?;
        let mut header = [0; HEADER];
        if length < HEADER as u64 {
            return Err(WRONG);
        }
        source.read_exact_at(&mut header, 0)?;
        let (start, count) = header.split_at(8);
        let shape = match start.strip_prefix(&MAGIC) {
            Some([0, 0, 0, 0]) => Shape::Set,
            Some([1, 0, 0, 0]) => Shape::Map,
            _ => return Err(WRONG),
        };
        let count = u64::from_be_bytes(count.try_into().expect("eight bytes were left"));
        let layout = Layout::new(shape, count).ok_or(WRONG)?;

        let size = layout.buckets() * 4;
        let buckets = length.checked_sub((HEADER + size) as u64).ok_or(WRONG)?;
        let mut ends = Vec::with_capacity(layout.buckets());
        let mut piece = [0; 4096];
        let mut last = 0;
        for at in (0..size).step_by(piece.len()) {
            let piece = &mut piece[..(size - at).min(4096)];
            source.read_exact_at(piece, HEADER as u64 + buckets + at as u64)?;
            for end in piece.chunks_exact(4) {
                let end = u32::from_be_bytes(end.try_into().expect("chunks have four bytes"));
                match end.checked_sub(last) {
                    Some(long) if long as usize <= LONGEST_BUCKET => last = end,
                    _ => return Err(WRONG),
                }
                ends.push(end);
            }
        }
        if u64::from(last) != buckets {
            return Err(WRONG);
        }
        source.expect(Access::Random);
        Ok(Self { source, layout, ends: ends.into() })
    }

    /// Whether entries have values.
    pub const fn shape(&self) -> Shape {
        self.layout.shape
    }

    /// How many entries there are.
    pub const fn len(&self) -> u64 {
        self.layout.count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.layout.count == 0
    }

    /// Whether the base has a key. Reads once from the file.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the file is damaged where it was read, or [`Error::Io`].
    pub fn contains(&self, key: &Key) -> Result<bool, Error> {
        self.find(key, |_, _| Ok(())).map(|found| found.is_some())
    }

    /// What the base says of a key. Reads once from the file.
    ///
    /// # Errors
    /// As [`contains`](Self::contains).
    pub fn get(&self, key: &Key) -> Result<Option<Value>, Error> {
        let shape = self.shape();
        self.find(key, |values, rank| {
            let mut place = runs::next(values, 0, shape)?;
            for _ in 0..rank {
                place = runs::next(values, place.end, shape)?;
            }
            Ok(runs::value(values, place))
        })
    }

    /// Looks for a key in its bucket; if it is there, asks for the value of that rank among those of the bucket.
    fn find<T>(&self, key: &Key, value: impl FnOnce(&[u8], u64) -> Result<T, Error>) -> Result<Option<T>, Error> {
        let key = u128::from_be_bytes(*key);
        let bucket = self.layout.bucket(key);
        let place = self.place(bucket);
        let mut bytes = vec![0; place.len()];
        self.source.read_exact_at(&mut bytes, (HEADER + place.start) as u64)?;
        let (count, mut bits) = self.layout.count(&bytes)?;
        let mut keys = bits.ascending(count, self.layout.least(bucket), self.layout.greatest(bucket), self.layout.k)?;
        for rank in 0..count {
            let found = keys.next().ok_or(WRONG)??;
            if found < key {
                continue;
            }
            if found > key {
                break;
            }
            // Values follow the last key.
            keys.try_for_each(|key| key.map(drop))?;
            return Ok(Some(value(bits.rest()?, rank)?));
        }
        Ok(None)
    }

    /// Every entry, keys ascending. Reads the file once, and checks all of it.
    pub fn entries(&self) -> Entries<'_, S> {
        Entries { base: self, bucket: 0, window: Vec::new(), from: 0, found: Vec::new().into_iter(), left: self.len() }
    }

    /// Where a bucket stands behind the header.
    fn place(&self, bucket: usize) -> Range<usize> {
        let start = bucket.checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[bucket] as usize
    }
}

/// The entries of a base, as they are read. After an error there are no more.
#[derive(Debug)]
pub struct Entries<'b, S> {
    base: &'b Base<S>,
    /// The next bucket.
    bucket: usize,
    /// Bytes of some buckets, which begin at `from` behind the header.
    window: Vec<u8>,
    from: usize,
    /// What is left of the bucket before.
    found: std::vec::IntoIter<(Key, Value)>,
    /// How many entries must still come, those in `found` among them.
    left: u64,
}

impl<S: Source> Entries<'_, S> {
    /// Reads the next bucket.
    fn read(&mut self) -> Result<(), Error> {
        let place = self.base.place(self.bucket);
        if place.end > self.from + self.window.len() {
            let last = self.base.ends[self.bucket..].partition_point(|end| *end as usize <= place.start + WINDOW);
            let end = self.base.place(self.bucket + last.saturating_sub(1)).end;
            self.window.resize(end - place.start, 0);
            self.from = place.start;
            self.base.source.read_exact_at(&mut self.window, (HEADER + self.from) as u64)?;
        }
        let bytes = &self.window[place.start - self.from..place.end - self.from];
        let layout = &self.base.layout;
        let (count, mut bits) = layout.count(bytes)?;
        let (least, greatest) = (layout.least(self.bucket), layout.greatest(self.bucket));
        let keys = bits.ascending(count, least, greatest, layout.k)?.collect::<Result<Vec<_>, _>>()?;
        let values = bits.rest()?;
        let mut at = 0;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let place = runs::next(values, at, layout.shape)?;
            at = place.end;
            found.push((key.to_be_bytes(), runs::value(values, place)));
        }
        if at != values.len() || self.left < count {
            return Err(WRONG);
        }
        self.bucket += 1;
        self.found = found.into_iter();
        Ok(())
    }
}

impl<S: Source> Iterator for Entries<'_, S> {
    type Item = Result<(Key, Value), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.found.next() {
                self.left -= 1;
                return Some(Ok(entry));
            }
            if self.bucket == self.base.ends.len() {
                return std::mem::take(&mut self.left).checked_sub(1).map(|_| Err(WRONG));
            }
            if let Err(error) = self.read() {
                (self.bucket, self.left) = (self.base.ends.len(), 0);
                return Some(Err(error));
            }
        }
    }
}
