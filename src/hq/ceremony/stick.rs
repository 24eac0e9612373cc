//! A root key on a stick of its own: born there, and never written anywhere else.
//!
//! A passphrase keeps whoever finds the stick from using it: Argon2id (RFC 9106, its second recommended
//! choice: 64 MiB, three passes, four lanes) and ChaCha20-Poly1305, both in the tree or next to it and in one
//! readable line, rather than a container format with a crate of its own. Each key has a salt of its own, so
//! that its sealing key is used once and the nonce may be zero.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key as SealingKey, Nonce};
use ed25519_dalek::{SigningKey, VerifyingKey};
use trust::format::{hex, sha256};
use wire::sign::Signer as _;
use zeroize::Zeroizing;

use super::{Error, Request, id, public};
use crate::keys::{Key, Purpose};
use crate::signer::{AtHand, file};

/// Names on the stick.
const KEY: &str = "root.key";
pub(crate) const PUBLIC: &str = "root.pub";
const SIGNED: &str = "signed";

/// What a protected key's line begins with; what the passphrase also seals.
const PROTECTED: &str = "root ed25519 argon2id ";

/// KiB, passes and lanes (RFC 9106 §4).
const COST: (u32, u32, u32) = (64 * 1024, 3, 4);

/// Fewest characters of a passphrase. Six words of a list have more; a date has fewer.
const SHORTEST: usize = 12;

/// A stick with one root key.
pub struct Stick {
    folder: PathBuf,
    path: PathBuf,
    line: Zeroizing<String>,
}

impl Stick {
    /// Draws a root key on a stick that has none. Without a passphrase it lies open. Returns the public half,
    /// which also stands on the stick.
    ///
    /// # Errors
    /// [`Error::NoModes`] unless that is allowed, [`Error::BadPassphrase`], [`crate::Error::File`].
    pub fn create(folder: &Path, passphrase: Option<&str>, no_modes: bool) -> Result<VerifyingKey, crate::Error> {
        let listed = std::fs::read_dir(folder).map_err(crate::Error::file(folder))?;
        if listed.flatten().any(|file| is_root_key(&file.path())) {
            return Err(Error::Stick { path: folder.to_owned(), problem: "it holds a root key already" }.into());
        }
        let seed = file::draw()?;
        let line = match passphrase {
            Some(passphrase) => protect(&seed, passphrase)?,
            None => Zeroizing::new(format!("root ed25519 {}\n", &*Zeroizing::new(hex(&*seed)))),
        };
        let path = folder.join(KEY);
        // Looked at with an empty file, so that nothing secret was ever open.
        file::put(&path, "")?;
        let private = file::is_private(&path)?;
        std::fs::remove_file(&path).map_err(crate::Error::file(&path))?;
        if !private && !no_modes {
            return Err(Error::NoModes(path).into());
        }
        file::put(&path, &line)?;
        let public = AtHand(SigningKey::from_bytes(&seed)).public();
        crate::region::put(&folder.join(PUBLIC), public::line(&public).as_bytes(), 0o644)?;
        // A stick is pulled out at once.
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(crate::Error::file(folder))?;
        Ok(public)
    }

    /// Looks at a stick, which must hold one root key and no other.
    ///
    /// # Errors
    /// [`Error::Stick`], [`Error::NoModes`] unless that is allowed.
    pub fn open(folder: &Path, no_modes: bool) -> Result<Self, crate::Error> {
        let listed = std::fs::read_dir(folder).map_err(crate::Error::file(folder))?;
        let mut keys: Vec<PathBuf> =
            listed.flatten().map(|file| file.path()).filter(|path| is_root_key(path)).collect();
        let wrong = |problem| Error::Stick { path: folder.to_owned(), problem };
        let path = keys.pop().ok_or_else(|| wrong("there is no root key on it"))?;
        if !keys.is_empty() {
            return Err(wrong("root keys lie together on it: each belongs on a stick of its own").into());
        }
        if !no_modes && !file::is_private(&path)? {
            return Err(Error::NoModes(path).into());
        }
        let line = file::line(&path)?;
        Ok(Self { folder: folder.to_owned(), path, line })
    }

    /// Whether a passphrase opens it.
    pub fn is_protected(&self) -> bool {
        self.line.starts_with(PROTECTED)
    }

    /// The key. It signs roots and nothing else.
    ///
    /// # Errors
    /// [`Error::Passphrase`], [`Error::Stick`].
    pub fn key(&self, passphrase: &str) -> Result<Key, crate::Error> {
        let wrong = |problem| Error::Stick { path: self.path.clone(), problem };
        let seed = if self.is_protected() {
            open(&self.line, passphrase)?
        } else {
            let (purpose, rest) = self.line.split_once(' ').ok_or_else(|| wrong("its key is damaged"))?;
            // A key of a desk, moved to a stick, says its number.
            let number = purpose.strip_prefix("root-").and_then(|number| number.parse().ok()).unwrap_or(0);
            let line = Zeroizing::new(format!("{} {rest}", Purpose::Root(number)));
            file::seed(&line, &Purpose::Root(number)).map_err(wrong)?
        };
        Ok(Key::of(Purpose::Root(0), Box::new(AtHand(SigningKey::from_bytes(&seed)))))
    }

