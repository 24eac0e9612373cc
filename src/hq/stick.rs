//! Puts a release on a stick, so that it can be pulled at any moment and still holds a whole release, or none.
//!
//! Everything but the head is found by its hash and changes nothing, so it goes first; then the roots, then the head,
//! renamed into its place; only then what is no longer needed goes. Every file is read back from the stick itself,
//! those that were there already too: a stick that forgets is found here and not at a roadside.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, fadvise, statvfs, syncfs};
use trust::format::{self, BASE, CHUNKS, DELTA, FOLD, HEAD, INDEX, PAGES, RECORD, RUN};
use trust::{Progress, Stick};
use wire::RegionId;

#[cfg(test)]
mod tests;

/// Folders of a release that boxes read from a stick. Bundles only save requests, of which a stick has none.
const FOLDERS: [&str; 8] = [BASE, CHUNKS, FOLD, RUN, DELTA, RECORD, INDEX, PAGES];

/// Ending of a file that is not whole yet.
const PART: &str = ".part";

/// Bytes copied at a time.
const PIECE: usize = 1 << 20;

/// Room that a file takes beyond its length, at most: a cluster of a large stick.
const CLUSTER: u64 = 64 * 1024;

/// Why a stick holds no new release.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the release or of the stick.
    #[error("{path} cannot be read or written")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// Nothing has been published.
    #[error("this region has published no release")]
    NoRelease,
    /// Where the stick should be is no folder.
    #[error("{0} is no folder: is the stick mounted?")]
    NoStick(PathBuf),
    /// The stick is too small, or too full.
    #[error("the stick has {free} bytes of room, and {needed} are needed")]
    NoRoom {
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// What was read back is not what was written.
    #[error("the stick does not keep what is written to it: {0} came back different")]
    Forgets(PathBuf),
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::NoRelease => "no-release",
            Self::NoStick(_) => "no-stick",
            Self::NoRoom { .. } => "no-room",
            Self::Forgets(_) => "stick-forgets",
        }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}

/// What is on a stick now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where on it.
    pub folder: PathBuf,
    /// Sequence of the release.
    pub sequence: u64,
    /// Files of it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that were not there before.
    pub new: u64,
}

/// Writes the release in the folder `release` to a stick that is mounted at `stick`, in `checkpoint/REGION`, so that
/// one stick can serve several regions.
///
/// # Errors
/// [`Error`]. Whatever stood on the stick before stays a whole release.
pub fn write(
    release: &Path,
    region: &RegionId,
    stick: &Path,
    tell: &mut dyn FnMut(Progress),
) -> Result<Written, Error> {
    // The head first: what it needs stays in the release's folder for some hours, whatever is published meanwhile.
    let head = read_head(release)?;
    let (_, parsed) = format::Head::parse(&head).map_err(|error| at(&release.join(HEAD))(io::Error::other(error)))?;
    if !stick.is_dir() {
        return Err(Error::NoStick(stick.to_owned()));
    }
    let to = stick.join("checkpoint").join(region.as_str());
    let files = files(release)?;
    for folder in FOLDERS {
        let path = to.join(folder);
        fs::create_dir_all(&path).map_err(at(&path))?;
    }
    let mut progress = Progress { done: 0, total: files.values().sum() };
    tell(progress);
    let mut missing = Vec::new();
    for (name, length) in &files {
        if is_there(&release.join(name), &to.join(name), *length)? {
            progress.done += length;
            tell(progress);
        } else {
            missing.push((name, *length));
        }
    }
    let new: u64 = missing.iter().map(|(_, length)| length).sum();
    let needed = new + (missing.len() as u64 + 1) * CLUSTER.min(new + head.len() as u64);
    let room = statvfs(&to).map_err(|error| at(&to)(error.into()))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if needed > free {
        return Err(Error::NoRoom { needed, free });
    }
    for (name, _) in &missing {
        copy(&release.join(name), &to.join(name), |bytes| {
            progress.done += bytes;
            tell(progress);
        })?;
    }
    settle(&to)?;
    for (name, length) in &missing {
        if !is_there(&release.join(name), &to.join(name), *length)? {
            return Err(Error::Forgets(to.join(name)));
        }
    }
    put(&to.join(HEAD), &head)?;
    settle(&to)?;
    let mut back = Vec::new();
    read_back(&to.join(HEAD)).and_then(|mut file| file.read_to_end(&mut back)).map_err(at(&to.join(HEAD)))?;
    // As a box would find it.
    let found = Stick::look(stick, region).releases.iter().any(|found| found.sequence() == parsed.sequence);
    if back != head || !found {
        return Err(Error::Forgets(to.join(HEAD)));
    }
    sweep(&to, &files);
    settle(&to)?;
    let (count, bytes) = (files.len() as u64 + 1, progress.total + head.len() as u64);
    Ok(Written { folder: to, sequence: parsed.sequence, files: count, bytes, new })
}

