//! The boxes a region knows: their keys, and the folders they are provisioned from.

use std::path::Path;

use ed25519_dalek::VerifyingKey;
use rusqlite::{OptionalExtension as _, params};
use wire::BoxId;

use crate::Error;
use crate::region::{Addresses, Region, db, put, who};

/// Configuration of a new box; `checkpointd config` documents every key.
const TEMPLATE: &str = include_str!("boxes/box.toml");

impl Region {
    /// Learns the key a box signs its journal with. The same key again is no error.
    ///
    /// # Errors
    /// [`Error::BoxExists`] with another key (a box that lost its key gets a new name: its journal has
    /// begun anew), [`Error::BoxKey`] for a weak one.
    pub fn add_box(&self, name: &BoxId, key: &VerifyingKey, by: &str, now: i64) -> Result<(), Error> {
        let by = who(by)?;
        // Under a key of small order signatures hold that nobody made.
        if key.is_weak() {
            return Err(Error::BoxKey);
        }
        self.books(|books| {
            let failed = || Error::database("learning a box's key");
            let sql = "SELECT key FROM known_box WHERE name = ?1";
            let known = books.query_row(sql, [name.as_str()], |row| row.get::<_, [u8; 32]>(0)).optional();
            match known.map_err(failed())? {
                Some(known) if key.to_bytes() == known => return Ok(()),
                Some(_) => return Err(Error::BoxExists(name.to_string())),
                None => {}
            }
            let sql = "INSERT INTO known_box (name, key, added) VALUES (?1, ?2, ?3)";
            books
                .execute(sql, params![name.as_str(), key.to_bytes(), now])
                .and_then(|_| db::audit(books, now, by, "box", name.as_str()))
                .map_err(failed())
        })
    }

    /// The key of a box, if it is known.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn box_key(&self, name: &BoxId) -> Result<Option<VerifyingKey>, Error> {
        let db = self.database();
        let sql = "SELECT key FROM known_box WHERE name = ?1";
        let known = db.query_row(sql, [name.as_str()], |row| row.get::<_, [u8; 32]>(0)).optional();
        let known = known.map_err(Error::database("looking up a box's key"))?;
        // Nothing but sound keys was ever written there.
        Ok(known.and_then(|key| VerifyingKey::from_bytes(&key).ok()))
    }

    /// Every box whose key is known.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn boxes(&self) -> Result<Vec<(BoxId, VerifyingKey)>, Error> {
        let failed = || Error::database("listing the boxes");
        let db = self.database();
        let mut query = db.prepare_cached("SELECT name, key FROM known_box ORDER BY name").map_err(failed())?;
        let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, [u8; 32]>(1)?)));
        let rows = rows.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(failed())?;
        // Nothing else was ever written there.
        let sound = |(name, key): (String, _)| Some((name.parse().ok()?, VerifyingKey::from_bytes(&key).ok()?));
        Ok(rows.into_iter().filter_map(sound).collect())
    }

    /// Writes the folder a box is provisioned from: the region's first root and a configuration.
    ///
    /// # Errors
    /// [`Error::File`] when the folder holds them already.
    pub fn prepare_box(&self, name: &BoxId, addresses: &Addresses, out: &Path) -> Result<(), Error> {
        std::fs::create_dir_all(out).map_err(Error::file(out))?;
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let line = |key: &str, value: &Option<String>, example: &str| match value {
            Some(value) => format!("{key} = {}", quoted(value)),
            None => format!("# {key} = {}", quoted(example)),
        };
        let config = TEMPLATE
            .replace("{region}", &quoted(self.id().as_str()))
            .replace("{name}", &quoted(name.as_str()))
            .replace("{offset}", &quoted(&crate::span::written(self.settings().zone)))
            .replace("{http}", &line("http", &addresses.release, "http://hq.example/release"))
            .replace("{broker}", &line("broker", &addresses.broker, "hq.example:1883"))
            // Whoever says where HQ is sets up a desk; to all others the addresses come with their enrolment.
            .replace("{tls}", if *addresses == Addresses::default() { "true" } else { "false" });
        put(&out.join("root.1"), &self.first_root()?, 0o644)?;
        put(&out.join("box.toml"), config.as_bytes(), 0o644)
    }
}
