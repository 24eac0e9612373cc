//! A region with its headquarters, and one box of it, in one process and in simulated time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use board::{Frame, Key};
use checkpointd::attempts::Attempts;
use checkpointd::config;
use checkpointd::crossing::{Event, Lane, State, World};
use checkpointd::feed::FromDevice;
use checkpointd::identity::Identity;
use checkpointd::judge::Books;
use checkpointd::register::Lookup;
use checkpointd::shift::Shifts;
use checkpointd::uses::Uses;
use ed25519_dalek::VerifyingKey;
use hq::ledger::Ledger as HqLedger;
use hq::open::{Crossings, Filter, Opener, Record};
use hq::{Founding, IssueRequest, IssuedPass, NewOrder, Region, Which};
use jiff::tz::TimeZone;
use journal::{Journal, Outbox};
use panel::Language;
use plate::Reading;
use reader::{Reader, Settings};
use simulator::scene::Chance;
use trust::{Adoption, Folder, Store};
use verdict::{Action as Orders, Reason};
use wire::entry::Entry;
use wire::row::Batch;
use wire::sign::Signer as _;
use wire::{ClockTrust, WallTime};

use crate::picture::Look;
use crate::situation::{Expected, Ledger, Situation, Step};

/// When most stories begin: 2020-04-27T09:00:00+03:00, a Monday, three days before the first passes end.
pub const BEGIN: i64 = 1_587_967_200;

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3600;
pub const DAY: i64 = 86_400;

/// Between two situations: longer than any grace.
const BETWEEN: u64 = 400;

/// Frames in which a pass must have been read.
const FRAMES: u64 = 40;

/// Time between frames, and between keys.
const EVERY: Duration = Duration::from_millis(100);
const GLANCE: Duration = Duration::from_millis(500);

/// Who does this, for HQ's audit.
pub const BY: &str = "systems";

/// Longest batch of rows.
const ROWS: usize = 100;

/// A headquarters, and a box.
pub struct Post {
    pub region: Region,
    pub hq: PathBuf,
    _folder: tempfile::TempDir,
    store: Store,
    journal: Journal,
    key: VerifyingKey,
    lane: Lane,
    reader: Reader,
    chance: Chance,
    /// The box's clock.
    pub trust: ClockTrust,
    now_ms: i64,
    mono: Duration,
    frames: u64,
    /// Crossings that were written in this situation, the last one last.
    written: Vec<[u8; 8]>,
}

/// The PIN of every officer here.
const PIN: &str = "271828";

fn draw_id() -> [u8; 8] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()
}

/// The policy of a system.
pub fn policy(system: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("regions").join(format!("{system}.toml"))
}

impl Post {
    /// Founds a region with the policy of a system. Its first release is out, and the box has it.
    pub fn of(system: &str, code: &str, territory: u64) -> Self {
        Self::of_time(system, code, territory, BEGIN)
    }

    /// The same at another time, in Unix seconds.
    pub fn of_time(system: &str, code: &str, territory: u64, begin: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = Founding {
            region: code.parse().unwrap(),
            name: system.to_owned(),
            territory,
            utc_offset: "+03:00".to_owned(),
        };
        let hq = folder.path().join("hq");
        let region = Region::create(&hq, &founding, BY, begin - 30 * DAY).unwrap();
        std::fs::copy(policy(system), hq.join("policy.toml")).unwrap();
        let rules = region.rules().unwrap();
        let kinds = rules.policy.kinds.iter().map(|rule| rule.kind);
        let kinds: Vec<u16> = kinds.filter(|kind| *kind < pass::Kind::VACCINATION.number()).collect();
        region.let_issue(code, &kinds, BY, begin - 30 * DAY).unwrap();
        let data = folder.path().join("box");
        std::fs::create_dir_all(&data).unwrap();
        let identity = Arc::new(Identity::create(&data).unwrap());
        let key = identity.public();
        let name: wire::BoxId = "post-1".parse().unwrap();
        region.add_box(&name, &key, BY, begin - 30 * DAY).unwrap();
        let store = Store::provision(&data.join("trust"), &region.first_root().unwrap(), region.id()).unwrap();
        let sealing_key = store.root().sealing_key().unwrap();
        let identity = journal::Identity { region: region.id().clone(), name, signer: identity, sealing_key };
        let mut journal = Journal::open(&data.join("journal.db"), identity).unwrap();
        region.pepper().unwrap().keep(&data.join(checkpointd::PEPPER)).unwrap();
        let uses = Uses::new(region.id(), &TimeZone::fixed(region.settings().zone));
        journal.count_by(uses.hook());
        let command = region.command_key().unwrap().public();
        let keys: checkpointd::shift::Keys = Arc::new(move |_| vec![command]);
        let shifts = Shifts::open(region.id().clone(), keys, 0, &data, Duration::from_secs(1000));
        let books = Books {
            uses: Some(uses),
            register: Some(Lookup::open(&data, region.id())),
            attempts: Some(Attempts::new(Duration::ZERO)),
        };
        let mut post = Self {
            region,
            hq,
            _folder: folder,
            store,
            journal,
            key,
            lane: Lane::new(config::Lane::default(), Language::Ru, draw_id).with(books).staffed(shifts),
            reader: Reader::new(Settings::default()),
            chance: Chance::new(6),
            trust: ClockTrust::Ntp,
            now_ms: begin * 1000,
            mono: Duration::from_secs(1000),
            frames: 0,
            written: Vec::new(),
        };
        post.publish();
        post
    }

