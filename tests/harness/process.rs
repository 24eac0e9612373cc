//! A program that runs: started, watched, killed or told to end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// Lines of a program that are shown when a test fails.
const LAST_LINES: usize = 25;

/// A running program. Dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Process {
    /// Starts a program; what it says goes to `NAME.out` and `NAME.err` in a folder, behind what stands there.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(name: &str, command: &mut Command, folder: &Path) -> Self {
        let (out, err) = (folder.join(format!("{name}.out")), folder.join(format!("{name}.err")));
        let open = |path: &Path| {
            File::options().create(true).append(true).open(path).expect("the test's folder can be written")
        };
        let child = command.stdin(Stdio::null()).stdout(open(&out)).stderr(open(&err)).spawn();
        let child = child.unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        Self { name: name.to_owned(), child, out, err }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed, and those before it under the same name.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// How it ended; none while it runs.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the system knows its processes")
    }

    /// Pulls its plug (SIGKILL): it gets no chance to put anything in order.
    ///
    /// # Panics
    /// When it had ended before: then the test killed nothing.
    pub fn kill(mut self) {
        if let Some(how) = self.ended() {
            panic!("{} ended by itself ({how}){}", self.name, self.last_words());
        }
        self.child.kill().expect("an own process can be killed");
        self.child.wait().expect("a killed process ends");
    }

    /// Tells it to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn end(mut self, patience: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait_for_end(patience)
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn wait_for_end(&mut self, patience: Duration) -> ExitStatus {
        let what = format!("{} to end", self.name);
        let ended = wait::until(&what, patience, || self.ended());
        ended.unwrap_or_else(|why| panic!("{why}{}", self.last_words()))
    }

    /// Tells it to read its settings again (SIGHUP).
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a number");
        // It may have ended by itself; waiting for its end will tell how.
        let _ = kill_process(pid, signal);
    }

    /// The last lines it has said, for people who look into a failure.
    pub fn last_words(&self) -> String {
        let lines = |path: &Path| {
            let text =
                std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
            let all: Vec<&str> = text.lines().collect();
            all[all.len().saturating_sub(LAST_LINES)..].join("\n")
        };
        format!("\n--- last words of {} ---\n{}\n{}", self.name, lines(&self.out), lines(&self.err))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
