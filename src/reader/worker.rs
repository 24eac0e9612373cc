//! The engines of others, in a child process that can be killed.
//!
//! `rxing` and rqrr's own search have no bound on the time of their worst case, and a picture can be made to reach
//! it. So they run in `PROGRAM decode-worker`: locked in (see `jail`), handed one frame at a time through
//! shared memory, believed in nothing, killed when the deadline is over and started again with the next frame. A
//! frame loop never waits for it: [`Worker::offer`] hands a frame over and [`Worker::poll`] asks whether it is done.
//!
//! Words: a *death* is every end of a child that was not asked for: at the deadline, by itself, by somebody else's
//! signal, or for a lie. A child that has worked for a long time *retires*, which is none.

mod jail;
mod message;
mod pause;
mod process;
mod serve;
mod sheet;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use board::Frame;

use crate::{Attempt, Code, Look, Outcome, Rung, engine, micros};
use message::{Done, Lie, Message, Request};
use pause::Pause;
use process::{Gone, Process};
use sheet::Sheet;

pub use serve::{Unfit, serve};

/// What a worker may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time after which no further rung is begun on a frame. The clock is the child's.
    pub budget: Duration,
    /// Time from the handing over of a frame after which a child that has not answered is killed.
    pub deadline: Duration,
    /// Pixels of the largest frame it is handed.
    pub pixels: u32,
    /// Address space of the child in MiB. It takes 25 for 1280×720, 160 for 8000×8000.
    pub memory_mib: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            budget: Duration::from_millis(250),
            deadline: Duration::from_secs(1),
            pixels: 8000 * 8000,
            memory_mib: 256,
        }
    }
}

/// Why a frame was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The last frame is not answered yet, or its answer was not fetched.
    #[error("the decode worker is busy")]
    Busy,
    /// It died again and again, or cannot be started, and is left alone for a while.
    #[error("the decode worker is left alone for a while")]
    Resting,
    /// The frame has more pixels than [`Limits::pixels`].
    #[error("the frame is too large for the decode worker")]
    TooLarge,
    /// The frame has no pixels, or not as many as its size says.
    #[error("the frame does not have the pixels its size says")]
    Malformed,
}

impl Refused {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Resting => "resting",
            Self::TooLarge => "too-large",
            Self::Malformed => "malformed",
        }
    }
}

/// What became of a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The frame's number.
    pub frame: u64,
    /// The codes that were read, all of one rung.
    pub codes: Vec<Code>,
    /// The place of a code was found, whether it could be read or not.
    pub located: bool,
    /// The attempts, in their order; the last one is the one the child died in, if it died in one.
    pub attempts: Vec<Attempt>,
    /// Read, nothing or panicked, or timed out or died: then there are no codes.
    pub outcome: Outcome,
    /// Microseconds from handing it over to knowing what became of it.
    pub micros: u64,
    /// Microseconds of processor time the child used on it, by the kernel's account; with its start, if it was started
    /// for this frame.
    pub cpu_micros: u64,
}

/// A frame that was handed over and is not answered.
struct Asked {
    frame: u64,
    size: (u32, u32),
    at: Instant,
    /// The child's processor time before it.
    cpu: Duration,
    attempts: Vec<Attempt>,
}

impl Asked {
    /// The rung that is tried next, or just now.
    fn rung(&self) -> Option<Rung> {
        engine::rungs(self.size.0, self.size.1).nth(self.attempts.len())
    }

    fn answer(self, codes: Vec<Code>, located: bool, outcome: Outcome, cpu: Duration) -> Answer {
        let used = cpu.saturating_sub(self.cpu).as_micros();
        Answer {
            frame: self.frame,
            codes,
            located,
            attempts: self.attempts,
            outcome,
            micros: micros(self.at),
            cpu_micros: u64::try_from(used).unwrap_or(u64::MAX),
        }
    }
}

/// A child that was started, and whether it has said that it is ready.
struct Started {
    process: Process,
    is_ready: bool,
}

