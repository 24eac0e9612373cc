//! A post without a line: what it writes down goes to HQ on a stick, and the receipt that comes back lets it prune. All
//! of it by the programs as people use them, the box at work meanwhile.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::{measured, programs, wait};
use hq::ledger::Ledger;
use serde_json::Value;
use trust::Folder;

/// How long a box may take for anything on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(90);

/// A box with a release and no line, whose rows leave with their receipt.
fn alone(desk: &Desk) -> Post {
    let post = Post::provisioned(desk, "m10-km178");
    post.configure(|settings| {
        settings["trust"].as_table_mut().unwrap().remove("http");
        settings["trust"].as_table_mut().unwrap().insert("media".to_owned(), "media".into());
        settings["uplink"].as_table_mut().unwrap().remove("broker");
        settings["uplink"].as_table_mut().unwrap().insert("keep_receipted_days".to_owned(), 0.into());
    });
    std::fs::create_dir(post.path("media")).unwrap();
    desk.release();
    let mut store = trust::Store::open(&post.trust()).unwrap();
    let now = wire::WallTime { unix_ms: jiff::Timestamp::now().as_millisecond(), trust: wire::ClockTrust::Ntp };
    store.adopt(&mut Folder(desk.path("region/release")), now).unwrap();
    post
}

/// `checkpointd journal …` of a box.
fn journal(post: &Post, arguments: &[&str]) -> Output {
    let mut command = Command::new(programs::ours("checkpointd"));
    command.args(["journal", arguments[0], "--config"]).arg(post.path("box.toml")).args(&arguments[1..]);
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn said(post: &Post, arguments: &[&str]) -> String {
    let output = journal(post, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn status(post: &Post) -> Value {
    serde_json::from_str(&said(post, &["status", "--format", "json"])).unwrap()
}

fn wait_for_rows(post: &Post, running: &Process, above: u64) -> u64 {
    let head = || post.status().ok().map(|status| status.head()).filter(|head| *head > above);
    wait::for_it(&format!("rows above {above}"), PATIENCE, &[running], head)
}

fn import(desk: &Desk, file: &Path) -> Output {
    let mut command = Command::new(programs::ours("checkpoint-hq"));
    command.args(["import-journal", "region"]).arg(file).current_dir(desk.folder()).output().unwrap()
}

/// Rows of the box that HQ has.
fn at_hq(desk: &Desk, post: &Post) -> u64 {
    let ledger = Ledger::open_for_reading(&desk.path("region/ledger.db"), &desk.region()).unwrap();
    ledger.boxes().unwrap().into_iter().find(|standing| standing.name == post.name).unwrap().rows
}

fn on(stick: &Path, ending: &str) -> PathBuf {
    stick.join("checkpoint/RU-TVE/journal").join(format!("m10-km178.{ending}"))
}

#[test]
fn a_post_without_a_line_hands_its_journal_over_on_a_stick_and_prunes_by_the_receipt_that_comes_back() {
    let desk = Desk::founded(Broker::Embedded);
    let post = alone(&desk);
    let pass = desk.issue("work", &[]);
    let running = post.start();
    wait_for_rows(&post, &running, 0);
    post.show("pass.png", &std::fs::read(&pass.picture).unwrap());
    wait_for_rows(&post, &running, 3);

    // Everything is looked at and written while the box works.
    let room = status(&post);
    assert_eq!((&room["stage"], &room["reserve"], &room["receipt"]), (&"ample".into(), &"held".into(), &Value::Null));
    assert_eq!(room["budget"], 4096u64 << 20);
    assert_eq!(post.status().unwrap().0["journal"]["stage"], "ample");
    assert!(said(&post, &["verify"]).contains("whole"));
    let stick = desk.path("stick");
    std::fs::create_dir(&stick).unwrap();
    let exported = said(&post, &["export", stick.to_str().unwrap()]);
    assert!(exported.contains("read back and whole"), "{exported}");
    let file = on(&stick, "journal");
    let verified = said(&post, &["verify", "--export", file.to_str().unwrap()]);
    assert!(verified.contains("above row 0 ") && verified.contains("whole"), "{verified}");
    let unreceipted = status(&post)["unreceipted"].as_u64().unwrap();
    assert!(unreceipted > 3, "exporting receipts nothing");

    // A part of a file, and a file of nobody, are not taken.
    let bytes = std::fs::read(&file).unwrap();
    let part = desk.path("part.journal");
    for (content, code) in [(&bytes[..bytes.len() - 1], "[export-cut]"), (&bytes[1..], "[export-magic]")] {
        std::fs::write(&part, content).unwrap();
        let refused = import(&desk, &part);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused).contains(code), "{}", text(&refused));
    }
    // HQ takes it whole, from the stick, and again.
    let first = import(&desk, &stick);
    assert!(first.status.success(), "{}", text(&first));
    assert!(text(&first).contains(" new, 0 repeats, 0 forks, 0 damaged"), "{}", text(&first));
    let rows = at_hq(&desk, &post);
    let again = import(&desk, &file);
    assert!(text(&again).contains(&format!(": 0 new, {rows} repeats")), "{}", text(&again));
    measured(&format!("stick: {rows} rows in {} bytes", bytes.len()));

    // Nobody else's receipt counts, and the right one does: the stick is put into the running box.
    let receipt = on(&stick, "receipt");
    let good = std::fs::read(&receipt).unwrap();
    let into_the_box = |name: &str, receipt: &[u8], expected: &str| {
        let aside = post.path(name);
        std::fs::create_dir_all(on(&aside, "receipt").parent().unwrap()).unwrap();
        std::fs::write(on(&aside, "receipt"), receipt).unwrap();
        // Whole at once, as a stick that is mounted.
        std::fs::rename(aside, post.path("media").join(name)).unwrap();
        let stick = || (post.status().ok()?.0["stick"] == expected).then_some(());
        wait::for_it(&format!("a stick that is {expected}"), PATIENCE, &[&running], stick);
    };
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    into_the_box("sda1", &forged, "wrong-receipt");
    assert_eq!(post.status().unwrap().settled(), 0);
    into_the_box("sdb1", &good, "settled");
    let pruned = || (post.status().ok()?.settled() == rows).then_some(());
    wait::for_it("the receipt to be taken", PATIENCE, &[&running], pruned);
    let left = || {
        let now = status(&post);
        (now["rows"].as_u64()? == now["unreceipted"].as_u64()?).then_some(now)
    };
    let left = wait::for_it("the rows to leave", PATIENCE, &[&running], left);
    assert_eq!(left["receipt"]["sequence"], rows);
    assert!(running.end(PATIENCE).success());

    // What has come since is the next export; its receipt is taken by hand, as the box does not run.
    let exported = said(&post, &["export", stick.to_str().unwrap()]);
    assert!(exported.contains(&format!("above row {rows} ")), "{exported}");
    let more = import(&desk, &file);
    assert!(more.status.success(), "{}", text(&more));
    let all = at_hq(&desk, &post);
    assert!(all > rows);
    assert!(said(&post, &["receipt", stick.to_str().unwrap()]).contains(&format!("up to row {all}")));
    let now = status(&post);
    assert_eq!((&now["receipt"]["sequence"], &now["unreceipted"]), (&all.into(), &0.into()));
    let nothing = said(&post, &["export", stick.to_str().unwrap()]);
    assert!(nothing.starts_with("0 rows"), "{nothing}");
    let nothing = import(&desk, &file);
    assert!(nothing.status.success() && text(&nothing).contains("no rows: 0 new"), "{}", text(&nothing));
}

#[test]
fn the_first_row_that_does_not_hold_is_named() {
    let desk = Desk::founded(Broker::Embedded);
    let post = alone(&desk);
    let running = post.start();
    wait_for_rows(&post, &running, 1);
    assert!(running.end(PATIENCE).success());
    let db = rusqlite::Connection::open(post.journal()).unwrap();
    db.execute("UPDATE row SET chain = zeroblob(32) WHERE sequence = 2", []).unwrap();
    drop(db);
    let output = journal(&post, &["verify"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("row 2 [hash]"), "{}", text(&output));
}
