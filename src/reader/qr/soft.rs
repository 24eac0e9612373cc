//! From shades to evidence: how sure it is that a module is dark.
//!
//! Evidence is one number a module: positive for dark, negative for light, 1 when as clear as most of its
//! surroundings. Blur is undone here, between modules, where it is cheap: what the camera did to one module it did
//! to all, and hundreds of modules are the same in every code.

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
    let whole = light.iter().zip(&dark).map(|(light, dark)| (light - dark).max(0.0)).sum::<f32>() / (2 * light.len()) as f32;
    let mut evidence = Vec::with_capacity(size * size);
    for (y, row) in rows() {
        for (index, shades) in row.chunks(CELL).enumerate() {
            let cell = y / CELL * cells + index;
            // Where all is of one shade, nothing is said.
            let (light, dark) = if light[cell] > dark[cell] { (light[cell], dark[cell]) } else { (means[cell], means[cell]) };
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
    let light = local_means(size, |at| if shades[at] > mean[at] { (shades[at], 1.0) } else { (0.0, 0.0) });
    let dark = local_means(size, |at| if shades[at] > mean[at] { (0.0, 0.0) } else { (shades[at], 1.0) });
    let whole: f32 = light.iter().zip(&dark).map(|(light, dark)| light - dark).sum::<f32>() / (2.0 * shades.len() as f32);
    shades
        .iter()
        .zip(light.iter().zip(&dark))
        .map(|(shade, (light, dark))| {
            let contrast = ((light - dark) / 2.0).max(whole * 0.4).max(0.5);
            (((light + dark) / 2.0 - shade) / contrast).clamp(-2.0, 2.0)
        })
        .collect()
}

/// For every module the mean of a value, with its weight, over those around it.
fn local_means(size: usize, value: impl Fn(usize) -> (f32, f32)) -> Vec<f32> {
    // Sums over columns of the window, then over its rows.
    let stride = size + 1;
    let mut sums = vec![(0.0_f32, 0.0_f32); stride * stride];
    for y in 0..size {
        let mut row = (0.0, 0.0);
        for x in 0..size {
            let (v, w) = value(y * size + x);
            row = (row.0 + v, row.1 + w);
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

/// Evidence with the blur between modules undone.
///
/// By turns: how each module spreads to its neighbours is measured from what the modules are believed to be, and
/// what they are is decided from what is left when all neighbours' light is taken away. `known` are modules of
/// which something else is sure, +1 for dark, -1 for light, 0 for not known.
pub(crate) fn unblurred(evidence: &[f32], layout: &Layout, known: &[i8], rounds: usize) -> Vec<f32> {
    let size = layout.size;
    // With a margin, which is light.
    let wide = size + 2 * SPREAD;
    let inner = |at: usize| (at / size + SPREAD) * wide + at % size + SPREAD;
    let (mut seen, mut sure) = (vec![0.0; wide * wide], vec![-1.0; wide * wide]);
    for (at, (module, known)) in layout.modules.iter().zip(known).enumerate() {
        seen[inner(at)] = evidence[at];
        sure[inner(at)] = fixed(*module).map_or(f32::from(*known), |dark| if dark { 1.0 } else { -1.0 });
    }
    let mut belief: Vec<f32> =
        sure.iter().zip(&seen).map(|(sure, seen)| if *sure != 0.0 { *sure } else { seen.clamp(-1.0, 1.0) }).collect();
    let mut out = seen.clone();
    for round in 0..rounds {
        let Some((taps, offset)) = spread(&seen, &belief, &sure, size) else { break };
        let energy: f32 = taps.iter().map(|tap| tap * tap).sum();
        if energy < 1e-4 {
            break;
        }
        // What the belief does not explain.
        let mut rest = vec![0.0; wide * wide];
        let mut square = 0.0;
        for at in (0..size * size).map(inner) {
            let explained: f32 = around(at, wide).zip(&taps).map(|(near, tap)| belief[near] * tap).sum();
            rest[at] = seen[at] - offset - explained;
            square += rest[at] * rest[at];
        }
        let noise = (square / (size * size) as f32).max(0.003);
        let sharp = if round + 1 < rounds { 1.0 } else { 1.5 } / (noise * energy).sqrt();
        for sweep in 0..3 {
            for at in (0..size * size).map(inner) {
                let matched: f32 = around(at, wide).zip(&taps).map(|(near, tap)| rest[near] * tap).sum();
                let pull = matched + energy * belief[at];
                out[at] = pull / energy;
                if sure[at] != 0.0 {
                    continue;
                }
                let change = ((sharp * pull).tanh() - belief[at]) * if sweep == 0 { 0.7 } else { 1.0 };
                belief[at] += change;
                for (near, tap) in around(at, wide).zip(&taps) {
                    rest[near] -= change * tap;
                }
            }
            for at in 0..wide {
                for side in 0..SPREAD {
                    for margin in [side * wide + at, (wide - 1 - side) * wide + at, at * wide + side, at * wide + wide - 1 - side] {
                        rest[margin] = 0.0;
                    }
                }
            }
        }
    }
    (0..size * size).map(inner).map(|at| out[at].clamp(-2.0, 2.0) * 0.5 + belief[at] * 0.5).collect()
}

/// The modules around one, row by row.
fn around(at: usize, size: usize) -> impl Iterator<Item = usize> {
    let first = at - SPREAD * size - SPREAD;
    (0..TAPS).map(move |tap| first + tap / (2 * SPREAD + 1) * size + tap % (2 * SPREAD + 1))
}

/// How one module spreads to its neighbours: least squares over all modules, with a leaning towards no spread.
fn spread(seen: &[f32], belief: &[f32], sure: &[f32], size: usize) -> Option<([f32; TAPS], f32)> {
    const TERMS: usize = TAPS + 1;
    let mut normal = [[0.0_f64; TERMS + 1]; TERMS];
    let mut counted = 0.0;
    let wide = size + 2 * SPREAD;
    // Two thousand modules say it as well as all of them.
    let every = (size * size / 2000).max(1);
    for (index, place) in (0..size * size).enumerate() {
        let at = (place / size + SPREAD) * wide + place % size + SPREAD;
        if sure[at] == 0.0 && index % every != 0 {
            continue;
        }
        let mut terms = [1.0_f32; TERMS];
        for (term, near) in terms.iter_mut().zip(around(at, wide)) {
            *term = belief[near];
        }
        let weight = if sure[at] != 0.0 { 3.0 } else { every as f32 };
        counted += f64::from(weight);
        for i in 0..TERMS {
            let scaled = weight * terms[i];
            for j in i..TERMS {
                normal[i][j] += f64::from(scaled * terms[j]);
            }
            normal[i][TERMS] += f64::from(scaled * seen[at]);
        }
    }
    for i in 0..TERMS {
        for j in 0..i {
            normal[i][j] = normal[j][i];
        }
        normal[i][i] += counted * 0.02;
    }
    normal[TAPS / 2][TERMS] += counted * 0.02 * 0.5;
    let solution = super::geometry::solve(normal)?;
    let mut taps = [0.0; TAPS];
    for (tap, value) in taps.iter_mut().zip(solution) {
        *tap = value as f32;
    }
    Some((taps, solution[TAPS] as f32))
}
