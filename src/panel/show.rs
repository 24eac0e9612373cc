//! The loop between lane and devices: the latest view wins, and nothing waits for the panel.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use board::{Buzzer, Fault, Lamp, Light, Picture, Screen};

use crate::view::View;
use crate::{driver, signal};

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
        let light = view.as_ref().map(driver).unwrap_or_default().light();
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

#[cfg(test)]
mod tests {
    use board::Tone;
    use verdict::Reason;

    use super::*;
    use crate::sample::{card, view};
    use crate::view::{Language, Screen as Shown};

    /// Devices in memory: what they were given, and how often they are still to fail.
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Kept>>);

    #[derive(Default)]
    struct Kept {
        pictures: Vec<Picture>,
        lights: Vec<Light>,
        tones: Vec<Tone>,
        fail: u32,
        tries: u32,
    }

    impl Memory {
        fn keep(&self, put: impl FnOnce(&mut Kept)) -> Result<(), Fault> {
            let mut kept = self.0.lock().unwrap();
            kept.tries += 1;
            if kept.fail > 0 {
                kept.fail -= 1;
                return Err(Fault::Missing { device: "memory".into() });
            }
            put(&mut kept);
            Ok(())
        }
    }

    impl Screen for Memory {
        fn size(&self) -> (u32, u32) {
            (320, 240)
        }
        fn show(&mut self, picture: &Picture) -> Result<(), Fault> {
            self.keep(|kept| kept.pictures.push(picture.clone()))
        }
    }

    impl Lamp for Memory {
        fn set(&mut self, light: Light) -> Result<(), Fault> {
            self.keep(|kept| kept.lights.push(light))
        }
    }

    impl Buzzer for Memory {
        fn sound(&mut self, tone: Tone) -> Result<(), Fault> {
            self.keep(|kept| kept.tones.push(tone))
        }
    }

    #[derive(Default)]
    struct Devices {
        screen: Memory,
        lamp: Memory,
        buzzer: Memory,
    }

    /// Runs the loop beside what `meanwhile` does, and stops it; says how often it turned.
    fn run(devices: &Devices, latest: &Latest, meanwhile: impl FnOnce(&AtomicU64)) -> u64 {
        let (stop, pulse) = (AtomicBool::new(false), AtomicU64::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut screen, mut lamp, mut buzzer) =
                    (devices.screen.clone(), devices.lamp.clone(), devices.buzzer.clone());
                show(latest, &mut screen, &mut lamp, &mut buzzer, &stop, &pulse);
            });
            // Stops the loop also when `meanwhile` panics: the scope waits for it.
            struct Stop<'a>(&'a AtomicBool);
            impl Drop for Stop<'_> {
                fn drop(&mut self) {
                    self.0.store(true, Ordering::Relaxed);
                }
            }
            let _stop = Stop(&stop);
            meanwhile(&pulse);
        });
        pulse.into_inner()
    }

    fn until(mut done: impl FnMut() -> bool) {
        for _ in 0..500 {
            if done() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not happen within five seconds");
    }

    fn verdict(reasons: &[Reason]) -> View {
        view(Language::Ru, Shown::Verdict(card(reasons)))
    }

    #[test]
    fn the_latest_view_wins_and_those_nobody_saw_are_counted() {
        let latest = Latest::default();
        assert_eq!(latest.current(), None);
        latest.put(verdict(&[]));
        latest.put(verdict(&[Reason::Forged]));
        assert_eq!((latest.skipped(), latest.current()), (1, Some(verdict(&[Reason::Forged]))));
        assert_eq!(latest.take(TURN), Some(verdict(&[Reason::Forged])));
        assert_eq!(latest.take(Duration::ZERO), None);
        latest.put(verdict(&[]));
        assert_eq!(latest.skipped(), 1);
    }

    #[test]
    fn a_view_reaches_screen_lamp_and_buzzer_and_the_lamp_is_dark_in_the_end() {
        let (devices, latest) = (Devices::default(), Latest::default());
        run(&devices, &latest, |_| {
            latest.put(verdict(&[Reason::Forged]));
            until(|| devices.screen.0.lock().unwrap().pictures.len() == 1);
            latest.put(verdict(&[Reason::Forged]));
            latest.put(view(Language::Ru, Shown::Closed { passed: true, card: card(&[]) }));
            until(|| devices.screen.0.lock().unwrap().pictures.len() == 2);
        });
        let (screen, lamp, buzzer) =
            (devices.screen.0.lock().unwrap(), devices.lamp.0.lock().unwrap(), devices.buzzer.0.lock().unwrap());
        let mut drawn = Picture::new(320, 240);
        crate::draw(&verdict(&[Reason::Forged]), &mut drawn);
        assert!(screen.pictures[0] == drawn);
        let lights: Vec<Light> = lamp.lights.iter().copied().skip_while(|light| *light == Light::Off).collect();
        assert_eq!(lights, [Light::Red, Light::Green, Light::Off]);
        assert_eq!(buzzer.tones, [Tone::Long]);
    }

    #[test]
    fn the_same_view_again_is_not_drawn_again() {
        let (devices, latest) = (Devices::default(), Latest::default());
        run(&devices, &latest, |pulse| {
            for _ in 0..3 {
                latest.put(verdict(&[]));
                let turned = pulse.load(Ordering::Relaxed);
                until(|| pulse.load(Ordering::Relaxed) > turned + 1);
            }
        });
        assert_eq!(devices.screen.0.lock().unwrap().pictures.len(), 1);
        assert_eq!(devices.buzzer.0.lock().unwrap().tones, [Tone::One]);
    }

    #[test]
    fn devices_that_fail_are_tried_again_and_the_loop_turns_on() {
        let (devices, latest) = (Devices::default(), Latest::default());
        devices.screen.0.lock().unwrap().fail = 2;
        devices.lamp.0.lock().unwrap().fail = 2;
        devices.buzzer.0.lock().unwrap().fail = 1;
        let turns = run(&devices, &latest, |_| {
            latest.put(verdict(&[Reason::Forged]));
            until(|| devices.screen.0.lock().unwrap().pictures.len() == 1);
            until(|| devices.lamp.0.lock().unwrap().lights.contains(&Light::Red));
        });
        assert!(turns >= 3);
        assert_eq!(devices.screen.0.lock().unwrap().tries, 3);
        // A tone that comes late would speak of another car.
        let buzzer = devices.buzzer.0.lock().unwrap();
        assert_eq!((buzzer.tries, buzzer.tones.len()), (1, 0));
    }
}
