//! Revocation by rule: all passes of a stolen key, or of a bad batch. It is final.

use rusqlite::{Connection, Result, Row, params};
use trust::format::{MOST_RULES, Part, StreamId, hex, write_rules};
use verdict::Rule;

use crate::Error;
use crate::region::{Region, db, who};

/// A batch that was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How many passes of these books it takes, as far as the books can tell: they do not know by which key.
    pub passes: u64,
    /// False when it was so already.
    pub is_new: bool,
}

impl Region {
    /// Revokes every pass that a rule fits, those that are shown tomorrow included.
    ///
    /// # Errors
    /// [`Error::Field`] for a rule that would revoke everything, [`Error::Database`].
    pub fn revoke_batch(&self, rule: &Rule, by: &str, now: i64) -> std::result::Result<Batch, Error> {
        let by = who(by)?;
        if !rule.is_sound() {
            return Err(Error::field("rule", "names a key or a kind"));
        }
        if rule.kid.as_ref().is_some_and(|kid| !(1..=64).contains(&kid.len()))
            || rule.issuer.as_ref().is_some_and(|issuer| !(1..=64).contains(&issuer.len()))
        {
            return Err(Error::field("rule", "names a key or an issuer of 1 to 64 bytes"));
        }
        self.books(|books| {
            let failed = || Error::database("revoking a batch");
            let all = rules(books).map_err(failed())?;
            let passes = count(books, rule).map_err(failed())?;
            if all.contains(rule) {
                return Ok(Batch { passes, is_new: false });
            }
            if all.len() >= MOST_RULES {
                return Err(Error::field("rule", format!("would be one more than the {MOST_RULES} that boxes keep")));
            }
            insert(books, rule, now)
                .and_then(|()| db::audit(books, now, by, "revoke", &named(rule)))
                .map_err(failed())?;
            Ok(Batch { passes, is_new: true })
        })
    }

    /// Every batch that was revoked.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn revoked_batches(&self) -> std::result::Result<Vec<Rule>, Error> {
        rules(&self.database()).map_err(Error::database("listing revoked batches"))
    }

    /// The rules as a stream of a release; none: there are none.
    pub(crate) fn rules_base(&self) -> std::result::Result<Option<(StreamId, Vec<u8>)>, Error> {
        let rules = self.revoked_batches()?;
        let id = StreamId { region: self.id().clone(), part: Part::Rules, issuer: String::new(), series: 0 };
        Ok((!rules.is_empty()).then(|| (id, write_rules(rules))))
    }

    /// Everything that HQ decrees, as streams that a release says as a whole.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn decreed(&self, now: i64) -> std::result::Result<Vec<(StreamId, Vec<u8>)>, Error> {
        Ok(self.rules_base()?.into_iter().chain(self.orders_base(now)?).collect())
    }
}

/// A rule in the audit's words.
fn named(rule: &Rule) -> String {
    let Rule { kid, kind, issuer, issued_before } = rule;
    let parts = [
        kid.as_ref().map(|kid| format!("kid {}", hex(kid))),
        kind.map(|kind| format!("kind {kind}")),
        issuer.as_ref().map(|issuer| format!("issuer {issuer}")),
        issued_before.map(|before| format!("issued before {before}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn insert(books: &Connection, rule: &Rule, now: i64) -> Result<()> {
    let sql = "INSERT INTO revoked_batch (kid, kind, issuer, issued_before, at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let Rule { kid, kind, issuer, issued_before } = rule;
    books.execute(sql, params![kid, kind, issuer, issued_before, now]).map(drop)
}

fn rules(books: &Connection) -> Result<Vec<Rule>> {
    let sql = "SELECT kid, kind, issuer, issued_before FROM revoked_batch ORDER BY id";
    let rule = |row: &Row<'_>| {
        Ok(Rule { kid: row.get(0)?, kind: row.get(1)?, issuer: row.get(2)?, issued_before: row.get(3)? })
    };
    books.prepare_cached(sql)?.query_map([], rule)?.collect()
}

fn count(books: &Connection, rule: &Rule) -> Result<u64> {
    let sql = "SELECT count(*) FROM pass
               WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR issuer = ?2) AND (?3 IS NULL OR issued < ?3)";
    let count: i64 = books.query_row(sql, params![rule.kind, rule.issuer, rule.issued_before], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

#[cfg(test)]
mod tests;
