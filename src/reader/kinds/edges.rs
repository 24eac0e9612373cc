//! Where a line of a picture changes between dark and light.

/// Least difference between a dark and a light place, in levels: above the noise of a camera.
const LEAST: f32 = 14.0;

/// What a difference must be of those before it, and how fast those are forgotten.
const SHARE: f32 = 0.25;
const FORGET: f32 = 0.85;

/// The edges of a line, in pixels from its beginning. What lies between two is dark and light by turns.
#[derive(Default)]
pub(crate) struct Edges {
    pub at: Vec<f32>,
    /// Whether it is dark behind the first edge.
    pub first_is_dark: bool,
    turns: Vec<(usize, u8)>,
}

impl Edges {
    /// Finds the edges of a line.
    pub(crate) fn find(&mut self, line: &[u8]) {
        self.at.clear();
        self.turns.clear();
        let Some(first) = line.first() else { return };
        // The lowest and the highest place since the last turn, and how far apart turns were.
        let (mut low, mut high) = ((0, *first), (0, *first));
        let mut rising = None;
        let mut usual = 0.0_f32;
        let mut limit = LEAST as u8;
        for (at, shade) in line.iter().enumerate() {
            if *shade > high.1 {
                high = (at, *shade);
            }
            if *shade < low.1 {
                low = (at, *shade);
            }
            let turned = match rising {
                Some(true) => high.1 - shade > limit,
                Some(false) => shade - low.1 > limit,
                None => high.1 - low.1 > limit,
            };
            if !turned {
                continue;
            }
            let was_rising = rising.unwrap_or(low.0 > high.0);
            let turn = if was_rising { high } else { low };
            if let Some((_, before)) = self.turns.last() {
                usual = (usual * FORGET).max(f32::from(before.abs_diff(turn.1)));
                limit = (usual * SHARE).max(LEAST) as u8;
            }
            self.turns.push(turn);
            rising = Some(!was_rising);
            (low, high) = ((at, *shade), (at, *shade));
        }
        match rising {
            Some(true) => self.turns.push(high),
            Some(false) => self.turns.push(low),
            None => {}
        }
        self.first_is_dark = self.turns.len() > 1 && self.turns[1].1 < self.turns[0].1;
        for pair in self.turns.windows(2) {
            self.at.push(halfway(line, pair[0], pair[1]));
        }
    }

    /// How much darker the dark is than the light, on the average of so many edges, as a share of the light.
    pub(crate) fn contrast(&self, begin: usize, count: usize) -> f32 {
        let pairs = self.turns.windows(2).skip(begin).take(count);
        let (dark, light) = pairs.fold((0.0, 1.0), |(dark, light), pair| {
            let (a, b) = (f32::from(pair[0].1), f32::from(pair[1].1));
            (dark + a.min(b), light + a.max(b))
        });
        1.0 - dark / light
    }

    pub(crate) fn last_is_dark(&self) -> bool {
        self.at.len().is_multiple_of(2) == self.first_is_dark
    }
}

/// Where, between two turns, the line first reaches the middle of their shades.
fn halfway(line: &[u8], from: (usize, u8), to: (usize, u8)) -> f32 {
    let middle = (f32::from(from.1) + f32::from(to.1)) / 2.0;
    let rises = to.1 > from.1;
    for at in from.0 + 1..=to.0 {
        let (before, here) = (f32::from(line[at - 1]), f32::from(line[at]));
        if (here >= middle) == rises {
            // Pixels have their middle at a half.
            return at as f32 - 0.5 + (middle - before) / (here - before + if rises { 1e-3 } else { -1e-3 });
        }
    }
    to.0 as f32
}
