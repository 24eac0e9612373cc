//! How an answer is kept: first all of it, as it was signed; then each thing it brings in its place. Whenever the power
//! goes, the box has the old state, or goes on to the new one at its next start.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use trust::register::Pepper;
use wire::enrol::{Bundle, Secrets, secrets_info};
use zeroize::Zeroizing;

use super::{Certificate, Refused, TlsFiles, accept, name};
use crate::identity::{Receive, TLS};

/// Longest file that is read here.
const LONGEST: u64 = 64 * 1024;

/// What a renewal that was under way leaves: another certificate than the answer's, which must not take its place.
const NEXT: [&str; 2] = ["next.crt", "next.key"];

/// The disk, and in tests a power cut after a number of steps.
pub(crate) struct Disk {
    #[cfg(test)]
    pub(super) steps_left: std::cell::Cell<Option<u32>>,
}

impl Disk {
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(test)]
            steps_left: std::cell::Cell::new(None),
        }
    }

    /// Writes a file that only the box may read, whole or not at all.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), Refused> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".part");
        let aside = PathBuf::from(aside);
        let written = self.step().and_then(|()| {
            let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
            let (one, other) = bytes.split_at(bytes.len() / 2);
            file.write_all(one)?;
            self.step()?;
            file.write_all(other)?;
            file.sync_all()?;
            self.step()?;
            std::fs::rename(&aside, path)
        });
        written.and_then(|()| self.settle(path)).map_err(disk(path))
    }

    /// Puts a file in the place of another.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), Refused> {
        self.step().and_then(|()| std::fs::rename(from, to)).and_then(|()| self.settle(to)).map_err(disk(to))
    }

    /// Removes a file, if it is there.
    fn remove(&self, path: &Path) -> Result<(), Refused> {
        let removed = self.step().and_then(|()| std::fs::remove_file(path));
        match removed {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| self.settle(path)).map_err(disk(path)),
        }
    }

    /// Makes a file's entry in its folder durable.
    fn settle(&self, path: &Path) -> std::io::Result<()> {
        self.step()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }

    /// In tests, the power goes here.
    #[cfg(test)]
    fn step(&self) -> std::io::Result<()> {
        match self.steps_left.get() {
            Some(0) => return Err(std::io::Error::other("power cut")),
            Some(steps) => self.steps_left.set(Some(steps - 1)),
            None => {}
        }
        Ok(())
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the power does not go on command")]
    fn step(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn disk(path: &Path) -> impl FnOnce(std::io::Error) -> Refused {
    let path = path.to_owned();
    |source| Refused::Disk { path, source }
}

/// A small file's bytes, or `None` when it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Refused> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Refused::Disk { path: path.to_owned(), source }),
    }
}

/// The file that whoever takes an answer holds locked.
pub(super) fn lock(data: &Path) -> Result<File, Refused> {
    let path = data.join(name::LOCK);
    File::options().write(true).create(true).truncate(false).open(&path).map_err(disk(&path))
}

/// What is sealed in a bundle.
pub(super) fn secrets(bundle: &Bundle, receive: &Receive) -> Result<Secrets, Refused> {
    let info = secrets_info(&bundle.region, &bundle.name);
    let plain = receive.open_sealed(&bundle.secrets, &info).ok_or(Refused::Secrets)?;
    wire::decode(&plain, "secrets").map_err(|_| Refused::Secrets)
}

/// Keeps an answer that was checked. From the moment this has begun to change anything, the next start ends it.
pub(super) fn take(disk: &Disk, data: &Path, cose: &[u8], bundle: &Bundle, receive: &Receive) -> Result<(), Refused> {
    disk.put(&data.join(name::DUE), cose)?;
    put_in_place(disk, data, bundle, receive)
}

/// Ends what [`take`] had begun when the power went.
pub(super) fn finish(data: &Path) -> Result<(), Refused> {
    let Some(cose) = read(&data.join(name::DUE))? else { return Ok(()) };
    let bundle = accept::kept(&cose)?;
    let receive = Receive::open(data).map_err(|error| disk(data)(std::io::Error::other(error)))?;
    put_in_place(&Disk::new(), data, &bundle, &receive)
}

/// Every step may be done again.
fn put_in_place(disk: &Disk, data: &Path, bundle: &Bundle, receive: &Receive) -> Result<(), Refused> {
    let tls = TlsFiles::of(data);
    for next in NEXT {
        disk.remove(&data.join(TLS).join(next))?;
    }
    let authorities: Result<String, Refused> =
        bundle.authorities.iter().map(|der| Certificate::from_der(der).map(|one| one.to_pem())).collect();
    disk.put(&tls.authorities, authorities?.as_bytes())?;
    disk.put(&tls.certificate, Certificate::from_der(&bundle.certificate)?.to_pem().as_bytes())?;
    if let Some(pepper) = secrets(bundle, receive)?.pepper {
        let pepper = Pepper::new(Zeroizing::new(pepper));
        disk.put(&data.join(crate::PEPPER), pepper.line().as_bytes())?;
    }
    disk.remove(&data.join(name::REQUEST))?;
    disk.rename(&data.join(name::DUE), &data.join(name::ENROLMENT))
}
