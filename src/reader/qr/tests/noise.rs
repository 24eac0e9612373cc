//! What is no code must not say anything, nor a code another thing than it says.

use super::super::decode::{Decoded, decode};
use super::super::layout::{Format, format_bits, format_places, layout};
use super::Chance;
use super::drawn::Grid;

/// Evidence for a format, as clear as can be: what comes after it is what is tested.
fn format(evidence: &mut [f32], size: usize, format: Format) {
    for (bit, both) in format_places(size).into_iter().enumerate() {
        let dark = format_bits(format) >> (14 - bit) & 1 == 1;
        both.into_iter().for_each(|(x, y)| evidence[y * size + x] = if dark { 1.0 } else { -1.0 });
    }
}

#[test]
fn noise_is_never_read() {
    let mut chance = Chance(1);
    for version in [1, 2, 3, 5, 9, 14] {
        let plan = layout(version).unwrap();
        for number in 0..2000 {
            let mut evidence: Vec<f32> = (0..plan.size * plan.size).map(|_| chance.normal()).collect();
            if number % 2 == 0 {
                format(&mut evidence, plan.size, Format { level: number / 2 % 4, mask: number / 8 % 8 });
            }
            let read = matches!(decode(&evidence, &plan), Decoded::Read(_));
            assert!(!read, "version {version}, number {number}");
        }
    }
}

/// More mistakes than can be corrected, few enough that another codeword might be near.
#[test]
fn a_code_with_too_many_mistakes_says_what_it_said_or_nothing() {
    let mut chance = Chance(2);
    let (mut read, mut unread) = (0, 0);
    for number in 0..3000 {
        let (version, level) = (1 + number % 5, number / 5 % 4);
        let plan = layout(version).unwrap();
        let length = 1 + chance.below(6);
        let text = chance.text(length);
        let mut evidence = Grid::of(&text, version, level).evidence();
        let blocks = plan.blocks(level);
        let most = blocks.correction * blocks.count;
        let wrong = 1 + chance.below(most);
        for _ in 0..wrong {
            let bits = plan.bits.as_chunks::<8>().0[chance.below(plan.codewords())];
            // Wrong with every degree of certainty, the lowest among them.
            let by = chance.normal().abs();
            bits.iter().for_each(|place| {
                if chance.below(2) == 0 {
                    evidence[*place as usize] *= -by;
                }
            });
        }
        match decode(&evidence, &plan) {
            Decoded::Read(said) => {
                assert_eq!(said, text, "number {number}");
                read += 1;
            }
            _ => unread += 1,
        }
    }
    assert!(read > 300 && unread > 300, "{read} were read and {unread} not: too easy, or too hard");
}
