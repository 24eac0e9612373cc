//! Health of the picture, as figures that can be compared from week to week: for the technician and for HQ.
//!
//! | figure | what it is | what it can tell | what it cannot |
//! |---|---|---|---|
//! | brightness | mean luma, averaged | night, a lamp that is out | whether a pass is lit |
//! | glare | share of clipped pixels, averaged | low sun, a lamp into the lens | a small reflection on a pass |
//! | focus | how much of an edge's contrast lies within two pixels; the best of the last ten minutes | a lens that was turned, water or ice on the glass | anything while there is no edge in view |
//! | dirt | share of the picture that neither changed nor had any detail in ten minutes in which most of it did | a splash, a sticker, a spider's web close by | a wall from a splash: compare with the day the camera was set up |

use std::time::{Duration, Instant};

use crate::glance::{COLUMNS, Glance, ROWS};

/// Time over which brightness and glare are averaged.
const AVERAGED: Duration = Duration::from_secs(10);

/// Length of a span. Focus is the best of this span and the last one, since a dull empty road has few edges;
/// dirt is told of the last whole one.
const SPAN: Duration = Duration::from_secs(300);

/// Contrast in levels from which on a block has an edge: noise, a few levels a pixel, must not count as one.
const EDGE: u8 = 64;

/// Fewest blocks with an edge that make a measure of focus.
const FEWEST: usize = 4;

/// Levels by which a block's mean must have moved to have changed.
const MOVED: u8 = 8;

/// Contrast in levels below which a block shows no detail.
const DULL: u8 = 32;

/// Spans that a block must stay the same to be dirt.
const SPANS: usize = 2;

/// What the picture is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Mean luma, 0–255.
    pub brightness: u8,
    /// Clipped pixels, of a thousand.
    pub glare_permille: u16,
    /// How sharp the sharpest edges are, in percent of what this measure can reach; none while no edge was in view.
    pub focus_percent: Option<u8>,
    /// Part of the picture that looks like dirt, in percent; none before ten minutes in which most of it moved.
    pub dirt_percent: Option<u8>,
}

/// What a block has shown within a span.
#[derive(Clone, Copy)]
struct Range {
    least: u8,
    most: u8,
    contrast: u8,
}

impl Range {
    const NOTHING: Self = Self { least: u8::MAX, most: 0, contrast: 0 };
}

/// Watches the picture's health from glance to glance.
pub(crate) struct Health {
    last: Option<Instant>,
    began: Option<Instant>,
    brightness: f32,
    clipped: f32,
    /// Best focus of the last span and of this one.
    focus: [Option<u8>; 2],
    ranges: [Range; COLUMNS * ROWS],
    /// For how many whole spans a block has been dull and the same.
    same: [u8; COLUMNS * ROWS],
    dirt: Option<u8>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            last: None,
            began: None,
            brightness: 0.0,
            clipped: 0.0,
            focus: [None; 2],
            ranges: [Range::NOTHING; COLUMNS * ROWS],
            same: [0; COLUMNS * ROWS],
            dirt: None,
        }
    }
}

impl Health {
    /// Takes in one glance. With a code in view its light is not the scene's: a phone's screen at night is no glare.
    pub(crate) fn weigh(&mut self, glance: &Glance, code_in_view: bool, now: Instant) {
        let past = self.last.replace(now).map(|last| now.saturating_duration_since(last));
        let part = match past {
            None => 1.0,
            Some(_) if code_in_view => 0.0,
            Some(past) => (past.as_secs_f32() / AVERAGED.as_secs_f32()).min(1.0),
        };
        self.brightness += (glance.mean - self.brightness) * part;
        self.clipped += (glance.clipped - self.clipped) * part;
        self.focus[1] = self.focus[1].max(focus(glance));
        for (range, block) in self.ranges.iter_mut().zip(&glance.blocks) {
            range.least = range.least.min(block.mean);
            range.most = range.most.max(block.mean);
            range.contrast = range.contrast.max(block.contrast());
        }
        if now.saturating_duration_since(*self.began.get_or_insert(now)) >= SPAN {
            self.began = Some(now);
            self.focus = [self.focus[1], None];
            self.turn_over();
        }
    }

    /// Ends a span: which blocks were the same all the time?
    fn turn_over(&mut self) {
        let moved = |range: &Range| range.most.saturating_sub(range.least) >= MOVED;
        let alive = self.ranges.iter().filter(|range| moved(range)).count();
        // While nothing happens on the road, everything looks like dirt.
        if 2 * alive >= self.ranges.len() {
            for (same, range) in self.same.iter_mut().zip(&self.ranges) {
                *same = if moved(range) || range.contrast >= DULL { 0 } else { same.saturating_add(1) };
            }
            let dirty = self.same.iter().filter(|same| usize::from(**same) >= SPANS).count();
            self.dirt = Some((dirty * 100 / self.same.len()) as u8);
        }
        self.ranges = [Range::NOTHING; COLUMNS * ROWS];
    }

