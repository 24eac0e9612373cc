use proptest::prelude::*;

use super::super::cms::{Message, to_der};
use super::*;

fn read(path: PathBuf, signers: Option<PathBuf>) -> Result<Statement, Error> {
    Batches { path, signers }.read("eu-rev", Some(NOW), NOW, &mut |_, _| {})
}

fn ids(statement: &Statement) -> &BTreeMap<String, Vec<([u8; 16], i64)>> {
    match &statement.said {
        Said::Ids(streams) => streams,
        other => panic!("{other:?}"),
    }
}

fn hash(number: u32) -> [u8; 16] {
    trust::format::sha256(&number.to_be_bytes())[..16].try_into().unwrap()
}

fn batch(country: &str, scheme: Scheme, hashes: impl IntoIterator<Item = u32>, expires: &str) -> Value {
    let entries: Vec<_> = hashes.into_iter().map(|n| json!({ "hash": Base64::encode_string(&hash(n)) })).collect();
    json!({ "country": country, "expires": expires, "kid": "AAAAAAAAAAA=", "hashType": scheme.as_str(), "entries": entries })
}

const LATER: &str = "2049-01-01T00:00:00Z";

#[test]
fn batches_in_cms_count_when_an_uploader_of_their_country_signed_them() {
    let desk = Desk::new();
    for name in ["uci.cms", "sig.cms"] {
        desk.put(&format!("batches/{name}"), bytes(name));
    }
    // The gateway hands them out in base64.
    desk.put("base64/uci.b64", Base64::encode_string(&bytes("uci.cms")));
    for name in ["upload-xa.der", "upload-xb.der"] {
        desk.put(&format!("signers/{name}"), bytes(name));
    }
    let statement = read(desk.path("batches"), Some(desk.path("signers"))).unwrap();
    let told: Vec<_> = ids(&statement).iter().map(|(stream, ids)| (stream.as_str(), ids.len())).collect();
    assert_eq!(told, [("EU-sig/XB", 2), ("EU-uci/XA", 3)]);
    let revoked = trust::format::sha256(b"revoked 0");
    assert!(ids(&statement)["EU-uci/XA"].iter().any(|(key, _)| *key == revoked[..16]));
    assert_eq!(ids(&read(desk.path("base64"), Some(desk.path("signers"))).unwrap())["EU-uci/XA"].len(), 3);
    assert_eq!(code(read(desk.path("batches"), Some(fixture("upload-xa.der")))), "import-signature");
    assert_eq!(code(read(fixture("uci.json"), Some(desk.path("signers")))), "import-unsigned");
    // A country cannot revoke another's: here the uploader of XB says that it is of XA.
    let mut forged = bytes("sig.cms");
    let at = forged.windows(4).position(|window| window == b"\"XB\"").unwrap();
    forged[at + 2] = b'A';
    assert_eq!(code(read(desk.put("forged.cms", forged), Some(desk.path("signers")))), "import-signature");
}

#[test]
fn ids_wait_for_the_next_release_and_leave_with_it_when_they_end_or_are_taken_back() {
    let desk = Desk::new();
    let put = |name: &str, batch: Value| desk.put(&format!("batches/{name}"), batch.to_string());
    put("1.json", batch("AT", Scheme::Uci, 0..10, LATER));
    put("2.json", batch("AT", Scheme::Uci, 8..12, "2027-02-01T00:00:00+01:00"));
    put("3.json", batch("FR", Scheme::CountryUci, [5], LATER));
    put("4.json", batch("FR", Scheme::CountryUci, [6], "2020-01-01T00:00:00Z"));
    let statement = read(desk.path("batches"), None).unwrap();
    assert_eq!(statement.left_out, [LeftOut { what: "4.json".to_owned(), why: Why::Ended }]);
    desk.import(&statement, Consent::default()).unwrap();
    assert_eq!(desk.region.pending().unwrap(), []);
    let plan = desk.import(&statement, APPLY).unwrap();
    let counts: Vec<_> = plan.ids.iter().map(|(stream, counts)| (stream.as_str(), *counts)).collect();
    assert_eq!(counts, [("EU-ccuci/FR", (1, 0, 1)), ("EU-uci/AT", (12, 0, 12))]);
    let pending = desk.region.pending().unwrap();
    assert_eq!(
        pending.iter().map(|(stream, changes)| (stream.issuer.as_str(), changes.len())).collect::<Vec<_>>(),
        [("EU-ccuci/FR", 1), ("EU-uci/AT", 12)]
    );
    assert!(pending.iter().all(|(stream, _)| stream.part == Part::Ids && stream.region == *desk.region.id()));
    assert!(pending[1].1.contains(&(hash(3), Some(Vec::new()))));
    desk.region.settle(&pending).unwrap();
    assert!(desk.import(&statement, APPLY).unwrap().is_empty());
    assert_eq!(desk.region.pending().unwrap(), []);
    let ages = desk.region.foreign_ages().unwrap();
    assert_eq!(ages.get(&(Part::Ids, pending[1].0.issuer.clone())), Some(&NOW));

    // One taken back, and in February the two that were in the second batch alone.
    put("1.json", batch("AT", Scheme::Uci, 1..10, LATER));
    let plan = desk.import(&read(desk.path("batches"), None).unwrap(), APPLY).unwrap();
    assert_eq!((plan.ids["EU-uci/AT"], plan.shrinks), ((0, 1, 11), (13, 1)));
    assert_eq!(desk.region.pending().unwrap()[0].1, [(hash(0), None)]);
    let pending = desk.region.pending().unwrap();
    desk.region.settle(&pending).unwrap();
    assert_eq!(desk.region.drop_ended_ids(NOW + 31 * DAY).unwrap(), 2);
    let mut ended = [(hash(10), None), (hash(11), None)];
    ended.sort();
    assert_eq!(desk.region.pending().unwrap()[0].1, ended);
    assert_eq!(desk.region.drop_ended_ids(NOW + 31 * DAY).unwrap(), 0);
}

