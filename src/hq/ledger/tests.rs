//! Real journals, sent in every order there is.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use hpke::kem::X25519HkdfSha256;
use hpke::{Kem as _, Serializable as _};
use journal::{Identity, Journal, Outbox};
use proptest::prelude::*;
use wire::entry::{Entry, Note};
use wire::row::{Batch, Row, RowKind};
use wire::sign::Signer;
use wire::{ClockTrust, RegionId, WallTime};

use super::{Accepted, Error, Gap, Intake, Keep, Ledger, Offered};
use crate::collect::{Accept as _, Poison};

pub const NOW: WallTime = WallTime::from_unix(1_588_334_400, ClockTrust::Rtc);

pub struct Device(SigningKey);

impl Signer for Device {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

pub fn region() -> RegionId {
    "RU-TVE".parse().unwrap()
}

/// HQ's sealing key: private and public.
pub fn sealing() -> ([u8; 32], [u8; 32]) {
    let (private, public) = X25519HkdfSha256::derive_keypair(&[9; 32]);
    (private.to_bytes().into(), public.to_bytes().into())
}

pub fn note(detail: &str) -> Entry {
    Entry::Note(Note { at: NOW, code: "started".into(), detail: detail.into() })
}

/// A box with its journal.
pub struct Post {
    pub name: String,
    pub folder: tempfile::TempDir,
    seed: u8,
}

impl Post {
    pub fn new(name: &str, seed: u8) -> Self {
        Self { name: name.to_owned(), folder: tempfile::tempdir().unwrap(), seed }
    }

    /// The same box again: its card copied, with its key.
    pub fn clone_card(&self) -> Self {
        let other = Self::new(&self.name, self.seed);
        for suffix in ["", "-wal"] {
            let name = format!("journal.db{suffix}");
            if self.folder.path().join(&name).exists() {
                std::fs::copy(self.folder.path().join(&name), other.folder.path().join(&name)).unwrap();
            }
        }
        other
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub fn key(&self) -> VerifyingKey {
        SigningKey::from_bytes(&[self.seed; 32]).verifying_key()
    }

    pub fn signer(&self) -> Device {
        Device(SigningKey::from_bytes(&[self.seed; 32]))
    }

    pub fn start(&self) -> Journal {
        let signer = Arc::new(self.signer());
        let (region, name) = (region(), self.name.parse().unwrap());
        Journal::open(&self.path(), Identity { region, name, signer, sealing_key: sealing().1 }).unwrap()
    }

    /// Starts, writes and ends.
    pub fn write(&self, entries: &[Entry]) {
        let mut journal = self.start();
        journal.append(entries, NOW).unwrap();
        journal.sign(NOW).unwrap();
    }

    pub fn write_notes(&self, count: usize) {
        self.write(&(0..count).map(|i| note(&i.to_string())).collect::<Vec<_>>());
    }

    pub fn rows(&self) -> Vec<Row> {
        let outbox = Outbox::open(&self.path()).unwrap();
        let (mut rows, mut after) = (Vec::new(), 0);
        loop {
            let more = outbox.rows_after(after, usize::MAX, usize::MAX).unwrap();
            let Some(last) = more.last() else { return rows };
            after = last.sequence;
            rows.extend(more);
        }
    }

    pub fn batch(&self, rows: &[Row]) -> Batch {
        Batch { region: region(), from: self.name.parse().unwrap(), rows: rows.to_vec() }
    }

    pub fn damage(&self, column: &str, sequence: u64) {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        let set = match column {
            "epoch_counter" => "epoch_counter = epoch_counter + 1",
            "body" => "body = zeroblob(length(body))",
            "chain" => "chain = zeroblob(32)",
            "mac" => "mac = zeroblob(32)",
            "kind" => "kind = (kind + 1) % 3",
            other => panic!("{other}"),
        };
        db.execute(&format!("UPDATE row SET {set} WHERE sequence = ?1"), [sequence.cast_signed()]).unwrap();
    }
}

/// HQ's side.
pub struct Hq {
    pub folder: tempfile::TempDir,
    pub ledger: Ledger,
}

impl Hq {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&Self::file(folder.path()), &region()).unwrap();
        Self { folder, ledger }
    }

