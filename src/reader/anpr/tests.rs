//! Real messages, and what strangers could make of them.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/anpr").join(name)).unwrap()
}

fn hikvision() -> String {
    String::from_utf8(sample("hikvision-anpr.xml")).unwrap()
}

fn plain(text: &str) -> Result<Seen, Error> {
    read(Dialect::Plain, text.as_bytes())
}

#[test]
fn what_real_cameras_send_is_read() {
    let seen = read(Dialect::Hikvision, &sample("hikvision-anpr.xml")).unwrap();
    let expected = Seen {
        plate: "PECT600".to_owned(),
        confidence: Some(97),
        camera: "d4:e8:53:bc:4c:02/1".to_owned(),
        at: Some(1_705_634_239_000),
        id: Some("2024011911172144900FlERIduqg06eKsYuvLX072NugIxaHw22mHG5D5KBmWqX".to_owned()),
        late: false,
    };
    assert_eq!(seen, expected);
    let seen = read(Dialect::Axis, &sample("axis-license-plate-verifier.json")).unwrap();
    let expected = Seen {
        plate: "RLE11684".to_owned(),
        confidence: Some(72),
        camera: "ACCC8ED3290D".to_owned(),
        at: Some(1_623_405_938_252),
        id: Some("1144696".to_owned()),
        late: false,
    };
    assert_eq!(seen, expected);
    let seen = read(Dialect::Frigate, &sample("frigate-tracked-object-update.json")).unwrap();
    let expected = Seen {
        plate: "123ABC".to_owned(),
        confidence: Some(95),
        camera: "driveway_cam".to_owned(),
        at: Some(1_607_123_958_748),
        id: Some("1607123955.475377-mxklsc".to_owned()),
        late: false,
    };
    assert_eq!(seen, expected);
    println!("vectors: anpr (carried), 3 messages");
}

#[test]
fn both_namespaces_of_hikvision_are_one_and_both_alphabets_are_kept_as_they_come() {
    let there = read(Dialect::Hikvision, hikvision().as_bytes()).unwrap();
    let other = hikvision().replace("http://www.hikvision.com/ver20/XMLSchema", "http://www.isapi.org/ver20/XMLSchema");
    assert_eq!(read(Dialect::Hikvision, other.as_bytes()).unwrap(), there);
    let prefixed = other.replace("</", "</h:").replace("xmlns=", "xmlns:h=").replace("<h:/", "</h:");
    let prefixed = prefixed.replace('<', "<h:").replace("<h:/h:", "</h:").replace("<h:?", "<?");
    assert_eq!(read(Dialect::Hikvision, prefixed.as_bytes()).unwrap(), there);
    let cyrillic = hikvision().replace("<licensePlate>PECT600", "<licensePlate>А 123 ВС 77");
    assert_eq!(read(Dialect::Hikvision, cyrillic.as_bytes()).unwrap().plate, "А 123 ВС 77");
    let marked = format!("\u{feff}{}", hikvision());
    assert_eq!(read(Dialect::Hikvision, marked.as_bytes()).unwrap(), there);
}

#[test]
fn what_is_sent_late_says_so_and_what_is_about_something_else_is_harmless() {
    let late = hikvision().replace("<isDataRetransmission>false", "<isDataRetransmission>true");
    assert!(read(Dialect::Hikvision, late.as_bytes()).unwrap().late);
    let other = hikvision().replace("<eventType>ANPR", "<eventType>VMD");
    let unread = hikvision().replace("<licensePlate>PECT600", "<licensePlate>unknown");
    let empty = hikvision().replace("<licensePlate>PECT600", "<licensePlate>");
    let frigate = [
        r#"{"type":"description","id":"1","description":"a car"}"#,
        r#"{"type":"new","before":{},"after":{"id":"1","camera":"north","recognized_license_plate":null}}"#,
        r#"{"type":"lpr","id":"1","name":null,"plate":null,"score":0.1,"camera":"north"}"#,
    ];
    let xml = [other, unread, empty].map(|message| read(Dialect::Hikvision, message.as_bytes()).unwrap_err());
    assert_eq!(xml, [Error::OtherEvent, Error::NoPlate, Error::NoPlate]);
    let json = frigate.map(|message| read(Dialect::Frigate, message.as_bytes()).unwrap_err());
    assert_eq!(json, [Error::OtherEvent, Error::NoPlate, Error::NoPlate]);
    assert!(xml.into_iter().chain(json).all(|error| error.is_harmless()));
}

