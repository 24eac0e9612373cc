//! Axis License Plate Verifier: POST of the part `event` in JSON, numbers written as texts.
//!
//! A vehicle comes as `new`, `update` and `lost`, all with one `carID`; `lost` alone may be all that is sent.

use serde::Deserialize;

use super::json::{Loose, parse};
use super::{Error, Seen, percent};

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "plateUTF8")]
    plate_utf8: Option<String>,
    #[serde(rename = "plateASCII")]
    plate_ascii: Option<String>,
    #[serde(rename = "plateConfidence")]
    confidence: Option<Loose>,
    #[serde(rename = "carID")]
    car: Option<Loose>,
    capture_timestamp: Option<Loose>,
    camera_info: Camera,
}

#[derive(Deserialize)]
struct Camera {
    #[serde(rename = "SerialNumber")]
    serial: String,
}

pub(super) fn read(message: &[u8]) -> Result<Seen, Error> {
    let Message { plate_utf8, plate_ascii, confidence, car, capture_timestamp, camera_info } = parse(message)?;
    let confidence =
        confidence.map(|confidence| percent(confidence.number().ok_or(Error::Confidence)?, 1.0)).transpose()?;
    let plate = plate_utf8.filter(|plate| !plate.is_empty()).or(plate_ascii).ok_or(Error::NoPlate)?;
    let at = capture_timestamp.map(|at| at.time()).transpose()?.flatten();
    Ok(Seen { plate, confidence, camera: camera_info.serial, at, id: car.map(Loose::text), late: false })
}
