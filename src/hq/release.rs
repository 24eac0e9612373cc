//! What a release says: gathered from the books and the rules, and handed to [`crate::publish`].

use pass::PublicKey;
use trust::format::{KeyEntry, Part, StreamId};
use trust::{Bits, StatusList};
use verdict::Scope;

use crate::Error;
use crate::publish::{self, Batch, Content, List, Plan, Published, Term, Whole};
use crate::region::{Issuer, Region, Series, Settings, db, who};

impl Region {
    /// Publishes everything that boxes should know now. What did not change costs them nothing.
    ///
    /// # Errors
    /// [`Error::Publish`], or what cannot be gathered; the release that stood before still stands.
    pub fn publish(&self, by: &str, now: i64) -> Result<Published, Error> {
        let by = who(by)?;
        self.drop_ended_ids(now)?;
        let content = self.content(now)?;
        let (term, after) = self.term(now)?;
        let published = publish::publish(&self.release_folder(), &content, term, after, &*self.publishing_key()?)?;
        self.books(|books| {
            db::remember_release(books, published.sequence, published.issued)
                .and_then(|()| db::audit(books, now, by, "release", &published.sequence.to_string()))
                .map_err(Error::database("remembering the release"))
        })?;
        // What is not settled is said once more, which changes nothing.
        let taken: Vec<_> = content.batches.into_iter().map(|batch| (batch.id, batch.changes)).collect();
        self.settle(&taken)?;
        Ok(published)
    }

    fn accepted(&self, issuer: String) -> StreamId {
        StreamId { region: self.id().clone(), part: Part::Acceptance, issuer, series: 0 }
    }

    /// When a table says nothing any more: the register of a day, after that day.
    fn last_moment(&self, id: &StreamId) -> Option<i64> {
        let day = (id.part == Part::Register && id.series > 0).then_some(id.series)?;
        let end = i64::try_from(day).ok()?.checked_add(1)?.checked_mul(86_400)?;
        end.checked_sub(i64::from(self.settings().zone.seconds()) + 1)
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
        let imported = self.foreign_keys()?;
        let uses = self.uses_entry()?;
        let keys = ours.into_iter().chain(foreign.iter().map(KeyEntry::from)).chain(imported).chain(uses).collect();
        let mut content = Content::new(keys, lists.into_iter().map(list).collect(), policy);
        let accepted =
            self.acceptance()?.into_iter().map(|(country, rules)| (self.accepted(country), wire::encode(&rules)));
        let whole = |(id, base)| Whole { id, base, until: None };
        content.wholes = self.decreed(now)?.into_iter().chain(accepted).map(whole).collect();
        let batch = |(id, changes)| Batch { until: self.last_moment(&id), id, changes };
        content.batches = self.pending()?.into_iter().map(batch).collect();
        content.as_of = self.foreign_ages()?;
        Ok(content)
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
