//! Luma out of the raw pictures of a camera, without a detour over RGB: everything here reads black on white.
//!
//! A driver may say anything of its pictures. What it declares is compared with the bytes that are there before
//! anything is allocated, so a lying header costs nothing and is answered with a word, never with a panic.

use std::sync::Arc;
use std::time::Duration;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use crate::Frame;

/// Longest side of a picture in pixels, and most pixels: twice the largest camera in use.
pub(crate) const MOST: (u32, u64) = (8_000, 40_000_000);

/// How a camera lays out its pictures, by the names of V4L2; only where luma stands in them matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `GREY`: luma alone, a byte a pixel.
    Grey,
    /// `YUYV`: luma in every even byte, two bytes a pixel.
    Yuyv,
    /// `UYVY`: luma in every odd byte, two bytes a pixel.
    Uyvy,
    /// `NV12`, `NV21`, `YUV420`, `YVU420`: a plane of luma first, then planes that are not looked at.
    Planar,
    /// `MJPG`: every picture is a JPEG file.
    Jpeg,
}

/// One picture as the camera's driver gives it.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    /// How it is laid out.
    pub layout: Layout,
    /// Pixels in a row, as agreed with the driver.
    pub width: u32,
    /// Rows, as agreed with the driver.
    pub height: u32,
    /// Bytes from the beginning of one row to that of the next; a JPEG has none, and it is not looked at.
    pub stride: usize,
    /// What the driver gave; the padding of the last row may be missing.
    pub bytes: &'a [u8],
}

/// Why a picture is not one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadPicture {
    /// It has no pixels, or too many.
    #[error("a picture of {width} × {height} pixels is not taken")]
    Size {
        /// Pixels in a row, as declared.
        width: u32,
        /// Rows, as declared.
        height: u32,
    },
    /// Its rows would lie within each other.
    #[error("rows of {row} bytes do not lie {stride} bytes apart")]
    Stride {
        /// Bytes of a row.
        row: usize,
        /// What was declared.
        stride: usize,
    },
    /// It ends before its last row.
    #[error("{have} bytes hold no picture that needs {need}")]
    Short {
        /// Fewest bytes of such a picture.
        need: usize,
        /// How many there are.
        have: usize,
    },
    /// It is of another size than was agreed with the driver.
    #[error("the picture has {width} × {height} pixels, which is not what was agreed")]
    OtherSize {
        /// Pixels in a row, as its header declares.
        width: usize,
        /// Rows, as its header declares.
        height: usize,
    },
    /// It is no JPEG file, or a damaged one.
    #[error("the picture is no sound JPEG")]
    Jpeg(#[source] DecodeErrors),
    /// Its colours are not those of a camera, and have no luma of their own.
    #[error("the picture has no luma of its own")]
    NoLuma,
}

impl BadPicture {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Size { .. } => "picture-size",
            Self::Stride { .. } => "picture-stride",
            Self::Short { .. } => "picture-short",
            Self::OtherSize { .. } => "picture-other-size",
            Self::Jpeg(_) => "picture-jpeg",
            Self::NoLuma => "picture-no-luma",
        }
    }
}

/// Refuses a size that no camera has.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), BadPicture> {
    let is_sound = [width, height].iter().all(|side| (1..=MOST.0).contains(side));
    let few = u64::from(width) * u64::from(height) <= MOST.1;
    if is_sound && few { Ok(()) } else { Err(BadPicture::Size { width, height }) }
}

