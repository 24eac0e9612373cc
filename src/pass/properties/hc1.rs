use ciborium::{Value, cbor};

use super::agree;
use super::samples::{FOREIGN, bytes, certificate, certificate_of, envelope, hc1_text, hcert, headers, issuer, keys};
use crate::{Error, Kind, PublicKey, read};

fn code(text: &str) -> Option<&'static str> {
    agree(text).failure().map(Error::code)
}

fn map(value: &mut Value, key: &Value) -> Value {
    let entries = value.as_map_mut().unwrap();
    entries.iter().find(|(k, _)| k == key).unwrap().1.clone()
}

/// The good claims with one of the top ones set.
fn with(key: i64, set: Value) -> Value {
    let mut claims = hcert();
    let entries = claims.as_map_mut().unwrap();
    entries.retain(|(k, _)| *k != Value::from(key));
    entries.push((key.into(), set));
    claims
}

#[test]
fn a_certificate_gives_what_an_officer_compares_and_no_more() {
    let verified = read(&certificate(), &keys()).unwrap();
    let document = verified.document;
    assert_eq!((verified.key, document.kind, document.issuer.as_str()), (1, Kind::VACCINATION, "AT"));
    assert_eq!(
        (document.expires, document.issued, document.not_before),
        (Some(1_700_000_000), Some(1_600_000_000), None)
    );
    assert_eq!((document.holder.as_deref(), document.birth.as_deref()), (Some("M.G."), Some("1998")));
    assert_eq!(document.id, b"URN:UVCI:01:AT:1");
}

#[test]
fn an_envelope_may_be_tagged_18_or_61_around_18_or_not_at_all() {
    let inner = || envelope(&bytes(&headers()), Value::Map(vec![]), &bytes(&hcert()));
    let tagged = |tag, value| Value::Tag(tag, Box::new(value));
    for good in [inner(), tagged(18, inner()), tagged(61, tagged(18, inner()))] {
        assert_eq!(code(&hc1_text(&bytes(&good))), None);
    }
    for bad in [tagged(998, inner()), tagged(18, tagged(61, inner())), tagged(18, tagged(18, inner()))] {
        assert_eq!(code(&hc1_text(&bytes(&bad))), Some("cose-shape"));
    }
    assert_eq!(code(&hc1_text(&[&bytes(&inner())[..], b"\0"].concat())), Some("cose-shape"));
}

#[test]
fn a_hint_may_stand_in_either_header_and_the_signed_one_wins() {
    let kid = |kid: &[u8]| cbor!({ 4 => Value::Bytes(kid.to_vec()) }).unwrap();
    let alg = || cbor!({ 1 => -7 }).unwrap();
    let sealed = |protected: &Value, unprotected: Value| {
        code(&hc1_text(&bytes(&envelope(&bytes(protected), unprotected, &bytes(&hcert())))))
    };
    let both = |kid: &[u8]| cbor!({ 1 => -7, 4 => Value::Bytes(kid.to_vec()) }).unwrap();
    assert_eq!(sealed(&alg(), kid(&FOREIGN)), None);
    assert_eq!(sealed(&both(&FOREIGN), kid(b"another!")), None);
    assert_eq!(sealed(&both(b"another!"), kid(&FOREIGN)), Some("unknown-key"));
    assert_eq!(sealed(&alg(), Value::Map(vec![])), Some("cose-no-kid"));
    assert_eq!(sealed(&alg(), cbor!({ 4 => 17 }).unwrap()), Some("cose-no-kid"));
    assert_eq!(sealed(&alg(), cbor!({ 4 => "foreign!" }).unwrap()), None);
    assert_eq!(
        sealed(&alg(), Value::Map([(4.into(), 1.into()), (4.into(), Value::Bytes(FOREIGN.into()))].into())),
        Some("cose-duplicate-header")
    );
    // Without any signed header the signature covers an empty string (RFC 9052 §3).
    let unsigned = envelope(b"", both(&FOREIGN), &bytes(&hcert()));
    assert_eq!(code(&hc1_text(&bytes(&unsigned))), None);
}

#[test]
fn the_key_decides_the_algorithm() {
    for (alg, expected) in [
        (-7, None),
        (-37, Some("algorithm")),
        (-8, Some("algorithm")),
        (-19, Some("algorithm")),
        (0, Some("algorithm")),
    ] {
        let headers = cbor!({ 1 => alg, 4 => Value::Bytes(FOREIGN.to_vec()) }).unwrap();
        assert_eq!(
            code(&hc1_text(&bytes(&envelope(&bytes(&headers), Value::Map(vec![]), &bytes(&hcert()))))),
            expected
        );
    }
    let missing = cbor!({ 4 => Value::Bytes(FOREIGN.to_vec()) }).unwrap();
    assert_eq!(
        code(&hc1_text(&bytes(&envelope(&bytes(&missing), Value::Map(vec![]), &bytes(&hcert()))))),
        Some("algorithm")
    );
}

