//! The event ring: the last things that happened in this process, in memory, for whoever looks into a fault.
//!
//! A layer of `tracing`: what the log says at `info` and above stands here too, whatever `RUST_LOG` says. Nothing that
//! may stand in no log stands here: no names, no texts of passes, no plates. Of a panic only the place is kept, and its
//! words only where they are written in the program: others may hold what was being read just then.
//!
//! Its memory is fixed: 4096 events of at most 256 bytes, the oldest overwritten. It costs no disk until there is a
//! fault, or somebody asks; what is written then, and how often, is [`Shelf`]'s.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

mod shelf;
#[cfg(test)]
mod tests;

pub use shelf::{Kept, Shelf};

/// Events kept.
const EVENTS: usize = 4096;

/// Most bytes of one event's words.
const LONGEST: usize = 256;

/// The ring; a cheap handle on it.
#[derive(Clone)]
pub struct Ring(Arc<Shared>);

struct Shared {
    began: Instant,
    kept: Mutex<Events>,
    /// Pictures of it that were not written, for want of room.
    dropped: AtomicU64,
}

#[derive(Default)]
struct Events {
    /// In the order of their coming, once around.
    slots: Vec<Slot>,
    /// All that ever came.
    total: usize,
}

#[derive(Clone, Copy)]
struct Slot {
    at: Duration,
    level: Level,
    target: &'static str,
    words: Words,
}

impl Default for Ring {
    fn default() -> Self {
        let kept = Events { slots: Vec::with_capacity(EVENTS), total: 0 };
        Self(Arc::new(Shared { began: Instant::now(), kept: Mutex::new(kept), dropped: AtomicU64::new(0) }))
    }
}

impl Ring {
    /// The layer that fills it.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        Filling(self.clone()).with_filter(LevelFilter::INFO)
    }

    /// Lets panics of any thread leave their place here, beside what is done about them anyway.
    pub fn hear_panics(&self) {
        let (ring, before) = (self.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            let mut words = Words::default();
            // Words are cut where they do not fit, and never refused.
            let _ = match (panic.payload().downcast_ref::<&'static str>(), panic.location()) {
                (Some(said), Some(at)) => write!(words, "a panic at {at}: {said}"),
                (None, Some(at)) => write!(words, "a panic at {at}"),
                (_, None) => write!(words, "a panic"),
            };
            ring.put(Level::ERROR, "panic", words);
            before(panic);
        }));
    }

    fn put(&self, level: Level, target: &'static str, words: Words) {
        let slot = Slot { at: self.0.began.elapsed(), level, target, words };
        self.with(|events| {
            let place = events.total % EVENTS;
            match events.slots.get_mut(place) {
                Some(oldest) => *oldest = slot,
                None => events.slots.push(slot),
            }
            events.total += 1;
        });
    }

    /// Nothing is formatted while the lock is held, so that a panic in somebody's words cannot meet it.
    fn with<R>(&self, use_it: impl FnOnce(&mut Events) -> R) -> R {
        use_it(&mut self.0.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What it holds, for people: a line an event, the oldest first.
    pub fn dump(&self) -> Vec<u8> {
        let (events, total) = self.with(|events| {
            let newest_last = events.total % EVENTS.min(events.slots.len()).max(1);
            let mut slots = events.slots.clone();
            slots.rotate_left(newest_last);
            (slots, events.total)
        });
        let mut text = format!(
            "checkpointd {}: the last {} of {total} events; written {:.3} s after its start, at {} by the system's clock\n",
            env!("CARGO_PKG_VERSION"),
            events.len(),
            self.0.began.elapsed().as_secs_f64(),
            jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        );
        for Slot { at, level, target, words } in &events {
            // Writing to memory cannot fail.
            let _ = writeln!(text, "{:>13.3} s  {level:<5}  {target}  {}", at.as_secs_f64(), words.as_str());
        }
        text.into_bytes()
    }

    /// The same in at most so many bytes: its head, and as many of its newest events as there is room for.
    pub fn dump_within(&self, most: usize) -> Vec<u8> {
        let mut dump = self.dump();
        if dump.len() > most {
            let head = dump.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let from = (dump.len() + head).saturating_sub(most).min(dump.len());
            let line = dump[from..].iter().position(|byte| *byte == b'\n').map_or(dump.len(), |end| from + end + 1);
            dump.drain(head..line);
        }
        dump
    }

    /// Time since the process began to fill it.
    pub fn age(&self) -> Duration {
        self.0.began.elapsed()
    }

    /// How often a picture of it was due and was not written, because the disk is nearly full.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

/// The words of one event, cut where they do not fit, without line breaks.
#[derive(Clone, Copy)]
struct Words {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Default for Words {
    fn default() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }
}

impl Words {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("only whole letters are put in")
    }
}

impl fmt::Write for Words {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }) {
            let Some(room) = self.bytes.get_mut(self.length..self.length + letter.len_utf8()) else {
                // Full for good: a shorter letter must not follow a longer one that was left out.
                self.bytes[self.length..].fill(b' ');
                self.length = LONGEST;
                break;
            };
            letter.encode_utf8(room);
            self.length += letter.len_utf8();
        }
        Ok(())
    }
}

/// Fills the ring.
struct Filling(Ring);

impl<S: Subscriber> Layer<S> for Filling {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let mut words = Words::default();
        let Said { code, message, fields } = &said;
        // Words are cut where they do not fit, and never refused.
        let _ = match code.length {
            0 => write!(words, "{}{}", message.as_str(), fields.as_str()),
            _ => write!(words, "[{}] {}{}", code.as_str(), message.as_str(), fields.as_str()),
        };
        self.0.put(*event.metadata().level(), event.metadata().target(), words);
    }
}

/// The parts of an event: its stable code first, then its message, then whatever else it says.
#[derive(Default)]
struct Said {
    code: Words,
    message: Words,
    fields: Words,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // As above.
        let _ = match field.name() {
            "code" => write!(self.code, "{value:?}"),
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
