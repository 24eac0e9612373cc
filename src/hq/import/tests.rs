//! Lists that others have made, and what hostile ones come to.

use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use trust::format::{Scheme, hex};

use super::*;
use crate::Founding;

mod ids;
mod keys;
mod rules;

/// January 2027: every fixture counts.
const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

const APPLY: Consent = Consent { apply: true, shrink: false, older: false };

struct Desk {
    folder: tempfile::TempDir,
    region: Region,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверская область".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        let region = Region::create(&folder.path().join("tver"), &founding, "test", NOW).unwrap();
        Self { folder, region }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn import(&self, statement: &Statement, consent: Consent) -> Result<Plan, crate::Error> {
        self.region.import(statement, consent, "test", NOW)
    }

    fn audit(&self) -> Vec<String> {
        let db = self.region.database();
        let mut query = db.prepare("SELECT subject FROM audit WHERE action = 'import' ORDER BY id").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("import/tests/data").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// A set of vectors, in full where it stands beside the project, else the part that is carried.
fn vectors(set: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (full, carried) = (here.join("../../../shared/vectors").join(set), here.join("../../tests/data").join(set));
    let only_carried = std::env::var_os("CHECKPOINT_VECTORS").is_some_and(|which| which == "carried");
    if full.is_dir() && !only_carried { full } else { carried }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code()
}

/// An entry of the gateway's list.
fn item(name: &str, kind: &str, country: &str) -> Value {
    let der = bytes(&format!("{name}.der"));
    let hash = trust::format::sha256(&der);
    let signature = std::fs::read(fixture(&format!("{name}.sig"))).map(|cms| Base64::encode_string(&cms));
    json!({
        "kid": Base64::encode_string(&hash[..8]),
        "timestamp": "2026-11-26T17:00:00+02:00",
        "country": country,
        "certificateType": kind,
        "thumbprint": hex(&hash),
        "signature": signature.ok(),
        "rawData": Base64::encode_string(&der),
    })
}

fn gateway_list() -> Vec<Value> {
    vec![
        item("csca-xa", "CSCA", "XA"),
        item("csca-xb", "CSCA", "XB"),
        item("upload-xa", "UPLOAD", "XA"),
        item("upload-xb", "UPLOAD", "XB"),
        item("dsc-xa", "DSC", "XA"),
        item("dsc-xb", "DSC", "XB"),
    ]
}
