//! Durability, the chain, and what HQ can open.

use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, Nonce};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use hpke::aead::{AeadCtxR, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, Serializable as _};
use wire::entry::{Entry, Note};
use wire::row::{Row, RowKind};
use wire::sign::Signer;
use wire::{ClockTrust, WallTime};

use crate::chain::{self, Author, Place};
use crate::{Error, Identity, Journal, MAC_KEY, Opening, Outbox, ROW_KEY, aad, info, nonce, unpadded, verify_by};

mod crash;
mod damage;
mod full;
pub mod nonces;
mod receipts;

struct Device(SigningKey);

impl Signer for Device {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

pub(crate) const NOW: WallTime = WallTime::from_unix(1_588_334_400, ClockTrust::Rtc);

type Kem = X25519HkdfSha256;

fn sealing() -> (<Kem as hpke::Kem>::PrivateKey, [u8; 32]) {
    let (private, public) = Kem::derive_keypair(&[9; 32]);
    (private, public.to_bytes().into())
}

pub(crate) fn identity() -> Identity {
    Identity {
        region: "RU-TVE".parse().unwrap(),
        name: "post-1".parse().unwrap(),
        signer: Arc::new(Device(SigningKey::from_bytes(&[3; 32]))),
        sealing_key: sealing().1,
    }
}

pub(crate) fn author() -> Author {
    let Identity { region, name, signer, .. } = identity();
    Author { region, name, key: signer.public() }
}

pub(crate) fn note(detail: &str) -> Entry {
    Entry::Note(Note { at: NOW, code: "started".into(), detail: detail.into() })
}

pub(crate) fn all(path: &Path) -> Vec<Row> {
    let outbox = Outbox::open(path).unwrap();
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let more = outbox.rows_after(after, usize::MAX, usize::MAX).unwrap();
        let Some(last) = more.last() else { return rows };
        after = last.sequence;
        rows.extend(more);
    }
}

/// What HQ does: follow the chain, believe the signed rows, open the sealed ones, check every MAC.
pub(crate) fn opened(rows: &[Row]) -> Vec<Entry> {
    let author = author();
    let (private, public) = sealing();
    let mut cipher = None;
    let mut place = rows.first().map_or(Place::START, |row| Opening::verified(row, &author).unwrap().after);
    let (mut mac_key, mut entries) = ([0; 32], Vec::new());
    for row in rows {
        let after = chain::follow(&place, row, &author).unwrap();
        match row.kind {
            RowKind::Opening => {
                let opening = Opening::verified(row, &author).unwrap();
                let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(&opening.encapsulated).unwrap();
                let info = info(&author.region, &author.name, &row.epoch, &public);
                let mut receiver: AeadCtxR<ChaCha20Poly1305, HkdfSha256, Kem> =
                    hpke::setup_receiver(&OpModeR::Base, &private, &encapsulated, &info).unwrap();
                mac_key = receiver.open(&opening.mac_key, MAC_KEY).unwrap().try_into().unwrap();
                let mut key = [0; 32];
                receiver.export(ROW_KEY, &mut key).unwrap();
                cipher = Some(chacha20poly1305::ChaCha20Poly1305::new(&key.into()));
            }
            RowKind::Checkpoint => {}
            RowKind::Entry => {
                let payload = Payload { msg: &row.body, aad: &aad(row.sequence, &place.chain) };
                let nonce = Nonce::from(nonce(row.sequence));
                let plain = cipher.as_ref().unwrap().decrypt(&nonce, payload).unwrap();
                assert_eq!(plain.len() % 128, 0);
                entries.push(wire::decode(unpadded(&plain).unwrap(), "entry").unwrap());
            }
        }
        assert_eq!(row.mac, chain::mac(&mac_key, &row.chain), "row {}", row.sequence);
        mac_key = chain::next_mac_key(&mac_key);
        place = after;
    }
    entries
}

fn count(rows: &[Row], kind: RowKind) -> usize {
    rows.iter().filter(|row| row.kind == kind).count()
}

/// Every row there follows the one before, under the box's signatures.
pub(crate) fn assert_sound(path: &Path) {
    let report = verify_by(path, &author()).unwrap();
    assert_eq!((report.fault, report.sound), (None, report.rows));
}

#[test]
fn hq_opens_what_the_box_wrote_across_starts_and_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut written = Vec::new();
    for start in 0..3 {
        let mut journal = Journal::open(&path, identity()).unwrap();
        for i in 0..70 {
            let entry = note(&format!("{start}/{i}"));
            journal.append(std::slice::from_ref(&entry), NOW).unwrap();
            written.push(entry);
        }
    }
    let rows = all(&path);
    assert_eq!(opened(&rows), written);
    assert_eq!(count(&rows, RowKind::Opening), 3);
    assert_eq!(count(&rows, RowKind::Checkpoint), 3);
    assert_sound(&path);
    let boots: std::collections::BTreeSet<_> = rows.iter().map(|row| row.boot).collect();
    assert_eq!(boots.len(), 3);
}

#[test]
fn an_epoch_ends_after_a_thousand_entries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    let entries: Vec<_> = (0..1001).map(|i| note(&i.to_string())).collect();
    journal.append(&entries, NOW).unwrap();
    assert_eq!(opened(&all(&path)), entries);
    assert_eq!(count(&all(&path), RowKind::Opening), 2);
}