#[test]
fn an_id_that_two_sources_name_goes_when_neither_does_any_more() {
    let desk = Desk::new();
    let from = |source: &str, hashes: std::ops::Range<u32>| {
        let path = desk.put("one.json", batch("AT", Scheme::Uci, hashes, LATER).to_string());
        let statement = read(path, None).unwrap();
        let consent = Consent { shrink: true, ..APPLY };
        desk.import(&Statement { source: source.to_owned(), ..statement }, consent).unwrap();
        let pending = desk.region.pending().unwrap();
        desk.region.settle(&pending).unwrap();
        pending
            .into_iter()
            .flat_map(|(_, changes)| changes)
            .map(|(key, value)| (key, value.is_some()))
            .collect::<Vec<_>>()
    };
    assert_eq!(from("eu", 1..3).len(), 2);
    assert_eq!(from("de", 2..4), [(hash(3), true)]);
    assert_eq!(from("eu", 1..2), [], "the other still names it");
    assert_eq!(from("de", 3..4), [(hash(2), false)]);
}

#[test]
fn a_wrong_batch_refuses_the_whole_folder() {
    let desk = Desk::new();
    desk.put("batches/1.json", batch("AT", Scheme::Uci, 0..10, LATER).to_string());
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut wrong = batch("FR", Scheme::Signature, 0..3, LATER);
        change(&mut wrong);
        desk.put("batches/2.json", wrong.to_string());
        code(read(desk.path("batches"), None))
    };
    assert_eq!(refused(&|it| it["hashType"] = json!("MD5")), "entry-hash-type");
    assert_eq!(refused(&|it| it["country"] = json!("FRA")), "entry-country");
    assert_eq!(refused(&|it| it["expires"] = json!("tomorrow")), "entry-time");
    assert_eq!(refused(&|it| it["kid"] = json!("AAAA")), "entry-kid");
    assert_eq!(refused(&|it| it["entries"] = json!([])), "entry-count");
    assert_eq!(refused(&|it| *it = batch("FR", Scheme::Uci, 0..1001, LATER)), "entry-count");
    assert_eq!(refused(&|it| it["entries"][1]["hash"] = json!("AAAA")), "entry-base64");
    assert_eq!(refused(&|it| it["entries"][1]["hash"] = json!(Base64::encode_string(&[0; 17]))), "entry-base64");
    assert_eq!(refused(&|it| it["entries"] = json!({})), "import-shape");
    desk.put("batches/2.json", "{\"country\":\"FR\",\"country\":\"DE\"}");
    let error = read(desk.path("batches"), None).unwrap_err();
    assert_eq!(error.code(), "import-shape", "two countries");
    assert!(error.to_string().contains("2.json"), "{error}");
    desk.put("batches/2.json", "[".repeat(100_000));
    assert_eq!(code(read(desk.path("batches"), None)), "entry-signature", "neither JSON of a batch nor CMS");
    assert_eq!(code(read(desk.path("nowhere"), None)), "file");
    std::fs::create_dir(desk.path("empty")).unwrap();
    assert_eq!(code(read(desk.path("empty"), None)), "import-empty");
}

#[test]
fn open_lengths_and_strings_in_pieces_are_closed_and_joined() {
    let open = [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 1, 0x04, 0x02, 2, 3, 0, 0, 0x02, 0x01, 9, 0, 0];
    assert_eq!(to_der(&open).unwrap(), [0x30, 8, 0x04, 3, 1, 2, 3, 0x02, 1, 9]);
    let closed = bytes("dsc-xb.der");
    assert_eq!(to_der(&closed).unwrap(), closed, "what is DER stays as it is");
    for wrong in
        [&b""[..], &[0x30], &[0x30, 0x80], &[0x30, 0x05, 1], &[0x04, 0x80, 0, 0], &[0x30, 0, 0], &[0x24, 3, 2, 1, 1]]
    {
        assert_eq!(to_der(wrong), None, "{wrong:?}");
    }
    assert_eq!(to_der(&[0x30, 0x80].repeat(50_000)), None, "bottomless");
    assert_eq!(to_der(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_message_however_damaged_makes_a_reader_fall(at in 0usize..1136, bit in 0u8..8, cut in 0usize..1136) {
        let mut message = bytes("uci.cms");
        message[at] ^= 1 << bit;
        let signer = pass::x509::Signed::read(&bytes("upload-xa.der")).unwrap();
        let whole = Message::read(&bytes("uci.cms")).unwrap();
        if let Some(damaged) = Message::read(&message) {
            // Whatever still counts carries what was signed.
            let counts = damaged.is_signed_by(damaged.content(), [&signer]);
            prop_assert!(!counts || damaged.content() == whole.content());
        }
        Message::read(&message[..cut]);
        pass::x509::Signed::read(&message[cut..]);
        pass::x509::Crl::read(&message[cut..]);
    }
}
