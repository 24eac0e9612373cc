//! The box: configuration, the lane, the workers and how they live and die, commands.
//!
//! Responsible for putting the rooms together: what a text means for a vehicle here and now, what a
//! crossing is from its first sighting to its end, which workers there are and what happens when one ends.
//!
//! Not responsible for what each room does for itself: reading, judging, keeping, drawing, sending.
//!
//! Invariants: green is shown only after the row is durable; state changes only by events; the first worker
//! that ends, ends the box; a box is provisioned by hand, once.
//!
//! Words: the *crew* are the workers of a box; a *pulse* counts the turns of one worker's loop.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use sha2::Digest as _;
use wire::{BoxId, RegionId};

pub mod attempts;
mod claim;
pub mod clock;
pub mod command;
pub mod commands;
pub mod config;
pub mod crew;
pub mod crossing;
#[cfg(test)]
mod desk;
pub mod diag;
pub mod enrol;
pub mod feed;
pub mod freshness;
pub mod gauges;
mod guide;
pub mod identity;
pub mod judge;
pub mod keypad;
pub mod lane;
mod line;
pub mod menu;
mod open;
pub mod page;
mod phone;
pub mod register;
pub mod renew;
pub mod ring;
pub mod shift;
mod sight;
pub mod stick;
mod sync;
pub mod uses;
mod view;
pub mod watchdog;

use config::Config;
use identity::{Identity, Keys};
pub use open::{Running, open};

/// Why the box, or one of its commands, cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration cannot be read.
    #[error("the configuration {path} cannot be read")]
    ReadConfig {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// The configuration says something that cannot be.
    #[error("the configuration {path} is wrong: {detail}")]
    Config {
        /// The file.
        path: PathBuf,
        /// What and where.
        detail: String,
    },
    /// The box's key.
    #[error("the box's key {path} cannot be used")]
    Identity {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// HQ's first root cannot be read.
    #[error("the root {path} cannot be read")]
    ReadRoot {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A picture could not be read.
    #[error("the picture cannot be read")]
    Picture(#[from] board::Fault),
    /// Nothing in the picture is a code.
    #[error("no code was found in the picture")]
    NoCode,
    /// The child process that decodes.
    #[error("there is no decoding here")]
    DecodeWorker(#[from] reader::worker::Unfit),
    /// Trust.
    #[error("what HQ has told this box cannot be used")]
    Trust(#[from] trust::Error),
    /// The register's secret.
    #[error("the register of registered passes cannot be used")]
    Register(#[from] trust::register::Error),
    /// Another process adopts into the same folder.
    #[error("a box is at work with {0}: it takes a stick by itself when one is put in")]
    InUse(PathBuf),
    /// There is no release to judge by.
    #[error("no release is in force")]
    NoRelease,
    /// The root names no key to seal to: nothing could be written down that HQ can read.
    #[error("the root of trust names no sealing key")]
    NoSealingKey,
    /// The journal.
    #[error("the journal cannot be used")]
    Journal(#[from] journal::Error),
    /// What lies on a stick for HQ, or came from there.
    #[error("the journal's export cannot be used")]
    Export(#[from] journal::export::Error),
    /// The link.
    #[error("the link cannot be set up")]
    Uplink(#[from] uplink::Error),
    /// The enrolment.
    #[error("the enrolment failed")]
    Enrol(#[from] enrol::Refused),
    /// HQ's answer cannot be read.
    #[error("the answer {path} cannot be read")]
    ReadAnswer {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A file that was asked for cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// It waits for HQ's answer first.
    #[error("the box is not enrolled yet")]
    NotEnrolled,
    /// The board file.
    #[error("the board cannot be used")]
    Board(#[from] board::BadBoard),
    /// The system gives no thread, no event loop or no signal.
    #[error("a worker cannot be started")]
    Start(#[from] std::io::Error),
    /// What a technician would carry away.
    #[error("{path} cannot be written; --out puts it elsewhere, for example on a stick, and --out - prints it")]
    WriteDiag {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A worker ended by itself.
    #[error("the worker {0:?} ended; the box must be started again")]
    Worker(&'static str),
}

/// A box that was just provisioned.
pub struct Provisioned {
    /// The region.
    pub region: RegionId,
    /// The box.
    pub name: BoxId,
    /// Its new key.
    pub identity: Identity,
    /// SHA-256 of the root, to compare with HQ's.
    pub root_fingerprint: [u8; 32],
}

/// Name of the register's secret in the data folder.
pub const PEPPER: &str = "pepper";

/// Takes the pepper of the region's register into the data folder. It is there whole or not at all.
///
/// # Errors
/// [`Error::Register`] when the file holds none, or when it cannot be written.
pub fn take_pepper(config: &Config, from: &Path) -> Result<(), Error> {
    let pepper = trust::register::Pepper::open(from)?;
    let path = config.data.clone();
    std::fs::create_dir_all(&config.data).map_err(|source| Error::Identity { path, source })?;
    Ok(pepper.keep(&config.data.join(PEPPER))?)
}

/// Makes the identity of a new box and gives it the first root of trust.
///
/// # Errors
/// When the box has either already, or the root is not its region's.
pub fn provision(config: &Config) -> Result<Provisioned, Error> {
    let path = config.root.clone();
    let root = std::fs::read(&path).map_err(|source| Error::ReadRoot { path, source })?;
    let failed = |source| Error::Identity { path: config.data.clone(), source };
    std::fs::create_dir_all(&config.data).map_err(failed)?;
    // The keys first: after a power cut in between, provisioning goes on with them. The other way round the box
    // would count as provisioned and have none.
    let identity = Keys::open_or_create(&config.data)?.signing;
    trust::Store::provision(&config.data.join("trust"), &root, &config.region)?;
    // Until the box walks on to another root, the store's own says the same.
    enrol::keep_root(&config.data, &root)?;
    Ok(Provisioned {
        region: config.region.clone(),
        name: config.name.clone(),
        identity,
        root_fingerprint: sha2::Sha256::digest(&root).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::sign::Signer as _;

    #[test]
    fn provisioning_goes_on_after_a_power_cut_and_is_never_done_twice() {
        let desk = tempfile::tempdir().unwrap();
        let founding = hq::Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверь".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        let region = hq::Region::create(&desk.path().join("tver"), &founding, "test", 1_588_334_400).unwrap();
        let root = desk.path().join("root.1");
        std::fs::write(&root, region.first_root().unwrap()).unwrap();
        let text = format!(
            "region = \"RU-TVE\"\nname = \"post-1\"\ndata = {:?}\nboard = \"desk.toml\"\nroot = {root:?}\n",
            desk.path().join("box")
        );
        let file = desk.path().join("box.toml");
        std::fs::write(&file, text).unwrap();
        let config = Config::load(&file).unwrap();
        // The power goes after the key and before the root.
        std::fs::create_dir_all(&config.data).unwrap();
        let key = Identity::create(&config.data).unwrap().public();
        assert_eq!(provision(&config).unwrap().identity.public(), key);
        assert!(matches!(provision(&config), Err(Error::Trust(trust::Error::AlreadyProvisioned))));
        assert_eq!(Identity::open(&config.data).unwrap().public(), key);
        // The register's secret may come later.
        region.pepper().unwrap();
        take_pepper(&config, &region.folder().join("keys/pepper.key")).unwrap();
        let kept = trust::register::Pepper::open(&config.data.join(PEPPER)).unwrap();
        assert_eq!(*kept.line(), *region.pepper().unwrap().line());
        assert!(matches!(take_pepper(&config, &root), Err(Error::Register(_))));
    }
}
