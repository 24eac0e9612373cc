use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::EncodePublicKey as _;

use super::*;

fn read(list: &TrustList) -> Result<Statement, Error> {
    list.read("eu", Some(NOW), NOW)
}

fn keys(statement: &Statement) -> Vec<&KeyEntry> {
    match &statement.said {
        Said::Keys(keys) => keys.iter().collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_gateways_list_counts_when_every_signature_leads_to_its_anchor() {
    let desk = Desk::new();
    let path = desk.put("list.json", json!(gateway_list()).to_string());
    let list = TrustList { path, anchor: Some(fixture("anchor.der")), ..TrustList::default() };
    let statement = read(&list).unwrap();
    assert!(statement.checked.contains("anchor") && statement.checked.contains("authority"), "{}", statement.checked);
    assert_eq!(statement.left_out, []);
    let keys = keys(&statement);
    let told: Vec<_> = keys.iter().map(|key| (key.scope.issuer.as_str(), key.scope.kinds.as_slice())).collect();
    assert_eq!(told, [("XA", &[1001][..]), ("XB", &[1002, 1001, 1003][..])], "usages limit kinds");
    assert_eq!(keys[0].kid, trust::format::sha256(&bytes("dsc-xa.der"))[..8]);

    // Anything that was put in or changed on the way.
    let refused = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut items = gateway_list();
        change(&mut items);
        let path = desk.put("changed.json", json!(items).to_string());
        code(read(&TrustList { path, anchor: Some(fixture("anchor.der")), ..TrustList::default() }))
    };
    assert_eq!(refused(&|items| items[4]["signature"] = items[5]["signature"].clone()), "entry-signature");
    assert_eq!(refused(&|items| items[4]["signature"] = json!(null)), "entry-signature");
    assert_eq!(refused(&|items| items[4]["country"] = json!("XB")), "entry-signature", "another country's uploader");
    assert_eq!(refused(&|items| drop(items.remove(2))), "entry-signature", "no uploader of its country");
    assert_eq!(refused(&|items| items[2] = item("upload-xb", "UPLOAD", "XA")), "entry-signature");
    assert_eq!(refused(&|items| items[4]["kid"] = items[5]["kid"].clone()), "entry-kid");
    assert_eq!(refused(&|items| items[4]["thumbprint"] = json!("00")), "entry-kid");
    assert_eq!(refused(&|items| items[4]["country"] = json!("xa")), "entry-country");
    assert_eq!(refused(&|items| items[4]["rawData"] = json!("?")), "entry-base64");
    assert_eq!(refused(&|items| drop(items[4].as_object_mut().unwrap().remove("rawData"))), "import-shape");
    let of_other =
        TrustList { path: desk.path("list.json"), anchor: Some(fixture("csca-xa.der")), ..TrustList::default() };
    assert_eq!(code(read(&of_other)), "entry-signature");
}

#[test]
fn signers_count_only_when_an_authority_of_their_own_country_issued_them() {
    let desk = Desk::new();
    let path = desk.put("list.json", json!([item("dsc-xa", "DSC", "XA"), item("dsc-xb", "DSC", "XB")]).to_string());
    let left_out = |csca: PathBuf, path: &PathBuf| {
        let list = TrustList { path: path.clone(), csca: Some(csca), ..TrustList::default() };
        read(&list).unwrap().left_out.into_iter().map(|one| one.why).collect::<Vec<_>>()
    };
    for name in ["csca-xa.der", "csca-xb.der"] {
        desk.put(&format!("csca/{name}"), bytes(name));
    }
    assert_eq!(left_out(desk.path("csca"), &path), []);
    assert_eq!(left_out(fixture("csca-xa.der"), &path), [Why::NoAuthority]);
    assert_eq!(left_out(fixture("csca-xc.der"), &path), [Why::NoAuthority, Why::NoAuthority]);
    // A signer is no authority, whoever it is.
    assert_eq!(left_out(fixture("dsc-xa.der"), &path), [Why::NoAuthority, Why::NoAuthority]);
    let swapped = desk.put("swapped.json", json!([item("dsc-xa", "DSC", "XB")]).to_string());
    assert_eq!(left_out(desk.path("csca"), &swapped), [Why::NoAuthority]);
    // An altered certificate breaks its signature, not the list's hashes.
    let mut der = bytes("dsc-xa.der");
    let at = der.windows(6).position(|window| window == b"dsc-xa").unwrap();
    der[at] = b'e';
    desk.put("altered/one.der", der);
    assert_eq!(left_out(desk.path("csca"), &desk.path("altered")), [Why::NoAuthority]);
}

#[test]
fn a_national_list_is_signed_on_its_first_line_by_the_given_key() {
    let desk = Desk::new();
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let pem = key.verifying_key().to_public_key_pem(p256::pkcs8::LineEnding::LF).unwrap();
    let pem = desk.put("de.pem", pem);
    let json = json!({ "certificates": [item("dsc-xa", "DSC", "XA")] }).to_string();
    let signature: p256::ecdsa::Signature = key.sign(json.as_bytes());
    let signed = |json: &str, end: &str| format!("{}\n{json}{end}", Base64::encode_string(&signature.to_bytes()));
    let read = |text: String, key: Option<PathBuf>| {
        let path = desk.put("list", text);
        read(&TrustList { path, signer_key: key, ..TrustList::default() })
    };
    for end in ["", "\n", "\r\n"] {
        assert_eq!(keys(&read(signed(&json, end), Some(pem.clone())).unwrap()).len(), 1);
    }
    assert_eq!(code(read(signed(&json.replace("XA", "XB"), ""), Some(pem.clone()))), "import-signature");
    assert_eq!(code(read(signed(&json, ""), None)), "import-signer-needed");
    assert_eq!(code(read(json.clone(), Some(pem.clone()))), "import-unsigned");
    let other = p256::ecdsa::SigningKey::from_slice(&[8; 32]).unwrap();
    let other = other.verifying_key().to_public_key_pem(p256::pkcs8::LineEnding::LF).unwrap();
    assert_eq!(code(read(signed(&json, ""), Some(desk.put("other.pem", other)))), "import-signature");
}

/// The certificates of the EU's own test files, as a list of all countries; every one that can be read is taken.
#[test]
fn certificates_of_every_country_in_the_eu_vectors_come_in_as_a_list() {
    let desk = Desk::new();
    let (mut items, mut pending, mut taken) = (Vec::new(), vec![vectors("dgc-testdata")], BTreeSet::new());
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let Ok(vector) = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap()) else { continue };
        let Some(raw) = vector["TESTCTX"]["CERTIFICATE"].as_str() else { continue };
        let Some(der) = Base64::decode_vec(raw).ok().filter(|der| pass::Certificate::read(der).is_ok()) else {
            continue;
        };
        let kid = Base64::encode_string(&trust::format::sha256(&der)[..8]);
        taken.insert(kid.clone());
        items.push(json!({ "kid": kid, "country": "XA", "certificateType": "DSC", "rawData": raw }));
    }
    let path = desk.put("list.json", json!(items).to_string());
    // When all of them were new.
    let then = 1_620_000_000;
    let statement = TrustList { path, ..TrustList::default() }.read("eu", Some(then), then).unwrap();
    let ended = statement.left_out.iter().filter(|one| one.why == Why::Ended).count();
    assert_eq!(ended, statement.left_out.len());
    let plan = desk.region.import(&statement, APPLY, "test", NOW).unwrap();
    println!("vectors: dgc-testdata: {} entries, {} keys, {ended} ended", items.len(), plan.keys_added.len());
    assert!(plan.keys_added.len() > 15);
    let stands = desk.region.foreign_keys().unwrap();
    assert_eq!(stands, plan.keys_added, "as they come out of the plan, once each");
    assert!(stands.iter().all(|key| taken.contains(&Base64::encode_string(&key.kid))));
    assert!(stands.iter().all(|key| pass::PublicKey::from_bytes(&key.key).is_ok()), "a box can read every one");
}