fn read_head(release: &Path) -> Result<Vec<u8>, Error> {
    let path = release.join(HEAD);
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NoRelease),
        read => read.map_err(at(&path)),
    }
}

/// Everything of a release but its head, by name, with its length; roots come last.
fn files(release: &Path) -> Result<BTreeMap<String, u64>, Error> {
    let mut files = BTreeMap::new();
    for folder in FOLDERS.iter().copied().chain([""]) {
        let path = release.join(folder);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(at(&path))?,
        };
        for entry in entries {
            let entry = entry.map_err(at(&path))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_ours = if folder.is_empty() { is_root(&name) } else { !name.contains('.') };
            // It may have been swept this moment; then no release needs it.
            let Some(file) = entry.metadata().ok().filter(|file| is_ours && file.is_file()) else { continue };
            files.insert(if folder.is_empty() { name } else { format!("{folder}/{name}") }, file.len());
        }
    }
    Ok(files)
}

fn is_root(name: &str) -> bool {
    name.strip_prefix("root.").is_some_and(|number| number.parse::<u64>().is_ok())
}

/// Whether a file stands on the stick as it stands in the release. It is read from the stick and not from memory.
fn is_there(from: &Path, to: &Path, length: u64) -> Result<bool, Error> {
    let there = match read_back(to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        there => there.map_err(at(to))?,
    };
    if there.metadata().map_err(at(to))?.len() != length {
        return Ok(false);
    }
    let mut pair = (File::open(from).map_err(at(from))?, there);
    let (mut a, mut b) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let read = pair.0.read(&mut a).map_err(at(from))?;
        if read == 0 {
            return Ok(true);
        }
        // A file that cannot be read is written anew.
        if pair.1.read_exact(&mut b[..read]).is_err() || a[..read] != b[..read] {
            return Ok(false);
        }
    }
}

/// Opens a file so that it comes from the device.
fn read_back(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    Ok(file)
}

fn copy(from: &Path, to: &Path, mut tell: impl FnMut(u64)) -> Result<(), Error> {
    let part = part(to);
    let mut source = File::open(from).map_err(at(from))?;
    let mut file = File::create(&part).map_err(at(&part))?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = source.read(&mut piece).map_err(at(from))?;
        if read == 0 {
            break;
        }
        file.write_all(&piece[..read]).map_err(at(&part))?;
        tell(read as u64);
    }
    fs::rename(&part, to).map_err(at(to))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let part = part(path);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(at(&part))?;
    fs::rename(&part, path).map_err(at(path))
}

fn part(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(PART);
    part.into()
}

/// Makes everything on the stick durable: thousands of small files at once instead of one by one.
fn settle(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| Ok(syncfs(&folder)?)).map_err(at(folder))
}

/// Removes files of older releases. What cannot be removed costs only room.
fn sweep(to: &Path, files: &BTreeMap<String, u64>) {
    for folder in FOLDERS {
        let needed: BTreeSet<&str> =
            files.keys().filter_map(|name| name.strip_prefix(folder)?.strip_prefix('/')).collect();
        for entry in fs::read_dir(to.join(folder)).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_none_or(|name| !needed.contains(name)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
