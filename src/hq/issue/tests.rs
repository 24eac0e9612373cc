//! Passes from the request to what a box reads.

use std::collections::BTreeSet;

use super::*;
use crate::{Change, Founding, Which};

const NOW: i64 = 1_700_000_000;
const DAY: i64 = 86_400;

fn region() -> (tempfile::TempDir, Region) {
    let folder = tempfile::tempdir().unwrap();
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверская область".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    let region = Region::create(&folder.path().join("tver"), &founding, "test", NOW).unwrap();
    (folder, region)
}

fn work() -> IssueRequest {
    IssueRequest {
        kind: 1,
        plates: vec!["А123ВС77".to_owned()],
        holder: Some("И. П.".to_owned()),
        not_before: NOW,
        expires: NOW + 30 * DAY,
        ..IssueRequest::default()
    }
}

fn read(region: &Region, text: &str) -> Document {
    let keys: Vec<_> =
        region.issuers().unwrap().iter().map(|issuer| PublicKey::from_ed25519(&issuer.key).unwrap()).collect();
    let keys: Vec<_> = keys.into_iter().map(|key| (key.kid().to_vec(), key)).collect();
    pass::read(text, &keys).unwrap().document
}

#[test]
fn a_pass_says_what_was_asked_and_fits_the_size_that_was_designed() {
    let (_folder, region) = region();
    let issued = region.issue(&work(), "test", NOW).unwrap();
    let document = read(&region, &issued.text);
    assert_eq!(document, issued.document);
    assert_eq!(document.plates[0].as_str(), "A123BC77");
    assert_eq!((document.not_before, document.expires, document.issued), (Some(NOW), Some(NOW + 30 * DAY), Some(NOW)));
    assert_eq!(document.status, Some(issued.index));
    // The typical pass of design 4.1: 255 characters, version 9 at level M; budget 220 bytes.
    println!(
        "{} characters, QR {}, {}",
        issued.text.len(),
        issued.code(Ecc::Screen).unwrap().label(),
        issued.code(Ecc::Paper).unwrap().label()
    );
    assert!(issued.text.len() <= 255, "{} characters", issued.text.len());
    assert_eq!(issued.code(Ecc::Screen).unwrap().version(), 9);
}

#[test]
fn everything_a_pass_can_say_survives() {
    let (_folder, region) = region();
    let full = IssueRequest {
        kind: 4,
        plates: vec!["А123ВС77".to_owned(), "?123??".to_owned(), "a123bc 77 rus".to_owned()],
        // Decomposed, as some keyboards write it; a pass has the one normal form.
        holder: Some(" И\u{306}. П. ".to_owned()),
        birth: Some("1980-02".to_owned()),
        id_digits: Some("0042".to_owned()),
        cards: vec![1, u64::MAX],
        regions: vec![69, 77],
        limits: Some(Limits { trips: Some(1), days: Some(14), per_day: Some(2), minutes: Some(60) }),
        route: Some("М10: 120–180".to_owned()),
        not_before: NOW + DAY,
        expires: NOW + 2 * DAY,
        issuer: None,
    };
    let document = read(&region, &region.issue(&full, "test", NOW).unwrap().text);
    assert_eq!(document.plates.iter().map(Binding::as_str).collect::<Vec<_>>(), ["A123BC77", "?123??"]);
    assert_eq!(document.holder.as_deref(), Some("Й. П."));
    assert_eq!((document.birth, document.id_digits), (full.birth, full.id_digits));
    assert_eq!(
        (document.cards, document.regions, document.limits, document.route),
        (full.cards, full.regions, full.limits, full.route)
    );
}

