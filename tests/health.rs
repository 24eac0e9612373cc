//! How a box is, as HQ sees it; and what a technician carries away from a box that works, and from one that does not.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use checkpoint_tests::browser::{Browser, picture};
use checkpoint_tests::desk::{Broker, Desk, done};
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::{measured, programs, wait};
use serde_json::Value;

/// How long anything may take on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(90);

/// Widths of a telephone and of a desk, in pixels. Chromium makes no window narrower than 500.
const WIDTHS: [u32; 2] = [500, 1400];

/// A region with one box that knows its release, and a thermometer that the test reads out.
fn region() -> (Desk, Post, Process) {
    let desk = Desk::founded(Broker::Embedded);
    desk.release();
    let hq = desk.start_hq();
    desk.wait_for_hq(&hq);
    let post = Post::provisioned(&desk, "post-1");
    let board = std::fs::read_to_string(post.path("desk.toml")).unwrap();
    std::fs::write(post.path("desk.toml"), board + "[thermometer]\nkind = \"system\"\nfile = \"temperature\"\n")
        .unwrap();
    warm(&post, 47_500);
    (desk, post, hq)
}

fn warm(post: &Post, millidegrees: i32) {
    std::fs::write(post.path("temperature"), format!("{millidegrees}\n")).unwrap();
}

/// What HQ says of the box, once it is so.
fn seen(desk: &Desk, what: &str, programs: &[&Process], is_so: impl Fn(&Value) -> bool) -> Value {
    wait::for_it(what, PATIENCE, programs, || {
        let boxes = desk.ask_hq("api/boxes").ok()?;
        Some(boxes.get(0)?.clone()).filter(&is_so)
    })
}

#[test]
fn hq_sees_how_a_box_is_and_a_box_that_was_killed_is_not_one_that_was_stopped() {
    let (desk, post, hq) = region();
    let box_runs = post.start();
    let well = seen(&desk, "a heartbeat with a release", &[&hq, &box_runs], |one| {
        one["online"] == true && one["release"] == 1
    });
    assert_eq!((&well["temperature"], &well["journal_stage"]), (&47_500.into(), &"ample".into()), "{well:#}");
    assert!(well["journal_budget"].as_u64() > well["journal_used"].as_u64() && well["disk_free"].as_u64() > Some(0));
    assert!(well["offline_reason"].is_null() && well["since"].is_i64() && well["heartbeat_age_s"].is_i64(), "{well:#}");
    assert_eq!(
        (&well["set_aside"], &well["dropped"], &well["certificate_until"]),
        (&0.into(), &0.into(), &Value::Null)
    );
    warm(&post, 81_500);
    seen(&desk, "the heat", &[&hq, &box_runs], |one| one["temperature"] == 81_500);
    shows(&desk);

    // Its own will speaks for it, through the broker.
    box_runs.kill();
    let gone = seen(&desk, "the box to be offline", &[&hq], |one| one["online"] == false);
    assert!(gone["offline_reason"].is_null() && gone["since"].as_i64() >= well["since"].as_i64(), "{gone:#}");
    let again = post.start();
    seen(&desk, "the box to be back", &[&hq, &again], |one| one["online"] == true);
    assert!(again.end(PATIENCE).success());
    let stopped = seen(&desk, "the box to have stopped", &[&hq], |one| one["online"] == false);
    assert_eq!(stopped["offline_reason"], "stopped", "{stopped:#}");
    desk.end_hq(hq);
}

/// HQ's list in a browser, in both languages, on a desk and on a telephone.
fn shows(desk: &Desk) {
    let browser = Browser::opened(desk.folder(), None);
    let words = [("ru", ["● на связи", "⚠ 81,5 °C перегрев"]), ("en", ["● online", "⚠ 81.5 °C too hot"])];
    for (language, words) in words {
        for width in WIDTHS {
            browser.resize(width, 1000);
            browser.visit(&desk.hq_url(&format!("?lang={language}")));
            wait::until("the box's row", PATIENCE, || {
                let text = browser.text("table.boxes").ok()?;
                words.iter().all(|word| text.contains(word)).then_some(())
            })
            .unwrap_or_else(|why| panic!("{why}: {:?}", browser.text("body")));
            let over = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.ask(over).unwrap(), 0, "nothing is out of sight at {width} pixels");
            browser.keep_picture(&picture(&format!("hq-boxes-{language}-{width}")));
        }
    }
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
}

