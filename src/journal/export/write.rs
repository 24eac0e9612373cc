//! Writing an export to a stick, so that it can be pulled at any moment: the file before stands, or the new one, whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rustix::fs::{Advice, fadvise, statvfs};
use sha2::{Digest as _, Sha256};
use wire::row::Batch;
use wire::sign::Signer;
use wire::{BoxId, RegionId, WallTime};

use super::aside::VALUES;
use super::{BEFORE, Error, Export, HEAD, Head, KIND, ROWS, SET_ASIDE, SetAside, Value};
use crate::chain::{Author, Place};
use crate::{Outbox, disk};

/// Most rows of a frame: a damaged one is told from those behind it, so they travel together.
const FRAME_ROWS: usize = 512;

/// Bytes of bodies after which a frame ends.
const FRAME_BYTES: usize = 256 * 1024;

/// Bytes that a row takes beside its body: epoch, sequence, boot, hash, MAC, and what CBOR says of them.
const BESIDE_BODY: u64 = 128;

/// Room that a file takes beyond its length, at most: a cluster of a large stick.
const CLUSTER: u64 = 64 * 1024;

/// What is to be written.
pub struct Plan<'a> {
    /// The journal's file. Its box may be at work.
    pub journal: &'a Path,
    /// The region.
    pub region: &'a RegionId,
    /// The box.
    pub name: &'a BoxId,
    /// Signs the head.
    pub signer: &'a dyn Signer,
    /// Every row there is, and not only those without a receipt.
    pub all: bool,
    /// When, by the box's clock.
    pub now: WallTime,
}

/// What stands on the stick now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where.
    pub file: PathBuf,
    /// What it holds.
    pub head: Head,
}

/// Where a box's export stands on a stick.
pub fn file_of(stick: &Path, region: &RegionId, name: &BoxId) -> PathBuf {
    folder(stick, region).join(format!("{name}.journal"))
}

/// Where HQ's receipt for it stands.
pub fn receipt_of(stick: &Path, region: &RegionId, name: &BoxId) -> PathBuf {
    folder(stick, region).join(format!("{name}.receipt"))
}

fn folder(stick: &Path, region: &RegionId) -> PathBuf {
    stick.join("checkpoint").join(region.as_str()).join("journal")
}

/// Writes the rows of a journal to a stick or a folder, in place of what this box has written there before. It only
/// reads the journal, and nothing counts as receipted by it. `tell` hears how many bytes of how many are done.
///
/// # Errors
/// [`Error`]. What stood there before stands.
pub fn write(plan: &Plan<'_>, stick: &Path, tell: &mut dyn FnMut(u64, u64)) -> Result<Written, Error> {
    if !stick.is_dir() {
        return Err(Error::NoStick(stick.to_owned()));
    }
    let file = file_of(stick, plan.region, plan.name);
    let (name, key) = (plan.name.clone(), plan.signer.public());
    let author = Author { region: plan.region.clone(), name, key };
    is_ours(&file, &author)?;
    let range = Range::of(plan)?;
    let folder = folder(stick, plan.region);
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let room = statvfs(&folder).map_err(|error| at(&folder)(error.into()))?;
    let (needed, free) = (range.bytes + HEAD as u64 + CLUSTER, room.f_bavail.saturating_mul(room.f_frsize));
    if needed > free {
        return Err(Error::NoRoom { needed, free });
    }
    let part = file.with_extension("journal.part");
    let written = write_part(plan, &range, &part, tell).and_then(|head| read_back(&part, &author).map(|()| head));
    let head = match written {
        Ok(head) => head,
        Err(error) => {
            let _ = fs::remove_file(&part);
            return Err(error);
        }
    };
    fs::rename(&part, &file).and_then(|()| File::open(&folder)?.sync_all()).map_err(at(&file))?;
    Ok(Written { file, head })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}

/// Whether a file may be written over: there is none, or this box has signed it.
fn is_ours(file: &Path, author: &Author) -> Result<(), Error> {
    let there = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        there => there.map_err(at(file))?,
    };
    let is_ours = Export::open(there).is_ok_and(|export| export.verify(author).is_ok());
    if is_ours { Ok(()) } else { Err(Error::OtherBox(file.to_owned())) }
}

/// Which rows, and what they will take.
struct Range {
    after: Place,
    last: u64,
    bytes: u64,
}

