//! The child: takes a request, tries the engines of others on the frame, answers; until its parent is gone.

use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::sync::Arc;
use std::time::Duration;

use board::Frame;
use nix::errno::Errno;
use nix::sys::uio::pread;
use nix::time::ClockId;
use nix::unistd::write;

use super::jail::{self, LONGEST_LIFE};
use super::message::{Done, Found, Message, REQUEST, Request};
use crate::engine;

/// Why the child does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It cannot be locked in, so it does not look at any picture.
    #[error("the decode worker cannot be locked in ({step})")]
    Jail {
        /// What could not be done.
        step: &'static str,
        /// What the system says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its standard input is no socket: it was not started by [`super::Worker`].
    #[error("the decode worker is started by a checkpoint box and by nobody else")]
    Alone,
}

/// Serves on the standard input, which must be a socket, with the shared frame as the standard output; until the
/// other side is closed, or the child has worked long enough. `memory_mib` is its address space.
///
/// # Errors
/// When it cannot be locked in, or there is nobody to serve.
pub fn serve(memory_mib: u32) -> Result<(), Unfit> {
    if !std::fs::metadata("/proc/self/fd/0").is_ok_and(|input| input.file_type().is_socket()) {
        return Err(Unfit::Alone);
    }
    jail::enter(memory_mib)?;
    // What an engine says when it panics may have the text of a pass in it. That it panicked is in the answer.
    std::panic::set_hook(Box::new(|_| {}));
    // Whatever cuts the line, there is nobody left to tell: from here on the child has no other word.
    let _ = answer_all();
    Ok(())
}

/// Answers request after request, until the parent is gone or the child retires.
fn answer_all() -> io::Result<()> {
    say(&Message::Ready)?;
    let blank = Frame { width: 0, height: 0, luma: Arc::from([]), number: 0, at: Duration::ZERO, source: None };
    let (mut frame, mut requests) = (blank, io::stdin().lock());
    loop {
        let mut request = [0; REQUEST];
        requests.read_exact(&mut request)?;
        let request = Request::from_bytes(request);
        fetch(&mut frame, request)?;
        let done = attempt(&frame, request.budget)?;
        let retires = done.retires;
        say(&Message::Done(done))?;
        if retires {
            return Ok(());
        }
    }
}

fn attempt(frame: &Frame, budget: Duration) -> io::Result<Done> {
    let mut line = Ok(());
    let tell = |attempt: crate::Attempt| {
        let crate::Attempt { outcome, micros, .. } = attempt;
        if line.is_ok() {
            line = say(&Message::Tried { outcome, micros });
        }
    };
    let sight = engine::attempt_all(frame, budget, tell);
    line?;
    let codes = sight.codes.into_iter().map(|code| Found { text: code.text, corners: code.corners });
    let worked = ClockId::CLOCK_PROCESS_CPUTIME_ID.now()?;
    Ok(Done { codes: codes.collect(), located: sight.located, retires: Duration::from(worked) > LONGEST_LIFE })
}

/// Takes the frame from the shared memory; the memory of the frame before serves again when it has the same size.
fn fetch(frame: &mut Frame, Request { width, height, .. }: Request) -> io::Result<()> {
    let pixels = (width as usize).checked_mul(height as usize).ok_or(io::ErrorKind::InvalidData)?;
    if frame.luma.len() != pixels {
        // The old one goes before the new one comes.
        frame.luma = Arc::from([]);
        frame.luma = std::iter::repeat_n(0, pixels).collect();
    }
    (frame.width, frame.height) = (width, height);
    let (luma, mut at) = (Arc::make_mut(&mut frame.luma), 0);
    while at < pixels {
        match pread(io::stdout(), &mut luma[at..], at as libc::off_t) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => at += length,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Answers where the request came from.
fn say(message: &Message) -> io::Result<()> {
    let bytes = message.to_bytes();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        match write(io::stdin(), rest) {
            Ok(length) => rest = &rest[length..],
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
