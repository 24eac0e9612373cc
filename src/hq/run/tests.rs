use trust::run::{Collector, Packet, Step};

use super::*;

fn bundle(length: u32) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// The text of a picture, by a reader that is not ours.
fn decoded(picture: &image::GrayImage) -> String {
    let (width, height) = picture.dimensions();
    rxing::helpers::detect_in_luma(picture.as_raw().clone(), width, height, None).unwrap().getText().to_owned()
}

#[test]
fn every_third_of_the_pictures_brings_the_whole_bundle() {
    let bundle = bundle(4000);
    let shown = Shown::new(&bundle).unwrap();
    let symbols = 4000_usize.div_ceil(SYMBOL);
    assert_eq!((shown.codes().len(), shown.seconds()), (symbols * 3, 2));
    let texts: Vec<String> = shown.codes().iter().map(|code| decoded(&code.picture())).collect();
    for third in texts.chunks(symbols) {
        let mut collector = Collector::default();
        let steps = third.iter().map(|text| collector.take(&Packet::read(text).unwrap()));
        assert_eq!(steps.last(), Some(Step::Whole(bundle.clone())));
    }
}

#[test]
fn all_pictures_of_a_run_are_of_one_size_and_more_than_a_phone_can_show_is_refused() {
    let shown = Shown::new(&bundle(5000)).unwrap();
    assert!(shown.codes().iter().all(|code| code.label() == shown.codes()[0].label()));
    assert!(Shown::new(&bundle(trust::run::LONGEST as u32)).is_ok());
    assert!(matches!(Shown::new(&bundle(trust::run::LONGEST as u32 + 1)), Err(Error::RunTooLong(131_073))));
}

#[test]
fn the_page_holds_the_very_pictures_and_asks_nothing_of_anybody() {
    let shown = Shown::new(&bundle(2000)).unwrap();
    let page = shown.page(("Список 7", "List <7>"));
    let (_, bits) = page.split_once("atob(\"").unwrap();
    let bits = Base64::decode_vec(bits.split_once('"').unwrap().0).unwrap();
    let width = shown.codes()[0].width();
    for (bits, code) in bits.chunks((width * width).div_ceil(8)).zip(shown.codes()) {
        assert_eq!(bits, code.bits());
        // Drawn as the page draws them.
        let side = (width as u32 + 8) * 4;
        let picture = image::GrayImage::from_fn(side, side, |x, y| {
            let module = |at: u32| (at as usize / 4).checked_sub(4).filter(|at| *at < width);
            let at = module(x).zip(module(y)).map(|(x, y)| y * width + x);
            image::Luma([if at.is_some_and(|at| bits[at / 8] >> (7 - at % 8) & 1 == 1) { 0 } else { 255 }])
        });
        assert_eq!(decoded(&picture), decoded(&code.picture()));
    }
    assert!(page.contains("<title>List &lt;7></title>") && page.contains("Список 7"));
    for word in ["http:", "https:", "src=", "url(", "import", "{ru}", "{bits}"] {
        assert!(!page.contains(word), "{word}");
    }
}
