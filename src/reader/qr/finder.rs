//! Where finder patterns seem to be: runs in the ratio 1:1:3:1:1 (ISO/IEC 18004 §6.3.3), row by row.

use super::geometry::{Point, point};
use super::threshold::Bits;

/// Most places found, and most looked into, the tallest for their size first; a picture with more is made to keep a decoder busy.
const MOST_FOUND: usize = 4000;
const MOST: usize = 250;

/// Columns of a strip, and most unfinished places in it.
const STRIP: usize = 64;
const MOST_OPEN: usize = 24;

/// Pixels of the largest finder that is looked for.
const LARGEST: u16 = 1800;

/// Every how many rows are looked at: a module that is worth looking for has more than one.
const STEP: usize = 2;

/// Least height of a place, in modules; its core has three. One in a hundred that were read had less than 1.5.
const LEAST_TALL: f32 = 1.0;

/// A place where the runs agree in a row and in a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    pub center: Point,
    /// Pixels of a module along a row and along a column.
    pub module: Point,
    /// Light where a finder is dark.
    pub inverted: bool,
    /// Its height as far as rows agreed, in modules; at most three, the height of its core.
    pub tall: f32,
}

/// Rows that agree on a place, one below the other.
struct Stack {
    x: f32,
    module: f32,
    inverted: bool,
    first: usize,
    last: usize,
    rows: u32,
}

impl Stack {
    /// How many rows without agreement it survives.
    fn patience(&self) -> usize {
        STEP + (self.module / 2.0) as usize
    }
}

/// Every such place, the tallest first.
pub(crate) fn spots(bits: &Bits) -> Vec<Spot> {
    let mut spots = Vec::new();
    let (mut edges, mut fits): (Vec<u16>, Vec<u16>) = (Vec::with_capacity(bits.width), Vec::new());
    // By column, so that few must be asked whether a row belongs to them.
    let mut open: Vec<Vec<Stack>> = (0..=bits.width / STRIP).map(|_| Vec::new()).collect();
    for y in (0..bits.height).step_by(STEP) {
        edges_of(bits.row(y), bits.width, &mut edges);
        mark_finders(&edges, &mut fits);
        for (part, eight) in fits.chunks(8).enumerate() {
            if eight.iter().fold(0, |any, fits| any | fits) == 0 {
                continue;
            }
            for place in (0..eight.len()).filter(|place| eight[*place] != 0).map(|place| part * 8 + place) {
                let five = &edges[place..place + 6];
                let (x, module) = (f32::from(five[2] + five[3]) / 2.0, f32::from(five[5] - five[0]) / 7.0);
                stack(&mut open, x, module, place % 2 == 1, y);
            }
        }
        if y % (4 * STEP) != 0 {
            continue;
        }
        // A row or two may disagree: noise.
        for open in &mut open {
            open.retain(|stack| {
                let lives = y - stack.last <= stack.patience();
                if !lives && spots.len() < MOST_FOUND {
                    spots.extend(spot(bits, stack));
                }
                lives
            });
        }
    }
    spots.extend(open.iter().flatten().filter_map(|stack| spot(bits, stack)));
    spots.sort_by(|a: &Spot, b: &Spot| b.tall.total_cmp(&a.tall));
    spots.truncate(MOST);
    spots
}

/// Columns in which a row changes between light and dark, beginning with light; the last is its end.
fn edges_of(words: &[u64], width: usize, edges: &mut Vec<u16>) {
    edges.clear();
    let mut before = 0;
    for (index, word) in words.iter().enumerate() {
        let mut changes = word ^ (word << 1 | before);
        before = word >> 63;
        while changes != 0 {
            edges.push((index * 64) as u16 + changes.trailing_zeros() as u16);
            changes &= changes - 1;
        }
    }
    if before == 1 || edges.len() % 2 == 1 {
        edges.push(width as u16);
    }
}

