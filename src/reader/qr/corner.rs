//! The shape of one finder pattern: its middle, its two axes, how light and dark it is.
//!
//! Rays from its middle cross three concentric squares; the squares of a plane seen at an angle are
//! parallelograms, and one affine map fits all three. It tells a finder from what only looks like one in a row and
//! a column, and gives the directions and the scale in which the other finders must lie.

use super::finder::Spot;
use super::geometry::{Point, point, solve};
use super::image::View;
use super::threshold::Bits;

/// Rays from the middle, and the rounds in which they are cast.
const RAYS: usize = 24;
const ROUNDS: usize = 3;

/// Half the sides of the three squares, in modules: the core, and the ring's inner and outer edge.
const LEVELS: [f32; 3] = [1.5, 2.5, 3.5];

/// Largest root mean square distance of the edges from the squares, in modules, and least likeness. Of the finders
/// of codes that were read, one in a thousand has more than 0.2 or less than 0.75; of what is none, one in a hundred
/// has less than 0.26, and one in twenty more than 0.6.
const WORST: f32 = 0.26;
const LEAST_ALIKE: f32 = 0.55;

/// A finder pattern with its own little map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Corner {
    pub center: Point,
    /// Pixels of one module along its two axes.
    pub axes: [Point; 2],
    /// Module coordinates from pixels: one row for each axis.
    inverse: [Point; 2],
    pub inverted: bool,
    /// Shades of its dark and light parts, as they are in the picture.
    pub dark: f32,
    pub light: f32,
    /// Root mean square distance of the edges from the squares, in modules.
    pub error: f32,
    /// How much it looks like a finder, module by module: correlation, 1 is perfect.
    pub likeness: f32,
}

impl Corner {
    /// Where a point of the picture lies, in this finder's modules from its middle.
    pub(crate) fn modules(&self, p: Point) -> Point {
        let from = p - self.center;
        point(self.inverse[0].dot(from), self.inverse[1].dot(from))
    }

    /// Pixels of a module, the mean of both directions.
    pub(crate) fn module(&self) -> f32 {
        self.axes[0].cross(self.axes[1]).abs().sqrt()
    }
}

/// Measures a finder at a spot.
pub(crate) fn measure(image: View<'_>, bits: &Bits, spot: &Spot) -> Option<Corner> {
    if !has_rings(bits, spot) {
        return None;
    }
    let sign = if spot.inverted { -1.0 } else { 1.0 };
    let at = |u: f32, v: f32| sign * image.sample(spot.center + point(u * spot.module.x, v * spot.module.y));
    let mean = |radius: f32| (at(radius, 0.0) + at(-radius, 0.0) + at(0.0, radius) + at(0.0, -radius)) / 4.0;
    let (core, light, ring, outside) = ((at(0.0, 0.0) + mean(0.7)) / 2.0, mean(2.0), mean(3.0), mean(4.0));
    let dark = core.min(ring);
    // Edges are where the picture is halfway between dark and light; of a blurred finder the rings are paler than
    // the core and the margin, and must still be told apart.
    let pale = (light - ring) / 4.0;
    let limit = ((core + outside.max(light)) / 2.0).min(light - pale).max(ring + pale);
    if light - core < 6.0 || light - ring < 4.0 {
        return None;
    }
    let mut rays: Vec<Crossings> = Vec::with_capacity(RAYS);
    for round in 0..ROUNDS {
        rays.extend((0..RAYS / ROUNDS).map(|ray| cast(image, spot, sign, limit, ray * ROUNDS + round)));
        // Two of three edges must be there, or it is none; mostly that shows at once.
        if rays.iter().flatten().flatten().count() < rays.len() * 2 {
            return None;
        }
    }
    let levels = levels(&rays);
    let points: Vec<(Point, f32)> =
        rays.iter().flat_map(|ray| ray.iter().zip(levels).filter_map(|(p, level)| p.map(|p| (p, level)))).collect();
    let mut rows = first_guess(&points)?;
    let mut error = f32::MAX;
    for round in 0..4 {
        (rows, error) = improve(&points, rows, if round < 2 { 1.0 } else { 0.6 })?;
    }
    if error > WORST {
        return None;
    }
    let [[a, b, c], [d, e, f]] = rows;
    let across = a * e - b * d;
    let axes = [point(e, -d) * (1.0 / across), point(-b, a) * (1.0 / across)];
    let (u, v) = (axes[0].length(), axes[1].length());
    // Seen so flat that nothing can be read, or not a square at all.
    let flat = u.max(v) / u.min(v);
    if flat.is_nan() || flat > 6.0 || axes[0].dot(axes[1]).abs() > 0.9 * u * v {
        return None;
    }
    let center = spot.center + axes[0] * -c + axes[1] * -f;
    let inverse = [point(a, b), point(d, e)];
    let (dark, light) = (sign * dark, sign * light);
    let likeness = likeness(image, center, axes, sign);
    if likeness < LEAST_ALIKE {
        return None;
    }
    Some(Corner { center, axes, inverse, inverted: spot.inverted, dark, light, error, likeness })
}