    /// The figures as they stand; none before the first glance.
    pub(crate) fn figures(&self) -> Option<Figures> {
        self.last.map(|_| Figures {
            brightness: self.brightness.round() as u8,
            glare_permille: (self.clipped * 1000.0).round() as u16,
            focus_percent: self.focus.into_iter().flatten().max(),
            dirt_percent: self.dirt,
        })
    }
}

/// How sharp the edges in view are: of the blocks that have one, the upper tenth. It is a share of each block's own
/// contrast, so that it does not go up and down with the light.
fn focus(glance: &Glance) -> Option<u8> {
    let edges = glance.blocks.iter().filter(|block| block.contrast() >= EDGE);
    let mut sharp: Vec<u8> =
        edges.map(|block| (u32::from(block.step) * 100 / u32::from(block.contrast())).min(100) as u8).collect();
    if sharp.len() < FEWEST {
        return None;
    }
    let at = sharp.len() * 9 / 10;
    Some(*sharp.select_nth_unstable(at).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glance::tests::{frame, squares};

    fn figures_of(shade: impl Fn(usize, usize) -> f32) -> Figures {
        let mut health = Health::default();
        health.weigh(&Glance::of(&frame(3, shade)).unwrap(), false, Instant::now());
        health.figures().unwrap()
    }

    #[test]
    fn focus_falls_with_the_blur_and_not_with_the_light() {
        let focus = |edge, light: f32| figures_of(|x, y| squares(x, y, edge) * light).focus_percent.unwrap();
        let (sharp, soft, blurred) = (focus(1.0, 1.0), focus(5.0, 1.0), focus(12.0, 1.0));
        assert!(sharp >= 90 && soft < 60 && blurred < 30 && blurred < soft, "{sharp} {soft} {blurred}");
        assert!(focus(5.0, 0.6).abs_diff(soft) <= 8 && focus(1.0, 0.6) >= 90);
        assert_eq!(figures_of(|_, _| 90.0).focus_percent, None);
    }

    #[test]
    fn the_best_focus_of_ten_minutes_counts_and_no_longer() {
        let (mut health, mut now) = (Health::default(), Instant::now());
        let mut see = |health: &mut Health, edge, minutes: u32| {
            let glance = Glance::of(&frame(4, |x, y| squares(x, y, edge))).unwrap();
            for _ in 0..minutes {
                health.weigh(&glance, false, now);
                now += Duration::from_secs(60);
            }
            health.figures().unwrap().focus_percent.unwrap()
        };
        assert!(see(&mut health, 1.0, 1) >= 90);
        assert!(see(&mut health, 12.0, 5) >= 90);
        assert!(see(&mut health, 12.0, 6) < 30);
    }

    #[test]
    fn glare_and_brightness_follow_within_a_minute() {
        let (mut health, mut now) = (Health::default(), Instant::now());
        let dark = Glance::of(&frame(1, |_, _| 20.0)).unwrap();
        let sun = Glance::of(&frame(1, |x, _| if x < 160 { 255.0 } else { 120.0 })).unwrap();
        health.weigh(&dark, false, now);
        let before = health.figures().unwrap();
        // A phone in the dark.
        health.weigh(&sun, true, now + Duration::from_secs(5));
        assert_eq!(
            health.figures().unwrap(),
            Figures { focus_percent: health.figures().unwrap().focus_percent, ..before }
        );
        assert!(before.brightness.abs_diff(20) < 3 && before.glare_permille == 0, "{before:?}");
        for _ in 0..300 {
            now += Duration::from_millis(200);
            health.weigh(&sun, false, now);
        }
        let after = health.figures().unwrap();
        assert!(after.brightness.abs_diff(153) < 4 && after.glare_permille.abs_diff(220) < 40, "{after:?}");
    }

    #[test]
    fn a_splash_is_dirt_once_the_rest_has_moved_and_a_still_road_tells_nothing() {
        let (mut health, mut now) = (Health::default(), Instant::now());
        let splash = |x: usize, y: usize| x < 160 && y < 120;
        let mut minute = |health: &mut Health, light: f32, seed| {
            let shade = |x, y| if splash(x, y) { 60.0 } else { squares(x, y, 2.0) * light };
            health.weigh(&Glance::of(&frame(seed, shade)).unwrap(), false, now);
            now += Duration::from_secs(60);
        };
        for at in 0..12 {
            minute(&mut health, 1.0, at);
        }
        assert_eq!(health.figures().unwrap().dirt_percent, None);
        for at in 0..12 {
            minute(&mut health, if at % 2 == 0 { 1.0 } else { 0.6 }, at);
        }
        let dirt = health.figures().unwrap().dirt_percent.unwrap();
        // A sixteenth of the picture.
        assert!((5..=7).contains(&dirt), "{dirt}");
    }
}
