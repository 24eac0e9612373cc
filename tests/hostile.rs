//! Whatever is held before the camera, the box answers: with a refusal it can name, or with what the pass has
//! always said. It never falls, and never takes more time or memory than it has.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use checkpoint_tests::chance::Chance;
use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::pictures::{self, Damage};
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::texts::{self, Genuine, Keys, Twist, twisted};
use checkpoint_tests::{measured, programs};
use image::ImageFormat;
use pass::PublicKey;
use serde_json::Value;

/// Texts that are tried in this process.
const TEXTS: usize = 10_000;

/// Of them, those that are given to the program.
const SAMPLE: usize = 200;

/// Longest that one text may take. The slowest honest one, an RSA signature unoptimised, takes a hundredth.
const SLOWEST_TEXT: Duration = Duration::from_secs(1);

/// Pictures that are tried, in folders of a hundred.
const PICTURES: usize = 1_000;
const FOLDER: usize = 100;

/// Most address space of the program while it reads pictures, in KiB. A picture of the most pixels that are
/// unpacked (40 million, four bytes each, and once more in grey) has its place in it; a header that lies does not.
const MOST_SPACE_KIB: u64 = 1_500_000;

/// Longest that a folder of a hundred pictures may take: a tenth of a second each is given to every one, and a
/// rung that has begun is let finish.
const SLOWEST_FOLDER: Duration = Duration::from_secs(180);

/// What `checkpointd read` can say of a picture.
const OUTCOMES: [&str; 4] = ["read", "unread", "missing", "not-a-picture"];

/// Codes of refusals, as they are documented. A code that is not there is a fault of the page or of the code.
fn codes() -> HashSet<&'static str> {
    let page = include_str!("../docs/formats/errors.md");
    page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

/// Our own passes and the EU's certificates, and everybody who has signed them.
fn genuine(desk: &Desk) -> (Vec<Genuine>, Keys) {
    let (mut genuine, mut keys) = texts::certificates();
    let own = PublicKey::from_ed25519(&desk.books().issuers().unwrap()[0].key).unwrap();
    keys.push((own.kid().to_vec(), own));
    for (kind, plate) in
        [("work", "А123ВС69"), ("family", "?777??"), ("one-time", "К456ММ77"), ("official", "О101ОО69")]
    {
        let text = desk.issue(kind, &[plate]).text;
        let document = pass::read(&text, &keys).unwrap().document;
        genuine.push(Genuine { text, document });
    }
    (genuine, keys)
}

#[test]
fn ten_thousand_twisted_texts_are_refused_with_a_code_or_mean_what_they_always_meant() {
    let desk = Desk::founded(Broker::Embedded);
    let (genuine, keys) = genuine(&desk);
    let codes = codes();
    let mut chance = Chance::drawn("texts");
    let (mut refused, mut honest, mut slowest) = (BTreeMap::new(), 0, Duration::ZERO);
    for number in 0..TEXTS {
        let twist = Twist::ALL[number % Twist::ALL.len()];
        let [one, other] = [0; 2].map(|_| chance.one_of(&genuine));
        let text = twisted(twist, &one.text, &other.text, &mut chance);
        let told =
            |what: &str| format!("text {number} ({twist:?}): {what}: {:?}", text.chars().take(300).collect::<String>());
        let began = Instant::now();
        let read = catch_unwind(|| pass::read(&text, &keys)).unwrap_or_else(|_| panic!("{}", told("a panic")));
        slowest = slowest.max(began.elapsed());
        match read {
            Err(error) => {
                assert!(codes.contains(error.code()), "{}", told(&format!("{} is no documented code", error.code())));
                *refused.entry(error.code()).or_insert(0) += 1;
            }
            Ok(verified) => {
                let known = genuine.iter().any(|genuine| genuine.document == verified.document);
                assert!(known, "{}", told(&format!("a new meaning: {:?}", verified.document)));
                honest += 1;
            }
        }
    }
    assert!(slowest < SLOWEST_TEXT, "one text took {slowest:?}");
    assert!(refused.len() > 8, "chance has not reached far: {refused:?}");
    measured(&format!(
        "hostile texts: {TEXTS} of {} genuine, {honest} still valid and unchanged, refused {refused:?}, slowest {:.1} ms",
        genuine.len(),
        slowest.as_secs_f64() * 1000.0
    ));
}

/// A box's trust folder that knows our issuer.
fn adopted(desk: &Desk) -> std::path::PathBuf {
    desk.release();
    let post = Post::provisioned(desk, "m10-km178");
    let mut store = trust::Store::open(&post.trust()).unwrap();
    let now = wire::WallTime { unix_ms: jiff::Timestamp::now().as_millisecond(), trust: wire::ClockTrust::Ntp };
    store.adopt(&mut trust::Folder(desk.path("region/release")), now).unwrap();
    post.trust()
}

