//! The runbook of the root ceremony (docs/root-ceremony.md), walked from founding to theft with the real programs.
//!
//! The commands are taken from the runbook itself, block by block, so that they cannot drift. Every keeper has a
//! folder for a stick, plugged in only while his block runs: two root keys never meet, and the test looks.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use checkpoint_tests::process::Process;
use checkpoint_tests::web::Web;
use checkpoint_tests::{port, programs, wait};
use serde_json::Value;
use trust::format::{RootKey, SignedRoot, hex, sha256};

/// How long a box may take to follow, on a machine that builds meanwhile.
const FOLLOW: Duration = Duration::from_secs(60);

/// How far the thief runs ahead: nearly as far as his key counts.
const AHEAD: i64 = 80 * 86_400;

/// How many numbers he uses up.
const RUN: u64 = 20;

/// What each keeper has in his head.
const PASSPHRASE: &str = "six words that nobody has guessed";

/// A board of files; docs/box.md.
const BOARD: &str = r#"name = "desk"
[camera]
kind = "folder"
path = "frames"
hold = 3
every_ms = 500
repeat = true
[screen]
kind = "file"
path = "panel.png"
width = 320
height = 240
[keys]
kind = "file"
path = "keys"
[lamp]
kind = "file"
path = "lamp"
[clock]
kind = "system"
trust = "ntp"
"#;

/// One block of the runbook.
struct Block {
    section: String,
    machine: String,
    commands: String,
}

/// Every block of commands of the runbook, with the section it stands in.
fn runbook() -> Vec<Block> {
    let text = std::fs::read_to_string(programs::project().join("docs/root-ceremony.md")).unwrap();
    let (mut section, mut blocks, mut open) = (String::new(), Vec::new(), None::<Block>);
    for line in text.lines() {
        if let Some(mut block) = open.take() {
            if line == "```" {
                blocks.push(block);
            } else {
                block.commands.push_str(line);
                block.commands.push('\n');
                open = Some(block);
            }
        } else if let Some(machine) = line.strip_prefix("```sh ") {
            open = Some(Block { section: section.clone(), machine: machine.to_owned(), commands: String::new() });
        } else if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        }
    }
    assert!(open.is_none(), "a block of the runbook does not end");
    blocks
}

/// The machines, the sticks, and what was said on the telephone.
struct Stage {
    folder: tempfile::TempDir,
    /// What `$LOST` and `$STOLEN` stand for.
    named: BTreeMap<&'static str, String>,
    /// Which stick was plugged in for which command: what the test is about.
    plugged: Vec<(String, String)>,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["media/courier", "drawer", "hq"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        Self { folder, named: BTreeMap::new(), plugged: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn region(&self) -> hq::Region {
        hq::Region::open(&self.path("hq/tver")).unwrap()
    }

    fn root(&self) -> trust::format::Root {
        self.region().newest_root().unwrap().unwrap()
    }

    /// Walks through a section; what its blocks printed.
    fn walk(&mut self, section: &str) -> String {
        let blocks: Vec<Block> = runbook().into_iter().filter(|block| block.section == section).collect();
        assert!(!blocks.is_empty(), "the runbook has no section {section:?}");
        blocks.iter().map(|block| self.run(block)).collect()
    }

    fn run(&mut self, block: &Block) -> String {
        let (stick, drawer) = (self.path("media/stick"), self.path("drawer").join(&block.machine));
        assert!(!stick.exists(), "a stick was left in the machine before");
        let is_keeper = block.machine.starts_with("keeper-");
        if is_keeper {
            std::fs::create_dir_all(&drawer).unwrap();
            std::fs::rename(&drawer, &stick).unwrap();
        }
        // No root key lies anywhere but in the one stick that is plugged in, and in drawers.
        let away = |path: &PathBuf| path.starts_with(self.path("drawer")) || path.starts_with(&stick);
        let keys: Vec<_> = programs::files(self.folder.path()).into_iter().filter(|path| is_root_key(path)).collect();
        assert!(keys.iter().all(away), "a root key has left its stick: {keys:?}");
        let at_hand = keys.iter().filter(|path| path.starts_with(&stick)).count();
        assert!(at_hand <= usize::from(is_keeper), "{at_hand} root keys at {}", block.machine);
        assert_eq!(block.commands.contains("/media/stick"), is_keeper, "{}", block.commands);

        let done = self.shell(block);
        if is_keeper {
            std::fs::rename(&stick, &drawer).unwrap();
            self.plugged.push((block.machine.clone(), block.section.clone()));
        }
        done
    }

    /// Runs a block as it stands, with the mounts of this stage and what a person types.
    fn shell(&self, block: &Block) -> String {
        let script = block.commands.replace("/media/", &format!("{}/", self.path("media").display()));
        let program = programs::ours("checkpoint-hq");
        let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
        let mut command = Command::new("/bin/sh");
        command.arg("-eu").arg("-c").arg(&script).current_dir(self.path("hq"));
        command.env_clear().env("PATH", path).env("CHECKPOINT_OPERATOR", "test").envs(&self.named);
        let typed = if script.contains("root key") {
            format!("{PASSPHRASE}\n{PASSPHRASE}\n")
        } else if script.contains("root sign") {
            format!("{}\n{PASSPHRASE}\n", self.told())
        } else {
            String::new()
        };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), typed.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "{} at {}:\n{script}\n{out}\n{err}", block.section, block.machine);
        assert!(!out.contains(PASSPHRASE) && !err.contains(PASSPHRASE));
        out.into_owned()
    }

