//! A region's folder: `region.toml`, `policy.toml`, `keys/`, `foreign/`, `release/`, `hq.db`.
//!
//! It is made whole or not at all: everything is written beside its place and then renamed into it.

use std::fs::{DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use trust::format::Root;
use wire::RegionId;
use wire::sign::TrySigner;

use crate::ceremony::compose::{self, Online, Terms};
use crate::keys::{Key, Purpose, SealingKey};
use crate::policy::{self, Rules};
use crate::signer::Place;
use crate::{Error, publish};

pub(crate) mod db;
mod settings;

pub use db::Series;
pub use settings::{Addresses, Places, Settings};

/// Offline keys that sign roots: one may be lost, and one may be stolen.
const ROOT_KEYS: u8 = 3;

/// Seconds for which an issuer's key counts: a pass of the longest validity, issued on the key's last day
/// but one year, is still believed.
const ISSUING_LIFE: i64 = 2 * 365 * 86_400;

/// Most characters of an operator's name in the audit.
const LONGEST_WHO: usize = 64;

/// What a region begins with.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Its code.
    pub region: RegionId,
    /// Its name, for people.
    pub name: String,
    /// Its number as passes name it.
    pub territory: u64,
    /// Its distance from UTC, `+03:00`.
    pub utc_offset: String,
}

/// A region, opened.
pub struct Region {
    folder: PathBuf,
    settings: Settings,
    sealing: Arc<SealingKey>,
    db: Mutex<Connection>,
}

/// With which keys a region begins.
enum Begin {
    /// With all of them, root keys included, drawn into one folder.
    Desk,
    /// Without root keys, and with online keys where they are, or drawn.
    Waiting(Places),
}

/// An issuer of this region: who may sign what, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its name, as it stands in passes.
    pub name: String,
    /// Its public key.
    pub key: [u8; 32],
    /// Kinds it may issue.
    pub kinds: Vec<u16>,
    /// Territories for which it may issue; empty: all.
    pub territories: Vec<String>,
    /// Unix seconds from which its key counts.
    pub valid_from: i64,
    /// Unix seconds until which its passes may be believed.
    pub valid_to: i64,
}

impl Region {
    /// Founds a region in a folder that is not there yet.
    ///
    /// # Errors
    /// [`Error::FolderExists`], [`Error::Settings`] or what the system refuses.
    pub fn create(folder: &Path, founding: &Founding, by: &str, now: i64) -> Result<Self, Error> {
        Self::begin(folder, founding, &Begin::Desk, by, now)
    }

    /// Founds a region whose root keys are elsewhere. It waits for the root that
    /// [`first_request`](Self::first_request) asks for.
    ///
    /// # Errors
    /// The same.
    pub fn create_waiting(folder: &Path, founding: &Founding, keys: Places, by: &str, now: i64) -> Result<Self, Error> {
        Self::begin(folder, founding, &Begin::Waiting(keys), by, now)
    }

    fn begin(folder: &Path, founding: &Founding, begin: &Begin, by: &str, now: i64) -> Result<Self, Error> {
        if folder.exists() {
            return Err(Error::FolderExists(folder.to_owned()));
        }
        let places = match begin {
            Begin::Desk => &Places::default(),
            Begin::Waiting(keys) => keys,
        };
        let text = Settings::compose(founding, places);
        Settings::parse(&text, &folder.join(settings::FILE))?;
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(Error::file(parent))?;
        let name = folder.file_name().ok_or_else(|| Error::FolderExists(folder.to_owned()))?;
        let new = parent.join(format!(".{}.new-{}", name.to_string_lossy(), std::process::id()));
        let made = make(&new, &text, founding, begin, by, now);
        let moved =
            made.and_then(|()| std::fs::rename(&new, folder).map_err(|_| Error::FolderExists(folder.to_owned())));
        if let Err(error) = moved {
            // Half a region with half its keys is of no use to anybody.
            let _ = std::fs::remove_dir_all(&new);
            return Err(error);
        }
        sync_folder(parent)?;
        Self::open(folder)
    }