    fn file(folder: &Path) -> PathBuf {
        folder.join("ledger.db")
    }

    pub fn path(&self) -> PathBuf {
        Self::file(self.folder.path())
    }

    pub fn take(&mut self, post: &Post, rows: &[Row]) -> Accepted {
        self.ledger.accept(&post.batch(rows), &post.key(), NOW.unix()).unwrap()
    }

    fn holds(&self, post: &Post) -> Vec<Row> {
        let stored = self.ledger.rows_after(&post.name.parse().unwrap(), 0, u32::MAX).unwrap();
        stored.into_iter().map(|stored| stored.row).collect()
    }
}

fn up_to(accepted: &Accepted) -> Option<u64> {
    accepted.receipt_up_to.map(|place| place.sequence)
}

#[test]
fn what_is_here_without_a_gap_gets_a_receipt_that_the_journal_takes() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(70);
    post.write_notes(3);
    let rows = post.rows();
    for batch in rows.chunks(32) {
        let accepted = hq.take(&post, batch);
        assert_eq!(up_to(&accepted), Some(batch.last().unwrap().sequence));
        assert_eq!((accepted.new, accepted.repeats, accepted.forks, accepted.gap), (batch.len() as u64, 0, 0, None));
    }
    assert_eq!(hq.holds(&post), rows);
    let receipt = hq.ledger.receipt(&"post-1".parse().unwrap(), 7).unwrap().unwrap();
    assert_eq!((receipt.issued, receipt.ledger), (7, hq.ledger.id()));
    post.start().settle(&receipt, NOW, Duration::ZERO).unwrap();
    assert!(post.rows().is_empty());
    // And it goes on behind what has left.
    post.write_notes(1);
    assert_eq!(hq.take(&post, &post.rows()).new, 3);
}

#[test]
fn repeats_change_nothing() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(10);
    let rows = post.rows();
    hq.take(&post, &rows[..8]);
    let again = hq.take(&post, &rows[2..]);
    assert_eq!((again.new, again.repeats, again.forks, again.damaged), (4, 6, 0, 0));
    assert_eq!(hq.take(&post, &rows).repeats, rows.len() as u64);
    assert_eq!(hq.holds(&post), rows);
    assert_eq!(hq.ledger.boxes().unwrap()[0].rows, rows.len() as u64);
}

#[test]
fn behind_a_gap_nothing_is_taken_and_the_receipt_says_where_to_begin_again() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(20);
    let rows = post.rows();
    let first = hq.take(&post, &rows[5..10]);
    assert_eq!((up_to(&first), first.new, first.gap), (None, 0, Some(Gap { after: 0, found: 6 })));
    hq.take(&post, &rows[..5]);
    let accepted = hq.take(&post, &rows[10..]);
    assert_eq!((up_to(&accepted), accepted.gap), (Some(5), Some(Gap { after: 5, found: 11 })));
    assert_eq!(up_to(&hq.take(&post, &rows[5..])), Some(rows.len() as u64));
}

