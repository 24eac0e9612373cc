//! Whether something as square as a code, dark and light all over, lies on a sheet, in which no corners of a code are
//! to be seen: with no sharp edge in it, it is far out of focus or moves fast; and if it is small, it is too far away.

use super::DARK;
use crate::Hint;
use crate::qr::image::View;

/// Cells of the picture's shorter side: coarse ones, in which blur leaves something, and fine ones.
const COARSE: usize = 120;
const FINE: usize = 240;

/// Least cells of its side, and most patches that are as large where one is small.
const LEAST: [usize; 2] = [28, 14];
const FEW: usize = 8;

/// Largest share of the picture's shorter side for something small: modules of two pixels, of the smallest code.
const SMALL: f32 = 0.17;

/// Why such a thing does not read, if one is shown.
pub(super) fn cause(image: View<'_>) -> Option<Hint> {
    let short = image.width.min(image.height);
    if short < 2 * FINE {
        return None;
    }
    let (large, _) =
        find(&Grid::of(image, short / COARSE, RIDGE), LEAST[0], |patch, cell| !has_sharp_edge(image, patch, cell));
    let (paper, cause) = match large {
        Some(paper) => (paper, Hint::Blurred),
        None => {
            let is_small = |patch: &Patch, cell: usize| (patch.side() * cell) as f32 <= short as f32 * SMALL;
            let (small, patches) = find(&Grid::of(image, short / FINE, 0.0), LEAST[1], is_small);
            // Of many it is a letter.
            (small.filter(|_| patches <= FEW)?, Hint::TooFar)
        }
    };
    Some(if paper < DARK { Hint::TooDark } else { cause })
}

/// The light on one that also is like this; and how many patches there are that are as large.
fn find(grid: &Grid, least: usize, is_so: impl Fn(&Patch, usize) -> bool) -> (Option<f32>, usize) {
    let mut seen = vec![false; grid.cells.len()];
    let (mut found, mut patches) = (None, 0);
    for at in 0..grid.cells.len() {
        if seen[at] || !grid.busy[at] {
            continue;
        }
        let patch = grid.patch(at, &mut seen);
        if patch.side() >= least {
            patches += 1;
            found = found.or_else(|| grid.code(&patch).filter(|_| is_so(&patch, grid.cell)));
        }
    }
    (found, patches)
}

/// Mean shades of squares of pixels.
struct Grid {
    /// Pixels of a cell's side.
    cell: usize,
    cells: Vec<f32>,
    columns: usize,
    rows: usize,
    /// Whether there is much of dark and light around a cell.
    busy: Vec<bool>,
}

/// Cells that hang together, and the rectangle around them.
#[derive(Debug)]
struct Patch {
    cells: Vec<usize>,
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

impl Patch {
    /// Cells of its shorter side.
    fn side(&self) -> usize {
        (self.right - self.left + 1).min(self.bottom - self.top + 1)
    }
}

/// Least difference around a cell, as a share of the light.
const BUSY: f32 = 0.13;

/// Share of the difference around it within which a cell counts as the lightest.
const RIDGE: f32 = 0.1;

/// The largest difference that a camera's noise makes between pixels.
const NOISE: f32 = 8.0;

impl Grid {
    fn of(image: View<'_>, cell: usize, ridge: f32) -> Self {
        let (columns, rows) = (image.width / cell, image.height / cell);
        let mut cells = vec![0.0; columns * rows];
        for (y, row) in image.luma.chunks_exact(image.width).take(rows * cell).enumerate() {
            for (sum, pixels) in cells[y / cell * columns..].iter_mut().zip(row.chunks_exact(cell)) {
                *sum += pixels.iter().map(|pixel| u32::from(*pixel)).sum::<u32>() as f32;
            }
        }
        cells.iter_mut().for_each(|sum| *sum /= (cell * cell) as f32);
        // The larger a cell, the less of it is left in its mean.
        let noise = NOISE / cell as f32;
        let mut busy = vec![false; cells.len()];
        // Three by three: the darkest and the lightest of three rows, and then of three columns.
        let (mut low, mut high) = (vec![0.0_f32; columns], vec![0.0_f32; columns]);
        for y in 1..rows.saturating_sub(1) {
            let [above, here, below] = [y - 1, y, y + 1].map(|y| &cells[y * columns..][..columns]);
            for (x, (low, high)) in low.iter_mut().zip(&mut high).enumerate() {
                *low = above[x].min(here[x]).min(below[x]);
                *high = above[x].max(here[x]).max(below[x]);
            }
            let inner = &mut busy[y * columns + 1..][..columns - 2];
            for (((busy, low), high), cell) in
                inner.iter_mut().zip(low.windows(3)).zip(high.windows(3)).zip(&cells[y * columns + 1..])
            {
                let (low, high) = (low[0].min(low[1]).min(low[2]), high[0].max(high[1]).max(high[2]));
                // The lightest of its surroundings is a ridge: what lies between a code and the edge of its sheet.
                *busy = high - low > high * BUSY + noise && *cell <= high - (high - low) * ridge;
            }
        }
        Self { cell, cells, columns, rows, busy }
    }

