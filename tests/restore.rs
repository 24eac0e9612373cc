//! HQ's disk is lost and its ledger comes from an older backup: the boxes still hold what is missing, and it goes up
//! again by itself.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::path::Path;
use std::time::{Duration, Instant};

use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::{books, measured, pictures, wait};

/// How long anything may take on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long no new row may come before traffic counts as over: longer than a crossing stays open.
const QUIET: Duration = Duration::from_secs(4);

/// Copies HQ's ledger, with whatever lies beside it.
fn copy_ledger(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let (from, to) = (from.join(name), to.join(name));
        let _ = std::fs::remove_file(&to);
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        }
    }
}

fn settled_beyond(post: &Post, row: u64, programs: &[&Process]) -> u64 {
    wait::for_it(&format!("a receipt beyond row {row}"), PATIENCE, programs, || {
        post.status().ok().map(|status| status.settled()).filter(|settled| *settled > row)
    })
}

#[test]
fn an_hq_restored_from_an_older_backup_gets_back_what_the_boxes_still_hold() {
    let desk = Desk::founded(Broker::Mosquitto);
    desk.release();
    let post = Post::provisioned(&desk, "m10-km178");
    post.show("road.png", &pictures::blank(320, 240));
    // So many that the box has forgotten the first when it comes again: traffic without end.
    let vehicles: Vec<_> = (0..8).map(|vehicle| format!("{vehicle}.png")).collect();
    for vehicle in &vehicles {
        post.show(vehicle, &std::fs::read(desk.issue("family", &[]).picture).unwrap());
    }
    let mosquitto = desk.start_mosquitto();
    let hq = desk.start_hq();
    desk.wait_for_hq(&hq);
    let running = post.start();
    let backed_up = settled_beyond(&post, 3, &[&running, &hq, &mosquitto]);
    desk.end_hq(hq);
    let (region, backup) = (desk.path("region"), desk.path("backup"));
    copy_ledger(&region, &backup);

    // HQ goes on for a while, and the box gets receipts for rows that the backup does not have.
    let hq = desk.start_hq();
    let lost = settled_beyond(&post, backed_up + 6, &[&running, &hq, &mosquitto]);
    hq.kill();
    copy_ledger(&backup, &region);
    let hq = desk.start_hq();
    desk.wait_for_hq(&hq);

    // Traffic ends; what is missing comes again, and what is new with it.
    vehicles.iter().for_each(|vehicle| post.take_away(vehicle));
    let (mut head, mut since) = (0, Instant::now());
    wait::for_it("HQ to have every row", PATIENCE, &[&running, &hq, &mosquitto], || {
        let status = post.status().ok()?;
        if status.head() != head {
            (head, since) = (status.head(), Instant::now());
        }
        let rows = desk.ask_hq("api/counts").ok()?["rows"].as_u64()?;
        (status.queue() == 0 && rows == head && since.elapsed() >= QUIET).then_some(())
    });
    running.kill();
    desk.end_hq(hq);
    let rows = books::compared(&desk, &post);
    assert!(rows >= lost);
    measured(&format!(
        "restored: the backup had {backed_up} rows, the box receipts for {lost}; HQ has {rows} of {rows} again"
    ));
}
