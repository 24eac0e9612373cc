//! A release reaches a box by every way there is: a stick, the broker, a server behind TLS; and what lies on one of
//! them is harmless. `checkpointd trust` says of each step what it is.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use checkpoint_tests::desk::{Broker, Desk, done};
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::{measured, programs, wait};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use trust::Bundle;

/// How long a box may take to hear, fetch and adopt on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longer than a box takes between two looks for sticks.
const LOOKED: Duration = Duration::from_millis(1200);

/// A box that fetches nothing by itself and looks for sticks in `media`.
fn alone(desk: &Desk) -> Post {
    let post = Post::provisioned(desk, "m10-km178");
    post.configure(|settings| {
        let trust = settings["trust"].as_table_mut().unwrap();
        trust.remove("http");
        trust.insert("media".to_owned(), "media".into());
    });
    std::fs::create_dir(post.path("media")).unwrap();
    post
}

fn sequence(post: &Post) -> Option<u64> {
    post.status().ok()?.0["release"].as_u64()
}

fn wait_for_release(post: &Post, running: &Process, wanted: u64) {
    wait::for_it(&format!("release {wanted}"), PATIENCE, &[running], || (sequence(post)? == wanted).then_some(()));
}

fn wait_for_stick(post: &Post, running: &Process, wanted: &str) {
    let said = || (post.status().ok()?.0["stick"] == wanted).then_some(());
    wait::for_it(&format!("a stick that is {wanted}"), PATIENCE, &[running], said);
}

fn trust_command(arguments: &[&str], path: &Path) -> Output {
    let mut command = Command::new(programs::ours("checkpointd"));
    command.args(["trust"]).args(arguments).arg(path).args(["--format", "json"]);
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    let err = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {err}"))
}

// ---------------------------------------------------------------------------------------------------- sticks

/// A stick as the kernel knows it: a file system on a block device.
struct Stick {
    image: PathBuf,
    kind: &'static str,
}

impl Stick {
    /// FAT where the kernel has it, as sticks do; else ext4.
    fn made(image: PathBuf) -> Self {
        let known = std::fs::read_to_string("/proc/filesystems").unwrap();
        let has = |kind: &str| known.lines().any(|line| line.trim() == kind);
        let kind = if has("vfat") { "vfat" } else { "ext4" };
        std::fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
        let (make, package) = if kind == "vfat" { ("mkfs.vfat", "dosfstools") } else { ("mkfs.ext4", "e2fsprogs") };
        done(Command::new(programs::of_the_system(make, package)).arg(&image));
        Self { image, kind }
    }

    fn mount(&self, at: &Path, options: &str) -> Mounted {
        std::fs::create_dir_all(at).unwrap();
        let all = format!("loop,nosuid,nodev,noexec,{options}");
        let mount =
            Command::new("mount").args(["-t", self.kind, "-o", &all]).arg(&self.image).arg(at).output().unwrap();
        let files = self.image.with_extension("files");
        if mount.status.success() {
            assert!(!files.exists(), "it was mounted before, or not at all");
            return Mounted(at.to_owned(), None);
        }
        // Whoever may not mount puts in its files: a box sees a folder either way.
        println!("measured: stick: not mounted but copied: {}", String::from_utf8_lossy(&mount.stderr).trim());
        std::fs::create_dir_all(&files).unwrap();
        copy(&files, at);
        Mounted(at.to_owned(), Some(files))
    }
}

fn copy(from: &Path, to: &Path) {
    for file in programs::files(from) {
        let there = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(there.parent().unwrap()).unwrap();
        std::fs::copy(&file, &there).unwrap();
    }
}

