//! From shades to evidence: how sure it is that a module is dark.
//!
//! Evidence is one number a module: positive for dark, negative for light, 1 when as clear as most of its
//! surroundings. Blur is undone here, between modules, where it is cheap: what the camera did to one module it did
//! to all, and hundreds of modules are the same in every code.

use super::geometry::solve;
use super::lattice::fixed;
use super::layout::Layout;

/// Modules of a side of a cell; a cell and the eight around it are a module's surroundings.
const CELL: usize = 3;

/// Evidence from shades: each against the middle between light and dark around it.
pub(crate) fn evidence(shades: &[f32], size: usize) -> Vec<f32> {
    let cells = size.div_ceil(CELL);
    let rows = || shades.chunks_exact(size).enumerate();
    let mut all = vec![Sum::default(); cells * cells];
    for (y, row) in rows() {
        for (cell, shades) in all[y / CELL * cells..].iter_mut().zip(row.chunks(CELL)) {
            shades.iter().for_each(|shade| cell.add(*shade));
        }
    }
    let means: Vec<f32> = around_cells(&all, cells).iter().map(Sum::mean).collect();
    let (mut light, mut dark) = (vec![Sum::default(); cells * cells], vec![Sum::default(); cells * cells]);
    for (y, row) in rows() {
        for (index, shades) in row.chunks(CELL).enumerate() {
            let cell = y / CELL * cells + index;
            for shade in shades {
                if *shade > means[cell] { light[cell].add(*shade) } else { dark[cell].add(*shade) }
            }
        }
    }
    let light: Vec<f32> = around_cells(&light, cells).iter().map(Sum::mean).collect();
    let dark: Vec<f32> = around_cells(&dark, cells).iter().map(Sum::mean).collect();
    let whole =
        light.iter().zip(&dark).map(|(light, dark)| (light - dark).max(0.0)).sum::<f32>() / (2 * light.len()) as f32;
    let mut evidence = Vec::with_capacity(size * size);
    for (y, row) in rows() {
        for (index, shades) in row.chunks(CELL).enumerate() {
            let cell = y / CELL * cells + index;
            // Where all is of one shade, nothing is said.
            let (light, dark) =
                if light[cell] > dark[cell] { (light[cell], dark[cell]) } else { (means[cell], means[cell]) };
            let contrast = ((light - dark) / 2.0).max(whole * 0.4).max(0.5);
            evidence.extend(shades.iter().map(|shade| (((light + dark) / 2.0 - shade) / contrast).clamp(-2.0, 2.0)));
        }
    }
    evidence
}

#[derive(Clone, Copy, Default)]
struct Sum {
    of: f32,
    count: f32,
}

impl Sum {
    fn add(&mut self, shade: f32) {
        self.of += shade;
        self.count += 1.0;
    }

    fn mean(&self) -> f32 {
        self.of / self.count.max(1.0)
    }
}

/// For every cell the sum over it and the eight around it.
fn around_cells(sums: &[Sum], cells: usize) -> Vec<Sum> {
    let mut around = Vec::with_capacity(sums.len());
    for y in 0..cells {
        for x in 0..cells {
            let mut sum = Sum::default();
            for row in y.saturating_sub(1)..(y + 2).min(cells) {
                for near in &sums[row * cells + x.saturating_sub(1)..row * cells + (x + 2).min(cells)] {
                    sum.of += near.of;
                    sum.count += near.count;
                }
            }
            around.push(sum);
        }
    }
    around
}

/// Modules on either side that count as surroundings.
const AROUND: usize = 4;

/// The same with surroundings that are the module's own.
pub(crate) fn careful_evidence(shades: &[f32], size: usize) -> Vec<f32> {
    let mean = local_means(size, |at| (shades[at], 1.0));
    let light = local_means(size, |at| (shades[at], if shades[at] > mean[at] { 1.0 } else { 0.0 }));
    let dark = local_means(size, |at| (shades[at], if shades[at] > mean[at] { 0.0 } else { 1.0 }));
    let whole: f32 =
        light.iter().zip(&dark).map(|(light, dark)| light - dark).sum::<f32>() / (2.0 * shades.len() as f32);
    shades
        .iter()
        .zip(light.iter().zip(&dark))
        .map(|(shade, (light, dark))| {
            let contrast = ((light - dark) / 2.0).max(whole * 0.4).max(0.5);
            (((light + dark) / 2.0 - shade) / contrast).clamp(-2.0, 2.0)
        })
        .collect()
}