#[test]
fn nothing_changes_until_it_is_agreed_to_and_then_exactly_what_was_shown() {
    let desk = Desk::new();
    let path = desk.put("list.json", json!(gateway_list()).to_string());
    let list = TrustList { path, ..TrustList::default() };
    let shown = desk.import(&read(&list).unwrap(), Consent::default()).unwrap();
    assert_eq!((shown.keys_added.len(), shown.as_of), (2, (NOW, None)));
    assert_eq!(desk.region.foreign_keys().unwrap(), []);
    assert_eq!(desk.audit(), [""; 0]);
    assert_eq!(desk.import(&read(&list).unwrap(), APPLY).unwrap(), shown);
    assert_eq!(desk.region.foreign_keys().unwrap().len(), 2);
    assert_eq!(desk.audit(), ["eu: keys +2 -0 ~0, ids +0 -0, rules +0 -0 ~0"]);
    assert!((200..4000).contains(&shown.news), "{}", shown.news);

    let again = desk.import(&read(&list).unwrap(), APPLY).unwrap();
    assert!(again.is_empty() && again.as_of == (NOW, Some(NOW)), "{again:?}");
    let ages = desk.region.foreign_ages().unwrap();
    assert_eq!(ages.get(&(Part::Keys, "XA".to_owned())), Some(&NOW));
    assert_eq!(ages.get(&(Part::Keys, "XC".to_owned())), None);
}

