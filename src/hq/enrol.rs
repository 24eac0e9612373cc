//! Enrolment at HQ: a box's request is checked, and answered with a bundle that a command key signs.
//!
//! Nothing is believed of a request but what it proves: that its sender has the keys in it. That it is the box that was
//! made ready for this place is what the operator compares, digit by digit, with the box's panel. Names of boxes are
//! announced beforehand, so that a slip of the pen enrols nobody.

use ed25519_dalek::VerifyingKey;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, OpModeS, Serializable as _};
use rand_core::TryRngCore as _;
use rusqlite::OptionalExtension as _;
use sha2::{Digest as _, Sha256};
use wire::BoxId;
use wire::enrol::{Bundle, Kind, Request, Secrets};
use wire::sign::Context;
use zeroize::Zeroizing;

use crate::ca::{COLLECTOR, Issued};
use crate::region::{Addresses, Region, db, who};

pub(crate) mod books;
#[cfg(test)]
pub(crate) mod tests;

pub use books::Entry;

/// Seconds for which a box's certificate counts when nobody says otherwise: a year, and time to come back.
pub const LIFE: i64 = 400 * 86_400;

/// Most certificates a box is given in a day. One that asks for more has gone wrong, or is not alone.
const MOST_A_DAY: i64 = 24;

/// Why a box was not enrolled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a request, or one whose signature or proof does not hold.
    #[error("this is no request of a box, or it was changed on the way")]
    Request(#[source] wire::Error),
    /// Neither a message of enrolment nor its text.
    #[error("there is no request in it: it begins with {}", wire::enrol::PREFIX)]
    NoRequest,
    /// Made ready for another region.
    #[error("the box {name} was made ready for the region {region}")]
    OtherRegion {
        /// What it says.
        region: wire::RegionId,
        /// Its name.
        name: BoxId,
    },
    /// It would believe another headquarters.
    #[error(
        "the box {0} trusts another root than this region's: it must be made ready anew, with this region's root.1"
    )]
    OtherRoot(BoxId),
    /// Nobody has said that it would come.
    #[error("no box {0} was announced: `checkpoint-hq box add REGION {0}` announces it, or say --new")]
    NotAnnounced(BoxId),
    /// The name means something else here.
    #[error("{0} is not a name for a box: HQ itself has it towards the broker")]
    Reserved(BoxId),
    /// It was reported stolen.
    #[error("the box {0} was reported stolen: what came back gets a new name and new keys")]
    Stolen(BoxId),
    /// A part of the answer is not known.
    #[error("nobody has said where the {0} is: name it here, or in [addresses] of region.toml")]
    Address(&'static str),
    /// Not a key that anything can be sealed to.
    #[error("nothing can be sealed to the box's receive key")]
    Receive,
    /// The operator has not said yes.
    #[error("nothing was done: the digits were not confirmed")]
    Unconfirmed,
    /// It asks for certificates again and again.
    #[error("the box {0} has had {MOST_A_DAY} certificates today")]
    TooMany(BoxId),
    /// It was never enrolled.
    #[error("the box {0} is not enrolled")]
    NotEnrolled(BoxId),
}

impl Error {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::NoRequest => "no-request",
            Self::OtherRegion { .. } => "other-region",
            Self::OtherRoot(_) => "other-root",
            Self::NotAnnounced(_) => "not-announced",
            Self::Reserved(_) => "reserved",
            Self::Stolen(_) => "stolen",
            Self::Address(_) => "address-missing",
            Self::Receive => "receive-key",
            Self::Unconfirmed => "unconfirmed",
            Self::TooMany(_) => "too-many",
            Self::NotEnrolled(_) => "not-enrolled",
        }
    }
}

/// A request that holds, of a box that may be enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    request: Request,
    key: VerifyingKey,
    is_new: bool,
}

impl Asked {
    /// The box.
    pub const fn name(&self) -> &BoxId {
        &self.request.name
    }

    /// What the operator compares with the box's panel: the root that both trust, and the box's keys.
    pub fn digits(&self) -> String {
        wire::fingerprint::line(&self.request.fingerprint())
    }

