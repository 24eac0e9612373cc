use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use wire::row::{Receipt, Row};

use super::*;
use crate::tests::{NOW, all, author, identity, note, opened};
use crate::{Journal, Outbox};

struct Post {
    folder: tempfile::TempDir,
}

impl Post {
    /// A journal of some starts, each with so many notes.
    fn new(starts: &[usize]) -> Self {
        let post = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(post.stick()).unwrap();
        starts.iter().for_each(|notes| post.write_notes(*notes));
        post
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    fn stick(&self) -> PathBuf {
        self.folder.path().join("stick")
    }

    fn file(&self) -> PathBuf {
        file_of(&self.stick(), &author().region, &author().name)
    }

    fn write_notes(&self, notes: usize) {
        let mut journal = Journal::open(&self.journal(), identity()).unwrap();
        journal.append(&(0..notes).map(|i| note(&i.to_string())).collect::<Vec<_>>(), NOW).unwrap();
    }

    fn settle(&self, row: &Row) {
        let receipt = Receipt {
            region: author().region,
            to: author().name,
            epoch: row.epoch,
            sequence: row.sequence,
            chain: row.chain,
            ledger: [1; 8],
            issued: 0,
            budget: None,
        };
        let mut journal = Journal::open(&self.journal(), identity()).unwrap();
        journal.settle(&receipt, NOW, Duration::from_secs(86_400)).unwrap();
    }

    fn export(&self, all: bool) -> Result<Written, Error> {
        let signer = identity().signer;
        let Author { region, name, .. } = author();
        let (journal, signer) = (self.journal(), signer.as_ref());
        let plan = Plan { journal: &journal, region: &region, name: &name, signer, all, now: NOW };
        write(&plan, &self.stick(), &mut |done, total| assert!(done <= total))
    }
}

fn read(bytes: &[u8]) -> Result<(Vec<Row>, Vec<SetAside>), Error> {
    let mut export = Export::open(bytes)?;
    export.verify(&author())?;
    let (mut rows, mut aside) = (Vec::new(), Vec::new());
    while let Some(frame) = export.next_frame()? {
        match frame {
            Frame::Rows(batch) => rows.extend(batch.rows),
            Frame::SetAside(more) => aside.extend(more),
        }
    }
    Ok((rows, aside))
}

fn read_file(path: &Path) -> (Vec<Row>, Vec<SetAside>) {
    read(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn what_has_no_receipt_is_on_the_stick_as_it_is_in_the_journal_and_hq_opens_it() {
    let post = Post::new(&[20, 700]);
    let rows = all(&post.journal());
    let written = post.export(false).unwrap();
    assert_eq!(written.file, post.file());
    assert_eq!(read_file(&post.file()), (rows.clone(), vec![]));
    assert_eq!(opened(&read_file(&post.file()).0).len(), 720);
    // It may be written again, and holds what has come since.
    post.write_notes(3);
    post.settle(&rows[100]);
    let written = post.export(false).unwrap();
    let rows = all(&post.journal());
    assert_eq!(read_file(&post.file()).0, rows[101..]);
    assert_eq!((written.head.after, written.head.last), (Place::of(&rows[100]), Place::of(rows.last().unwrap())));
    post.export(true).unwrap();
    assert_eq!(read_file(&post.file()).0, rows);
    // Nothing was receipted by it.
    assert_eq!(Outbox::open(&post.journal()).unwrap().settled().unwrap(), rows[100].sequence);
    assert_eq!(std::fs::read_dir(post.file().parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn an_empty_journal_has_an_export_too() {
    let post = Post::new(&[1]);
    post.settle(all(&post.journal()).last().unwrap());
    let written = post.export(false).unwrap();
    assert_eq!((written.head.rows, written.head.after), (0, written.head.last));
    assert_eq!(read_file(&post.file()), (vec![], vec![]));
}

#[test]
fn the_box_at_work_goes_on_while_it_is_exported_and_what_was_set_aside_comes_along() {
    let post = Post::new(&[10]);
    let before = all(&post.journal());
    let db = rusqlite::Connection::open(post.journal()).unwrap();
    db.execute("UPDATE row SET body = zeroblob(40) WHERE sequence = 9", []).unwrap();
    drop(db);
    let mut journal = Journal::open(&post.journal(), identity()).unwrap();
    journal.append(&[note("on")], NOW).unwrap();
    let written = post.export(false).unwrap();
    assert_eq!(written.head.set_aside, 3);
    let (rows, aside) = read_file(&post.file());
    assert_eq!(rows, all(&post.journal()));
    let aside: Vec<Row> = aside.iter().map(|row| row.row().unwrap()).collect();
    assert_eq!(aside[0], Row { body: vec![0; 40], ..before[8].clone() });
    assert_eq!(aside[1..], before[9..]);
    let mut export = Export::open(std::fs::File::open(post.file()).unwrap()).unwrap();
    assert_eq!(check(&mut export, &author(), &mut |_| ()).unwrap(), None);
}

#[test]
fn a_value_that_damage_made_something_else_is_kept_as_it_is_and_is_no_row() {
    let post = Post::new(&[3]);
    let db = rusqlite::Connection::open(post.journal()).unwrap();
    let sql = "INSERT INTO quarantine VALUES (9, 4, 2.5, NULL, 'boot', 1, x'00', x'01', -7)";
    db.execute(sql, []).unwrap();
    drop(db);
    post.export(false).unwrap();
    let aside = read_file(&post.file()).1;
    assert_eq!(aside[0].values.iter().map(|value| value.kind).collect::<Vec<_>>(), [1, 2, 0, 3, 1, 4, 4, 1]);
    assert_eq!(aside[0].row(), None);
}

#[test]
fn an_export_that_is_cut_anywhere_is_refused() {
    let post = Post::new(&[5]);
    post.export(false).unwrap();
    let whole = std::fs::read(post.file()).unwrap();
    for length in 0..whole.len() {
        let refused = read(&whole[..length]).unwrap_err();
        assert_eq!(refused.code(), "export-cut", "cut at {length}: {refused:?}");
    }
    let more = [&whole[..], &[0]].concat();
    assert_eq!(read(&more).unwrap_err().code(), "export-trailing");
    println!("measured: export: {} cuts refused, one at every offset", whole.len());
}

#[test]
fn an_export_with_a_flipped_bit_anywhere_is_refused() {
    let post = Post::new(&[5]);
    post.export(false).unwrap();
    let whole = std::fs::read(post.file()).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(read(&flipped).is_err(), "byte {at}");
    }
}

#[test]
fn anothers_file_is_not_written_over_and_no_stick_is_made_up() {
    let post = Post::new(&[5]);
    post.export(false).unwrap();
    let whole = std::fs::read(post.file()).unwrap();
    // The same name, and another key; then what is no export at all.
    let other = Author { key: ed25519_dalek::SigningKey::from_bytes(&[9; 32]).verifying_key(), ..author() };
    assert!(matches!(Export::open(&whole[..]).unwrap().verify(&other), Err(Error::Signature)));
    let mut forged = whole.clone();
    forged[MAGIC.len() + 2 + 300] ^= 1;
    for there in [&forged[..], b"somebody's file", &[0; 2000]] {
        std::fs::write(post.file(), there).unwrap();
        assert_eq!(post.export(false).unwrap_err().code(), "other-box");
        assert_eq!(std::fs::read(post.file()).unwrap(), there);
    }
    std::fs::remove_dir_all(post.stick()).unwrap();
    assert_eq!(post.export(false).unwrap_err().code(), "no-stick");
    assert!(!post.stick().exists());
}

struct Device(ed25519_dalek::SigningKey);

impl Signer for Device {
    fn public(&self) -> ed25519_dalek::VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        ed25519_dalek::Signer::sign(&self.0, message).to_bytes()
    }
}

/// Prints the example anew, for when the format changes.
#[test]
fn the_example_of_the_page_is_what_a_box_writes_and_is_read_with_nothing_but_the_page() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats/journal.md")).unwrap();
    let block = |heading: &str| -> Vec<u8> {
        let (_, rest) = page.split_once(&format!("### {heading}\n")).unwrap();
        let digits: String = rest.split("```").nth(1).unwrap().split_whitespace().collect();
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    };
    let rows: Vec<Row> =
        ["Opening", "Sealed entry", "Checkpoint"].map(|heading| wire::decode(&block(heading), "row").unwrap()).into();
    let key = ed25519_dalek::VerifyingKey::from_bytes(&block("Box").try_into().unwrap()).unwrap();
    let (region, name) = ("RU-TVE".parse().unwrap(), "post-1".parse().unwrap());
    let author = Author { region, name, key };
    let batch = Batch { region: author.region.clone(), from: author.name.clone(), rows: rows.clone() };
    let content = wire::encode(&batch);
    let frame = [&[ROWS][..], &u32::try_from(content.len()).unwrap().to_be_bytes(), &content].concat();
    let head = Head {
        kind: KIND,
        region: author.region.clone(),
        name: author.name.clone(),
        after: Place::START,
        last: Place::of(&rows[2]),
        rows: 3,
        set_aside: 0,
        bytes: frame.len() as u64,
        digest: sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(&frame)).into(),
        at: NOW,
    };
    let head = head.sign(&Device(ed25519_dalek::SigningKey::from_bytes(&[1; 32])));
    let length = MAGIC.len() + 2 + usize::from(u16::from_be_bytes([head[8], head[9]]));
    for bytes in [&head[..length], &frame] {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.as_bytes().chunks(96).for_each(|line| println!("{}", str::from_utf8(line).unwrap()));
        println!();
    }
    assert_eq!(block("An export's head"), head[..length]);
    assert_eq!(block("Its one frame"), frame);
    let whole = [block("An export's head"), vec![0; HEAD - length], block("Its one frame")].concat();
    let mut export = Export::open(&whole[..]).unwrap();
    assert_eq!(check(&mut export, &author, &mut |_| ()).unwrap(), None);
    assert_eq!(export.head().last, Place::of(&rows[2]));
}

#[test]
fn a_head_of_the_longest_names_and_numbers_has_room() {
    let long = "x".repeat(32);
    let place = Place {
        epoch: wire::row::EpochId { counter: u64::MAX, nonce: [255; 8] },
        sequence: u64::MAX,
        chain: [255; HASH],
    };
    let head = Head {
        kind: KIND,
        region: long.parse().unwrap(),
        name: long.parse().unwrap(),
        after: place,
        last: place,
        rows: u64::MAX,
        set_aside: u64::MAX,
        bytes: u64::MAX,
        digest: [255; HASH],
        at: WallTime { unix_ms: i64::MIN, ..NOW },
    };
    let bytes = head.sign(identity().signer.as_ref());
    let (read, signed) = Head::claimed(&bytes).unwrap();
    assert_eq!(read, head);
    println!("measured: export: a head of the longest names has {} of {HEAD} bytes", signed.len());
}

proptest! {
    /// Strangers' bytes behind a sound head, or instead of one: refused, never a panic.
    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000), behind in any::<bool>()) {
        let head = Head {
            kind: KIND,
            region: author().region,
            name: author().name,
            after: Place::START,
            last: Place { sequence: 5, ..Place::START },
            rows: 5,
            set_aside: 0,
            bytes: bytes.len() as u64,
            digest: [0; HASH],
            at: NOW,
        };
        let head = head.sign(identity().signer.as_ref());
        let bytes = if behind { [&head[..], &bytes].concat() } else { bytes };
        prop_assert!(read(&bytes).is_err());
    }
}
