//! A month without a line, and then one: everything a box has written goes up through the real broker into HQ's
//! ledger, oldest first, each row once, and the box needs no more memory for it than for a day.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::post::Post;
use checkpoint_tests::{books, is_long, measured, scribe, wait};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use journal::{Identity, Journal};

/// Crossings of a month on a busy road, and of the short run.
const CROSSINGS: (u64, u64) = (330_000, 30_000);

/// Crossings written in one transaction.
const GROUP: u64 = 500;

/// How much more memory the box may need at most while it drains than when it has begun.
const GROWTH: f64 = 24.0;

/// How long anything may take on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(900);

struct Device(SigningKey);

impl wire::sign::Signer for Device {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// Writes crossings into a box's journal as the box itself would, with its key, to HQ's key.
fn fill(desk: &Desk, post: &Post, crossings: u64) {
    let seed: [u8; 32] = std::fs::read(post.path("data/identity.key")).unwrap().try_into().unwrap();
    let sealing_key = desk.books().newest_root().unwrap().unwrap().sealing_key().unwrap();
    let signer = Arc::new(Device(SigningKey::from_bytes(&seed)));
    let identity = Identity { region: desk.region(), name: post.name.clone(), signer, sealing_key };
    let mut journal = Journal::open(&post.journal(), identity).unwrap();
    for begin in (0..crossings).step_by(GROUP as usize) {
        let entries: Vec<_> = (begin..crossings.min(begin + GROUP)).map(scribe::entry).collect();
        journal.append(&entries, scribe::at(begin)).unwrap();
    }
    journal.sign(scribe::at(crossings)).unwrap();
}

/// Memory of a process in MiB, by a line of its status.
fn memory(process: u32, line: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let found = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    found.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
}

#[test]
fn a_month_without_a_line_goes_up_once_and_in_flat_memory() {
    let desk = Desk::founded(Broker::Mosquitto);
    desk.release();
    let post = Post::provisioned(&desk, "m10-km178");
    let crossings = if is_long() { CROSSINGS.0 } else { CROSSINGS.1 };
    fill(&desk, &post, crossings);
    let _mosquitto = desk.start_mosquitto();
    // What the ledger can take, not what HQ hands out.
    let hq = desk.start_hq_with(&["--rows-per-second", "0"]);
    desk.wait_for_hq(&hq);
    let running = post.start();
    let first = wait::for_it("the first receipt", PATIENCE, &[&running, &hq], || {
        post.status().ok().map(|status| status.settled()).filter(|settled| *settled > 0)
    });
    let (began, before) = (Instant::now(), memory(running.id(), "VmRSS:"));
    let last = wait::for_it("the backlog to be through", PATIENCE, &[&running, &hq], || {
        post.status().ok().filter(|status| status.queue() == 0 && status.settled() >= crossings)
    });
    let (took, most) = (began.elapsed().as_secs_f64(), memory(running.id(), "VmHWM:"));
    let rows = last.settled() - first;
    measured(&format!(
        "drained: {rows} rows in {took:.1} s, {:.0} rows/s; the box {before:.1} MiB at the first receipt, {most:.1} at \
         most; sent {} rows for {}",
        rows as f64 / took,
        last.0["link"]["rows_sent"],
        last.settled()
    ));
    running.kill();
    desk.end_hq(hq);
    assert!(books::compared(&desk, &post) >= crossings, "every row once, byte for byte");
    assert!(most - before < GROWTH, "{before:.1} MiB grew to {most:.1}");
}