/// An archive's files.
fn unpacked(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().strip_prefix("checkpoint-diag").unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name, bytes);
    }
    files
}

/// Every form in which bytes could stand in a file.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = Base64::encode_string(secret);
    let url = base64.replace('+', "-").replace('/', "_");
    let bare = |text: &str| text.trim_end_matches('=').as_bytes().to_vec();
    vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), bare(&base64), bare(&url)]
}

/// Every secret in a box's data folder, by the names that keys have.
fn secrets(data: &Path) -> Vec<(String, Vec<u8>)> {
    let is_secret = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.ends_with(".key") || name == "pepper"
    };
    let mut found = Vec::new();
    for path in programs::files(data).into_iter().filter(|path| is_secret(path)) {
        let (name, bytes) = (path.display().to_string(), std::fs::read(&path).unwrap());
        match std::str::from_utf8(&bytes) {
            // Text: each word that is long enough to be a secret.
            Ok(text) => {
                let words = text.split_whitespace().filter(|word| word.len() >= 16);
                found.extend(words.map(|word| (name.clone(), word.as_bytes().to_vec())));
            }
            Err(_) => found.extend(forms(&bytes).into_iter().map(|form| (name.clone(), form))),
        }
    }
    found
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_parcel_of_a_running_box_tells_much_and_no_secret() {
    let (desk, post, hq) = region();
    // What a box of a region with registered passes and TLS has, and what somebody has left in a comment.
    desk.books().pepper().unwrap();
    done(post.command("provision").arg("--pepper").arg(desk.path("region/keys/pepper.key")));
    std::fs::create_dir_all(post.path("data/tls")).unwrap();
    let seed: Vec<u8> = (0..32u8).map(|byte| byte.wrapping_mul(7).wrapping_add(128)).collect();
    for (name, bytes) in [
        ("receive.key", seed.clone()),
        ("tls/current.key", format!("-----BEGIN PRIVATE KEY-----\n{}\n", Base64::encode_string(&seed)).into_bytes()),
        ("tls/next.key", seed.iter().rev().copied().collect()),
    ] {
        std::fs::write(post.path("data").join(name), bytes).unwrap();
    }
    let settings = std::fs::read_to_string(post.path("box.toml")).unwrap();
    std::fs::write(post.path("box.toml"), format!("# the password of the router is HUNTER2\n{settings}")).unwrap();
    let pass = desk.issue("work", &["А123ВС69"]);
    desk.release();

    let box_runs = post.start();
    post.show("a.png", &std::fs::read(&pass.picture).unwrap());
    wait::for_it("the pass to be judged and sent", PATIENCE, &[&hq, &box_runs], || {
        let status = post.status().ok()?;
        (status.0["outcome"].is_string() && status.settled() >= 3).then_some(())
    });
    let out = desk.path("parcel.tar.gz");
    let said = post.command("diag").arg("--out").arg(&out).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let archive = std::fs::read(&out).unwrap();
    let files = unpacked(&archive);
    let text = |name: &str| String::from_utf8_lossy(files.get(name).unwrap_or_else(|| panic!("{name}"))).into_owned();

    assert_eq!(serde_json::from_str::<Value>(&text("status.json")).unwrap()["box"], "post-1");
    assert!(
        text("ring/now.txt").contains("the box starts") && text("ring/now.txt").contains("connected to HQ's broker")
    );
    assert!(text("journal.txt").contains("fault        none") && text("journal.txt").contains("stage        ample"));
    assert!(text("trust.txt").contains("region       RU-TVE") && text("trust.txt").contains("fingerprint"));
    assert!(text("config.toml").contains(&desk.broker_address.to_string()));
    assert!(text("identity.txt").contains("pepper       is there") && text("board.toml").contains("desk"));
    assert!(text("files.txt").contains("identity.key") && text("system.txt").contains("bytes free of all"));
    assert!(text("versions.txt").contains(env!("CARGO_PKG_VERSION")));
    let (said, contents) = (String::from_utf8_lossy(&said.stderr).into_owned(), text("contents.txt"));
    for name in files.keys().filter(|name| *name != "contents.txt") {
        assert!(said.contains(name.as_str()) && contents.contains(name.as_str()), "{name} is not listed: {said}");
    }

    let mut never = secrets(&post.path("data"));
    let kept = |name: &str| never.iter().any(|(file, _)| file.ends_with(name));
    assert!(["identity.key", "receive.key", "pepper", "current.key", "next.key"].into_iter().all(kept));
    never.push(("a comment".to_owned(), b"HUNTER2".to_vec()));
    for plate in ["А123ВС69", "A123BC69", "a123bc69"] {
        never.push(("the plate".to_owned(), plate.as_bytes().to_vec()));
    }
    let id: Vec<u8> =
        (0..pass.id.len()).step_by(2).map(|at| u8::from_str_radix(&pass.id[at..at + 2], 16).unwrap()).collect();
    never.extend(forms(&id).into_iter().chain([pass.text.into_bytes()]).map(|form| ("the pass".to_owned(), form)));
    for (name, bytes) in &files {
        for (what, secret) in &never {
            assert!(!contains(bytes, secret), "{what} stands in {name}");
        }
    }
    // The search finds what is there: the public key, which everybody may know.
    assert!(files.values().any(|bytes| contains(bytes, b"public key")));
    measured(&format!(
        "diag of a running box: {} files, {} bytes, {} forms of secrets looked for in each, none found",
        files.len(),
        archive.len(),
        never.len()
    ));
    assert!(box_runs.end(PATIENCE).success());
    desk.end_hq(hq);
}

