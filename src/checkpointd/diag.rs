//! What a technician carries from a box to HQ: everything that explains a fault, and nothing that is a secret.
//!
//! Works on a box that does not: each part is gathered by itself, and one that cannot be had is named with the reason.
//! Nothing is written but the parcel itself, so that a full disk, or one that can only be read, changes nothing.
//!
//! What must not be in it cannot come in: keys, the pepper and rows of the journal are never read into a part; of the
//! configuration only what it means is taken, without its comments; the panel's picture, which may show a name, stays
//! where it is.

use std::path::{Path, PathBuf};

use crate::commands::trust::status;
use crate::config::Config;
use crate::enrol::Certificate;
use crate::identity::Identity;
use crate::ring::Shelf;

mod bag;
mod journal;
mod kernel;
mod page;
mod settings;
mod system;
#[cfg(test)]
mod tests;

pub use bag::{Bag, Listed};

/// Most bytes of a file that is taken as it is.
const LONGEST_FILE: u64 = 256 * 1024;

/// Most bytes of what the box's page says.
const LONGEST_ANSWER: u64 = 2 << 20;

/// Gathers all of it, what is small and telling first: of what does not fit any more, the end stays. `say` hears of each
/// part as it comes.
pub fn gather(config: &Path, most: usize, mut say: impl FnMut(&Listed)) -> Bag {
    let mut bag = Bag::new(most);
    let mut put = |name: &str, part: Result<Vec<u8>, String>| say(bag.put(name, part));
    put("versions.txt", Ok(system::versions().into_bytes()));
    put("config.toml", settings::of(config));
    let loaded = Config::load(config).ok();
    match &loaded {
        Some(config) => of_the_box(config, &mut put),
        // Its error would quote what stands there.
        None => put("box.txt", Err("the configuration cannot be used; `checkpointd run` says why".to_owned())),
    }
    let data = loaded.as_ref().map(|config| config.data.as_path());
    put("system.txt", Ok(system::state(data).into_bytes()));
    put("kernel.txt", kernel::tail());
    if let Some(config) = &loaded {
        put("ring/now.txt", ask(config, "ring.txt"));
        for kept in Shelf::of(&config.data).kept().into_iter().rev() {
            let name = kept.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            put(&format!("ring/{name}"), file(&kept.path));
        }
    }
    bag
}

/// What the box itself knows, or has left on its disk.
fn of_the_box(config: &Config, put: &mut impl FnMut(&str, Result<Vec<u8>, String>)) {
    put("status.json", ask(config, "status.json"));
    let key = Identity::open(&config.data).map_err(|error| words(&error));
    put("journal.txt", journal::state(config, key.as_ref().ok()));
    let trust = status::text(&config.data.join("trust"), system::now()).map_err(|error| words(&error));
    put("trust.txt", trust.map(String::into_bytes));
    put("board.toml", file(&config.board));
    put("identity.txt", key.map(|key| identity(config, &key).into_bytes()));
    put("files.txt", Ok(system::files(&config.data).into_bytes()));
}

/// What the box says on its page, where it runs and has one.
fn ask(config: &Config, path: &str) -> Result<Vec<u8>, String> {
    let address = config.page.listen.ok_or("the box has no page: [page] listen is not set")?;
    page::ask(address, path, LONGEST_ANSWER)
}

/// Which box this is, by what everybody may know.
fn identity(config: &Config, key: &Identity) -> String {
    use wire::sign::Signer as _;
    let pem = file(&config.data.join("tls/current.crt")).ok();
    let certificate = pem.and_then(|pem| Certificate::from_pem(&pem).ok());
    let until = certificate.and_then(|certificate| jiff::Timestamp::from_second(certificate.not_after()).ok());
    format!(
        "box          {} of {}\npublic key   {}\ncertificate  {}\npepper       {}\n",
        config.name,
        config.region,
        trust::format::hex(key.public().as_bytes()),
        until.map_or_else(|| "none".to_owned(), |until| format!("until {until}")),
        if config.data.join(crate::PEPPER).exists() { "is there" } else { "none" },
    )
}

/// A file as it is, or its first part.
fn file(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// An error with its causes.
fn words(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What the parcel of a box is called.
pub fn file_name(config: &Path) -> PathBuf {
    let name = Config::load(config).map_or_else(|_| "box".to_owned(), |config| config.name.to_string());
    let at = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!("checkpoint-diag-{name}-{at}.tar.gz").into()
}