#[test]
fn a_list_that_loses_much_or_is_old_or_of_tomorrow_needs_somebody_to_say_so() {
    let desk = Desk::new();
    let all = desk.put("all.json", json!(gateway_list()).to_string());
    let one = desk.put("one.json", json!([item("dsc-xa", "DSC", "XA")]).to_string());
    let of =
        |path: &PathBuf, as_of| TrustList { path: path.clone(), ..TrustList::default() }.read("eu", Some(as_of), NOW);
    desk.import(&of(&all, NOW).unwrap(), APPLY).unwrap();
    let less = of(&one, NOW).unwrap();
    let shown = desk.import(&less, Consent::default()).unwrap();
    assert!(shown.is_suspicious() && shown.shrinks == (2, 1), "{shown:?}");
    assert_eq!(desk.import(&less, APPLY).unwrap_err().code(), "import-shrinks");
    assert_eq!(desk.region.foreign_keys().unwrap().len(), 2, "nothing is half done");
    let older = of(&all, NOW - DAY).unwrap();
    assert_eq!(desk.import(&older, APPLY).unwrap_err().code(), "import-older");
    assert!(desk.import(&older, Consent { older: true, ..APPLY }).unwrap().is_empty());
    assert_eq!(desk.import(&of(&all, NOW + DAY).unwrap(), APPLY).unwrap_err().code(), "import-future");
    let plan = desk.import(&less, Consent { shrink: true, ..APPLY }).unwrap();
    assert_eq!((plan.keys_removed.len(), plan.keys_removed[0].scope.issuer.as_str()), (1, "XB"));
    assert_eq!(desk.region.foreign_keys().unwrap().len(), 1);
}

#[test]
fn what_two_sources_say_stands_until_neither_does() {
    let desk = Desk::new();
    let all = desk.put("all.json", json!(gateway_list()).to_string());
    let from = |source, path: &PathBuf| {
        TrustList { path: path.clone(), ..TrustList::default() }.read(source, Some(NOW), NOW).unwrap()
    };
    for source in ["eu", "de"] {
        desk.import(&from(source, &all), APPLY).unwrap();
    }
    assert_eq!(desk.region.foreign_keys().unwrap().len(), 2, "each once");
    let one = desk.put("one.json", json!([item("dsc-xa", "DSC", "XA")]).to_string());
    let shrink = Consent { shrink: true, ..APPLY };
    let shown = desk.import(&from("de", &one), shrink).unwrap();
    assert_eq!(desk.region.foreign_keys().unwrap().len(), 2);
    assert!(shown.news < 300, "nothing goes out: {}", shown.news);
    desk.import(&from("eu", &one), shrink).unwrap();
    assert_eq!(desk.region.foreign_keys().unwrap().len(), 1);
    let ids = Statement { said: Said::Ids(BTreeMap::new()), ..from("eu", &one) };
    assert_eq!(desk.import(&ids, APPLY).unwrap_err().code(), "import-other-kind");
    assert_eq!(desk.import(&from("../eu", &one), APPLY).unwrap_err().code(), "field");
}