    /// The busy cells that hang together with one.
    fn patch(&self, at: usize, seen: &mut [bool]) -> Patch {
        let (x, y) = (at % self.columns, at / self.columns);
        let mut patch = Patch { cells: Vec::new(), left: x, right: x, top: y, bottom: y };
        let mut open = vec![at];
        seen[at] = true;
        while let Some(at) = open.pop() {
            let (x, y) = (at % self.columns, at / self.columns);
            (patch.left, patch.right) = (patch.left.min(x), patch.right.max(x));
            (patch.top, patch.bottom) = (patch.top.min(y), patch.bottom.max(y));
            patch.cells.push(at);
            // The outermost cells are never busy, so all four are there.
            for next in [at - 1, at + 1, at - self.columns, at + self.columns] {
                if self.busy[next] && !seen[next] {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
        patch
    }

    /// The light on a patch, if it is square, whole, as dark as it is light in each of its parts, and on paper.
    fn code(&self, patch: &Patch) -> Option<f32> {
        let (wide, high) = (patch.right - patch.left + 1, patch.bottom - patch.top + 1);
        let inner = patch.left >= 3 && patch.top >= 3 && patch.right + 3 < self.columns && patch.bottom + 3 < self.rows;
        if !inner || wide * 10 > high * 13 || high * 10 > wide * 13 {
            return None;
        }
        let mut shades: Vec<f32> = patch.cells.iter().map(|at| self.cells[*at]).collect();
        shades.sort_by(f32::total_cmp);
        let (ink, paper) = (shades[shades.len() / 20], shades[shades.len() * 19 / 20]);
        let limit = (ink + paper) / 2.0;
        // Next to it, wherever a row or a column of it ends, there is paper.
        let ends = self.ends(patch);
        let light = ends.iter().filter(|shade| **shade > paper - (paper - ink) * 0.35).count();
        if light * 100 < ends.len() * 85 || patch.cells.len() * 3 < wide * high {
            return None;
        }
        // Three by three parts: dark and light in each, but where a turned code leaves its rectangle.
        let mut balanced = 0;
        for part in 0..9 {
            let (x, y) = (patch.left + part % 3 * wide / 3, patch.top + part / 3 * high / 3);
            let cells = || (y..y + high / 3).flat_map(|y| &self.cells[y * self.columns + x..][..wide / 3]);
            let dark = cells().filter(|shade| **shade < limit).count() * 100 / cells().count().max(1);
            balanced += usize::from((25..=80).contains(&dark));
        }
        (balanced >= 8 && self.is_even(patch, ink, paper)).then_some(paper)
    }

    /// Whether it changes as much along rows as along columns, and often: lines of text do not, nor does a face.
    fn is_even(&self, patch: &Patch, ink: f32, paper: f32) -> bool {
        let (mut along, mut down, mut turns) = (0.0, 0.0, 0);
        for y in patch.top..patch.bottom {
            let row = &self.cells[y * self.columns..];
            for x in patch.left..patch.right {
                along += (row[x + 1] - row[x]).abs();
                down += (row[x + self.columns] - row[x]).abs();
            }
            let is_dark = |x: usize| row[x] < (ink + paper) / 2.0;
            turns += (patch.left..patch.right).filter(|x| is_dark(*x) != is_dark(x + 1)).count();
        }
        let rows = patch.bottom - patch.top;
        (0.75..1.33).contains(&(along / f32::max(down, 1.0))) && turns >= rows * ((patch.right - patch.left) / 6).min(5)
    }

    /// The shades two cells outside of where the rows and the columns of a patch begin and end.
    fn ends(&self, patch: &Patch) -> Vec<f32> {
        let mut rows = vec![(usize::MAX, 0); self.rows];
        let mut columns = vec![(usize::MAX, 0); self.columns];
        for at in &patch.cells {
            let (x, y) = (at % self.columns, at / self.columns);
            rows[y] = (rows[y].0.min(x), rows[y].1.max(x));
            columns[x] = (columns[x].0.min(y), columns[x].1.max(y));
        }
        let at = |x: usize, y: usize| self.cells[y * self.columns + x];
        let of_rows = (patch.top..=patch.bottom).flat_map(|y| [at(rows[y].0 - 2, y), at(rows[y].1 + 2, y)]);
        let of_columns = (patch.left..=patch.right).flat_map(|x| [at(x, columns[x].0 - 2), at(x, columns[x].1 + 2)]);
        of_rows.chain(of_columns).collect()
    }
}

/// Parts of a patch's side over which the contrast of a code that can be read changes: about a module.
const PARTS: usize = 50;

/// Whether there are edges over which most of the contrast changes within a module.
fn has_sharp_edge(image: View<'_>, patch: &Patch, cell: usize) -> bool {
    let rows = patch.top * cell..(patch.bottom + 1) * cell;
    let columns = patch.left * cell..(patch.right + 1) * cell;
    let step = (columns.len() / PARTS).max(2);
    let (mut levels, mut steps) = ([0_usize; 256], [0_usize; 256]);
    for row in image.luma.chunks_exact(image.width).take(rows.end).skip(rows.start).step_by(2) {
        let row = &row[columns.clone()];
        for (from, to) in row.iter().zip(&row[step..]) {
            steps[usize::from(from.abs_diff(*to))] += 1;
            levels[usize::from(*from)] += 1;
        }
    }
    // The level that one of so many is above.
    let above = |counts: &[usize; 256], one_of: usize| {
        let (mut above, all) = (0, counts.iter().sum::<usize>());
        let level = (0..256).rev().find(|level| {
            above += counts[*level];
            above * one_of >= all
        });
        level.unwrap_or(0)
    };
    let dark = levels.iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    });
    let all: usize = levels.iter().sum();
    let low = dark.take_while(|sum| sum * 50 < all).count();
    above(&steps, 50) * 10 > (above(&levels, 50) - low.min(above(&levels, 50))) * 6
}
