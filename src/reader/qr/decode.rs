//! From evidence to text: the format, the codewords, the blocks, and rxing's parser for what they say.
//!
//! Not rqrr: it takes a grid, and so corrects once more what is already correct, 15.5 of the 38 million instructions
//! that an EU certificate cost with it; and it knows neither character sets nor parts of a series, trade numbers and
//! Chinese characters, which eight photographs of 618 have.

use rxing::qrcode::common::{ErrorCorrectionLevel, Version};
use rxing::qrcode::decoder::decoded_bit_stream_parser;

use super::correct::{correct, syndromes};
use super::layout::{Format, Layout, format_bits, format_places, formats, masked};

/// Bits of certainty that a block is not nonsense that happens to be near a codeword. A plain decoder gives the
/// smallest code 31 at its limit; here a block is tried up to fifteen times, and a frame may hold several candidates.
const CERTAIN: f32 = 22.0;

/// How far the reading of one lattice came.
pub(crate) enum Decoded {
    Read(String),
    /// A code is there: its format is clear.
    Seen {
        /// Modules that blocks which could be read make sure: +1 dark, -1 light, 0 not known.
        known: Vec<i8>,
        /// Share of the blocks.
        share: f32,
    },
    /// No sign of one.
    Nothing,
}

/// Reads evidence as a code of this layout, mirrored or not.
pub(crate) fn decode(evidence: &[f32], layout: &Layout) -> Decoded {
    let size = layout.size;
    let turned: Vec<f32> = (0..size * size).map(|at| evidence[at % size * size + at / size]).collect();
    let mut candidates: Vec<(f32, Format, bool)> = Vec::new();
    for (mirrored, evidence) in [(false, evidence), (true, &turned)] {
        candidates.extend(ranked(evidence, size).into_iter().map(|(score, format)| (score, format, mirrored)));
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut seen = Decoded::Nothing;
    for (score, format, mirrored) in candidates.into_iter().take(2) {
        if score < 0.4 {
            break;
        }
        match blocks(if mirrored { &turned } else { evidence }, layout, format) {
            Ok(words) => {
                if let Some(text) = parse(&words, layout, format) {
                    return Decoded::Read(text);
                }
            }
            Err((words, share)) => {
                let better = match &seen {
                    Decoded::Seen { share: before, .. } => share > *before,
                    _ => score > 0.6,
                };
                if better {
                    let mut known = known(&words, layout, format);
                    if mirrored {
                        known = (0..size * size).map(|at| known[at % size * size + at / size]).collect();
                    }
                    seen = Decoded::Seen { known, share };
                }
            }
        }
    }
    seen
}

/// The two likeliest formats, with how much of the evidence is for them: 1 is all.
fn ranked(evidence: &[f32], size: usize) -> Vec<(f32, Format)> {
    let places = format_places(size);
    let votes: Vec<f32> =
        places.iter().map(|both| both.iter().map(|(x, y)| evidence[y * size + x].clamp(-1.0, 1.0)).sum()).collect();
    let whole: f32 = votes.iter().map(|vote: &f32| vote.abs()).sum::<f32>().max(10.0);
    let mut ranked: Vec<(f32, Format)> = formats()
        .map(|format| {
            let bits = format_bits(format);
            let votes = votes.iter().enumerate();
            let sum: f32 = votes.map(|(bit, vote)| if bits >> (14 - bit) & 1 == 1 { *vote } else { -vote }).sum();
            (sum / whole, format)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.truncate(2);
    ranked
}

/// One block: the places of its codewords in the order they stand in the code, and how many are for correction.
fn places_of(layout: &Layout, level: usize) -> Vec<Vec<usize>> {
    let plan = layout.blocks(level);
    let all = layout.codewords();
    let short = all / plan.count - plan.correction;
    let longer = all % plan.count;
    let mut blocks = vec![Vec::with_capacity(short + 1 + plan.correction); plan.count];
    let mut at = 0;
    for word in 0..=short {
        for (index, block) in blocks.iter_mut().enumerate() {
            if word < short || index >= plan.count - longer {
                block.push(at);
                at += 1;
            }
        }
    }
    for _ in 0..plan.correction {
        for block in &mut blocks {
            block.push(at);
            at += 1;
        }
    }
    blocks
}

type Words = Vec<Option<u8>>;

/// What is said, corrected, block by block; or the codewords of the blocks that could be, and their share.
fn blocks(evidence: &[f32], layout: &Layout, format: Format) -> Result<Vec<u8>, (Words, f32)> {
    let size = layout.size;
    let (mut words, mut doubts) = (Vec::new(), Vec::new());
    for bits in layout.bits.as_chunks::<8>().0 {
        let (mut word, mut doubt) = (0_u8, 0.0);
        for place in bits {
            let (x, y) = (*place as usize % size, *place as usize / size);
            let dark = evidence[y * size + x];
            word = word << 1 | u8::from((dark > 0.0) != masked(format.mask, x, y));
            doubt += (-4.0 * dark.abs()).exp();
        }
        words.push(word);
        doubts.push(doubt);
    }
    let plan = layout.blocks(format.level);
    let (mut out, mut said, mut done) = (vec![None; words.len()], Vec::new(), 0);
    let blocks = places_of(layout, format.level);
    for (tried, places) in blocks.iter().enumerate() {
        // Where a third of them are beyond help, the rest are.
        if done == 0 && tried * 3 > blocks.len() + 3 {
            break;
        }
        let block: Vec<u8> = places.iter().map(|place| words[*place]).collect();
        let doubt: Vec<f32> = places.iter().map(|place| doubts[*place]).collect();
        if let Some(block) = corrected(&block, &doubt, plan.correction) {
            done += 1;
            said.extend_from_slice(&block[..block.len() - plan.correction]);
            for (place, word) in places.iter().zip(block) {
                out[*place] = Some(word);
            }
        }
    }
    if done == blocks.len() {
        return Ok(said);
    }
    Err((out, done as f32 / blocks.len() as f32))
}

/// Corrects one block, giving up ever more of its most doubtful codewords.
fn corrected(block: &[u8], doubt: &[f32], correction: usize) -> Option<Vec<u8>> {
    let mut order: Vec<usize> = (0..block.len()).collect();
    order.sort_by(|a, b| doubt[*b].total_cmp(&doubt[*a]));
    let away = syndromes(block, correction);
    let mut erased = 0;
    while erased + 2 <= correction {
        let mut words = block.to_vec();
        if let Some(errors) = correct(&mut words, &away, &order[..erased]) {
            if certainty(block.len() - erased, correction - erased, errors) >= CERTAIN {
                return Some(words);
            }
        }
        erased += correction.div_ceil(6);
    }
    None
}

/// How unlikely it is that nonsense is so near to a codeword, in bits: `errors` of `length` codewords may be
/// anything, the rest must agree with the `spare` codewords for correction.
fn certainty(length: usize, spare: usize, errors: usize) -> f32 {
    let choices: f32 = (0..errors).map(|i| ((length - i) as f32 / (i + 1) as f32).log2()).sum();
    8.0 * (spare as f32 - errors as f32) - choices
}

/// The modules that known codewords stand for.
fn known(words: &[Option<u8>], layout: &Layout, format: Format) -> Vec<i8> {
    let size = layout.size;
    let mut known = vec![0; size * size];
    for (bits, word) in layout.bits.as_chunks::<8>().0.iter().zip(words) {
        let Some(word) = word else { continue };
        for (index, place) in bits.iter().enumerate() {
            let (x, y) = (*place as usize % size, *place as usize / size);
            let dark = (word >> (7 - index) & 1 == 1) != masked(format.mask, x, y);
            known[y * size + x] = if dark { 1 } else { -1 };
        }
    }
    known
}

/// The text of what is said (§7.4).
fn parse(said: &[u8], layout: &Layout, format: Format) -> Option<String> {
    const LEVELS: [ErrorCorrectionLevel; 4] =
        [ErrorCorrectionLevel::L, ErrorCorrectionLevel::M, ErrorCorrectionLevel::Q, ErrorCorrectionLevel::H];
    let version = Version::getVersionForNumber(layout.version as u32).ok()?;
    let read = decoded_bit_stream_parser::decode(said, version, LEVELS[format.level], &rxing::DecodeHints::default());
    Some(read.ok()?.getText().to_owned())
}