    /// The fingerprint as HQ reads it out: of the request in its own hands.
    fn told(&self) -> String {
        let show = Command::new(programs::ours("checkpoint-hq"))
            .args(["root", "show"])
            .arg(self.path("media/courier/root.request"))
            .output()
            .unwrap();
        let said = String::from_utf8(show.stdout).unwrap();
        let line = said.lines().find_map(|line| line.strip_prefix("fingerprint")).unwrap_or_else(|| panic!("{said}"));
        line.trim()[..19].to_owned()
    }

    /// The name of a keeper's root key, as it stands on his stick.
    fn name_of(&self, keeper: &str) -> String {
        let line = std::fs::read_to_string(self.path("drawer").join(keeper).join("root.pub")).unwrap();
        let digits = line.trim().rsplit(' ').next().unwrap();
        let bytes: Vec<u8> = (0..32).map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap()).collect();
        hex(&sha256(&bytes))[..8].to_owned()
    }

    /// Puts HQ's release where the box looks.
    fn carry(&self, from: &Path) {
        // The head last: a box that looks meanwhile finds the old release or the new one.
        let mut files = programs::files(from);
        files.sort_by_key(|path| path.ends_with("head"));
        for source in files {
            let target = self.path("road").join(source.strip_prefix(from).unwrap());
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            // Whole or not at all, as every carrier of ours does it.
            let part = target.with_extension("part");
            std::fs::copy(&source, &part).unwrap();
            std::fs::rename(&part, &target).unwrap();
        }
    }

    /// The number of HQ's own newest release.
    fn sequence(&self) -> u64 {
        self.region().last_release().unwrap().unwrap().0
    }
}

fn is_root_key(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "key")
        && std::fs::read_to_string(path).is_ok_and(|line| line.starts_with("root"))
}

/// The box that the runbook provisioned, at work.
struct Box {
    process: Process,
    web: Web,
    page: std::net::SocketAddr,
}

impl Box {
    /// Gives what `box add` wrote a board of files and a folder to look into.
    fn furnish(config: &Path, road: &Path, page: std::net::SocketAddr) {
        let mut settings: toml::Table = std::fs::read_to_string(config).unwrap().parse().unwrap();
        let ours = format!(
            "data = \"data\"\nboard = \"desk.toml\"\npage = {{ listen = \"{page}\" }}\n\
             trust = {{ folder = \"{}\", every = 1 }}",
            road.display()
        );
        settings.extend(ours.parse::<toml::Table>().unwrap());
        std::fs::write(config, settings.to_string()).unwrap();
        std::fs::write(config.with_file_name("desk.toml"), BOARD).unwrap();
        std::fs::create_dir(config.with_file_name("frames")).unwrap();
    }

    fn start(config: &Path, page: std::net::SocketAddr) -> Self {
        let mut command = Command::new(programs::ours("checkpointd"));
        command.arg("run").arg("--config").arg(config);
        let process = Process::start("box", &mut command, config.parent().unwrap());
        Self { process, web: Web::with_patience(Duration::from_secs(2)), page }
    }

    fn release(&self) -> Option<u64> {
        let status: Value = self.web.json(&format!("http://{}/status.json", self.page)).ok()?;
        status.pointer("/release").and_then(Value::as_u64)
    }

    fn follows(&self, sequence: u64) {
        let what = format!("the box to adopt release {sequence}");
        let followed = wait::until(&what, FOLLOW, || (self.release() == Some(sequence)).then_some(()));
        followed.unwrap_or_else(|why| panic!("{why}; it is at {:?}{}", self.release(), self.process.last_words()));
    }
}

