//! A region and a box's trust, for the tests of this room: real passes, real releases.

use std::sync::Arc;

use hq::{Founding, IssueRequest, IssuedPass, Region, Which};
use trust::{Adoption, Folder, Release, Store};
use wire::{ClockTrust, WallTime};

/// When the story of a test begins, in Unix seconds: 2020-05-01T12:00:00Z.
pub const BEGIN: i64 = 1_588_334_400;

/// The plate on the car of the tests.
pub const PLATE: &str = "A123BC77";

/// HQ and one box's trust.
pub struct Desk {
    _folder: tempfile::TempDir,
    pub region: Region,
    store: Store,
}

impl Desk {
    /// A region whose first release the box has adopted.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверь".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        let region = Region::create(&folder.path().join("hq"), &founding, "test", BEGIN - 86_400).unwrap();
        let root = region.first_root().unwrap();
        let store = Store::provision(&folder.path().join("trust"), &root, region.id()).unwrap();
        let mut desk = Self { _folder: folder, region, store };
        desk.publish(BEGIN);
        desk
    }

    pub fn publish(&mut self, at: i64) {
        self.region.publish("test", at).unwrap();
        let mut carrier = Folder(self.region.release_folder());
        let adopted = self.store.adopt(&mut carrier, now(at)).unwrap();
        assert!(matches!(adopted, Adoption::Adopted { .. }));
    }

    pub fn release(&self) -> Arc<Release> {
        self.store.current().unwrap()
    }

    pub fn issue(&self, plates: &[&str]) -> IssuedPass {
        let request = IssueRequest {
            kind: 1,
            plates: plates.iter().map(|plate| (*plate).to_owned()).collect(),
            holder: Some("И. П.".to_owned()),
            not_before: BEGIN - 60,
            expires: BEGIN + 30 * 86_400,
            ..IssueRequest::default()
        };
        self.region.issue(&request, "test", BEGIN).unwrap()
    }

    /// Revokes a pass and lets the box know.
    pub fn revoke(&mut self, pass: &IssuedPass, at: i64) {
        self.region.revoke(&Which::Id(pass.id.clone()), "test", at).unwrap();
        self.publish(at);
    }
}

/// A time that is believed.
pub const fn now(at: i64) -> WallTime {
    WallTime::from_unix(at, ClockTrust::Ntp)
}
