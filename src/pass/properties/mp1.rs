use plate::Binding;
use proptest::prelude::*;
use wire::sign::Context;

use super::agree;
use super::samples::{cose, full, issuer, keys, pass, text, typical};
use crate::{Document, Error, Format, Kind, Limits, PublicKey, StatusIndex, Step, mp1, read};

#[test]
fn a_pass_says_after_reading_what_was_issued() {
    for document in [typical(), full()] {
        let verified = read(&text(&cose(&document, Context::MovementPass)), &keys()).unwrap();
        assert_eq!((verified.document, verified.key), (document, 0));
    }
}

#[test]
fn a_pass_of_everyday_size_keeps_to_its_budget() {
    let cose = cose(&typical(), Context::MovementPass);
    assert!(cose.len() <= 220, "{} bytes", cose.len());
    assert!(text(&cose).len() <= 335);
}

#[test]
fn every_single_bit_change_of_a_pass_is_refused() {
    let good = cose(&typical(), Context::MovementPass);
    for bit in 0..good.len() * 8 {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(agree(&text(&changed)).failure().is_some(), "bit {bit}");
    }
}

#[test]
fn every_single_character_change_of_a_pass_is_refused() {
    const OTHERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:azAZ\n\0";
    let (good, keys) = (pass(), keys());
    for at in 0..good.len() {
        let mut tried = [good.as_bytes()[at]; 8];
        // Neighbours in the alphabet, the other case, and a few that step around at random.
        for (n, other) in tried.iter_mut().enumerate() {
            *other = OTHERS[(at * 7 + n * 11 + usize::from(*other)) % OTHERS.len()];
        }
        let lower = good.as_bytes()[at].to_ascii_lowercase();
        for other in tried.into_iter().chain([lower]).filter(|other| *other != good.as_bytes()[at]) {
            let changed = format!("{}{}{}", &good[..at], char::from(other), &good[at + 1..]);
            let error = read(&changed, &keys).expect_err("changed");
            if lower == other {
                assert_eq!(error, if at < 4 { Error::NotAPass } else { Error::Base45 }, "{at}");
            }
        }
        let (shorter, longer) =
            (format!("{}{}", &good[..at], &good[at + 1..]), format!("{}0{}", &good[..at], &good[at..]));
        assert!(read(&shorter, &keys).is_err() && read(&longer, &keys).is_err(), "{at}");
    }
}

#[test]
fn a_signature_for_another_purpose_is_no_pass() {
    for context in Context::ALL {
        let read = read(&text(&cose(&typical(), context)), &keys());
        assert_eq!(read.err(), (context != Context::MovementPass).then_some(Error::Signature));
    }
}

#[test]
fn keys_that_share_a_hint_are_all_tried_and_the_worst_is_told() {
    let other = |seed| PublicKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key());
    let (own, p256) = (keys()[0].clone(), keys()[1].1.clone());
    let known = |keys: &[&PublicKey]| keys.iter().map(|key| (own.0.clone(), (*key).clone())).collect::<Vec<_>>();
    let (first, second) = (other(1), other(2));
    assert_eq!(read(&pass(), &known(&[&first, &p256, &own.1, &second])).unwrap().key, 2);
    assert_eq!(read(&pass(), &known(&[&first, &p256])), Err(Error::Signature));
    assert_eq!(read(&pass(), &known(&[&p256])), Err(Error::Algorithm));
    assert_eq!(read(&pass(), &known(&[])), Err(Error::UnknownKey { kid: own.0.clone() }));
}

/// A payload signed as it is, whatever it says.
fn signed(payload: &[u8]) -> String {
    text(&wire::sign::sign(Context::MovementPass, &issuer(), payload))
}