#[test]
fn no_entry_is_written_without_a_context_of_this_very_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    for start in 1..4 {
        let mut journal = Journal::open(&path, identity()).unwrap();
        // A start alone writes nothing: a box that restarts in a loop must not wear out its card.
        assert_eq!(count(&all(&path), RowKind::Opening), start - 1);
        journal.append(&[note("1")], NOW).unwrap();
        assert_eq!(count(&all(&path), RowKind::Opening), start);
    }
    let rows = all(&path);
    assert!(rows.windows(2).all(|pair| pair[0].epoch.counter <= pair[1].epoch.counter));
}

#[test]
fn another_key_of_hq_begins_another_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1")], NOW).unwrap();
    journal.seal_to(identity().sealing_key);
    journal.append(&[note("2")], NOW).unwrap();
    assert_eq!(count(&all(&path), RowKind::Opening), 1);
    let other: [u8; 32] = Kem::derive_keypair(&[10; 32]).1.to_bytes().into();
    journal.seal_to(other);
    journal.append(&[note("3")], NOW).unwrap();
    let rows = all(&path);
    let last = rows.iter().rfind(|row| row.kind == RowKind::Opening).unwrap();
    assert_eq!(Opening::verified(last, &author()).unwrap().sealed_to, other);
}

#[test]
fn what_is_new_is_signed_before_the_writer_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1")], NOW).unwrap();
    journal.sign(NOW).unwrap();
    journal.sign(NOW).unwrap();
    assert_eq!(all(&path).last().unwrap().kind, RowKind::Checkpoint);
    assert_eq!(count(&all(&path), RowKind::Checkpoint), 1);
}

#[test]
fn the_time_of_the_last_checkpoint_is_there_after_a_start_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let later = WallTime::from_unix(NOW.unix() + 60, ClockTrust::CarriedOver);
    {
        let mut journal = Journal::open(&path, identity()).unwrap();
        assert_eq!(journal.last_time(), None);
        for at in [NOW, later] {
            journal.append(&[note("a")], at).unwrap();
            journal.sign(at).unwrap();
        }
        journal.append(&[note("b")], WallTime::from_unix(0, ClockTrust::Ntp)).unwrap();
        assert_eq!(journal.last_time(), Some(later));
    }
    assert_eq!(Journal::open(&path, identity()).unwrap().last_time(), Some(later));
    let stranger = Identity { name: "post-2".parse().unwrap(), ..identity() };
    assert_eq!(Journal::open(&path, stranger).unwrap().last_time(), None);
}

#[test]
fn lengths_tell_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    let entries: Vec<_> = (0..60).map(|length| note(&"x".repeat(length))).collect();
    journal.append(&entries, NOW).unwrap();
    let rows = all(&path);
    assert!(rows.iter().filter(|row| row.kind == RowKind::Entry).all(|row| row.body.len() == 128 + 16));
}

#[test]
fn whoever_watches_the_head_sees_every_durable_row_and_those_of_earlier_starts() {
    use std::sync::atomic::Ordering::Relaxed;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    for start in 0..3u64 {
        let mut journal = Journal::open(&path, identity()).unwrap();
        let durable = journal.durable();
        // An opening, an entry and a checkpoint each time.
        assert_eq!(durable.load(Relaxed), 3 * start);
        journal.append(&[note("one")], NOW).unwrap();
        assert_eq!(durable.load(Relaxed), 3 * start + 2);
        journal.sign(NOW).unwrap();
        assert_eq!(durable.load(Relaxed), journal.head().sequence);
    }
}

#[test]
fn a_journal_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let first = Journal::open(&path, identity()).unwrap();
    assert!(matches!(Journal::open(&path, identity()), Err(Error::InUse(_))));
    drop(first);
    Journal::open(&path, identity()).unwrap();
}

#[test]
fn a_journal_of_a_newer_layout_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    drop(Journal::open(&path, identity()).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(matches!(Journal::open(&path, identity()), Err(Error::Layout { found: 99, .. })));
}

#[test]
fn rows_are_handed_out_by_number_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    let outbox = Outbox::open(&path).unwrap();
    assert_eq!((outbox.head().unwrap(), outbox.pending().unwrap(), outbox.settled().unwrap()), (0, 0, 0));
    assert!(outbox.rows_after(0, 10, 10).unwrap().is_empty());
    journal.append(&[note("1"), note("2"), note("3")], NOW).unwrap();
    let sequences = |after, most, bytes| -> Vec<u64> {
        outbox.rows_after(after, most, bytes).unwrap().iter().map(|row| row.sequence).collect()
    };
    assert_eq!(sequences(0, 3, usize::MAX), [1, 2, 3]);
    assert_eq!(sequences(1, 10, 2 * 144), [2, 3]);
    assert_eq!(sequences(1, 10, 1), [2]);
    assert_eq!(sequences(4, 10, 1), Vec::<u64>::new());
    assert_eq!(sequences(u64::MAX, 10, 1), Vec::<u64>::new());
    assert_eq!((outbox.head().unwrap(), outbox.pending().unwrap()), (4, 4));
}