/// Unmounted when it is dropped, whoever still reads. With a folder for its files where mounting is not allowed.
struct Mounted(PathBuf, Option<PathBuf>);

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(files) = &self.1 {
            std::fs::remove_dir_all(files).unwrap();
            copy(&self.0, files);
            std::fs::remove_dir_all(&self.0).unwrap();
            return;
        }
        let gone = || Command::new("umount").arg(&self.0).status().ok().filter(std::process::ExitStatus::success);
        if wait::until("the stick to be idle", LOOKED, gone).is_err() {
            let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        }
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn a_stick_that_hq_wrote_is_adopted_by_a_box_without_a_line_and_by_hand() {
    let desk = Desk::founded(Broker::Embedded);
    let post = alone(&desk);
    let stick = Stick::made(desk.path("stick.img"));
    let write = || {
        let mounted = stick.mount(&desk.path("at-hq"), "rw");
        let said = desk.hq(&["stick", "region", mounted.0.to_str().unwrap()]);
        assert!(said.contains("read back and whole"), "{said}");
    };
    desk.release();
    write();

    let running = post.start();
    wait::for_it("the box", PATIENCE, &[&running], || post.status().ok());
    let put_in = Instant::now();
    let in_the_box = stick.mount(&post.path("media/sda1"), "ro");
    wait_for_stick(&post, &running, "adopted");
    assert_eq!(sequence(&post), Some(1));
    let kind = if in_the_box.1.is_some() { "a folder" } else { stick.kind };
    measured(&format!("stick: {kind}, in force {} ms after it was put in", put_in.elapsed().as_millis()));
    drop(in_the_box);
    // A box that has not looked since would take it for the same stick.
    std::thread::sleep(LOOKED);

    // The same again, and one whose files were altered: said, and nothing changes.
    let again = stick.mount(&post.path("media/sda1"), "ro");
    wait_for_stick(&post, &running, "current");
    drop(again);
    std::thread::sleep(LOOKED);
    desk.release();
    write();
    let at_thief = stick.mount(&desk.path("at-thief"), "rw");
    let record =
        std::fs::read_dir(at_thief.0.join("checkpoint/RU-TVE/record")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(at_thief.0.join("checkpoint/RU-TVE/head"), [0; 120]).unwrap();
    std::fs::remove_file(record).unwrap();
    drop(at_thief);
    let altered = stick.mount(&post.path("media/sdb1"), "ro");
    wait_for_stick(&post, &running, "damaged");
    assert_eq!(sequence(&post), Some(1));
    drop(altered);

    // By hand only when the box does not run.
    write();
    let trust = post.trust();
    let at_hand = stick.mount(&desk.path("at-hand"), "ro");
    let refused = trust_command(&["adopt", "--trust", trust.to_str().unwrap()], &at_hand.0);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("at work"), "{refused:?}");
    assert!(running.end(PATIENCE).success());
    let verified = trust_command(&["verify", "--trust", trust.to_str().unwrap()], &at_hand.0);
    assert_eq!((verified.status.code(), &json(&verified)["would_be"]), (Some(0), &Value::from("adopted")));
    let adopted = trust_command(&["adopt", "--trust", trust.to_str().unwrap()], &at_hand.0);
    assert_eq!(json(&adopted)["sequence"], 2, "{adopted:?}");
    let current = trust_command(&["verify", "--trust", trust.to_str().unwrap()], &at_hand.0);
    assert_eq!(json(&current)["would_be"], "current", "{current:?}");
}

// ------------------------------------------------------------------------------------------ what it is told

