//! A box that falls dead while it adopts releases stands up with the old release or the new one, whole.
//!
//! Once it is only killed. Then its plug is pulled: the real `checkpointd` runs under Debian's kernel with ext4 on a disk
//! whose every write is logged, and cuts are made from the log afterwards: everything up to the last flush is there, and
//! of what came later any part.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use checkpoint_tests::chance::Chance;
use checkpoint_tests::cut::{self, Log};
use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::guest::{Guest, Plan};
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::{is_long, measured, programs};
use trust::{Adoption, Folder, Store};
use wire::{ClockTrust, WallTime};

/// Cuts of one run, and of the long one.
const CUTS: (usize, usize) = (150, 1000);

/// Kills of one run, and of the long one.
const KILLS: (usize, usize) = (150, 1000);

/// Releases that are adopted one after the other.
const RELEASES: u64 = 24;

/// Mebibytes of the box's disk.
const DISK: u64 = 24;

/// How long the machine may take until it has begun, and for one adoption; without the host's help it is slow.
const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn the_old_release_or_the_new_one_is_whole_whenever_the_box_is_killed() {
    let desk = Desk::founded(Broker::Embedded);
    let post = Post::provisioned(&desk, "m10-km178");
    let releases = releases(&desk);
    let (trust, before) = (post.trust(), desk.path("trust.before"));
    copy(&trust, &before);
    let mut chance = Chance::drawn("kills while adopting");
    let kills = if is_long() { KILLS.1 } else { KILLS.0 };
    let (mut stood, mut old, mut longest) = (0, 0, Duration::from_millis(40));
    for kill in 0..kills {
        if stood == RELEASES {
            std::fs::remove_dir_all(&trust).unwrap();
            copy(&before, &trust);
            stood = 0;
        }
        // At times several at once, as after a month without a line.
        let next = chance.within(stood as usize + 1..RELEASES as usize + 1) as u64;
        let mut command = Command::new(programs::ours("checkpointd"));
        command.args(["trust", "adopt", "--trust"]).arg(&trust).arg(releases.join(next.to_string()));
        let began = Instant::now();
        let mut process = Process::start("adopt", &mut command, desk.folder());
        std::thread::sleep(longest.mul_f64(chance.below(1000) as f64 / 1000.0));
        match process.ended() {
            Some(how) => {
                assert!(how.success(), "{how}{}", process.last_words());
                longest = began.elapsed();
            }
            // It may end at this very moment: dropping kills what is left.
            None => drop(process),
        }
        let store = Store::open(&trust).unwrap_or_else(|error| panic!("kill {kill}: {error}"));
        let stands = store.current().map_or(0, |release| release.sequence());
        assert!(stands == stood || stands == next, "kill {kill}: {stood} was in force, then {next} came: {stands}");
        old += usize::from(stands == stood);
        stood = stands;
    }
    assert!(old > kills / 10 && old < kills, "{old} of {kills} kills came before the new release stood");
    measured(&format!(
        "kills while adopting: {kills}; the old release whole {old} times, the new one {} times",
        kills - old
    ));
}

#[test]
fn the_old_release_or_the_new_one_is_whole_wherever_the_power_goes() {
    let desk = Desk::founded(Broker::Embedded);
    let post = Post::provisioned(&desk, "m10-km178");
    let releases = releases(&desk);
    let (image, before) = (desk.path("disk"), desk.path("disk.before"));
    cut::disk_of(&desk.path(post.name.as_str()), &image, DISK);
    std::fs::copy(&image, &before).unwrap();

    let script = format!(
        "for n in $(/bin/busybox seq 1 {RELEASES}); do\n/checkpointd trust adopt --trust /data/data/trust /releases/$n \
         && echo ADOPTED $n\ndone"
    );
    let mut files = vec![(programs::ours("checkpointd"), "/checkpointd".to_owned())];
    for file in programs::files(&releases) {
        let there = format!("/releases/{}", file.strip_prefix(&releases).unwrap().display());
        files.push((file, there));
    }
    let plan = Plan { script: &script, files: &files, disk: &image, folder: desk.folder() };
    let mut guest = Guest::start(&plan);
    // For each release, how much had been written when the box said that it serves.
    let adopted: Vec<usize> = (1..=RELEASES)
        .map(|sequence| {
            assert_eq!(guest.says("ADOPTED", PATIENCE), sequence.to_string());
            usize::try_from(guest.written()).unwrap()
        })
        .collect();
    let log = guest.ends(PATIENCE);
    measured(&format!(
        "{RELEASES} adoptions on ext4 under Debian's kernel: {} writes, {} flushes",
        log.entries(),
        log.flushes()
    ));
    cut_at_random(&desk, &log, &before, &adopted);
}

/// What HQ publishes, one release after the other, each as it stood then.
fn releases(desk: &Desk) -> PathBuf {
    let all = desk.path("releases");
    for sequence in 1..=RELEASES {
        let pass = desk.issue("work", &["А123ВС69"]);
        match sequence % 4 {
            0 => drop(desk.hq(&["issuer", "add", "region", &format!("TEST-{sequence}"), "--kinds", "work"])),
            _ => drop(desk.hq(&["revoke", "region", "--id", &pass.id])),
        }
        desk.release();
        copy(&desk.path("region/release"), &all.join(sequence.to_string()));
    }
    all
}

fn copy(from: &Path, to: &Path) {
    for file in programs::files(from) {
        let there = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(there.parent().unwrap()).unwrap();
        std::fs::copy(&file, &there).unwrap();
    }
}

fn cut_at_random(desk: &Desk, log: &Log, before: &Path, adopted: &[usize]) {
    let mut chance = Chance::drawn("power cuts while adopting");
    let cuts = if is_long() { CUTS.1 } else { CUTS.0 };
    let (image, mut lost, mut between) = (desk.path("disk.cut"), 0, 0);
    let newest = RELEASES;
    for _ in 0..cuts {
        std::fs::copy(before, &image).unwrap();
        let at = chance.within(1..log.entries() + 1);
        lost += log.cut(&image, at, &mut chance);
        let promised = adopted.iter().filter(|written| **written <= at).count() as u64;
        let data = cut::recovered(&image, "/data", &desk.path("recovered"));
        let mut store = Store::open(&data.join("trust")).unwrap_or_else(|error| panic!("cut at {at}: {error}"));
        let stands = store.current().map_or(0, |release| release.sequence());
        assert!(stands >= promised, "cut at {at}: release {promised} was in force, and now {stands}");
        between += u64::from(stands > promised);
        // Whatever else lies there does not keep it from going on.
        let mut carrier = Folder(desk.path("region/release"));
        let now = WallTime { unix_ms: jiff::Timestamp::now().as_millisecond(), trust: ClockTrust::Ntp };
        let went_on =
            store.adopt(&mut carrier, now).unwrap_or_else(|error| panic!("cut at {at}, at {stands}: {error}"));
        assert_eq!(stands == newest, matches!(went_on, Adoption::NothingNew { .. }), "cut at {at}");
        assert_eq!(store.current().unwrap().sequence(), newest);
    }
    assert!(lost > 0, "no write was lost: that was no power cut");
    measured(&format!(
        "power cuts while adopting: {cuts}, {lost} writes lost; the old or the new release whole every time, \
         {between} times one that had not been spoken of yet"
    ));
}
