use super::*;

fn region() -> RegionId {
    "RU-TVE".parse().unwrap()
}

#[test]
fn an_authority_is_made_once_and_kept() {
    let keys = tempfile::tempdir().unwrap();
    let made = Authority::open_or_create(keys.path(), &region(), 1_588_334_400).unwrap();
    let again = Authority::open_or_create(keys.path(), &region(), 1_600_000_000).unwrap();
    assert_eq!(made.certificate().unwrap(), again.certificate().unwrap());
    std::fs::remove_file(keys.path().join(CERTIFICATE)).unwrap();
    let other = tempfile::tempdir().unwrap();
    Authority::open_or_create(other.path(), &region(), 1_588_334_400).unwrap();
    std::fs::copy(other.path().join(CERTIFICATE), keys.path().join(CERTIFICATE)).unwrap();
    let mixed = Authority::open_or_create(keys.path(), &region(), 1_588_334_400).err().unwrap();
    assert_eq!(mixed.code(), "authority");
}

#[test]
fn a_key_that_is_no_point_and_a_host_that_is_no_name_get_no_certificate() {
    let keys = tempfile::tempdir().unwrap();
    let authority = Authority::open_or_create(keys.path(), &region(), 1_588_334_400).unwrap();
    let name = "post-1".parse().unwrap();
    assert_eq!(authority.client(&name, &[9; 33], 1_588_334_400, 1_588_420_800).err().unwrap().code(), "tls-key");
    for host in ["", "a b", "-..", "broker.example/", "*.example", "брокер"] {
        assert_eq!(authority.server(&[host.to_owned()], 1_588_334_400).err().unwrap().code(), "host", "{host}");
    }
    for host in ["broker.example", "127.0.0.1", "[::1]", "localhost"] {
        authority.server(&[host.to_owned()], 1_588_334_400).unwrap();
    }
}
