use data_encoding::BASE64URL;
use pass::x509::{Crl, Signed};
use pass::{Error, Keys, Kind, PublicKey, read, trace};
use serde_json::{Value, json};

use crate::set::Set;

/// Australia's authority, and what it has taken back.
struct Authority {
    key: PublicKey,
    kid: Vec<u8>,
    country: &'static str,
    revoked: Vec<Vec<u8>>,
}

impl Keys for Authority {
    fn with_kid<'a>(&'a self, kid: &[u8]) -> Box<dyn Iterator<Item = (usize, &'a PublicKey)> + 'a> {
        Box::new((kid == self.kid).then_some((0, &self.key)).into_iter())
    }
    fn speaks_for(&self, _: usize, issuer: &str) -> bool {
        issuer == self.country
    }
    fn has_revoked(&self, _: usize, serial: &[u8]) -> bool {
        self.revoked.iter().any(|revoked| revoked == serial)
    }
}

fn australia(set: &Set) -> Authority {
    let authority = Signed::read(&set.bytes("csca.der")).unwrap();
    let crl = Crl::read(&set.bytes("crl.der")).unwrap();
    assert_eq!(crl.is_signed_by(&authority), Ok(true));
    Authority {
        key: authority.key().unwrap(),
        kid: authority.own_key().unwrap(),
        country: "AUS",
        revoked: crl.serials().map(<[u8]>::to_vec).collect(),
    }
}

fn code(text: &str, keys: &dyn Keys) -> &'static str {
    let read = read(text, keys);
    assert_eq!(read.as_ref().err(), trace(text, keys).failure());
    read.as_ref().err().map_or("held", Error::code)
}

#[test]
fn australias_seal_holds_under_its_pinned_authority_and_nothing_else() {
    let set = Set::open("vds-nc");
    let text = set.text("validVDSJson.json");
    let mut authority = australia(&set);
    for case in set.json("expected.json").as_array().unwrap() {
        let text = set.text(case["file"].as_str().unwrap());
        let expected = if case["expected"] == "VALID" { "held" } else { "seal-shape" };
        assert_eq!(code(&text, &authority), expected, "{case}");
    }
    set.ran(2, "texts");
    let verified = read(&text, &authority).unwrap();
    let document = verified.document;
    assert_eq!((document.issuer.as_str(), document.kind), ("AUS", Kind::VACCINATION));
    assert_eq!((document.holder.as_deref(), document.birth.as_deref()), (Some("C.J."), Some("2004")));
    assert_eq!((document.id_digits.as_deref(), &document.id[..]), (Some("0385"), &b"VB0009990025"[..]));
    assert_eq!((document.not_before, document.expires), (Some(1_630_418_400), Some(1_948_543_199)));
    assert_eq!(verified.certificate.unwrap()["msg"]["ve"][0]["nam"], json!("AstraZeneca Vaxzevria"));

    let value: Value = serde_json::from_str(&text).unwrap();
    let der = BASE64URL.decode(value["sig"]["cer"].as_str().unwrap().as_bytes()).unwrap();
    let signer = Signed::read(&der).unwrap();
    authority.revoked.push(signer.serial().to_vec());
    assert_eq!(code(&text, &authority), "signer-revoked");
    authority.revoked.clear();
    authority.country = "NZL";
    assert_eq!(code(&text, &authority), "unknown-key", "another country's authority");
    let none: Vec<(Vec<u8>, PublicKey)> = Vec::new();
    assert_eq!(code(&text, &none), "unknown-key");
    // The signer itself may be known instead; then nobody asks who issued it.
    let kid = <sha2::Sha256 as sha2::Digest>::digest(&der)[..8].to_vec();
    assert_eq!(code(&text, &vec![(kid.clone(), signer.key().unwrap())]), "held");
    let other = PublicKey::P256(*p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap().verifying_key());
    assert_eq!(code(&text, &vec![(kid, other.clone())]), "unknown-key", "the same hint, another key");
    assert_eq!(code(&text, &vec![(signer.authority_key().unwrap(), other)]), "algorithm", "RSA signed it");
}

