//! Enrolment end to end, and TLS on every link: real `checkpointd`, real `checkpoint-hq`, real Mosquitto with the
//! settings that `broker setup` writes.

use std::time::Duration;

use checkpoint_tests::post::Status;
use checkpoint_tests::secure::{Client, Region, Told};
use checkpoint_tests::{measured, wait};
use wire::BoxId;

/// How long anything may take here. Machines that build meanwhile are slow; nothing is judged by its time.
const PATIENCE: Duration = Duration::from_secs(90);

/// Rows that HQ has given a receipt for, when a box counts as at work.
const SOME: u64 = 4;

/// Rows without a receipt that are more than what is on its way.
const HELD: u64 = 12;

/// A register, so that there is a secret to change.
const REGISTER: &str = "what,text,kind,valid_from,valid_to,alert,holder,birth,id_digits,plate\n\
                        plate,А123ВС77,work,2020-05-01,2020-05-31,,,,,\n";

fn has_delivered(status: &Status) -> bool {
    status.settled() >= SOME
}

#[test]
fn a_new_box_is_enrolled_by_text_and_its_crossings_arrive() {
    let region = Region::founded();
    let (_broker, hq) = region.start();
    let post = region.post("m10-km178");
    let request = post.request();
    assert!(request.starts_with("MPE1:"), "{request}");
    let said = region.enrol(&request, "m10-km178");
    assert!(said.contains("certificate until"), "{said}");
    let page = std::fs::read_to_string(region.desk.path("m10-km178-answer/enrolment.html")).unwrap();
    assert!(page.contains("m10-km178"));
    // The box is at work before it is anybody: it shows its request, and goes on by itself when it is answered.
    post.traffic(&region.desk);
    let running = post.start();
    post.wait_for("it to wait", &[&running], |status| status.0["screen"] == "enrolment");
    post.accept(&region.desk.path("m10-km178-answer/enrolment.txt"));
    // The release comes over TLS too: the box knows of no other way. Rows do not wait for it.
    let status = post.wait_for("its crossings to arrive", &[&running, &hq], |status| {
        has_delivered(status) && status.0["release"].as_u64() > Some(0)
    });
    let standing = &status.0["certificate"];
    assert_eq!((&standing["renewal"], &standing["trouble"]), (&"rests".into(), &serde_json::Value::Null));
    let listed = region.desk.hq(&["box", "list", "region"]);
    assert!(listed.contains("m10-km178") && listed.contains("certificate until"), "{listed}");
    // A receipt does not wait for HQ to open the row.
    let opened = wait::for_it("HQ to open its crossings", PATIENCE, &[&hq], || {
        region.desk.ask_hq("api/crossings").ok()?.as_array()?.first().cloned()
    });
    assert_eq!(opened["box"], "m10-km178", "{opened}");
}

#[test]
fn a_box_whose_certificate_ran_out_in_the_winter_comes_back_by_itself_with_a_clock_at_1970() {
    let region = Region::founded();
    let (_broker, hq) = region.start();
    let post = region.enrolled("m10-km178");
    // What is in its place is a certificate of last year, and its battery is empty.
    let name: BoxId = "m10-km178".parse().unwrap();
    let old = region.issue_for(&post, &name, -500 * 86_400, -100 * 86_400);
    std::fs::write(post.path("data/tls/current.crt"), old).unwrap();
    post.cold_clock();
    post.traffic(&region.desk);
    let running = post.start();
    let status = post.wait_for("it to come back", &[&running, &hq], has_delivered);
    assert_eq!(status.0["certificate"]["renewal"], "rests", "{}", status.0["certificate"]);
    assert!(status.0["certificate"]["not_after"].as_i64() > Some(jiff::Timestamp::now().as_second()));
    assert!(!post.path("data/tls/next.crt").exists() && !post.path("data/tls/next.key").exists());
    // A key of its own came with it.
    let renewed = region.desk.books().enrolments().unwrap();
    assert!(renewed.iter().any(|(known, _)| *known == name));
    measured(&format!("a box whose certificate ran out, clock at 1970: back with {} rows delivered", status.head()));
}

#[test]
fn a_box_reads_and_writes_its_own_and_nobody_elses() {
    let region = Region::founded();
    let broker = region.start_broker();
    let (one, other) = (region.enrolled("post-1"), region.enrolled("post-2"));
    let topic = |rest: &str| format!("checkpoint/1/RU-TVE/{rest}");
    let mut client = Client::as_box(&region, &one, "anything").unwrap();
    let mut witness = Client::collector(&region);
    client.subscribe(&topic("#"));
    witness.subscribe(&topic("#"));

    // Its own up topics, and no others.
    for own in ["crossings", "alerts", "state", "health", "diag"] {
        assert_eq!(client.publish(&topic(&format!("box/post-1/{own}"))), Told::Taken, "{own}");
    }
    for foreign in ["box/post-2/crossings", "box/post-2/state", "all/release", "all/delta/news", "box/post-1/command"] {
        assert_eq!(client.publish(&topic(foreign)), Told::NotAllowed, "{foreign}");
    }
    assert_eq!(client.publish("elsewhere"), Told::NotAllowed);
    // What is for everybody and for itself comes; what is another's does not.
    for at in ["box/post-2/receipt", "box/post-2/command", "box/post-2/crossings", "all/uses", "box/post-1/command"] {
        assert_eq!(witness.publish(&topic(at)), Told::Taken, "{at}");
    }
    let seen = client.until(&topic("box/post-1/command"));
    let is_own =
        |at: &String| at.contains("/all/") || at.ends_with("/post-1/command") || at.ends_with("/post-1/receipt");
    assert!(seen.iter().all(is_own) && seen.contains(&topic("all/uses")), "{seen:?}");
    // The same name cannot be had by saying so: the other's session is its own.
    let mut double = Client::as_box(&region, &other, "post-1").unwrap();
    assert_eq!(double.publish(&topic("box/post-1/health")), Told::NotAllowed);
    assert_eq!(client.publish(&topic("box/post-1/health")), Told::Taken);
    // Without a certificate, and with one of another authority, nobody gets in.
    assert!(Client::connected(&region, None, "nobody").is_err());
    let stranger = Region::founded();
    let strange = stranger.enrolled("post-1");
    assert!(Client::as_box(&region, &strange, "post-1").is_err());
    drop(broker);
}

