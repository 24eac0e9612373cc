use trust::format::{Part, StreamId};

use super::*;
use crate::Founding;

fn region(folder: &std::path::Path) -> Region {
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверская область".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    Region::create(&folder.join("tver"), &founding, "test", 1_700_000_000).unwrap()
}

fn stream(region: &str, number: u16, series: u64) -> StreamId {
    StreamId { region: region.parse().unwrap(), part: Part::of(number), issuer: "RU-TVE".to_owned(), series }
}

#[test]
fn changes_wait_by_stream_and_key_and_the_newest_of_a_key_counts() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let (ids, day) = (stream("RU-TVE", 3, 0), stream("RU-TVE", 5, u64::MAX));
    region.change_table(&day, [([2; 16], Some(vec![7]))].into_iter()).unwrap();
    assert_eq!(region.change_table(&ids, [([9; 16], Some(vec![])), ([1; 16], None)].into_iter()).unwrap(), 2);
    region.change_table(&ids, [([9; 16], None)].into_iter()).unwrap();
    let expected = vec![(ids, vec![([1; 16], None), ([9; 16], None)]), (day, vec![([2; 16], Some(vec![7]))])];
    assert_eq!(region.pending().unwrap(), expected);
    drop(region);
    assert_eq!(Region::open(&folder.path().join("tver")).unwrap().pending().unwrap(), expected);
}

#[test]
fn what_was_changed_again_while_a_release_was_made_waits_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let ids = stream("RU-TVE", 3, 0);
    region.change_table(&ids, [([1; 16], Some(vec![])), ([2; 16], Some(vec![]))].into_iter()).unwrap();
    let taken = region.pending().unwrap();
    region.change_table(&ids, [([1; 16], None), ([3; 16], Some(vec![]))].into_iter()).unwrap();
    region.settle(&taken).unwrap();
    assert_eq!(region.pending().unwrap(), [(ids, vec![([1; 16], None), ([3; 16], Some(vec![]))])]);
}