/// For every module the mean of a value, with its weight, over those around it; its own where all weigh nothing, as
/// under a reflection: what is all of one shade is neither light nor dark.
fn local_means(size: usize, value: impl Fn(usize) -> (f32, f32)) -> Vec<f32> {
    // Sums over columns of the window, then over its rows.
    let stride = size + 1;
    let mut sums = vec![(0.0_f32, 0.0_f32); stride * stride];
    for y in 0..size {
        let mut row = (0.0, 0.0);
        for x in 0..size {
            let (v, w) = value(y * size + x);
            row = (row.0 + v * w, row.1 + w);
            let above = sums[y * stride + x + 1];
            sums[(y + 1) * stride + x + 1] = (above.0 + row.0, above.1 + row.1);
        }
    }
    let mut means = Vec::with_capacity(size * size);
    for y in 0..size {
        let (top, bottom) = (y.saturating_sub(AROUND), (y + AROUND + 1).min(size));
        for x in 0..size {
            let (left, right) = (x.saturating_sub(AROUND), (x + AROUND + 1).min(size));
            let at = |x: usize, y: usize| sums[y * stride + x];
            let (a, b, c, d) = (at(left, top), at(right, top), at(left, bottom), at(right, bottom));
            let (sum, weight) = (d.0 - b.0 - c.0 + a.0, d.1 - b.1 - c.1 + a.1);
            means.push(if weight > 0.5 { sum / weight } else { value(y * size + x).0 });
        }
    }
    means
}

/// Modules that one module's light spreads to, on either side.
const SPREAD: usize = 2;
const TAPS: usize = (2 * SPREAD + 1) * (2 * SPREAD + 1);

/// Steps of a round: first as if a module could have any shade, by conjugate gradients, then ever more as dark or
/// light. Deciding at once gets stuck: of blurs of 0.75 modules 4 codes of 18 are read so, and 11 with both.
const SHADED: usize = 12;
const DECIDING: usize = 4;

/// How much shades are kept small, in shares of a module's energy: noise would be enlarged without.
const DAMPING: f32 = 0.05;

/// Least share of the largest tap that is reckoned with.
const FAINT: f32 = 0.02;

/// The blur between modules being undone.
///
/// By turns: how each module spreads to its neighbours is measured from what the modules are believed to be, and
/// what they are is decided from what is left when all neighbours' light is taken away.
pub(crate) struct Unblur {
    size: usize,
    /// Modules of a side with a margin, which is light.
    wide: usize,
    seen: Vec<f32>,
    /// +1 and -1 for modules that are known, 0 for the others.
    sure: Vec<f32>,
    belief: Vec<f32>,
    out: Vec<f32>,
}

impl Unblur {
    /// Begins with evidence; `known` are modules of which something else is sure, +1 for dark, -1 for light.
    pub(crate) fn new(evidence: &[f32], layout: &Layout, known: &[i8]) -> Self {
        let size = layout.size;
        let wide = size + 2 * SPREAD;
        let (seen, sure) = (vec![0.0; wide * wide], vec![-1.0; wide * wide]);
        let mut it = Self { size, wide, seen, sure, belief: Vec::new(), out: Vec::new() };
        for (place, (module, evidence)) in layout.modules.iter().zip(evidence).enumerate() {
            let at = it.inner(place);
            it.seen[at] = *evidence;
            it.sure[at] = fixed(*module).map_or(0.0, |dark| if dark { 1.0 } else { -1.0 });
        }
        it.belief = it
            .sure
            .iter()
            .zip(&it.seen)
            .map(|(sure, seen)| if *sure == 0.0 { seen.clamp(-1.0, 1.0) } else { *sure })
            .collect();
        it.out = it.seen.clone();
        it.learn(known);
        it
    }

