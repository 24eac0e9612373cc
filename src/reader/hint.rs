//! Why a code does not read: from what was measured of it.

use crate::Hint;
use crate::qr::geometry::Point;
use crate::qr::image::View;
use crate::qr::{Open, Search};

/// Pixels of a module below which little is left of it, in a sharp picture.
const SMALL: f32 = 2.0;

/// Share of a code's modules in clipped white from which on a reflection is what is in the way; of what is printed
/// half is white, but not so white that the camera has no more to give.
const GLARE: f32 = 0.7;

/// Luma of paper below which the picture is too dark.
const DARK: f32 = 60.0;

/// Clarity of the timing patterns below which a picture is blurred.
const SOFT: f32 = 0.93;

/// The reason, if something is there at all.
pub(crate) fn of(image: View<'_>, search: &Search) -> Option<Hint> {
    if let Some(open) = search.best_open() {
        return Some(of_code(image, open));
    }
    let corners = || search.corners.iter().filter(|corner| corner.likeness > 0.7);
    let best = corners().max_by(|a, b| a.likeness.total_cmp(&b.likeness))?;
    let module = best.module() * search.scale;
    // A code has at least 21 modules a side, and its corners are 14 apart.
    let room = image.width.min(image.height) as f32;
    if module * 21.0 > room {
        return Some(Hint::TooClose);
    }
    if !search.is_suspicious() {
        // One finder alone may be anything; near the edge it is a code that is cut off.
        let edge = |p: Point| p.x.min(p.y).min(image.width as f32 - p.x).min(image.height as f32 - p.y);
        return (edge(best.center * search.scale) < module * 14.0).then_some(Hint::CutOff);
    }
    if best.dark.max(best.light) < DARK {
        return Some(Hint::TooDark);
    }
    Some(if module < SMALL { Hint::TooFar } else { Hint::Blurred })
}

fn of_code(image: View<'_>, open: &Open) -> Hint {
    let outline = open.outline();
    let outside =
        |p: &Point| p.x < -1.0 || p.y < -1.0 || p.x > image.width as f32 + 1.0 || p.y > image.height as f32 + 1.0;
    if outline.iter().any(outside) {
        let side = (outline[1] - outline[0]).length();
        let too_large = side > image.width.min(image.height) as f32 * 0.95;
        return if too_large { Hint::TooClose } else { Hint::CutOff };
    }
    let light = open.light(image);
    if light.clipped > GLARE {
        return Hint::Glare;
    }
    if light.paper < DARK {
        return Hint::TooDark;
    }
    if open.module() < SMALL {
        return Hint::TooFar;
    }
    if open.lattice.clarity < SOFT {
        return Hint::Blurred;
    }
    // Sharp, near, and in the light: something lies on it, or it is bent.
    if light.clipped > 0.25 { Hint::Glare } else { Hint::CutOff }
}