#[test]
fn what_a_reader_would_refuse_is_not_issued() {
    for (code, bend) in [
        ("claims-validity", (|d| d.expires = Some(1_588_000_000 + 400 * 86_400 + 1)) as fn(&mut Document)),
        ("claims-validity", |d| d.expires = d.not_before),
        ("claims-validity", |d| (d.not_before, d.expires) = (Some(-1), Some(10))),
        ("claims-validity", |d| (d.not_before, d.expires) = (Some(i64::MAX), Some(i64::MIN))),
        ("claims-missing", |d| d.expires = None),
        ("claims-missing", |d| d.not_before = None),
        ("claims-id", |d| d.id = vec![0; 7]),
        ("claims-id", |d| d.id = vec![0; 17]),
        ("claims-issuer", |d| d.issuer.clear()),
        ("claims-issuer", |d| d.issuer = "RU TVE".into()),
        ("claims-issuer", |d| d.issuer = "R".repeat(33)),
        ("claims-birth", |d| d.birth = Some("26.02.1998".into())),
        ("claims-birth", |d| d.birth = Some("1998-2".into())),
        ("claims-birth", |d| d.birth = Some("1998-02-26-01".into())),
        ("claims-id-digits", |d| d.id_digits = Some("12a".into())),
        ("claims-id-digits", |d| d.id_digits = Some(String::new())),
        ("claims-cbor", |d| d.holder = Some("е\u{308}".into())), // not NFC
        ("claims-cbor", |d| d.cards = vec![0; 25]),
        ("claims-cbor", |d| d.route = Some("x".repeat(700))),
    ] {
        let mut document = typical();
        bend(&mut document);
        assert_eq!(mp1::encode(&document).unwrap_err().code(), code);
    }
    let mut longest = typical();
    longest.expires = Some(1_588_000_000 + 400 * 86_400);
    assert!(mp1::encode(&longest).is_ok());
}

#[test]
fn the_largest_pass_that_can_be_issued_can_be_read() {
    let mut document = typical();
    let mut issued = 0;
    for length in 400..600 {
        document.route = Some("x".repeat(length));
        if mp1::encode(&document).is_ok() {
            assert!(read(&text(&cose(&document, Context::MovementPass)), &keys()).is_ok(), "{length}");
            issued += 1;
        }
    }
    assert!((1..200).contains(&issued), "the limit lies within what was tried");
}

#[test]
fn a_signed_payload_of_another_shape_is_refused() {
    let good = mp1::encode(&typical()).unwrap();
    assert!(read(&signed(&good), &keys()).is_ok());
    let claims = |hex: &str| -> Vec<u8> {
        let hex: String = hex.split_whitespace().collect();
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    };
    for (code, payload) in [
        ("claims-cbor", [&good[..], b"\0"].concat()),
        ("claims-cbor", good[..good.len() - 1].to_vec()),
        ("claims-cbor", vec![]),
        ("claims-cbor", claims("bf ff")),
        ("claims-cbor", claims("a2 0401 0402")),
        ("claims-cbor", claims("a1 04 1801")),
        ("claims-cbor", claims("a1 08 81818181 80")),
        ("claims-shape", claims("80")),
        ("claims-shape", claims("a1 02 61 78")),
        ("claims-shape", claims("a1 04 61 78")),
        ("claims-shape", claims("a1 04 c1 01")),
        ("claims-shape", claims("a1 3a00010000 a1 0b 01")),
        ("claims-shape", claims("a1 3a00010000 a1 02 80")),
        ("claims-shape", claims("a1 3a00010000 a1 01 1a00010000")),
        ("claims-shape", claims("a1 3a00010000 a1 08 a1 05 01")),
        ("claims-shape", claims("a1 3a00010000 a1 0a 83 01 02 03")),
        ("claims-missing", claims("a0")),
    ] {
        let trace = agree(&signed(&payload));
        assert_eq!(trace.failure().map(Error::code), Some(code), "{payload:02x?}");
        assert!(trace.is_verified());
    }
    let unfolded = String::from_utf8_lossy(&good).contains("A123BC77");
    assert!(unfolded);
    let at = good.windows(8).position(|w| w == b"A123BC77").unwrap();
    for plate in [b"a123bc77", b"A123BC7 ", b"??????77"] {
        let mut bent = good.clone();
        bent[at..at + 8].copy_from_slice(plate);
        assert_eq!(read(&signed(&bent), &keys()).unwrap_err().code(), "claims-plate");
    }
}

