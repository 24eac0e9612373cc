//! Writes a base: once through the entries, a bucket in memory at a time.

use std::io::Write;

use super::base::{Layout, MAGIC};
use super::bits::{Writer, put_number};
use super::{Error, Key, Shape, Value, runs};

/// Longest bucket. Those of a map with the longest values have 17 KiB in the mean; who steers hashes into one bucket
/// hurts the stream of his own passes, and not the memory of a box.
pub const LONGEST_BUCKET: usize = 1 << 20;

/// Writes the base of `count` entries, whose keys ascend.
///
/// # Errors
/// [`Error::Entries`] when they do not, or are not as many, [`Error::ValueLength`] and [`Error::TooLarge`] for what a
/// table cannot hold, the first error among the entries, or [`Error::Io`].
pub fn write(
    out: &mut impl Write,
    shape: Shape,
    count: u64,
    entries: impl IntoIterator<Item = Result<(Key, Value), Error>>,
) -> Result<(), Error> {
    let layout = Layout::new(shape, count).ok_or(Error::TooLarge)?;
    out.write_all(&MAGIC)?;
    out.write_all(&[shape as u8, 0, 0, 0])?;
    out.write_all(&count.to_be_bytes())?;

    let mut directory = Vec::with_capacity(layout.buckets() * 4);
    let mut end = 0_u32;
    let mut bucket = Bucket::default();
    let (mut last, mut written) = (None, 0);
    for entry in entries {
        let (key, value) = entry?;
        let key = u128::from_be_bytes(key);
        if last >= Some(key) || written == count {
            return Err(Error::Entries);
        }
        (last, written) = (Some(key), written + 1);
        while layout.bucket(key) > directory.len() / 4 {
            bucket.close(&layout, &mut directory, &mut end, out)?;
        }
        bucket.keys.push(key);
        runs::put(&mut bucket.values, shape, &value)?;
    }
    if written != count {
        return Err(Error::Entries);
    }
    while directory.len() / 4 < layout.buckets() {
        bucket.close(&layout, &mut directory, &mut end, out)?;
    }
    out.write_all(&directory)?;
    Ok(())
}

/// What has come of the bucket that is being written.
#[derive(Debug, Default)]
struct Bucket {
    keys: Vec<u128>,
    values: Vec<u8>,
    bytes: Vec<u8>,
}

impl Bucket {
    /// Writes it, notes where it ends, and begins the next one.
    fn close(
        &mut self,
        layout: &Layout,
        directory: &mut Vec<u8>,
        end: &mut u32,
        out: &mut impl Write,
    ) -> Result<(), Error> {
        if !self.keys.is_empty() {
            let mut bytes = std::mem::take(&mut self.bytes);
            put_number(&mut bytes, self.keys.len() as u64);
            let mut bits = Writer::after(bytes);
            bits.ascending(self.keys.drain(..), layout.least(directory.len() / 4), layout.k);
            bytes = bits.end();
            bytes.append(&mut self.values);
            if bytes.len() > LONGEST_BUCKET {
                return Err(Error::TooLarge);
            }
            *end = end.checked_add(bytes.len() as u32).ok_or(Error::TooLarge)?;
            out.write_all(&bytes)?;
            bytes.clear();
            self.bytes = bytes;
        }
        directory.extend(end.to_be_bytes());
        Ok(())
    }
}