    /// Opens a region. Keys that sign need not be there: each is opened by whoever signs with it.
    ///
    /// # Errors
    /// [`Error::NotARegion`], or what is wrong with its settings, keys or database.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(settings::FILE);
        if !path.is_file() {
            return Err(Error::NotARegion(folder.to_owned()));
        }
        let settings = Settings::load(&path)?;
        let sealing = Arc::new(SealingKey::open(&folder.join(KEYS))?);
        let db = Mutex::new(db::open(&folder.join(DATABASE))?);
        let region = Self { folder: folder.to_owned(), settings, sealing, db };
        region.check_keys()?;
        Ok(region)
    }

    /// A key serves one purpose: an issuer's may not be another's, nor one that the root names.
    fn check_keys(&self) -> Result<(), Error> {
        let root = self.newest_root()?;
        let listed = root.iter().flat_map(|root| {
            let all = [("root", &root.root), ("publishing", &root.publishing), ("receipt", &root.receipt)];
            let all = all.into_iter().chain([("command", &root.command), ("sealing", &root.sealing)]);
            all.flat_map(|(name, keys)| keys.iter().map(move |key| (name.to_owned(), key.key)))
        });
        let issuers = self.issuers()?.into_iter().map(|issuer| (format!("issuer-{}", issuer.name), issuer.key));
        let all: Vec<_> = listed.chain(issuers).collect();
        for (at, (name, key)) in all.iter().enumerate() {
            if let Some((other, _)) = all[..at].iter().find(|(_, other)| other == key) {
                return Err(Error::SameKey(other.clone(), name.clone()));
            }
        }
        Ok(())
    }

    /// What `region.toml` says.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The region's code.
    pub const fn id(&self) -> &RegionId {
        &self.settings.region
    }

    /// What `policy.toml` says now; it is read again every time, as people edit it.
    ///
    /// # Errors
    /// [`Error::Policy`] with the line.
    pub fn rules(&self) -> Result<Rules, Error> {
        Rules::load(&self.folder.join(policy::FILE), self.settings.territory)
    }

    /// The region's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The published folder: what a web server or a stick carries.
    pub fn release_folder(&self) -> PathBuf {
        self.folder.join(RELEASE)
    }

    /// The ledger of what boxes report.
    pub fn ledger_path(&self) -> PathBuf {
        self.folder.join("ledger.db")
    }

    /// What was opened of it; can be made again from the ledger and the sealing key.
    pub fn crossings_path(&self) -> PathBuf {
        self.folder.join("crossings.db")
    }

    /// Where the boxes' last words are kept.
    pub(crate) fn boxes_path(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// The region's first root, as boxes are provisioned with it.
    ///
    /// # Errors
    /// [`Error::Waiting`] before the keepers have signed it, [`Error::File`].
    pub fn first_root(&self) -> Result<Vec<u8>, Error> {
        let path = self.release_folder().join(trust::format::root_name(1));
        match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::Waiting(self.folder.clone())),
            read => read.map_err(Error::file(&path)),
        }
    }

    /// The root that is in force; none while the region waits for its first.
    ///
    /// # Errors
    /// [`Error::Publish`].
    pub fn newest_root(&self) -> Result<Option<Root>, Error> {
        Ok(publish::roots(&self.release_folder())?.pop())
    }

    /// The key that signs the heads of releases.
    ///
    /// # Errors
    /// [`Error::Signer`], [`Error::Key`], [`Error::NotInRoot`].
    pub fn publishing_key(&self) -> Result<Arc<Key>, Error> {
        self.online_key(&Purpose::Publishing).map(Arc::new)
    }

    /// The key that signs receipts.
    ///
    /// # Errors
    /// The same.
    pub fn receipt_key(&self) -> Result<Arc<Key>, Error> {
        self.online_key(&Purpose::Receipt).map(Arc::new)
    }

    /// The key that speaks to single boxes: commands, and answers to requests for enrolment.
    ///
    /// # Errors
    /// The same.
    pub fn command_key(&self) -> Result<Arc<Key>, Error> {
        self.online_key(&Purpose::Command).map(Arc::new)
    }

    /// Of the keys at hand for a purpose, the one that the newest root names last.
    fn online_key(&self, purpose: &Purpose) -> Result<Key, Error> {
        // Without a root nothing is published; whoever publishes says so.
        let root = self.newest_root()?;
        let listed = root.as_ref().map(|root| match purpose {
            Purpose::Publishing => &root.publishing,
            Purpose::Receipt => &root.receipt,
            _ => &root.command,
        });
        let version = root.as_ref().map_or(0, |root| root.version);
        let places = self.places(purpose)?;
        let mut found: Option<(usize, Key)> = None;
        let mut problem = None;
        for place in &places {
            let named = Key::at(place, &self.folder, purpose.clone()).and_then(|key| {
                let public = key.public().to_bytes();
                let at = listed.map_or(Some(0), |listed| listed.iter().position(|listed| listed.key == public));
                let stranger =
                    || Error::NotInRoot { key: purpose.to_string(), place: place.to_string(), root: version };
                at.map(|at| (at, key)).ok_or_else(stranger)
            });
            match named {
                Ok((at, key)) if found.as_ref().is_none_or(|(best, _)| *best < at) => found = Some((at, key)),
                Ok(_) => {}
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        match (found, problem) {
            (Some((_, key)), _) => Ok(key),
            (None, Some(problem)) => Err(problem),
            (None, None) => Err(Error::Key {
                path: self.folder.join(KEYS),
                problem: "there is no such key, nor does region.toml name one",
            }),
        }
    }

    /// Where the keys for a purpose may be: as `region.toml` says, or every file of that name in `keys`.
    fn places(&self, purpose: &Purpose) -> Result<Vec<Place>, Error> {
        let keys = &self.settings.keys;
        let named = match purpose {
            Purpose::Publishing => &keys.publishing,
            Purpose::Receipt => &keys.receipt,
            _ => &keys.command,
        };
        if !named.is_empty() {
            return Ok(named.clone());
        }
        let folder = self.folder.join(KEYS);
        let listed = std::fs::read_dir(&folder).map_err(Error::file(&folder))?;
        let mut files: Vec<PathBuf> = listed.flatten().map(|file| file.path()).collect();
        files.retain(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".key"));
            let rest = name.and_then(|name| name.strip_prefix(&purpose.to_string()));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        files.sort();
        let in_folder = |path: PathBuf| Some(Place::File(Path::new(KEYS).join(path.file_name()?)));
        Ok(files.into_iter().filter_map(in_folder).collect())
    }

    /// The public halves of the online keys, as the first root will name them.
    pub(crate) fn online_halves(&self) -> Result<Online, Error> {
        let half = |purpose| self.online_key(&purpose).map(|key| key.public().to_bytes());
        Ok(Online {
            publishing: half(Purpose::Publishing)?,
            receipt: half(Purpose::Receipt)?,
            command: half(Purpose::Command)?,
            sealing: self.sealing.public(),
        })
    }

    /// The public half of the next online key: one that is there, or a new one that is drawn into `keys`.
    pub(crate) fn next_half(&self, purpose: Purpose, place: Option<&Place>, version: u64) -> Result<[u8; 32], Error> {
        let key = match place {
            Some(place) => Key::at(place, &self.folder, purpose)?,
            None => {
                let path = self.folder.join(KEYS).join(format!("{purpose}-{version}.key"));
                // Composed once more, for instance with another strike: the key that waits is the one.
                if path.is_file() {
                    Key::at(&Place::File(path), Path::new("."), purpose)?
                } else {
                    Key::draw(&path, purpose)?
                }
            }
        };
        Ok(key.public().to_bytes())
    }

    /// The key that opens what boxes sealed.
    pub fn sealing_key(&self) -> Arc<SealingKey> {
        self.sealing.clone()
    }

    /// The key of an issuer; only who issues needs it.
    pub(crate) fn issuing_key(&self, issuer: &Issuer) -> Result<Key, Error> {
        let purpose = Purpose::Issuing(issuer.name.clone());
        let in_folder = || Place::File(purpose.file(Path::new(KEYS)));
        let place = self.settings.keys.issuing.get(&issuer.name).cloned().unwrap_or_else(in_folder);
        let key = Key::at(&place, &self.folder, purpose)?;
        if key.public().to_bytes() == issuer.key {
            Ok(key)
        } else {
            let problem = "it is not the key that boxes know this issuer by";
            Err(Error::Key { path: place.to_string().into(), problem })
        }
    }

    /// Takes on an issuer with a new key. Boxes believe it from the next release on.
    ///
    /// # Errors
    /// [`Error::IssuerExists`], [`Error::Field`], or what the system refuses.
    pub fn add_issuer(&self, name: &str, kinds: &[u16], by: &str, now: i64) -> Result<Issuer, Error> {
        let by = who(by)?;
        if self.issuers()?.iter().any(|issuer| issuer.name == name) {
            return Err(Error::IssuerExists(name.to_owned()));
        }
        // It stands in passes, file names and topics alike.
        let name: RegionId = name.parse().map_err(|e: wire::id::BadId| Error::field("issuer", e.to_string()))?;
        let place = self.settings.keys.issuing.get(name.as_str());
        let issuer = new_issuer(&self.folder, place, &name, kinds.to_vec(), now)?;
        self.books(|books| {
            db::add_issuer(books, &issuer, self.settings.series_size)
                .and_then(|()| db::audit(books, now, by, "issuer", &issuer.name))
                .map_err(Error::database("taking on an issuer"))
        })?;
        Ok(issuer)
    }

    /// Says anew which kinds an issuer may issue, with the key that it has: a region that takes over another policy has
    /// other kinds. Boxes follow with the next release, for what it has issued already too.
    ///
    /// # Errors
    /// [`Error::UnknownIssuer`], [`Error::Field`], [`Error::Database`].
    pub fn let_issue(&self, name: &str, kinds: &[u16], by: &str, now: i64) -> Result<(), Error> {
        let by = who(by)?;
        self.books(|books| {
            let failed = || Error::database("saying what an issuer may issue");
            if !db::set_kinds(books, name, kinds).map_err(failed())? {
                return Err(Error::UnknownIssuer(name.to_owned()));
            }
            db::audit(books, now, by, "issuer-kinds", name).map_err(failed())
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn database(&self) -> MutexGuard<'_, Connection> {
        // A transaction that was cut off by a panic has been rolled back.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One change of the books: all of it or nothing.
    pub(crate) fn books<T>(&self, change: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let mut db = self.database();
        let transaction = db
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(Error::database("beginning a change"))?;
        let done = change(&transaction)?;
        transaction.commit().map_err(Error::database("committing a change"))?;
        Ok(done)
    }

    /// Everyone who may sign passes here.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn issuers(&self) -> Result<Vec<Issuer>, Error> {
        db::issuers(&self.database()).map_err(Error::database("listing the issuers"))
    }
}

/// Names in a region's folder.
pub(crate) const KEYS: &str = "keys";
pub(crate) const FOREIGN: &str = "foreign";
pub(crate) const RELEASE: &str = "release";
pub(crate) const DATABASE: &str = "hq.db";

/// Who does something, as the audit keeps it.
///
/// # Errors
/// [`Error::Field`] for nothing, too much, or what would break a line.
pub(crate) fn who(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_WHO || name.chars().any(char::is_control) {
        return Err(Error::field("operator", format!("needs 1 to {LONGEST_WHO} characters on one line")));
    }
    Ok(name)
}

fn make(new: &Path, settings: &str, founding: &Founding, begin: &Begin, by: &str, now: i64) -> Result<(), Error> {
    let by = who(by)?;
    let make_folder = |path: &Path, mode| DirBuilder::new().mode(mode).create(path).map_err(Error::file(path));
    make_folder(new, 0o700)?;
    let keys = new.join(KEYS);
    make_folder(&keys, 0o700)?;
    make_folder(&new.join(FOREIGN), 0o755)?;
    make_folder(&new.join(RELEASE), 0o755)?;
    put(&new.join(settings::FILE), settings.as_bytes(), 0o644)?;
    put(&new.join(policy::FILE), policy::DEFAULT.as_bytes(), 0o644)?;
    let read = Settings::parse(settings, &new.join(settings::FILE))?;
    let online = |purpose: Purpose, places: &[Place]| match places.first() {
        Some(place) => Key::at(place, new, purpose),
        None => Key::create(&keys, purpose),
    };
    let online = Online {
        publishing: online(Purpose::Publishing, &read.keys.publishing)?.public().to_bytes(),
        receipt: online(Purpose::Receipt, &read.keys.receipt)?.public().to_bytes(),
        command: online(Purpose::Command, &read.keys.command)?.public().to_bytes(),
        sealing: SealingKey::create(&keys)?.public(),
    };
    Key::create(&keys, Purpose::Uses)?;
    if matches!(begin, Begin::Desk) {
        let roots = (1..=ROOT_KEYS).map(|number| Key::create(&keys, Purpose::Root(number)));
        let roots = roots.collect::<Result<Vec<_>, _>>()?;
        let publics: Vec<_> = roots.iter().map(|key| key.public().to_bytes()).collect();
        let root = compose::first(&founding.region, &publics, &online, Terms::default(), now)?;
        let signers: Vec<&dyn TrySigner> = roots.iter().map(|key| key as &dyn TrySigner).collect();
        publish::add_root(&new.join(RELEASE), &publish::sign_root(&root, &signers)?)?;
    }
    let rules = Rules::load(&new.join(policy::FILE), founding.territory)?;
    let ours = rules.policy.kinds.iter().map(|rule| rule.kind).filter(|kind| *kind < pass::Kind::VACCINATION.number());
    let place = read.keys.issuing.get(founding.region.as_str());
    let issuer = new_issuer(new, place, &founding.region, ours.collect(), now)?;
    put(&new.join(DATABASE), b"", 0o600)?;
    let db = db::open(&new.join(DATABASE))?;
    let begun = db::add_issuer(&db, &issuer, read.series_size)
        .and_then(|()| db::audit(&db, now, by, "found", founding.region.as_str()));
    begun.map_err(Error::database("founding a region"))?;
    db.close().map_err(|(_, source)| Error::Database { action: "founding a region", source })?;
    [&keys, &new.join(RELEASE), new].into_iter().try_for_each(sync_folder)
}

fn new_issuer(
    folder: &Path,
    place: Option<&Place>,
    name: &RegionId,
    kinds: Vec<u16>,
    now: i64,
) -> Result<Issuer, Error> {
    let purpose = Purpose::Issuing(name.to_string());
    let key = match place {
        Some(place) => Key::at(place, folder, purpose)?,
        None => Key::create(&folder.join(KEYS), purpose)?,
    };
    let valid_to = now.saturating_add(ISSUING_LIFE);
    let (name, key) = (name.to_string(), key.public().to_bytes());
    Ok(Issuer { name, key, kinds, territories: Vec::new(), valid_from: now, valid_to })
}

pub(crate) fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut options = File::options();
    let mut file = options.write(true).create_new(true).mode(mode).open(path).map_err(Error::file(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::file(path))
}

fn sync_folder(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::file(path))
}
