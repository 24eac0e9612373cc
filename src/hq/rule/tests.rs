use trust::format::read_rules;

use super::*;
use crate::{Founding, IssueRequest};

const NOW: i64 = 1_588_334_400;

fn rule(kid: Option<Vec<u8>>, kind: Option<u16>) -> Rule {
    Rule { kid, kind, issuer: None, issued_before: None }
}

#[test]
fn a_batch_is_revoked_once_counted_and_never_everything() {
    let folder = tempfile::tempdir().unwrap();
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверская область".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    let region = Region::create(&folder.path().join("tver"), &founding, "test", NOW).unwrap();
    for (kind, at) in [(1, NOW), (1, NOW + 10), (3, NOW)] {
        let plates = vec!["А123ВС77".to_owned()];
        let request = IssueRequest { kind, plates, not_before: at, expires: at + 86_400, ..IssueRequest::default() };
        region.issue(&request, "test", at).unwrap();
    }
    let batch = Rule { issued_before: Some(NOW + 10), ..rule(None, Some(1)) };
    assert_eq!(region.revoke_batch(&batch, "test", NOW).unwrap(), Batch { passes: 1, is_new: true });
    assert_eq!(region.revoke_batch(&batch, "test", NOW).unwrap(), Batch { passes: 1, is_new: false });
    let key = rule(Some(vec![1; 8]), None);
    assert!(region.revoke_batch(&key, "test", NOW).unwrap().is_new);
    for bad in [rule(None, None), rule(Some(vec![]), None), Rule { issuer: Some(String::new()), ..batch.clone() }] {
        assert!(matches!(region.revoke_batch(&bad, "test", NOW), Err(Error::Field { .. })), "{bad:?}");
    }
    let said = region.decreed(NOW).unwrap();
    assert_eq!(said.len(), 1);
    let mut expected = vec![batch, key];
    expected.sort();
    assert_eq!(read_rules(&said[0].1).unwrap(), expected);
}