/// Hands frames to a child process and keeps it to its bounds.
///
/// The child dies with the thread that started it, as the kernel counts parents: keep a worker on one thread.
pub struct Worker {
    program: PathBuf,
    limits: Limits,
    sheet: Option<Sheet>,
    started: Option<Started>,
    asked: Option<Asked>,
    pause: Pause,
    deaths: u64,
}

impl Worker {
    /// A worker that starts `program decode-worker` when the first frame is offered.
    pub fn new(program: PathBuf, limits: Limits) -> Self {
        Self { program, limits, sheet: None, started: None, asked: None, pause: Pause::default(), deaths: 0 }
    }

    /// Children that ended without being asked to, or could not be started, so far.
    pub const fn deaths(&self) -> u64 {
        self.deaths
    }

    /// The process that works now.
    pub fn process_id(&self) -> Option<u32> {
        self.started.as_ref().map(|started| started.process.id())
    }

    /// Hands a frame over, and returns at once. It takes the time of one copy, and of a fork when a child must be
    /// started.
    ///
    /// # Errors
    /// When the frame was not taken: nothing was begun then.
    pub fn offer(&mut self, frame: &Frame) -> Result<(), Refused> {
        self.prepare(frame)?;
        if self.started.is_none() && !self.pause.is_over(Instant::now()) {
            return Err(Refused::Resting);
        }
        self.hand_over(frame)
    }

    /// Hands a frame over and waits until it is known what became of it, for those who have pictures and nothing else
    /// to do. No death before it holds it up.
    ///
    /// # Errors
    /// When the frame was not taken.
    pub fn ask(&mut self, frame: &Frame) -> Result<Answer, Refused> {
        self.prepare(frame)?;
        self.hand_over(frame)?;
        // Beyond the deadline there is always an answer.
        self.wait(Duration::MAX).ok_or(Refused::Resting)
    }

    /// Looks at the frame and at the child before anything is begun.
    fn prepare(&mut self, frame: &Frame) -> Result<(), Refused> {
        let pixels = u64::from(frame.width) * u64::from(frame.height);
        if pixels > u64::from(self.limits.pixels) {
            return Err(Refused::TooLarge);
        }
        if pixels == 0 || frame.luma.len() as u64 != pixels {
            return Err(Refused::Malformed);
        }
        if self.asked.is_some() {
            return Err(Refused::Busy);
        }
        if self.started.as_mut().is_some_and(|started| started.process.has_ended()) {
            self.bury(Outcome::Died, &"it ended between two frames");
        }
        Ok(())
    }

    fn hand_over(&mut self, frame: &Frame) -> Result<(), Refused> {
        self.try_hand_over(frame).map_err(|error| {
            self.bury(Outcome::Died, &error);
            Refused::Resting
        })
    }

    fn try_hand_over(&mut self, frame: &Frame) -> io::Result<()> {
        let at = Instant::now();
        let sheet = match &mut self.sheet {
            Some(sheet) => sheet,
            none => none.insert(Sheet::new(self.limits.pixels)?),
        };
        let (started, cpu) = match &mut self.started {
            Some(started) => {
                let cpu = started.process.cpu();
                (started, cpu)
            }
            none => {
                let process = Process::start(&self.program, self.limits.memory_mib, sheet)?;
                (none.insert(Started { process, is_ready: false }), Duration::ZERO)
            }
        };
        sheet.lay(&frame.luma)?;
        started.process.ask(Request { width: frame.width, height: frame.height, budget: self.limits.budget })?;
        let size = (frame.width, frame.height);
        self.asked = Some(Asked { frame: frame.number, size, at, cpu, attempts: Vec::new() });
        Ok(())
    }

    /// What became of the frame, once that is known; does not wait. A child that is over its deadline is killed here,
    /// so this must be called again and again while a frame is out.
    pub fn poll(&mut self) -> Option<Answer> {
        self.asked.as_ref()?;
        match self.hear() {
            Ok(Some(done)) => self.settle(done),
            Ok(None) => {
                let is_over = self.asked.as_ref().is_some_and(|asked| asked.at.elapsed() >= self.limits.deadline);
                if is_over { self.close(Outcome::TimedOut, &"it was over its deadline") } else { None }
            }
            Err(gone) => self.close(Outcome::Died, &gone),
        }
    }

