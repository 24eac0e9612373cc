//! What a release says: gathered from the books and the rules, and handed to [`crate::publish`].

use pass::PublicKey;
use trust::format::KeyEntry;
use trust::{Bits, StatusList};
use verdict::Scope;

use crate::Error;
use crate::publish::{self, Content, List, Plan, Published, Term};
use crate::region::{Issuer, Region, Series, Settings, db, who};

impl Region {
    /// Publishes everything that boxes should know now. What did not change costs them nothing.
    ///
    /// # Errors
    /// [`Error::Publish`], or what cannot be gathered; the release that stood before still stands.
    pub fn publish(&self, by: &str, now: i64) -> Result<Published, Error> {
        let by = who(by)?;
        let content = self.content(now)?;
        let (term, after) = self.term(now)?;
        let published = publish::publish(&self.release_folder(), &content, term, after, &*self.publishing_key())?;
        self.books(|books| {
            db::remember_release(books, published.sequence, published.issued)
                .and_then(|()| db::audit(books, now, by, "release", &published.sequence.to_string()))
                .map_err(Error::database("remembering the release"))
        })?;
        Ok(published)
    }

    /// What a box that has release `from`, or nothing, would have to fetch if this were published now.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub fn look_ahead(&self, from: Option<u64>, now: i64) -> Result<Plan, Error> {
        let (term, after) = self.term(now)?;
        Ok(publish::dry_run(&self.release_folder(), &self.content(now)?, term, after, from)?)
    }

    /// When the next release counts, and the sequence it must be above.
    fn term(&self, now: i64) -> Result<(Term, u64), Error> {
        let after = self.last_release()?.map_or(0, |(sequence, _)| sequence);
        let Settings { expires, not_after, .. } = self.settings();
        Ok((Term { now, expires: *expires, not_after: *not_after }, after))
    }

    /// Sequence and issue (Unix seconds) of the newest release; none before the first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn last_release(&self) -> Result<Option<(u64, i64)>, Error> {
        db::last_release(&self.database()).map_err(Error::database("reading the last release"))
    }

    fn content(&self, now: i64) -> Result<Content, Error> {
        let policy = self.rules()?.policy;
        let ours = self.issuers()?.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        let foreign = self.trusted_certificates()?;
        // A pass that has ended is still shown, and *expired* needs no list; but on a clock in doubt
        // *revoked* is the better word, as long as any release before this one may be in force.
        let until = now.saturating_sub(self.settings().not_after);
        let lists = db::series(&self.database(), until).map_err(Error::database("making the status lists"))?;
        let keys = ours.into_iter().chain(foreign.iter().map(KeyEntry::from)).collect();
        Ok(Content::new(keys, lists.into_iter().map(list).collect(), policy))
    }
}

fn entry(issuer: Issuer) -> Result<KeyEntry, Error> {
    let key = PublicKey::from_ed25519(&issuer.key).map_err(|_| Error::UnsoundIssuer(issuer.name.clone()))?;
    let Issuer { name, kinds, territories, valid_from, valid_to, .. } = issuer;
    Ok(KeyEntry::new(&key, Scope { issuer: name, kinds, territories, valid_from, valid_to }))
}

fn list(series: Series) -> List {
    let Series { issuer, number, size, states } = series;
    let mut list = StatusList::new(Bits::Two, usize::try_from(size).unwrap_or(usize::MAX));
    for (place, state) in states {
        // Places were checked against the size when they were set.
        list.set(place, state);
    }
    List { issuer, series: number, list }
}

#[cfg(test)]
mod tests;