#[test]
fn a_cloned_card_is_a_conflict_and_both_ways_are_kept() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(5);
    let clone = post.clone_card();
    post.write_notes(4);
    clone.write_notes(6);
    let (rows, other) = (post.rows(), clone.rows());
    assert_eq!(up_to(&hq.take(&post, &rows)), Some(rows.len() as u64));
    let accepted = hq.take(&clone, &other);
    assert_eq!((accepted.receipt_up_to, accepted.repeats), (None, 7));
    assert_eq!(accepted.forks, other.len() as u64 - 7);
    let name = "post-1".parse().unwrap();
    assert_eq!(hq.ledger.set_aside(&name).unwrap().len() as u64, accepted.forks);
    assert_eq!(hq.ledger.conflicts().unwrap()[0].sequence, 8);
    assert_eq!(hq.ledger.conflicts().unwrap().len(), 1);
    // The box itself gets no receipt either, but what it says is taken.
    post.write_notes(1);
    let on = hq.take(&post, &post.rows()[rows.len()..]);
    assert_eq!((on.receipt_up_to, on.new), (None, 3));
    assert!(hq.ledger.receipts(0).unwrap().is_empty());
    assert!(hq.ledger.boxes().unwrap()[0].in_conflict);
    // The same again raises nothing new.
    assert_eq!(hq.take(&clone, &other).forks, 0);
    // Another box is not concerned.
    let neighbour = Post::new("post-2", 2);
    neighbour.write_notes(1);
    assert_eq!(up_to(&hq.take(&neighbour, &neighbour.rows())), Some(3));
}

#[test]
fn an_operator_decides_which_way_goes_on_and_receipts_follow_it() {
    for keep_clone in [false, true] {
        let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
        let name = "post-1".parse().unwrap();
        post.write_notes(5);
        let clone = post.clone_card();
        post.write_notes(4);
        clone.write_notes(6);
        let (rows, other) = (post.rows(), clone.rows());
        hq.take(&post, &rows);
        hq.take(&clone, &other);
        let ways = hq.ledger.branches(&name, 8).unwrap();
        assert_eq!(
            ways.iter().map(|way| (way.rows, way.is_chain)).collect::<Vec<_>>(),
            [(rows.len() as u64 - 7, true), (other.len() as u64 - 7, false)]
        );
        let keep = if keep_clone { Keep::Branch(ways[1].first) } else { Keep::Chain };
        assert!(matches!(hq.ledger.resolve(&name, 9, keep, 5), Err(Error::NoConflict(_))));
        hq.ledger.resolve(&name, 8, keep, 5).unwrap();
        assert!(matches!(hq.ledger.resolve(&name, 8, keep, 5), Err(Error::NoConflict(_))));
        // Both write on; the one that was chosen gets a receipt for what it has, the other none that fits it.
        post.write_notes(1);
        clone.write_notes(1);
        let (stays, goes) = if keep_clone { (&clone, &post) } else { (&post, &clone) };
        let accepted = hq.take(stays, &stays.rows());
        let place = accepted.receipt_up_to.unwrap();
        assert_eq!((place.sequence, place.chain), (stays.rows().len() as u64, stays.rows().last().unwrap().chain));
        assert_eq!(hq.holds(stays), stays.rows());
        assert_eq!(hq.ledger.boxes().unwrap()[0].rows, stays.rows().len() as u64);
        let refused = hq.take(goes, &goes.rows());
        assert_eq!((refused.new, refused.receipt_up_to.map(|up_to| up_to.chain)), (0, Some(place.chain)));
        assert!(hq.ledger.conflicts().unwrap().iter().all(|one| one.resolved.is_some()));
        // Everything of the other way is kept.
        let aside = hq.ledger.set_aside(&name).unwrap();
        assert_eq!(aside.iter().filter(|(_, why)| why == "fork").count(), goes.rows().len() - 7);
    }
}

#[test]
fn a_clone_that_is_ahead_is_found_as_soon_as_the_box_speaks() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(5);
    let clone = post.clone_card();
    clone.write_notes(50);
    post.write_notes(1);
    assert!(hq.take(&clone, &clone.rows()).receipt_up_to.is_some());
    let accepted = hq.take(&post, &post.rows());
    assert_eq!((accepted.receipt_up_to, accepted.forks), (None, 3));
}