    fn inner(&self, place: usize) -> usize {
        (place / self.size + SPREAD) * self.wide + place % self.size + SPREAD
    }

    /// Takes modules that have become known.
    pub(crate) fn learn(&mut self, known: &[i8]) {
        for (place, known) in known.iter().enumerate().filter(|(_, known)| **known != 0) {
            let at = self.inner(place);
            self.sure[at] = f32::from(*known);
            self.belief[at] = f32::from(*known);
        }
    }

    /// One turn. `false` if nothing can be said of the blur.
    pub(crate) fn round(&mut self) -> bool {
        let Some((taps, offset)) = self.spread() else { return false };
        let energy: f32 = taps.iter().map(|tap| tap * tap).sum();
        if energy < 1e-4 {
            return false;
        }
        let strongest = taps.iter().fold(0.0_f32, |most, tap| most.max(tap.abs()));
        let taps: Vec<(usize, f32)> =
            self.offsets().zip(taps).filter(|(_, tap)| tap.abs() > strongest * FAINT).collect();
        self.shade(&taps, offset, energy);
        self.decide(&taps, offset, energy);
        true
    }

    /// Every module's shade, as if it could have any: least squares over all that are not known.
    fn shade(&mut self, taps: &[(usize, f32)], offset: f32, energy: f32) {
        let back = 2 * (SPREAD * self.wide + SPREAD);
        let turned: Vec<(usize, f32)> = taps.iter().map(|(offset, tap)| (back - offset, *tap)).collect();
        let free: Vec<f32> = self.sure.iter().map(|sure| if *sure == 0.0 { 1.0 } else { 0.0 }).collect();
        // What is left to explain, and the way downhill.
        let mut rest = vec![0.0; self.wide * self.wide];
        self.convolve(&self.belief, taps, &mut rest);
        for place in 0..self.size * self.size {
            let at = self.inner(place);
            rest[at] = self.seen[at] - offset - rest[at];
        }
        let damping = DAMPING * energy;
        let (mut slope, mut product, mut spread) =
            (vec![0.0; rest.len()], vec![0.0; rest.len()], vec![0.0; rest.len()]);
        self.convolve(&rest, &turned, &mut slope);
        for ((slope, belief), free) in slope.iter_mut().zip(&self.belief).zip(&free) {
            *slope = (*slope - damping * belief) * free;
        }
        let mut way = slope.clone();
        let mut steep: f32 = slope.iter().map(|slope| slope * slope).sum();
        for _ in 0..SHADED {
            if steep < 1e-6 {
                break;
            }
            self.convolve(&way, taps, &mut spread);
            self.convolve(&spread, &turned, &mut product);
            for ((product, way), free) in product.iter_mut().zip(&way).zip(&free) {
                *product = (*product + damping * way) * free;
            }
            let step = steep / way.iter().zip(&product).map(|(way, product)| way * product).sum::<f32>().max(1e-9);
            for ((belief, way), (slope, product)) in
                self.belief.iter_mut().zip(&way).zip(slope.iter_mut().zip(&product))
            {
                *belief += step * way;
                *slope -= step * product;
            }
            let now: f32 = slope.iter().map(|slope| slope * slope).sum();
            let keep = now / steep;
            steep = now;
            for (way, slope) in way.iter_mut().zip(&slope) {
                *way = *slope + keep * *way;
            }
        }
        for belief in &mut self.belief {
            *belief = belief.clamp(-1.3, 1.3);
        }
    }

    /// Every module's taps laid over it; the margin stays 0.
    fn convolve(&self, input: &[f32], taps: &[(usize, f32)], output: &mut [f32]) {
        let (wide, size) = (self.wide, self.size);
        let back = SPREAD * wide + SPREAD;
        for y in SPREAD..SPREAD + size {
            let row = y * wide + SPREAD;
            let out = &mut output[row..row + size];
            out.fill(0.0);
            for (offset, tap) in taps {
                for (out, value) in out.iter_mut().zip(&input[row - back + offset..]) {
                    *out += tap * value;
                }
            }
        }
    }

