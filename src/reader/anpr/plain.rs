//! Our own: `{"plate": "A123BC77", "confidence": 0.93, "camera": "north", "time": 1588334400, "id": "17"}`.
//!
//! For whoever writes a bridge from something else. Only the plate and the camera must be there. The confidence is
//! 0–1, or 0–100 in what is greater than 1; the time is seconds, milliseconds or RFC 3339; both may be texts.

use serde::Deserialize;

use super::json::{Loose, parse};
use super::{Error, Seen, percent};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    plate: String,
    confidence: Option<Loose>,
    camera: String,
    time: Option<Loose>,
    id: Option<Loose>,
}

pub(super) fn read(message: &[u8]) -> Result<Seen, Error> {
    let Message { plate, confidence, camera, time, id } = parse(message)?;
    let confidence = confidence.map(|confidence| {
        let value = confidence.number().ok_or(Error::Confidence)?;
        percent(value, if value > 1.0 { 100.0 } else { 1.0 })
    });
    Ok(Seen {
        plate,
        confidence: confidence.transpose()?,
        camera,
        at: time.map(|time| time.time()).transpose()?.flatten(),
        id: id.map(Loose::text),
        late: false,
    })
}