#[test]
fn new_zealands_document_gives_the_keys_it_asserts_with() {
    let desk = Desk::new();
    let path = vectors("nzcp").join("did.json");
    let statement = Did { path: path.clone() }.read("nz", Some(NOW)).unwrap();
    let [key] = keys(&statement)[..] else { panic!("{statement:?}") };
    assert_eq!((&key.kid[..], key.scope.issuer.as_str()), (&b"key-1"[..], "did:web:nzcp.covid19.health.nz"));
    assert!(matches!(pass::PublicKey::from_bytes(&key.key), Ok(pass::PublicKey::P256(_))));
    desk.import(&statement, APPLY).unwrap();
    let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let read = |change: &dyn Fn(&mut Value)| {
        let mut document = document.clone();
        change(&mut document);
        Did { path: desk.put("did.json", document.to_string()) }.read("nz", Some(NOW))
    };
    let method = |document: &mut Value, name: &str, value: Value| document["verificationMethod"][0][name] = value;
    assert_eq!(code(read(&|it| it["id"] = json!("did:web:evil.example"))), "entry-issuer");
    assert_eq!(code(read(&|it| it["id"] = json!("https://nz"))), "entry-issuer");
    assert_eq!(code(read(&|it| method(it, "controller", json!("did:web:evil.example")))), "entry-issuer");
    assert_eq!(code(read(&|it| it["verificationMethod"][0]["publicKeyJwk"]["x"] = json!("AAAA"))), "entry-key");
    let off_curve = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(code(read(&|it| it["verificationMethod"][0]["publicKeyJwk"]["y"] = off_curve.clone())), "entry-key");
    let unasserted = read(&|it| it["assertionMethod"] = json!(["did:web:nzcp.covid19.health.nz#key-9"])).unwrap();
    assert_eq!(unasserted.left_out[0].why, Why::NotForPasses);
    assert_eq!(read(&|it| method(it, "type", json!("X"))).unwrap().left_out[0].why, Why::KeyType);
}

/// The two keys of the SMART Health Cards specification's example issuer (values only).
fn smart_keys() -> Value {
    json!([
        { "kty": "EC", "kid": "3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s", "use": "sig", "alg": "ES256", "crv": "P-256",
          "x": "11XvRWy1I2S0EyJlyf_bWfw_TQ5CJJNLw78bHXNxcgw", "y": "eZXwxvO1hvCY0KucrPfKo7yAyMT6Ajc3N7OkAB6VYy8" },
        { "kty": "EC", "kid": "EBKOr72QQDcTBUuVzAzkfBTGew0ZA16GuWty64nS-sw", "use": "sig", "alg": "ES256", "crv": "P-256",
          "x": "PQHApUWm94mflvswQgAnfHlETMwJFqjUVSs7WU6LQy4", "y": "7mj8IO-8V5VZjDbRVsJINC_Rq5ai5CDhFX18ceRsLWQ" },
    ])
}

