//! What HQ decrees, from the operator's command to the verdict on a box: orders, revocation by rule, freshness.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::process::Command;

use checkpoint_tests::desk::{Broker, Desk, Pass};
use checkpoint_tests::programs;
use serde_json::Value;
use trust::{Folder, Store};
use wire::{ClockTrust, WallTime};

/// A desk and the trust of one box, which follows every release.
struct Post {
    desk: Desk,
    store: Store,
}

impl Post {
    fn new() -> Self {
        let desk = Desk::founded(Broker::Embedded);
        let root = std::fs::read(desk.path("region/release/root.1")).unwrap();
        let store = Store::provision(&desk.path("box"), &root, &desk.region()).unwrap();
        Self { desk, store }
    }

    /// Publishes, and lets the box adopt it.
    fn release(&mut self) {
        self.desk.release();
        let now = WallTime::from_unix(jiff::Timestamp::now().as_second(), ClockTrust::Ntp);
        self.store.adopt(&mut Folder(self.desk.path("region/release")), now).unwrap();
    }

    /// What `checkpointd check` says of a pass in so many days.
    fn check(&self, pass: &Pass, days: i64) -> Value {
        let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        let trust = self.desk.path("box");
        let mut command = Command::new(programs::ours("checkpointd"));
        command.args(["check", "--plate", "А123ВС69", "--at", &at.to_string(), "--trust"]).arg(trust).arg(&pass.text);
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
    }

    fn order(&self, arguments: &[&str]) {
        let text = ["--ru", "Приказ", "--en", "An order"];
        self.desk.hq(&[&["order", "add", "region"], arguments, &text].concat());
    }
}

fn reasons(said: &Value) -> Vec<&str> {
    said["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap()).collect()
}

#[test]
fn an_order_reaches_the_verdict_with_the_next_release_and_leaves_with_the_one_after() {
    let mut post = Post::new();
    // A medical pass is valid for three days.
    let pass = post.desk.issue("medical", &["А123ВС69"]);
    post.release();
    assert_eq!(reasons(&post.check(&pass, 1)), [""; 0]);
    assert_eq!(reasons(&post.check(&pass, 4)), ["expired"]);

    let until = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 5)).to_string();
    post.order(&["extend", "--kind", "medical", "--until", &until]);
    assert_eq!(reasons(&post.check(&pass, 4)), ["expired"], "nothing counts before the release");
    post.release();
    let said = post.check(&pass, 4);
    assert_eq!((reasons(&said), &said["order"]), (vec![], &1.into()));
    assert_eq!(said["ends"].as_str().unwrap()[..10], until[..10]);
    assert_eq!(reasons(&post.check(&pass, 6)), ["expired"]);

    post.order(&["suspend", "--all-kinds", "--issuer", "RU-TVE"]);
    post.release();
    assert_eq!(reasons(&post.check(&pass, 1)), ["suspended-by-order"]);
    post.order(&["stop", "--kind", "medical"]);
    post.release();
    assert_eq!(reasons(&post.check(&pass, 1)), ["stopped-by-order"]);
    for number in ["3", "2"] {
        post.desk.hq(&["order", "end", "region", number]);
    }
    post.release();
    assert_eq!(reasons(&post.check(&pass, 4)), [""; 0]);
    // An extension undoes no revocation.
    post.desk.hq(&["revoke", "region", "--id", &pass.id]);
    post.release();
    assert_eq!(reasons(&post.check(&pass, 4)), ["revoked"]);
}

#[test]
fn a_batch_is_revoked_and_what_is_issued_afterwards_is_not() {
    let mut post = Post::new();
    let before = post.desk.issue("medical", &["А123ВС69"]);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let now = jiff::Timestamp::now().to_string();
    let after = post.desk.issue("medical", &["А123ВС69"]);
    post.desk.hq(&["revoke", "region", "--kind", "medical", "--issued-before", &now]);
    post.release();
    assert_eq!(reasons(&post.check(&before, 1)), ["revoked-by-rule"]);
    assert_eq!(reasons(&post.check(&after, 1)), [""; 0]);
}

#[test]
fn a_part_goes_old_by_the_bounds_that_policy_gives_it() {
    let mut post = Post::new();
    let pass = post.desk.issue("medical", &["А123ВС69"]);
    let policy = post.desk.path("region/policy.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    let own = text.replacen("\n[[kind]]", "\n[freshness.status]\nold_after = \"36h\"\n\n[[kind]]", 1);
    assert_ne!(own, text);
    std::fs::write(&policy, own).unwrap();
    post.release();
    assert_eq!(reasons(&post.check(&pass, 1)), [""; 0]);
    assert_eq!(reasons(&post.check(&pass, 2)), ["knowledge-old"]);
}
