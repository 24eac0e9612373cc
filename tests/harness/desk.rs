//! A region in a folder, run by the real `checkpoint-hq`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use wire::RegionId;

use crate::process::Process;
use crate::web::Web;
use crate::{port, programs, wait};

/// How long a program may take until it answers. Machines that build meanwhile are slow.
const START: Duration = Duration::from_secs(30);

/// How long HQ may take to end when it is told to.
const END: Duration = Duration::from_secs(15);

/// Which broker serves the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broker {
    /// The one inside `checkpoint-hq`.
    Embedded,
    /// Debian's Mosquitto, on its own.
    Mosquitto,
}

/// A region with its programs. Everything goes with it when it is dropped.
pub struct Desk {
    folder: tempfile::TempDir,
    /// Where HQ serves releases and pages.
    pub http: SocketAddr,
    /// Where the broker listens.
    pub broker_address: SocketAddr,
    broker: Broker,
}

/// A pass that was issued.
pub struct Pass {
    /// Its id, hexadecimal.
    pub id: String,
    /// The text of its code.
    pub text: String,
    /// Its code as a picture.
    pub picture: PathBuf,
}

impl Desk {
    /// Founds the region RU-TVE.
    ///
    /// # Panics
    /// When that fails.
    pub fn founded(broker: Broker) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test can be made");
        let desk = Self { folder, http: port::free(), broker_address: port::free(), broker };
        desk.hq(&["init", "region", "--region", "RU-TVE", "--name", "Тверская область", "--territory", "69"]);
        desk
    }

    /// A path on the desk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The region's code.
    pub fn region(&self) -> RegionId {
        "RU-TVE".parse().expect("a region's code")
    }

    /// The region's folder, opened in this process.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn books(&self) -> hq::Region {
        hq::Region::open(&self.path("region")).expect("the region on the desk opens")
    }

    /// Runs a command of HQ to its end; what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn hq(&self, arguments: &[&str]) -> String {
        done(Command::new(programs::ours("checkpoint-hq")).args(arguments).current_dir(self.folder()))
    }

    /// Issues a pass; without plates it binds none.
    ///
    /// # Panics
    /// When HQ refuses.
    pub fn issue(&self, kind: &str, plates: &[&str]) -> Pass {
        let mut arguments = vec!["issue", "region", "--kind", kind, "--out", "passes"];
        plates.iter().for_each(|plate| arguments.extend(["--plate", plate]));
        let said = self.hq(&arguments);
        let id = said.split(' ').next().expect("the line begins with the id").to_owned();
        let file = |kind: &str| self.path("passes").join(format!("{id}.{kind}"));
        let text = std::fs::read_to_string(file("txt")).expect("the pass has a text").trim_end().to_owned();
        Pass { text, picture: file("png"), id }
    }

    /// Publishes what boxes should know now.
    ///
    /// # Panics
    /// When HQ refuses.
    pub fn release(&self) {
        self.hq(&["release", "region"]);
    }

    /// Starts HQ's services. [`Self::wait_for_hq`] waits until they answer.
    pub fn start_hq(&self) -> Process {
        self.start_hq_with(&[])
    }

    /// The same with more to say.
    pub fn start_hq_with(&self, more: &[&str]) -> Process {
        let mut command = Command::new(programs::ours("checkpoint-hq"));
        let broker = self.broker_address.to_string();
        let flag = match self.broker {
            Broker::Embedded => "--embedded-broker",
            Broker::Mosquitto => "--broker",
        };
        command.args(["serve", "region", "--http", &self.http.to_string(), flag, &broker]).args(more);
        Process::start("hq", command.current_dir(self.folder()), self.folder())
    }

    /// Waits until HQ answers.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_for_hq(&self, hq: &Process) {
        let web = Web::default();
        wait::for_it("HQ to answer", START, &[hq], || web.json(&self.hq_url("api/counts")).ok());
    }

    /// Starts Mosquitto on this desk: on loopback, for anybody, keeping what it has over its end.
    ///
    /// # Panics
    /// When it is not installed.
    pub fn start_mosquitto(&self) -> Process {
        let kept = self.path("mosquitto");
        std::fs::create_dir_all(&kept).expect("the desk can be written");
        // Started by root it would become another user, who may not write here.
        let settings = format!(
            "listener {} {}\nallow_anonymous true\nuser root\npersistence true\npersistence_location {}/\n\
             autosave_interval 1\nlog_dest stderr\n",
            self.broker_address.port(),
            self.broker_address.ip(),
            kept.display()
        );
        let file = self.path("mosquitto.conf");
        std::fs::write(&file, settings).expect("the desk can be written");
        let mut command = Command::new(programs::of_the_system("mosquitto", "mosquitto"));
        Process::start("mosquitto", command.arg("-c").arg(file), self.folder())
    }

    /// An address of HQ.
    pub fn hq_url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.http)
    }

    /// What HQ answers.
    ///
    /// # Errors
    /// Why it does not.
    pub fn ask_hq(&self, path: &str) -> Result<Value, String> {
        Web::default().json(&self.hq_url(path))
    }

    /// Ends HQ as systemd does.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn end_hq(&self, hq: Process) {
        let how = hq.end(END);
        assert!(how.success(), "HQ was told to end and said {how}");
    }
}

/// Runs a command to its end; what it printed.
///
/// # Panics
/// When it fails, with what it said.
pub fn done(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("a program that was built can be started");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(stdout), text(stderr));
    assert!(status.success(), "{command:?}: {status}\n{out}\n{err}");
    out
}
