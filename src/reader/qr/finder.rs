//! Where finder patterns seem to be: runs in the ratio 1:1:3:1:1 (ISO/IEC 18004 §6.3.3), row by row.

use super::Deadline;
use super::geometry::{Point, point};
use super::threshold::Bits;

/// Most places found, and most looked into, the tallest for their size first; a picture with more is made to keep a decoder busy.
const MOST_FOUND: usize = 4000;
const MOST: usize = 400;

/// Most unfinished places.
const MOST_OPEN: usize = 96;

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

/// Every such place, the tallest first; those of the upper part when the time is over.
pub(crate) fn spots(bits: &Bits, until: Deadline) -> Vec<Spot> {
    let mut spots = Vec::new();
    let (mut edges, mut open): (Vec<u16>, Vec<Stack>) = (Vec::with_capacity(bits.width), Vec::new());
    for y in (0..bits.height).step_by(STEP) {
        edges_of(bits.row(y), bits.width, &mut edges);
        for (index, five) in edges.windows(6).enumerate() {
            if let Some(module) = is_finder(five) {
                let x = (f32::from(five[2]) + f32::from(five[3])) / 2.0;
                stack(&mut open, x, module, index % 2 == 1, y);
            }
        }
        if y % (4 * STEP) != 0 {
            continue;
        }
        // A wide picture of stripes has hundreds of matches in each row.
        if y % (16 * STEP) == 0 && until.is_over() {
            break;
        }
        // A row or two may disagree: noise.
        open.retain(|stack| {
            let lives = y - stack.last <= stack.patience();
            if !lives && spots.len() < MOST_FOUND {
                spots.extend(spot(bits, stack));
            }
            lives
        });
    }
    spots.extend(open.iter().filter_map(|stack| spot(bits, stack)));
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

/// The module, if five runs are 1:1:3:1:1. A wrong threshold makes dark runs longer and light ones shorter, so
/// what is compared is the distance between edges of the same kind: 2, 4, 4 and 2 modules.
fn is_finder(edges: &[u16]) -> Option<f32> {
    let length = |from: usize, to: usize| i32::from(edges[to]) - i32::from(edges[from]);
    let whole = length(0, 5);
    // In sevenths: `part` of `modules` modules, within two fifths.
    let near = |part: i32, modules: i32| (part * 7 - modules * whole).abs() * 5 <= modules * whole * 2;
    // No single run of the ring may be out of all proportion.
    let slim = |run: i32| run * 7 <= whole * 2 + 7;
    // The core is nearly half of it.
    let core = length(2, 3);
    // All at once: which of them fails cannot be foretold, and a wrong guess costs the processor more than the rest.
    let fits = (core * 5 >= whole)
        & (core * 3 <= whole * 2)
        & (whole >= 7)
        & near(length(0, 2), 2)
        & near(length(1, 3), 4)
        & near(length(2, 4), 4)
        & near(length(3, 5), 2)
        & slim(length(0, 1))
        & slim(length(1, 2))
        & slim(length(3, 4))
        & slim(length(4, 5));
    fits.then_some(whole as f32 / 7.0)
}

fn stack(open: &mut Vec<Stack>, x: f32, module: f32, inverted: bool, y: usize) {
    let below = open.iter_mut().find(|stack| {
        stack.inverted == inverted
            && stack.last < y
            && y - stack.last <= stack.patience()
            && (stack.x - x).abs() <= stack.module.max(1.0)
            && module < stack.module * 1.5
            && stack.module < module * 1.5
    });
    match below {
        Some(stack) => {
            let rows = stack.rows as f32;
            stack.x = (stack.x * rows + x) / (rows + 1.0);
            stack.module = (stack.module * rows + module) / (rows + 1.0);
            stack.rows += 1;
            stack.last = y;
        }
        None => {
            if open.len() < MOST_OPEN {
                open.push(Stack { x, module, inverted, first: y, last: y, rows: 1 });
            }
        }
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
    let mut edges = [0_u16; 6];
    for (index, length) in lengths.iter().enumerate() {
        edges[index + 1] = edges[index] + *length as u16;
    }
    let module = is_finder(&edges)?;
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
