//! A region and a box's trust, for the tests of this room: real passes, real releases.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use board::Readings;
use hq::{Founding, IssueRequest, IssuedPass, Region, Which};
use trust::{Adoption, Folder, Release, Store};
use wire::{ClockTrust, WallTime};

use crate::judge::Books;
use crate::register::Lookup;

/// When the story of a test begins, in Unix seconds: 2020-05-01T12:00:00Z.
pub const BEGIN: i64 = 1_588_334_400;

/// The plate on the car of the tests.
pub const PLATE: &str = "A123BC77";

/// HQ and one box's trust.
pub struct Desk {
    _folder: tempfile::TempDir,
    pub region: Region,
    /// The kind of what it issues.
    pub kind: u16,
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
        // The device of the tests reads plates, and is believed.
        let policy = region.folder().join("policy.toml");
        let trusted = "\n[[plates]]\nsource = \"hikvision\"\nleast = 0.95\nmay_agree = true\n";
        std::fs::write(&policy, std::fs::read_to_string(&policy).unwrap() + trusted).unwrap();
        let root = region.first_root().unwrap();
        let store = Store::provision(&folder.path().join("trust"), &root, region.id()).unwrap();
        let mut desk = Self { _folder: folder, region, kind: 1, store };
        desk.publish(BEGIN);
        desk
    }

    /// A region with another policy, its register taken in from rows of a spreadsheet, and what a box of it keeps.
    pub fn with_register(policy: &str, rows: &str) -> (Self, Books) {
        let mut desk = Self::open();
        std::fs::write(desk.region.folder().join("policy.toml"), policy).unwrap();
        let file = desk.region.folder().join("rows.csv");
        std::fs::write(&file, rows).unwrap();
        desk.region.import_register(&file, (0, None), "test", BEGIN, &mut |_| {}).unwrap();
        desk.publish(BEGIN + 1);
        let register = Lookup::open(desk.region.folder(), desk.region.id());
        register.take(desk.region.pepper().unwrap());
        (desk, Books { register: Some(register), ..Books::default() })
    }

    pub fn publish(&mut self, at: i64) {
        self.publish_to(at, now(at));
    }

    /// Publishes to a box whose clock says something else.
    pub fn publish_to(&mut self, at: i64, its_time: WallTime) {
        self.region.publish("test", at).unwrap();
        let mut carrier = Folder(self.region.release_folder());
        let adopted = self.store.adopt(&mut carrier, its_time).unwrap();
        assert!(matches!(adopted, Adoption::Adopted { .. }));
    }

    pub fn release(&self) -> Arc<Release> {
        self.store.current().unwrap()
    }

    pub fn issue(&self, plates: &[&str]) -> IssuedPass {
        let request = IssueRequest {
            kind: self.kind,
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

/// A board's clocks that say what a test wants, and time that goes by when it says so.
pub struct Boot(pub Mutex<(Readings, Duration)>);

impl Default for Boot {
    /// No clock at all.
    fn default() -> Self {
        let silent = Readings { system_ms: 0, synchronised: false, rtc_ms: None };
        Self(Mutex::new((silent, Duration::from_secs(20))))
    }
}

impl Boot {
    /// Lets seconds go by, by every clock there is.
    pub fn pass(&self, seconds: u64) {
        let (readings, mono) = &mut *self.0.lock().unwrap();
        *mono += Duration::from_secs(seconds);
        let ms = seconds.cast_signed() * 1000;
        readings.system_ms += ms;
        readings.rtc_ms = readings.rtc_ms.map(|rtc| rtc + ms);
    }
}

impl board::Clock for Boot {
    fn read(&self) -> Readings {
        self.0.lock().unwrap().0
    }
    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}
