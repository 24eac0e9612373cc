//! Points, and the maps between the modules of a code and the pixels of a picture.

use std::ops::{Add, Mul, Sub};

/// A point or a vector: in pixels of a picture, or in modules of a code.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Point {
    pub x: f32,
    pub y: f32,
}

pub(crate) const fn point(x: f32, y: f32) -> Point {
    Point { x, y }
}

impl Point {
    pub(crate) fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    pub(crate) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// Positive when `other` lies clockwise of it, as a picture's rows go down.
    pub(crate) fn cross(self, other: Self) -> f32 {
        self.x * other.y - self.y * other.x
    }
}

impl Add for Point {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        point(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        point(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Point {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        point(self.x * by, self.y * by)
    }
}

/// Where the line through `a` along `u` meets the line through `b` along `v`.
pub(crate) fn meet(a: Point, u: Point, b: Point, v: Point) -> Option<Point> {
    let across = u.cross(v);
    (across.abs() > 1e-6 * u.length() * v.length()).then(|| a + u * ((b - a).cross(v) / across))
}

/// A perspective map from modules to pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Homography([f32; 8]);

impl Homography {
    pub(crate) fn map(&self, p: Point) -> Point {
        let [a, b, c, d, e, f, g, h] = self.0;
        let w = 1.0 / (g * p.x + h * p.y + 1.0);
        point((a * p.x + b * p.y + c) * w, (d * p.x + e * p.y + f) * w)
    }

    /// The pixels of one module to the right and one module down, at a point.
    pub(crate) fn steps(&self, p: Point) -> (Point, Point) {
        let at = self.map(p);
        (self.map(p + point(1.0, 0.0)) - at, self.map(p + point(0.0, 1.0)) - at)
    }

    /// The map that brings the pairs nearest to each other, least squares with weights; it needs four.
    pub(crate) fn fit(pairs: &[(Point, Point, f32)]) -> Option<Self> {
        // Around the middle and in units of the spread, or the squares of hundreds of pixels drown the rest.
        let from = Unit::of(pairs.iter().map(|pair| pair.0))?;
        let to = Unit::of(pairs.iter().map(|pair| pair.1))?;
        let mut normal = [[0.0_f64; 9]; 8];
        for (p, q, weight) in pairs {
            let ((x, y), (u, v)) = (from.take(*p), to.take(*q));
            let rows = [[x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u], [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v]];
            for row in rows {
                for (i, line) in normal.iter_mut().enumerate() {
                    for (cell, value) in line.iter_mut().zip(&row) {
                        *cell += f64::from(*weight) * row[i] * value;
                    }
                }
            }
        }
        let [a, b, c, d, e, f, g, h] = solve(normal)?;
        // Undo both units: T⁻¹ · H · F.
        let middle = [[a, b, c], [d, e, f], [g, h, 1.0]];
        let first = [
            [1.0 / from.spread, 0.0, -from.x / from.spread],
            [0.0, 1.0 / from.spread, -from.y / from.spread],
            [0.0, 0.0, 1.0],
        ];
        let last = [[to.spread, 0.0, to.x], [0.0, to.spread, to.y], [0.0, 0.0, 1.0]];
        let m = times(&last, &times(&middle, &first));
        let scale = m[2][2];
        let map = [m[0][0], m[0][1], m[0][2], m[1][0], m[1][1], m[1][2], m[2][0], m[2][1]].map(|v| (v / scale) as f32);
        map.iter().all(|value| value.is_finite()).then_some(Self(map))
    }
}

fn times(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// The middle and the spread of some points.
struct Unit {
    x: f64,
    y: f64,
    spread: f64,
}

impl Unit {
    fn of(points: impl Iterator<Item = Point> + Clone) -> Option<Self> {
        let count = points.clone().count() as f64;
        let sum = |of: fn(Point) -> f32| points.clone().map(|p| f64::from(of(p))).sum::<f64>() / count;
        let (x, y) = (sum(|p| p.x), sum(|p| p.y));
        let spread = points.map(|p| (f64::from(p.x) - x).abs() + (f64::from(p.y) - y).abs()).sum::<f64>() / count;
        (spread.is_finite() && spread > 1e-6).then_some(Self { x, y, spread })
    }

    fn take(&self, p: Point) -> (f64, f64) {
        ((f64::from(p.x) - self.x) / self.spread, (f64::from(p.y) - self.y) / self.spread)
    }
}

/// Solves `N` linear equations, the right side in column `N`; `M` is `N + 1`.
pub(crate) fn solve<const N: usize, const M: usize>(mut rows: [[f64; M]; N]) -> Option<[f64; N]> {
    for column in 0..N {
        let pivot = (column..N).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        let head = rows[column];
        if head[column].is_nan() || head[column].abs() <= 1e-12 {
            return None;
        }
        for row in rows.iter_mut().skip(column + 1) {
            let factor = row[column] / head[column];
            for (cell, above) in row.iter_mut().zip(&head).skip(column) {
                *cell -= factor * above;
            }
        }
    }
    let mut solution = [0.0; N];
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|column| rows[row][column] * solution[column]).sum();
        solution[row] = (rows[row][N] - known) / rows[row][row];
    }
    Some(solution)
}