    /// Adds this stick's signature to a request, and writes on the stick what was signed.
    ///
    /// # Errors
    /// [`Error::NotAKeeper`], [`Error::SignedOther`] unless `instead`, [`crate::Error::File`].
    pub fn sign(&self, key: &Key, request: &Request, instead: bool, now: i64) -> Result<Request, crate::Error> {
        let public = key.public().to_bytes();
        let lists = |root: &trust::format::Root| root.root.iter().any(|key| key.key == public);
        if !lists(&request.root) && !request.previous.as_ref().is_some_and(lists) {
            return Err(Error::NotAKeeper(id(&public)).into());
        }
        let what = format!("{} root.{}", request.root.region, request.root.version);
        let hash = hex(&sha256(&request.signed.payload));
        let path = self.folder.join(SIGNED);
        let log = match std::fs::read_to_string(&path) {
            Ok(log) => log,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(crate::Error::file(&path)(error)),
        };
        let before = log.lines().filter_map(|line| line.strip_prefix(&what)?.strip_prefix(' '));
        if !instead && before.filter_map(|rest| rest.split(' ').next()).any(|other| other != hash) {
            return Err(Error::SignedOther(request.root.version).into());
        }
        let signed = crate::publish::sign_root(&request.root, &[key]).map_err(crate::Error::Publish)?;
        // Re-encoding gives the very bytes that were compared: `wire` has one encoding of everything.
        if signed.payload != request.signed.payload {
            return Err(Error::Fingerprint.into());
        }
        let mut file =
            std::fs::File::options().create(true).append(true).open(&path).map_err(crate::Error::file(&path))?;
        let written = writeln!(file, "{what} {hash} {now}").and_then(|()| file.sync_all());
        written.map_err(crate::Error::file(&path))?;
        let mut more = request.clone();
        super::install::join(&mut more.signed, signed.signatures);
        Ok(more)
    }
}

fn is_root_key(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".key"));
    name.is_some_and(|name| name == "root" || name.starts_with("root-"))
}

/// What a passphrase must have.
///
/// # Errors
/// [`Error::BadPassphrase`].
pub(crate) fn check_passphrase(passphrase: &str) -> Result<(), Error> {
    let long = passphrase.chars().count() >= SHORTEST;
    if long { Ok(()) } else { Err(Error::BadPassphrase("is too short: at least 12 characters, better six words")) }
}

fn protect(seed: &[u8; 32], passphrase: &str) -> Result<Zeroizing<String>, crate::Error> {
    check_passphrase(passphrase)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| crate::Error::Random)?;
    let (memory, passes, lanes) = COST;
    let head = format!("{PROTECTED}{memory} {passes} {lanes} {}", hex_of(&salt));
    let cipher = cipher(passphrase, &salt, COST).ok_or(crate::Error::Random)?;
    let sealed = cipher.encrypt(&Nonce::default(), Payload { msg: seed, aad: head.as_bytes() });
    let sealed = sealed.expect("32 bytes can be sealed");
    Ok(Zeroizing::new(format!("{head} {}\n", hex_of(&sealed))))
}

fn open(line: &str, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
    let (head, sealed) = line.trim_end().rsplit_once(' ').ok_or(Error::Passphrase)?;
    let words: Vec<&str> = head.strip_prefix(PROTECTED).map(|rest| rest.split(' ').collect()).unwrap_or_default();
    let [memory, passes, lanes, salt] = words[..] else { return Err(Error::Passphrase) };
    let number = |text: &str, most: u32| text.parse::<u32>().ok().filter(|number| *number <= most);
    // A stranger's stick must not make this machine work for hours.
    let cost = (number(memory, 1 << 20), number(passes, 16), number(lanes, 16));
    let (Some(memory), Some(passes), Some(lanes)) = cost else { return Err(Error::Passphrase) };
    let salt = file::unhex::<16>(salt).ok_or(Error::Passphrase)?;
    let sealed = file::unhex::<48>(sealed).ok_or(Error::Passphrase)?;
    let cipher = cipher(passphrase, &*salt, (memory, passes, lanes)).ok_or(Error::Passphrase)?;
    let opened = cipher.decrypt(&Nonce::default(), Payload { msg: &sealed[..], aad: head.as_bytes() });
    let opened = Zeroizing::new(opened.map_err(|_| Error::Passphrase)?);
    let mut seed = Zeroizing::new([0; 32]);
    seed.copy_from_slice(&opened);
    Ok(seed)
}

fn cipher(passphrase: &str, salt: &[u8], (memory, passes, lanes): (u32, u32, u32)) -> Option<ChaCha20Poly1305> {
    let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(passphrase.as_bytes(), salt, &mut *key).ok()?;
    Some(ChaCha20Poly1305::new(SealingKey::from_slice(&*key)))
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
