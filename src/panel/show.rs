//! The loop between lane and devices: the latest view wins, and nothing waits for the panel.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use board::{Buzzer, Fault, Lamp, Light, Picture, Screen};

use crate::signal;
use crate::view::View;

/// Longest wait before the loop looks at its stop signal, and pause before a device is tried again.
const TURN: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Slot {
    inside: Mutex<Inside>,
    filled: Condvar,
    skipped: AtomicU64,
}

#[derive(Default)]
struct Inside {
    view: Option<View>,
    unseen: bool,
}

/// The one place between lane and panel: an older view is replaced and counted.
#[derive(Clone, Default)]
pub struct Latest(Arc<Slot>);

impl Latest {
    /// Puts the view that is to be shown from now on.
    pub fn put(&self, view: View) {
        // A panic of the other side cannot leave a view half written.
        let mut inside = self.0.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.unseen {
            self.0.skipped.fetch_add(1, Ordering::Relaxed);
        }
        *inside = Inside { view: Some(view), unseen: true };
        self.0.filled.notify_one();
    }

    /// The view that was put last, shown or not; for who wants to see the panel from elsewhere.
    pub fn current(&self) -> Option<View> {
        self.0.inside.lock().unwrap_or_else(PoisonError::into_inner).view.clone()
    }

    /// Views that were replaced before anybody saw them.
    pub fn skipped(&self) -> u64 {
        self.0.skipped.load(Ordering::Relaxed)
    }

    fn take(&self, wait: Duration) -> Option<View> {
        let inside = self.0.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut inside, _) = self
            .0
            .filled
            .wait_timeout_while(inside, wait, |inside| !inside.unseen)
            .unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut inside.unseen) { inside.view.clone() } else { None }
    }
}

/// Whether a device took what it was given last, so that a fault is told once and not ten times a second.
struct Device {
    name: &'static str,
    fails: bool,
}

impl Device {
    const fn new(name: &'static str) -> Self {
        Self { name, fails: false }
    }

    /// Notes the device's answer; says whether it took what it was given.
    fn took(&mut self, answer: Result<(), Fault>) -> bool {
        match &answer {
            Ok(()) if self.fails => tracing::info!(device = self.name, "works again"),
            Err(error) if !self.fails => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::error!(device = self.name, %error, cause, "does not work and will be tried again");
            }
            _ => {}
        }
        self.fails = answer.is_err();
        answer.is_ok()
    }
}

/// Shows the latest view until told to stop, and leaves the lamp dark. Adds to `pulse` at every turn, also
/// while devices fail: it proves that the loop turns, not that anything is connected.
pub fn show(
    latest: &Latest,
    screen: &mut dyn Screen,
    lamp: &mut dyn Lamp,
    buzzer: &mut dyn Buzzer,
    stop: &AtomicBool,
    pulse: &AtomicU64,
) {
    let (mut on_screen, mut on_lamp, mut on_buzzer) =
        (Device::new("screen"), Device::new("lamp"), Device::new("buzzer"));
    let (mut view, mut picture, mut lit) = (None::<View>, None::<Picture>, None::<Light>);
    while !stop.load(Ordering::Relaxed) {
        pulse.fetch_add(1, Ordering::Relaxed);
        if let Some(next) = latest.take(TURN)
            && view.as_ref() != Some(&next)
        {
            // A tone that could not be sounded is not made up for: it would speak of another car.
            if let Some(tone) = signal::tone(view.as_ref(), &next) {
                on_buzzer.took(buzzer.sound(tone));
            }
            let (width, height) = screen.size();
            let mut drawn = Picture::new(width, height);
            crate::draw(&next, &mut drawn);
            picture = Some(drawn);
            view = Some(next);
        }
        let light = view.as_ref().map(signal::driver).unwrap_or_default().light();
        if lit != Some(light) && on_lamp.took(lamp.set(light)) {
            lit = Some(light);
        }
        if let Some(drawn) = &picture
            && on_screen.took(screen.show(drawn))
        {
            picture = None;
        }
    }
    on_lamp.took(lamp.set(Light::Off));
}
