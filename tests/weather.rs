//! Bad weather between real programs: whatever a line or a broker does, every row arrives once.
//!
//! A real box with passes before its camera, and one that writes twenty crossings a second, send over
//! `simulator weather` to a real Mosquitto, from which the real HQ collects. The scenarios are those that come with the
//! simulator, played in some seconds; in the end both journals and the ledger are compared, byte by byte.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::load::Load;
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::{books, measured, pictures, port, programs, wait};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::Value;
use wire::topic::Down;

/// Crossings a second of the box under load.
const LOAD: u32 = 20;

/// How long anything may take to come; machines that build meanwhile are slow.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long no new row may come before traffic counts as over: longer than a crossing stays open.
const QUIET: Duration = Duration::from_secs(4);

/// The link's patience in milliseconds where it must notice silence.
const IMPATIENT: u64 = 300;

/// The test whose second half runs in a network of its own.
const LOSSY: &str = "rows_arrive_over_a_net_that_loses_delays_and_reorders";

/// A net like the worst cellular one.
const NETEM: &str = "loss 20% delay 300ms reorder 25% 50%";

#[test]
fn whatever_the_line_does_every_row_arrives_once() {
    let mut stage = Stage::set(&["seen", "loaded"], 0);
    let (mut connections, mut torn) = (0, 0);
    for scenario in ["thin-line", "quiet-week", "flapping-cell", "month-offline"] {
        stage.line_through(scenario, "4s");
        stage.wait_until_over();
        let counts = stage.end_line();
        connections += counts["connections"];
        torn += counts["torn"];
        measured(&format!("weather {scenario}: {counts:?}"));
    }
    stage.line_through("quiet-week", "1s");
    // How often a box came through depends on how it had to back off before.
    assert!(connections > torn && torn > 0, "{connections} connections, {torn} torn");
    stage.compared("four scenarios");
}

#[test]
fn a_line_that_swallows_is_noticed_and_built_anew() {
    let mut stage = Stage::set(&["loaded"], IMPATIENT);
    let scenario = stage.desk.path("dumb.toml");
    let ways = [("1s", "up"), ("5s", "down"), ("9s", "both")];
    let spells = ways
        .map(|(at, way)| format!("[[spell]]\nat = \"{at}\"\nlasts = \"600ms\"\nline = {{ swallow = \"{way}\" }}\n"));
    let head =
        "title = { ru = \"\", en = \"\" }\nabout = { ru = \"\", en = \"\" }\nlasts = \"11s\"\nplays_in = \"11s\"\n";
    std::fs::write(&scenario, format!("{head}{}", spells.concat())).unwrap();
    stage.line_through(scenario.to_str().unwrap(), "11s");
    stage.wait_until_over();
    // A connection that has lost bytes stays dumb for ever, and nothing ever closes it: rows arrive only over new ones.
    let covered = stage.said()[1];
    wait::for_it("rows to arrive again", PATIENCE, &stage.processes(), || {
        (stage.said()[1] > covered + 2 * u64::from(LOAD)).then_some(())
    });
    let connections = stage.said()[3];
    stage.compared("half-open");
    let counts = stage.end_line();
    assert!(counts["swallowed"] > 0 && counts["torn"] == 0, "{counts:?}");
    assert!(connections >= 2, "{connections} connections");
    measured(&format!("weather half-open: {connections} connections of the box; {counts:?}"));
}

#[test]
fn a_line_that_flips_bits_loses_and_changes_nothing() {
    let mut stage = Stage::set(&["seen", "loaded"], IMPATIENT);
    stage.line_through("bad-modem", "5s");
    stage.wait_until_over();
    let refused = stage.desk.ask_hq("api/counts").unwrap()["refused"].clone();
    let [.., connections, refused_here] = stage.said();
    let damaged = stage.ended().into_iter().map(|(_, damaged)| damaged.len()).sum::<usize>();
    assert_eq!(damaged, 0, "HQ has rows that the box has not");
    let counts = stage.end_line();
    assert!(counts["flipped"] > 0, "{counts:?}");
    let at_hq: u64 = refused.as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert!(at_hq + refused_here + connections > 1, "{} flips, and nobody noticed", counts["flipped"]);
    measured(&format!(
        "weather bad-modem without TLS: {} bits flipped; rows lost 0, doubled 0, changed 0; refused at \
         HQ {refused}, at the box {refused_here}; connections {connections}",
        counts["flipped"]
    ));
}

