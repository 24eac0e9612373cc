//! A region on a desk without a screen: hours of traffic in minutes, and a report that must be clean.

use std::process::Command;
use std::time::Duration;

use checkpoint_tests::page::Simulator;
use checkpoint_tests::process::Process;
use checkpoint_tests::{is_long, measured, programs, wait};
use serde_json::{Value, json};

/// Minutes of traffic, and of the long run.
const MINUTES: (u64, u64) = (1, 10);

/// What the simulator may need beside its traffic: to found the region, to drain, to check every row.
const BESIDE: Duration = Duration::from_secs(180);

#[test]
fn a_region_without_a_screen_loses_nothing_and_says_how_fast_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let minutes = if is_long() { MINUTES.1 } else { MINUTES.0 };
    let report = folder.path().join("report.json");
    let mut command = Command::new(programs::ours("simulator"));
    command.args(["--port", "0", "--headless", "--minutes", &minutes.to_string(), "--report"]).arg(&report);
    command.arg("--data").arg(folder.path().join("data"));
    let mut simulator = Process::start("simulator", &mut command, folder.path());
    let how = simulator.wait_for_end(Duration::from_secs(60 * minutes) + BESIDE);
    assert_eq!(how.code(), Some(0), "{}", simulator.last_words());

    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let number = |at: &str| {
        report.pointer(at).and_then(Value::as_f64).unwrap_or_else(|| panic!("the report has no {at}: {report:#}"))
    };
    assert_eq!((number("/rows/lost"), number("/rows/duplicated")), (0.0, 0.0), "{report:#}");
    assert_eq!(number("/rows/written"), number("/rows/in_ledger"), "{report:#}");
    assert_eq!(report["chain_verified"], true, "{report:#}");
    // Traffic there was, and of every kind.
    assert!(number("/crossings/total") >= 10.0 * minutes as f64, "{report:#}");
    for outcome in ["admit", "check", "refuse"] {
        assert!(number(&format!("/crossings/by_outcome/{outcome}")) > 0.0, "{report:#}");
    }
    let [p50, p95, p99, most] = ["p50", "p95", "p99", "max"].map(|at| number(&format!("/latency_ms/{at}")));
    assert!(0.0 < p50 && p50 <= p95 && p95 <= p99 && p99 <= most, "{report:#}");
    let [lag, slow_lag] = ["p50", "p99"].map(|at| number(&format!("/uplink_lag_ms/{at}")));
    assert!(0.0 < lag && lag <= slow_lag, "{report:#}");
    let shares = ["read", "judge", "durable"].map(|part| number(&format!("/share/{part}")));
    let all: f64 = shares.iter().sum();
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)) && all <= 1.01, "{report:#}");
    assert!(number("/frames/looks") > 0.0 && number("/frames/looks") <= number("/frames/taken"), "{report:#}");
    measured(&format!(
        "headless: {minutes} min, {} crossings, {} rows, lost 0, duplicated 0, frame to durable verdict \
         p50 {p50} p95 {p95} p99 {p99} max {most} ms (reading {:.2}, judging {:.2}, durable {:.2} of it), to HQ p50 \
         {lag} p99 {slow_lag} ms, kills {}",
        number("/crossings/total"),
        number("/rows/written"),
        shares[0],
        shares[1],
        shares[2],
        report["kills"]
    ));
}

/// How long a box may take with one pass; machines that build meanwhile are slow.
const ONE_PASS: Duration = Duration::from_secs(120);

/// What the first box shows of the page's state, once it is like that.
fn shows(simulator: &Simulator, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let found =
        wait::until(what, ONE_PASS, || simulator.state().ok().map(|state| state["boxes"][0].clone()).filter(&is_so));
    found.unwrap_or_else(|why| panic!("{why}: {}", simulator.state().expect("the page answers")["boxes"][0]))
}

#[test]
fn codes_of_other_systems_are_typed_and_their_cards_are_held_up() {
    let simulator = Simulator::of("sms");
    let name =
        shows(&simulator, "the box", |shown| shown["running"] == json!(true))["name"].as_str().unwrap().to_owned();
    for (pass, outcome, reason) in [
        ("shop", "check", "compare-document"),
        ("unknown", "refuse", "not-registered"),
        ("slip", "refuse", "wrong-code"),
    ] {
        simulator.act(&format!("/api/box/{name}/hold"), &json!({ "pass": pass }));
        shows(&simulator, pass, |shown| {
            shown["screen"] == json!("verdict")
                && shown["outcome"] == json!(outcome)
                && shown["reasons"].as_array().is_some_and(|reasons| reasons.contains(&json!(reason)))
        });
        // An officer looks before a key is pressed.
        std::thread::sleep(Duration::from_millis(600));
        simulator.act(&format!("/api/box/{name}/key"), &json!({ "key": "no" }));
        shows(&simulator, "the end of it", |shown| shown["screen"] != json!("verdict"));
    }
}
