//! Hikvision's `EventNotificationAlert` (ISAPI): what a camera posts as `anpr.xml` beside its pictures.
//!
//! Two namespaces are about, hikvision.com and isapi.org; names are taken without them. A camera is named by its
//! hardware address and channel, since its address in the network changes and every camera is `Camera 01`.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};

use super::json::written;
use super::{Error, LONGEST_NAME, Seen, percent};

/// Deepest nesting; real messages have five.
const DEEPEST: usize = 12;

/// The elements that are looked at, each by its way from the root.
const WANTED: [&[&str]; 9] = [
    &["eventType"],
    &["dateTime"],
    &["macAddress"],
    &["ipAddress"],
    &["channelID"],
    &["UUID"],
    &["isDataRetransmission"],
    &["ANPR", "licensePlate"],
    &["ANPR", "confidenceLevel"],
];

const ROOT: &str = "EventNotificationAlert";

pub(super) fn read(message: &[u8]) -> Result<Seen, Error> {
    let text = std::str::from_utf8(message).map_err(|_| Error::Malformed)?;
    let [event, time, mac, ip, channel, id, late, plate, confidence] = fields(text)?;
    if !event.ok_or(Error::Malformed)?.eq_ignore_ascii_case("ANPR") {
        return Err(Error::OtherEvent);
    }
    let device = mac.or(ip).ok_or(Error::Malformed)?;
    let confidence =
        confidence.map(|confidence| percent(confidence.parse().map_err(|_| Error::Confidence)?, 100.0)).transpose()?;
    Ok(Seen {
        plate: plate.ok_or(Error::NoPlate)?,
        confidence,
        camera: format!("{}/{}", device.to_lowercase(), channel.unwrap_or_else(|| "1".to_owned())),
        at: time.map(|time| written(&time)).transpose()?.flatten(),
        id,
        late: late.is_some_and(|late| late == "true"),
    })
}

/// The texts of the wanted elements; none where one is empty or not there.
fn fields(text: &str) -> Result<[Option<String>; WANTED.len()], Error> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut found: [Option<String>; WANTED.len()] = Default::default();
    let mut way: Vec<String> = Vec::new();
    let mut ended = false;
    loop {
        let event = reader.read_event().map_err(|_| Error::Malformed)?;
        let here = wanted(&way);
        let more = match event {
            // One root, and nothing of weight behind it.
            Event::Start(_) | Event::Empty(_) if ended => return Err(Error::Malformed),
            Event::Start(start) => {
                if way.len() == DEEPEST {
                    return Err(Error::TooDeep);
                }
                way.push(String::from_utf8_lossy(start.local_name().as_ref()).into_owned());
                if way.len() == 1 && way[0] != ROOT {
                    return Err(Error::OtherEvent);
                }
                if let Some(place) = wanted(&way)
                    && found[place].replace(String::new()).is_some()
                {
                    return Err(Error::Malformed);
                }
                continue;
            }
            Event::End(_) => {
                way.pop();
                ended = way.is_empty();
                continue;
            }
            Event::Text(text) => text.decode().map_err(|_| Error::Malformed)?.into_owned(),
            Event::CData(text) => text.decode().map_err(|_| Error::Malformed)?.into_owned(),
            Event::GeneralRef(reference) => resolved(&reference)?.to_string(),
            Event::DocType(_) => return Err(Error::Entities),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            Event::Eof if ended => break,
            Event::Eof => return Err(Error::Malformed),
        };
        if let Some(field) = here.and_then(|place| found[place].as_mut()) {
            if field.len() + more.len() > LONGEST_NAME {
                return Err(Error::TooLong);
            }
            field.push_str(&more);
        }
    }
    Ok(found.map(|field| field.map(|field| field.trim().to_owned()).filter(|field| !field.is_empty())))
}

/// Which of the wanted elements stands at the end of a way.
fn wanted(way: &[String]) -> Option<usize> {
    let (_, way) = way.split_first()?;
    WANTED.iter().position(|wanted| wanted.iter().eq(way.iter()))
}

/// The five entities that XML has by itself, and characters by number. Others have to be defined, and are not.
fn resolved(reference: &BytesRef<'_>) -> Result<char, Error> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| Error::Malformed)? {
        return Ok(character);
    }
    let name = reference.decode().map_err(|_| Error::Malformed)?;
    resolve_xml_entity(&name).and_then(|text| text.chars().next()).ok_or(Error::Entities)
}
