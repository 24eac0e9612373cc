//! The second opinion, `rqrr` with its own search, which has panicked and has frozen for 42 s on public photographs.

use board::Frame;

use crate::engine::Sight;
use crate::{Code, Rung};

/// Reads every code it finds, and says whether it found the place of one.
pub(crate) fn decode(frame: &Frame) -> Sight {
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| frame.luma[y * width + x]);
    let grids = image.detect_grids();
    let read = grids.iter().filter_map(|grid| {
        let (_, text) = grid.decode().ok()?;
        let corners = grid.bounds.map(|point| (point.x as f32, point.y as f32));
        Some(Code { text, corners, path: Rung::Rqrr })
    });
    Sight { codes: read.collect(), located: !grids.is_empty() }
}
