//! What is in a parcel, what never is, and that it stays within its bound.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::*;

/// An archive's files.
fn unpacked(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry: tar::Entry<'_, flate2::read::GzDecoder<&[u8]>> = entry.unwrap();
        let name = entry.path().unwrap().strip_prefix("checkpoint-diag").unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    archive.entries().unwrap().map(read).collect()
}

/// Bytes that cannot be compressed.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_bound_holds_for_what_cannot_be_compressed_and_what_does_not_fit_is_said() {
    for most in [64 << 10, 1 << 20, 3 << 20] {
        let mut bag = Bag::new(most);
        bag.put("first.txt", Ok(b"the most telling".to_vec()));
        for number in 0..40 {
            bag.put(&format!("noise-{number}"), Ok(noise(100_000)));
        }
        let archive = bag.packed().unwrap();
        assert!(archive.len() <= most, "{} of {most}", archive.len());
        assert!(archive.len() >= most / 3, "the room is used: {} of {most}", archive.len());
        let files = unpacked(&archive);
        assert_eq!(files["first.txt"], b"the most telling");
        let contents = String::from_utf8_lossy(&files["contents.txt"]).into_owned();
        assert!(contents.contains("more did not fit") && contents.contains("there is no room left"), "{contents}");
    }
}

#[test]
fn a_thousand_faults_do_not_break_the_bound() {
    let mut bag = Bag::new(64 << 10);
    (0..1000).for_each(|number| drop(bag.put(&format!("part-{number}"), Err("why ".repeat(100))).clone()));
    assert!(bag.packed().unwrap().len() <= 64 << 10);
}

#[test]
fn of_a_configuration_only_its_meaning_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("box.toml");
    let text = "# the root password is HUNTER1\nname = \"post-1\"\npassword = \"HUNTER2\"\n[trust]\n\
                http = \"https://anna:HUNTER3@hq.example:8443/release?key=HUNTER4\"\nevery = 60\n\
                [uplink]\nbroker = \"hq.example:1883\"\nApiToken = [\"HUNTER5\"]\n";
    std::fs::write(&path, text).unwrap();
    let taken = String::from_utf8(settings::of(&path).unwrap()).unwrap();
    assert!(!taken.contains("HUNTER") && !taken.contains("anna"), "{taken}");
    for kept in ["post-1", "https://(left out)@hq.example:8443/release?(left out)", "hq.example:1883", "every = 60"] {
        assert!(taken.contains(kept), "{kept}: {taken}");
    }
    std::fs::write(&path, "name = \"post-1\"\npassword = HUNTER6\n").unwrap();
    let why = settings::of(&path).unwrap_err();
    assert!(why.contains("line 2") && !why.contains("HUNTER"), "{why}");
}

#[test]
fn a_record_of_the_kernel_is_one_line() {
    let record = "6,339,5140900,-;mmc0: error -110 whilst reading\n SUBSYSTEM=mmc\n DEVICE=b179:0\n";
    assert_eq!(kernel::line(record).as_deref(), Some("[    5.140900] mmc0: error -110 whilst reading\n"));
    for broken in ["", ";", "6,339;no time", "6,339,x,-;no number"] {
        assert_eq!(kernel::line(broken), None, "{broken}");
    }
}

#[test]
fn where_there_is_no_box_at_all_the_system_still_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Vec::new();
    let bag = gather(&folder.path().join("nothing.toml"), 1 << 20, |listed| said.push(listed.clone()));
    let files = unpacked(&bag.packed().unwrap());
    for there in ["contents.txt", "versions.txt", "system.txt"] {
        assert!(files.contains_key(there), "{there} of {:?}", files.keys());
    }
    assert!(said.iter().any(|listed| listed.name == "config.toml" && listed.missing.is_some()), "{said:?}");
}
