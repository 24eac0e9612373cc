//! A box was stolen: what HQ strikes off, in one go.
//!
//! Its certificates are revoked, its key gets no receipt any more, whatever came from it since is marked as suspect, and
//! the register gets another secret, because the thief has the old one. What it wrote stays in the ledger: it is
//! evidence, and what came before the theft is as good as it was.

use std::path::PathBuf;

use trust::register::Pepper;
use wire::BoxId;
use wire::row::{Batch, Receipt};
use zeroize::Zeroizing;

use crate::Error;
use crate::collect::{Accept, Cause, Poison};
use crate::enrol::{self, books};
use crate::region::{KEYS, Region, db, who};

#[cfg(test)]
mod tests;

/// What was done, and what is left to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Struck {
    /// Certificates that were revoked.
    pub certificates: usize,
    /// Unix seconds since when the box is not believed: the earliest time that was ever reported.
    pub since: i64,
    /// Lists of revoked certificates that were written.
    pub lists: Vec<PathBuf>,
    /// Lists in brokers' folders that are no longer here.
    pub missed: Vec<PathBuf>,
    /// The secrets that were drawn anew, sealed to each box that is enrolled; none when there was nothing to draw.
    pub secrets: Vec<(BoxId, Vec<u8>)>,
    /// Whether the register got another secret.
    pub has_new_pepper: bool,
}

impl Region {
    /// Strikes a box off. Said again, it goes on where it was interrupted; an earlier `since` counts.
    ///
    /// # Errors
    /// [`Error::Field`] for a time to come, [`enrol::Error::NotEnrolled`] for a box that nobody knows, or what the system
    /// refuses. The box is struck off as soon as the books say so, whatever fails behind it.
    pub fn strike_off(&self, name: &BoxId, since: i64, by: &str, now: i64) -> Result<Struck, Error> {
        let by = who(by)?;
        if since > now {
            return Err(Error::field("time", "is yet to come: a box is not believed since a time that has been"));
        }
        if self.enrolment(name)?.is_none() && self.box_key(name)?.is_none() {
            return Err(enrol::Error::NotEnrolled(name.clone()).into());
        }
        let (certificates, since) = self.books(|books| {
            let struck = || {
                books::steal(books, name, since, now)?;
                let certificates = books::revoke(books, name, "stolen", now)?;
                db::audit(books, now, by, "stolen", &format!("{name} since {since}"))?;
                let since = enrol::stolen_since(books, name)?.unwrap_or(since);
                Ok((certificates, since))
            };
            struck().map_err(Error::database("striking a box off"))
        })?;
        let (lists, missed) = self.write_revocations(now)?;
        let has_new_pepper = self.another_pepper(name, now)?;
        let secrets = if has_new_pepper { self.secrets_for_all()? } else { Vec::new() };
        Ok(Struck { certificates, since, lists, missed, secrets, has_new_pepper })
    }

    /// Since when a box is not believed, if it was reported stolen.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn stolen_since(&self, name: &BoxId) -> Result<Option<i64>, Error> {
        enrol::stolen_since(&self.database(), name).map_err(Error::database("looking up a box"))
    }

    /// Draws another secret for the register, once for each stolen box. The old one stays beside it: what was
    /// registered under it can still be looked up here.
    fn another_pepper(&self, name: &BoxId, now: i64) -> Result<bool, Error> {
        if self.pepper_if_any()?.is_none() {
            return Ok(false);
        }
        let done = books::has_another_pepper(&self.database(), name).map_err(Error::database("looking up a box"))?;
        if done {
            return Ok(false);
        }
        let keys = self.path(KEYS);
        let (path, old) = (keys.join(crate::register::PEPPER), keys.join(format!("pepper-until-{now}.key")));
        match std::fs::hard_link(&path, &old) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(Error::file(&old)(error)),
            _ => {}
        }
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| Error::Random)?;
        Pepper::new(bytes).keep(&path)?;
        books::another_pepper(&self.database(), name, now).map_err(Error::database("striking a box off"))?;
        Ok(true)
    }

    /// The region's secrets, sealed to every box that is enrolled and not stolen.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Register`], [`enrol::Error::Receive`].
    pub fn secrets_for_all(&self) -> Result<Vec<(BoxId, Vec<u8>)>, Error> {
        let entries = self.enrolments()?.into_iter().filter(|(_, entry)| entry.stolen.is_none());
        let keys = entries.filter_map(|(name, entry)| Some((name, entry.receive?)));
        keys.map(|(name, receive)| {
            let (sealed, _) = self.secrets_for(&name, &receive)?;
            Ok((name, sealed))
        })
        .collect()
    }
}

/// A ledger that takes what stolen boxes send, and says nothing to them.
pub struct Silent<A, S> {
    ledger: A,
    is_stolen: S,
}

impl<A, S: Fn(&BoxId) -> Result<bool, Cause>> Silent<A, S> {
    /// A ledger, and who is stolen.
    pub const fn new(ledger: A, is_stolen: S) -> Self {
        Self { ledger, is_stolen }
    }
}

impl<A: Accept, S: Fn(&BoxId) -> Result<bool, Cause> + Send + 'static> Accept for Silent<A, S> {
    fn accept(&mut self, batch: &Batch, poison: &[Poison]) -> Result<Option<Receipt>, Cause> {
        let receipt = self.ledger.accept(batch, poison)?;
        Ok(if (self.is_stolen)(&batch.from)? { None } else { receipt })
    }

    fn accept_all(&mut self, batches: &[(Batch, Vec<Poison>)]) -> Vec<Result<Option<Receipt>, Cause>> {
        let receipts = self.ledger.accept_all(batches);
        let said = |(receipt, (batch, _)): (_, &(Batch, _))| {
            let receipt: Option<Receipt> = receipt?;
            Ok(if (self.is_stolen)(&batch.from)? { None } else { receipt })
        };
        receipts.into_iter().zip(batches).map(said).collect()
    }

    fn receipts(&mut self) -> Result<Vec<Receipt>, Cause> {
        let all = self.ledger.receipts()?.into_iter();
        all.filter_map(|receipt| match (self.is_stolen)(&receipt.to) {
            Ok(true) => None,
            Ok(false) => Some(Ok(receipt)),
            Err(error) => Some(Err(error)),
        })
        .collect()
    }
}
