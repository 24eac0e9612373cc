//! A run of QR pictures: how a bundle crosses the air gap from a phone's screen to the box's own camera.
//!
//! Each picture holds one packet. The first packets are the bytes themselves, cut into symbols; every further one is a
//! linear combination of all of them, so that whichever packets the camera misses, any others make up for them.
//! The specification stands in `docs/formats/qr-run.md`.
//!
//! A packet is never trusted. It can waste the time of whoever shows it and nothing more: lengths are bounded before
//! anything is kept, memory grows only with what comes, and what comes out is believed for its signatures alone.
//!
//! Words: a *run* is all packets of one bundle; a *symbol* is as many bytes of it as one packet carries.

use crate::format::sha256;

mod equations;
mod field;
#[cfg(test)]
mod tests;

use equations::{Equations, Taken};

/// What the text of a packet begins with.
pub const PREFIX: &str = "MPR1:";

/// Most bytes that go into a run; what is longer goes by stick.
pub const LONGEST: usize = 128 * 1024;

/// Most symbols of a run: what a box keeps for it and what a packet costs it grow with their number.
const MOST_SYMBOLS: usize = 1024;

/// Longest text of one packet: what the largest QR code holds in alphanumeric mode (ISO/IEC 18004, table 7).
const LONGEST_TEXT: usize = 4296;

/// Bytes before the symbol: run, length, number.
const BEFORE: usize = 8 + 3 + 3;

/// Bytes after it: the checksum.
const AFTER: usize = 4;

/// Runs that are collected at the same time. Whoever shows a third one gives up the one that was seen least lately.
const AT_ONCE: usize = 2;

/// Names a run: the first bytes of the SHA-256 of what it carries.
pub type RunId = [u8; 8];

fn id_of(bytes: &[u8]) -> RunId {
    let hash = sha256(bytes);
    std::array::from_fn(|at| hash[at])
}

/// Bytes made ready to be shown.
#[derive(Debug, Clone)]
pub struct Run {
    id: RunId,
    length: usize,
    size: usize,
    /// The bytes, filled up with zeros to whole symbols.
    padded: Vec<u8>,
}

impl Run {
    /// Cuts bytes into symbols of `size` bytes; none when they are too long, too many for that size, or none.
    pub fn new(bytes: &[u8], size: usize) -> Option<Self> {
        let shape = Shape { id: id_of(bytes), length: bytes.len(), size };
        let symbols = shape.symbols()?;
        let mut padded = bytes.to_vec();
        padded.resize(symbols * size, 0);
        Some(Self { id: shape.id, length: bytes.len(), size, padded })
    }

    /// Symbols it is cut into: so many packets at least must be seen.
    pub fn symbols(&self) -> u32 {
        u32::try_from(self.padded.len() / self.size).unwrap_or(u32::MAX)
    }

    /// The text of a packet. Numbers below [`Run::symbols`] are the bytes themselves; after them the run goes on to
    /// 2²⁴ without one like another.
    pub fn text(&self, number: u32) -> String {
        let mut symbol = vec![0; self.size];
        let symbols = self.padded.len() / self.size;
        for (factor, part) in factors(number, symbols).into_iter().zip(self.padded.chunks_exact(self.size)) {
            field::add(&mut symbol, factor, part);
        }
        let mut bytes = Vec::with_capacity(BEFORE + self.size + AFTER);
        bytes.extend(self.id);
        bytes.extend(&(self.length as u32).to_be_bytes()[1..]);
        bytes.extend(&number.to_be_bytes()[1..]);
        bytes.extend(symbol);
        let check = sha256(&bytes);
        bytes.extend(&check[..AFTER]);
        format!("{PREFIX}{}", pass::base45_encode(&bytes))
    }
}

/// By what each symbol counts in a packet: once in its own, else by the numbers of SplitMix64 from the packet's number
/// on, eight to each, the lowest first.
fn factors(number: u32, symbols: usize) -> Vec<u8> {
    let mut factors = vec![0; symbols];
    if let Some(own) = factors.get_mut(number as usize) {
        *own = 1;
        return factors;
    }
    let mut state = u64::from(number);
    for eight in factors.chunks_mut(8) {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        eight.copy_from_slice(&mixed.to_le_bytes()[..eight.len()]);
    }
    factors
}

/// What all packets of a run have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    id: RunId,
    length: usize,
    size: usize,
}

impl Shape {
    /// Symbols of a run of this shape, if there can be one.
    fn symbols(&self) -> Option<usize> {
        let fits = (1..=LONGEST).contains(&self.length) && self.size > 0;
        let symbols = if fits { self.length.div_ceil(self.size) } else { return None };
        (symbols <= MOST_SYMBOLS && BEFORE + self.size + AFTER <= LONGEST_TEXT / 3 * 2).then_some(symbols)
    }
}

/// One picture's worth of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    shape: Shape,
    number: u32,
    symbol: Vec<u8>,
}

impl Packet {
    /// Reads the text of a code; none when it is no whole packet of a run that may be.
    pub fn read(text: &str) -> Option<Self> {
        let body = text.strip_prefix(PREFIX).filter(|_| text.len() <= LONGEST_TEXT)?;
        let bytes = pass::base45_decode(body)?;
        let (bytes, check) = bytes.split_last_chunk::<AFTER>()?;
        if sha256(bytes)[..AFTER] != *check {
            return None;
        }
        let (id, rest) = bytes.split_first_chunk()?;
        let ([a, b, c], rest) = rest.split_first_chunk()?;
        let ([d, e, f], symbol) = rest.split_first_chunk()?;
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let shape = Shape { id: *id, length, size: symbol.len() };
        shape.symbols()?;
        Some(Self { shape, number: u32::from_be_bytes([0, *d, *e, *f]), symbol: symbol.to_vec() })
    }

    /// The run it is of.
    pub const fn run(&self) -> RunId {
        self.shape.id
    }
}

/// What a packet came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// So many symbols are known, of so many.
    Gathered(usize, usize),
    /// The run is whole: these are its bytes.
    Whole(Vec<u8>),
    /// It was whole before.
    Known,
    /// What came contradicts itself, or the name of its run: some packet was not what it should have been.
    /// Nobody can say which, so this run begins anew.
    Spoilt,
}

/// Puts runs together from the packets that come.
#[derive(Default)]
pub struct Collector {
    /// The runs that are not whole, the one that was seen last at the end.
    open: Vec<(Shape, Equations)>,
    whole: Option<Shape>,
}

impl Collector {
    /// Takes one packet.
    pub fn take(&mut self, packet: &Packet) -> Step {
        let Packet { shape, number, symbol } = packet;
        if self.whole == Some(*shape) {
            return Step::Known;
        }
        let Some(symbols) = shape.symbols() else { return Step::Spoilt };
        let found = self.open.iter().position(|(open, _)| open == shape);
        let mut equations = match found {
            Some(at) => self.open.remove(at).1,
            None => Equations::new(symbols),
        };
        match equations.add(&factors(*number, symbols), symbol) {
            Taken::Contradicts => Step::Spoilt,
            Taken::Solved => {
                let mut bytes = equations.solve();
                bytes.truncate(shape.length);
                if id_of(&bytes) != shape.id {
                    return Step::Spoilt;
                }
                self.whole = Some(*shape);
                Step::Whole(bytes)
            }
            Taken::Open => {
                let known = equations.known();
                if self.open.len() >= AT_ONCE {
                    self.open.remove(0);
                }
                self.open.push((*shape, equations));
                Step::Gathered(known, symbols)
            }
        }
    }

    /// Forgets everything: the phone has gone.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}
