//! Raw pictures as drivers give them, and as they should not.

use image::{ExtendedColorType, ImageEncoder as _};
use proptest::prelude::*;

use super::*;

const LAYOUTS: [Layout; 5] = [Layout::Grey, Layout::Yuyv, Layout::Uyvy, Layout::Planar, Layout::Jpeg];

/// What the luma of a test picture is at a place.
fn shade(x: usize, y: usize) -> u8 {
    (x * 7 + y * 13) as u8
}

/// A picture in a layout, rows so far apart; what is not luma is 200.
fn laid_out(layout: Layout, width: usize, height: usize, stride: usize) -> Vec<u8> {
    let mut bytes = vec![200; stride * height];
    for (y, row) in bytes.chunks_exact_mut(stride).enumerate() {
        for x in 0..width {
            let at = match layout {
                Layout::Yuyv => 2 * x,
                Layout::Uyvy => 2 * x + 1,
                _ => x,
            };
            row[at] = shade(x, y);
        }
    }
    // The planes of colour.
    if layout == Layout::Planar {
        bytes.extend(vec![200; bytes.len() / 2]);
    }
    bytes
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let rgb: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 90])).collect();
    let mut file = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 95)
        .write_image(&rgb, width, height, ExtendedColorType::Rgb8)
        .unwrap();
    file
}

fn raw(layout: Layout, (width, height): (u32, u32), stride: usize, bytes: &[u8]) -> Raw<'_> {
    Raw { layout, width, height, stride, bytes }
}

fn taken(raw: Raw<'_>) -> Result<Frame, BadPicture> {
    raw.frame(3, Duration::from_secs(1))
}

#[test]
fn luma_is_taken_from_every_layout_with_and_without_padding() {
    for layout in [Layout::Grey, Layout::Yuyv, Layout::Uyvy, Layout::Planar] {
        let row = 10 * if matches!(layout, Layout::Yuyv | Layout::Uyvy) { 2 } else { 1 };
        for stride in [row, row + 12] {
            let mut bytes = laid_out(layout, 10, 7, stride);
            if layout != Layout::Planar {
                // The padding of the last row need not be there.
                bytes.truncate(stride * 6 + row);
            }
            let frame = taken(raw(layout, (10, 7), stride, &bytes)).unwrap();
            let expected: Vec<u8> = (0..7).flat_map(|y| (0..10).map(move |x| shade(x, y))).collect();
            assert_eq!((frame.width, frame.height, frame.number), (10, 7, 3));
            assert_eq!(frame.luma[..], expected[..], "{layout:?} {stride}");
        }
    }
}

#[test]
fn the_luma_of_a_jpeg_is_what_it_was_made_of() {
    let file = jpeg(96, 64);
    let frame = taken(raw(Layout::Jpeg, (96, 64), 0, &file)).unwrap();
    for (at, luma) in frame.luma.iter().enumerate() {
        let (x, y) = ((at % 96) as f32, (at / 96) as f32);
        // ITU-R BT.601, as JFIF has it.
        let expected = 0.299 * x + 0.587 * y + 0.114 * 90.0;
        assert!((f32::from(*luma) - expected).abs() < 6.0, "{x} {y}: {luma}, {expected}");
    }
    // Cameras pad their pictures.
    let padded = [&file[..], &[0; 500]].concat();
    assert_eq!(taken(raw(Layout::Jpeg, (96, 64), 0, &padded)).unwrap().luma, frame.luma);
}

#[test]
fn what_no_picture_can_be_is_refused_with_a_word() {
    let code = |raw: Raw<'_>| taken(raw).unwrap_err().code();
    for layout in LAYOUTS {
        for size in [(0, 4), (4, 0), (8001, 1), (1, 8001), (8000, 8000), (u32::MAX, u32::MAX)] {
            assert_eq!(code(raw(layout, size, 1 << 20, &[0; 16])), "picture-size", "{layout:?} {size:?}");
        }
    }
    assert_eq!(code(raw(Layout::Grey, (4, 2), 3, &[0; 16])), "picture-stride");
    assert_eq!(code(raw(Layout::Yuyv, (4, 2), 7, &[0; 16])), "picture-stride");
    assert_eq!(code(raw(Layout::Grey, (4, 2), 4, &[0; 7])), "picture-short");
    assert_eq!(code(raw(Layout::Uyvy, (4, 2), 8, &[0; 15])), "picture-short");
    assert_eq!(code(raw(Layout::Planar, (4, 2), usize::MAX, &[0; 64])), "picture-short");
    let file = jpeg(96, 64);
    assert_eq!(code(raw(Layout::Jpeg, (64, 96), 0, &file)), "picture-other-size");
    assert_eq!(code(raw(Layout::Jpeg, (96, 64), 0, b"")), "picture-jpeg");
    assert_eq!(code(raw(Layout::Jpeg, (96, 64), 0, b"GIF89a")), "picture-jpeg");
}

/// Where the header of a JPEG declares its height and width: after the marker of the frame.
fn declare(file: &mut [u8], width: u16, height: u16) {
    let frame = file.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
}

#[test]
fn a_jpeg_that_declares_more_than_it_can_hold_is_refused_by_its_header() {
    for (width, height, code) in [
        (8000, 5000, "picture-short"),
        (8000, 8000, "picture-size"),
        (65_000, 65_000, "picture-jpeg"),
        (0, 64, "picture-jpeg"),
    ] {
        let mut file = jpeg(96, 64);
        declare(&mut file, width, height);
        assert_eq!(of_jpeg(&file).unwrap_err().code(), code, "{width} × {height}");
    }
}

#[test]
fn a_jpeg_that_was_cut_anywhere_is_refused_or_at_least_no_panic() {
    let file = jpeg(96, 64);
    for end in 0..file.len() {
        assert!(taken(raw(Layout::Jpeg, (96, 64), 0, &file[..end])).is_err(), "cut at {end}");
        // A still may be shown as far as it goes.
        let _ = of_jpeg(&file[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_and_no_promises_make_it_panic(
        layout in prop::sample::select(&LAYOUTS[..]),
        width in 0_u32..40,
        height in 0_u32..40,
        stride in prop_oneof![0_usize..100, Just(usize::MAX), Just(usize::MAX / 2)],
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
    ) {
        if let Ok(frame) = taken(raw(layout, (width, height), stride, &bytes)) {
            prop_assert_eq!(frame.luma.len(), width as usize * height as usize);
        }
    }

    #[test]
    fn a_damaged_jpeg_never_makes_it_panic(hits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..12)) {
        let mut file = jpeg(96, 64);
        for (at, byte) in hits {
            let at = at % file.len();
            file[at] = byte;
        }
        let _ = taken(raw(Layout::Jpeg, (96, 64), 0, &file));
        let _ = of_jpeg(&file);
    }
}
