//! Durability, the chain, and what HQ can open.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, Serializable as _};
use wire::entry::{Entry, Note};
use wire::row::{Receipt, Row, RowKind};
use wire::sign::Signer;
use wire::{ClockTrust, WallTime};

use crate::{Checkpoint, Error, Identity, Journal, Opening, Outbox, aad, chain, info, unpadded, verify};

struct Device(SigningKey);
impl Signer for Device {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

const NOW: WallTime = WallTime::from_unix(1_588_334_400, ClockTrust::Rtc);

fn sealing() -> (<X25519HkdfSha256 as hpke::Kem>::PrivateKey, [u8; 32]) {
    let (private, public) = X25519HkdfSha256::derive_keypair(&[9; 32]);
    (private, public.to_bytes().into())
}

fn identity() -> Identity {
    Identity {
        region: "RU-TVE".parse().unwrap(),
        name: "post-1".parse().unwrap(),
        signer: Arc::new(Device(SigningKey::from_bytes(&[3; 32]))),
        sealing_key: sealing().1,
    }
}

fn note(detail: &str) -> Entry {
    Entry::Note(Note { at: NOW, code: "started".into(), detail: detail.into() })
}

fn all(path: &Path) -> Vec<Row> {
    Outbox::open(path).unwrap().rows_after(0, 100_000, usize::MAX).unwrap()
}

/// What HQ does: follow the chain, believe the signed rows, open the sealed ones, check every MAC.
fn opened(rows: &[Row]) -> Vec<Entry> {
    let who = identity();
    let key = who.signer.public();
    let (private, public) = sealing();
    let (mut previous, mut context, mut mac_key) = (chain::START, None, [0; 32]);
    let mut entries = Vec::new();
    for row in rows {
        assert_eq!(row.chain, chain::link(&previous, row), "row {}", row.sequence);
        match row.kind {
            RowKind::Opening => {
                let opening = Opening::verified(row, &previous, &who.region, &who.name, &key).unwrap();
                let encapsulated =
                    <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(&opening.encapsulated).unwrap();
                let mut receiver = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                    &OpModeR::Base,
                    &private,
                    &encapsulated,
                    &info(&who.region, &who.name, &row.epoch, &public),
                )
                .unwrap();
                mac_key = receiver.open(&opening.mac_key, b"mac").unwrap().try_into().unwrap();
                context = Some(receiver);
            }
            RowKind::Checkpoint => {
                Checkpoint::verified(row, &previous, &who.region, &who.name, &key).unwrap();
            }
            RowKind::Entry => {
                let plain = context.as_mut().unwrap().open(&row.body, &aad(row.sequence, &previous)).unwrap();
                assert_eq!(plain.len() % 128, 0);
                entries.push(wire::decode(unpadded(&plain).unwrap(), "entry").unwrap());
            }
        }
        assert_eq!(row.mac, chain::mac(&mac_key, &row.chain), "row {}", row.sequence);
        mac_key = chain::next_mac_key(&mac_key);
        previous = row.chain;
    }
    entries
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
    assert_eq!(rows.iter().filter(|row| row.kind == RowKind::Opening).count(), 3);
    assert_eq!(rows.iter().filter(|row| row.kind == RowKind::Checkpoint).count(), 3);
    let report = verify(&path).unwrap();
    assert_eq!((report.rows, report.sound, report.quarantined), (rows.len(), rows.len(), 0));
}

#[test]
fn an_epoch_ends_after_a_thousand_entries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    let entries: Vec<_> = (0..1001).map(|i| note(&i.to_string())).collect();
    journal.append(&entries, NOW).unwrap();
    assert_eq!(opened(&all(&path)), entries);
    assert_eq!(all(&path).iter().filter(|row| row.kind == RowKind::Opening).count(), 2);
}

#[test]
fn two_processes_cannot_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let _first = Journal::open(&path, identity()).unwrap();
    assert!(matches!(Journal::open(&path, identity()), Err(Error::Open(_))));
}

#[test]
fn a_damaged_tail_is_set_aside_and_the_chain_goes_on_from_the_last_good_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1"), note("2"), note("3")], NOW).unwrap();
    drop(journal);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("UPDATE row SET body = CAST(x'00' || body AS BLOB) WHERE sequence = 3", []).unwrap();
    drop(db);
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("4")], NOW).unwrap();
    assert_eq!(opened(&all(&path)), [note("1"), note("4")]);
    assert_eq!(verify(&path).unwrap().quarantined, 2);
}

#[test]
fn a_changed_byte_in_any_row_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1"), note("2")], NOW).unwrap();
    let rows = all(&path);
    for (place, row) in rows.iter().enumerate() {
        for byte in 0..row.body.len() {
            let mut changed = rows.clone();
            changed[place].body[byte] ^= 1;
            assert_eq!(chain::sound_prefix(Some((&chain::START, 0)), &changed), place);
        }
    }
}

#[test]
fn rows_leave_only_by_a_receipt_with_their_own_hash_and_some_days_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1"), note("2"), note("3")], NOW).unwrap();
    let rows = all(&path);
    let receipt = |row: &Row| Receipt {
        region: identity().region,
        to: identity().name,
        epoch: row.epoch,
        sequence: row.sequence,
        chain: row.chain,
        ledger: [1; 8],
        issued: NOW.unix(),
    };
    let keep = Duration::from_secs(7 * 86_400);
    let foreign = Receipt { chain: [0; 32], ..receipt(&rows[2]) };
    assert!(matches!(journal.settle(&foreign, NOW, Duration::ZERO), Err(Error::Receipt)));
    assert_eq!(all(&path).len(), 4);

    journal.settle(&receipt(&rows[2]), NOW, keep).unwrap();
    assert_eq!(all(&path).len(), 4);
    assert_eq!(Outbox::open(&path).unwrap().settled().unwrap(), 3);

    let later = WallTime::from_unix(NOW.unix() + 8 * 86_400, ClockTrust::Rtc);
    journal.settle(&receipt(&rows[3]), later, keep).unwrap();
    assert_eq!(all(&path).iter().map(|row| row.sequence).collect::<Vec<_>>(), [4]);
    // An old receipt again changes nothing.
    journal.settle(&receipt(&rows[1]), later, keep).unwrap();
    drop(journal);
    Journal::open(&path, identity()).unwrap().append(&[note("4")], NOW).unwrap();
    assert_eq!(verify(&path).unwrap().sound, 3);
}

#[test]
fn a_full_disk_acknowledges_nothing_and_the_journal_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, identity()).unwrap();
    journal.append(&[note("1")], NOW).unwrap();
    journal.limit_pages(1);
    let long = note(&"x".repeat(20_000));
    assert!(matches!(journal.append(&[long.clone(), long.clone()], NOW), Err(Error::Write(_))));
    assert_eq!(opened(&all(&path)), [note("1")]);
    journal.limit_pages(100_000);
    journal.append(std::slice::from_ref(&long), NOW).unwrap();
    assert_eq!(opened(&all(&path)), [note("1"), long]);
}
