//! A box on the desk: the real `checkpointd` on a board of files.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use wire::BoxId;

use crate::desk::{Desk, done};
use crate::process::Process;
use crate::web::Web;
use crate::{port, programs};

/// A board without a device: pictures in a folder, a panel in a file.
const BOARD: &str = r#"name = "desk"
[camera]
kind = "folder"
path = "frames"
hold = 3
every_ms = 50
repeat = true
[screen]
kind = "file"
path = "panel.png"
width = 800
height = 480
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

/// How long an answer of the box may take. It is asked while it starts and dies.
const ANSWER: Duration = Duration::from_secs(2);

/// A box that was provisioned.
pub struct Post {
    /// Its name.
    pub name: BoxId,
    folder: PathBuf,
    page: SocketAddr,
    web: Web,
}

impl Post {
    /// Prepares a box at HQ, provisions it, and lets HQ learn its key.
    ///
    /// # Panics
    /// When one of them refuses.
    pub fn provisioned(desk: &Desk, name: &str) -> Self {
        let (release, broker) = (desk.hq_url("release"), desk.broker_address.to_string());
        let post = Self::prepared(desk, name, &["--release", &release, "--broker", &broker]);
        let said = post.provision();
        let key = said.lines().find_map(|line| line.strip_prefix("public key")).expect("it prints its key").trim();
        desk.hq(&["box", "add", "region", name, "--key", key]);
        post
    }

    /// Makes the box's keys and gives it its root; what it said.
    ///
    /// # Panics
    /// When it refuses.
    pub fn provision(&self) -> String {
        done(&mut self.command("provision"))
    }

    /// Prepares a box at HQ that knows these addresses. Its lane judges the same pass anew every time and closes a
    /// crossing after two seconds, so that much is written.
    ///
    /// # Panics
    /// When HQ refuses.
    pub fn prepared(desk: &Desk, name: &str, addresses: &[&str]) -> Self {
        desk.hq(&[&["box", "add", "region", name, "--out", name], addresses].concat());
        let folder = desk.path(name);
        let page = port::free();
        let config = folder.join("box.toml");
        let mut settings: toml::Table =
            std::fs::read_to_string(&config).expect("HQ wrote box.toml").parse().expect("HQ writes TOML");
        let ours: toml::Table = format!(
            "data = \"data\"\nboard = \"desk.toml\"\nlane = {{ absence = 2, grace = 0 }}\n\
             page = {{ listen = \"{page}\" }}"
        )
        .parse()
        .expect("settings in TOML");
        settings.extend(ours);
        let every = toml::Value::Integer(1);
        settings["trust"].as_table_mut().expect("a table").insert("every".to_owned(), every.clone());
        settings["uplink"].as_table_mut().expect("a table").insert("heartbeat".to_owned(), every);
        std::fs::write(&config, settings.to_string()).expect("the desk can be written");
        std::fs::write(folder.join("desk.toml"), BOARD).expect("the desk can be written");
        std::fs::create_dir(folder.join("frames")).expect("the desk can be written");
        Self { name: name.parse().expect("a box's name"), folder, page, web: Web::with_patience(ANSWER) }
    }

    /// Changes its configuration.
    ///
    /// # Panics
    /// When it cannot be read or written.
    pub fn configure(&self, change: impl FnOnce(&mut toml::Table)) {
        let file = self.folder.join("box.toml");
        let text = std::fs::read_to_string(&file).expect("the box was provisioned");
        let mut settings: toml::Table = text.parse().expect("settings in TOML");
        change(&mut settings);
        std::fs::write(&file, settings.to_string()).expect("the desk can be written");
    }

    /// A path of the box.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A command of the box.
    pub fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(programs::ours("checkpointd"));
        command.arg(verb).arg("--config").arg(self.folder.join("box.toml"));
        command
    }

    /// Starts the box.
    pub fn start(&self) -> Process {
        Process::start(self.name.as_str(), &mut self.command("run"), &self.folder)
    }

    /// Puts a picture before the camera, among those that are there.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn show(&self, name: &str, picture: &[u8]) {
        // Moved into its place, so that the camera never sees half of it.
        let aside = self.folder.join("aside.part");
        std::fs::write(&aside, picture).expect("the desk can be written");
        std::fs::rename(&aside, self.frames().join(name)).expect("the desk can be written");
    }

    /// Takes a picture away.
    ///
    /// # Panics
    /// When it is not there.
    pub fn take_away(&self, name: &str) {
        std::fs::remove_file(self.frames().join(name)).expect("the picture was there");
    }

    fn frames(&self) -> PathBuf {
        self.folder.join("frames")
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("data/journal.db")
    }

    /// What the box adopted.
    pub fn trust(&self) -> PathBuf {
        self.folder.join("data/trust")
    }

    /// What the box says of itself.
    ///
    /// # Errors
    /// Why it says nothing.
    pub fn status(&self) -> Result<Status, String> {
        self.web.json(&format!("http://{}/status.json", self.page)).map(Status)
    }
}

/// What a box says of itself.
#[derive(Debug, Clone)]
pub struct Status(pub Value);

impl Status {
    /// Sequence of the last durable row.
    pub fn head(&self) -> u64 {
        self.number("/journal/head")
    }

    /// Sequence of the last row HQ has given a receipt for.
    pub fn settled(&self) -> u64 {
        self.number("/journal/settled")
    }

    /// Rows without a receipt.
    pub fn queue(&self) -> u64 {
        self.number("/link/queue")
    }

    fn number(&self, at: &str) -> u64 {
        self.0.pointer(at).and_then(Value::as_u64).unwrap_or_else(|| panic!("the status has no {at}: {}", self.0))
    }
}