#[test]
fn trust_says_what_is_in_force_what_would_be_refused_and_what_a_verdict_rests_on() {
    let desk = Desk::founded(Broker::Embedded);
    let post = alone(&desk);
    let (trust, release) = (post.trust(), desk.path("region/release"));
    let trust = trust.to_str().unwrap();
    let none = trust_command(&["status", "--trust"], Path::new(trust));
    assert_eq!((none.status.code(), &json(&none)["release"]), (Some(1), &Value::Null));

    let pass = desk.issue("work", &["А123ВС69"]);
    desk.release();
    let root = post.path("root.1");
    let new = trust_command(&["verify", "--root", root.to_str().unwrap()], &release);
    assert_eq!(json(&new)["would_be"], "adopted", "{new:?}");
    assert_eq!(json(&trust_command(&["adopt", "--trust", trust], &release))["outcome"], "adopted");

    let status = json(&trust_command(&["status", "--trust"], Path::new(trust)));
    assert_eq!((&status["release"]["sequence"], &status["root"]["version"]), (&1.into(), &1.into()), "{status:#}");
    let streams = status["streams"].as_array().unwrap();
    for part in ["keys", "status", "policy"] {
        assert!(
            streams.iter().any(|stream| stream["part"] == part && stream["bytes"].as_u64() > Some(0)),
            "{status:#}"
        );
    }

    let mut explain = Command::new(programs::ours("checkpointd"));
    explain.args(["trust", "explain", "--trust", trust, "--plate", "А123ВС69", "--format", "json", &pass.text]);
    let explained = explain.output().unwrap();
    let said = json(&explained);
    let outcome = |check: &str| {
        let checks = said["checks"].as_array().unwrap();
        checks.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("{check}: {said:#}"))["outcome"]
            .clone()
    };
    for check in ["signature", "key-known", "time", "scope", "status", "territory", "freshness"] {
        assert_eq!(outcome(check), "held", "{check}: {said:#}");
    }
    assert!(!String::from_utf8_lossy(&explained.stdout).contains("123"), "a plate is shown: {said:#}");

    // What is not by this region's keys, what lacks a file, and what is older.
    let stranger = Desk::founded(Broker::Embedded);
    stranger.release();
    stranger.release();
    let refused = |folder: &Path| {
        let output = trust_command(&["verify", "--trust", trust], folder);
        assert_eq!(output.status.code(), Some(1));
        let said = json(&output);
        let checks = said["checks"].as_array().unwrap().clone();
        let failed = checks.into_iter().find(|line| line["outcome"] == "failed").unwrap_or_else(|| panic!("{said:#}"));
        (failed["check"].as_str().unwrap().to_owned(), failed["code"].as_str().unwrap().to_owned())
    };
    let pair = |check: &str, code: &str| (check.to_owned(), code.to_owned());
    assert_eq!(refused(&stranger.path("region/release")), pair("signature", "head-signature"));
    assert_eq!(refused(&desk.path("passes")), pair("present", "carrier"));
    desk.release();
    std::fs::write(release.join("head"), b"not a head").unwrap();
    assert_eq!(refused(&release), pair("present", "malformed"));
}

// ------------------------------------------------------------------------------------------------ the broker

/// Publishes what anybody at a broker could.
fn publish(broker: SocketAddr, messages: Vec<(String, Vec<u8>)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = MqttOptions::new("liar", broker.ip().to_string(), broker.port());
        let (client, mut events) = AsyncClient::new(options, 16);
        let count = messages.len();
        let send = tokio::spawn(async move {
            for (topic, payload) in messages {
                client.publish(topic, QoS::AtLeastOnce, false, payload).await.unwrap();
            }
        });
        let mut acknowledged = 0;
        while acknowledged < count {
            use rumqttc::v5::Event::Incoming;
            use rumqttc::v5::mqttbytes::v5::Packet;
            if let Incoming(Packet::PubAck(_)) = events.poll().await.unwrap() {
                acknowledged += 1;
            }
        }
        send.await.unwrap();
    });
}

#[test]
fn a_box_without_a_server_follows_by_the_broker_alone_and_a_broker_that_lies_changes_nothing() {
    let desk = Desk::founded(Broker::Embedded);
    let post = alone(&desk);
    desk.release();
    let trust = post.trust();
    let release = desk.path("region/release");
    let adopted = trust_command(&["adopt", "--trust", trust.to_str().unwrap()], &release);
    assert!(adopted.status.success(), "{adopted:?}");
    let hq = desk.start_hq();
    desk.wait_for_hq(&hq);
    let running = post.start();
    wait::for_it("the link", PATIENCE, &[&hq, &running], || {
        (post.status().ok()?.0["link"]["online"] == true).then_some(())
    });
    desk.release();
    let began = Instant::now();
    wait_for_release(&post, &running, 2);
    measured(&format!("news by the broker alone: in force {} ms after it was published", began.elapsed().as_millis()));

    let region = desk.region();
    let (topic, announced) = (wire::topic::news(&region), wire::topic::release(&region));
    let honest = Bundle::decode(&std::fs::read(release.join("news/2")).unwrap()).unwrap();
    let file = |name: &str| honest.file(name).unwrap().to_vec();
    let head = file("head");
    // A head that claims a later release under a signature that is not its own.
    let mut ahead = head.clone();
    let place = ahead.windows(2).position(|pair| pair == [2, 2]).unwrap();
    ahead[place + 1] = 9;
    let mut flood = vec![
        (topic.clone(), Vec::new()),
        (topic.clone(), vec![0xff; 1000]),
        (topic.clone(), vec![0xbf; wire::topic::LONGEST_NEWS]),
        (topic.clone(), vec![0; wire::topic::LONGEST_NEWS + 1]),
        (topic.clone(), honest.encode()),
        (topic.clone(), Bundle::new([("head".to_owned(), ahead.clone())]).encode()),
        (announced.clone(), ahead.clone()),
        (announced, vec![7; 5000]),
    ];
    flood.extend((0..500).map(|_| (topic.clone(), Bundle::new([("head".to_owned(), ahead.clone())]).encode())));
    publish(desk.broker_address, flood);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(sequence(&post), Some(2));
    assert_eq!(post.status().unwrap().0["link"]["online"], true);
    // The honest next one is still heard, if later.
    desk.release();
    wait_for_release(&post, &running, 3);
    assert!(running.end(PATIENCE).success());
    desk.end_hq(hq);
}