#[test]
fn a_stolen_box_is_cut_off_by_one_command_and_the_others_go_on() {
    let region = Region::founded();
    let (broker, hq) = region.start();
    std::fs::write(region.desk.path("passes.csv"), REGISTER).unwrap();
    region.desk.hq(&["register", "import", "region", "passes.csv"]);
    let (stolen, stays) = (region.enrolled("post-1"), region.enrolled("post-2"));
    [&stolen, &stays].iter().for_each(|post| post.traffic(&region.desk));
    let (one, other) = (stolen.start(), stays.start());
    stolen.wait_for("the first receipt", &[&one, &hq], has_delivered);
    let before = stays.wait_for("the first receipt", &[&other, &hq], has_delivered);

    // Times at HQ are whole seconds: what came in the second of the theft is suspect.
    std::thread::sleep(Duration::from_millis(1100));
    let said = region.desk.hq(&["box", "stolen", "region", "post-1", "--yes", "--out", "secrets"]);
    assert!(said.contains("certificates revoked 1") && said.contains("sealed for 1 boxes"), "{said}");
    assert!(region.desk.path("secrets/post-2.secret").is_file() && !region.desk.path("secrets/post-1.secret").exists());

    // What it says on the connection that still stands is kept, and not receipted.
    let struck = stolen.wait_for("an answer", &[&one, &hq], |_| true);
    stolen.wait_for("it to be without receipts", &[&one, &hq], |status| {
        status.queue() >= HELD && status.0["link"]["online"] == true
    });
    let marked = wait::for_it("its crossings to be marked", PATIENCE, &[&hq], || {
        let crossings = region.desk.ask_hq("api/crossings?box=post-1&limit=1000").ok()?;
        let all = crossings.as_array()?.clone();
        all.iter().any(|one| one["suspect"] == true).then_some(all)
    });
    assert!(marked.iter().any(|one| one["suspect"] == false), "what came before is as good as it was");
    let boxes = region.desk.ask_hq("api/boxes").unwrap();
    assert!(boxes.as_array().unwrap().iter().any(|one| one["name"] == "post-1" && !one["stolen_since"].is_null()));

    // A reload refuses it at its next connection; a restart cuts the one it has.
    broker.hang_up();
    wait::for_it("the stolen box's certificate to be refused", PATIENCE, &[&broker], || {
        Client::as_box(&region, &stolen, "post-1").err().filter(|why| why.contains("AlertReceived"))
    });
    drop(broker);
    let _broker = region.start_broker();
    let after = stays.wait_for("the other to go on", &[&other, &hq], |status| status.settled() > before.head());
    let cut =
        stolen.wait_for("the stolen box to be off the line", &[&one], |status| status.0["link"]["online"] == false);
    assert!(cut.settled() <= struck.head() && cut.queue() >= HELD, "nothing since was receipted");
    // Its key renews nothing either.
    let refused = stolen.wait_for("its renewal to be refused", &[&one], |status| {
        status.0["certificate"]["trouble"] == "renewal-refused"
    });
    measured(&format!("stolen: rows held back {}, the other's rows {}", refused.queue(), after.head()));
    let said = std::fs::read_to_string(stolen.path("post-1.err")).unwrap();
    assert!(said.contains("HQ refuses: stolen"), "{said}");
}

#[test]
fn the_renewal_server_takes_no_more_than_a_request() {
    let region = Region::founded();
    let (_broker, _hq) = region.start();
    let agent = region.agent();
    let post = |path: &str, body: Vec<u8>| {
        let request = agent.post(region.https_url(path)).config().http_status_as_error(false).build();
        // HQ hangs up on whoever goes on sending, so that its answer may not come through.
        let Ok(mut answer) = request.send(&body[..]) else { return (0, Vec::new()) };
        (answer.status().as_u16(), answer.body_mut().read_to_vec().unwrap())
    };
    let (status, nonce) = post("renew/nonce", Vec::new());
    assert_eq!((status, nonce.len()), (200, 32));
    assert_eq!(post("renew", vec![0; 300]), (400, b"request\n".to_vec()));
    let (status, _) = post("renew", vec![0; 1 << 20]);
    assert!([0, 413].contains(&status), "{status}");
    assert_eq!(post("renew", Vec::new()), (400, b"request\n".to_vec()));
    // Nothing else of HQ is here.
    assert_eq!(agent.get(region.https_url("api/crossings")).call().err().unwrap().to_string(), "http status: 404");
    let head = agent.get(region.https_url("release/head")).call();
    assert!(head.is_ok(), "{head:?}");
}