#[test]
fn what_no_box_could_use_is_refused_with_its_own_code() {
    let (_folder, region) = region();
    let code = |change: &dyn Fn(&mut IssueRequest)| {
        let mut request = work();
        change(&mut request);
        region.issue(&request, "test", NOW).err().map_or("ok", |error| {
            assert!(error.is_refusal());
            error.code()
        })
    };
    assert_eq!(code(&|_| {}), "ok");
    assert_eq!(code(&|r| r.kind = 99), "unknown-kind");
    assert_eq!(code(&|r| r.kind = 1001), "out-of-scope");
    assert_eq!(code(&|r| r.issuer = Some("RU-MOS".to_owned())), "unknown-issuer");
    assert_eq!(code(&|r| r.plates.clear()), "plate-needed");
    assert_eq!(code(&|r| r.plates = vec!["??".to_owned()]), "plate");
    assert_eq!(code(&|r| r.holder = Some(" ".to_owned())), "field");
    assert_eq!(code(&|r| r.holder = Some("a\nb".to_owned())), "field");
    assert_eq!(code(&|r| r.holder = Some("я".repeat(65))), "field");
    assert_eq!(code(&|r| r.route = Some(String::new())), "field");
    for birth in ["80", "1980-13", "1980-02-30", "1980-2", "+980", "1980-02-01T00"] {
        assert_eq!(code(&|r| r.birth = Some(birth.to_owned())), "field", "{birth}");
    }
    for digits in ["", "12345", "12a", "１２"] {
        assert_eq!(code(&|r| r.id_digits = Some(digits.to_owned())), "field", "{digits}");
    }
    assert_eq!(code(&|r| r.cards = (0..25).collect()), "unreadable");
    let everything = |r: &mut IssueRequest| {
        r.plates = (100..124).map(|n| format!("{n}????????????")).collect();
        r.holder = Some("я".repeat(64));
        r.route = Some("я".repeat(64));
    };
    assert_eq!(code(&everything), "too-long");
}

