//! What reading a text costs beside the bare verification of its signature.
//!
//! Only the ratio means something, against the bars of design.md §11; the quickest of many is taken,
//! so that other work on the machine does not count. What the verdict adds is measured where the whole
//! chain stands (`cargo bench -p checkpointd`).
#![allow(clippy::unwrap_used, reason = "a test may say what it means")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use pass::{Document, Format, Kind, PublicKey, StatusIndex, mp1, read};
use wire::sign::{Context, Signer, sign, to_be_signed};

struct Issuer(SigningKey);
impl Signer for Issuer {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn document() -> Document {
    Document {
        format: Format::Mp1,
        issuer: "RU-TVE".into(),
        id: vec![1, 2, 3, 4, 5, 6, 7, 8],
        kind: Kind(1),
        not_before: Some(1_588_000_000),
        expires: Some(1_590_000_000),
        issued: None,
        plates: vec![plate::Binding::new("A123BC77").unwrap()],
        holder: Some("И. П.".into()),
        birth: None,
        id_digits: None,
        cards: vec![964_330_781],
        regions: vec![69, 77],
        limits: None,
        route: None,
        status: Some(StatusIndex { series: 1, index: 70_000 }),
        revocation: None,
    }
}

/// The quickest of many of each, taken in turn, one at a time: what else the machine does only ever adds.
fn quickest(mut one: impl FnMut(), mut other: impl FnMut()) -> (Duration, Duration) {
    let mut best = [Duration::MAX; 2];
    for _ in 0..1500 {
        for (best, work) in best.iter_mut().zip([&mut one as &mut dyn FnMut(), &mut other]) {
            let began = Instant::now();
            work();
            *best = (*best).min(began.elapsed());
        }
    }
    best.into()
}

fn judge(format: &str, (bare, whole): (Duration, Duration), bar: f64) {
    let ratio = whole.as_secs_f64() / bare.as_secs_f64();
    println!("{format}: bare verification {bare:?}, text to document {whole:?}, ratio {ratio:.3}");
    assert!(ratio <= bar, "{format}: {ratio:.3} is over {bar}");
}

#[test]
fn reading_mp1_costs_little_more_than_its_signature() {
    let issuer = Issuer(SigningKey::from_bytes(&[42; 32]));
    let payload = mp1::encode(&document()).unwrap();
    let cose = sign(Context::MovementPass, &issuer, &payload);
    let text = mp1::text(&cose);
    let key = PublicKey::from_ed25519(issuer.public().as_bytes()).unwrap();
    let keys = vec![(key.kid().to_vec(), key)];
    let signed = to_be_signed(Context::MovementPass, &cose[3..16], &payload);
    let signature = ed25519_dalek::Signature::from_slice(&cose[cose.len() - 64..]).unwrap();
    let public = issuer.public();
    let took = quickest(
        || public.verify_strict(black_box(&signed), black_box(&signature)).unwrap(),
        || drop(black_box(read(black_box(&text), &keys)).unwrap()),
    );
    judge("MP1", took, 1.25);
}

#[test]
fn reading_hc1_costs_little_more_than_its_signature() {
    use ciborium::cbor;
    use p256::ecdsa::signature::{Signer as _, Verifier as _};

    let signer = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let bytes = |value: &ciborium::Value| {
        let mut out = Vec::new();
        ciborium::into_writer(value, &mut out).unwrap();
        out
    };
    let blob = |bytes: &[u8]| ciborium::Value::Bytes(bytes.to_vec());
    let protected = bytes(&cbor!({ 1 => -7, 4 => blob(b"12345678") }).unwrap());
    let claims = cbor!({
        1 => "AT", 4 => 1_700_000_000, 6 => 1_600_000_000,
        -260 => { 1 => {
            "ver" => "1.3.0", "dob" => "1998-02-26",
            "nam" => { "fn" => "Musterfrau-Gößinger", "gn" => "Gabriele", "fnt" => "MUSTERFRAU<GOESSINGER", "gnt" => "GABRIELE" },
            "v" => [{
                "tg" => "840539006", "vp" => "1119305005", "mp" => "EU/1/20/1528", "ma" => "ORG-100030215", "dn" => 1, "sd" => 2,
                "dt" => "2021-02-18", "co" => "AT", "is" => "Ministry of Health, Austria",
                "ci" => "URN:UVCI:01:AT:10807843F94AEE0EE5093FBC254BD813#B"
            }]
        } }
    });
    let payload = bytes(&claims.unwrap());
    let signed = wire::sign::sig_structure(&protected, b"", &payload);
    let signature: p256::ecdsa::Signature = signer.sign(&signed);
    let parts = [blob(&protected), ciborium::Value::Map(vec![]), blob(&payload), blob(&signature.to_bytes())];
    let cose = bytes(&ciborium::Value::Tag(18, Box::new(ciborium::Value::Array(parts.into()))));
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&cose, 9);
    let text = format!("HC1:{}", pass::base45_encode(&packed));
    let public = *signer.verifying_key();
    let keys = vec![(b"12345678".to_vec(), PublicKey::P256(public))];
    let took = quickest(
        || public.verify(black_box(&signed), black_box(&signature)).unwrap(),
        || drop(black_box(read(black_box(&text), &keys)).unwrap()),
    );
    judge("HC1", took, 1.5);
}