#[test]
fn the_runbook_founds_rotates_and_survives_loss_and_theft() {
    let mut stage = Stage::new();
    let page = port::free();
    std::fs::create_dir(stage.path("road")).unwrap();

    // Founding. The box is furnished between being prepared and being provisioned.
    let blocks: Vec<Block> = runbook().into_iter().filter(|block| block.section == "Founding").collect();
    let (last, rest) = blocks.split_last().unwrap();
    assert_eq!(last.machine, "box");
    let said: String = rest.iter().map(|block| stage.run(block)).collect();
    let config = stage.path("media/courier/m10-km178/box.toml");
    Box::furnish(&config, &stage.path("road"), page);
    let shown = stage.run(last);
    let fingerprint = |text: &str, name: &str| -> String {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{text}"));
        line.split_whitespace().next().unwrap().to_owned()
    };
    let installed = said.split("is installed").nth(1).unwrap();
    assert_eq!(fingerprint(&shown, "root"), fingerprint(installed, "file"), "what is compared at the box");
    let post = Box::start(&config, page);
    stage.carry(&stage.path("hq/tver/release"));
    post.follows(stage.sequence());

    for (section, version) in [("Every quarter", 2), ("Every year", 3)] {
        stage.walk(section);
        assert_eq!(stage.root().version, version);
        stage.carry(&stage.path("hq/tver/release"));
        post.follows(stage.sequence());
    }
    assert_eq!(stage.root().publishing.len(), 2, "the old key counts to its own end");

    stage.named.insert("LOST", stage.name_of("keeper-c"));
    stage.walk("A lost stick");
    stage.named.insert("STOLEN", stage.name_of("keeper-a"));
    stage.walk("A stolen stick");
    assert_eq!((stage.root().version, stage.root().root.len()), (5, 3));
    stage.carry(&stage.path("hq/tver/release"));
    post.follows(stage.sequence());

    // The thief has a copy of HQ's machine, online keys and all, and publishes elsewhere, far ahead.
    let honest = stage.sequence();
    copy(&stage.path("hq/tver"), &stage.path("thief"));
    let thief = hq::Region::open(&stage.path("thief")).unwrap();
    let stolen = thief.publishing_key().unwrap().public().to_bytes();
    let then = jiff::Timestamp::now().as_second() + AHEAD;
    let ahead = (0..RUN).map(|_| thief.publish("thief", then).unwrap()).last().unwrap();
    assert_eq!(ahead.sequence, honest + RUN);
    stage.carry(&stage.path("thief/release"));
    post.follows(ahead.sequence);
    // HQ's own release is now older than what the box has.
    stage.carry(&stage.path("hq/tver/release"));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(post.release(), Some(ahead.sequence), "or there was nothing to cure");

    let said = stage.walk("A stolen publishing key");
    assert!(said.contains("RESET"), "{said}");
    let root = stage.root();
    assert_eq!(root.publishing.len(), 1, "he had the old key, too, which counted still");
    assert!(root.publishing.iter().all(|key: &RootKey| key.key != stolen));
    assert_eq!(stage.sequence(), honest + 1);
    stage.carry(&stage.path("hq/tver/release"));
    post.follows(honest + 1);

    // What the thief publishes from now on is believed by nobody.
    for key in ["publishing-3.key", "publishing.key"] {
        thief.publish("thief", then).unwrap();
        stage.carry(&stage.path("thief/release"));
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(post.release(), Some(honest + 1), "{key}{}", post.process.last_words());
        // The next time he tries the other one.
        std::fs::remove_file(stage.path("thief/keys").join(key)).unwrap();
    }

    // Every root bears two signatures at least, by keepers who were never at one machine.
    for version in 1..=root.version {
        let file = std::fs::read(stage.path(&format!("hq/tver/release/root.{version}"))).unwrap();
        assert_eq!(SignedRoot::parse(&file).unwrap().signatures.len(), 2);
    }
    assert_eq!(stage.plugged.len(), 5 + 2 * 6, "five keys were drawn, six roots signed by two");
}

#[test]
fn every_command_of_the_runbook_is_walked() {
    let walked =
        ["Founding", "Every quarter", "Every year", "A lost stick", "A stolen stick", "A stolen publishing key"];
    let blocks = runbook();
    assert!(blocks.iter().all(|block| walked.contains(&block.section.as_str())));
    let text = std::fs::read_to_string(programs::project().join("docs/root-ceremony.md")).unwrap();
    assert_eq!(text.matches("\n```sh").count(), blocks.len(), "a block without a machine would never be run");
}

fn copy(from: &Path, to: &Path) {
    for source in programs::files(from) {
        let target = to.join(source.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(source, target).unwrap();
    }
}
