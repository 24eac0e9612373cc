use super::*;
use crate::Founding;

mod sheets;

const NOW: i64 = 1_588_334_400;
const CODE: &str = "K7M2-9QXA-4TRB-8ZWC";
const HEADER: &str = "what,text,kind,valid_from,valid_to,alert,holder,birth,id_digits,plate\n";

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

fn import(region: &Region, rows: &str) -> Result<Imported, Error> {
    let path = region.path("register.csv");
    std::fs::write(&path, format!("{HEADER}{rows}")).unwrap();
    region.import_register(&path, (0, None), "test", NOW, &mut |_| {})
}

const ROWS: &str = "plate,А123ВС77,work,2020-05-01,2020-05-31,,,,,\n\
                    plate,к777кк69,,2020-05-01,2020-05-31,yes,,,,\n\
                    code,K7M2-9QXA-4TRB-8ZWC,family,2020-05-01,2020-05-31,,\"Иванов, И.\",1984,4567,А123ВС77\n";

#[test]
fn a_spreadsheet_becomes_records_that_are_published_and_looked_up_by_a_box() {
    let (folder, region) = region();
    assert_eq!(import(&region, ROWS).unwrap(), Imported { rows: 3, changed: 3 });
    // The same again says nothing new, before and after the release.
    assert_eq!(import(&region, ROWS).unwrap(), Imported { rows: 3, changed: 0 });
    region.publish("test", NOW).unwrap();
    assert_eq!(region.pending().unwrap(), []);
    assert_eq!(import(&region, ROWS).unwrap(), Imported { rows: 3, changed: 0 });

    let found = region.registered(Presented::Code, "k7m2 9qxa 4trb 8zwc", 0).unwrap().unwrap();
    assert_eq!((found.record.kind, found.is_pending), (Some(2), false));
    let compared = found.compared.unwrap();
    assert_eq!((compared.holder.as_deref(), compared.plate.as_deref()), (Some("Иванов, И."), Some("A123BC77")));

    let mut store =
        trust::Store::provision(&folder.path().join("box"), &region.first_root().unwrap(), region.id()).unwrap();
    let at = |now| wire::WallTime::from_unix(now, wire::ClockTrust::Ntp);
    store.adopt(&mut trust::Folder(region.release_folder()), at(NOW)).unwrap();
    let release = store.current().unwrap();
    let register = Register::new(region.pepper().unwrap(), region.id().clone());
    let shown = |what, text| Shown::plain(what, text).unwrap();
    let look_up = |what, text| register.look_up(&release, &shown(what, text)).unwrap();
    let found = look_up(Presented::Code, CODE).unwrap();
    assert_eq!((found.day, found.compared), (0, Some(compared)));
    let alert = look_up(Presented::Plate, "К777КК69").unwrap();
    assert_eq!((alert.record.kind, alert.record.flags, alert.compared), (None, Flags::ALERT, None));
    assert_eq!(look_up(Presented::Plate, "К777КК77"), None);
    assert_eq!(look_up(Presented::Card, "777"), None);
    // Without the region's pepper nothing is found.
    let other = Pepper::new(Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap())));
    let other = Register::new(other, region.id().clone());
    assert_eq!(other.look_up(&release, &shown(Presented::Code, CODE)).unwrap(), None);

    region.remove_registered(Presented::Plate, "К777КК69", 0, "test", NOW).unwrap();
    let again = region.remove_registered(Presented::Plate, "К777КК69", 0, "test", NOW);
    assert!(matches!(again, Err(Error::NotRegistered)));
    region.publish("test", NOW + 60).unwrap();
    store.adopt(&mut trust::Folder(region.release_folder()), at(NOW + 60)).unwrap();
    let release = store.current().unwrap();
    assert_eq!(register.look_up(&release, &shown(Presented::Plate, "К777КК69")).unwrap(), None);
    assert!(register.look_up(&release, &shown(Presented::Plate, "А123ВС77")).unwrap().is_some());
}

#[test]
fn nothing_that_was_presented_stands_in_the_release_or_the_books() {
    let (_folder, region) = region();
    import(&region, ROWS).unwrap();
    region.publish("test", NOW).unwrap();
    let mut files = vec![region.release_folder(), region.path("hq.db"), region.path("hq.db-wal")];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = std::fs::read(&path) {
            seen += bytes.len();
            for secret in ["A123BC77", "K777KK69", "K7M29QXA4TRB8ZWC", "Иванов", "4567"] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret} stands in {}", path.display());
            }
        }
    }
    assert!(seen > 1000);
}

#[test]
fn a_file_is_taken_whole_or_not_at_all_and_every_wrong_row_is_named() {
    let (_folder, region) = region();
    let refused = |rows: &str| match import(&region, rows) {
        Err(Error::RegisterFile { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let good = "plate,А123ВС77,work,2020-05-01,2020-05-31,,,,,\n";
    let bad = [
        ("face,А123ВС77,work,2020-05-01,2020-05-31,,,,,\n", "what"),
        ("plate,--,work,2020-05-01,2020-05-31,,,,,\n", "plate"),
        ("plate,А124ВС77,holiday,2020-05-01,2020-05-31,,,,,\n", "holiday"),
        ("plate,А124ВС77,,2020-05-01,2020-05-31,,,,,\n", "kind"),
        ("plate,А124ВС77,work,2020-05-01,31.05.20,,,,,\n", "valid_to"),
        ("plate,А124ВС77,work,2020-05-01,2020-04-30,,,,,\n", "valid_to"),
        ("plate,А124ВС77,work,2020-05-01,2020-05-31,perhaps,,,,\n", "alert"),
        ("plate,А124ВС77,work,2020-05-01,2020-05-31,,Иванов,,,\n", "80 bits"),
        ("plate,А123ВС77,work,2020-05-01,2020-05-31,,,,,\n", "twice"),
    ];
    for (row, names) in bad {
        let problem = refused(&format!("{good}{row}"));
        assert!(problem.contains(names) && problem.contains("line 3"), "{names}: {problem}");
    }
    let all: String = bad.iter().map(|(row, _)| *row).collect();
    let problem = refused(&format!("{good}{all}"));
    assert_eq!(problem.lines().count(), bad.len(), "{problem}");
    let problem = refused(&"face,x,,,,,,,,\n".repeat(30));
    assert!(problem.lines().count() == 21 && problem.ends_with("and 10 more"), "{problem}");
    assert!(refused("plate,А124ВС77\n").contains("line 2"));
    assert_eq!(region.pending().unwrap(), []);
    let path = region.path("other.csv");
    std::fs::write(&path, "what,text,colour\n").unwrap();
    assert!(import(&region, "").is_ok_and(|imported| imported.rows == 0));
}

#[test]
fn the_register_of_a_day_is_another_than_the_permanent_one() {
    let (_folder, region) = region();
    let path = region.path("day.csv");
    std::fs::write(&path, format!("{HEADER}plate,А123ВС77,one-time,2020-05-01,2020-05-01,,,,,\n")).unwrap();
    region.import_register(&path, (18_383, None), "test", NOW, &mut |_| {}).unwrap();
    region.publish("test", NOW).unwrap();
    let is_there = |day| region.registered(Presented::Plate, "А123ВС77", day).unwrap().is_some();
    assert!(is_there(18_383) && !is_there(0) && !is_there(18_384));
    // After its day it is no longer said.
    region.publish("test", NOW + 2 * 86_400).unwrap();
    assert!(!is_there(18_383));
}
