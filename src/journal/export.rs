//! A journal's rows in one file, for a stick: what a post without a line hands to HQ.
//!
//! The file is what the link would have sent, message by message, behind a head that the box signs: how many rows it
//! holds, from which place to which, and the hash of every byte. So a file that was cut short, put together from two,
//! or altered shows, without a key of HQ; what stands in the rows is sealed as ever. The shape is in
//! `docs/formats/journal.md`.

use std::io::{self, Read};
use std::path::PathBuf;

use minicbor::{Decode, Encode};
use wire::row::{Batch, HASH};
use wire::sign::{Context, Sign1, Signer};
use wire::{BoxId, RegionId, WallTime};

use crate::chain::{Author, Place};

mod aside;
mod read;
mod write;

pub use aside::{SetAside, Value};
pub use read::{Export, check};
pub use write::{Plan, Written, file_of, receipt_of, write};

/// What such a file begins with.
pub const MAGIC: [u8; 8] = *b"CPJEXP\r\n";

/// Bytes of the head: the magic, the length of what is signed in two bytes, that, and zeros.
pub const HEAD: usize = 1024;

/// Longest frame.
const LONGEST: usize = 1 << 20;

/// Most rows of a frame, as HQ takes them from the link.
const MOST_ROWS: usize = 1024;

/// Bytes of a frame before its content: what it is, and its length in four bytes.
const BEFORE: u64 = 5;

/// What a frame is: rows, as a message of the link.
const ROWS: u8 = 1;

/// What a frame is: rows that the box had set aside.
const SET_ASIDE: u8 = 2;

/// The number of the head among what a box signs for its journal: neither an opening nor a checkpoint.
const KIND: u8 = 3;

/// What a file holds, by the box's signed word.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    /// Always 3.
    #[n(0)]
    pub kind: u8,
    /// The region.
    #[n(1)]
    pub region: RegionId,
    /// The box.
    #[n(2)]
    pub name: BoxId,
    /// The place before the first row.
    #[n(3)]
    pub after: Place,
    /// The last row; the place before, when there is none.
    #[n(4)]
    pub last: Place,
    /// Rows.
    #[n(5)]
    pub rows: u64,
    /// Rows that were set aside.
    #[n(6)]
    pub set_aside: u64,
    /// Bytes behind the head.
    #[n(7)]
    pub bytes: u64,
    /// Their SHA-256.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub digest: [u8; HASH],
    /// When, by the box's clock.
    #[n(9)]
    pub at: WallTime,
}

impl Head {
    fn sign(&self, signer: &dyn Signer) -> [u8; HEAD] {
        let signed = wire::sign::sign(Context::JournalCheckpoint, signer, &wire::encode(self));
        let mut head = [0; HEAD];
        head[..MAGIC.len()].copy_from_slice(&MAGIC);
        let length = u16::try_from(signed.len()).expect("a head of bounded names is shorter than a kilobyte");
        head[MAGIC.len()..][..2].copy_from_slice(&length.to_be_bytes());
        head[MAGIC.len() + 2..][..signed.len()].copy_from_slice(&signed);
        head
    }

    /// What a head says, whoever signed it.
    fn claimed(head: &[u8; HEAD]) -> Result<(Self, &[u8]), Error> {
        let rest = head.strip_prefix(&MAGIC).ok_or(Error::Magic)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(Error::Head)?;
        let (signed, zeros) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(Error::Head)?;
        if zeros.iter().any(|byte| *byte != 0) {
            return Err(Error::Head);
        }
        let message = Sign1::parse(signed).map_err(|_| Error::Head)?;
        let head: Self = wire::decode(message.payload, "head of an export").map_err(|_| Error::Head)?;
        if head.kind != KIND || head.last.sequence < head.after.sequence {
            return Err(Error::Head);
        }
        Ok((head, signed))
    }

    fn is_signed_by(&self, signed: &[u8], author: &Author) -> bool {
        self.region == author.region
            && self.name == author.name
            && Sign1::parse(signed).is_ok_and(|message| message.verify(Context::JournalCheckpoint, &author.key).is_ok())
    }
}

/// A part of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Rows, as the link would have sent them.
    Rows(Batch),
    /// Rows that the box had set aside, as it found them.
    SetAside(Vec<SetAside>),
}

/// Why an export was not written, or is not to be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The journal.
    #[error("the journal cannot be exported")]
    Journal(#[from] crate::Error),
    /// A file of the stick.
    #[error("{path} cannot be read or written")]
    File {
        /// Which.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// Where the stick should be is no folder.
    #[error("{0} is no folder: is the stick mounted?")]
    NoStick(PathBuf),
    /// The stick is too small, or too full.
    #[error("the stick has {free} bytes of room, and {needed} are needed")]
    NoRoom {
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// There is a file of that name, and this box has not signed it.
    #[error("{0} is there and is not this box's; it is not written over")]
    OtherBox(PathBuf),
    /// What was read back is not what was written.
    #[error("the stick does not keep what is written to it: {0} came back different")]
    Forgets(PathBuf),
    /// It cannot be read further.
    #[error("the export cannot be read")]
    Read(#[source] io::Error),
    /// It is no export.
    #[error("this is no export of a journal")]
    Magic,
    /// Its head is not one.
    #[error("the export's head cannot be read")]
    Head,
    /// The box has not signed its head.
    #[error("the box has not signed this export")]
    Signature,
    /// It ends before its time.
    #[error("the export is cut short")]
    Cut,
    /// It goes on behind its end.
    #[error("there is more behind the export than its head says")]
    Trailing,
    /// A frame that no box writes.
    #[error("a frame of the export is not what boxes write")]
    Frame,
    /// Rows of another box, out of order, or of another number than the head says.
    #[error("the rows are not those that the export's head names")]
    Rows,
    /// Its bytes are not those that the box has written.
    #[error("the export was altered")]
    Digest,
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.code(),
            Self::File { .. } => "file",
            Self::NoStick(_) => "no-stick",
            Self::NoRoom { .. } => "no-room",
            Self::OtherBox(_) => "other-box",
            Self::Forgets(_) => "stick-forgets",
            Self::Read(_) => "export-read",
            Self::Magic => "export-magic",
            Self::Head => "export-head",
            Self::Signature => "export-signature",
            Self::Cut => "export-cut",
            Self::Trailing => "export-trailing",
            Self::Frame => "export-frame",
            Self::Rows => "export-rows",
            Self::Digest => "export-digest",
        }
    }
}

/// Fills a buffer, or says that the export is cut short.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<(), Error> {
    input.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Cut,
        _ => Error::Read(error),
    })
}

#[cfg(test)]
mod tests;