#[test]
fn an_envelope_of_another_shape_is_refused() {
    let good = cose(&typical(), Context::MovementPass);
    // tag 18, array of 4, string of 13: map of 2: 1 => -19, 4 => 8 bytes
    assert_eq!(good[..8], [0xd2, 0x84, 0x4d, 0xa2, 0x01, 0x32, 0x04, 0x48]);
    let bent = |at: usize, with: &[u8]| [&good[..at], with, &good[at + with.len()..]].concat();
    let unprotected = 2 + 1 + 13;
    for (code, bytes) in [
        ("cose-shape", good[1..].to_vec()),
        ("cose-shape", [b"\xd8\x3d", &good[..]].concat()),
        ("cose-shape", bent(0, &[0xd1])),
        ("cose-shape", [&good[..], b"\0"].concat()),
        ("cose-headers", bent(6, &[0x05])),
        ("cose-headers", [&good[..unprotected], b"\xa1\x01\x32", &good[unprotected + 1..]].concat()),
        ("cose-shape", vec![0; 680]),
        ("too-long", vec![0; 681]),
    ] {
        assert_eq!(agree(&text(&bytes)).failure().map(Error::code), Some(code));
    }
    let alg = agree(&text(&bent(5, &[0x26])));
    assert_eq!((alg.failure(), alg.outcome(Step::Cose)), (Some(&Error::Algorithm), &crate::Outcome::Held));
    // The older number for the same algorithm is taken, but it is another signed header.
    assert_eq!(agree(&text(&bent(5, &[0x27]))).failure(), Some(&Error::Signature));
}

fn documents() -> impl Strategy<Value = Document> {
    let times = (0..4_000_000_000_i64, 1..=mp1::LONGEST_VALIDITY, prop::option::of(any::<i64>()));
    let plate = "[ABEKMHOPCTYX][0-9]{3}[ABEKMHOPCTYX]{2}[0-9]{2,3}|[?][0-9]{3}[?]{2}";
    let person = (
        prop::option::of("[А-Я]\\. [А-Я]\\."),
        prop::option::of("(19|20)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"),
        prop::option::of("[0-9]{1,10}"),
        prop::option::of("[А-Яа-я0-9 -]{0,20}"),
    );
    let limit = prop::option::of(any::<u64>());
    let limits = (limit.clone(), limit.clone(), limit.clone(), limit);
    let numbers = (prop::collection::vec(any::<u64>(), 0..4), prop::collection::vec(any::<u64>(), 0..8));
    (
        ("[A-Z]{2}-[A-Z]{2,3}", prop::collection::vec(any::<u8>(), 8..=16), any::<u16>()),
        times,
        prop::collection::vec(plate, 0..4),
        person,
        numbers,
        prop::option::of(limits),
        prop::option::of((any::<u64>(), any::<u64>())),
    )
        .prop_map(|((issuer, id, kind), (begins, lasts, issued), plates, person, numbers, limits, status)| {
            Document {
                format: Format::Mp1,
                issuer,
                id,
                kind: Kind(kind),
                not_before: Some(begins),
                expires: Some(begins + lasts),
                issued,
                plates: plates.iter().map(|plate| Binding::new(plate).unwrap()).collect(),
                holder: person.0,
                birth: person.1,
                id_digits: person.2,
                cards: numbers.0,
                regions: numbers.1,
                limits: limits.map(|(trips, days, per_day, minutes)| Limits { trips, days, per_day, minutes }),
                route: person.3,
                status: status.map(|(series, index)| StatusIndex { series, index }),
                revocation: None,
            }
        })
}

proptest! {
    #[test]
    fn any_document_survives_claims_signature_text_and_reading(document in documents()) {
        let text = text(&cose(&document, Context::MovementPass));
        prop_assert_eq!(agree(&text).document, Some(document));
    }

    #[test]
    fn any_signed_payload_is_read_or_refused_with_a_reason(payload in prop::collection::vec(any::<u8>(), 0..60)) {
        agree(&signed(&payload));
    }

    #[test]
    fn a_bent_payload_that_is_read_is_what_an_issuer_could_have_written(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let mut payload = mp1::encode(&full()).unwrap();
        let at = at.index(payload.len());
        payload[at] = with;
        if let Ok(verified) = read(&signed(&payload), &keys()) {
            // One content, one encoding: no second writing of the same pass is ever taken.
            prop_assert_eq!(mp1::encode(&verified.document).unwrap(), payload);
        }
    }
}
