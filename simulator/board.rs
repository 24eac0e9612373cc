//! A board that exists only in memory: the same traits as real hardware, and a handle for whoever plays the
//! driver, the officer and the weather.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::board::{
    Board, Buzzer, Camera, Clock, Fault, Frame, Key, Keys, Lamp, Light, Nudge, Picture, PlateReading, PlateSource,
    Screen, Thermometer, Tone,
};
use image::GrayImage;

use crate::era::SimClock;
use crate::phone::Phone;
use crate::scene::{self, Chance, Exposure, Grip, Lens};

/// Time between frames.
const EVERY: Duration = Duration::from_millis(100);

/// How long a webcam's picture stays in front of the camera without a newer one.
const WEBCAM_STAYS: Duration = Duration::from_secs(1);

/// Size of the panel.
pub const PANEL: (u32, u32) = (800, 480);

/// Most keys or plates waiting to be taken; a visitor cannot press faster.
const WAITING: usize = 64;

/// What reads plates here, as policy names it.
const DEVICE: &str = "hikvision";

/// What is in front of the camera.
#[derive(Clone, Default)]
pub enum Held {
    /// Nothing.
    #[default]
    Road,
    /// A pass in a hand, by its id.
    Pass(String, Arc<GrayImage>),
    /// A phone in a hand that plays an update, since when.
    Run(Arc<Phone>, Instant),
    /// The camera sees just this.
    Photo(Arc<GrayImage>),
    /// The visitor's own camera sees this.
    Webcam(Arc<GrayImage>, Instant),
}

#[derive(Default)]
struct Devices {
    held: Held,
    grip: Grip,
    lens: Lens,
    is_night: bool,
    exposure: Exposure,
    seen: Option<Arc<GrayImage>>,
    frames: u64,
    keys: VecDeque<Key>,
    plates: VecDeque<PlateReading>,
    light: Light,
    tone: Option<Tone>,
    tones: u64,
    panel: Option<Arc<Picture>>,
    panels: u64,
    temperature: Temperature,
}

/// How warm the processor of a box in the shade is, in millidegrees Celsius.
pub const WARM: i32 = 47_500;

/// How warm the processor is; none when nothing measures it.
#[derive(Clone, Copy)]
struct Temperature(Option<i32>);

impl Default for Temperature {
    fn default() -> Self {
        Self(Some(WARM))
    }
}

#[derive(Default)]
struct Shared {
    devices: Mutex<Devices>,
    changed: Condvar,
}

/// A handle on a board's devices, for the outside world.
#[derive(Clone, Default)]
pub struct Handles(Arc<Shared>);