#[test]
fn an_event_of_frigate_gives_the_plate_with_its_score_in_either_writing() {
    let with = |plate: &str| {
        let after = format!(r#"{{"id":"5.1-a","camera":"north","frame_time":1607123958.7,{plate},"box":[1,2]}}"#);
        read(Dialect::Frigate, format!(r#"{{"type":"update","before":{after},"after":{after}}}"#).as_bytes()).unwrap()
    };
    let apart = with(r#""recognized_license_plate":"A123BC77","recognized_license_plate_score":0.9"#);
    assert_eq!(with(r#""recognized_license_plate":["A123BC77",0.9]"#), apart);
    assert_eq!((apart.confidence, apart.at, apart.camera.as_str()), (Some(90), Some(1_607_123_958_700), "north"));
    assert_eq!(apart.id.as_deref(), Some("5.1-a"));
}

#[test]
fn a_confidence_is_a_part_of_one_or_of_a_hundred_and_a_number_or_a_text() {
    let of = |confidence: &str| {
        let message = format!(r#"{{"plate":"A123BC77","camera":"n","confidence":{confidence}}}"#);
        plain(&message).map(|seen| seen.confidence)
    };
    for (written, percent) in [
        ("0.93", 93),
        ("93", 93),
        ("\"0.719034\"", 72),
        ("\"97\"", 97),
        ("1", 100),
        ("1.0", 100),
        ("0", 0),
        ("100", 100),
    ] {
        assert_eq!(of(written), Ok(Some(percent)), "{written}");
    }
    assert_eq!(of("null"), Ok(None));
    for wrong in ["-0.1", "101", "\"high\"", "\"NaN\"", "\"inf\"", "\"\""] {
        assert_eq!(of(wrong), Err(Error::Confidence), "{wrong}");
    }
    assert_eq!(of("[1]"), Err(Error::Malformed));
    let hundred = hikvision().replace("<confidenceLevel>97", "<confidenceLevel>1");
    // Its scale is known: one is one in a hundred.
    assert_eq!(read(Dialect::Hikvision, hundred.as_bytes()).unwrap().confidence, Some(1));
}

#[test]
fn a_time_is_in_seconds_or_milliseconds_or_written_and_without_a_zone_it_is_none() {
    let of = |time: &str| plain(&format!(r#"{{"plate":"A123BC77","camera":"n","time":{time}}}"#)).map(|seen| seen.at);
    for written in [
        "1588334400",
        "1588334400.0",
        "1588334400000",
        "\"1588334400\"",
        "\"1588334400000\"",
        "\"2020-05-01T12:00:00Z\"",
        "\"2020-05-01T15:00:00+03:00\"",
    ] {
        assert_eq!(of(written), Ok(Some(1_588_334_400_000)), "{written}");
    }
    for none in ["null", "\"2020-05-01T12:00:00\"", "\"2020-05-01 12:00:00\""] {
        assert_eq!(of(none), Ok(None), "{none}");
    }
    for wrong in ["-1", "1e300", "\"yesterday\"", "\"2020-13-01T00:00:00Z\""] {
        assert_eq!(of(wrong), Err(Error::Time), "{wrong}");
    }
}

#[test]
fn our_own_json_needs_a_plate_and_a_camera_and_takes_no_unknown_word() {
    let seen = plain(r#"{"plate":"а123вс77","camera":"north"}"#).unwrap();
    let expected = Seen {
        plate: "а123вс77".to_owned(),
        confidence: None,
        camera: "north".to_owned(),
        at: None,
        id: None,
        late: false,
    };
    assert_eq!(seen, expected);
    assert_eq!(plain(r#"{"plate":"A123BC77","camera":"n","id":17}"#).unwrap().id.as_deref(), Some("17"));
    for wrong in [
        r#"{"plate":"A123BC77"}"#,
        r#"{"camera":"n"}"#,
        r#"{"plate":"A123BC77","camera":"n","score":1}"#,
        r#"{"plate":"A123BC77","plate":"B123BC77","camera":"n"}"#,
        r#"{"plate":"A123BC77","camera":"n"} {}"#,
        "",
        "[]",
    ] {
        assert_eq!(plain(wrong), Err(Error::Malformed), "{wrong}");
    }
}

#[test]
fn a_bomb_of_entities_is_refused_before_it_grows() {
    let laughs = r#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>
        <EventNotificationAlert><eventType>&lol2;</eventType></EventNotificationAlert>"#;
    assert_eq!(read(Dialect::Hikvision, laughs.as_bytes()), Err(Error::Entities));
    let outside = r#"<!DOCTYPE a SYSTEM "file:///etc/passwd"><EventNotificationAlert/>"#;
    assert_eq!(read(Dialect::Hikvision, outside.as_bytes()), Err(Error::Entities));
    let undefined = hikvision().replace("PECT600", "PECT&secret;600");
    assert_eq!(read(Dialect::Hikvision, undefined.as_bytes()), Err(Error::Entities));
    let known = hikvision().replace("<licensePlate>PECT600", "<licensePlate>PECT&#54;&amp;<![CDATA[00]]>");
    assert_eq!(read(Dialect::Hikvision, known.as_bytes()).unwrap().plate, "PECT6&00");
}

#[test]
fn what_is_too_long_too_deep_or_there_twice_is_refused() {
    let long = |count| format!(r#"{{"plate":"A123BC77","camera":"{}"}}"#, "n".repeat(count));
    assert!(plain(&long(LONGEST_NAME)).is_ok());
    assert_eq!(plain(&long(LONGEST_NAME + 1)), Err(Error::TooLong));
    assert_eq!(plain(&long(LONGEST)), Err(Error::TooLong));
    assert_eq!(plain(&"[".repeat(LONGEST)), Err(Error::Malformed));
    let deep = format!("<EventNotificationAlert>{}", "<a>".repeat(20_000));
    assert_eq!(read(Dialect::Hikvision, deep.as_bytes()), Err(Error::TooDeep));
    let endless = hikvision().replace("PECT600", &"7".repeat(1000));
    assert_eq!(read(Dialect::Hikvision, endless.as_bytes()), Err(Error::TooLong));
    let twice = hikvision().replace("<licensePlate>", "<licensePlate>A123BC77</licensePlate><licensePlate>");
    assert_eq!(read(Dialect::Hikvision, twice.as_bytes()), Err(Error::Malformed));
    let again = format!("{0}{0}", hikvision().replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", ""));
    assert_eq!(read(Dialect::Hikvision, again.as_bytes()), Err(Error::Malformed));
    // The plate of another place is not the plate.
    let elsewhere = hikvision().replace("<ANPR>", "<Other>").replace("</ANPR>", "</Other>");
    assert_eq!(read(Dialect::Hikvision, elsewhere.as_bytes()), Err(Error::NoPlate));
    assert_eq!(read(Dialect::Hikvision, b"<html><body>hello</body></html>"), Err(Error::OtherEvent));
    for cut in [10, 200, 900, 1500] {
        assert_eq!(read(Dialect::Hikvision, &hikvision().as_bytes()[..cut]), Err(Error::Malformed), "{cut}");
    }
}

#[test]
fn every_error_has_a_code_of_its_own() {
    let all = [
        Error::TooLong,
        Error::Malformed,
        Error::Entities,
        Error::TooDeep,
        Error::OtherEvent,
        Error::NoPlate,
        Error::Confidence,
        Error::Time,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(Error::code).collect();
    assert_eq!(codes.len(), all.len());
}

proptest! {
    #[test]
    fn no_message_makes_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), place in 0usize..2400) {
        for dialect in [Dialect::Hikvision, Dialect::Frigate, Dialect::Axis, Dialect::Plain] {
            let _ = read(dialect, &bytes);
        }
        // And real ones with some bytes of them changed.
        for (dialect, name) in [(Dialect::Hikvision, "hikvision-anpr.xml"), (Dialect::Axis, "axis-license-plate-verifier.json")] {
            let mut message = sample(name);
            let place = place % message.len();
            let end = message.len().min(place + bytes.len() % 7);
            message[place..end].copy_from_slice(&bytes[..end - place]);
            let _ = read(dialect, &message);
        }
    }
}
