//! Codes are read back by a reader that is not ours.

use super::*;

/// As many characters as a typical pass has, of the alphabet a pass has (base45).
fn pass(characters: usize) -> String {
    let bytes: Vec<u8> = (0u32..).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).take(400).collect();
    let mut text = pass::mp1::text(&bytes);
    text.truncate(characters);
    text
}

fn decoded(picture: &GrayImage) -> String {
    let (width, height) = picture.dimensions();
    rxing::helpers::detect_in_luma(picture.as_raw().clone(), width, height, None).unwrap().getText().to_owned()
}

#[test]
fn a_picture_is_read_back_at_every_level() {
    for ecc in [Ecc::Screen, Ecc::Paper, Ecc::Run] {
        for characters in [4, 100, 255, 300] {
            let png = Code::new(&pass(characters), ecc).unwrap().png().unwrap();
            let picture = image::load_from_memory(&png).unwrap().into_luma8();
            assert_eq!(decoded(&picture), pass(characters), "{ecc:?}, {characters} characters");
        }
    }
}

#[test]
fn sizes_are_those_of_the_design() {
    let label = |characters, ecc| Code::new(&pass(characters), ecc).unwrap().label();
    // ISO/IEC 18004, table 7: alphanumeric capacity of 8-M is 221, of 9-M 262, of 11-Q 259.
    assert_eq!(label(221, Ecc::Screen), "8-M");
    assert_eq!(label(255, Ecc::Screen), "9-M");
    assert_eq!(label(262, Ecc::Screen), "9-M");
    assert_eq!(label(263, Ecc::Screen), "10-M");
    assert_eq!(label(255, Ecc::Paper), "11-Q");
}

/// Draws an SVG of ours: only bars of one module's height, as `svg` writes them.
fn drawn(svg: &str) -> GrayImage {
    let attribute = |name: &str| svg.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let side: u32 = attribute("viewBox").split(' ').next_back().unwrap().parse().unwrap();
    let path = svg.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut picture = GrayImage::from_pixel(side * 4, side * 4, Luma([255]));
    for bar in path.split_terminator('z') {
        let (from, rest) = bar.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = from.split_once(' ').unwrap();
        let (run, rest) = rest.split_once('v').unwrap();
        assert_eq!(rest, format!("1h-{run}"));
        let (x, y, run): (u32, u32, u32) = (x.parse().unwrap(), y.parse().unwrap(), run.parse().unwrap());
        for (px, py) in (x * 4..(x + run) * 4).flat_map(|px| (y * 4..(y + 1) * 4).map(move |py| (px, py))) {
            picture.put_pixel(px, py, Luma([0]));
        }
    }
    picture
}

#[test]
fn a_drawing_is_well_formed_and_is_read_back() {
    let svg = Code::new(&pass(255), Ecc::Screen).unwrap().svg();
    let mut reader = quick_xml::Reader::from_str(&svg);
    reader.config_mut().check_end_names = true;
    let (mut depth, mut elements) = (0, 0);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(_) => (depth, elements) = (depth + 1, elements + 1),
            quick_xml::events::Event::Empty(element) => {
                elements += 1;
                assert!(element.attributes().all(|attribute| attribute.is_ok()));
            }
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((depth, elements), (0, 4));
    assert_eq!(decoded(&drawn(&svg)), pass(255));
}

#[test]
fn a_text_that_fits_no_code_is_refused() {
    assert_eq!(Code::new(&"A".repeat(5000), Ecc::Screen).unwrap_err().code(), "qr");
}