#[test]
fn a_key_of_ours_signs_no_foreign_certificate() {
    use wire::sign::Signer as _;
    let headers = bytes(&cbor!({ 1 => -19, 4 => Value::Bytes(keys()[0].0.clone()) }).unwrap());
    let payload = bytes(&hcert());
    let signature = issuer().sign(&wire::sign::sig_structure(&headers, b"", &payload));
    let parts = [headers, Vec::new(), payload, signature.to_vec()].map(Value::Bytes);
    let mut parts = Vec::from(parts);
    parts[1] = Value::Map(vec![]);
    assert_eq!(code(&hc1_text(&bytes(&Value::Array(parts)))), Some("algorithm"));
}

#[test]
fn a_date_may_be_a_float_and_never_a_surprise() {
    let date = |value: Value| read(&certificate_of(&with(4, value)), &keys()).unwrap().document.expires;
    assert_eq!(date(Value::Float(1_700_000_000.75)), Some(1_700_000_000));
    assert_eq!(date(Value::Float(1e300)), Some(i64::MAX));
    assert_eq!(date(Value::Float(f64::NAN)), None);
    assert_eq!(date(Value::from(u64::MAX)), None);
    assert_eq!(date(Value::from("tomorrow")), None);
}

#[test]
fn content_of_another_shape_is_refused() {
    for (claims, expected) in [
        (cbor!([1]).unwrap(), "claims-shape"),
        (with(-260, cbor!({}).unwrap()), "claims-missing"),
        (with(-260, cbor!({ 1 => 2 }).unwrap()), "claims-missing"),
        (with(-260, cbor!({ 1 => { "x" => [{}] } }).unwrap()), "claims-kind"),
        (with(-260, cbor!({ 1 => { "v" => [] } }).unwrap()), "claims-kind"),
    ] {
        assert_eq!(code(&certificate_of(&claims)), Some(expected));
    }
    let sealed = |payload: &[u8]| hc1_text(&bytes(&envelope(&bytes(&headers()), Value::Map(vec![]), payload)));
    assert_eq!(code(&sealed(b"\xa1")), Some("claims-cbor"));
    assert_eq!(code(&sealed(&[0x81; 500])), Some("claims-cbor"));
}

#[test]
fn a_claim_that_comes_twice_is_refused_at_any_depth() {
    let mut outer = hcert();
    let expires = map(&mut outer, &4.into());
    outer.as_map_mut().unwrap().push((4.into(), expires));
    assert_eq!(code(&certificate_of(&outer)), Some("claims-duplicate"));

    let twice = Value::Map(vec![("ci".into(), "a".into()), ("ci".into(), "b".into())]);
    let deep = with(-260, cbor!({ 1 => { "v" => [twice] } }).unwrap());
    assert_eq!(code(&certificate_of(&deep)), Some("claims-duplicate"));

    // Too many keys to compare them all within a blink.
    let many = Value::Map((0..65).map(|key| (key.into(), Value::Null)).collect());
    assert_eq!(code(&certificate_of(&many)), Some("claims-duplicate"));
}

#[test]
fn every_single_bit_change_of_what_is_signed_is_refused() {
    let good = bytes(&envelope(&bytes(&headers()), Value::Map(vec![]), &bytes(&hcert())));
    let keys: Vec<(Vec<u8>, PublicKey)> = keys();
    for bit in 0..good.len() * 8 {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&hc1_text(&changed), &keys).is_err(), "bit {bit}");
    }
}

#[test]
fn a_compression_bomb_stops_at_its_limit() {
    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 1 << 20], 9);
    assert_eq!(crate::hc1::inflate(&bomb), Err(Error::InflateLimit));
    let edge = |length| miniz_oxide::deflate::compress_to_vec_zlib(&vec![7; length], 9);
    assert_eq!(crate::hc1::inflate(&edge(crate::hc1::LONGEST_CBOR)).map(|out| out.len()), Ok(crate::hc1::LONGEST_CBOR));
    assert_eq!(crate::hc1::inflate(&edge(crate::hc1::LONGEST_CBOR + 1)), Err(Error::InflateLimit));
}

#[test]
fn a_damaged_or_continued_stream_is_refused() {
    let good = miniz_oxide::deflate::compress_to_vec_zlib(b"checkpoint", 9);
    assert_eq!(crate::hc1::inflate(&good).as_deref(), Ok(&b"checkpoint"[..]));
    let trailing = [&good[..], b"\0"].concat();
    let mut checksum = good.clone();
    *checksum.last_mut().unwrap() ^= 1;
    for bad in [&trailing[..], &checksum, &good[..good.len() - 1], &good[2..], b""] {
        assert_eq!(crate::hc1::inflate(bad), Err(Error::Inflate));
    }
}
