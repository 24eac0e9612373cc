//! The plan of every version against rxing's tables and the qrcode crate's drawings.

use qrcode::{EcLevel, QrCode};
use rxing::qrcode::common::{ErrorCorrectionLevel, Version};

use super::super::layout::{self, Module, format_bits, formats, layout, version_bits, version_places};

#[test]
fn there_are_forty_versions() {
    assert!(layout(0).is_none() && layout(41).is_none() && layout(usize::MAX).is_none());
    assert!((1..=40).all(|version| layout(version).is_some()));
}

#[test]
fn every_version_has_the_size_and_the_patterns_that_rxing_gives_it() {
    for number in 1..=40_usize {
        let (ours, theirs) = (layout(number).unwrap(), Version::getVersionForNumber(number as u32).unwrap());
        assert_eq!(ours.size as u32, theirs.getDimensionForVersion());
        assert_eq!(ours.codewords() as u32, theirs.getTotalCodewords(), "version {number}");
        let pattern = theirs.buildFunctionPattern().unwrap();
        for (at, module) in ours.modules.iter().enumerate() {
            let (x, y) = (at % ours.size, at / ours.size);
            let is_data = !pattern.get(x as u32, y as u32);
            assert_eq!(*module == Module::Data, is_data, "version {number}, column {x}, row {y}");
        }
        let steps: Vec<usize> = theirs.getAlignmentPatternCenters().iter().map(|at| *at as usize).collect();
        let last = ours.size - 7;
        let mut expected: Vec<(usize, usize)> = steps.iter().flat_map(|y| steps.iter().map(|x| (*x, *y))).collect();
        expected.retain(|at| ![(6, 6), (last, 6), (6, last)].contains(at));
        assert_eq!(ours.alignments, expected, "version {number}");
    }
}

#[test]
fn every_version_and_level_is_divided_as_rxing_divides_it() {
    use ErrorCorrectionLevel::{H, L, M, Q};
    for number in 1..=40_usize {
        let (ours, theirs) = (layout(number).unwrap(), Version::getVersionForNumber(number as u32).unwrap());
        for (level, of) in [L, M, Q, H].into_iter().enumerate() {
            let (plan, blocks) = (ours.blocks(level), theirs.getECBlocksForLevel(of));
            assert_eq!(plan.count as u32, blocks.getNumBlocks(), "version {number}, level {level}");
            assert_eq!(plan.correction as u32, blocks.getECCodewordsPerBlock(), "version {number}, level {level}");
            let said: u32 = blocks.getECBlocks().iter().map(|block| block.getCount() * block.getDataCodewords()).sum();
            assert_eq!(
                (ours.codewords() - plan.count * plan.correction) as u32,
                said,
                "version {number}, level {level}"
            );
        }
    }
}

#[test]
fn every_bit_of_a_codeword_has_a_place_of_its_own() {
    for number in 1..=40 {
        let plan = layout(number).unwrap();
        let mut seen = vec![false; plan.size * plan.size];
        for place in &plan.bits {
            assert_eq!(plan.modules[*place as usize], Module::Data);
            assert!(!std::mem::replace(&mut seen[*place as usize], true), "version {number}: {place} twice");
        }
        let left = plan.modules.iter().filter(|module| **module == Module::Data).count() - plan.bits.len();
        assert!(left < 8, "version {number} leaves {left} modules");
    }
}

#[test]
fn what_is_the_same_in_every_code_is_what_qrcode_draws() {
    for number in 1..=40_i16 {
        let plan = layout(number as usize).unwrap();
        let drawn = QrCode::with_version("A", qrcode::Version::Normal(number), EcLevel::Q).unwrap().to_colors();
        for (at, module) in plan.modules.iter().enumerate() {
            if let Module::Fixed { dark } = module {
                assert_eq!(*dark, drawn[at] == qrcode::Color::Dark, "version {number}, module {at}");
            }
        }
        if number >= 7 {
            for (bit, both) in version_places(plan.size).into_iter().enumerate() {
                for (x, y) in both {
                    let expected = version_bits(number as usize) >> (17 - bit) & 1 == 1;
                    assert_eq!(
                        drawn[y * plan.size + x] == qrcode::Color::Dark,
                        expected,
                        "version {number}, bit {bit}"
                    );
                }
            }
        }
    }
}

#[test]
fn two_formats_differ_in_seven_bits_and_two_versions_in_eight() {
    let formats: Vec<u32> = formats().map(format_bits).collect();
    let versions: Vec<u32> = (7..=40).map(version_bits).collect();
    let nearest = |all: &[u32]| {
        let pairs = all.iter().enumerate().flat_map(|(at, a)| all[at + 1..].iter().map(move |b| (a ^ b).count_ones()));
        pairs.min()
    };
    assert_eq!((formats.len(), nearest(&formats)), (32, Some(7)));
    assert_eq!((versions.len(), nearest(&versions)), (34, Some(8)));
    // The examples of the standard: annex C.1, level M with mask 5, and annex D.1, version 7.
    assert_eq!(format_bits(layout::Format { level: 1, mask: 5 }), 0b100_0000_1100_1110);
    assert_eq!(version_bits(7), 0b00_0111_1100_1001_0100);
}
