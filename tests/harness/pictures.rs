//! Pictures: empty ones, broken ones, and films of one.

use std::fmt::Write as _;
use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};

use crate::chance::Chance;

/// A picture with nothing in it, PNG.
pub fn blank(width: u32, height: u32) -> Vec<u8> {
    encoded(&GrayImage::from_pixel(width, height, Luma([200])), ImageFormat::Png)
}

/// A picture as the bytes of a file.
///
/// # Panics
/// When it cannot be encoded.
pub fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture.clone()).write_to(&mut bytes, format).expect("a picture can be encoded");
    bytes.into_inner()
}

/// A film of one picture in YUV4MPEG2, as Chromium takes it for a camera: the picture in the middle of a frame.
///
/// # Panics
/// When the bytes are no picture.
pub fn film(picture: &[u8], width: u32, height: u32) -> Vec<u8> {
    /// Chromium plays it in a loop; with a single frame it shows none.
    const FRAMES: usize = 10;
    let picture = image::load_from_memory(picture).expect("a picture").into_luma8();
    // Sharp edges matter to a decoder, so it is enlarged by whole numbers where it can be.
    let most = f64::from(height) * 0.96 / f64::from(picture.height().max(picture.width()));
    let scale = if most >= 1.0 { most.floor() } else { most };
    let side = |length: u32| (f64::from(length) * scale) as u32;
    let sized = image::imageops::resize(
        &picture,
        side(picture.width()),
        side(picture.height()),
        if most >= 1.0 { image::imageops::FilterType::Nearest } else { image::imageops::FilterType::Triangle },
    );
    let mut frame = GrayImage::from_pixel(width, height, Luma([235]));
    let middle = |whole: u32, part: u32| i64::from((whole - part) / 2);
    image::imageops::overlay(&mut frame, &sized, middle(width, sized.width()), middle(height, sized.height()));
    let mut film = format!("YUV4MPEG2 W{width} H{height} F15:1 Ip A1:1 C420jpeg\n").into_bytes();
    let colour = vec![128; (width.div_ceil(2) * height.div_ceil(2) * 2) as usize];
    for _ in 0..FRAMES {
        film.extend_from_slice(b"FRAME\n");
        film.extend_from_slice(frame.as_raw());
        film.extend_from_slice(&colour);
    }
    film
}

/// A way in which a file of a picture goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// A few bits are others.
    Bits,
    /// A stretch of bytes is noise.
    Noise,
    /// The end is missing.
    Cut,
    /// Something of another file stands in the middle.
    Splice,
    /// The header says another size than there is.
    Lies,
    /// A sound file of an odd shape.
    Shape,
}

impl Damage {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Bits, Self::Noise, Self::Cut, Self::Splice, Self::Lies, Self::Shape];
}

/// A damaged file, and whether it still calls itself PNG or JPEG.
pub fn damaged(damage: Damage, file: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = file.to_vec();
    match damage {
        Damage::Bits => {
            for _ in 0..=chance.below(16) {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }
        }
        Damage::Noise => {
            let at = chance.below(bytes.len());
            let end = (at + chance.within(1..200)).min(bytes.len());
            bytes[at..end].fill_with(|| chance.number() as u8);
        }
        Damage::Cut => bytes.truncate(chance.below(bytes.len())),
        Damage::Splice => {
            let from = chance.below(other.len());
            let piece = &other[from..(from + chance.within(1..2000)).min(other.len())];
            let at = chance.below(bytes.len());
            bytes.splice(at..at, piece.iter().copied());
        }
        Damage::Lies => lie(&mut bytes, chance),
        Damage::Shape => return shape(chance),
    }
    bytes
}

/// Another width and height in the header, from nothing to the most it can say.
fn lie(bytes: &mut [u8], chance: &mut Chance) {
    const SIZES: [u32; 9] = [0, 1, 2, 255, 5_000, 32_767, 65_535, 1 << 20, u32::MAX];
    let (width, height) = (*chance.one_of(&SIZES), *chance.one_of(&SIZES));
    if bytes.starts_with(b"\x89PNG") {
        // IHDR is always the first chunk; with a sum that fits, so that the lie is believed.
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    } else if let Some(at) = bytes.windows(2).position(|pair| pair == [0xff, 0xc0] || pair == [0xff, 0xc2]) {
        bytes[at + 5..at + 7].copy_from_slice(&(height as u16).to_be_bytes());
        bytes[at + 7..at + 9].copy_from_slice(&(width as u16).to_be_bytes());
    }
}

/// Sound files that nobody expects: a pixel, a line, a wall, stripes like a code's without end.
fn shape(chance: &mut Chance) -> Vec<u8> {
    let (width, height) = *chance.one_of(&[
        (1, 1),
        (1, 4_000),
        (4_000, 1),
        (2, 2),
        (3, 700),
        (65_000, 2),
        (30_000, 20),
        (21, 21),
        (640, 480),
        (1_920, 1_080),
    ]);
    let pattern = chance.below(3);
    let picture = GrayImage::from_fn(width, height, |x, y| {
        Luma([match pattern {
            0 => chance.number() as u8,
            1 => u8::from((x / 3 + y / 3) % 2 == 0) * 255,
            // The proportions of a finder pattern, everywhere.
            _ => [0u8, 255, 0, 0, 0, 255, 0][(x as usize + y as usize * 7) % 7],
        }])
    });
    let format = if chance.once_in(2) { ImageFormat::Png } else { ImageFormat::Jpeg };
    encoded(&picture, format)
}

/// The sum at the end of a chunk of PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

/// The first bytes in hexadecimal, for people who look into a failure.
pub fn beginning(bytes: &[u8]) -> String {
    bytes.iter().take(48).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_one_of_png() {
        // The end chunk of every PNG: a name, no content, its sum.
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn a_lie_in_the_header_is_believed() {
        let mut chance = Chance::drawn("lies");
        let believed = |bytes: &[u8]| {
            let reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap();
            reader.into_dimensions().is_ok_and(|size| size != (40, 30))
        };
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let file = encoded(&GrayImage::new(40, 30), format);
            let lies = (0..100).filter(|_| believed(&damaged(Damage::Lies, &file, &file, &mut chance))).count();
            assert!(lies > 10, "{format:?}: {lies}");
        }
    }
}
