//! A phone that plays a run of pictures: what a camera sees of its screen.

use std::borrow::Cow;
use std::time::Duration;

use hq::run::{self, Shown};
use image::{GrayImage, Luma};

use crate::Error;

/// How long a simulated camera exposes.
const SHUTTER: Duration = Duration::from_millis(20);

/// A phone with a page of pictures open.
pub struct Phone {
    pictures: Vec<GrayImage>,
}

impl Phone {
    /// A phone that plays the pictures of an update as its page does.
    ///
    /// # Errors
    /// What HQ refuses to draw.
    pub fn playing(bundle: &[u8]) -> Result<Self, Error> {
        let shown = Shown::new(bundle)?;
        Ok(Self { pictures: shown.codes().iter().map(hq::qr::Code::picture).collect() })
    }

    /// What a camera sees of it that opens its shutter at a moment of the playing: where the picture changes meanwhile,
    /// both of them at once.
    pub fn seen(&self, at: Duration) -> Cow<'_, GrayImage> {
        let picture = |number: u64| &self.pictures[(number % self.pictures.len().max(1) as u64) as usize];
        let (first, last) = (run::number_at(at), run::number_at(at + SHUTTER));
        if first == last {
            return Cow::Borrowed(picture(first));
        }
        let late = (at + SHUTTER).saturating_sub(run::begins(last)).as_nanos();
        let share = (late * 256 / SHUTTER.as_nanos()) as u32;
        let (before, after) = (picture(first), picture(last));
        Cow::Owned(GrayImage::from_fn(before.width(), before.height(), |x, y| {
            let [before, after] = [before, after].map(|picture| u32::from(picture.get_pixel(x, y).0[0]));
            Luma([((before * (256 - share) + after * share) >> 8) as u8])
        }))
    }
}

#[cfg(test)]
mod tests;
