//! Codes of the qrcode crate as ideal evidence.

use qrcode::bits::Bits;
use qrcode::{EcLevel, QrCode, Version};

use super::super::decode::{Decoded, decode};
use super::super::layout::{format_bits, format_places, formats, layout};
use super::Chance;
use super::drawn::{Grid, LEVELS};

/// What the evidence of a code says, if it says something.
fn read(grid: &Grid) -> Option<String> {
    match decode(&grid.evidence(), &layout((grid.size - 17) / 4).unwrap()) {
        Decoded::Read(text) => Some(text),
        _ => None,
    }
}

/// Which mask a code has, by its own format.
fn mask(grid: &Grid) -> usize {
    let is = format_places(grid.size).iter().fold(0, |bits, [(x, y), _]| bits << 1 | u32::from(grid.is_dark(*x, *y)));
    formats().find(|format| format_bits(*format) == is).expect("it has one").mask
}

#[test]
fn every_version_and_level_reads_as_it_is_and_in_a_mirror() {
    let (mut chance, mut masks) = (Chance(3), [0; 8]);
    for version in 1..=40 {
        for level in 0..4 {
            let plan = layout(version).unwrap();
            let blocks = plan.blocks(level);
            let room = plan.codewords() - blocks.count * blocks.correction - 3;
            let length = if version % 2 == 0 { room } else { 1 + chance.below(room) };
            let text = chance.text(length);
            let grid = Grid::of(&text, version, level);
            masks[mask(&grid)] += 1;
            assert_eq!(read(&grid).as_ref(), Some(&text), "version {version}, level {level}");
            assert_eq!(read(&grid.mirrored()), Some(text), "version {version}, level {level}, mirrored");
        }
    }
    assert!(masks.iter().all(|count| *count > 0), "a mask was not tried: {masks:?}");
}

#[test]
fn every_way_to_write_reads() {
    let texts =
        ["0", "12", "31415926535897932384", "HTTPS://EXAMPLE.RU/$%*+-./: 42", "MP1:ABC", "Привет, 日本", "\u{0}\n"];
    for text in texts {
        let code = QrCode::new(text).unwrap();
        assert_eq!(read(&Grid::from(&code)).as_deref(), Some(text));
    }
    type Write = fn(&mut Bits) -> qrcode::QrResult<()>;
    let written: [(&str, Write); 6] = [
        ("点茗", |bits| bits.push_kanji_data(b"\x93\x5f\xe4\xaa")),
        ("Привет", |bits| bits.push_eci_designator(26).and_then(|()| bits.push_byte_data("Привет".as_bytes()))),
        ("Привет", |bits| {
            bits.push_eci_designator(22).and_then(|()| bits.push_byte_data(b"\xcf\xf0\xe8\xe2\xe5\xf2"))
        }),
        ("Привет", |bits| {
            bits.push_eci_designator(7).and_then(|()| bits.push_byte_data(b"\xbf\xe0\xd8\xd2\xd5\xe2"))
        }),
        ("12AB点z", |bits| {
            bits.push_numeric_data(b"12")?;
            bits.push_alphanumeric_data(b"AB")?;
            bits.push_kanji_data(b"\x93\x5f")?;
            bits.push_byte_data(b"z")
        }),
        ("é", |bits| bits.push_eci_designator(3).and_then(|()| bits.push_byte_data(b"\xe9"))),
    ];
    for (text, write) in written {
        let mut bits = Bits::new(Version::Normal(4));
        write(&mut bits).unwrap();
        bits.push_terminator(EcLevel::M).unwrap();
        let code = QrCode::with_bits(bits, EcLevel::M).unwrap();
        assert_eq!(read(&Grid::from(&code)).as_deref(), Some(text));
    }
}

/// What rxing's parser panics at when it is built with checks of arithmetic.
#[test]
fn a_trade_number_that_begins_with_a_per_cent_sign_is_no_reason_to_fall() {
    let mut bits = Bits::new(Version::Normal(2));
    bits.push_fnc1_first_position().unwrap();
    bits.push_alphanumeric_data(b"%A%%B").unwrap();
    bits.push_terminator(EcLevel::M).unwrap();
    let code = QrCode::with_bits(bits, EcLevel::M).unwrap();
    let read = read(&Grid::from(&code));
    assert!(read.is_none_or(|text| text.contains('A')));
}

#[test]
fn evidence_of_nothing_says_nothing() {
    for version in [1, 7, 40] {
        let plan = layout(version).unwrap();
        for shade in [0.0, 1.0, -1.0, f32::NAN] {
            let evidence = vec![shade; plan.size * plan.size];
            assert!(!matches!(decode(&evidence, &plan), Decoded::Read(_)), "version {version}, {shade} everywhere");
        }
    }
}

#[test]
fn modules_said_to_be_known_are_as_the_code_has_them() {
    let mut chance = Chance(8);
    for (version, level) in [(8, 0), (15, 1), (20, 0)] {
        let grid = Grid::of(&chance.text(60), version, level);
        let plan = layout(version).unwrap();
        let blocks = plan.blocks(level).count;
        let mut evidence = grid.evidence();
        // Every fifth codeword of the first block, so that it cannot be read and the others can.
        for bits in plan.bits.as_chunks::<8>().0.iter().step_by(blocks * 2).take(20) {
            bits.iter().for_each(|place| evidence[*place as usize] *= -1.0);
        }
        for (turned, evidence) in [(false, evidence.clone()), (true, transposed(&evidence, plan.size))] {
            let Decoded::Seen { known, share } = decode(&evidence, &plan) else {
                panic!("version {version} is not seen")
            };
            assert!(share > 0.0 && share < 1.0, "{share}");
            let truth = if turned { grid.mirrored() } else { grid.clone() };
            let wrong =
                known.iter().zip(truth.evidence()).filter(|(known, dark)| f32::from(**known) * dark < 0.0).count();
            assert_eq!(wrong, 0, "version {version}, turned {turned}");
            assert!(known.iter().any(|known| *known != 0));
        }
    }
}

fn transposed(evidence: &[f32], size: usize) -> Vec<f32> {
    (0..size * size).map(|at| evidence[at % size * size + at / size]).collect()
}

#[test]
fn modules_without_evidence_cost_half_of_wrong_ones() {
    let mut chance = Chance(5);
    let (version, level) = (2, 3);
    let (text, plan) = (chance.text(10), layout(2).unwrap());
    let blocks = plan.blocks(level);
    assert_eq!((blocks.count, blocks.correction), (1, 28));
    let grid = Grid::of(&text, version, level);
    let words = plan.bits.as_chunks::<8>().0;
    let damage = |words: usize, by: f32| {
        let mut evidence = grid.evidence();
        for at in 0..words {
            let bits = plan.bits.as_chunks::<8>().0[at * plan.codewords() / words];
            bits.iter().for_each(|place| evidence[*place as usize] *= by);
        }
        matches!(decode(&evidence, &plan), Decoded::Read(read) if read == text)
    };
    assert_eq!(words.len(), 44);
    // Nearly a lie, and a hint of one.
    assert!(damage(10, -1.0));
    assert!(!damage(16, -1.0));
    assert!(damage(20, -0.05));
    assert_eq!(LEVELS.len(), 4);
}
