//! Frigate's MQTT messages: `tracked_object_update` of the type `lpr`, and `events` with what is known `after` them.

use serde::Deserialize;

use super::json::{Loose, parse};
use super::{Error, Seen, percent};

/// Either message: an event has only its type and `after`, an update everything but `after`.
#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    what: String,
    id: Option<String>,
    plate: Option<String>,
    score: Option<f64>,
    camera: Option<String>,
    timestamp: Option<Loose>,
    after: Option<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    camera: String,
    frame_time: Option<Loose>,
    recognized_license_plate: Option<Plate>,
    recognized_license_plate_score: Option<f64>,
}

/// The plate, in some versions with its score.
#[derive(Deserialize)]
#[serde(untagged)]
enum Plate {
    Alone(String),
    Scored(String, f64),
}

pub(super) fn read(message: &[u8]) -> Result<Seen, Error> {
    let Message { what, id, plate, score, camera, timestamp, after } = parse(message)?;
    let (id, camera, plate, score, at) = match after {
        Some(event) => {
            let (plate, score) = match event.recognized_license_plate {
                Some(Plate::Scored(plate, score)) => (Some(plate), Some(score)),
                Some(Plate::Alone(plate)) => (Some(plate), event.recognized_license_plate_score),
                None => (None, None),
            };
            (Some(event.id), Some(event.camera), plate, score, event.frame_time)
        }
        None if what == "lpr" => (id, camera, plate, score, timestamp),
        None => return Err(Error::OtherEvent),
    };
    Ok(Seen {
        plate: plate.ok_or(Error::NoPlate)?,
        confidence: score.map(|score| percent(score, 1.0)).transpose()?,
        camera: camera.ok_or(Error::Malformed)?,
        at: at.map(|at| at.time()).transpose()?.flatten(),
        id,
        late: false,
    })
}