    /// Unix seconds.
    pub const fn now(&self) -> i64 {
        self.now_ms / 1000
    }

    /// HQ publishes, and the box gets it.
    pub fn publish(&mut self) {
        self.region.publish(BY, self.now()).unwrap();
        let mut carrier = Folder(self.region.release_folder());
        let now = WallTime { unix_ms: self.now_ms, trust: self.trust };
        assert!(matches!(self.store.adopt(&mut carrier, now).unwrap(), Adoption::Adopted { .. }));
    }

    /// The number of a kind in policy.
    pub fn kind(&self, code: &str) -> u16 {
        self.region.rules().unwrap().kind(code).unwrap()
    }

    /// Issues a pass, valid from an hour ago for so many days.
    pub fn issue(&self, kind: &str, plates: &[&str], days: i64, change: impl FnOnce(&mut IssueRequest)) -> IssuedPass {
        let mut request = IssueRequest {
            kind: self.kind(kind),
            plates: plates.iter().map(|plate| (*plate).to_owned()).collect(),
            holder: Some("И. П.".to_owned()),
            not_before: self.now() - HOUR,
            expires: self.now() + days * DAY,
            ..IssueRequest::default()
        };
        change(&mut request);
        // What begins in the past was issued then.
        self.region.issue(&request, BY, self.now().min(request.not_before)).unwrap()
    }

    /// Takes records into the register, permanent ones: lines of `what,text,kind,valid_from,valid_to,alert,holder,plate`.
    pub fn register(&self, lines: &str) {
        let lines: String = lines.lines().map(|line| line.trim().to_owned() + "\n").collect();
        let file = self.hq.join("rows.csv");
        std::fs::write(&file, format!("what,text,kind,valid_from,valid_to,alert,holder,plate\n{lines}")).unwrap();
        self.region
            .import_register(&file, (0, None), BY, self.now(), &mut |_| {})
            .unwrap_or_else(|error| panic!("{error:?}"));
    }

    /// HQ gives an order for this kind that counts since some days ago and for some more, and publishes it.
    pub fn order(&mut self, action: Orders, kind: &str, since: i64, days: Option<i64>) {
        let order = NewOrder {
            action,
            kinds: vec![self.kind(kind)],
            issuer: None,
            issued_from: None,
            issued_before: None,
            from: self.now() - since * DAY,
            until: days.map(|days| self.now() + days * DAY),
            ru: "Указ".to_owned(),
            en: "Decree".to_owned(),
        };
        self.region.give_order(order, BY, self.now()).unwrap();
        self.publish();
    }

    /// HQ revokes a pass, and publishes that.
    pub fn revoke(&mut self, id: &[u8]) {
        self.region.revoke(&Which::Id(id.to_vec()), BY, self.now()).unwrap();
        self.publish();
    }

    /// An officer signs in with a service card and a PIN.
    pub fn sign_in(&mut self) {
        let times = (self.now() - DAY, self.now() + 60 * DAY);
        let text = self.region.issue_card("Лось-2", times, Some(PIN.to_owned().into()), BY, self.now()).unwrap().text;
        self.show(&text, Look::Screen).unwrap();
        PIN.chars().for_each(|digit| self.press(Key::Digit(digit.to_digit(10).unwrap() as u8)));
        self.press(Key::Enter);
    }

    fn pass_time(&mut self, time: Duration) {
        self.mono += time;
        self.now_ms += i64::try_from(time.as_millis()).unwrap();
    }

    fn on(&mut self, event: Event) {
        let release = self.store.current();
        let now = WallTime { unix_ms: self.now_ms, trust: self.trust };
        let world = World { mono: self.mono, now, release: release.as_deref() };
        let entries = self.lane.on(event, &world);
        for entry in &entries {
            if let Entry::Crossing(crossing) = entry {
                self.written.push(crossing.id);
            }
        }
        if !entries.is_empty() {
            self.journal.append(&entries, now).unwrap();
        }
        self.lane.shown(self.mono);
    }

    fn wait(&mut self, seconds: u64) {
        // Turns come all the time; what they may do they do in the first and in the last of a wait.
        self.pass_time(Duration::from_secs(seconds));
        self.on(Event::Turn);
    }

    /// Holds something up until the reader has read it, and takes it away.
    fn show(&mut self, text: &str, look: Look) -> Result<(), String> {
        for _ in 0..FRAMES {
            let picture = look.frame(text, &mut self.chance);
            let (width, height) = picture.dimensions();
            self.frames += 1;
            let luma = Arc::from(picture.into_raw());
            let frame = Frame { width, height, luma, number: self.frames, at: self.mono, source: None };
            let found = self.reader.watch(&frame);
            self.pass_time(EVERY);
            if let Some(code) = found.codes.first() {
                let read_us = u32::try_from(found.micros).unwrap();
                self.on(Event::Sighted { text: code.text.clone(), read_us, handed: Instant::now() });
                return if code.text == text { Ok(()) } else { Err("another text was read".to_owned()) };
            }
        }
        Err(format!("nothing was read in {FRAMES} frames of {look:?}"))
    }