#[test]
fn rows_another_key_has_signed_are_not_taken() {
    let (post, thief, mut hq) = (Post::new("post-1", 1), Post::new("post-1", 2), Hq::new());
    post.write_notes(2);
    thief.write_notes(2);
    let forged = hq.ledger.accept(&thief.batch(&thief.rows()), &post.key(), 0).unwrap();
    assert_eq!((forged.new, forged.receipt_up_to, forged.damaged), (0, None, 1));
    hq.take(&post, &post.rows());
    let refused = hq.ledger.accept(&thief.batch(&thief.rows()), &thief.key(), 0).unwrap_err();
    assert!(matches!(refused, Error::OtherKey(_)));
    assert_eq!(hq.holds(&post), post.rows());
}

#[test]
fn another_regions_rows_and_numbers_beyond_all_journals_are_refused() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(2);
    let foreign = Batch { region: "RU-MOW".parse().unwrap(), ..post.batch(&post.rows()) };
    assert!(matches!(hq.ledger.accept(&foreign, &post.key(), 0), Err(Error::OtherRegion { .. })));
    let mut rows = post.rows();
    rows[1].sequence = u64::MAX;
    assert!(matches!(hq.ledger.accept(&post.batch(&rows), &post.key(), 0), Err(Error::Number)));
    assert!(matches!(Ledger::open(&hq.path(), &"RU-MOW".parse().unwrap()), Err(Error::OtherRegion { .. })));
}

#[test]
fn a_row_damaged_on_the_box_does_not_hold_up_what_is_behind_it() {
    for column in ["body", "chain", "epoch_counter", "kind"] {
        for at in [3, 1, 12, 13] {
            let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
            post.write_notes(10);
            post.write_notes(10);
            let good = post.rows();
            assert_eq!(good[11].kind, RowKind::Checkpoint);
            assert_eq!(good[12].kind, RowKind::Opening);
            post.damage(column, at);
            let rows = post.rows();
            // First in a batch, last in a batch, in the middle.
            let split = [at as usize - 1, at as usize, 8][at as usize % 3].min(rows.len());
            let mut accepted = hq.take(&post, &rows[..split]);
            let from = accepted.receipt_up_to.map_or(0, |place| place.sequence as usize);
            accepted = hq.take(&post, &rows[from..]);
            let what = format!("{column} of {at}, split at {split}");
            assert_eq!(up_to(&accepted), Some(rows.len() as u64), "{what}");
            let stored = hq.ledger.rows_after(&"post-1".parse().unwrap(), 0, 100).unwrap();
            assert_eq!(stored.len(), rows.len(), "{what}");
            let marked: Vec<_> = stored.iter().filter(|s| s.fault.is_some()).map(|s| s.row.sequence).collect();
            assert_eq!(marked, [at], "{what}");
            assert!(hq.ledger.conflicts().unwrap().is_empty(), "{what}");
        }
    }
}

#[test]
fn a_row_that_was_damaged_after_it_was_sent_is_no_fork() {
    for column in ["body", "chain", "mac", "epoch_counter"] {
        let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
        post.write_notes(10);
        let rows = post.rows();
        hq.take(&post, &rows);
        post.damage(column, 4);
        let accepted = hq.take(&post, &post.rows());
        assert_eq!((accepted.forks, up_to(&accepted)), (0, Some(12)), "{column}");
        assert_eq!(hq.holds(&post), rows);
    }
}

#[test]
fn a_row_that_was_damaged_on_its_way_is_replaced_when_it_comes_sound() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(10);
    let rows = post.rows();
    let mut damaged = rows.clone();
    damaged[4].body[20] ^= 1;
    assert_eq!(hq.take(&post, &damaged).damaged, 1);
    assert_eq!(hq.take(&post, &rows).forks, 0);
    assert_eq!(hq.holds(&post), rows);
}

