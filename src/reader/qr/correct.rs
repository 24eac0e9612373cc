//! Reed–Solomon over GF(256) with x⁸+x⁴+x³+x²+1, roots from α⁰ (ISO/IEC 18004 annexes A and B), with erasures:
//! a codeword that is known to be worthless costs one codeword of correction, an error costs two. Decoders at hand
//! correct errors only, and so read half of what a reflection leaves.

use std::sync::LazyLock;

struct Field {
    exp: [u8; 512],
    log: [u8; 256],
}

static FIELD: LazyLock<Field> = LazyLock::new(|| {
    let (mut exp, mut log, mut value) = ([0; 512], [0; 256], 1_usize);
    for power in 0..255 {
        exp[power] = value as u8;
        exp[power + 255] = value as u8;
        log[value] = power as u8;
        value = if value < 128 { value * 2 } else { (value * 2) ^ 0x11d };
    }
    Field { exp, log }
});

impl Field {
    fn times(&self, a: u8, b: u8) -> u8 {
        if a == 0 || b == 0 {
            0
        } else {
            self.exp[usize::from(self.log[usize::from(a)]) + usize::from(self.log[usize::from(b)])]
        }
    }

    fn over(&self, a: u8, b: u8) -> u8 {
        if a == 0 {
            return 0;
        }
        self.exp[usize::from(self.log[usize::from(a)]) + 255 - usize::from(self.log[usize::from(b)])]
    }

    /// A polynomial, lowest power first, at α^power.
    fn at(&self, polynomial: &[u8], power: usize) -> u8 {
        let point = self.exp[power % 255];
        polynomial.iter().rev().fold(0, |sum, factor| self.times(sum, point) ^ factor)
    }

    fn product(&self, a: &[u8], b: &[u8]) -> Vec<u8> {
        let mut product = vec![0; a.len() + b.len() - 1];
        for (i, a) in a.iter().enumerate() {
            for (j, b) in b.iter().enumerate() {
                product[i + j] ^= self.times(*a, *b);
            }
        }
        product
    }
}

/// What a block is away from a codeword, seen at each root.
pub(crate) fn syndromes(block: &[u8], correction: usize) -> Vec<u8> {
    let field = &*FIELD;
    let mut syndromes = vec![0; correction];
    for word in block {
        for (power, sum) in syndromes.iter_mut().enumerate() {
            // Horner's rule for all roots at once: each sum times its root, which is α^power.
            *sum = if *sum == 0 { *word } else { field.exp[usize::from(field.log[usize::from(*sum)]) + power] ^ word };
        }
    }
    syndromes
}

/// Corrects a block with these syndromes; `erased` are places known to be worthless. Gives how many places that were
/// not erased it changed; a block that is beyond it stays as it was.
pub(crate) fn correct(block: &mut [u8], syndromes: &[u8], erased: &[usize]) -> Option<usize> {
    let (field, correction) = (&*FIELD, syndromes.len());
    if erased.len() > correction || block.len() > 255 {
        return None;
    }
    if syndromes.iter().all(|syndrome| *syndrome == 0) {
        return Some(0);
    }
    let power_of = |place: usize| block.len() - 1 - place;
    // What is erased is a factor of the locator from the start; Berlekamp and Massey find the rest.
    let mut locator = vec![1];
    for place in erased {
        locator = field.product(&locator, &[1, field.exp[power_of(*place)]]);
    }
    let (mut before, mut length) = (locator.clone(), erased.len());
    for step in erased.len()..correction {
        before.insert(0, 0);
        let gap = locator.iter().zip(syndromes[..=step].iter().rev()).fold(0, |sum, (a, b)| sum ^ field.times(*a, *b));
        if gap == 0 {
            continue;
        }
        let mut next = locator.clone();
        next.resize(next.len().max(before.len()), 0);
        for (cell, factor) in next.iter_mut().zip(&before) {
            *cell ^= field.times(gap, *factor);
        }
        if 2 * length <= step + erased.len() {
            before = locator.iter().map(|factor| field.over(*factor, gap)).collect();
            length = step + 1 + erased.len() - length;
        }
        locator = next;
    }
    while locator.last() == Some(&0) {
        locator.pop();
    }
    let wrong = locator.len() - 1;
    // A locator that is shorter than the register which makes the syndromes explains not all of them.
    if wrong != length || (wrong - erased.len()) * 2 + erased.len() > correction {
        return None;
    }
    // Forney: the error at a root is evaluator over derivative of the locator.
    let mut evaluator = field.product(syndromes, &locator);
    evaluator.truncate(correction);
    let derivative: Vec<u8> =
        locator.iter().enumerate().skip(1).map(|(power, factor)| if power % 2 == 1 { *factor } else { 0 }).collect();
    let mut changes = Vec::with_capacity(wrong);
    for place in 0..block.len() {
        let power = power_of(place);
        let root = (255 - power % 255) % 255;
        if field.at(&locator, root) != 0 {
            continue;
        }
        let slope = field.at(&derivative, root);
        if slope == 0 {
            return None;
        }
        let change = field.over(field.times(field.at(&evaluator, root), field.exp[power % 255]), slope);
        changes.push((place, change));
    }
    if changes.len() != wrong {
        return None;
    }
    for (place, change) in &changes {
        block[*place] ^= change;
    }
    Some(changes.iter().filter(|(place, change)| *change != 0 && !erased.contains(place)).count())
}