impl Handles {
    fn with<T>(&self, use_them: impl FnOnce(&mut Devices) -> T) -> T {
        // Nothing in here can panic half-way through a change.
        use_them(&mut self.0.devices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for something to be taken, for at most so long.
    fn wait_for<T>(&self, wait: Duration, mut take: impl FnMut(&mut Devices) -> Option<T>) -> Option<T> {
        let began = Instant::now();
        let mut devices = self.0.devices.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let taken = take(&mut devices);
            let left = wait.saturating_sub(began.elapsed());
            if taken.is_some() || left.is_zero() {
                return taken;
            }
            devices = self.0.changed.wait_timeout(devices, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Puts something in front of the camera.
    pub fn hold(&self, held: Held) {
        self.with(|devices| devices.held = held);
    }

    /// The id of the pass that is held up.
    pub fn held(&self) -> Option<String> {
        self.with(|devices| match &devices.held {
            Held::Pass(id, _) => Some(id.clone()),
            Held::Run(..) => Some("run".to_owned()),
            Held::Photo(_) => Some("picture".to_owned()),
            Held::Webcam(_, since) if since.elapsed() < WEBCAM_STAYS => Some("webcam".to_owned()),
            Held::Road | Held::Webcam(..) => None,
        })
    }

    /// Changes how passes are held.
    pub fn set_grip(&self, grip: Grip) {
        self.with(|devices| devices.grip = grip);
    }

    /// How passes are held.
    pub fn grip(&self) -> Grip {
        self.with(|devices| devices.grip)
    }

    /// Puts something on the lens, or takes it away.
    pub fn set_lens(&self, lens: Lens) {
        self.with(|devices| devices.lens = lens);
    }

    /// What lies on the lens.
    pub fn lens(&self) -> Lens {
        self.with(|devices| devices.lens)
    }

    /// Makes it night, or day.
    pub fn set_night(&self, is_night: bool) {
        self.with(|devices| devices.is_night = is_night);
    }

    /// Whether it is night.
    pub fn is_night(&self) -> bool {
        self.with(|devices| devices.is_night)
    }

    /// What the camera makes of the light.
    pub fn exposure(&self) -> Exposure {
        self.with(|devices| devices.exposure)
    }

    /// Sets what the camera makes of the light.
    pub fn set_exposure(&self, exposure: Exposure) {
        self.with(|devices| devices.exposure = exposure);
    }

    /// Makes the processor as warm as that, in millidegrees Celsius, or takes its sensor away.
    pub fn set_temperature(&self, millidegrees: Option<i32>) {
        self.with(|devices| devices.temperature = Temperature(millidegrees));
    }

    /// Presses a key.
    pub fn press(&self, key: Key) {
        self.with(|devices| {
            if devices.keys.len() < WAITING {
                devices.keys.push_back(key);
            }
        });
        self.0.changed.notify_all();
    }

    /// A plate is read by the camera above the road.
    pub fn read_plate(&self, text: &str) {
        self.with(|devices| {
            if devices.plates.len() < WAITING {
                devices.plates.push_back(PlateReading {
                    text: text.to_owned(),
                    confidence: Some(0.97),
                    device: DEVICE,
                });
            }
        });
        self.0.changed.notify_all();
    }

    /// What the camera saw last, and which frame it was.
    pub fn seen(&self) -> (u64, Option<Arc<GrayImage>>) {
        self.with(|devices| (devices.frames, devices.seen.clone()))
    }

    /// The lamp.
    pub fn light(&self) -> Light {
        self.with(|devices| devices.light)
    }

    /// The last tone and how many there were.
    pub fn tone(&self) -> (u64, Option<Tone>) {
        self.with(|devices| (devices.tones, devices.tone))
    }

    /// What the panel shows, and how many pictures it has shown.
    pub fn panel(&self) -> (u64, Option<Arc<Picture>>) {
        self.with(|devices| (devices.panels, devices.panel.clone()))
    }

    /// The board of a box that is started now.
    pub fn board(&self, name: &str, clock: Arc<SimClock>, seed: u64) -> Board {
        // What was pressed while the box was dead was pressed in vain.
        self.with(|devices| {
            devices.keys.clear();
            devices.plates.clear();
        });
        let camera = SimCamera {
            handles: self.clone(),
            road: scene::road(),
            chance: Chance::new(seed),
            began: Instant::now(),
            number: 0,
        };
        Board {
            name: name.to_owned(),
            camera: Box::new(camera),
            keys: Box::new(self.clone()),
            screen: Box::new(self.clone()),
            lamp: Box::new(self.clone()),
            buzzer: Box::new(self.clone()),
            plates: Some(Box::new(self.clone())),
            clock: clock as Arc<dyn Clock>,
            thermometer: Arc::new(self.clone()),
        }
    }
}

/// What stands before the camera, and how it sees it.
struct Scene {
    held: Held,
    grip: Grip,
    lens: Lens,
    is_night: bool,
    exposure: Exposure,
    last: Option<Arc<GrayImage>>,
}

struct SimCamera {
    handles: Handles,
    road: GrayImage,
    chance: Chance,
    began: Instant,
    number: u64,
}

impl SimCamera {
    fn in_a_hand(&mut self, screen: &GrayImage, grip: Grip, exposure: Exposure, is_night: bool) -> GrayImage {
        let (screen, at) = scene::hold(screen, grip, &mut self.chance);
        let mut picture = exposure.expose(&self.road, Some((&screen, at)), is_night);
        grip.befall(&mut picture);
        picture
    }

    fn picture(&mut self) -> Arc<GrayImage> {
        let Scene { held, grip, lens, is_night, exposure, last } = self.handles.with(|devices| Scene {
            held: devices.held.clone(),
            grip: devices.grip,
            lens: devices.lens,
            is_night: devices.is_night,
            exposure: devices.exposure,
            last: devices.seen.clone(),
        });
        let mut picture = match (lens, held) {
            (Lens::Frozen, _) if let Some(last) = last => return last,
            (Lens::Covered, _) => exposure.expose(&scene::covered(is_night), None, false),
            (Lens::Black, _) => GrayImage::new(scene::SIZE.0, scene::SIZE.1),
            (_, Held::Pass(_, pass)) => self.in_a_hand(&pass, grip, exposure, is_night),
            (_, Held::Run(phone, since)) => self.in_a_hand(&phone.seen(since.elapsed()), grip, exposure, is_night),
            // Another camera has exposed it already.
            (_, Held::Photo(photo)) => (*photo).clone(),
            (_, Held::Webcam(photo, since)) if since.elapsed() < WEBCAM_STAYS => (*photo).clone(),
            (_, Held::Road | Held::Webcam(..)) => exposure.expose(&self.road, None, is_night),
        };
        scene::add_noise(&mut picture, &mut self.chance);
        Arc::new(picture)
    }
}

impl Camera for SimCamera {
    fn expose(&mut self, nudge: Nudge) -> Result<bool, Fault> {
        Ok(self.handles.with(|devices| devices.exposure.nudge(nudge)))
    }

    fn next(&mut self, wait: Duration) -> Result<Option<Frame>, Fault> {
        let due = EVERY * u32::try_from(self.number).unwrap_or(u32::MAX);
        let left = due.saturating_sub(self.began.elapsed());
        std::thread::sleep(left.min(wait));
        if left > wait {
            return Ok(None);
        }
        let picture = self.picture();
        let number = self.number;
        self.number += 1;
        let (width, height) = picture.dimensions();
        let luma = Arc::from(picture.as_raw().as_slice());
        self.handles.with(|devices| {
            devices.seen = Some(picture);
            devices.frames += 1;
        });
        Ok(Some(Frame { width, height, luma, number, at: self.began.elapsed(), source: None }))
    }
}

impl Keys for Handles {
    fn next(&mut self, wait: Duration) -> Result<Option<Key>, Fault> {
        Ok(self.wait_for(wait, |devices| devices.keys.pop_front()))
    }
}

impl PlateSource for Handles {
    fn next(&mut self, wait: Duration) -> Result<Option<PlateReading>, Fault> {
        Ok(self.wait_for(wait, |devices| devices.plates.pop_front()))
    }
}

impl Screen for Handles {
    fn size(&self) -> (u32, u32) {
        PANEL
    }

    fn show(&mut self, picture: &Picture) -> Result<(), Fault> {
        let picture = Arc::new(picture.clone());
        self.with(|devices| {
            devices.panel = Some(picture);
            devices.panels += 1;
        });
        Ok(())
    }
}

impl Thermometer for Handles {
    fn read(&self) -> Option<i32> {
        self.with(|devices| devices.temperature.0)
    }
}

impl Lamp for Handles {
    fn set(&mut self, light: Light) -> Result<(), Fault> {
        self.with(|devices| devices.light = light);
        Ok(())
    }
}

impl Buzzer for Handles {
    fn sound(&mut self, tone: Tone) -> Result<(), Fault> {
        self.with(|devices| {
            devices.tone = Some(tone);
            devices.tones += 1;
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
