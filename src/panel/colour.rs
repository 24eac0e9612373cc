//! Colours, always as a pair: what is written, on what.

use embedded_graphics::{pixelcolor::Rgb888, prelude::*};

/// Letters and the ground they stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The ground.
    pub ground: Rgb888,
    /// The letters.
    pub letters: Rgb888,
}

const fn pair(ground: (u8, u8, u8), letters: (u8, u8, u8)) -> Pair {
    Pair { ground: Rgb888::new(ground.0, ground.1, ground.2), letters: Rgb888::new(letters.0, letters.1, letters.2) }
}

const WHITE: (u8, u8, u8) = (255, 255, 255);
const BLACK: (u8, u8, u8) = (0, 0, 0);
const GREEN: (u8, u8, u8) = (0, 112, 48);
const AMBER: (u8, u8, u8) = (255, 190, 0);
const RED: (u8, u8, u8) = (190, 16, 24);

/// The field of *admit*, and the key *yes*.
pub const ADMIT: Pair = pair(GREEN, WHITE);
/// The field of *check*, and what is in doubt.
pub const CHECK: Pair = pair(AMBER, BLACK);
/// The field of *refuse*, the key *no*, and a journal that fails.
pub const REFUSE: Pair = pair(RED, WHITE);
/// The panel waits for a pass.
pub const WAITING: Pair = pair((0, 58, 112), WHITE);
/// What is to be compared, and plates; also a pass that was admitted before.
pub const PAPER: Pair = pair(WHITE, BLACK);
/// Captions on paper.
pub const CAPTION: Pair = pair(WHITE, (72, 72, 72));
/// A matter that is closed, a fault, and the keys.
pub const DARK: Pair = pair((24, 26, 30), WHITE);
/// What is in doubt, in the bar, and the sign of a fault.
pub const WARNING: Pair = pair((24, 26, 30), AMBER);
/// The bar.
pub const BAR: Pair = pair(BLACK, WHITE);
/// What is in doubt, in the bar.
pub const BAR_DOUBT: Pair = pair(BLACK, AMBER);
/// What has been typed.
pub const TYPED: Pair = pair((255, 244, 200), BLACK);

/// A colour between two, `part` of 255 towards the second.
pub fn between(one: Rgb888, other: Rgb888, part: u8) -> Rgb888 {
    let mix = |a: u8, b: u8| ((u32::from(a) * u32::from(255 - part) + u32::from(b) * u32::from(part)) / 255) as u8;
    Rgb888::new(mix(one.r(), other.r()), mix(one.g(), other.g()), mix(one.b(), other.b()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.1.
    fn luminance(colour: Rgb888) -> f64 {
        let part = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(colour.r()) + 0.7152 * part(colour.g()) + 0.0722 * part(colour.b())
    }

    #[test]
    fn letters_stand_out_from_their_ground_by_four_and_a_half_to_one() {
        for pair in [ADMIT, CHECK, REFUSE, WAITING, PAPER, CAPTION, DARK, WARNING, BAR, BAR_DOUBT, TYPED] {
            let (a, b) = (luminance(pair.ground), luminance(pair.letters));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            assert!(contrast >= 4.5, "{pair:?} has {contrast:.1}");
        }
    }
}