#[test]
fn smart_health_issuers_come_from_a_directory_or_one_by_one() {
    let desk = Desk::new();
    let snapshot = |issuer: &str, keys: &Value| {
        let info = json!([{ "issuer": { "iss": issuer, "name": "Somebody" }, "keys": keys, "lastRetrieved": "" }]);
        let text = json!({ "directory": "https://d.example", "time": "2027-01-01T00:00:00Z", "issuerInfo": info });
        let path = desk.put("snapshot.json", text.to_string());
        Smart { snapshot: Some(path), issuers: Vec::new() }.read("vci", None, NOW)
    };
    let address = "https://spec.smarthealth.cards/examples/issuer";
    let statement = snapshot(address, &smart_keys()).unwrap();
    assert_eq!((keys(&statement).len(), statement.as_of), (2, 1_798_761_600), "the snapshot says of when it is");
    assert_eq!(keys(&statement)[0].kid, b"3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s");
    desk.import(&statement, APPLY).unwrap();
    let set = desk.put("jwks.json", json!({ "keys": smart_keys() }).to_string());
    let single = Smart { snapshot: None, issuers: vec![(address.to_owned(), set)] };
    assert_eq!(keys(&single.read("vci", Some(NOW), NOW).unwrap()).len(), 2);

    let mut renamed = smart_keys();
    renamed[0]["kid"] = json!("3Kfdg");
    assert_eq!(snapshot(address, &renamed).unwrap().left_out[0].why, Why::OtherName);
    let mut other = smart_keys();
    other[0]["crv"] = json!("P-384");
    assert_eq!(snapshot(address, &other).unwrap().left_out[0].why, Why::KeyType);
    // Two issuers of the real directory leave a leading zero out (RFC 7518, 6.2.1.2 does not).
    let mut short = smart_keys();
    short[0]["x"] = json!("qeN2jYAeFe9gOoOxSDDWn47kbmqQ5_5rYBq0XM5JrA");
    let statement = snapshot(address, &short).unwrap();
    assert_eq!((statement.left_out[0].why, keys(&statement).len()), (Why::Malformed, 1));
    for wrong in ["http://a.example", "https://a.example/", "https://a b", &format!("https://{}", "a".repeat(600))] {
        assert_eq!(code(snapshot(wrong, &smart_keys())), "entry-issuer");
    }
    assert_eq!(code(snapshot(address, &json!("none"))), "import-shape");
    // With its certificates, in the full set: the second key's has ended in 2022.
    let full = vectors("shc").join("valid/issuer/well-known/jwks.json");
    if full.is_file() {
        let single = Smart { snapshot: None, issuers: vec![(address.to_owned(), full)] };
        let then = 1_640_000_000;
        assert_eq!(keys(&single.read("vci", Some(then), then).unwrap())[1].scope.valid_to, 1_654_098_609);
        let now = single.read("vci", Some(NOW), NOW).unwrap();
        assert_eq!((keys(&now).len(), now.left_out[0].why), (1, Why::Ended));
    }
}

#[test]
fn barcode_signers_count_under_their_authority_unless_it_revoked_them() {
    let desk = Desk::new();
    for name in ["vds-1.der", "vds-2.der", "dsc-xa.der"] {
        desk.put(&format!("signers/{name}"), bytes(name));
    }
    let read = |crls: &[PathBuf], csca: &str| {
        let vds = VdsNc {
            signers: Some(desk.path("signers")),
            csca: fixture(csca),
            crls: crls.to_vec(),
            issuer: "XCX".to_owned(),
        };
        vds.read("vds-xcx", None, NOW)
    };
    let crl = fixture("crl-xc.der");
    let statement = read(std::slice::from_ref(&crl), "csca-xc.der").unwrap();
    let left_out: Vec<_> = statement.left_out.iter().map(|one| (one.what.as_str(), one.why)).collect();
    assert_eq!(left_out, [("dsc-xa.der", Why::NoAuthority), ("vds-2.der", Why::Revoked)]);
    let [key] = keys(&statement)[..] else { panic!("{statement:?}") };
    assert_eq!((key.scope.issuer.as_str(), &key.scope.kinds[..]), ("XCX", &[1001][..]));
    assert_eq!(keys(&read(&[], "csca-xc.der").unwrap()).len(), 2, "nobody said that it was revoked");
    let mut altered = bytes("crl-xc.der");
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(code(read(&[desk.put("altered.crl", altered)], "csca-xc.der")), "entry-signature");
    assert_eq!(code(read(&[crl], "csca-xa.der")), "entry-signature", "another authority's list");
    assert_eq!(code(read(&[fixture("dsc-xa.der")], "csca-xc.der")), "entry-crl");
    assert_eq!(code(read(&[], "dsc-xa.der")), "entry-signature", "no authority");
}