#[test]
fn a_broker_that_forgets_everything_is_told_again() {
    let mut stage = Stage::set(&["seen", "loaded"], 0);
    stage.line_through("broker-forgets", "8s");
    for _ in 0..3 {
        let covered = stage.said()[1];
        wait::for_it("rows to arrive", PATIENCE, &stage.processes(), || {
            (stage.said()[1] > covered + u64::from(LOAD)).then_some(())
        });
        stage.broker_forgets();
    }
    stage.quiet();
    // Nothing is written any more; HQ says by itself what it has.
    stage.broker_forgets();
    for post in stage.posts.values() {
        let topic = Down::Receipt.of(&stage.desk.region(), &post.name);
        let receipt = retained(stage.desk.broker_address, &topic);
        assert!(!receipt.is_empty(), "{topic}");
    }
    let cycles = stage.said()[3];
    assert!(cycles >= 4, "{cycles} connections over four brokers");
    stage.compared("a broker that forgot four times");
}

#[test]
fn a_desk_lives_through_a_full_disk_and_a_clock_at_1970() {
    let folder = tempfile::tempdir().unwrap();
    let play = |scenario: &str| {
        let report = folder.path().join(format!("{scenario}.json"));
        let mut command = Command::new(programs::ours("simulator"));
        command
            .args(["--port", "0", "--headless", "--scenario", scenario, "--minutes", "0.2", "--report"])
            .arg(&report);
        command.arg("--data").arg(folder.path().join(scenario));
        (scenario.to_owned(), report, Process::start(scenario, &mut command, folder.path()))
    };
    for (scenario, report, mut simulator) in ["full-disk", "clock-1970"].map(play) {
        let how = simulator.wait_for_end(PATIENCE);
        assert_eq!(how.code(), Some(0), "{}", simulator.last_words());
        let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
        assert_eq!(report["scenario"], scenario.as_str());
        assert_eq!((&report["rows"]["lost"], &report["rows"]["duplicated"]), (&0.into(), &0.into()), "{report:#}");
        assert!(report["rows"]["written"].as_u64() > Some(0) && report["cuts"].as_u64() >= Some(2), "{report:#}");
        // Filled and emptied, or switched off and on: at both posts.
        assert!(report["kills"]["box"].as_u64() >= Some(2), "{report:#}");
        measured(&format!(
            "weather {scenario} on a desk: {} rows, lost 0, duplicated 0, sent again {:.1} %",
            report["rows"]["written"],
            report["resent_percent"].as_f64().unwrap()
        ));
    }
}

#[test]
fn rows_arrive_over_a_net_that_loses_delays_and_reorders() {
    if std::env::var_os("CHECKPOINT_NETEM").is_some() {
        // Called by itself, in a network whose kernel does what the line does below.
        let mut stage = Stage::set(&["loaded"], 0);
        stage.line_through("quiet-week", "1s");
        let covered = stage.said()[1];
        wait::for_it("rows to arrive", PATIENCE, &stage.processes(), || {
            (stage.said()[1] > covered + 5 * u64::from(LOAD)).then_some(())
        });
        stage.compared("netem");
        return;
    }
    let mut stage = Stage::set(&["loaded"], 0);
    stage.line_through("thin-line", "4s");
    stage.wait_until_over();
    stage.compared("a thin line");
    match in_a_network(&format!("tc qdisc add dev lo root netem {NETEM}")) {
        Err(why) => measured(&format!("netem: not run, this machine's kernel or container does not allow it: {why}")),
        Ok(_) => {
            let itself = std::env::current_exe().unwrap();
            let again = format!(
                "tc qdisc add dev lo root netem {NETEM} && CHECKPOINT_NETEM=1 exec '{}' --exact {LOSSY} --nocapture",
                itself.display()
            );
            let said = in_a_network(&again).unwrap_or_else(|why| panic!("over netem ({NETEM}): {why}"));
            assert!(said.contains("1 passed"), "{said}");
            measured(&format!("netem: run, {NETEM}: lost 0, duplicated 0"));
        }
    }
}