/// Where, within `reach` modules of where it should be, something looks most like a finder with these axes: one that
/// is too damaged or too pale to be found by itself.
pub(crate) fn seek(image: View<'_>, like: &Corner, center: Point, reach: f32) -> Corner {
    let sign = if like.inverted { -1.0 } else { 1.0 };
    let mut best = (likeness(image, center, like.axes, sign) + 0.15, center);
    for step in [0.75, 0.25] {
        let middle = best.1;
        let steps = if step > 0.5 { (reach / step) as i32 } else { 2 };
        for y in -steps..=steps {
            for x in -steps..=steps {
                let at = middle + like.axes[0] * (x as f32 * step) + like.axes[1] * (y as f32 * step);
                let alike = likeness(image, at, like.axes, sign);
                if alike > best.0 {
                    best = (alike, at);
                }
            }
        }
    }
    Corner { center: best.1, likeness: best.0, ..*like }
}

/// Correlation of the modules of a finder with what they should be.
fn likeness(image: View<'_>, center: Point, [u, v]: [Point; 2], sign: f32) -> f32 {
    let (mut sum, mut square, mut dark, mut light) = (0.0, 0.0, 0.0, 0.0);
    for y in -3_i32..=3 {
        for x in -3_i32..=3 {
            let shade = sign * image.sample(center + u * x as f32 + v * y as f32);
            sum += shade;
            square += shade * shade;
            if x.abs().max(y.abs()) == 2 { light += shade } else { dark += shade }
        }
    }
    let deviation = (square / 49.0 - sum * sum / 2401.0).max(0.0).sqrt();
    // 33 dark modules and 16 light ones: the deviation of a perfect one is 0.47 of its contrast.
    (light / 16.0 - dark / 33.0) * 0.469 / (deviation + 1.0)
}

/// Whether rays in the bits meet the edges of the three squares about where they must be, 1.5, 2.5 and 3.5 modules out
/// whatever a module is along that ray: cheap, and rejects most of what only seems to be a finder in a row and a column.
fn has_rings(bits: &Bits, spot: &Spot) -> bool {
    let fits = |(x, y): &&(f32, f32)| {
        let along = point(x * spot.module.x, y * spot.module.y);
        let step = (0.9 / along.length()).clamp(0.2, 0.5);
        let (mut edges, mut found, mut t) = ([0.0; 3], 0, 0.0);
        while found < 3 && t < FARTHEST[found] {
            let at = spot.center + along * t;
            // `as` saturates at 0.
            let (x, y) = ((at.x as usize).min(bits.width - 1), (at.y as usize).min(bits.height - 1));
            if (bits.is_dark(x, y) == spot.inverted) == (found % 2 == 0) {
                edges[found] = t - step / 2.0;
                found += 1;
            }
            t += step;
        }
        let [core, inner, outer] = edges;
        found == 3 && inner > core * 1.15 && inner < core * 2.6 && outer > core * 1.5 && outer < core * 3.6
    };
    DIRECTIONS.iter().filter(fits).count() >= LEAST_RAYS
}

/// Eight ways from a middle, and how many of them must fit.
const DIRECTIONS: [(f32, f32); 8] = [
    (1.0, 0.0),
    (0.707, 0.707),
    (0.0, 1.0),
    (-0.707, 0.707),
    (-1.0, 0.0),
    (-0.707, -0.707),
    (0.0, -1.0),
    (0.707, -0.707),
];
const LEAST_RAYS: usize = 5;

/// Half the sides of the three squares as they are seen, in modules: ink that ran, light that blooms and blur make the
/// core larger or smaller, and the ring wider or narrower, than they are.
fn levels(rays: &[Crossings]) -> [f32; 3] {
    let ratio = |level: usize| {
        let (mut sum, mut count) = (LEVELS[level] / LEVELS[1], 1.0);
        for ray in rays {
            if let (Some(edge), Some(inner)) = (ray[level], ray[1]) {
                sum += edge.length() / inner.length().max(0.1);
                count += 1.0;
            }
        }
        sum / count * LEVELS[1]
    };
    [ratio(0).clamp(0.9, 1.9), LEVELS[1], ratio(2).clamp(3.0, 4.2)]
}

