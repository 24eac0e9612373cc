//! One child: started, asked, heard, killed.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::time::ClockId;
use nix::unistd::Pid;

use super::message::{Lie, Message, Request};
use super::sheet::Sheet;

/// Why a child is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Gone {
    #[error("it ended")]
    Ended,
    #[error("it cannot be heard: {0}")]
    Line(#[from] io::Error),
    #[error("it is not believed: {0}")]
    Lie(#[from] Lie),
}

/// A child. Dropped, it is killed and reaped.
pub(super) struct Process {
    child: Child,
    line: UnixStream,
    heard: Vec<u8>,
    pid: Pid,
    /// Its processor time, by the kernel's account and not by its own. It counts until the child is reaped.
    clock: Option<ClockId>,
}

impl Process {
    /// Starts one. It has three descriptors and no environment: requests and answers on the first, the frame on the
    /// second, and the third to say why it will not serve.
    pub(super) fn start(program: &Path, memory_mib: u32, sheet: &Sheet) -> io::Result<Self> {
        let (line, theirs) = UnixStream::pair()?;
        line.set_nonblocking(true)?;
        let child = Command::new(program)
            .args(["decode-worker", "--memory-mib", &memory_mib.to_string()])
            .env_clear()
            // Ctrl-C at a terminal is for the parent, which sees to its child.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(sheet.for_child()?)
            .spawn()?;
        let pid = Pid::from_raw(child.id() as i32);
        Ok(Self { child, line, heard: Vec::new(), pid, clock: ClockId::pid_cpu_clock_id(pid).ok() })
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Hands it a request. It does not block: the line is empty whenever one is made.
    pub(super) fn ask(&mut self, request: Request) -> io::Result<()> {
        self.line.write_all(&request.to_bytes())
    }

    /// The next message, if one is there.
    pub(super) fn hear(&mut self) -> Result<Option<Message>, Gone> {
        loop {
            if let Some(message) = Message::take(&mut self.heard)? {
                return Ok(Some(message));
            }
            let mut chunk = [0; 4096];
            match self.line.read(&mut chunk) {
                Ok(0) => return Err(Gone::Ended),
                Ok(length) => self.heard.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether something was heard that no answer held.
    pub(super) fn has_more_to_say(&self) -> bool {
        !self.heard.is_empty()
    }

    /// Waits until there is something to hear, or `wait` is over.
    pub(super) fn listen(&self, wait: Duration) {
        // A millisecond more, not less: a wait of zero would turn round and round.
        let wait = wait.as_millis().saturating_add(1);
        let wait = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
        // Whatever ends the wait, what follows is a look at the line and at the clock.
        let _ = poll(&mut [PollFd::new(self.line.as_fd(), PollFlags::POLLIN)], wait);
    }

    /// The processor time it has used so far.
    pub(super) fn cpu(&self) -> Duration {
        self.clock.and_then(|clock| clock.now().ok()).map_or(Duration::ZERO, Duration::from)
    }

    /// Kills it, unless it has ended, and says how it ended and what processor time it used in all.
    pub(super) fn end(mut self) -> (Option<ExitStatus>, Duration) {
        // It may be dead already.
        let _ = self.child.kill();
        // Dead, but not reaped: its clock still tells.
        let _ = waitid(Id::Pid(self.pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        let cpu = self.cpu();
        (self.child.wait().ok(), cpu)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Neither can fail for a child that was not reaped, and for one that was there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