#[test]
fn the_program_answers_every_twisted_text_and_admits_none() {
    let desk = Desk::founded(Broker::Embedded);
    let (genuine, keys) = genuine(&desk);
    let trust = adopted(&desk);
    let key = desk.path("issuer.pub");
    std::fs::write(&key, desk.books().issuers().unwrap()[0].key).unwrap();
    let codes = codes();
    let mut chance = Chance::drawn("texts to the program");
    let mut outcomes = BTreeMap::new();
    for number in 0..SAMPLE {
        let twist = Twist::ALL[number % Twist::ALL.len()];
        let [one, other] = [0; 2].map(|_| chance.one_of(&genuine));
        let text = twisted(twist, &one.text, &other.text, &mut chance);
        let shown: String = text.chars().take(300).collect();
        let is_pass = pass::read(&text, &keys).is_ok();
        // An argument ends at the first zero byte.
        if !text.contains('\0') {
            let verdict = check(&trust, &text);
            let outcome = verdict["outcome"].as_str().unwrap().to_owned();
            assert!(["admit", "check", "refuse"].contains(&outcome.as_str()), "{verdict}");
            assert!(is_pass || outcome != "admit", "{number} ({twist:?}) was admitted: {shown:?}");
            let error = verdict["error"].as_str();
            assert!(error.is_none_or(|code| codes.contains(code)), "{verdict}");
            assert!(!verdict["reasons"].as_array().unwrap().is_empty() || outcome == "admit", "{verdict}: {shown:?}");
            *outcomes.entry(outcome).or_insert(0) += 1;
        }
        let steps = inspect(&key, &text);
        for step in steps["steps"].as_array().unwrap() {
            let code = step["code"].as_str();
            assert!((step["outcome"] == "failed") == code.is_some(), "{step}");
            assert!(code.is_none_or(|code| codes.contains(code)), "{step}: {shown:?}");
        }
        let ours = text.starts_with("MP1:");
        assert!(is_pass || steps["claims_verified"] == false, "{number} ({twist:?}) counts as verified: {shown:?}");
        assert!(!(is_pass && ours) || steps["claims_verified"] == true, "{number} ({twist:?}): {steps}");
    }
    measured(&format!("hostile texts to the program: {SAMPLE}, verdicts {outcomes:?}"));
}

fn check(trust: &Path, text: &str) -> Value {
    let mut command = Command::new(programs::ours("checkpointd"));
    let done = command.args(["check", "--trust"]).arg(trust).arg("--").arg(text).output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert!(matches!(done.status.code(), Some(0 | 10 | 20)), "{}: {err}: {text:?}", done.status);
    serde_json::from_slice(&done.stdout).unwrap()
}

fn inspect(key: &Path, text: &str) -> Value {
    let mut command = Command::new(programs::ours("checkpointd"));
    command.args(["inspect", "--format", "json", "--key"]).arg(key).arg("-");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It stops reading where no code can go on; the rest of a long text then has nowhere to go.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert!(matches!(done.status.code(), Some(0 | 1)), "{}: {err}: {text:?}", done.status);
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn a_thousand_broken_pictures_are_read_or_named_within_bounds() {
    let desk = tempfile::tempdir().unwrap();
    let files = sound_pictures();
    let mut chance = Chance::drawn("pictures");
    let (mut outcomes, mut rungs, mut most, began) = (BTreeMap::new(), BTreeMap::new(), 0, Instant::now());
    for folder in 0..PICTURES / FOLDER {
        let path = desk.path().join(format!("pictures-{folder}"));
        std::fs::create_dir(&path).unwrap();
        for number in 0..FOLDER {
            let damage = Damage::ALL[number % Damage::ALL.len()];
            let [one, other] = [0; 2].map(|_| chance.one_of(&files));
            let bytes = pictures::damaged(damage, one, other, &mut chance);
            // The content decides what it is, and never the name.
            std::fs::write(path.join(format!("{number:03}-{damage:?}.png").to_lowercase()), bytes).unwrap();
        }
        let (lines, peak) = read(desk.path(), &path);
        most = most.max(peak);
        assert_eq!(lines.len(), FOLDER, "a line a picture");
        for line in lines {
            let outcome = line["outcome"].as_str().unwrap().to_owned();
            assert!(OUTCOMES.contains(&outcome.as_str()) && outcome != "missing", "{line}");
            assert_eq!(outcome == "read", line["codes"].as_array().is_some_and(|codes| !codes.is_empty()), "{line}");
            for attempt in line["attempts"].as_array().into_iter().flatten() {
                *rungs.entry(format!("{} {}", attempt["rung"], attempt["outcome"])).or_insert(0) += 1;
            }
            *outcomes.entry(outcome).or_insert(0) += 1;
        }
    }
    measured(&format!(
        "hostile pictures: {PICTURES} in {:.0} s, {outcomes:?}, attempts {rungs:?}, at most {} MiB of memory",
        began.elapsed().as_secs_f64(),
        most / 1024
    ));
}

/// Pictures with codes, PNG and JPEG in equal parts.
fn sound_pictures() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for file in programs::files(&programs::project().join("tests/data/dcc-qa-images/images")) {
        let bytes = std::fs::read(file).unwrap();
        files.push(pictures::encoded(&image::load_from_memory(&bytes).unwrap().into_luma8(), ImageFormat::Jpeg));
        files.push(bytes);
    }
    assert!(!files.is_empty(), "the project carries pictures");
    files
}

/// What the program says of a folder of pictures, and the most memory it has had, in KiB.
fn read(desk: &Path, folder: &Path) -> (Vec<Value>, u64) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {MOST_SPACE_KIB} && exec \"$@\""), "sh"]);
    command.arg(programs::ours("checkpointd")).args(["read", "--format", "json", "--budget-ms", "100"]).arg(folder);
    let mut process = Process::start(name, &mut command, desk);
    let status = format!("/proc/{}/status", process.id());
    let (began, mut peak) = (Instant::now(), 0);
    let how = loop {
        peak = peak.max(high_water(&status).unwrap_or(0));
        if let Some(how) = process.ended() {
            break how;
        }
        assert!(began.elapsed() < SLOWEST_FOLDER, "{name} takes too long{}", process.last_words());
        std::thread::sleep(Duration::from_millis(5));
    };
    // 1: not every picture could be read, which is what this is about.
    assert!(matches!(how.code(), Some(0 | 1)), "{how}{}", process.last_words());
    let lines = process.printed().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, peak)
}

/// The most memory a process has had so far, as the kernel counts it.
fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().split(' ').next()?.parse().ok()
}
