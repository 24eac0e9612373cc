use std::path::PathBuf;

use journal::export::{Plan, write as put_on_stick};
use wire::row::Row;

use super::*;
use crate::Founding;
use crate::ledger::tests::{NOW, Post, note};

struct Desk {
    folder: tempfile::TempDir,
    region: Region,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверь".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        let region = Region::create(&folder.path().join("hq"), &founding, "test", 1_588_334_400).unwrap();
        Self { folder, region }
    }

    fn knows(&self, post: &Post) {
        self.region.add_box(&post.name.parse().unwrap(), &post.key(), "test", 0).unwrap();
    }

    /// A box's journal on a stick.
    fn export(&self, post: &Post, all: bool) -> PathBuf {
        let (name, signer) = (post.name.parse().unwrap(), post.signer());
        let (journal, region) = (post.path(), self.region.id());
        let plan = Plan { journal: &journal, region, name: &name, signer: &signer, all, now: NOW };
        put_on_stick(&plan, self.folder.path(), &mut |_, _| ()).unwrap().file
    }

    fn take(&self, file: &Path) -> Result<Taken, Error> {
        take(&self.region, file, self.folder.path(), ("test", 7), &mut |done, total| assert!(done <= total))
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.region.ledger_path(), self.region.id()).unwrap()
    }
}

fn holds(desk: &Desk, post: &Post) -> Vec<Row> {
    let name = post.name.parse().unwrap();
    desk.ledger().rows_after(&name, 0, 10_000).unwrap().into_iter().map(|stored| stored.row).collect()
}

#[test]
fn an_export_is_taken_once_with_what_was_set_aside_and_its_receipt_is_signed() {
    let (desk, post) = (Desk::new(), Post::new("post-1", 1));
    desk.knows(&post);
    post.write_notes(20);
    // Behind the last signature that holds.
    post.start().append(&[note("a"), note("b")], NOW).unwrap();
    post.damage("body", 24);
    post.write_notes(1);
    let file = desk.export(&post, false);
    let taken = desk.take(&file).unwrap();
    assert_eq!((taken.rows.new, taken.rows.repeats, taken.gap()), (post.rows().len() as u64, 0, None));
    assert!(taken.set_aside > 0 && taken.beyond_reading == 0, "{taken:?}");
    assert_eq!(holds(&desk, &post), post.rows());
    let aside = desk.ledger().set_aside(&"post-1".parse().unwrap()).unwrap();
    assert_eq!(aside.len() as u64, taken.set_aside);
    let (up_to, receipt) = taken.receipt.unwrap();
    let bytes = fs::read(&receipt).unwrap();
    let signed = wire::sign::Sign1::parse(&bytes).unwrap();
    let key = desk.region.receipt_key().unwrap().public();
    let receipt: Receipt = wire::decode(signed.verify(Context::Receipt, &key).unwrap(), "receipt").unwrap();
    assert_eq!((receipt.sequence, receipt.to.as_str()), (up_to, "post-1"));
    assert_eq!(up_to, post.rows().last().unwrap().sequence);
    // Again: nothing but repeats, in the ledger and beside it.
    let again = desk.take(&file).unwrap();
    assert_eq!((again.rows.new, again.rows.forks), (0, 0));
    assert_eq!(desk.ledger().set_aside(&"post-1".parse().unwrap()).unwrap(), aside);
}

#[test]
fn of_a_part_of_a_stranger_and_of_another_region_nothing_is_taken() {
    let (desk, post, stranger) = (Desk::new(), Post::new("post-1", 1), Post::new("post-9", 9));
    desk.knows(&post);
    post.write_notes(3);
    stranger.write_notes(3);
    let file = desk.export(&post, false);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(desk.take(&file).unwrap_err().code(), "export-cut");
    // A box that signs with another key than HQ knows it by.
    let other = Post::new("post-1", 5);
    other.write_notes(3);
    fs::remove_file(&file).unwrap();
    let file = desk.export(&other, false);
    assert_eq!(desk.take(&file).unwrap_err().code(), "export-signature");
    let file = desk.export(&stranger, false);
    assert_eq!(desk.take(&file).unwrap_err().code(), "unknown-box");
    assert!(desk.ledger().boxes().unwrap().is_empty());
    assert!(!desk.folder.path().join("post-1.receipt").exists());
}

#[test]
fn rows_that_are_missing_before_an_export_are_named_and_a_clone_gets_no_receipt() {
    let (desk, post) = (Desk::new(), Post::new("post-1", 1));
    desk.knows(&post);
    post.write_notes(3);
    let (rows, clone) = (post.rows(), post.clone_card());
    let receipt = desk.ledger().receipt(&"post-1".parse().unwrap(), 0).unwrap();
    assert!(receipt.is_none());
    // The box believes that HQ has its first rows, and HQ was restored from before them.
    let last = rows.last().unwrap();
    let covered = Receipt {
        region: desk.region.id().clone(),
        to: "post-1".parse().unwrap(),
        epoch: last.epoch,
        sequence: last.sequence,
        chain: last.chain,
        ledger: [1; 8],
        issued: 0,
        budget: None,
    };
    post.start().settle(&covered, NOW, std::time::Duration::from_secs(86_400)).unwrap();
    post.write_notes(2);
    let taken = desk.take(&desk.export(&post, false)).unwrap();
    assert_eq!(taken.gap(), Some(Gap { after: 0, found: last.sequence + 1 }));
    assert_eq!(taken.receipt, None);
    let taken = desk.take(&desk.export(&post, true)).unwrap();
    assert_eq!((taken.gap(), taken.rows.new), (None, post.rows().len() as u64));
    clone.write_notes(1);
    let taken = desk.take(&desk.export(&clone, true)).unwrap();
    assert!(taken.rows.forks > 0);
    assert_eq!(taken.receipt, None);
}
