//! The workers of a box, and how they live and die.
//!
//! Every worker is a thread whose loop has a bounded wait, adds to its pulse on every turn and ends
//! when told to stop. The first worker that ends by itself ends the crew: systemd, or the simulator,
//! starts the box again. Half a box is never left alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest wait of any worker before it looks at its stop signal and adds to its pulse.
pub const TURN: Duration = Duration::from_millis(100);

/// Counts the turns of one worker's loop.
pub type Pulse = Arc<AtomicU64>;

/// Tells every worker to end.
pub type Stop = Arc<AtomicBool>;

/// Pause before a device that failed is asked again.
const AGAIN: Duration = Duration::from_secs(1);

struct Worker {
    name: &'static str,
    thread: JoinHandle<()>,
}

/// The workers of one box.
pub struct Crew {
    stop: Stop,
    pulses: Vec<(&'static str, Pulse)>,
    workers: Vec<Worker>,
    ended: (mpsc::Sender<&'static str>, mpsc::Receiver<&'static str>),
}

impl Default for Crew {
    fn default() -> Self {
        Self { stop: Stop::default(), pulses: Vec::new(), workers: Vec::new(), ended: mpsc::channel() }
    }
}

/// Says that its worker has ended when it is dropped, by return or by panic.
struct Last(&'static str, mpsc::Sender<&'static str>);

impl Drop for Last {
    fn drop(&mut self) {
        // Nobody listens any more when the whole crew is being dismissed: nothing to say then.
        let _ = self.1.send(self.0);
    }
}

impl Crew {
    /// Starts a worker.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn thread(
        &mut self,
        name: &'static str,
        work: impl FnOnce(Stop, Pulse) + Send + 'static,
    ) -> Result<(), std::io::Error> {
        let (stop, counted) = (self.stop.clone(), self.pulse(name));
        let last = Last(name, self.ended.0.clone());
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _last = last;
            work(stop, counted);
        })?;
        self.workers.push(Worker { name, thread });
        Ok(())
    }

    /// Starts a worker that asks a device for what happens and passes it on. A device that fails is asked again,
    /// and its failure logged once.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn pump<E: Send + 'static>(
        &mut self,
        name: &'static str,
        to: mpsc::SyncSender<E>,
        mut ask: impl FnMut() -> Result<Option<E>, board::Fault> + Send + 'static,
    ) -> Result<(), std::io::Error> {
        self.thread(name, move |stop, pulse| {
            let mut fails = false;
            while !stop.load(Ordering::Relaxed) {
                pulse.fetch_add(1, Ordering::Relaxed);
                match ask() {
                    Ok(event) => {
                        fails = false;
                        if event.is_some_and(|event| to.send(event).is_err()) {
                            return;
                        }
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut fails, true) {
                            tracing::error!(%error, worker = name, "a device fails and will be asked again");
                        }
                        std::thread::sleep(AGAIN);
                    }
                }
            }
        })
    }

    /// A pulse of its own for something that shares a worker's thread.
    pub fn pulse(&mut self, name: &'static str) -> Pulse {
        let pulse = Pulse::default();
        self.pulses.push((name, pulse.clone()));
        pulse
    }

    /// The signal that ends every worker.
    pub fn stop_signal(&self) -> Stop {
        self.stop.clone()
    }

    /// Every worker's name and pulse.
    pub fn pulses(&self) -> Vec<(&'static str, Pulse)> {
        self.pulses.clone()
    }

    /// Waits until a worker ends, or `wait` is over; names the one that ended.
    pub fn ended(&self, wait: Duration) -> Option<&'static str> {
        self.ended.1.recv_timeout(wait).ok()
    }

    /// Tells every worker to stop and waits for all of them.
    pub fn dismiss(self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            if worker.thread.join().is_err() {
                tracing::error!(worker = worker.name, "a worker ended by a panic");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_worker_that_ends_is_named_even_when_it_panics() {
        let mut crew = Crew::default();
        crew.thread("steady", |stop, _| {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
        })
        .unwrap();
        assert_eq!(crew.ended(Duration::from_millis(20)), None);
        crew.thread("hasty", |_, _| panic!("on purpose")).unwrap();
        assert_eq!(crew.ended(Duration::from_secs(5)), Some("hasty"));
        crew.dismiss();
    }
}
