//! Revoking, suspending and restoring. It takes effect with the next release, box by box as it arrives.

use pass::{PublicKey, StatusIndex};
use trust::format::{Part, StreamId, id_key};

use crate::Error;
use crate::region::{Region, db, who};
use crate::tables;

/// Which pass is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// By its id.
    Id(Vec<u8>),
    /// By the text of its code. Its signature must hold: a forged text must not take down another's pass.
    Text(String),
    /// By its place in an issuer's list; none: the region's own issuer.
    Place {
        /// The issuer.
        issuer: Option<String>,
        /// The place.
        index: StatusIndex,
    },
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Never valid again.
    Revoke,
    /// Not valid until it is restored.
    Suspend,
    /// A suspension ends.
    Restore,
}

impl Change {
    /// Its value in a Token Status List (draft-ietf-oauth-status-list §7.1).
    const fn state(self) -> u8 {
        match self {
            Self::Restore => VALID,
            Self::Revoke => REVOKED,
            Self::Suspend => SUSPENDED,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Suspend => "suspend",
            Self::Restore => "restore",
        }
    }
}

const VALID: u8 = 0;
const REVOKED: u8 = 1;
const SUSPENDED: u8 = 2;

/// A pass whose status was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its id; none when these books do not know the pass at this place.
    pub id: Option<Vec<u8>>,
    /// Its issuer.
    pub issuer: String,
    /// Its place; none: it has none, and boxes know it by its id.
    pub index: Option<StatusIndex>,
    /// False when it was so already.
    pub is_new: bool,
}

/// Where a pass is revoked.
enum Found {
    /// In its issuer's list.
    Place(String, StatusIndex),
    /// By its issuer and its id.
    Id(String, Vec<u8>),
}

impl Region {
    /// Revokes, suspends or restores a pass.
    ///
    /// # Errors
    /// [`Error::UnknownPass`], [`Error::NotOurs`], [`Error::RevokedIsFinal`], [`Error::OnlyRevocable`], or what failed.
    pub fn set_status(&self, which: &Which, change: Change, by: &str, now: i64) -> Result<Changed, Error> {
        let by = who(by)?;
        let (issuer, index) = match self.find(which)? {
            Found::Place(issuer, index) => (issuer, index),
            Found::Id(issuer, id) => return self.list_id(issuer, id, change, by, now),
        };
        let StatusIndex { series, index: place } = index;
        self.books(|books| {
            let failed = || Error::database("setting a status");
            let size = db::size_of(books, &issuer, series).map_err(failed())?;
            if size.is_none_or(|size| place >= size) {
                return Err(Error::UnknownPass);
            }
            let before = db::state(books, &issuer, series, place).map_err(failed())?;
            let id = db::pass_at(books, &issuer, series, place).map_err(failed())?;
            // A place nobody was given may be drawn tomorrow; only a text proves that it was.
            if id.is_none() && !matches!(which, Which::Text(_)) {
                return Err(Error::UnknownPass);
            }
            if before == change.state() {
                return Ok(Changed { id, issuer: issuer.clone(), index: Some(index), is_new: false });
            }
            if before == REVOKED {
                return Err(Error::RevokedIsFinal);
            }
            let subject = id.as_ref().map_or_else(|| format!("{issuer} {series}:{place}"), |id| trust::format::hex(id));
            db::set_state(books, &issuer, series, place, change.state(), now)
                .and_then(|()| db::audit(books, now, by, change.as_str(), &subject))
                .map_err(failed())?;
            Ok(Changed { id, issuer: issuer.clone(), index: Some(index), is_new: true })
        })
    }

    /// Revokes a pass.
    ///
    /// # Errors
    /// Those of [`Self::set_status`].
    pub fn revoke(&self, which: &Which, by: &str, now: i64) -> Result<Changed, Error> {
        self.set_status(which, Change::Revoke, by, now)
    }

    /// Revokes a pass that has no place in a list.
    fn list_id(&self, issuer: String, id: Vec<u8>, change: Change, by: &str, now: i64) -> Result<Changed, Error> {
        if change != Change::Revoke {
            return Err(Error::OnlyRevocable);
        }
        let stream = StreamId { region: self.id().clone(), part: Part::Ids, issuer: issuer.clone(), series: 0 };
        self.books(|books| {
            let is_new = db::remember_revoked(books, &issuer, &id, now)
                .and_then(|is_new| {
                    if is_new {
                        let entry = (id_key(&issuer, &id), Some(Vec::new()));
                        tables::note(books, &stream, std::iter::once(entry))?;
                        db::audit(books, now, by, change.as_str(), &trust::format::hex(&id))?;
                    }
                    Ok(is_new)
                })
                .map_err(Error::database("revoking a pass by its id"))?;
            Ok(Changed { id: Some(id.clone()), issuer: issuer.clone(), index: None, is_new })
        })
    }

    fn find(&self, which: &Which) -> Result<Found, Error> {
        match which {
            Which::Id(id) => {
                let found = db::place_of(&self.database(), id).map_err(Error::database("looking up a pass"))?;
                let (issuer, series, index) = found.ok_or(Error::UnknownPass)?;
                Ok(Found::Place(issuer, StatusIndex { series, index }))
            }
            Which::Text(text) => {
                let key = |key: &[u8; 32]| PublicKey::from_ed25519(key).ok().map(|key| (key.kid().to_vec(), key));
                let keys: Vec<_> = self.issuers()?.iter().filter_map(|issuer| key(&issuer.key)).collect();
                let document = pass::read(text.trim(), &keys).map_err(Error::NotOurs)?.document;
                Ok(match document.status {
                    Some(index) => Found::Place(document.issuer, index),
                    None => Found::Id(document.issuer, document.id),
                })
            }
            Which::Place { issuer, index } => {
                let issuer = issuer.clone().unwrap_or_else(|| self.settings().issuer.clone());
                if self.issuers()?.iter().any(|known| known.name == issuer) {
                    Ok(Found::Place(issuer, *index))
                } else {
                    Err(Error::UnknownIssuer(issuer))
                }
            }
        }
    }
}