#[test]
fn dates_that_cannot_be_are_refused() {
    let (_folder, region) = region();
    let dates = |from: i64, to: i64| {
        let request = IssueRequest { not_before: from, expires: to, ..work() };
        match region.issue(&request, "test", NOW) {
            Ok(_) => true,
            Err(Error::Dates(_)) => false,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(dates(NOW, NOW + 400 * DAY));
    assert!(!dates(NOW, NOW + 400 * DAY + 1), "longer than 400 days");
    assert!(dates(NOW - 30 * DAY, NOW + 1), "a pass may have begun already");
    assert!(!dates(NOW - 30 * DAY, NOW), "ended already");
    assert!(!dates(NOW + DAY, NOW + DAY), "empty");
    assert!(!dates(NOW + DAY, NOW), "backwards");
    assert!(dates(NOW + 365 * DAY, NOW + 366 * DAY));
    assert!(!dates(NOW + 367 * DAY, NOW + 368 * DAY), "a slip of the year");
    for (from, to) in [(i64::MIN, i64::MAX), (i64::MAX, i64::MIN), (-1, i64::MAX), (0, i64::MIN), (i64::MIN, NOW + 1)] {
        assert!(!dates(from, to));
    }
    let late = region.issuers().unwrap()[0].valid_to;
    let request = IssueRequest { not_before: late - DAY, expires: late + DAY, ..work() };
    assert!(matches!(region.issue(&request, "test", late - DAY), Err(Error::Dates(_))), "outlives its key");
    assert!(matches!(region.issue(&work(), "test", NOW - 1), Err(Error::Dates(_))), "before the key counts");
}

#[test]
fn a_kind_that_policy_stops_is_not_issued() {
    let (_folder, region) = region();
    let path = region.folder().join("policy.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("admitted = true", "admitted = false", 1)).unwrap();
    assert_eq!(region.issue(&work(), "test", NOW).unwrap_err().code(), "kind-stopped");
    std::fs::write(&path, text + "\ncolour = 1\n").unwrap();
    assert_eq!(region.issue(&work(), "test", NOW).unwrap_err().code(), "policy");
}

#[test]
fn ids_and_places_never_repeat_and_places_tell_nothing_of_the_order() {
    let (_folder, region) = region();
    let issued = region.issue_all(&vec![work(); 500], "test", NOW).unwrap();
    let ids: BTreeSet<_> = issued.iter().map(|pass| pass.id.clone()).collect();
    let places: BTreeSet<_> = issued.iter().map(|pass| (pass.index.series, pass.index.index)).collect();
    assert_eq!((ids.len(), places.len()), (500, 500));
    let rising = issued.windows(2).filter(|pair| pair[0].index.index < pair[1].index.index).count();
    assert!((150..350).contains(&rising), "{rising} of 499 places follow upwards");
    let highest = issued.iter().map(|pass| pass.index.index).max().unwrap();
    assert!(highest > 50_000, "drawn from all 65,536 places");
}

#[test]
fn a_full_list_is_followed_by_one_that_boxes_had_already_and_lengths_have_lists_of_their_own() {
    let (_folder, region) = region();
    let path = region.folder().join("region.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("65536", "256");
    std::fs::write(&path, text).unwrap();
    region.database().execute("UPDATE series SET size = 256", []).unwrap();
    let region = Region::open(region.folder()).unwrap();
    let lists = || db::series(&region.database(), NOW).unwrap().into_iter().map(|list| list.number).collect::<Vec<_>>();
    assert_eq!(lists(), [0, 1, 2, 3, 4, 5], "two of each class from the beginning");
    let issued = region.issue_all(&vec![work(); 400], "test", NOW).unwrap();
    let in_series = |number| issued.iter().filter(|pass| pass.index.series == number).count();
    assert_eq!([in_series(2), in_series(3), in_series(6)], [192, 192, 16]);
    assert!(issued.iter().all(|pass| pass.index.index < 256));
    assert_eq!(lists(), [0, 1, 2, 3, 4, 5, 6, 7], "and one ahead");
    let short = IssueRequest { expires: NOW + DAY, ..work() };
    assert_eq!(region.issue(&short, "test", NOW).unwrap().index.series, 0);
    let long = IssueRequest { expires: NOW + 100 * DAY, ..work() };
    assert_eq!(region.issue(&long, "test", NOW).unwrap().index.series, 4);
    assert_eq!(region.issue(&work(), "test", NOW).unwrap().index.series, 6);
    let later = db::series(&region.database(), NOW + 31 * DAY).unwrap();
    assert!(later.iter().all(|list| list.number != 2), "a list whose passes have all ended leaves");
}

#[test]
fn of_many_requests_all_are_met_or_none() {
    let (_folder, region) = region();
    let bad = IssueRequest { cards: (0..25).collect(), ..work() };
    assert!(region.issue_all(&[work(), bad], "test", NOW).is_err());
    let passes: i64 = region.database().query_row("SELECT count(*) FROM pass", [], |row| row.get(0)).unwrap();
    assert_eq!(passes, 0);
}

#[test]
fn the_books_say_who_did_what_and_hold_no_name() {
    let (_folder, region) = region();
    let issued = region.issue(&work(), "О. Дежурная", NOW).unwrap();
    region.revoke(&Which::Id(issued.id.clone()), "О. Дежурная", NOW + 1).unwrap();
    let all: Vec<(i64, String, String, String)> = region
        .database()
        .prepare("SELECT at, who, action, subject FROM audit ORDER BY id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let (id, clerk) = (trust::format::hex(&issued.id), "О. Дежурная".to_owned());
    assert_eq!(
        all,
        [
            (NOW, "test".to_owned(), "found".to_owned(), "RU-TVE".to_owned()),
            (NOW, clerk.clone(), "issue".to_owned(), id.clone()),
            (NOW + 1, clerk, "revoke".to_owned(), id),
        ]
    );
    assert!(region.issue(&work(), " ", NOW).is_err(), "nobody is not an operator");
    let path = region.folder().join("hq.db");
    drop(region);
    let bytes = std::fs::read(path).unwrap();
    assert!(!bytes.windows("И. П.".len()).any(|window| window == "И. П.".as_bytes()));
}

#[test]
fn a_revocation_is_final_and_a_suspension_is_not() {
    let (_folder, region) = region();
    let passes = region.issue_all(&vec![work(); 3], "test", NOW).unwrap();
    let id = |at: usize| Which::Id(passes[at].id.clone());
    let set = |which: &Which, change| region.set_status(which, change, "test", NOW);
    assert!(set(&id(0), Change::Suspend).unwrap().is_new);
    assert!(!set(&id(0), Change::Suspend).unwrap().is_new);
    assert!(set(&id(0), Change::Restore).unwrap().is_new);
    assert!(!set(&id(0), Change::Restore).unwrap().is_new);
    assert!(set(&Which::Text(passes[1].text.clone()), Change::Suspend).unwrap().is_new);
    assert!(set(&Which::Place { issuer: None, index: passes[1].index }, Change::Revoke).unwrap().is_new);
    for change in [Change::Suspend, Change::Restore] {
        assert_eq!(set(&id(1), change).unwrap_err().code(), "revoked-is-final");
    }
    assert!(!set(&id(1), Change::Revoke).unwrap().is_new);
}

#[test]
fn only_a_pass_of_this_region_can_be_revoked() {
    let (_folder, here) = region();
    let (_other, elsewhere) = region();
    let code = |which: Which| here.revoke(&which, "test", NOW).unwrap_err().code();
    let foreign = elsewhere.issue(&work(), "test", NOW).unwrap();
    assert_eq!(code(Which::Text(foreign.text)), "not-ours");
    assert_eq!(code(Which::Id(foreign.id)), "unknown-pass");
    assert_eq!(code(Which::Text("MP1:".to_owned())), "not-ours");
    let index = |series, index| StatusIndex { series, index };
    assert_eq!(code(Which::Place { issuer: None, index: index(2, 5) }), "unknown-pass");
    let own = here.issue(&work(), "test", NOW).unwrap();
    let free = (0..).find(|place| *place != own.index.index).unwrap();
    assert_eq!(code(Which::Place { issuer: None, index: index(2, free) }), "unknown-pass", "nobody was given it");
    for wild in [index(2, 65_536), index(u64::MAX, 0), index(2, u64::MAX)] {
        assert_eq!(code(Which::Place { issuer: None, index: wild }), "unknown-pass");
    }
    assert_eq!(code(Which::Place { issuer: Some("RU-MOS".to_owned()), index: own.index }), "unknown-issuer");
}

#[test]
fn a_pass_that_restored_books_have_forgotten_can_still_be_revoked_by_its_text() {
    let (_folder, region) = region();
    let [lost, kept]: [IssuedPass; 2] = region.issue_all(&vec![work(); 2], "test", NOW).unwrap().try_into().unwrap();
    region.database().execute("DELETE FROM pass WHERE cti = ?1", [&lost.id]).unwrap();
    let changed = region.revoke(&Which::Text(lost.text), "test", NOW).unwrap();
    assert_eq!((changed.id, changed.index, changed.is_new), (None, Some(lost.index), true));
    let books = region.database();
    assert!(db::is_taken(&books, "RU-TVE", lost.index.series, lost.index.index).unwrap(), "it is not drawn again");
    assert!(db::is_taken(&books, "RU-TVE", kept.index.series, kept.index.index).unwrap());
}

#[test]
fn an_issuer_signs_within_its_scope_and_with_its_own_key() {
    let (_folder, region) = region();
    region.add_issuer("konakovo", &[2, 4], "test", NOW).unwrap();
    assert_eq!(region.add_issuer("konakovo", &[2], "test", NOW).unwrap_err().code(), "issuer-exists");
    assert_eq!(region.add_issuer("../x", &[2], "test", NOW).unwrap_err().code(), "field");
    let from = |kind| IssueRequest { issuer: Some("konakovo".to_owned()), kind, ..work() };
    let issued = region.issue(&from(2), "test", NOW).unwrap();
    assert_eq!(read(&region, &issued.text).issuer, "konakovo");
    assert_eq!(region.issue(&from(1), "test", NOW).unwrap_err().code(), "out-of-scope");
    let keys = region.folder().join("keys");
    let own = std::fs::read_to_string(keys.join("issuer-RU-TVE.key")).unwrap();
    std::fs::write(keys.join("issuer-konakovo.key"), own.replace("RU-TVE", "konakovo")).unwrap();
    assert_eq!(region.issue(&from(2), "test", NOW).unwrap_err().code(), "key");
}

#[test]
fn a_region_is_founded_once_and_whole() {
    let (folder, region) = region();
    let founding = Founding {
        region: "RU-MOS".parse().unwrap(),
        name: "x".to_owned(),
        territory: 50,
        utc_offset: "+03:00".to_owned(),
    };
    let taken = Region::create(region.folder(), &founding, "test", NOW).err().unwrap();
    assert_eq!(taken.code(), "folder-exists");
    let bad = Founding { utc_offset: "Moscow".to_owned(), ..founding.clone() };
    assert_eq!(Region::create(&folder.path().join("a"), &bad, "test", NOW).err().unwrap().code(), "settings");
    assert_eq!(Region::create(&folder.path().join("b"), &founding, "", NOW).err().unwrap().code(), "field");
    assert_eq!(Region::open(&folder.path().join("b")).err().unwrap().code(), "not-a-region");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["tver"], "nothing half made is left behind");
}

#[test]
fn a_region_works_without_its_root_keys() {
    let (_folder, region) = region();
    for number in 1..=3 {
        std::fs::remove_file(region.folder().join(format!("keys/root-{number}.key"))).unwrap();
    }
    let region = Region::open(region.folder()).unwrap();
    assert!(region.issue(&work(), "test", NOW).is_ok());
}
