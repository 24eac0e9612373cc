//! Certificates of others, from the lists of their keys as HQ takes them in to the verdict of a box.
#![allow(clippy::unwrap_used, reason = "a test may say what it means")]

use std::path::{Path, PathBuf};

use checkpointd::judge::{Circumstances, Judgement, judge};
use hq::import::{Consent, Did, Said, Smart, Statement, VdsNc};
use hq::{Founding, Region};
use trust::{Adoption, Folder, Store};
use verdict::{Outcome, Reason};
use wire::{ClockTrust, WallTime};

/// A headquarters and a box that follows it, at a time of its own.
struct Desk {
    _folder: tempfile::TempDir,
    region: Region,
    store: Store,
    now: i64,
}

impl Desk {
    fn open(now: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверь".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        let region = Region::create(&folder.path().join("hq"), &founding, "test", now).unwrap();
        // Every format that has an issuer, and every kind of certificate on its proof alone.
        let policy = folder.path().join("hq/policy.toml");
        let text = std::fs::read_to_string(&policy).unwrap();
        let formats = text.lines().find(|line| line.starts_with("formats = ")).unwrap();
        let text = text.replace(formats, r#"formats = ["MP1", "HC1", "NZCP", "SHC", "VDS-NC"]"#);
        let mut text = text.replace("compare_document = true", "compare_document = false");
        if !text.contains("number = 1004") {
            text += "\n[[kind]]\nnumber = 1004\ncode = \"covid-pass\"\nru = \"COVID-паспорт\"\nen = \"COVID pass\"\n\
                     admitted = true\nplate = \"ignored\"\ncompare_document = false\n";
        }
        std::fs::write(&policy, text).unwrap();
        let root = region.first_root().unwrap();
        let store = Store::provision(&folder.path().join("trust"), &root, region.id()).unwrap();
        let mut desk = Self { _folder: folder, region, store, now };
        desk.publish();
        desk
    }

    fn publish(&mut self) {
        self.region.publish("test", self.now).unwrap();
        let now = WallTime::from_unix(self.now, ClockTrust::Ntp);
        let adopted = self.store.adopt(&mut Folder(self.region.release_folder()), now).unwrap();
        assert!(matches!(adopted, Adoption::Adopted { .. }));
    }

    /// Takes a list in and lets the box know.
    fn import(&mut self, statement: &Statement) {
        let consent = Consent { apply: true, shrink: true, older: true };
        self.region.import(statement, consent, "test", self.now).unwrap();
        self.now += 60;
        self.publish();
    }

    fn judge(&self, text: &str) -> Judgement {
        let release = self.store.current().unwrap();
        judge(text, Circumstances::new(Some(&release), WallTime::from_unix(self.now, ClockTrust::Ntp)))
    }

    fn refused(&self, text: &str) -> Vec<Reason> {
        let judgement = self.judge(text);
        assert_eq!(judgement.verdict.outcome, Outcome::Refuse, "{judgement:?}");
        judgement.verdict.reasons
    }

    fn admitted(&self, text: &str) -> pass::Document {
        let judgement = self.judge(text);
        assert_eq!(judgement.verdict.outcome, Outcome::Admit, "{:?}", judgement.verdict);
        judgement.document.unwrap()
    }
}

/// Where a set of vectors stands: all of it beside the project, or the part within.
fn vectors(name: &str) -> PathBuf {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(name);
    if full.is_dir() { full } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name) }
}