#[test]
fn whatever_is_changed_in_a_seal_is_found() {
    let set = Set::open("vds-nc");
    let (good, authority) = (set.text("validVDSJson.json"), australia(&set));
    let with = |from: &str, to: &str| {
        assert_eq!(good.matches(from).count(), 1, "{from}");
        code(&good.replace(from, to), &authority)
    };
    // As others may write the same: order, spaces and escapes do not count.
    let compact: Value = serde_json::from_str(&good).unwrap();
    assert_eq!(code(&compact.to_string(), &authority), "held");
    assert_eq!(with("CITIZEN  JOHN", "CITIZEN  \\u004aOHN"), "held");
    assert_eq!(with("CITIZEN  JOHN", "CITIZEN  JOAN"), "signature");
    assert_eq!(with("\"seq\": 2", "\"seq\": 3"), "signature");
    assert_eq!(with("\"seq\": 2", "\"seq\": 2.0"), "json-number");
    assert_eq!(with("\"seq\": 2", "\"seq\": 2e0"), "json-number");
    assert_eq!(with("\"seq\": 2", "\"seq\": -0"), "json-number");
    assert_eq!(with("\"seq\": 2", "\"seq\": 9007199254740993"), "json-number");
    assert_eq!(with("\"seq\": 2", "\"seq\": 2, \"seq\": 2"), "json-duplicate");
    assert_eq!(with("\"is\": \"AUS\"", "\"is\": \"NZL\""), "unknown-key");
    assert_eq!(with("icao.vacc", "icao.test"), "signature");
    assert_eq!(with("\"alg\": \"ES256\"", "\"alg\": \"ES384\""), "algorithm");
    assert_eq!(with("\"alg\": \"ES256\"", "\"alg\": \"none\""), "algorithm");
    assert_eq!(with("\"cer\": \"MII", "\"cer\": \"MIJ"), "seal-certificate");
    assert_eq!(with("\"sigvl\": \"70r8", "\"sigvl\": \"80r8"), "signature");
    assert_eq!(with("\"sigvl\": \"70r8", "\"sigvl\": \"70r\\u0000"), "seal-shape");
    assert_eq!(with("\"msg\": {", "\"msh\": {"), "seal-shape");
    assert_eq!(code(good.trim_end().trim_end_matches('}'), &authority), "json-shape");
    assert_eq!(code(&format!("{good}{{}}"), &authority), "json-shape");
    assert_eq!(code(&format!(" {good}"), &authority), "not-a-pass");
    assert_eq!(code(&format!("{good}{}", " ".repeat(4296)), &authority), "too-long");
    // A byte of the signer's certificate: the authority has not signed that.
    let mut value = compact.clone();
    let mut der = BASE64URL.decode(value["sig"]["cer"].as_str().unwrap().as_bytes()).unwrap();
    let at = der.windows(5).position(|window| window == b"DFAT0").unwrap();
    der[at] = b'E';
    value["sig"]["cer"] = json!(BASE64URL.encode(&der));
    assert_eq!(code(&value.to_string(), &authority), "signature");
}

/// Seals that OpenSSL has made, on curves that no published example has.
#[test]
fn seals_on_larger_curves_hold_and_a_signer_is_held_to_what_it_is_for() {
    let read_file = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vds-nc").join(name);
        std::fs::read(path).unwrap()
    };
    for (name, expected) in [("es384", "held"), ("es512", "held"), ("unfit", "claims-usage")] {
        let signed = Signed::read(&read_file(&format!("csca-{name}.der"))).unwrap();
        let authority = Authority {
            key: signed.key().unwrap(),
            kid: signed.own_key().unwrap(),
            country: "XCX",
            revoked: Vec::new(),
        };
        let text = String::from_utf8(read_file(&format!("{name}.json"))).unwrap();
        assert_eq!(code(&text, &authority), expected, "{name}");
        assert_eq!(code(&text.replace("Normal", "Detected"), &authority), "signature", "{name}");
        for alg in ["ES256", "ES384", "ES512"].into_iter().filter(|alg| !text.contains(alg)) {
            let own = ["ES256", "ES384", "ES512"].into_iter().find(|alg| text.contains(alg)).unwrap();
            assert_eq!(code(&text.replace(own, alg), &authority), "algorithm", "{name} as {alg}");
        }
        if expected == "held" {
            let document = read(&text, &authority).unwrap().document;
            assert_eq!((document.kind, &document.id[..]), (Kind::TEST, &b"U32870"[..]));
            let compared = (document.holder.as_deref(), document.birth.as_deref(), document.id_digits.as_deref());
            assert_eq!(compared, (Some("M.É."), Some("1964"), Some("47")));
        }
        let revoked = Authority { revoked: vec![vec![77]], ..authority };
        assert_eq!(code(&text, &revoked), "signer-revoked");
    }
}