    /// The key it signs with.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }
}

/// A box that was enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The bundle, signed.
    pub bundle: Vec<u8>,
    /// Unix seconds until which its certificate counts.
    pub not_after: i64,
    /// Whether the pepper of the register is in it.
    pub has_pepper: bool,
}

impl Region {
    /// Says that a box of this name will be enrolled. Said again, it changes nothing.
    ///
    /// # Errors
    /// [`Error::Reserved`], [`crate::Error::Database`].
    pub fn announce_box(&self, name: &BoxId, by: &str, now: i64) -> Result<(), crate::Error> {
        let by = who(by)?;
        if name.as_str() == COLLECTOR {
            return Err(Error::Reserved(name.clone()).into());
        }
        self.books(|books| {
            let announced = books::announce(books, name, now).and_then(|is_new| match is_new {
                true => db::audit(books, now, by, "announce", name.as_str()),
                false => Ok(()),
            });
            announced.map_err(crate::Error::database("announcing a box"))
        })
    }

    /// What is known of a box's enrolment.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub fn enrolment(&self, name: &BoxId) -> Result<Option<Entry>, crate::Error> {
        books::of(&self.database(), name).map_err(crate::Error::database("looking up a box"))
    }

    /// Every box that was announced.
    ///
    /// # Errors
    /// [`crate::Error::Database`].
    pub fn enrolments(&self) -> Result<Vec<(BoxId, Entry)>, crate::Error> {
        books::all(&self.database()).map_err(crate::Error::database("listing the boxes"))
    }

    /// Checks a request in the bytes or the text of a message. `may_be_new`: a box that nobody has announced is taken.
    ///
    /// # Errors
    /// [`Error`] says why such a box is not enrolled; [`crate::Error::BoxExists`].
    pub fn asked(&self, bytes: &[u8], may_be_new: bool) -> Result<Asked, crate::Error> {
        let cose = wire::enrol::from_any(bytes).ok_or(Error::NoRequest)?;
        let request = Request::verify(&cose).map_err(Error::Request)?;
        let name = request.name.clone();
        if request.region != *self.id() {
            return Err(Error::OtherRegion { region: request.region, name }.into());
        }
        if request.root != <[u8; 32]>::from(Sha256::digest(self.first_root()?)) {
            return Err(Error::OtherRoot(name).into());
        }
        if name.as_str() == COLLECTOR {
            return Err(Error::Reserved(name).into());
        }
        let entry = self.enrolment(&name)?;
        if entry.as_ref().is_some_and(|entry| entry.stolen.is_some()) {
            return Err(Error::Stolen(name).into());
        }
        let key = VerifyingKey::from_bytes(&request.signing).map_err(|_| crate::Error::BoxKey)?;
        let known = self.box_key(&name)?;
        if known.is_some_and(|known| known != key) {
            return Err(crate::Error::BoxExists(name.to_string()));
        }
        if entry.is_none() && known.is_none() && !may_be_new {
            return Err(Error::NotAnnounced(name).into());
        }
        Ok(Asked { request, key, is_new: entry.is_none() })
    }

    /// Enrols a box: learns its keys, issues its certificate, seals the region's secrets to it, and signs the answer.
    /// `at` says where the region is reached; what it leaves open, `region.toml` says.
    ///
    /// # Errors
    /// [`Error::Address`], or what the system refuses. Nothing was changed then.
    pub fn enrol(&self, asked: &Asked, at: &Addresses, life: i64, by: &str, now: i64) -> Result<Answer, crate::Error> {
        let Asked { request, key, is_new } = asked;
        let ours = &self.settings().addresses;
        let address = |what, said: &Option<String>, known: &Option<String>| {
            said.clone().or_else(|| known.clone()).ok_or(Error::Address(what))
        };
        let broker = address("broker", &at.broker, &ours.broker)?;
        let releases = address("release", &at.release, &ours.release)?;
        let renewal = address("renewal", &at.renewal, &ours.renewal)?;
        let authority = self.authority(now)?;
        let issued = authority.client(&request.name, &request.tls, now, now.saturating_add(life))?;
        let (secrets, has_pepper) = self.secrets_for(&request.name, &request.receive)?;
        let bundle = Bundle {
            kind: Kind,
            region: request.region.clone(),
            name: request.name.clone(),
            nonce: request.nonce,
            signing: request.signing,
            certificate: issued.certificate.clone(),
            authorities: vec![authority.certificate()?.into()],
            broker: Some(broker),
            releases: Some(releases),
            renewal: Some(renewal),
            secrets,
            issued: now,
        };
        let bundle = self.command_key()?.envelope(Context::Enrolment, &wire::encode(&bundle))?;
        // Signed before anything is written: a token that is not there must leave no trace.
        if *is_new {
            self.announce_box(&request.name, by, now)?;
        }
        self.add_box(&request.name, key, by, now)?;
        self.enter(&request.name, &issued, who(by)?, "enrol", now, |books| {
            books::enrol(books, &request.name, &request.receive, life, now)
        })?;
        Ok(Answer { bundle, not_after: issued.not_after, has_pepper })
    }

    /// Issues the next certificate of a box that has shown that it has both keys.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`], [`Error::Stolen`], [`Error::TooMany`].
    pub fn renew(&self, name: &BoxId, tls: &[u8], now: i64) -> Result<Issued, crate::Error> {
        let life = self.enrolled(name)?.life.unwrap_or(LIFE);
        let today = books::issued_since(&self.database(), name, now.saturating_sub(86_400));
        if today.map_err(crate::Error::database("counting certificates"))? >= MOST_A_DAY {
            return Err(Error::TooMany(name.clone()).into());
        }
        let issued = self.authority(now)?.client(name, tls, now, now.saturating_add(life))?;
        self.enter(name, &issued, name.as_str(), "renew", now, |_| Ok(()))?;
        Ok(issued)
    }

    /// A box that is enrolled and not stolen.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`], [`Error::Stolen`].
    pub fn enrolled(&self, name: &BoxId) -> Result<Entry, crate::Error> {
        match self.enrolment(name)? {
            Some(entry) if entry.stolen.is_some() => Err(Error::Stolen(name.clone()).into()),
            Some(entry) if entry.enrolled.is_some() => Ok(entry),
            _ => Err(Error::NotEnrolled(name.clone()).into()),
        }
    }

    fn enter(
        &self,
        name: &BoxId,
        issued: &Issued,
        by: &str,
        action: &str,
        now: i64,
        more: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<()>,
    ) -> Result<(), crate::Error> {
        let subject = format!("{name} {}", trust::format::hex(&issued.serial));
        self.books(|books| {
            more(books)
                .and_then(|()| books::add(books, name.as_str(), issued, now))
                .and_then(|()| db::audit(books, now, by, action, &subject))
                .map_err(crate::Error::database("entering a certificate"))
        })
    }

    /// The region's secrets, sealed to one box; and whether there is a pepper among them.
    pub(crate) fn secrets_for(&self, name: &BoxId, receive: &[u8; 32]) -> Result<(Vec<u8>, bool), crate::Error> {
        let pepper = self.pepper_if_any()?;
        let secrets = Secrets { pepper: pepper.as_ref().map(|pepper| *pepper.bytes()) };
        let plain = Zeroizing::new(wire::encode(&secrets));
        let to = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(receive).map_err(|_| Error::Receive)?;
        let info = wire::enrol::secrets_info(self.id(), name);
        let (key, sealed) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256, _>(
            &OpModeS::Base,
            &to,
            &info,
            &plain,
            b"",
            &mut rand_core::OsRng.unwrap_err(),
        )
        .map_err(|_| Error::Receive)?;
        Ok(([key.to_bytes().as_slice(), &sealed].concat(), pepper.is_some()))
    }
}

/// Whether a box is reported stolen, and since when: for whoever has only the database.
pub(crate) fn stolen_since(db: &rusqlite::Connection, name: &BoxId) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT stolen FROM enrolment WHERE name = ?1";
    Ok(db.query_row(sql, [name.as_str()], |row| row.get(0)).optional()?.flatten())
}
