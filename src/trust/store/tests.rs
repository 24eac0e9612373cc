//! The store against the list of attacks, the TUF client workflow, power cuts and damage.

use std::path::Path;

use tempfile::TempDir;

use super::{Adoption, Store};
use crate::Error;
use crate::desk::{BEGIN, DAY, Desk, clock};

mod attacks;
mod bytes;
mod content;
mod damage;
mod deltas;
mod figures;
mod folds;
mod partial;
mod power;
mod resume;
mod roots;
mod sets;
mod versions;
mod workflow;

/// A box that has adopted what the desk has published.
fn equipped(desk: &Desk) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = desk.provision(folder.path());
    let now = clock(desk.head().issued);
    assert!(matches!(store.adopt(&mut desk.clone(), now), Ok(Adoption::Adopted { .. })));
    (folder, store)
}

/// The box in a folder of its own.
fn copied(from: &TempDir) -> (TempDir, Store) {
    let to = tempfile::tempdir().unwrap();
    for name in ["objects", "logs", "."] {
        std::fs::create_dir_all(to.path().join(name)).unwrap();
        for file in std::fs::read_dir(from.path().join(name)).unwrap().map(Result::unwrap) {
            if file.path().is_file() {
                std::fs::copy(file.path(), to.path().join(name).join(file.file_name())).unwrap();
            }
        }
    }
    let store = Store::open(to.path()).unwrap();
    (to, store)
}

/// The code of a refusal a day later; what the box had must go on serving, now and after a restart.
fn refusal(folder: &TempDir, store: &mut Store, desk: &Desk) -> &'static str {
    refusal_at(folder, store, desk, BEGIN + 2 * DAY)
}

fn refusal_at(folder: &TempDir, store: &mut Store, desk: &Desk, now: i64) -> &'static str {
    let before = store.current().map(|release| release.sequence());
    let error = store.adopt(&mut desk.clone(), clock(now)).expect_err("it was adopted");
    assert_eq!(store.current().map(|release| release.sequence()), before);
    assert_eq!(sequence(folder.path()), before);
    error.code()
}

/// What a restarted box serves.
fn sequence(folder: &Path) -> Option<u64> {
    Store::open(folder).unwrap().current().map(|release| release.sequence())
}

fn adopted(outcome: Result<Adoption, Error>) -> u64 {
    match outcome.unwrap() {
        Adoption::Adopted { sequence, .. } => sequence,
        nothing @ Adoption::NothingNew { .. } => panic!("{nothing:?}"),
    }
}
