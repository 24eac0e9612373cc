//! Others' lists, as an operator brings them in.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn hq(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checkpoint-hq"));
    command.args(arguments).current_dir(folder).env("CHECKPOINT_OPERATOR", "О. Дежурная");
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn here(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).to_str().unwrap().to_owned()
}

fn copy(folder: &Path, into: &str, names: &[&str]) -> PathBuf {
    let into = folder.join(into);
    std::fs::create_dir_all(&into).unwrap();
    for name in names {
        std::fs::copy(here(&format!("import/tests/data/{name}")), into.join(name)).unwrap();
    }
    into
}

#[test]
fn lists_are_shown_first_and_taken_in_when_told_to() {
    let desk = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| hq(desk.path(), arguments);
    let founded = run(&["init", "tver", "--region", "RU-TVE", "--name", "Тверская область", "--territory", "69"]);
    assert_eq!(founded.0, 0, "{}", founded.2);
    copy(desk.path(), "signers", &["dsc-xa.der", "dsc-xb.der"]);
    copy(desk.path(), "csca", &["csca-xa.der", "csca-xb.der"]);
    let keys = ["import", "eu-keys", "tver", "signers", "--csca", "csca", "--from", "eu"];
    let (code, shown, err) = run(&keys);
    assert_eq!((code, err.as_str()), (0, ""));
    println!("{shown}");
    for line in ["eu: of 20", "the first from there", "keys added: 2\n  XA ", "issued by an authority of its country"] {
        assert!(shown.contains(line), "{line:?} in {shown}");
    }
    assert!(shown.contains("bytes for it\nnothing was changed; --yes takes it in\n"), "{shown}");
    let taken = run(&[&keys[..], &["--yes"]].concat());
    assert!(taken.0 == 0 && taken.1.ends_with("taken in; boxes follow with the next release\n"), "{}", taken.1);
    assert!(run(&keys).1.contains("nothing changes\n"), "the same list again");

    // One that was cut off, and one that was tampered with.
    std::fs::remove_file(desk.path().join("signers/dsc-xb.der")).unwrap();
    assert!(run(&keys).1.contains("--allow-shrink must say"));
    let refused = run(&[&keys[..], &["--yes"]].concat());
    assert!(refused.0 == 3 && refused.2.contains("[import-shrinks]"), "{}", refused.2);
    assert_eq!(run(&[&keys[..], &["--yes", "--allow-shrink"]].concat()).0, 0);
    std::fs::write(desk.path().join("signers/dsc-xb.der"), "not a certificate").unwrap();
    let refused = run(&keys);
    assert!(refused.0 == 3 && refused.2.contains("[entry-certificate]") && refused.2.contains("dsc-xb.der"));

    copy(desk.path(), "batches", &["uci.cms", "sig.cms"]);
    copy(desk.path(), "uploaders", &["upload-xa.der", "upload-xb.der"]);
    let ids = run(&["import", "eu-revocations", "tver", "batches", "--signers", "uploaders", "--yes"]);
    assert!(ids.0 == 0 && ids.1.contains("ids of EU-uci/XA: 3 added, 0 removed, 3 in all"), "{} {}", ids.1, ids.2);
    let (did, all) = (here("../../tests/data/nzcp/did.json"), here("../../tests/data/dcc-business-rules"));
    let nz = run(&["import", "nz", "tver", &did, "--yes"]);
    assert!(nz.1.contains("did:web:nzcp.covid19.health.nz key-1 for 1004"), "{} {}", nz.1, nz.2);
    let csca = here("import/tests/data/csca-xc.der");
    let vds = run(&["import", "vds-nc", "tver", "--issuer", "XCX", "--csca", &csca, "--yes"]);
    assert!(vds.1.contains("keys added: 1\n  XCX ") && vds.1.contains("for 1001,1002 until"), "{} {}", vds.1, vds.2);
    let rules = run(&["import", "rules", "tver", &all, "--country", "DE", "--yes"]);
    assert!(rules.1.contains("rules added: ") && rules.1.contains("TR-DE-0003 1.0.0"), "{} {}", rules.1, rules.2);
    assert_eq!(run(&["import", "eu-keys", "tver", &did]).0, 3);
    assert_eq!(run(&["import", "eu-keys", "tver", "nowhere"]).0, 1);
    assert_eq!(run(&["import", "smart", "tver"]).0, 2);
    assert!(run(&["import", "--help"]).1.contains("Examples:"));
}
