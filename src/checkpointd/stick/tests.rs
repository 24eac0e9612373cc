use std::fs;

use super::*;
use crate::desk::{BEGIN, Desk, now};

/// A media folder, and a new box of the desk's region.
struct Box {
    folder: tempfile::TempDir,
    store: Store,
    said: Said,
}

impl Box {
    fn new(desk: &Desk) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("media")).unwrap();
        let root = desk.region.first_root().unwrap();
        let store = Store::provision(&folder.path().join("trust"), &root, desk.region.id()).unwrap();
        Self { folder, store, said: Said::default() }
    }

    fn stick(&self) -> PathBuf {
        self.folder.path().join("media/sda1")
    }

    /// Puts a stick in, fresh from HQ.
    fn put_in(&self, desk: &Desk) {
        fs::create_dir(self.stick()).unwrap();
        hq::stick::write(&desk.region.release_folder(), desk.region.id(), &self.stick(), &mut |_| {}).unwrap();
    }

    fn take_out(&self) {
        fs::remove_dir_all(self.stick()).unwrap();
    }

    fn read(&mut self) -> Option<Stick> {
        let came = read(&self.stick(), &mut self.store, now(BEGIN + 60), &self.said);
        assert_eq!(self.said.now(), came);
        came
    }
}

#[test]
fn a_stick_is_noticed_once_and_again_when_it_was_out() {
    let desk = Desk::open();
    let of_desk = Box::new(&desk);
    let mut media = Media { folder: of_desk.folder.path().join("media"), known: BTreeMap::new() };
    assert_eq!(media.look(), Vec::<PathBuf>::new());
    of_desk.put_in(&desk);
    fs::write(media.folder.join("file"), b"no stick").unwrap();
    std::os::unix::fs::symlink("/", media.folder.join("link")).unwrap();
    assert_eq!(media.look(), [of_desk.stick()]);
    assert_eq!(media.look(), Vec::<PathBuf>::new());
    of_desk.take_out();
    assert_eq!(media.look(), Vec::<PathBuf>::new());
    of_desk.put_in(&desk);
    assert_eq!(media.look(), [of_desk.stick()]);
    let mut nowhere = Media { folder: media.folder.join("nowhere"), known: BTreeMap::new() };
    assert_eq!(nowhere.look(), Vec::<PathBuf>::new());
}

#[test]
fn what_came_of_a_stick_is_said() {
    let mut desk = Desk::open();
    let mut of_desk = Box::new(&desk);
    of_desk.put_in(&desk);
    assert_eq!(of_desk.read(), Some(Stick::Adopted { sequence: 1 }));
    assert_eq!(of_desk.read(), Some(Stick::Current { sequence: 1 }));
    let old = of_desk.folder.path().join("old");
    fs::rename(of_desk.stick(), &old).unwrap();
    desk.publish(BEGIN + 30);
    of_desk.put_in(&desk);
    assert_eq!(of_desk.read(), Some(Stick::Adopted { sequence: 2 }));
    of_desk.take_out();
    fs::rename(&old, of_desk.stick()).unwrap();
    assert_eq!(of_desk.read(), Some(Stick::Older { here: 2, there: 1 }));
    // An empty folder is no stick.
    of_desk.take_out();
    fs::create_dir(of_desk.stick()).unwrap();
    let before = of_desk.said.now();
    assert_eq!(read(&of_desk.stick(), &mut of_desk.store, now(BEGIN), &of_desk.said), None);
    assert_eq!(of_desk.said.now(), before);
}

#[test]
fn a_stick_of_other_keys_and_one_that_is_not_whole_are_told_apart() {
    let (mut desk, stranger) = (Desk::open(), Desk::open());
    let mut of_desk = Box::new(&desk);
    of_desk.put_in(&stranger);
    assert_eq!(of_desk.read(), Some(Stick::NotSigned));
    of_desk.take_out();
    desk.publish(BEGIN + 30);
    of_desk.put_in(&desk);
    let records = of_desk.stick().join("checkpoint/RU-TVE/record");
    for record in fs::read_dir(&records).unwrap() {
        fs::remove_file(record.unwrap().path()).unwrap();
    }
    assert_eq!(of_desk.read(), Some(Stick::Damaged));
    assert!(of_desk.store.current().is_none());
}

#[test]
fn a_stick_that_is_pulled_is_no_damaged_one_and_is_read_on_at_the_next_insertion() {
    let desk = Desk::open();
    let mut of_desk = Box::new(&desk);
    of_desk.put_in(&desk);
    let (base, aside) = (of_desk.stick().join("checkpoint/RU-TVE/base"), of_desk.folder.path().join("aside"));
    // Its files go first, as when a device is pulled; the system takes the folder away a moment later.
    fs::rename(&base, &aside).unwrap();
    let stick = of_desk.stick();
    let system = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        fs::remove_dir_all(stick).unwrap();
    });
    assert_eq!(of_desk.read(), Some(Stick::Pulled));
    system.join().unwrap();
    assert!(of_desk.store.current().is_none());
    of_desk.put_in(&desk);
    assert_eq!(of_desk.read(), Some(Stick::Adopted { sequence: 1 }));
}
