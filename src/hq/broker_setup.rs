//! What a Mosquitto of the region needs: its settings, who may read and write what, certificates, and the list of those
//! that no longer count.
//!
//! Whoever connects shows a certificate of the region's authority and is called what it says: a box by its name, the
//! collector `hq`. So no password exists, and a box that speaks in another's name does not get through.

use std::path::{Path, PathBuf};

use wire::topic::{self, ROOT};

use crate::Error;
use crate::ca::COLLECTOR;
use crate::enrol::books;
use crate::region::{Region, db, who};

#[cfg(test)]
mod tests;

const SETTINGS: &str = include_str!("broker_setup/mosquitto.conf");
const README: &str = include_str!("broker_setup/README.md");

/// Names in the folder.
pub const CONF: &str = "mosquitto.conf";
/// The list of revoked certificates.
pub const CRL: &str = "crl.pem";
const ACL: &str = "acl";
const CA: &str = "ca.crt";
const CERTIFICATE: &str = "server.crt";
const KEY: &str = "server.key";

/// What a box may write, below its own topic.
const UP: [&str; 5] = ["crossings", "alerts", "state", "health", "diag"];

/// What a box may read there.
const DOWN: [&str; 2] = ["receipt", "command"];

impl Region {
    /// Writes the folder a broker is run from. `at` is where the folder will lie on the broker's machine, `hosts` are the
    /// names and addresses boxes reach it by, `port` is where it listens. Written again, it gets a new certificate.
    ///
    /// # Errors
    /// [`Error::Authority`], [`Error::File`], [`Error::Database`].
    pub fn set_up_broker(
        &self,
        out: &Path,
        at: &Path,
        hosts: &[String],
        port: u16,
        by: &str,
        now: i64,
    ) -> Result<(), Error> {
        let by = who(by)?;
        let authority = self.authority(now)?;
        let server = authority.server(hosts, now)?;
        std::fs::create_dir_all(out).map_err(Error::file(out))?;
        let folder = std::fs::canonicalize(out).map_err(Error::file(out))?;
        let fill = |text: &str| {
            text.replace("{region}", self.id().as_str())
                .replace("{host}", hosts.first().map_or("", String::as_str))
                .replace("{port}", &port.to_string())
                .replace("{at}", &at.display().to_string())
        };
        replace(&out.join(CONF), fill(SETTINGS).as_bytes(), 0o644)?;
        replace(&out.join("README.md"), fill(README).as_bytes(), 0o644)?;
        replace(&out.join(ACL), rights(self.id()).as_bytes(), 0o644)?;
        replace(&out.join(CA), authority.certificate_pem()?.as_bytes(), 0o644)?;
        replace(&out.join(CERTIFICATE), server.certificate_pem()?.as_bytes(), 0o644)?;
        replace(&out.join(KEY), server.key_pem()?.as_bytes(), 0o600)?;
        self.books(|books| {
            books::add_folder(books, &folder.display().to_string(), &hosts.join(" "), now)
                .and_then(|()| db::audit(books, now, by, "broker", &hosts.join(" ")))
                .map_err(Error::database("entering a broker"))
        })?;
        self.write_revocations(now).map(drop)
    }

    /// Writes the list of revoked certificates into every broker's folder that is known and there; those it was
    /// written to, and those that are no longer there.
    ///
    /// # Errors
    /// [`Error::Authority`], [`Error::Database`].
    pub fn write_revocations(&self, now: i64) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Error> {
        let failed = || Error::database("listing what is revoked");
        let (revoked, number, folders) = self.books(|books| {
            let read = || Ok((books::revoked(books, now)?, books::next_list(books)?, books::folders(books)?));
            read().map_err(failed())
        })?;
        let list = self.authority(now)?.revocations(&revoked, number, now)?;
        let own = self.path(CRL);
        replace(&own, list.as_bytes(), 0o644)?;
        let (mut written, mut gone) = (vec![own], Vec::new());
        for folder in folders {
            let path = Path::new(&folder).join(CRL);
            match replace(&path, list.as_bytes(), 0o644) {
                Ok(()) => written.push(path),
                Err(_) => gone.push(path),
            }
        }
        Ok((written, gone))
    }
}

/// Who may read and write what, as Mosquitto reads it; `%u` is the name in the certificate.
fn rights(region: &wire::RegionId) -> String {
    let all = format!("{ROOT}/{region}");
    let own = format!("{all}/box/%u");
    let mut lines = vec![
        "# Written by `checkpoint-hq broker setup`. %u is the name in the client's certificate.".to_owned(),
        String::new(),
        "# The collector".to_owned(),
        format!("user {COLLECTOR}"),
        format!("topic readwrite {all}/#"),
        String::new(),
        "# What is for every box, and what is for one".to_owned(),
        format!("pattern read {}", topic::everybody(region)),
    ];
    lines.extend(DOWN.iter().map(|leaf| format!("pattern read {own}/{leaf}")));
    lines.push(String::new());
    lines.push("# What a box says".to_owned());
    lines.extend(UP.iter().map(|leaf| format!("pattern write {own}/{leaf}")));
    lines.join("\n") + "\n"
}

/// Writes a file in the place of an older one: whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let aside = path.with_extension("part");
    // What an interrupted run has left.
    let _ = std::fs::remove_file(&aside);
    crate::region::put(&aside, bytes, mode)?;
    std::fs::rename(&aside, path).map_err(Error::file(path))
}