/// Runs something in a network of its own, where this machine allows one.
fn in_a_network(script: &str) -> Result<String, String> {
    let script = format!("PATH=$PATH:/usr/sbin:/sbin && ip link set lo up && {script}");
    let done = Command::new("unshare").args(["--map-root-user", "--net", "sh", "-c", &script]).output();
    let done = done.map_err(|error| format!("unshare: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&[done.stdout, done.stderr].concat())) }
}

/// A desk with Mosquitto and HQ, and boxes that find the broker over a line with weather.
struct Stage {
    desk: Desk,
    /// `seen` has passes before its camera, `loaded` writes by itself.
    posts: BTreeMap<&'static str, Post>,
    load: Load,
    line: SocketAddr,
    running: BTreeMap<&'static str, Process>,
}

impl Stage {
    /// Founds a region with these posts and starts everything, over a line that is clear.
    fn set(names: &[&'static str], patience: u64) -> Self {
        let desk = Desk::founded(Broker::Mosquitto);
        let passes = [desk.issue("family", &[]), desk.issue("work", &["А123ВС69"]), desk.issue("medical", &["?777??"])];
        desk.release();
        let line = port::free();
        let posts: BTreeMap<_, _> = names.iter().map(|name| (*name, Post::provisioned(&desk, name))).collect();
        for post in posts.values() {
            post.configure(|settings| settings["uplink"]["broker"] = line.to_string().into());
        }
        let load = Load::on(&desk, &posts["loaded"], LOAD);
        let mut stage = Self { desk, posts, load, line, running: BTreeMap::new() };
        stage.running.insert("broker", stage.desk.start_mosquitto());
        stage.running.insert("hq", stage.desk.start_hq());
        // Boxes that meet a line from the beginning need not be waited for.
        stage.line_through("quiet-week", "1s");
        let program = Path::new(env!("CARGO_BIN_EXE_load"));
        stage.running.insert("loaded", stage.load.start_box(program, &stage.posts["loaded"], patience));
        if let Some(post) = stage.posts.get("seen") {
            for (at, pass) in passes.iter().enumerate() {
                post.show(&format!("{at}.png"), &std::fs::read(&pass.picture).unwrap());
            }
            stage.running.insert("seen", post.start());
        }
        stage.desk.wait_for_hq(&stage.running["hq"]);
        stage.load.rest(false);
        wait::for_it("the boxes to write", PATIENCE, &stage.processes(), || {
            let seen = stage.posts.get("seen").is_none_or(|post| post.status().is_ok_and(|status| status.head() > 0));
            (seen && stage.load.durable() > 0 && !stage.load.said().is_empty()).then_some(())
        });
        stage
    }

    fn processes(&self) -> Vec<&Process> {
        self.running.values().collect()
    }

    /// What the box under load says: sent, covered, queue, connections, refused.
    fn said(&self) -> [u64; 5] {
        *self.load.said().last().unwrap()
    }

    /// Puts a scenario on the line.
    fn line_through(&mut self, scenario: &str, time: &str) {
        self.running.remove("line");
        let (listen, to) = (self.line.to_string(), self.desk.broker_address.to_string());
        let mut command = Command::new(programs::ours("simulator"));
        command.args(["weather", "--scenario", scenario, "--in", time, "--listen", &listen, "--to", &to]);
        // What it printed before belongs to another scenario.
        let _ = std::fs::remove_file(self.desk.path("line.out"));
        let line = Process::start("line", &mut command, self.desk.folder());
        wait::for_it("the line to listen", PATIENCE, &[&line], || {
            line.printed().contains("listening on").then_some(())
        });
        self.running.insert("line", line);
    }

    fn wait_until_over(&self) {
        let line = &self.running["line"];
        wait::for_it("the scenario to be over", PATIENCE, &self.processes(), || {
            line.printed().contains("the scenario is over").then_some(())
        });
    }

    /// Ends the line; what it has done, by its own last words.
    fn end_line(&mut self) -> BTreeMap<String, u64> {
        let line = self.running.remove("line").unwrap();
        let file = self.desk.path("line.out");
        assert!(line.end(PATIENCE).success());
        let printed = std::fs::read_to_string(file).unwrap();
        let last = printed.lines().last().unwrap().trim_start_matches("ending; ");
        let words: Vec<&str> = last.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
        let counts = words.windows(2).filter_map(|two| Some((two[0].to_owned(), two[1].parse().ok()?)));
        counts.collect()
    }

    /// The broker falls dead, and comes back with an empty disk.
    fn broker_forgets(&mut self) {
        self.running.remove("broker").unwrap().kill();
        std::fs::remove_dir_all(self.desk.path("mosquitto")).unwrap();
        self.running.insert("broker", self.desk.start_mosquitto());
    }

    /// Traffic ends, and every row arrives.
    fn quiet(&self) {
        self.load.rest(true);
        let processes = self.processes();
        wait::for_it("the load's rows to be receipted", PATIENCE, &processes, || self.load.drained());
        let Some(post) = self.posts.get("seen") else { return };
        post.show("9.png", &pictures::blank(320, 240));
        (0..3).for_each(|at| post.take_away(&format!("{at}.png")));
        let (mut head, mut since) = (0, Instant::now());
        wait::for_it("the camera's rows to be receipted", PATIENCE, &processes, || {
            let status = post.status().ok()?;
            if status.head() != head {
                (head, since) = (status.head(), Instant::now());
            }
            (status.queue() == 0 && status.settled() == head && since.elapsed() >= QUIET).then_some(())
        });
    }

    /// Ends everything but the line, and compares what the boxes have written with what HQ has: the same, byte by byte.
    fn compared(&mut self, what: &str) {
        let sent = self.load.sent();
        let ended = self.ended();
        assert!(ended.iter().all(|(_, damaged)| damaged.is_empty()), "{ended:?}");
        let rows: u64 = ended.iter().map(|(head, _)| head).sum();
        measured(&format!("weather, {what}: {rows} rows, lost 0, duplicated 0; under load {sent} sent"));
    }

    /// Ends everything but the line; of each box the last row, and those that HQ has and marks as damaged.
    fn ended(&mut self) -> Vec<(u64, Vec<u64>)> {
        if self.posts.get("seen").is_none_or(|post| post.path("frames/0.png").exists()) {
            self.quiet();
        }
        for name in ["seen", "loaded"] {
            if let Some(process) = self.running.remove(name) {
                process.kill();
            }
        }
        self.desk.end_hq(self.running.remove("hq").unwrap());
        self.posts.values().map(|post| books::compared_but_for_damage(&self.desk, post)).collect()
    }
}

/// The retained message of a topic.
fn retained(broker: SocketAddr, topic: &str) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let waiting = async {
        let mut options = MqttOptions::new("a test", broker.ip().to_string(), broker.port());
        options.set_clean_start(true);
        let (client, mut events) = AsyncClient::new(options, 16);
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => client.try_subscribe(topic, QoS::AtLeastOnce).unwrap(),
                Ok(Event::Incoming(Packet::Publish(publish))) => return publish.payload.to_vec(),
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, waiting).await }).expect("a retained message")
}