#[test]
fn a_box_may_leave_out_what_was_damaged_there_by_its_signed_word() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    let mut journal = post.start();
    journal.append(&[note("1"), note("2"), note("3"), note("4")], NOW).unwrap();
    drop(journal);
    let before = post.rows();
    // Sent up to row 4; then row 3 is damaged on the box, and a start finds it.
    hq.take(&post, &before[..4]);
    post.damage("body", 3);
    post.write_notes(1);
    let after: Vec<Row> = post.rows().into_iter().filter(|row| row.sequence > 4).collect();
    assert_eq!(after[0].sequence, 6);
    let accepted = hq.take(&post, &after);
    assert_eq!((up_to(&accepted), accepted.gap, accepted.new), (Some(8), None, 3));
    let hole = &hq.ledger.holes().unwrap()[0];
    assert_eq!((hole.after, hole.before), (2, 6));
    // A row of the hole that was on its way all the time is kept.
    let late = hq.take(&post, &before[4..]);
    assert_eq!((late.forks, up_to(&late)), (0, Some(8)));
    assert_eq!(hq.ledger.set_aside(&"post-1".parse().unwrap()).unwrap(), [(5, "late".to_owned())]);
}

/// Two rows in a row do not hold: only the box's signature leads over them, and it must come in the same batch.
#[test]
fn damage_of_several_rows_is_passed_over_when_the_batch_reaches_a_signed_row() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    for _ in 0..5 {
        post.write_notes(20);
    }
    let rows = post.rows();
    let signed = rows.iter().find(|row| row.sequence > 9 && row.kind == RowKind::Checkpoint).unwrap().sequence;
    let mut damaged = rows.clone();
    for at in [7, 8, 9] {
        damaged[at - 1].body[3] ^= 1;
        damaged[at - 1].chain[9] ^= 1;
    }
    let short = hq.take(&post, &damaged[..usize::try_from(signed).unwrap() - 1]);
    assert_eq!((up_to(&short), short.damaged), (Some(6), 1));
    // The box sends again from row 7, and further.
    let long = hq.take(&post, &damaged[6..]);
    // Nothing tells any more what row 10 was linked to, so it counts as damaged with them.
    assert_eq!((up_to(&long), long.damaged, long.forks), (Some(rows.len() as u64), 4, 0));
    // What comes sound later takes their place.
    hq.take(&post, &rows);
    assert_eq!(hq.holds(&post), rows);
    assert!(hq.ledger.conflicts().unwrap().is_empty());
}

#[test]
fn what_cannot_be_read_is_kept_and_passed_over_by_a_signed_row_behind_it() {
    for unreadable in [1, 2, 7, 12] {
        let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
        post.write_notes(15);
        post.write_notes(15);
        let rows = post.rows();
        hq.take(&post, &rows[..usize::try_from(unreadable).unwrap() - 1]);
        let batch = post.batch(&rows[usize::try_from(unreadable).unwrap()..]);
        let poison = [Poison { sequence: unreadable, bytes: vec![1, 2, 3] }];
        let offered = Offered { batch: &batch, poison: &poison, key: post.key() };
        let accepted = hq.ledger.accept_all(&[offered], 0).unwrap().pop().unwrap().unwrap();
        assert_eq!(up_to(&accepted), Some(rows.len() as u64), "row {unreadable}");
        let aside = hq.ledger.set_aside(&"post-1".parse().unwrap()).unwrap();
        assert_eq!(aside, [(unreadable, "unreadable".to_owned())]);
        let holes = hq.ledger.holes().unwrap();
        assert!(holes.iter().any(|hole| hole.after + 1 == unreadable), "{holes:?}");
        // A batch that only begins behind it proves nothing: rows may be on their way.
        let (other, mut hq) = (Post::new("post-1", 1), Hq::new());
        other.write_notes(15);
        assert_eq!(up_to(&hq.take(&other, &other.rows()[2..])), None);
    }
}

