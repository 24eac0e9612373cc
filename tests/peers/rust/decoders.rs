//! The decoders, each as its makers offer it and with every search it has switched on.

use std::collections::HashSet;

use rxing::Reader as _;
use zxingcpp::{BarcodeFormat, ImageFormat, ImageView};

use crate::Picture;

/// From a picture to the texts of its codes, as bytes: which letters they are is for whoever compares.
pub type Decode = fn(&Picture) -> Vec<Vec<u8>>;

/// Every one, by the name in the table.
pub const ALL: [(&str, Decode); 4] =
    [("rqrr", rqrr), ("rxing", rxing), ("rxing-filtered", rxing_filtered), ("zxing-cpp", zxing_cpp)];

fn rqrr(picture: &Picture) -> Vec<Vec<u8>> {
    let pixel = |x, y| picture.luma[y * picture.width + x];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(picture.width, picture.height, pixel);
    let decode = |grid: &rqrr::Grid<_>| {
        let mut text = Vec::new();
        grid.decode_to(&mut text).ok().map(|_| text)
    };
    image.detect_grids().iter().filter_map(decode).collect()
}

fn rxing(picture: &Picture) -> Vec<Vec<u8>> {
    rxing_with(picture, |mut reader, bitmap, hints| reader.decode_with_hints(bitmap, hints))
}

/// Its pyramid of sizes, with gaps closed.
fn rxing_filtered(picture: &Picture) -> Vec<Vec<u8>> {
    rxing_with(picture, |reader, bitmap, hints| {
        rxing::FilteredImageReader::new(reader).decode_with_hints(bitmap, hints)
    })
}

type Bitmap = rxing::BinaryBitmap<rxing::common::HybridBinarizer<rxing::Luma8LuminanceSource>>;

fn rxing_with(
    picture: &Picture,
    decode: impl FnOnce(
        rxing::MultiFormatReader,
        &mut Bitmap,
        &rxing::DecodeHints,
    ) -> rxing::common::Result<rxing::RXingResult>,
) -> Vec<Vec<u8>> {
    let hints = rxing::DecodeHints {
        TryHarder: Some(true),
        AlsoInverted: Some(true),
        PossibleFormats: Some(HashSet::from([rxing::BarcodeFormat::QR_CODE])),
        ..Default::default()
    };
    let (width, height) = (picture.width as u32, picture.height as u32);
    let Ok(source) = rxing::Luma8LuminanceSource::new(picture.luma.clone(), width, height) else { return Vec::new() };
    let mut bitmap = rxing::BinaryBitmap::new(rxing::common::HybridBinarizer::new(source));
    let found = decode(rxing::MultiFormatReader::default(), &mut bitmap, &hints);
    found.map(|found| found.getText().as_bytes().to_vec()).into_iter().collect()
}

fn zxing_cpp(picture: &Picture) -> Vec<Vec<u8>> {
    let view = ImageView::from_slice(&picture.luma, picture.width, picture.height, ImageFormat::Lum);
    let reader = zxingcpp::read()
        .formats([BarcodeFormat::QRCode])
        .try_harder(true)
        .try_rotate(true)
        .try_invert(true)
        .try_downscale(true);
    let found = view.and_then(|view| reader.from(view));
    found.map(|codes| codes.iter().map(|code| code.bytes()).collect()).unwrap_or_default()
}
