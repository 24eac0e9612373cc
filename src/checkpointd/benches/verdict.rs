//! What a verdict costs beside the bare verification of its signature: `cargo bench -p checkpointd`.
//!
//! One run, the whole path: from a text through the box's own door to the verdict, with a release that HQ has made,
//! status lists, sets, orders, and a register of some thousand records that is asked for the vehicle and for a strong
//! code. Each is taken in turn with its bare verification, one at a time, and the quickest of many counts: what else
//! the machine does only ever adds. Stretching of short codes is no part of it.
#![expect(clippy::unwrap_used, reason = "what is measured may say what it means")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding as _};
use checkpointd::judge::{Books, Circumstances, judge};
use checkpointd::register::Lookup;
use hq::{Founding, IssueRequest, Region};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use pass::{Kind, hc1};
use trust::register::{Presented, Shown};
use trust::{Folder, Store};
use verdict::Outcome;
use wire::sign::{Context, Sign1, to_be_signed};
use wire::{ClockTrust, WallTime};

/// 2021-05-30T13:00:00Z: when the certificate counts.
const NOW: i64 = 1_622_379_600;

/// Records in the register.
const RECORDS: u64 = 5000;

/// How often each is taken.
const ROUNDS: u32 = 3000;

/// The bars (design.md, section 11): whole path by bare verification.
const BARS: [(&str, f64); 2] = [("MP1", 1.25), ("HC1", 1.5)];

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверь".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    let region = Region::create(&folder.path().join("hq"), &founding, "bench", NOW - 86_400).unwrap();
    let (text, certificate) = certificate();
    let der = folder.path().join("signer.der");
    std::fs::write(&der, certificate).unwrap();
    region.trust_certificate(&der, "NL", &[Kind::VACCINATION, Kind::TEST], "bench", NOW).unwrap();
    let register = folder.path().join("register.csv");
    std::fs::write(&register, records()).unwrap();
    region.import_register(&register, (0, None), "bench", NOW, &mut |_| {}).unwrap();
    let request = IssueRequest {
        kind: 1,
        plates: vec!["A123BC77".to_owned()],
        holder: Some("И. П.".to_owned()),
        not_before: NOW - 60,
        expires: NOW + 30 * 86_400,
        ..IssueRequest::default()
    };
    let passes: Vec<_> = (0..500).map(|_| region.issue(&request, "bench", NOW).unwrap()).collect();
    region.publish("bench", NOW).unwrap();
    let now = WallTime::from_unix(NOW, ClockTrust::Ntp);
    let mut store = Store::provision(&folder.path().join("trust"), &region.first_root().unwrap(), region.id()).unwrap();
    store.adopt(&mut Folder(region.release_folder()), now).unwrap();
    let release = store.current().unwrap();
    let lookup = Lookup::open(folder.path(), region.id());
    lookup.take(region.pepper().unwrap());
    let opened = lookup.current().unwrap();
    let books = Books { register: Some(lookup), ..Books::default() };
    let plate = plate::Reading::new("А123ВС77");
    let around = Circumstances { plate: Some(&plate), books: Some(&books), ..Circumstances::new(Some(&release), now) };
    let strong = Shown::plain(Presented::Code, &code(RECORDS / 2)).unwrap();

    let own = &passes[250].text;
    let cose = pass::base45_decode(&own["MP1:".len()..]).unwrap();
    let message = Sign1::parse(&cose).unwrap();
    let signed = to_be_signed(Context::MovementPass, message.protected, message.payload);
    let signature = ed25519_dalek::Signature::from_bytes(&message.signature);
    let key = region.issuers().unwrap().into_iter().next().unwrap().key;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
    assert_eq!(judge(own, around).verdict.outcome, Outcome::Admit);
    let mp1 = quickest(
        || key.verify_strict(black_box(&signed), black_box(&signature)).unwrap(),
        || {
            assert_eq!(judge(black_box(own), around).verdict.outcome, Outcome::Admit);
            assert!(opened.look_up(&release, black_box(&strong)).unwrap().is_some());
        },
    );

    // A key of ours over as many bytes: what is signed makes no difference to the cost.
    let signer = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let public = *signer.verifying_key();
    let cose = hc1::inflate(&hc1::unwrap(&text).unwrap()).unwrap();
    let signature: p256::ecdsa::Signature = signer.sign(&cose[..cose.len() - 64]);
    assert_eq!(judge(&text, around).verdict.outcome, Outcome::Check, "the officer compares the document");
    let hc1 = quickest(
        || public.verify(black_box(&cose[..cose.len() - 64]), black_box(&signature)).unwrap(),
        || assert_eq!(judge(black_box(&text), around).verdict.outcome, Outcome::Check),
    );

    let mut missed = false;
    for ((name, bar), (bare, whole)) in BARS.into_iter().zip([mp1, hc1]) {
        let ratio = whole.as_secs_f64() / bare.as_secs_f64();
        println!(
            "measured: {name}: bare verification {bare:?}, text to verdict {whole:?}, {ratio:.3} of at most {bar}"
        );
        missed |= ratio > bar;
    }
    ExitCode::from(u8::from(missed))
}

/// The quickest of many of each, taken in turn.
fn quickest(mut one: impl FnMut(), mut other: impl FnMut()) -> (Duration, Duration) {
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        for (best, work) in best.iter_mut().zip([&mut one as &mut dyn FnMut(), &mut other]) {
            let began = Instant::now();
            work();
            *best = (*best).min(began.elapsed());
        }
    }
    best.into()
}

/// A certificate of a test and its signer's, as the Netherlands have published them for tests.
fn certificate() -> (String, Vec<u8>) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/dgc-testdata/NL/2DCode/raw/000-NL-test.json");
    let vector: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let der = Base64::decode_vec(vector["TESTCTX"]["CERTIFICATE"].as_str().unwrap()).unwrap();
    (vector["PREFIX"].as_str().unwrap().to_owned(), der)
}

/// A code that nobody guesses.
fn code(number: u64) -> String {
    trust::format::hex(&trust::format::sha256(&number.to_be_bytes())[..12]).to_ascii_uppercase()
}

/// A register: the vehicle, and codes.
fn records() -> String {
    let mut rows = "what,text,kind,valid_from,valid_to,alert,holder,birth,id_digits,plate\n".to_owned();
    rows += "plate,А123ВС77,work,2021-05-01,2021-06-30,,,,,\n";
    for number in 0..RECORDS {
        writeln!(rows, "code,{},family,2021-05-01,2021-06-30,,И. П.,1984,,", code(number)).unwrap();
    }
    rows
}
