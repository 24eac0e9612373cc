use super::*;
use crate::desk::{BEGIN, Desk, Growing, stream};
use crate::{Bits, StatusList};
use wire::RegionId;

#[test]
fn the_longest_head_there_can_be_fits_into_300_bytes() {
    let mut desk = Desk::open();
    let typical = desk.files[HEAD].len();
    desk.change_head(|head| {
        head.region = "R".repeat(32).parse::<RegionId>().unwrap();
        (head.root, head.sequence) = (u64::MAX, u64::MAX);
        head.count = u16::MAX;
        (head.issued, head.expires, head.not_after) = (i64::MAX, i64::MAX, i64::MAX);
    });
    let longest = desk.files[HEAD].len();
    println!("head: {typical} bytes, at most {longest}");
    assert!(longest as u64 <= LONGEST_HEAD);
}

#[test]
fn everything_reads_back_as_it_was_written() {
    let desk = Desk::open();
    let root = SignedRoot::parse(&desk.files[&root_name(1)]).unwrap();
    assert!(root.is_signed_by(&desk.root));
    assert_eq!(root.root().unwrap(), desk.root);
    println!("root.1 with two signatures: {} bytes", desk.files[&root_name(1)].len());
    for name in desk.names(RECORD) {
        let record = Record::parse(&desk.files[&name]).unwrap();
        assert_eq!(wire::encode(&record), desk.files[&name]);
        assert_eq!(name, object_name(RECORD, &leaf(&desk.files[&name])));
    }
    let other = wire::encode(&Record::describe(stream(Part::Other(500), "x", 0), b"y"));
    assert_eq!(Record::parse(&other).unwrap().part, Part::Other(500));
}

#[test]
fn a_root_may_take_back_a_sequence_and_a_floor() {
    let mut desk = Desk::new();
    desk.rotate(&[1, 2], |root| root.reset = Some(Reset { sequence: 7, floor: BEGIN }));
    let root = SignedRoot::parse(&desk.files["root.2"]).unwrap().root().unwrap();
    assert_eq!(root.reset, Some(Reset { sequence: 7, floor: BEGIN }));
}

#[test]
fn a_chunk_has_its_own_length_and_hash() {
    let base = vec![7; CHUNK * 2 + 5];
    let record = Record::describe(stream(Part::Status, "x", 0), &base);
    assert!(record.single_chunk().is_none());
    let chunks = record.chunks(chunk_list(&base)).unwrap();
    assert_eq!(chunks.get(0), Some((CHUNK, sha256(&base[..CHUNK]))));
    assert_eq!(chunks.get(2), Some((5, sha256(&[7; 5]))));
    assert_eq!(chunks.get(3), None);
    assert_eq!(chunks.get(u64::MAX), None);
    assert_eq!((chunks.end_of(1), chunks.end_of(9)), (CHUNK as u64, record.length));
    assert!(record.chunks(chunk_list(&base[1..])).is_none());
    let one = Record::describe(stream(Part::Status, "x", 0), b"one").single_chunk().unwrap();
    assert_eq!((one.get(0), one.get(1)), (Some((3, sha256(b"one"))), None));
}

/// Test vectors of RFC 6962's trees, which RFC 9162 kept, as the certificate-transparency project gives them.
#[test]
fn the_merkle_tree_is_that_of_rfc_9162() {
    let unhex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    };
    let inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let leaves: Vec<Hash> = inputs.map(|input| leaf(&unhex(input))).to_vec();
    for (length, root) in [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ] {
        assert_eq!(hex(&merkle(&leaves[..length])), root, "{length} leaves");
    }
}

/// The example in the specification is what this code writes, byte for byte.
#[test]
fn the_specification_shows_this_very_release() {
    let mut desk = Desk::new();
    let (old, mut new) = (StatusList::new(Bits::Two, 4096), StatusList::new(Bits::Two, 4096));
    new.set(2, 1);
    let mut list = Growing::new(stream(Part::Status, "RU-TVE", 0), old.encode());
    list.push(&mut desk, old.delta(&new).unwrap());
    desk.publish_growing(1, BEGIN, &[&list]);
    let specification: String =
        include_str!("../../../docs/formats/trust-release.md").chars().filter(|c| !c.is_whitespace()).collect();
    for (name, bytes) in &desk.files {
        assert!(specification.contains(&hex(bytes)), "{name} is {}", hex(bytes));
        assert!(specification.contains(name.as_str()), "{name}");
    }
}
