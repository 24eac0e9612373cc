//! Where the programs are that are tested.

use std::path::{Path, PathBuf};

/// A program of this project, as it was built: in `CHECKPOINT_PROGRAMS`, or beside the test that asks.
///
/// # Panics
/// When it has not been built: a test of an absent program must not pass.
pub fn ours(name: &str) -> PathBuf {
    let folder = std::env::var_os("CHECKPOINT_PROGRAMS").map_or_else(beside_this_test, PathBuf::from);
    let program = folder.join(name);
    assert!(
        program.is_file(),
        "{} is not there: build it with `cargo build -p checkpointd -p checkpoint-hq -p simulator`, or run tests/run",
        program.display()
    );
    program
}

/// Tests lie in `target/PROFILE/deps`, programs in `target/PROFILE`.
fn beside_this_test() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let deps = test.parent().and_then(Path::parent).expect("a test lies in target/PROFILE/deps");
    deps.to_owned()
}

/// A program of the system. Debian keeps daemons in `/usr/sbin`, which is not on everybody's path.
///
/// # Panics
/// When it is not installed: what cannot be tested must not pass.
pub fn of_the_system(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/bin"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: tests/run installs it (Debian's package {package})"))
}

/// The project's folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the project")
}

/// Every file below a folder, in order of name.
///
/// # Panics
/// When the folder is not there.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort();
    found.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Where tests leave what people may want to look at: `target/tests`.
///
/// # Panics
/// When it cannot be made.
pub fn left_behind() -> PathBuf {
    let folder = beside_this_test().parent().expect("a profile has a folder above").join("tests");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}