/// For every edge 1, if the five runs from it are 1:1:3:1:1, else 0. A wrong threshold makes dark runs longer and
/// light ones shorter, so what is compared is the distance between edges of the same kind: 2, 4, 4 and 2 modules.
///
/// Nothing in it branches: which of the conditions fails cannot be foretold, and eight edges are compared at once.
fn mark_finders(edges: &[u16], fits: &mut Vec<u16>) {
    fits.clear();
    let Some(count) = edges.len().checked_sub(5) else { return };
    let [a, b, c, d, e, f] = std::array::from_fn(|shift| &edges[shift..shift + count]);
    fits.extend(a.iter().zip(b).zip(c.iter().zip(d)).zip(e.iter().zip(f)).map(|(((a, b), (c, d)), (e, f))| {
        let whole = f - a;
        let core = d - c;
        // Whole is seven modules: `part` of two is within two fifths if it is from 6/35 to 14/35 of it.
        let two = |part: u16| {
            (part.wrapping_mul(35) >= whole.wrapping_mul(6)) & (part.wrapping_mul(35) <= whole.wrapping_mul(14))
        };
        let four = |part: u16| {
            (part.wrapping_mul(35) >= whole.wrapping_mul(12)) & (part.wrapping_mul(35) <= whole.wrapping_mul(28))
        };
        // No single run of the ring may be out of all proportion.
        let slim = |run: u16| run.wrapping_mul(7) <= whole.wrapping_mul(2).wrapping_add(7);
        // What is larger is looked for in a smaller rendering, and here the products would not fit.
        let sane = (whole >= 7) & (whole <= LARGEST);
        // The core is nearly half of it.
        let cored = (core.wrapping_mul(5) >= whole) & (core.wrapping_mul(3) <= whole.wrapping_mul(2));
        let spaced = two(c - a) & four(d - b) & four(e - c) & two(f - d);
        u16::from(sane & cored & spaced & slim(b - a) & slim(c - b) & slim(e - d) & slim(f - e))
    }));
}

fn stack(open: &mut [Vec<Stack>], x: f32, module: f32, inverted: bool, y: usize) {
    let strip = x as usize / STRIP;
    let belongs = |stack: &Stack| {
        stack.inverted == inverted
            && stack.last < y
            && y - stack.last <= stack.patience()
            && (stack.x - x).abs() <= stack.module.max(1.0)
            && module < stack.module * 1.5
            && stack.module < module * 1.5
    };
    for near in strip.saturating_sub(1)..(strip + 2).min(open.len()) {
        if let Some(stack) = open[near].iter_mut().find(|stack| belongs(stack)) {
            let rows = stack.rows as f32;
            stack.x = (stack.x * rows + x) / (rows + 1.0);
            stack.module = (stack.module * rows + module) / (rows + 1.0);
            stack.rows += 1;
            stack.last = y;
            return;
        }
    }
    if open[strip].len() < MOST_OPEN {
        open[strip].push(Stack { x, module, inverted, first: y, last: y, rows: 1 });
    }
}

/// A spot, if the column through the middle of a stack agrees as well.
fn spot(bits: &Bits, stack: &Stack) -> Option<Spot> {
    let x = (stack.x as usize).min(bits.width - 1);
    let y = usize::midpoint(stack.first, stack.last);
    let dark = !stack.inverted;
    if bits.is_dark(x, y) != dark {
        return None;
    }
    // A tilted code may be a few times higher than wide, or the reverse.
    let longest = (stack.module * 14.0) as usize + 4;
    let [up_core, up_light, up_ring] = runs(bits, x, (0..y).rev(), dark, longest)?;
    let [down_core, down_light, down_ring] = runs(bits, x, y..bits.height, dark, longest)?;
    let lengths = [up_ring, up_light, up_core + down_core, down_light, down_ring];
    let (mut edges, mut fits) = ([0_u16; 6], Vec::with_capacity(1));
    for (index, length) in lengths.iter().enumerate() {
        edges[index + 1] = edges[index] + *length as u16;
    }
    mark_finders(&edges, &mut fits);
    if fits != [1] {
        return None;
    }
    let module = f32::from(edges[5]) / 7.0;
    let tall = ((stack.rows as usize * STEP) as f32 / module).min(3.0);
    if tall < LEAST_TALL {
        return None;
    }
    let center = point(stack.x, y as f32 + (down_core as f32 - up_core as f32) / 2.0);
    Some(Spot { center, module: point(stack.module, module), inverted: stack.inverted, tall })
}

/// Lengths of the next three runs of a column, the first of the core's colour; none if one has no end in reach.
fn runs(
    bits: &Bits,
    x: usize,
    mut rows: impl Iterator<Item = usize>,
    dark: bool,
    longest: usize,
) -> Option<[usize; 3]> {
    let mut lengths = [0; 3];
    let mut first = 0;
    for (place, length) in lengths.iter_mut().enumerate() {
        *length = first;
        let wanted = dark == (place % 2 == 0);
        loop {
            // The edge of the picture ends the ring, nothing else.
            let Some(row) = rows.next() else { return (place == 2 && *length > 0).then_some(lengths) };
            if bits.is_dark(x, row) != wanted {
                break;
            }
            *length += 1;
            if *length > longest {
                return None;
            }
        }
        // The pixel that ended this run begins the next.
        first = 1;
    }
    Some(lengths)
}