/// Australia's authority and list, as they were in 2021, and the signer out of a barcode.
#[test]
fn australias_certificates_hold_while_their_list_counted() {
    let (desk, set) = (Desk::new(), vectors("vds-nc"));
    let barcode: Value = serde_json::from_slice(&std::fs::read(set.join("validVDSJson.json")).unwrap()).unwrap();
    let signer = barcode["sig"]["cer"].as_str().unwrap();
    let signer = base64ct::Base64Url::decode_vec(signer).unwrap();
    let vds = VdsNc {
        signers: Some(desk.put("signer.der", signer)),
        csca: set.join("csca.der"),
        crls: vec![set.join("crl.der")],
        issuer: "AUS".to_owned(),
    };
    let then = 1_635_000_000;
    let statement = vds.read("vds-aus", None, then).unwrap();
    assert_eq!((statement.left_out.len(), statement.as_of), (0, 1_629_345_415), "as old as the revocation list");
    let [key] = keys(&statement)[..] else { panic!("{statement:?}") };
    assert_eq!((key.scope.issuer.as_str(), &key.scope.kinds[..]), ("AUS", &[1001][..]));
    assert_eq!(code(vds.read("vds-aus", None, NOW)), "entry-crl", "another list should have come since");
}

#[test]
fn an_authority_alone_is_pinned_with_what_it_has_taken_back() {
    let desk = Desk::new();
    let read = |csca: &str, crls: &[&str]| {
        let crls = crls.iter().map(|name| fixture(name)).collect();
        let vds = VdsNc { signers: None, csca: fixture(csca), crls, issuer: "XCX".to_owned() };
        vds.read("vds-xcx", None, NOW)
    };
    let statement = read("csca-xc.der", &["crl-xc.der"]).unwrap();
    let [key] = keys(&statement)[..] else { panic!("{statement:?}") };
    let authority = pass::x509::Signed::read(&bytes("csca-xc.der")).unwrap();
    assert_eq!(Some(&key.kid), authority.own_key().as_ref(), "as its signers call it");
    assert_eq!((key.scope.issuer.as_str(), &key.scope.kinds[..]), ("XCX", &[1001, 1002][..]));
    assert_eq!(key.revoked.iter().map(|serial| serial.to_vec()).collect::<Vec<_>>(), [[22]]);
    assert!(matches!(pass::PublicKey::from_bytes(&key.key), Ok(pass::PublicKey::Rsa(_))));
    assert_eq!(desk.import(&statement, APPLY).unwrap().keys_added.len(), 1);
    assert_eq!(desk.region.foreign_keys().unwrap(), std::slice::from_ref(key), "as a release will say it");
    assert!(desk.import(&statement, APPLY).unwrap().is_empty());
    // Another list takes nobody back, and the key changes; a second source still does.
    let free = read("csca-xc.der", &[]).unwrap();
    let plan = desk.import(&free, Consent { older: true, ..APPLY }).unwrap();
    assert_eq!((plan.keys_changed.len(), plan.keys_added.len(), plan.keys_removed.len()), (1, 0, 0));
    assert_eq!(desk.region.foreign_keys().unwrap()[0].revoked, []);
    desk.import(&Statement { source: "second".to_owned(), ..statement }, APPLY).unwrap();
    assert_eq!(desk.region.foreign_keys().unwrap().len(), 1, "each once");
    assert_eq!(desk.region.foreign_keys().unwrap()[0].revoked.len(), 1);
    // P-384 is verified by boxes as well.
    assert_eq!(keys(&read("csca-xa.der", &[]).unwrap()).len(), 1);
    assert_eq!(code(read("dsc-xa.der", &[])), "entry-signature", "no authority");
    assert_eq!(code(read("csca-xa.der", &["crl-xc.der"])), "entry-signature", "another authority's list");
}
