//! A browser that nobody sits at: Debian's Chromium, driven by its chromedriver over the W3C's WebDriver.
//!
//! A client of a dozen requests over the HTTP and JSON that are here anyway: what the crates of the trade add to
//! that is a runtime, a trait for every driver, and a second TLS.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};

use crate::process::Process;
use crate::web::Web;
use crate::{port, programs, wait};

/// The name under which WebDriver gives elements (W3C WebDriver §12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long the driver and the browser may take to start.
const START: Duration = Duration::from_secs(60);

/// Longest that one request may take: a page that is loaded on a machine that builds meanwhile.
const ANSWER: Duration = Duration::from_secs(60);

/// Nothing but the page: no first run, no updates, no sync, no name that would be looked up.
const FLAGS: [&str; 12] = [
    "--headless",
    // A container has no user namespaces, and the page is our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // A container's shared memory is too small for a page of pictures.
    "--disable-dev-shm-usage",
    "--window-size=1400,1000",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
];

/// A browser with one window. Dropping it closes it.
pub struct Browser {
    driver: Process,
    base: String,
    web: Web,
}

/// An element of the page, as the driver names it.
#[derive(Debug, Clone)]
pub struct Element(String);

impl Browser {
    /// Opens a browser with an empty profile in a folder; its camera plays a film, if one is given.
    ///
    /// # Panics
    /// When Chromium or its driver is not installed, or does not start.
    pub fn opened(folder: &Path, film: Option<&Path>) -> Self {
        let address = port::free();
        let mut command = Command::new(programs::of_the_system("chromedriver", "chromium-driver"));
        command.arg(format!("--port={}", address.port())).env("HOME", folder);
        let driver = Process::start("chromedriver", &mut command, folder);
        let (root, web) = (format!("http://{address}"), Web::with_patience(ANSWER));
        wait::for_it("chromedriver", START, &[&driver], || {
            web.json(&format!("{root}/status")).ok().filter(|status| status["value"]["ready"] == true)
        });
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", folder.join("profile").display()));
        flags.extend(film.map(|film| format!("--use-file-for-fake-video-capture={}", film.display())));
        let chromium = programs::of_the_system("chromium", "chromium");
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": chromium, "args": flags},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 20_000, "pageLoad": 30_000, "implicit": 0},
        }}});
        let session = call(web.post(&format!("{root}/session"), &wanted));
        let session = session.unwrap_or_else(|why| panic!("Chromium does not start: {why}{}", driver.last_words()));
        let id = session["sessionId"].as_str().expect("a session has an id");
        Self { base: format!("{root}/session/{id}"), driver, web }
    }

    fn post(&self, path: &str, value: &Value) -> Result<Value, String> {
        call(self.web.post(&format!("{}/{path}", self.base), value))
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        call(self.web.bytes(&format!("{}/{path}", self.base)))
    }

    /// Goes to an address.
    ///
    /// # Panics
    /// When the page cannot be loaded.
    pub fn visit(&self, url: &str) {
        self.post("url", &json!({ "url": url })).unwrap_or_else(|why| panic!("{url}: {why}"));
    }

    /// The first element that a CSS selector names.
    ///
    /// # Errors
    /// `no such element`, or what the driver says.
    pub fn find(&self, selector: &str) -> Result<Element, String> {
        let found = self.post("element", &json!({"using": "css selector", "value": selector}))?;
        found[ELEMENT].as_str().map(|id| Element(id.to_owned())).ok_or_else(|| format!("{selector}: {found}"))
    }

    /// How many elements a CSS selector names.
    ///
    /// # Errors
    /// What the driver says.
    pub fn count(&self, selector: &str) -> Result<usize, String> {
        let found = self.post("elements", &json!({"using": "css selector", "value": selector}))?;
        Ok(found.as_array().map_or(0, Vec::len))
    }

    /// Presses on what a CSS selector names, as a hand does: it is brought to the middle of the page, where nothing may
    /// cover it. A page that is drawn anew between the look and the press gets another press.
    ///
    /// # Panics
    /// When it cannot be pressed in time.
    pub fn press(&self, selector: &str) {
        let mut last = String::new();
        let pressed = wait::until("a press", Duration::from_secs(20), || {
            let done = self.find(selector).and_then(|Element(id)| {
                let to_the_middle = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
                self.post("execute/sync", &json!({"script": to_the_middle, "args": [{ELEMENT: id}]}))?;
                self.post(&format!("element/{id}/click"), &json!({}))
            });
            done.map_err(|why| last = why).ok()
        });
        pressed.unwrap_or_else(|why| panic!("{selector}: {why}: {last}"));
    }

    /// An attribute of the first element that a CSS selector names; none when the element has none.
    ///
    /// # Errors
    /// What the driver says.
    pub fn attribute(&self, selector: &str, name: &str) -> Result<Option<String>, String> {
        let Element(id) = self.find(selector)?;
        Ok(self.get(&format!("element/{id}/attribute/{name}"))?.as_str().map(str::to_owned))
    }

    /// The visible text of the first element that a CSS selector names.
    ///
    /// # Errors
    /// What the driver says.
    pub fn text(&self, selector: &str) -> Result<String, String> {
        let Element(id) = self.find(selector)?;
        Ok(self.get(&format!("element/{id}/text"))?.as_str().unwrap_or_default().to_owned())
    }

    /// What a script of the test gives back.
    ///
    /// # Errors
    /// What the driver says.
    pub fn ask(&self, script: &str) -> Result<Value, String> {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Whatever the page has complained about to its console, if it has: nothing of it belongs there.
    ///
    /// # Errors
    /// What the driver says.
    pub fn complaints(&self) -> Result<Vec<String>, String> {
        let log = self.post("se/log", &json!({"type": "browser"}))?;
        let severe = log.as_array().into_iter().flatten().filter(|entry| entry["level"] == "SEVERE");
        Ok(severe.map(|entry| entry["message"].to_string()).collect())
    }

    /// Makes the window so large.
    ///
    /// # Panics
    /// When it cannot be.
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height});
        self.post("window/rect", &size).expect("a window can be resized");
    }

    /// Keeps a picture of the whole page.
    ///
    /// # Panics
    /// When it cannot be taken or written.
    pub fn keep_picture(&self, path: &Path) {
        // The viewport is as high as the page while the picture is taken; the window's own frame comes on top.
        let script = "return document.documentElement.scrollHeight + window.outerHeight - window.innerHeight";
        let height = self.ask(script).ok().and_then(|height| height.as_u64()).unwrap_or(1000).clamp(600, 6000);
        let width = self.ask("return window.outerWidth").ok().and_then(|width| width.as_u64()).unwrap_or(1400);
        let size = |height: u64| self.post("window/rect", &json!({"width": width, "height": height}));
        size(height).expect("a window can be made higher");
        let taken = self.get("screenshot").expect("a page can be pictured");
        size(1000).expect("a window can be made lower");
        let bytes = Base64::decode_vec(taken.as_str().unwrap_or_default()).expect("a picture in base64");
        std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// The driver, whose last words explain failures.
    pub fn driver(&self) -> &Process {
        &self.driver
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Closes Chromium; the driver alone would leave it behind.
        let _ = self.web.delete(&self.base);
    }
}

/// The value of an answer, or its error.
fn call(answer: Result<(u16, Vec<u8>), String>) -> Result<Value, String> {
    let (status, bytes) = answer?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| format!("{status}: {error}"))?;
    let value = value.get("value").cloned().unwrap_or_default();
    if status == 200 {
        Ok(value)
    } else {
        let message = value["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default().to_owned();
        Err(format!("{}: {message}", value["error"].as_str().unwrap_or("refused")))
    }
}

/// Where a test keeps the picture of a page.
pub fn picture(name: &str) -> PathBuf {
    programs::left_behind().join(format!("{name}.png"))
}