fn text(path: PathBuf) -> String {
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

/// The same list, for another issuer.
fn of(statement: Statement, issuer: &str) -> Statement {
    let Said::Keys(mut keys) = statement.said else { panic!("keys were read") };
    keys.iter_mut().for_each(|key| key.scope.issuer = issuer.to_owned());
    Statement { said: Said::Keys(keys), ..statement }
}

#[test]
fn new_zealands_pass_counts_once_its_issuers_document_was_taken_in() {
    let set = vectors("nzcp");
    let mut desk = Desk::open(1_640_000_000);
    let pass = text(set.join("nzcp.txt"));
    assert_eq!(desk.refused(&pass), [Reason::UnknownKey]);
    let read = |now| Did { path: set.join("did.json") }.read("nz", Some(now)).unwrap();
    desk.import(&of(read(desk.now), "did:web:elsewhere.example"));
    assert_eq!(desk.refused(&pass), [Reason::UnknownKey], "key-1 of somebody else");
    desk.import(&read(desk.now));
    let document = desk.admitted(&pass);
    assert_eq!((document.issuer.as_str(), document.kind.number()), ("did:web:nzcp.covid19.health.nz", 1004));
    assert_eq!(desk.refused(&text(set.join("nzcp-modified-sig.txt"))), [Reason::Forged]);
    assert_eq!(desk.refused(&text(set.join("nzcp-bad-public-key.txt"))), [Reason::Forged]);
    assert_eq!(desk.refused(&text(set.join("nzcp-expired-payload.txt"))), [Reason::Expired]);
    let mut early = Desk::open(1_600_000_000);
    early.import(&read(early.now));
    assert_eq!(early.refused(&pass), [Reason::NotYetValid]);
}

#[test]
fn a_health_card_counts_for_the_issuer_under_whose_address_its_key_lies() {
    let set = vectors("shc");
    let mut desk = Desk::open(1_690_000_000);
    let pass = text(set.join("valid/example-00-f-qr-code-numeric-value-0.txt"));
    assert_eq!(desk.refused(&pass), [Reason::UnknownKey]);
    let address = "https://spec.smarthealth.cards/examples/issuer";
    let read = |issuer: &str, now| {
        let issuers = vec![(issuer.to_owned(), set.join("valid/issuer/well-known/jwks.json"))];
        Smart { snapshot: None, issuers }.read("vci", Some(now), now).unwrap()
    };
    // A key that somebody else publishes proves that it was signed, and not that it may say this.
    desk.import(&read("https://elsewhere.example", desk.now));
    assert_eq!(desk.refused(&pass), [Reason::OutOfScope]);
    let both = |now| {
        let issuers = ["https://elsewhere.example", address];
        let of = |issuer: &str| (issuer.to_owned(), set.join("valid/issuer/well-known/jwks.json"));
        Smart { snapshot: None, issuers: issuers.map(of).to_vec() }.read("vci", Some(now), now).unwrap()
    };
    desk.import(&both(desk.now));
    let document = desk.admitted(&pass);
    assert_eq!((document.issuer.as_str(), document.kind.number(), document.expires), (address, 1001, None));
    assert_eq!(desk.refused(&text(set.join("valid/example-02-f-qr-code-numeric-value-0.txt"))), [Reason::Unreadable]);
}

#[test]
fn a_seal_counts_under_the_pinned_authority_of_its_country_until_its_signer_is_taken_back() {
    let set = vectors("vds-nc");
    // While Australia's revocation list counted.
    let mut desk = Desk::open(1_635_000_000);
    let pass = text(set.join("validVDSJson.json"));
    assert_eq!(desk.refused(&pass), [Reason::UnknownKey]);
    let read = |issuer: &str, now| {
        let vds = VdsNc {
            signers: None,
            csca: set.join("csca.der"),
            crls: vec![set.join("crl.der")],
            issuer: issuer.to_owned(),
        };
        vds.read("vds", Some(now), now).unwrap()
    };
    desk.import(&read("NZL", desk.now));
    assert_eq!(desk.refused(&pass), [Reason::UnknownKey], "another country's authority");
    desk.import(&read("AUS", desk.now));
    let document = desk.admitted(&pass);
    assert_eq!((document.issuer.as_str(), document.kind.number()), ("AUS", 1001));
    assert_eq!(desk.refused(&pass.replace("JOHN", "JOAN")), [Reason::Forged]);
    assert_eq!(desk.refused(&text(set.join("nonVDSJson.json"))), [Reason::Unreadable]);

    let mut taken_back = read("AUS", desk.now);
    let Said::Keys(keys) = &mut taken_back.said else { panic!("keys were read") };
    keys[0].revoked.push(vec![0x18, 0xad].into());
    desk.import(&taken_back);
    assert_eq!(desk.refused(&pass), [Reason::Revoked]);
    desk.import(&read("AUS", desk.now));
    desk.admitted(&pass);
}
