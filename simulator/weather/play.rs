//! A scenario played at a post of the desk: its line, and what happens beside it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Happening, Scenario, Schedule};
use crate::board::WARM;
use crate::era::DAY;
use crate::post::Post;
use crate::region::Desk;
use crate::{Error, error};

/// Between two looks at the schedule.
const LOOK: Duration = Duration::from_millis(50);

/// A broker that forgets is away for as long as a restart takes.
const FORGETTING: Duration = Duration::from_millis(200);

/// How warm a processor in the sun is, in millidegrees Celsius.
const HOT: i32 = 86_000;

/// A scenario that is being played.
pub struct Play {
    /// Its name, or its file.
    pub name: String,
    /// What it says.
    pub schedule: Schedule,
    began: Instant,
}

impl Play {
    /// How much of it has been played.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Begins to play a scenario at a post, instead of whatever was played there. `say` hears how it goes.
///
/// # Errors
/// [`Error::System`] when there is no thread for it.
pub fn begin(
    desk: &Arc<Desk>,
    post: &Arc<Post>,
    (name, scenario): (&str, &Scenario),
    seed: u64,
    plays_in: Option<Duration>,
    say: fn(&str),
) -> Result<Arc<Play>, Error> {
    let schedule = Schedule::new(scenario, seed, plays_in);
    let play = Arc::new(Play { name: name.to_owned(), schedule, began: Instant::now() });
    post.plays(Some(play.clone()));
    let stage = Stage { desk: desk.clone(), post: post.clone(), play: play.clone(), say, ends: Vec::new() };
    std::thread::Builder::new().name("weather".to_owned()).spawn(move || stage.play())?;
    Ok(play)
}

struct Stage {
    desk: Arc<Desk>,
    post: Arc<Post>,
    play: Arc<Play>,
    say: fn(&str),
    /// What is over at a time.
    ends: Vec<(Duration, Happening)>,
}

impl Stage {
    fn play(mut self) {
        let (already, name) = (self.desk.era.ahead(), self.post.name.name);
        let mut at = Duration::ZERO;
        let mut before = None;
        while self.is_on() && (!self.play.schedule.is_over(at) || !self.ends.is_empty()) {
            let now = self.play.elapsed();
            let weather = self.play.schedule.weather(now);
            if before != Some(weather) {
                (self.say)(&format!("the line of {name}: {weather}"));
                self.post.set_weather(&self.play, weather);
                before = Some(weather);
            }
            self.let_time_run(already + self.play.schedule.ahead(now));
            let over: Vec<_> = self.ends.extract_if(.., |(until, _)| *until <= now).collect();
            over.into_iter().for_each(|(_, what)| self.end(what));
            let events: Vec<_> = self.play.schedule.events(at, now).collect();
            for (_, what) in events {
                (self.say)(&format!("{name}: {what}"));
                self.begin(what, now);
            }
            at = now;
            std::thread::sleep(LOOK);
        }
        // Another scenario has set the line already.
        let ends = std::mem::take(&mut self.ends);
        ends.into_iter().for_each(|(_, what)| self.end(what));
        if self.is_on() {
            self.post.plays(None);
        }
    }

    fn is_on(&self) -> bool {
        self.post.playing().is_some_and(|playing| Arc::ptr_eq(&playing, &self.play))
    }

    fn begin(&mut self, what: Happening, now: Duration) {
        match what {
            Happening::BrokerForgets => self.restart_hq(FORGETTING),
            Happening::HqOff(span) => self.restart_hq(span),
            Happening::BoxOff(span) => {
                self.post.stop();
                self.ends.push((now + span, what));
            }
            Happening::DiskFull(span) => {
                self.said(self.post.fill_disk(true));
                self.ends.push((now + span, what));
            }
            Happening::Hot(span) => {
                self.post.handles.set_temperature(Some(HOT));
                self.ends.push((now + span, what));
            }
            Happening::Clock(to) => {
                let clock = &self.post.clock;
                clock.set_ntp(false);
                clock.set_rtc(false);
                clock.add(to.saturating_sub(board::Clock::read(clock.as_ref()).system_ms / 1000));
            }
            Happening::ClockRight => self.post.clock.reset(),
        }
    }

    fn end(&self, what: Happening) {
        match what {
            Happening::BoxOff(_) => self.said(self.post.start()),
            Happening::DiskFull(_) => self.said(self.post.fill_disk(false)),
            Happening::Hot(_) => self.post.handles.set_temperature(Some(WARM)),
            _ => {}
        }
    }

    /// The desk's broker lives in HQ and keeps nothing, so they go together. The line goes on meanwhile.
    fn restart_hq(&self, away: Duration) {
        let desk = self.desk.clone();
        std::thread::spawn(move || {
            if let Err(error) = desk.restart_hq(away) {
                tracing::error!("{}", error::chain(&error));
            }
        });
    }

    /// The region's clocks go as fast as the scenario's; HQ publishes every day of theirs.
    fn let_time_run(&self, ahead: Duration) {
        let Some(days) = self.desk.era.run_ahead(ahead, DAY) else { return };
        tracing::debug!(days, "a day of the region has passed");
        self.said(self.desk.publish());
    }

    /// A box that cannot start is tried again by whoever watches over it.
    fn said(&self, done: Result<(), Error>) {
        if let Err(error) = done {
            tracing::error!(name = self.post.name.name, "{}", error::chain(&error));
        }
    }
}
