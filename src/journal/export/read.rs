//! Reading an export: bytes of strangers, one bounded frame at a time.

use std::io::Read;

use sha2::{Digest as _, Sha256};

use super::aside::VALUES;
use super::{BEFORE, Error, Frame, HEAD, Head, LONGEST, MOST_ROWS, ROWS, SET_ASIDE, SetAside, fill};
use crate::chain::{Author, Fault};
use crate::verify::step;

/// An export that is being read.
pub struct Export<R> {
    input: R,
    head: Head,
    /// The signed head, as received.
    signed: Vec<u8>,
    /// Bytes that are still to come.
    left: u64,
    digest: Sha256,
    rows: u64,
    set_aside: u64,
    last: u64,
}

impl<R: Read> Export<R> {
    /// Reads the head. It says whose journal it claims to be, so that the key can be looked up.
    ///
    /// # Errors
    /// [`Error::Magic`], [`Error::Head`], [`Error::Cut`] or [`Error::Read`].
    pub fn open(mut input: R) -> Result<Self, Error> {
        let mut bytes = [0; HEAD];
        fill(&mut input, &mut bytes)?;
        let (head, signed) = Head::claimed(&bytes)?;
        let (left, last, signed) = (head.bytes, head.after.sequence, signed.to_vec());
        Ok(Self { input, head, signed, left, digest: Sha256::new(), rows: 0, set_aside: 0, last })
    }

    /// What the head says; the word of the box only after [`Self::verify`].
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Bytes that are still to come, by the head.
    pub const fn left(&self) -> u64 {
        self.left
    }

    /// Checks that the box has signed the head.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(&self, author: &Author) -> Result<(), Error> {
        if self.head.is_signed_by(&self.signed, author) { Ok(()) } else { Err(Error::Signature) }
    }

    /// The next frame; none behind the last one, when all that the head says has come and nothing else.
    ///
    /// # Errors
    /// What is wrong with it. What came before it is no worse for that: each row stands by its chain.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        if self.left == 0 {
            return self.end().map(|()| None);
        }
        let mut before = [0; BEFORE as usize];
        self.left = self.left.checked_sub(BEFORE).ok_or(Error::Frame)?;
        fill(&mut self.input, &mut before)?;
        let [kind, length @ ..] = before;
        let length = u32::from_be_bytes(length);
        self.left = self.left.checked_sub(length.into()).ok_or(Error::Frame)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST).ok_or(Error::Frame)?;
        let mut content = vec![0; length];
        fill(&mut self.input, &mut content)?;
        self.digest.update(before);
        self.digest.update(&content);
        match kind {
            ROWS => self.rows(&content).map(Some),
            SET_ASIDE => self.set_aside(&content).map(Some),
            _ => Err(Error::Frame),
        }
    }

    fn rows(&mut self, content: &[u8]) -> Result<Frame, Error> {
        let batch: wire::row::Batch = wire::decode(content, "rows").map_err(|_| Error::Frame)?;
        if batch.rows.is_empty() || batch.rows.len() > MOST_ROWS {
            return Err(Error::Frame);
        }
        let is_ours = batch.region == self.head.region && batch.from == self.head.name;
        for row in &batch.rows {
            if !is_ours || row.sequence <= self.last || row.sequence > self.head.last.sequence {
                return Err(Error::Rows);
            }
            self.last = row.sequence;
        }
        self.rows += batch.rows.len() as u64;
        Ok(Frame::Rows(batch))
    }

    fn set_aside(&mut self, content: &[u8]) -> Result<Frame, Error> {
        let rows: Vec<SetAside> = wire::decode(content, "rows that were set aside").map_err(|_| Error::Frame)?;
        if rows.is_empty() || rows.len() > MOST_ROWS || rows.iter().any(|row| row.values.len() != VALUES) {
            return Err(Error::Frame);
        }
        self.set_aside += rows.len() as u64;
        Ok(Frame::SetAside(rows))
    }

    fn end(&mut self) -> Result<(), Error> {
        if self.input.read(&mut [0]).map_err(Error::Read)? != 0 {
            return Err(Error::Trailing);
        }
        if (self.rows, self.set_aside, self.last) != (self.head.rows, self.head.set_aside, self.head.last.sequence) {
            return Err(Error::Rows);
        }
        if self.head.digest != <[u8; 32]>::from(self.digest.clone().finalize()) {
            return Err(Error::Digest);
        }
        Ok(())
    }
}

/// Checks a whole export: head, bytes, chain and every signature. Gives the first row that does not follow, and why;
/// `tell` hears how many bytes are done.
///
/// # Errors
/// What is wrong with the file itself.
pub fn check<R: Read>(
    export: &mut Export<R>,
    author: &Author,
    tell: &mut dyn FnMut(u64),
) -> Result<Option<(u64, Fault)>, Error> {
    export.verify(author)?;
    let (mut place, mut fault) = (export.head.after, None);
    while let Some(frame) = export.next_frame()? {
        tell(export.head.bytes - export.left);
        let Frame::Rows(batch) = frame else { continue };
        for row in &batch.rows {
            match step(&place, None, row, Some(author)) {
                Ok(next) if fault.is_none() => place = next,
                Err(first) if fault.is_none() => fault = Some((row.sequence, first)),
                _ => {}
            }
        }
    }
    if fault.is_none() && place != export.head.last {
        return Err(Error::Rows);
    }
    Ok(fault)
}

impl<R> std::fmt::Debug for Export<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("head", &self.head).field("left", &self.left).finish_non_exhaustive()
    }
}
