//! A box's export, brought on a stick: into the ledger as if it had come over the line, and a receipt to carry back.
//!
//! The bytes are a stranger's until the box's signature holds over all of them; then each row still stands or falls by
//! itself, as the ledger judges it. Two reads: first the whole file is checked, then it is taken.

use std::fs::{self, File};
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};

use journal::chain::Author;
use journal::export::{Export, Frame};
use wire::BoxId;
use wire::row::{Batch, Receipt};
use wire::sign::{Context, try_sign};

use crate::ledger::{self, Accepted, Gap, Intake, Ledger};
use crate::region::{db, who};
use crate::{Error, Region};

/// What came of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The box.
    pub name: BoxId,
    /// Its first and last row; none when it holds none.
    pub range: Option<(u64, u64)>,
    /// What the ledger made of its rows.
    pub rows: Accepted,
    /// Rows that the box had set aside and that are kept here as evidence.
    pub set_aside: u64,
    /// Rows that the box had set aside of which too little is left to keep; the file holds them.
    pub beyond_reading: u64,
    /// How far HQ has everything of this box, and the file that says so; none while the box has a conflict.
    pub receipt: Option<(u64, PathBuf)>,
}

/// Takes an export into the ledger, says so in the audit, and writes the receipt into a folder, as `BOX.receipt`; `tell` hears how many bytes
/// of how many are done. `by` is who does it,
/// `now` Unix seconds.
///
/// # Errors
/// [`Error::Export`], [`Error::Ledger`]: nothing that is not whole and signed by a box known here is begun. What was
/// taken before the ledger or the stick failed is taken; the same file may be taken again.
pub fn take(
    region: &Region,
    file: &Path,
    receipts: &Path,
    (by, now): (&str, i64),
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Taken, Error> {
    let mut first = open(file)?;
    let head = first.head().clone();
    if head.region != *region.id() {
        let (expected, found) = (region.id().clone(), head.region.to_string());
        return Err(ledger::Error::OtherRegion { expected, found }.into());
    }
    let key = region.box_key(&head.name)?.ok_or_else(|| ledger::Error::UnknownBox(head.name.clone()))?;
    first.verify(&Author { region: head.region.clone(), name: head.name.clone(), key })?;
    let total = 2 * head.bytes;
    while first.next_frame()?.is_some() {
        tell(head.bytes - first.left(), total);
    }

    let ledger = Ledger::open(&region.ledger_path(), region.id())?;
    let mut intake = Intake::new(ledger, |name: &BoxId| Ok(region.box_key(name)?), || now);
    let mut into_ledger = |batch: &Batch| intake.take(batch).map_err(crate::collect::Error::Ledger);
    let range = (head.rows > 0).then_some((head.after.sequence + 1, head.last.sequence));
    let mut taken = Taken {
        name: head.name.clone(),
        range,
        rows: Accepted::default(),
        set_aside: 0,
        beyond_reading: 0,
        receipt: None,
    };
    let mut receipt = None;
    let mut second = open(file)?;
    while let Some(frame) = second.next_frame()? {
        tell(2 * head.bytes - second.left(), total);
        match frame {
            Frame::Rows(batch) => {
                let (accepted, covered) = into_ledger(&batch)?;
                taken.add(accepted);
                receipt = covered;
            }
            Frame::SetAside(rows) => {
                for row in rows {
                    let Some(row) = row.row() else {
                        taken.beyond_reading += 1;
                        continue;
                    };
                    let batch = Batch { region: head.region.clone(), from: head.name.clone(), rows: vec![row] };
                    // Evidence, whatever the ledger makes of it.
                    taken.set_aside += 1;
                    receipt = into_ledger(&batch)?.1;
                }
            }
        }
    }
    region.note_journal(&head.name, by, now)?;
    if let Some(receipt) = receipt {
        let file = receipts.join(format!("{}.receipt", head.name));
        write(region, &receipt, &file)?;
        taken.receipt = Some((receipt.sequence, file));
    }
    Ok(taken)
}

impl Taken {
    fn add(&mut self, accepted: Accepted) {
        let Accepted { receipt_up_to, new, repeats, forks, damaged, gap } = accepted;
        let rows = &mut self.rows;
        rows.receipt_up_to = receipt_up_to;
        (rows.new, rows.repeats) = (rows.new + new, rows.repeats + repeats);
        (rows.forks, rows.damaged) = (rows.forks + forks, rows.damaged + damaged);
        // The first one says where to begin; those behind it are missing for the same reason.
        rows.gap = rows.gap.or(gap);
    }

    /// Rows that must come before these can be taken.
    pub const fn gap(&self) -> Option<Gap> {
        self.rows.gap
    }
}

fn open(file: &Path) -> Result<Export<BufReader<File>>, Error> {
    Ok(Export::open(BufReader::new(File::open(file).map_err(Error::file(file))?))?)
}

/// Signs a receipt and writes it, whole or not at all.
fn write(region: &Region, receipt: &Receipt, to: &Path) -> Result<(), Error> {
    let signed = try_sign(Context::Receipt, region.receipt_key()?.as_ref(), &wire::encode(receipt))?;
    let part = to.with_extension("receipt.part");
    File::create(&part)
        .and_then(|mut file| {
            file.write_all(&signed)?;
            file.sync_all()
        })
        .map_err(Error::file(&part))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::rename(&part, to).and_then(|()| File::open(folder)?.sync_all()).map_err(Error::file(to))
}

impl Region {
    fn note_journal(&self, name: &BoxId, by: &str, now: i64) -> Result<(), Error> {
        let by = who(by)?;
        let failed = || Error::database("noting whose journal was taken");
        self.books(|books| db::audit(books, now, by, "journal", name.as_str()).map_err(failed()))
    }
}

/// Every export of a region on a stick, in order of name.
///
/// # Errors
/// [`Error::File`] when there is none.
pub fn on_stick(stick: &Path, region: &Region) -> Result<Vec<PathBuf>, Error> {
    let folder = stick.join("checkpoint").join(region.id().as_str()).join("journal");
    let entries = fs::read_dir(&folder).map_err(Error::file(&folder))?;
    let mut found: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "journal"));
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests;
