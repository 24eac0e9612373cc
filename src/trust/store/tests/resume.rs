//! Long bases over links that break.

use std::io::Read;

use super::{Store, adopted};
use crate::desk::{BEGIN, Desk, clock, noise, stream};
use crate::format::{BASE, CHUNK, Part};
use crate::{Bits, Carrier, CarrierError, Error, StatusList};

/// Breaks every file off after some bytes, with an error or with a silent end.
struct Breaking {
    desk: Desk,
    after: u64,
    opened: u32,
    silently: bool,
}

struct Breaks<R>(R, bool);

impl<R: Read> Read for Breaks<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into)? {
            0 if !self.1 => Err(std::io::Error::other("the line is gone")),
            read => Ok(read),
        }
    }
}

impl Carrier for Breaking {
    fn open<'c>(&'c mut self, name: &str, from: u64) -> Result<Box<dyn Read + 'c>, CarrierError> {
        let file = self.desk.open(name, from)?;
        if !name.starts_with(BASE) {
            return Ok(file);
        }
        self.opened += 1;
        Ok(Box::new(Breaks(file.take(self.after), self.silently)))
    }
}

const CHUNKS: u32 = 8;

fn desk() -> Desk {
    let mut desk = Desk::new();
    let noise = noise(CHUNK * (CHUNKS as usize - 1), 1);
    let mut list = StatusList::new(Bits::Eight, noise.len());
    for (index, value) in (0..).zip(noise) {
        list.set(index, value);
    }
    // The long stream alone, so that what is opened is counted for it alone.
    let mut content = Desk::content(1);
    content.push((stream(Part::Status, "RU-TVE", 1), list.encode()));
    desk.publish_content(1, BEGIN, content);
    desk
}

#[test]
fn a_link_that_breaks_again_and_again_still_brings_a_long_base() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk();
    let mut store = desk.provision(folder.path());
    let after = CHUNK as u64 * 2 + 17;
    let mut carrier = Breaking { desk, after, opened: 0, silently: false };
    assert_eq!(adopted(store.adopt(&mut carrier, clock(BEGIN))), 1);
    // Three short bases, and the long one in pieces of two chunks.
    assert_eq!(carrier.opened, 3 + CHUNKS.div_ceil(2));
}

#[test]
fn finished_chunks_survive_a_restart_and_are_not_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk();
    let mut store = desk.provision(folder.path());
    // Less than a chunk at a time never gets anywhere, and is given up at once.
    let mut carrier = Breaking { desk: desk.clone(), after: CHUNK as u64 - 1, opened: 0, silently: false };
    assert!(matches!(store.adopt(&mut carrier, clock(BEGIN)), Err(Error::Carrier(CarrierError::Failed { .. }))));
    assert_eq!(carrier.opened, 4);
    let mut carrier = Breaking { desk: desk.clone(), after: CHUNK as u64 * 5, opened: 0, silently: true };
    assert_eq!(store.adopt(&mut carrier, clock(BEGIN)).unwrap_err().code(), "altered");
    drop(store);

    let mut store = Store::open(folder.path()).unwrap();
    let longest = desk.files.values().map(Vec::len).max().unwrap();
    let outcome = store.adopt(&mut desk.clone(), clock(BEGIN)).unwrap();
    let crate::Adoption::Adopted { fetched, .. } = outcome else { panic!("{outcome:?}") };
    assert!(fetched < (longest - CHUNK * 5) as u64 + 2000, "{fetched} of {longest}");
}

/// The one file that is not whole.
fn part(folder: &std::path::Path) -> std::path::PathBuf {
    let objects = std::fs::read_dir(folder.join("objects")).unwrap().map(|entry| entry.unwrap().path());
    objects.into_iter().find(|path| path.extension().is_some()).unwrap()
}

#[test]
fn an_altered_chunk_ends_the_fetch_there_and_the_good_ones_before_it_stay() {
    let folder = tempfile::tempdir().unwrap();
    let honest = desk();
    let mut store = honest.provision(folder.path());
    let mut altered = honest.clone();
    let longest = altered.files.values_mut().max_by_key(|bytes| bytes.len()).unwrap();
    longest[CHUNK * 3 + 1] ^= 1;
    assert_eq!(store.adopt(&mut altered, clock(BEGIN)).unwrap_err().code(), "altered");
    assert_eq!(std::fs::metadata(part(folder.path())).unwrap().len(), CHUNK as u64 * 3);
    assert_eq!(adopted(store.adopt(&mut honest.clone(), clock(BEGIN))), 1);
}

#[test]
fn a_torn_tail_of_a_part_is_cut_off_and_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk();
    let mut store = desk.provision(folder.path());
    let mut carrier = Breaking { desk: desk.clone(), after: CHUNK as u64 * 5, opened: 0, silently: true };
    store.adopt(&mut carrier, clock(BEGIN)).unwrap_err();
    drop(store);
    let part = part(folder.path());
    let mut bytes = std::fs::read(&part).unwrap();
    assert_eq!(bytes.len(), CHUNK * 5);
    bytes[CHUNK * 3 + 5] ^= 1;
    // Longer than the whole is to be.
    bytes.resize(CHUNK * (CHUNKS as usize + 1), 7);
    std::fs::write(&part, bytes).unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(adopted(store.adopt(&mut desk.clone(), clock(BEGIN))), 1);
    assert!(!part.exists());
}