    /// Every module dark or light, ever more surely, one after the other.
    fn decide(&mut self, taps: &[(usize, f32)], offset: f32, energy: f32) {
        let back = SPREAD * self.wide + SPREAD;
        // What the belief does not explain; nothing is asked of the margin.
        let mut rest = vec![0.0; self.wide * self.wide];
        self.convolve(&self.belief, taps, &mut rest);
        let mut square = 0.0;
        for place in 0..self.size * self.size {
            let at = self.inner(place);
            rest[at] = self.seen[at] - offset - rest[at];
            square += rest[at] * rest[at];
        }
        let noise = (square / (self.size * self.size) as f32).max(0.003);
        let sharp = 1.0 / (noise * energy).sqrt();
        for sweep in 1..=DECIDING {
            let decided = 0.4 + 0.6 * sweep as f32 / DECIDING as f32;
            for place in 0..self.size * self.size {
                let at = self.inner(place);
                let matched: f32 = taps.iter().map(|(offset, tap)| rest[at - back + offset] * tap).sum();
                let pull = matched + energy * self.belief[at];
                self.out[at] = pull / energy;
                if self.sure[at] != 0.0 {
                    continue;
                }
                let next = (sharp * pull * decided).tanh();
                let change = next - self.belief[at];
                self.belief[at] = next;
                for (offset, tap) in taps {
                    rest[at - back + offset] -= change * tap;
                }
            }
            self.clear_margin(&mut rest);
        }
    }

    fn clear_margin(&self, rest: &mut [f32]) {
        let wide = self.wide;
        rest[..SPREAD * wide].fill(0.0);
        rest[(wide - SPREAD) * wide..].fill(0.0);
        for row in rest.chunks_exact_mut(wide) {
            row[..SPREAD].fill(0.0);
            row[wide - SPREAD..].fill(0.0);
        }
    }

    /// The evidence as it is now.
    pub(crate) fn evidence(&self) -> Vec<f32> {
        let at = |place| self.inner(place);
        (0..self.size * self.size).map(at).map(|at| (self.out[at].clamp(-2.0, 2.0) + self.belief[at]) / 2.0).collect()
    }

    /// Offsets of the modules around one, row by row, from the first of them.
    fn offsets(&self) -> impl Iterator<Item = usize> + use<> {
        let wide = self.wide;
        (0..TAPS).map(move |tap| tap / (2 * SPREAD + 1) * wide + tap % (2 * SPREAD + 1))
    }

    /// How one module spreads to its neighbours, and the evidence of none: least squares, leaning towards no spread.
    fn spread(&self) -> Option<([f32; TAPS], f32)> {
        const TERMS: usize = TAPS + 1;
        let mut normal = [[0.0_f64; TERMS + 1]; TERMS];
        let mut counted = 0.0;
        // Two thousand modules say it as well as all of them.
        let every = (self.size * self.size / 2000).max(1);
        let back = SPREAD * self.wide + SPREAD;
        for place in 0..self.size * self.size {
            let at = self.inner(place);
            let is_sure = self.sure[at] != 0.0;
            if !is_sure && place % every != 0 {
                continue;
            }
            let mut terms = [1.0_f32; TERMS];
            for (term, offset) in terms.iter_mut().zip(self.offsets()) {
                *term = self.belief[at - back + offset];
            }
            let weight = if is_sure { 3.0 } else { every as f32 };
            counted += f64::from(weight);
            for i in 0..TERMS {
                let scaled = weight * terms[i];
                for j in i..TERMS {
                    normal[i][j] += f64::from(scaled * terms[j]);
                }
                normal[i][TERMS] += f64::from(scaled * self.seen[at]);
            }
        }
        let leaning = counted * 0.02;
        for (i, j) in (0..TERMS).flat_map(|i| (0..i).map(move |j| (i, j))) {
            normal[i][j] = normal[j][i];
        }
        for (i, row) in normal.iter_mut().enumerate() {
            row[i] += leaning;
        }
        normal[TAPS / 2][TERMS] += leaning * 0.5;
        let solution = solve(normal)?.map(|value| value as f32);
        Some((std::array::from_fn(|tap| solution[tap]), solution[TAPS]))
    }
}
