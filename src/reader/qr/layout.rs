//! What stands where in a code (ISO/IEC 18004:2015 §7): sizes, patterns, the order of the bits, the blocks.

use std::sync::{Arc, OnceLock};

/// Codewords for correction in each block, by level (L, M, Q, H) and version (§7.5.1, table 9).
#[rustfmt::skip]
const CORRECTION: [[u8; 40]; 4] = [
    [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
    [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28],
    [13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
    [17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
];

/// Blocks, by level and version (the same table).
#[rustfmt::skip]
const BLOCKS: [[u8; 40]; 4] = [
    [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25],
    [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49],
    [1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68],
    [1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81],
];

/// How a version and a level of correction divide the codewords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub count: usize,
    /// Codewords for correction in each.
    pub correction: usize,
}

/// Level of correction and mask (§7.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    /// 0 is L, 1 is M, 2 is Q, 3 is H.
    pub level: usize,
    pub mask: usize,
}

/// What a module is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Module {
    /// The same in every code of this size.
    Fixed { dark: bool },
    /// A bit of the format or the version.
    Told,
    /// A bit of a codeword.
    Data,
}

/// One version's plan.
pub(crate) struct Layout {
    pub version: usize,
    /// Modules of a side.
    pub size: usize,
    /// What every module is for, row by row.
    pub modules: Vec<Module>,
    /// Places of the bits of the codewords, in their order; those left over are not among them.
    pub bits: Vec<u32>,
    /// Middles of the alignment patterns, in modules, column and row.
    pub alignments: Vec<(usize, usize)>,
}

/// The plan of a version from 1 to 40; made once.
pub(crate) fn layout(version: usize) -> Option<Arc<Layout>> {
    static MADE: [OnceLock<Arc<Layout>>; 40] = [const { OnceLock::new() }; 40];
    MADE.get(version.wrapping_sub(1)).map(|made| made.get_or_init(|| Arc::new(Layout::new(version))).clone())
}

impl Layout {
    fn new(version: usize) -> Self {
        let size = version * 4 + 17;
        let mut plan =
            Self { version, size, modules: vec![Module::Data; size * size], bits: Vec::new(), alignments: Vec::new() };
        let mut set = |x: usize, y: usize, module| plan.modules[y * size + x] = module;
        for at in 0..size {
            let fixed = Module::Fixed { dark: at % 2 == 0 };
            set(at, 6, fixed);
            set(6, at, fixed);
        }
        let corners = [(3, 3), (size - 4, 3), (3, size - 4)];
        for (y, x) in (0..9).flat_map(|y| (0..9).map(move |x| (y, x))) {
            for (cx, cy) in corners {
                let (Some(px), Some(py)) = ((cx + x).checked_sub(4), (cy + y).checked_sub(4)) else { continue };
                if px < size && py < size {
                    let ring = x.abs_diff(4).max(y.abs_diff(4));
                    set(px, py, Module::Fixed { dark: ring != 2 && ring != 4 });
                }
            }
        }
        let steps = alignment_steps(version);
        for (i, y) in steps.iter().enumerate() {
            for (j, x) in steps.iter().enumerate() {
                let last = steps.len() - 1;
                if (i == 0 && (j == 0 || j == last)) || (i == last && j == 0) {
                    continue;
                }
                for (dy, dx) in (0..5).flat_map(|dy| (0..5).map(move |dx| (dy, dx))) {
                    let ring = dx_abs(dx).max(dx_abs(dy));
                    set(x + dx - 2, y + dy - 2, Module::Fixed { dark: ring != 1 });
                }
                plan.alignments.push((*x, *y));
            }
        }
        let mut set = |x: usize, y: usize, module| plan.modules[y * size + x] = module;
        for [first, second] in format_places(size) {
            set(first.0, first.1, Module::Told);
            set(second.0, second.1, Module::Told);
        }
        set(8, size - 8, Module::Fixed { dark: true });
        if version >= 7 {
            for [first, second] in version_places(size) {
                set(first.0, first.1, Module::Told);
                set(second.0, second.1, Module::Told);
            }
        }
        plan.bits = plan.order();
        plan
    }

