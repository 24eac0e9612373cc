//! The second opinion, `rqrr`, which has panicked and has frozen for 42 s on public photographs: it runs on
//! a thread of its own that is left behind when it does not answer in time.
//!
//! A thread cannot be stopped. Those left behind are counted, and after a few the second opinion is silent
//! until the process starts anew. A child process that can be killed is the proper answer and comes next.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use board::Frame;

use crate::{Code, Outcome, Rung};

/// Most threads left behind before this engine is silent.
const MOST_LEFT_BEHIND: u32 = 2;

/// What it read, and whether it found the place of a code at all; nothing after a panic.
type Answer = Option<(Vec<Code>, bool)>;

struct Worker {
    ask: SyncSender<Frame>,
    answers: Receiver<Answer>,
}

/// Asks rqrr, with a deadline.
#[derive(Default)]
pub(crate) struct Opinion {
    worker: Option<Worker>,
    left_behind: u32,
}

impl Opinion {
    pub(crate) fn ask(&mut self, frame: &Frame, wait: Duration, codes: &mut Vec<Code>, located: &mut bool) -> Outcome {
        if self.left_behind >= MOST_LEFT_BEHIND {
            return Outcome::Nothing;
        }
        if self.worker.is_none() {
            self.worker = start();
        }
        let Some(worker) = &self.worker else { return Outcome::Nothing };
        if worker.ask.send(frame.clone()).is_err() {
            self.worker = None;
            return Outcome::Nothing;
        }
        match worker.answers.recv_timeout(wait) {
            Ok(Some((found, place))) => {
                *located |= place;
                let outcome = if found.is_empty() { Outcome::Nothing } else { Outcome::Read };
                codes.extend(found);
                outcome
            }
            Ok(None) => Outcome::Panicked,
            Err(RecvTimeoutError::Timeout) => {
                self.left_behind += 1;
                self.worker = None;
                tracing::warn!(left_behind = self.left_behind, "the second decoder did not answer in time");
                Outcome::TimedOut
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.worker = None;
                Outcome::Panicked
            }
        }
    }
}

fn start() -> Option<Worker> {
    let (ask, asked) = sync_channel::<Frame>(1);
    let (answer, answers) = sync_channel(1);
    let work = move || {
        while let Ok(frame) = asked.recv() {
            let found = catch_unwind(AssertUnwindSafe(|| decode(&frame))).ok();
            if answer.send(found).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("second opinion".to_owned()).spawn(work).ok()?;
    Some(Worker { ask, answers })
}

fn decode(frame: &Frame) -> (Vec<Code>, bool) {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| frame.luma[y * width + x]);
    let grids = image.detect_grids();
    let read = grids.iter().filter_map(|grid| {
        let (_, text) = grid.decode().ok()?;
        let corners = grid.bounds.map(|point| (point.x as f32, point.y as f32));
        Some(Code { text, corners, path: Rung::SecondOpinion })
    });
    (read.collect(), !grids.is_empty())
}