/// The parcel of a box on the standard output, which may be a few megabytes.
fn parcel(post: &Post, more: &[&str]) -> Output {
    post.command("diag").args(["--out", "-"]).args(more).output().unwrap()
}

#[test]
fn a_box_that_is_broken_still_gives_its_parcel_and_never_one_that_is_too_large() {
    let desk = Desk::founded(Broker::Embedded);
    let post = Post::provisioned(&desk, "post-1");
    // Both slots of its trust are torn: it cannot start, and leaves its last words.
    for slot in ["state.a", "state.b"] {
        assert!(post.trust().join(slot).is_file(), "{slot}");
        std::fs::write(post.trust().join(slot), "torn").unwrap();
    }
    let how = post.start().wait_for_end(PATIENCE);
    assert_eq!(how.code(), Some(1));
    let files = unpacked(&parcel(&post, &[]).stdout);
    let contents = String::from_utf8_lossy(&files["contents.txt"]).into_owned();
    for missing in ["trust.txt", "journal.txt", "status.json", "ring/now.txt"] {
        let line =
            contents.lines().find(|line| line.starts_with(missing)).unwrap_or_else(|| panic!("{missing}: {contents}"));
        assert!(line.contains("missing: "), "{line}");
    }
    let last_words = files.get("ring/000001-start-at-once.txt").unwrap_or_else(|| panic!("{contents}"));
    assert!(String::from_utf8_lossy(last_words).contains("what HQ has told this box cannot be used"));

    // Larger than it may be: the first parts are there, and it is said what is not.
    for number in 2..9 {
        let noise: Vec<u8> =
            (0..256 * 1024_u64).map(|at| (at.wrapping_mul(6_364_136_223_846_793_005 + number) >> 33) as u8).collect();
        std::fs::write(post.path(&format!("data/ring/{number:06}-worker.txt")), noise).unwrap();
    }
    let small = parcel(&post, &["--megabytes", "1"]);
    assert!(small.status.success() && small.stdout.len() <= 1 << 20, "{} bytes", small.stdout.len());
    let contents = String::from_utf8_lossy(&unpacked(&small.stdout)["contents.txt"]).into_owned();
    assert!(contents.contains("more did not fit") || contents.contains("no room left"), "{contents}");

    // Where it cannot be written it says so, leaves nothing and says what helps; nothing of the box was touched.
    let nowhere = post.command("diag").args(["--out", "/dev/null/parcel.tar.gz"]).output().unwrap();
    let said = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert!(nowhere.status.code() == Some(1) && said.contains("--out"), "{said}");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let full = post.command("diag").args(["--out", "-"]).stdout(full).output().unwrap();
    assert_eq!(full.status.code(), Some(1), "a full disk is no success");

    // Without a data folder, and with a configuration that cannot be read.
    std::fs::rename(post.path("data"), post.path("elsewhere")).unwrap();
    assert!(unpacked(&parcel(&post, &[]).stdout).contains_key("system.txt"));
    assert!(!post.path("data").exists(), "it makes nothing");
    std::fs::write(post.path("box.toml"), "region = HUNTER2\n").unwrap();
    let broken = parcel(&post, &[]);
    assert!(broken.status.success());
    assert!(unpacked(&broken.stdout).values().all(|bytes| !contains(bytes, b"HUNTER2")));
    assert!(!contains(&broken.stderr, b"HUNTER2"));
}
