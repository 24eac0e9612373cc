//! The simulator's page in a browser: what a visitor of the desk sees and does.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::browser::{Browser, picture};
use crate::process::Process;
use crate::web::Web;
use crate::{programs, wait};

/// How long a simulator may take until the page can be opened.
const START: Duration = Duration::from_secs(60);

/// How long the page may take to show what has happened at a box.
const SHOWN: Duration = Duration::from_secs(20);

/// How long an officer looks before a key is pressed; the box wants 400 ms.
const GLANCE: Duration = Duration::from_millis(500);

/// A simulator that runs with its data in a folder of its own.
pub struct Simulator {
    process: Process,
    folder: tempfile::TempDir,
    /// Where its page is, without the last slash.
    pub url: String,
    web: Web,
}

impl Simulator {
    /// Starts a simulator.
    ///
    /// # Panics
    /// When it does not say where it is.
    pub fn started() -> Self {
        Self::with(&[])
    }

    /// Starts a simulator that plays another system.
    ///
    /// # Panics
    /// As [`Self::started`].
    pub fn of(region: &str) -> Self {
        Self::with(&["--region", region])
    }

    fn with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test can be made");
        let mut command = Command::new(programs::ours("simulator"));
        command.args(["--port", "0", "--data"]).arg(folder.path().join("data")).args(more);
        let mut process = Process::start("simulator", &mut command, folder.path());
        let said = wait::until("the simulator to say where it is", START, || {
            let line = process.printed().lines().find(|line| line.starts_with("http://")).map(str::to_owned);
            match (line, process.ended()) {
                (Some(line), None) => Some(Ok(line.trim_end_matches('/').to_owned())),
                (_, Some(how)) => Some(Err(format!("the simulator ended: {how}"))),
                (None, None) => None,
            }
        });
        let url = said.and_then(|said| said).unwrap_or_else(|why| panic!("{why}{}", process.last_words()));
        let simulator = Self { process, folder, url, web: Web::default() };
        wait::for_it("the boxes to be ready", START, &[&simulator.process], || {
            let state = simulator.state().ok()?;
            let ready =
                |shown: &Value| shown["running"] == true && shown["online"] == true && !shown["release"].is_null();
            state["boxes"].as_array().filter(|all| !all.is_empty() && all.iter().all(ready)).map(|_| ())
        });
        simulator
    }

    /// What it says of everything.
    ///
    /// # Errors
    /// Why it does not.
    pub fn state(&self) -> Result<Value, String> {
        self.web.json(&format!("{}/api/state?lang=en", self.url))
    }

    /// Does what a button of its page does.
    ///
    /// # Panics
    /// When it is refused.
    pub fn act(&self, way: &str, said: &Value) {
        let (status, bytes) = self.web.post(&format!("{}{way}", self.url), said).expect("the simulator answers");
        assert!((200..300).contains(&status), "{way}: {status} {}", String::from_utf8_lossy(&bytes));
    }

    /// A file it serves.
    ///
    /// # Panics
    /// When it does not.
    pub fn file(&self, path: &str) -> Vec<u8> {
        let (status, bytes) = self.web.bytes(&format!("{}{path}", self.url)).expect("the simulator answers");
        assert_eq!(status, 200, "{path}");
        bytes
    }

    /// A path for something the test needs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its page in a browser; the browser's camera plays a film, if one is given.
    ///
    /// # Panics
    /// When the browser does not start or the page does not show its boxes.
    pub fn visited(&self, film: Option<&std::path::Path>) -> Page<'_> {
        let folder = self.path("browser");
        std::fs::create_dir_all(&folder).expect("the test's folder can be written");
        let page = Page { browser: Browser::opened(&folder, film), simulator: self };
        page.browser.visit(&format!("{}/", self.url));
        page.wait("the page to show its boxes", |browser| browser.count("section[data-box]").ok().filter(|n| *n > 0));
        page
    }
}

/// The page, open in a browser.
pub struct Page<'s> {
    /// The browser.
    pub browser: Browser,
    simulator: &'s Simulator,
}

impl Page<'_> {
    /// Waits for something on the page.
    ///
    /// # Panics
    /// When it does not come: with a picture of the page, what the simulator says, and everybody's last words.
    pub fn wait<T>(&self, what: &str, mut look: impl FnMut(&Browser) -> Option<T>) -> T {
        wait::until(what, SHOWN, || look(&self.browser)).unwrap_or_else(|why| {
            let kept = picture(&format!("failed-{}", self.simulator.url.rsplit(':').next().unwrap_or_default()));
            self.browser.keep_picture(&kept);
            let state = self.simulator.state().map_or_else(|why| why, |state| format!("{:#}", state["boxes"]));
            panic!(
                "{why}; the page: {}\nthe page complains: {:?}\nboxes: {state}{}{}",
                kept.display(),
                self.browser.complaints(),
                self.simulator.process.last_words(),
                self.browser.driver().last_words()
            )
        })
    }

    /// The selector of something at a box.
    pub fn at(name: &str, what: &str) -> String {
        format!("section[data-box=\"{name}\"] {what}")
    }

    /// Holds a pass before a box's camera.
    pub fn hold(&self, name: &str, pass: &str) {
        self.browser.press(&Self::at(name, &format!("button[data-pass=\"{pass}\"]")));
    }

    /// Takes away what is held. The verdict stays until the officer says something or time goes by.
    pub fn take_away(&self, name: &str) {
        self.browser.press(&Self::at(name, "button[data-away]"));
        self.wait("the road to be empty", |_| self.said_of(name).filter(|shown| shown["held"].is_null()));
    }

    /// Presses a key of a box, as an officer does: after a look at what stands there. The box takes no earlier press
    /// for a decision about it.
    pub fn key(&self, name: &str, key: &str) {
        std::thread::sleep(GLANCE);
        self.browser.press(&Self::at(name, &format!("button[data-key=\"{key}\"]")));
    }

    /// An attribute of a box.
    pub fn of(&self, name: &str, attribute: &str) -> Option<String> {
        self.browser.attribute(&format!("section[data-box=\"{name}\"]"), attribute).ok().flatten()
    }

    /// Waits until an attribute of a box is as it should be.
    pub fn wait_for(&self, name: &str, attribute: &str, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        self.wait(&format!("{what} ({attribute} of {name})"), |_| self.of(name, attribute).filter(|value| is_so(value)))
    }

    /// Waits until a box gives an outcome.
    pub fn wait_for_outcome(&self, name: &str, outcome: &str) {
        self.wait_for(name, "data-outcome", outcome, |value| value == outcome);
    }

    /// Waits for a row in HQ's table with an outcome and, if one is given, a reason.
    pub fn wait_for_row(&self, name: &str, outcome: &str, reason: Option<&str>) {
        let reason = reason.map_or_else(String::new, |reason| format!("[data-reasons~=\"{reason}\"]"));
        let row = format!("tr[data-crossing][data-box=\"{name}\"][data-outcome=\"{outcome}\"]{reason}");
        self.wait(&format!("HQ's table to have {row}"), |browser| browser.count(&row).ok().filter(|rows| *rows > 0));
    }

    /// What the simulator says of a box.
    pub fn said_of(&self, name: &str) -> Option<Value> {
        let state = self.simulator.state().ok()?;
        state["boxes"].as_array()?.iter().find(|shown| shown["name"] == name).cloned()
    }

    /// A number the simulator gives of a box.
    pub fn number(&self, name: &str, field: &str) -> Option<u64> {
        self.said_of(name)?[field].as_u64()
    }
}