impl Raw<'_> {
    /// The picture as a frame of a camera.
    ///
    /// # Errors
    /// [`BadPicture`]; nothing was allocated then, but for a JPEG that is damaged further on.
    pub fn frame(&self, number: u64, at: Duration) -> Result<Frame, BadPicture> {
        let (width, height) = (self.width, self.height);
        check_size(width, height)?;
        let columns = width as usize;
        let luma = match self.layout {
            Layout::Grey | Layout::Planar => self.rows(columns, |to, row| to.copy_from_slice(row))?,
            Layout::Yuyv => self.rows(2 * columns, every_second::<0>)?,
            Layout::Uyvy => self.rows(2 * columns, every_second::<1>)?,
            Layout::Jpeg => self.jpeg()?,
        };
        Ok(Frame { width, height, luma, number, at, source: None })
    }

    /// Takes the luma of rows of so many bytes.
    fn rows(&self, row: usize, take: impl Fn(&mut [u8], &[u8])) -> Result<Arc<[u8]>, BadPicture> {
        let (columns, height, stride) = (self.width as usize, self.height as usize, self.stride);
        if stride < row {
            return Err(BadPicture::Stride { row, stride });
        }
        // A stride may be anything a driver says.
        let need = stride.saturating_mul(height - 1).saturating_add(row);
        if self.bytes.len() < need {
            return Err(BadPicture::Short { need, have: self.bytes.len() });
        }
        Ok(filled(columns * height, |luma| {
            for (to, from) in luma.chunks_exact_mut(columns).zip(self.bytes.chunks(stride)) {
                take(to, &from[..row]);
            }
        }))
    }

    fn jpeg(&self) -> Result<Arc<[u8]>, BadPicture> {
        let mut jpeg = open_jpeg(self.bytes)?;
        let (width, height) = jpeg.dimensions().ok_or(BadPicture::NoLuma)?;
        if (width, height) != (self.width as usize, self.height as usize) {
            return Err(BadPicture::OtherSize { width, height });
        }
        // What the decoder makes up for the missing end of a picture may look like anything.
        let end = self.bytes.len() - self.bytes.iter().rev().take_while(|byte| **byte == 0).count();
        if !self.bytes[..end].ends_with(&[0xFF, 0xD9]) {
            return Err(BadPicture::Short { need: end + 2, have: end });
        }
        decode_jpeg(&mut jpeg, width * height)
    }
}

/// Luma that is written in place: one allocation, no copy of the whole.
fn filled(length: usize, fill: impl FnOnce(&mut [u8])) -> Arc<[u8]> {
    let mut luma: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
    if let Some(luma) = Arc::get_mut(&mut luma) {
        fill(luma);
    }
    luma
}

/// Every second byte, from the first or the second on. Each pair is taken as one number and cut down to a byte: that
/// the compiler does for sixteen of them in one go, where picking bytes costs it ten times as long.
fn every_second<const FROM: u32>(to: &mut [u8], row: &[u8]) {
    for (luma, pair) in to.iter_mut().zip(row.as_chunks::<2>().0) {
        *luma = (u16::from_le_bytes(*pair) >> (8 * FROM)) as u8;
    }
}

/// A decoder that has read the header and nothing else.
type Opened<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

fn open_jpeg(bytes: &[u8]) -> Result<Opened<'_>, BadPicture> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(MOST.0 as usize)
        .set_max_height(MOST.0 as usize)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut jpeg = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    jpeg.decode_headers().map_err(BadPicture::Jpeg)?;
    let (width, height) = jpeg.dimensions().ok_or(BadPicture::NoLuma)?;
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    check_size(side(width), side(height))?;
    // Every block of 8 × 8 pixels takes at least one bit in the file: a few bytes do not ask for megabytes.
    let need = (width.div_ceil(8) * height.div_ceil(8)).div_ceil(8);
    if bytes.len() < need {
        return Err(BadPicture::Short { need, have: bytes.len() });
    }
    match jpeg.input_colorspace() {
        Some(ColorSpace::YCbCr | ColorSpace::Luma) => Ok(jpeg),
        _ => Err(BadPicture::NoLuma),
    }
}

fn decode_jpeg(jpeg: &mut Opened<'_>, pixels: usize) -> Result<Arc<[u8]>, BadPicture> {
    let mut decoded = Ok(());
    let luma = filled(pixels, |luma| decoded = jpeg.decode_into(luma));
    decoded.map(|()| luma).map_err(BadPicture::Jpeg)
}

/// The luma of a JPEG file of any sound size, with its width and height. Of a file that ends early as much as
/// there is: a photograph may have been cut short on its way, and the code still stand in it.
pub(crate) fn of_jpeg(bytes: &[u8]) -> Result<(u32, u32, Arc<[u8]>), BadPicture> {
    let mut jpeg = open_jpeg(bytes)?;
    let (width, height) = jpeg.dimensions().ok_or(BadPicture::NoLuma)?;
    let luma = decode_jpeg(&mut jpeg, width * height)?;
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    Ok((side(width), side(height), luma))
}

#[cfg(test)]
mod tests;
