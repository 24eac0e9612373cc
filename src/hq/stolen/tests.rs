use super::*;
use crate::enrol::tests::{Keys, NOW, stage};

#[test]
fn a_stolen_box_is_struck_off_once_and_the_others_get_the_new_secret() {
    let stage = stage();
    let region = &stage.region;
    let before = *region.pepper().unwrap().bytes();
    let [gone, stays]: [BoxId; 2] = ["post-1", "post-2"].map(|name| name.parse().unwrap());
    stage.enrol("post-1", &Keys::of(2));
    stage.enrol("post-2", &Keys::of(3));
    let broker = tempfile::tempdir().unwrap();
    let hosts = ["localhost".to_owned()];
    region.set_up_broker(broker.path(), broker.path(), &hosts, 8883, "test", NOW).unwrap();
    let list = || std::fs::read_to_string(broker.path().join("crl.pem")).unwrap();
    let empty = list();

    assert_eq!(region.strike_off(&gone, NOW + 9, "test", NOW).err().unwrap().code(), "field");
    let unknown = "post-9".parse().unwrap();
    assert_eq!(region.strike_off(&unknown, NOW, "test", NOW).err().unwrap().code(), "not-enrolled");
    let struck = region.strike_off(&gone, NOW - 60, "test", NOW).unwrap();
    assert_eq!((struck.certificates, struck.since, struck.has_new_pepper), (1, NOW - 60, true));
    assert!(struck.missed.is_empty() && struck.lists.iter().any(|path| path.ends_with("crl.pem")));
    assert_ne!(list(), empty);
    assert_ne!(*region.pepper().unwrap().bytes(), before);
    let sealed: Vec<_> = struck.secrets.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(sealed, [stays]);
    assert_eq!(region.renew(&gone, &Keys::of(4).tls(), NOW).err().unwrap().code(), "stolen");

    // Reported once more, by somebody who remembers better: nothing is drawn anew.
    let after = *region.pepper().unwrap().bytes();
    let again = region.strike_off(&gone, NOW - 3600, "test", NOW + 60).unwrap();
    assert_eq!((again.certificates, again.since, again.has_new_pepper), (0, NOW - 3600, false));
    let later = region.strike_off(&gone, NOW, "test", NOW + 60).unwrap();
    assert_eq!(later.since, NOW - 3600);
    assert_eq!(*region.pepper().unwrap().bytes(), after);
}

#[test]
fn a_brokers_folder_that_is_gone_is_told_of() {
    let stage = stage();
    stage.enrol("post-1", &Keys::of(2));
    let broker = tempfile::tempdir().unwrap();
    let path = broker.path().join("broker");
    let hosts = ["localhost".to_owned()];
    stage.region.set_up_broker(&path, &path, &hosts, 8883, "test", NOW).unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    let struck = stage.region.strike_off(&"post-1".parse().unwrap(), NOW, "test", NOW).unwrap();
    assert_eq!(struck.missed.len(), 1);
    assert!(!struck.has_new_pepper && struck.secrets.is_empty(), "there is no register");
}