    fn press(&mut self, key: Key) {
        self.pass_time(GLANCE);
        self.on(Event::Key { key, pressed: self.mono });
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Show(text, look) => return self.show(&text, look),
            Step::Feed(kind, confidence, text) => {
                let (reading, confidence) = (Reading::new(&text), Some(confidence));
                self.on(Event::Plate(FromDevice { reading, kind, confidence, is_repeat: false }));
            }
            Step::Type(text) => {
                for letter in text.chars() {
                    self.press(letter.to_digit(10).map_or(Key::Letter(letter), |digit| Key::Digit(digit as u8)));
                }
                self.press(Key::Enter);
            }
            Step::Press(key) => self.press(key),
            Step::Keys(keys) => keys.into_iter().for_each(|key| self.press(key)),
            Step::Wait(seconds) => self.wait(seconds),
            Step::Meanwhile(what) => what(self),
        }
        Ok(())
    }

    /// Plays a table, and compares what it left in the ledger.
    pub fn play(self, system: &str, table: Vec<Situation>) {
        assert!(table.len() >= 20, "{system}: {} situations", table.len());
        self.play_part(system, table);
    }

    /// The same for a part of a system's situations, at another time than the others.
    pub fn play_part(mut self, system: &str, table: Vec<Situation>) {
        let count = table.len();
        let mut played = Vec::new();
        let mut wrong = Vec::new();
        for Situation { name, steps, expected } in table {
            self.written.clear();
            for step in steps {
                if let Err(why) = self.step(step) {
                    wrong.push(format!("{name}: {why}"));
                }
            }
            // Its car drives on, and for a while none comes.
            self.wait(BETWEEN);
            assert!(matches!(self.lane.state(), State::Idle), "{name}: {:?}", self.lane.state());
            self.wait(1);
            played.push((name, self.written.last().copied(), expected));
        }
        let records = self.ledger();
        for (name, id, Expected(expected)) in played {
            let found = id.and_then(|id| records.get(&id));
            let said = found.map(|record| self.said(record));
            let wanted = expected.map(|row| self.wanted(&row));
            if said != wanted {
                wrong.push(format!("{name}:\n  wanted {wanted:?}\n  found  {said:?}"));
            }
        }
        assert!(wrong.is_empty(), "{system}: {} of {count}\n{}", wrong.len(), wrong.join("\n"));
        println!("measured: system {system}: {count} situations");
    }

    /// What HQ opens of what the box wrote, by crossing.
    fn ledger(&mut self) -> HashMap<[u8; 8], Record> {
        let outbox = Outbox::open(&self._folder.path().join("box/journal.db")).unwrap();
        let (region, name) = (self.region.id().clone(), "post-1".parse::<wire::BoxId>().unwrap());
        let mut ledger = HqLedger::open(&self.region.ledger_path(), &region).unwrap();
        let mut last = 0;
        loop {
            let rows = outbox.rows_after(last, ROWS, usize::MAX).unwrap();
            let Some(newest) = rows.last() else { break };
            last = newest.sequence;
            let batch = Batch { region: region.clone(), from: name.clone(), rows };
            ledger.accept(&batch, &self.key, self.now()).unwrap();
        }
        let sealing = self.region.sealing_key();
        let secrets = [sealing.secret()];
        let path = self.region.crossings_path();
        let opened = Opener::open(&self.region.ledger_path(), &path, &region, &secrets).unwrap().catch_up(self.now());
        let opened = opened.unwrap();
        assert_eq!((opened.damaged, opened.rows), (0, last), "{opened:?}");
        let records = Crossings::open(&path).unwrap().crossings(&Filter::default(), u32::MAX).unwrap();
        records.into_iter().map(|record| (record.crossing.id, record)).collect()
    }

    /// A row of the ledger in words.
    fn said(&self, record: &Record) -> String {
        let Record { crossing, closing, .. } = record;
        let code = |number: &u16| Reason::from_number(*number).map_or("?", Reason::code);
        let reasons: Vec<_> = crossing.reasons.iter().map(code).collect();
        let action = closing.as_ref().map(|closing| closing.action);
        let why = closing.as_ref().and_then(|closing| closing.why.as_deref());
        let (outcome, kind, how) = (crossing.outcome, crossing.kind, crossing.how);
        format!("{outcome:?} {reasons:?}, kind {kind:?}, by {how:?}, {action:?} {why:?}")
    }

    fn wanted(&self, row: &Ledger) -> String {
        let Ledger { outcome, reasons, kind, how, action, why } = row;
        let kind = kind.map(|kind| self.kind(kind));
        format!("{outcome:?} {reasons:?}, kind {kind:?}, by {how:?}, {:?} {why:?}", Some(action))
    }
}