// ----------------------------------------------------------------------------------------------------- TLS

/// An authority of the region and a server it vouches for.
fn certificates(folder: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let openssl = |arguments: &[&str]| {
        done(Command::new(programs::of_the_system("openssl", "openssl")).args(arguments).current_dir(folder))
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let ca: Vec<&str> =
        ["req", "-x509", "-subj", "/CN=Region", "-keyout", "ca.key", "-out", "ca.pem"].into_iter().chain(key).collect();
    openssl(&ca);
    let server =
        ["req", "-x509", "-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", "-CA", "ca.pem", "-CAkey"];
    let rest =
        ["ca.key", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "server.key", "-out", "server.pem"];
    openssl(&server.into_iter().chain(rest).chain(key).collect::<Vec<_>>());
    (folder.join("ca.pem"), folder.join("server.pem"), folder.join("server.key"))
}

/// The server's end of TLS before HQ's own server: real TLS, real files, ranges passed on. Ends with the test.
fn tls_before(http: SocketAddr, certificate: &Path, key: &Path) -> SocketAddr {
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let config = config.clone();
            std::thread::spawn(move || answer(StreamOwned::new(ServerConnection::new(config).unwrap(), socket), http));
        }
    });
    address
}

/// One request; a client that does not believe us goes away.
fn answer(mut client: StreamOwned<ServerConnection, TcpStream>, http: SocketAddr) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match client.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap().replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let mut server = TcpStream::connect(http).unwrap();
    server.write_all(head.as_bytes()).unwrap();
    let _ = std::io::copy(&mut server, &mut client);
    client.conn.send_close_notify();
    let _ = client.flush();
}

#[test]
fn a_server_is_believed_behind_tls_only_when_the_regions_own_authority_vouches_for_it() {
    let desk = Desk::founded(Broker::Embedded);
    desk.release();
    let hq = desk.start_hq();
    desk.wait_for_hq(&hq);
    let (ca, certificate, key) = certificates(desk.folder());
    let address = tls_before(desk.http, &certificate, &key);
    let post = Post::provisioned(&desk, "m10-km178");
    let with = |ca: Option<&Path>| {
        post.configure(|settings| {
            let trust = settings["trust"].as_table_mut().unwrap();
            trust.insert("http".to_owned(), format!("https://{address}/release").into());
            trust.remove("ca");
            if let Some(ca) = ca {
                trust.insert("ca".to_owned(), ca.to_str().unwrap().into());
            }
        });
    };
    // The web's authorities do not know it, nor does another of our own making.
    let other = desk.path("other");
    std::fs::create_dir(&other).unwrap();
    let (stranger, ..) = certificates(&other);
    for ca in [None, Some(&*stranger)] {
        with(ca);
        let running = post.start();
        wait::for_it("a refusal", PATIENCE, &[&running], || running.last_words().contains("no release").then_some(()));
        assert_eq!(sequence(&post), None);
        // Answered, it is past its start, and can be told to end.
        wait::for_it("the box", PATIENCE, &[&running], || post.status().ok());
        let how = running.end(PATIENCE);
        assert!(how.success(), "{how}");
    }
    with(Some(&ca));
    let running = post.start();
    wait_for_release(&post, &running, 1);
    desk.release();
    wait_for_release(&post, &running, 2);
    assert!(running.end(PATIENCE).success());
    desk.end_hq(hq);
}