    /// Two columns at a time from the right, up and down by turns, around the vertical timing pattern (§7.7.3).
    fn order(&self) -> Vec<u32> {
        let size = self.size;
        let mut places = Vec::new();
        let (mut right, mut upwards) = (size - 1, true);
        loop {
            for step in 0..size {
                let y = if upwards { size - 1 - step } else { step };
                for x in [right, right - 1] {
                    if self.modules[y * size + x] == Module::Data {
                        places.push((y * size + x) as u32);
                    }
                }
            }
            upwards = !upwards;
            match right {
                8 => right = 5,
                1 => break,
                _ => right -= 2,
            }
        }
        places.truncate(places.len() / 8 * 8);
        places
    }

    /// Codewords of the whole code.
    pub(crate) fn codewords(&self) -> usize {
        self.bits.len() / 8
    }

    pub(crate) fn blocks(&self, level: usize) -> Blocks {
        let at = self.version - 1;
        Blocks { count: usize::from(BLOCKS[level][at]), correction: usize::from(CORRECTION[level][at]) }
    }
}

const fn dx_abs(at: usize) -> usize {
    at.abs_diff(2)
}

/// Columns, and rows, of alignment patterns (annex E).
fn alignment_steps(version: usize) -> Vec<usize> {
    if version == 1 {
        return Vec::new();
    }
    let (count, last) = (version / 7 + 2, version * 4 + 10);
    let step = if version == 32 { 26 } else { (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2 };
    let mut steps: Vec<_> = (0..count - 1).map(|back| last - back * step).collect();
    steps.push(6);
    steps.reverse();
    steps
}

/// Where the fifteen bits of the format stand, twice each, column and row, the highest bit first (§7.9.1).
pub(crate) fn format_places(size: usize) -> [[(usize, usize); 2]; 15] {
    std::array::from_fn(|bit| {
        let first = match bit {
            0..=5 => (bit, 8),
            6 => (7, 8),
            7 => (8, 8),
            8 => (8, 7),
            _ => (8, 14 - bit),
        };
        let second = if bit < 7 { (8, size - 1 - bit) } else { (size - 15 + bit, 8) };
        [first, second]
    })
}

/// Where the eighteen bits of the version stand, twice each, the highest bit first (§7.10).
pub(crate) fn version_places(size: usize) -> [[(usize, usize); 2]; 18] {
    std::array::from_fn(|bit| {
        let low = 17 - bit;
        let (along, across) = (low / 3, size - 11 + low % 3);
        [(across, along), (along, across)]
    })
}

/// The fifteen bits of a format, masked (annex C).
pub(crate) fn format_bits(format: Format) -> u32 {
    // The levels stand as 01, 00, 11, 10.
    let data = ((format.level as u32) ^ 1) << 3 | format.mask as u32;
    let check = (0..10).fold(data, |rest, _| (rest << 1) ^ ((rest >> 9) * 0x537));
    (data << 10 | check & 0x3ff) ^ 0x5412
}

/// The eighteen bits of a version (annex D).
pub(crate) fn version_bits(version: usize) -> u32 {
    let data = version as u32;
    let check = (0..12).fold(data, |rest, _| (rest << 1) ^ ((rest >> 11) * 0x1f25));
    data << 12 | check & 0xfff
}

/// Every format there is.
pub(crate) fn formats() -> impl Iterator<Item = Format> {
    (0..4).flat_map(|level| (0..8).map(move |mask| Format { level, mask }))
}

/// Whether a mask turns a module (§7.8.2).
pub(crate) const fn masked(mask: usize, x: usize, y: usize) -> bool {
    match mask {
        0 => (x + y).is_multiple_of(2),
        1 => y.is_multiple_of(2),
        2 => x.is_multiple_of(3),
        3 => (x + y).is_multiple_of(3),
        4 => (y / 2 + x / 3).is_multiple_of(2),
        5 => (x * y).is_multiple_of(6),
        6 => (x * y % 2 + x * y % 3).is_multiple_of(2),
        _ => ((x + y) % 2 + x * y % 3).is_multiple_of(2),
    }
}