    /// What became of the frame, waiting `up_to` for it.
    pub fn wait(&mut self, up_to: Duration) -> Option<Answer> {
        let began = Instant::now();
        loop {
            if let Some(answer) = self.poll() {
                return Some(answer);
            }
            let (asked, started) = (self.asked.as_ref()?, self.started.as_ref()?);
            let left = up_to.saturating_sub(began.elapsed());
            if left.is_zero() {
                return None;
            }
            started.process.listen(left.min(self.limits.deadline.saturating_sub(asked.at.elapsed())));
        }
    }

    /// Listens until the answer is complete or nothing more is there.
    fn hear(&mut self) -> Result<Option<Done>, Gone> {
        let (Some(started), Some(asked)) = (&mut self.started, &mut self.asked) else { return Ok(None) };
        while let Some(message) = started.process.hear()? {
            match message {
                Message::Ready if !started.is_ready => started.is_ready = true,
                Message::Tried { outcome, micros } if started.is_ready => {
                    let rung = asked.rung().ok_or(Lie::Turn)?;
                    asked.attempts.push(Attempt { rung, micros, outcome });
                }
                Message::Done(done) if started.is_ready && !started.process.has_more_to_say() => {
                    let has_read = asked.attempts.last().is_some_and(|last| last.outcome == Outcome::Read);
                    return if has_read == done.codes.is_empty() { Err(Lie::Turn.into()) } else { Ok(Some(done)) };
                }
                _ => return Err(Lie::Turn.into()),
            }
        }
        Ok(None)
    }

    /// The child has answered.
    fn settle(&mut self, done: Done) -> Option<Answer> {
        let asked = self.asked.take()?;
        let cpu = self.started.as_ref().map_or(Duration::ZERO, |started| started.process.cpu());
        if done.retires {
            self.started = None;
        }
        let outcome = match asked.attempts.last().map(|last| (last.rung, last.outcome)) {
            Some((rung, Outcome::Read)) => {
                let codes =
                    done.codes.into_iter().map(|found| Code { text: found.text, corners: found.corners, path: rung });
                return Some(asked.answer(codes.collect(), true, Outcome::Read, cpu));
            }
            _ if asked.attempts.iter().any(|attempt| attempt.outcome == Outcome::Panicked) => Outcome::Panicked,
            _ => Outcome::Nothing,
        };
        Some(asked.answer(Vec::new(), done.located, outcome, cpu))
    }

    /// The child is of no use any more and has not answered.
    fn close(&mut self, outcome: Outcome, why: &dyn std::fmt::Display) -> Option<Answer> {
        let mut asked = self.asked.take()?;
        if let Some(rung) = asked.rung() {
            let before: u64 = asked.attempts.iter().map(|attempt| attempt.micros).sum();
            asked.attempts.push(Attempt { rung, micros: micros(asked.at).saturating_sub(before), outcome });
        }
        let cpu = self.bury(outcome, why);
        Some(asked.answer(Vec::new(), false, outcome, cpu))
    }

    /// Kills and reaps the child, counts it, and says what processor time it used in all.
    fn bury(&mut self, outcome: Outcome, why: &dyn std::fmt::Display) -> Duration {
        let was_ready = self.started.as_ref().is_some_and(|started| started.is_ready);
        // One that had no time left may only have been slow to start.
        let is_unfit = !was_ready && outcome != Outcome::TimedOut;
        let (status, cpu) = self.started.take().map_or((None, Duration::ZERO), |started| started.process.end());
        self.deaths += 1;
        self.pause.strike(Instant::now(), is_unfit);
        let status = status.map(|status| status.to_string());
        tracing::warn!(deaths = self.deaths, %why, status, "the decode worker is gone");
        cpu
    }
}

/// Everything the child would try on a frame, in this process and with nothing to stop it: for tests and benchmarks
/// on pictures that are known.
pub fn attempt_all(frame: &Frame, budget: Duration) -> Look {
    let (began, mut attempts) = (Instant::now(), Vec::new());
    let sight = engine::attempt_all(frame, budget, |attempt| attempts.push(attempt));
    Look { codes: sight.codes, attempts, micros: micros(began), located: sight.located, ..Look::default() }
}