impl Range {
    fn of(plan: &Plan<'_>) -> Result<Self, Error> {
        let db = disk::connect_reader(plan.journal)?;
        let read = |db: &Connection| {
            let base = disk::base(db)?;
            let settled = if plan.all { None } else { disk::settled(db)? };
            let after = settled.filter(|settled| settled.sequence > base.sequence).unwrap_or(base);
            let last = disk::last(db)?.unwrap_or(0).max(after.sequence);
            let sizes = |sql: &str, parameters: &[i64]| {
                db.query_row(sql, rusqlite::params_from_iter(parameters), |row| Ok((row.get(0)?, row.get(1)?)))
            };
            let range = [after.sequence.cast_signed(), last.cast_signed()];
            let rows: (i64, i64) = sizes(include_str!("../sql/export_size.sql"), &range)?;
            let aside: (i64, i64) = sizes(include_str!("../sql/set_aside_size.sql"), &[])?;
            let (count, bodies) = ((rows.0 + aside.0).cast_unsigned(), (rows.1 + aside.1).cast_unsigned());
            Ok(Self { after, last, bytes: bodies + count * BESIDE_BODY })
        };
        Ok(read(&db).map_err(crate::Error::read)?)
    }
}

/// What is written goes into the hash.
struct Frames {
    file: BufWriter<File>,
    digest: Sha256,
    bytes: u64,
}

impl Frames {
    fn put(&mut self, kind: u8, content: &[u8]) -> io::Result<()> {
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        let mut before = [0; BEFORE as usize];
        before[0] = kind;
        before[1..].copy_from_slice(&length.to_be_bytes());
        for part in [&before[..], content] {
            self.file.write_all(part)?;
            self.digest.update(part);
            self.bytes += part.len() as u64;
        }
        Ok(())
    }
}

fn write_part(plan: &Plan<'_>, range: &Range, part: &Path, tell: &mut dyn FnMut(u64, u64)) -> Result<Head, Error> {
    let file = File::create(part).map_err(at(part))?;
    let mut frames = Frames { file: BufWriter::new(file), digest: Sha256::new(), bytes: 0 };
    frames.file.write_all(&[0; HEAD]).map_err(at(part))?;
    let outbox = Outbox::open(plan.journal)?;
    let (mut after, mut last, mut rows) = (range.after, range.after, 0);
    loop {
        // A short look each: the box at work must not wait, nor its log grow, for as long as this takes.
        let mut batch = outbox.rows_after(last.sequence, FRAME_ROWS, FRAME_BYTES)?;
        batch.retain(|row| row.sequence <= range.last);
        let Some(place) = batch.last().map(Place::of) else { break };
        if rows == 0 && batch[0].sequence > after.sequence + 1 {
            // The first ones have left meanwhile, by their receipt.
            let base = outbox.base()?;
            after = if base.sequence > after.sequence { base } else { after };
        }
        (last, rows) = (place, rows + batch.len() as u64);
        let batch = Batch { region: plan.region.clone(), from: plan.name.clone(), rows: batch };
        frames.put(ROWS, &wire::encode(&batch)).map_err(at(part))?;
        tell(frames.bytes.min(range.bytes), range.bytes);
    }
    let set_aside = write_set_aside(plan.journal, |row| {
        frames.put(SET_ASIDE, &wire::encode(&vec![row])).map_err(at(part))?;
        tell(frames.bytes.min(range.bytes), range.bytes);
        Ok(())
    })?;
    let head = Head {
        kind: KIND,
        region: plan.region.clone(),
        name: plan.name.clone(),
        after,
        last,
        rows,
        set_aside,
        bytes: frames.bytes,
        digest: frames.digest.finalize().into(),
        at: plan.now,
    };
    let written = frames.file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|mut file| {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&head.sign(plan.signer))?;
        file.sync_all()
    });
    written.map_err(at(part))?;
    Ok(head)
}

/// Hands over every row that was set aside; how many those were.
fn write_set_aside(journal: &Path, mut put: impl FnMut(SetAside) -> Result<(), Error>) -> Result<u64, Error> {
    let db = disk::connect_reader(journal)?;
    let mut query = db.prepare(include_str!("../sql/quarantined.sql")).map_err(crate::Error::read)?;
    let mut rows = query.query([]).map_err(crate::Error::read)?;
    let mut count = 0;
    while let Some(row) = rows.next().map_err(crate::Error::read)? {
        let value = |column| row.get_ref(column).map(Value::of).map_err(crate::Error::read);
        let values = (1..=VALUES).map(value).collect::<Result<_, _>>()?;
        put(SetAside { found: value(0)?, values })?;
        count += 1;
    }
    Ok(count)
}

/// Reads what was written from the device and not from memory.
fn read_back(part: &Path, author: &Author) -> Result<(), Error> {
    let file = File::open(part).map_err(at(part))?;
    // Where that is not to be had, memory must do.
    let _ = fadvise(&file, 0, None, Advice::DontNeed);
    let mut export = Export::open(io::BufReader::new(file))?;
    let is_whole = export.verify(author).and_then(|()| {
        while export.next_frame()?.is_some() {}
        Ok(())
    });
    is_whole.map_err(|_| Error::Forgets(part.to_owned()))
}