#[test]
fn one_batch_that_is_refused_takes_no_other_with_it() {
    let (post, thief, mut hq) = (Post::new("post-1", 1), Post::new("post-1", 2), Hq::new());
    let neighbour = Post::new("post-2", 3);
    [&post, &thief, &neighbour].into_iter().for_each(|post| post.write_notes(3));
    hq.take(&post, &post.rows()[..2]);
    let batches = [&post, &thief, &neighbour].map(|post| (post.batch(&post.rows()), post.key()));
    let offered = batches.each_ref().map(|(batch, key)| Offered { batch, poison: &[], key: *key });
    let accepted = hq.ledger.accept_all(&offered, 0).unwrap();
    assert_eq!(up_to(accepted[0].as_ref().unwrap()), Some(post.rows().len() as u64));
    assert!(matches!(accepted[1], Err(Error::OtherKey(_))));
    assert_eq!(up_to(accepted[2].as_ref().unwrap()), Some(neighbour.rows().len() as u64));
}

#[test]
fn nobody_but_the_box_may_leave_rows_out() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(3);
    post.write_notes(3);
    post.write_notes(3);
    let rows = post.rows();
    // The second epoch is missing: the third opening names a row that is not here.
    let without: Vec<Row> = rows.iter().filter(|row| row.epoch.counter != 2).cloned().collect();
    let accepted = hq.take(&post, &without);
    assert_eq!((up_to(&accepted), accepted.gap), (Some(5), Some(Gap { after: 5, found: 11 })));
}

#[test]
fn what_was_accepted_is_there_after_a_crash() {
    let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
    post.write_notes(10);
    let rows = post.rows();
    hq.take(&post, &rows);
    let copy = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal"] {
        let from = hq.folder.path().join(format!("ledger.db{suffix}"));
        std::fs::copy(from, copy.path().join(format!("ledger.db{suffix}"))).unwrap();
    }
    let ledger = Ledger::open(&copy.path().join("ledger.db"), &region()).unwrap();
    assert_eq!(ledger.id(), hq.ledger.id());
    assert_eq!(ledger.receipts(0).unwrap(), hq.ledger.receipts(0).unwrap());
    assert_eq!(ledger.receipts(0).unwrap().len(), 1);
}

#[test]
fn the_collector_gets_receipts_only_for_boxes_whose_keys_are_known() {
    let (post, stranger, hq) = (Post::new("post-1", 1), Post::new("post-9", 9), Hq::new());
    post.write_notes(2);
    stranger.write_notes(2);
    let key = post.key();
    let mut intake = Intake::new(hq.ledger, move |name| Ok((name.as_str() == "post-1").then_some(key)), || 77);
    let receipt = intake.accept(&post.batch(&post.rows()), &[]).unwrap().unwrap();
    assert_eq!((receipt.sequence, receipt.issued), (4, 77));
    let refused = intake.accept(&stranger.batch(&stranger.rows()), &[]).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(Error::UnknownBox(_))));
    assert_eq!(intake.receipts().unwrap(), [receipt]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// However rows are cut into batches, repeated, swapped and lost: the receipt never runs ahead of what is
    /// here, never falls back, and with a last full round everything is here once.
    #[test]
    fn in_whatever_order_rows_come_the_ledger_ends_up_with_the_journal(
        starts in proptest::collection::vec(1..6usize, 1..5),
        batches in proptest::collection::vec((any::<prop::sample::Index>(), 1..8usize), 0..40),
    ) {
        let (post, mut hq) = (Post::new("post-1", 1), Hq::new());
        for entries in starts {
            post.write_notes(entries);
        }
        let rows = post.rows();
        let mut covered = 0;
        for (from, length) in batches {
            let from = from.index(rows.len());
            let accepted = hq.take(&post, &rows[from..rows.len().min(from + length)]);
            let now = up_to(&accepted).unwrap_or(0);
            prop_assert!(now >= covered);
            covered = now;
            prop_assert_eq!(&hq.holds(&post)[..], &rows[..usize::try_from(covered).unwrap()]);
            prop_assert_eq!((accepted.forks, accepted.damaged), (0, 0));
        }
        prop_assert_eq!(up_to(&hq.take(&post, &rows)), Some(rows.len() as u64));
        prop_assert_eq!(hq.holds(&post), rows);
    }
}