/// How far out each edge may be, in modules of a row or column: a diagonal has 1.41 of the side.
const FARTHEST: [f32; 3] = [3.0, 4.4, 6.0];

type Crossings = [Option<Point>; 3];

/// Where a ray crosses from dark to light, to dark, to light; relative to the spot.
fn cast(image: View<'_>, spot: &Spot, sign: f32, limit: f32, ray: usize) -> Crossings {
    let step = (0.5 / spot.module.x.max(spot.module.y)).clamp(0.12, 0.34);
    let (sin, cos) = (ray as f32 * std::f32::consts::TAU / RAYS as f32).sin_cos();
    let along = point(cos * spot.module.x, sin * spot.module.y);
    let mut crossings: Crossings = [None; 3];
    let (mut found, mut before) = (0, f32::MIN);
    let mut t = 0.0;
    while found < 3 && t < FARTHEST[found] {
        let is = sign * image.sample(spot.center + along * t);
        let light = found % 2 == 0;
        if (is >= limit) == light && t > 0.0 {
            let part = if before == f32::MIN || is == before { 0.0 } else { (is - limit) / (is - before) };
            crossings[found] = Some(along * (t - step * part.clamp(0.0, 1.0)));
            found += 1;
        }
        before = is;
        t += step;
    }
    crossings
}

type Rows = [[f32; 3]; 2];

/// The map in closed form: what makes the spread of the edges round, turned so that the corners of the squares,
/// which are farthest from the middle, lie between the axes.
fn first_guess(points: &[(Point, f32)]) -> Option<Rows> {
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (p, level) in points {
        let p = *p * (1.0 / level);
        (xx, xy, yy) = (xx + p.x * p.x, xy + p.x * p.y, yy + p.y * p.y);
    }
    let count = points.len() as f32;
    (xx, xy, yy) = (xx / count, xy / count, yy / count);
    // The inverse of the Cholesky factor of the spread.
    let a = xx.sqrt();
    let b = xy / a;
    let c = (yy - b * b).sqrt();
    if !(a > 0.0 && c > 0.0) {
        return None;
    }
    let round = |p: Point| point(p.x / a, (p.y - b * p.x / a) / c);
    let (mut re, mut im) = (0.0, 0.0);
    for (p, level) in points {
        // The fourth power of x + iy turns four times as fast, and is large where it is far out.
        let q = round(*p * (1.0 / level));
        let (a, b) = (q.x * q.x - q.y * q.y, 2.0 * q.x * q.y);
        (re, im) = (re + a * a - b * b, im + 2.0 * a * b);
    }
    let turn = (im.atan2(re) + std::f32::consts::PI) / 4.0;
    let (sin, cos) = turn.sin_cos();
    // What the spread of a unit square's edge along one axis is, seen along rays an equal angle apart.
    let scale = 0.8;
    let row = |u: f32, v: f32| [scale * (u / a - v * b / (a * c)), scale * v / c, 0.0];
    Some([row(cos, sin), row(-sin, cos)])
}

/// One round of least squares: every edge point is on one side of its square.
fn improve(points: &[(Point, f32)], rows: Rows, reach: f32) -> Option<(Rows, f32)> {
    let mut normals = [[[0.0_f64; 4]; 3]; 2];
    let (mut used, mut square) = (0_usize, 0.0);
    for (p, level) in points {
        let value = rows.map(|[a, b, c]| a * p.x + b * p.y + c);
        let side = usize::from(value[1].abs() > value[0].abs());
        let off = value[side].abs() - level;
        if off.abs() > reach {
            continue;
        }
        used += 1;
        square += off * off;
        let terms = [p.x, p.y, 1.0, level.copysign(value[side])].map(f64::from);
        for (i, row) in normals[side].iter_mut().enumerate() {
            for (cell, term) in row.iter_mut().zip(terms) {
                *cell += terms[i] * term;
            }
        }
    }
    if used < RAYS * 3 / 2 {
        return None;
    }
    let [first, second] = normals.map(solve);
    let rows = [first?, second?].map(|row| row.map(|value| value as f32));
    // What lies apart counts too, or a few edges that happen to agree make a finder of anything.
    let missed = (RAYS * 3 - used) as f32 * 0.12;
    Some((rows, ((square + missed) / (RAYS * 3) as f32).sqrt()))
}
