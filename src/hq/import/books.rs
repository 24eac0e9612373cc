//! What sources have said, in `hq.db`: replaced as a whole, compared on the way.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};
use trust::format::{AcceptanceRule, KeyEntry, Part};
use verdict::Scope;
use wire::RegionId;

use super::{AROUND_A_STREAM, Consent, Error, HEAD, Plan, SOON, Said, Statement, ids_stream};
use crate::region::db;
use crate::tables;

/// Puts a statement in the place of what its source said before, within a transaction.
pub fn replace(
    books: &Connection,
    region: &RegionId,
    statement: &Statement,
    consent: Consent,
    now: i64,
) -> std::result::Result<Plan, Error> {
    let Statement { source, as_of, checked, said, .. } = statement;
    let sql = "SELECT kind, as_of FROM foreign_source WHERE name = ?1";
    let before: Option<(String, i64)> =
        books.query_row(sql, [source], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some((kind, have)) = &before {
        if kind != said.kind() {
            return Err(Error::OtherKind(source.clone()));
        }
        if as_of < have && !consent.older {
            return Err(Error::Older { source_name: source.clone(), found: *as_of, have: *have });
        }
    }
    let sql = "INSERT INTO foreign_source (name, kind, as_of, imported, checked) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT DO UPDATE SET as_of = excluded.as_of, imported = excluded.imported,
                   checked = excluded.checked";
    books.execute(sql, params![source, said.kind(), as_of, now, checked])?;
    let mut plan = Plan { source: source.clone(), as_of: (*as_of, before.map(|(_, at)| at)), ..Plan::default() };
    match said {
        Said::Keys(keys) => replace_keys(books, keys, now, &mut plan)?,
        Said::Ids(streams) => replace_ids(books, region, streams, now, &mut plan)?,
        Said::Rules(rules) => replace_rules(books, rules, now, &mut plan)?,
    }
    plan.news += HEAD;
    Ok(plan)
}

/// What makes a key the same key: for whom it speaks, what its passes call it, and itself.
type Name = (String, Vec<u8>, Vec<u8>);

fn named(entries: impl IntoIterator<Item = KeyEntry>) -> BTreeMap<Name, KeyEntry> {
    let name = |entry: &KeyEntry| (entry.scope.issuer.clone(), entry.kid.clone(), entry.key.clone());
    entries.into_iter().map(|entry| (name(&entry), entry)).collect()
}

fn replace_keys(books: &Connection, keys: &[KeyEntry], now: i64, plan: &mut Plan) -> Result<()> {
    let source = plan.source.clone();
    let published = by_issuer(keys_of(books, None)?);
    let (before, after) = (named(keys_of(books, Some(&source))?), named(keys.iter().cloned()));
    books.execute("DELETE FROM foreign_key WHERE source = ?1", [&source])?;
    books.execute("DELETE FROM foreign_signer_revoked WHERE source = ?1", [&source])?;
    let sql = "INSERT INTO foreign_key (source, issuer, kid, key, kinds, valid_from, valid_to)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut insert = books.prepare(sql)?;
    let sql = "INSERT OR IGNORE INTO foreign_signer_revoked (source, issuer, kid, serial) VALUES (?1, ?2, ?3, ?4)";
    let mut revoke = books.prepare(sql)?;
    for entry in after.values() {
        let Scope { issuer, kinds, valid_from, valid_to, .. } = &entry.scope;
        insert.execute(params![source, issuer, entry.kid, entry.key, db::spaced(kinds), valid_from, valid_to])?;
        for serial in &entry.revoked {
            revoke.execute(params![source, issuer, entry.kid, &serial[..]])?;
        }
        if *valid_to < now.saturating_add(SOON) {
            plan.keys_ending.push(entry.clone());
        }
    }
    for (name, entry) in &after {
        match before.get(name) {
            None => plan.keys_added.push(entry.clone()),
            Some(other) if other != entry => plan.keys_changed.push((other.clone(), entry.clone())),
            Some(_) => {}
        }
    }
    for (name, entry) in &before {
        let counts = entry.scope.valid_to >= now;
        plan.shrinks.0 += u64::from(counts);
        if !after.contains_key(name) {
            plan.keys_removed.push(entry.clone());
            plan.shrinks.1 += u64::from(counts);
        }
    }
    // A keys stream has no deltas: what changed of an issuer is fetched whole.
    for (issuer, entries) in by_issuer(keys_of(books, None)?) {
        if published.get(&issuer) != Some(&entries) {
            plan.news += wire::encode(&entries).len() as u64 + AROUND_A_STREAM;
        }
    }
    Ok(())
}

fn by_issuer(entries: Vec<KeyEntry>) -> BTreeMap<String, Vec<KeyEntry>> {
    let mut issuers: BTreeMap<String, Vec<KeyEntry>> = BTreeMap::new();
    for entry in entries {
        issuers.entry(entry.scope.issuer.clone()).or_default().push(entry);
    }
    issuers
}

/// Every imported key, each once even when several sources tell it.
pub fn keys(books: &Connection) -> Result<Vec<KeyEntry>> {
    keys_of(books, None)
}

fn keys_of(books: &Connection, source: Option<&str>) -> Result<Vec<KeyEntry>> {
    let sql = "SELECT DISTINCT issuer, kid, key, kinds, valid_from, valid_to FROM foreign_key
               WHERE source = ?1 OR ?1 IS NULL ORDER BY issuer, kid, key, kinds, valid_from, valid_to";
    let entry = |row: &Row<'_>| {
        let scope = Scope {
            issuer: row.get(0)?,
            kinds: db::numbers(&row.get::<_, String>(3)?),
            territories: Vec::new(),
            valid_from: row.get(4)?,
            valid_to: row.get(5)?,
        };
        Ok(KeyEntry { kid: row.get(1)?, key: row.get(2)?, scope, revoked: Vec::new() })
    };
    let mut entries: Vec<KeyEntry> = books.prepare(sql)?.query_map([source], entry)?.collect::<Result<_>>()?;
    // Whoever says that a signer was taken back is believed, also when another source does not.
    let sql = "SELECT DISTINCT serial FROM foreign_signer_revoked
               WHERE issuer = ?1 AND kid = ?2 AND (source = ?3 OR ?3 IS NULL) ORDER BY serial";
    let mut revoked = books.prepare(sql)?;
    for entry in &mut entries {
        let serials = revoked.query_map(params![entry.scope.issuer, entry.kid, source], |row| row.get::<_, Vec<u8>>(0));
        entry.revoked = serials?.map(|serial| serial.map(ByteVec::from)).collect::<Result<_>>()?;
    }
    Ok(entries)
}

fn replace_ids(
    books: &Connection,
    region: &RegionId,
    streams: &BTreeMap<String, Vec<([u8; 16], i64)>>,
    now: i64,
    plan: &mut Plan,
) -> Result<()> {
    let source = plan.source.clone();
    drop_ended(books, region, now)?;
    let sql = "SELECT DISTINCT issuer FROM foreign_id WHERE source = ?1";
    let known: Vec<String> = books.prepare(sql)?.query_map([&source], |row| row.get(0))?.collect::<Result<_>>()?;
    let nothing = Vec::new();
    let gone = known.iter().filter(|issuer| !streams.contains_key(*issuer)).map(|issuer| (issuer, &nothing));
    for (issuer, ids) in streams.iter().chain(gone) {
        let (added, removed) = merge(books, &source, issuer, ids)?;
        let counts = (added.len() as u64, removed.len() as u64, ids.len() as u64);
        plan.shrinks.1 += counts.1;
        // What another source says, too, neither comes now nor goes.
        let sql = "SELECT 1 FROM foreign_id WHERE issuer = ?1 AND key = ?2 AND source <> ?3";
        let mut elsewhere = books.prepare_cached(sql)?;
        let mut changes = Vec::with_capacity(added.len() + removed.len());
        for (keys, value) in [(added, Some(Vec::new())), (removed, None)] {
            for key in keys {
                if !elsewhere.exists(params![issuer, key, source])? {
                    changes.push((key, value.clone()));
                }
            }
        }
        if !changes.is_empty() {
            // A key that comes costs its bytes at most, one that goes its rank.
            let cost = |change: &tables::Change| if change.1.is_some() { 16 } else { 4 };
            plan.news += changes.iter().map(cost).sum::<u64>() + AROUND_A_STREAM;
            tables::note(books, &ids_stream(region, issuer), changes.into_iter())?;
        }
        plan.ids.insert(issuer.clone(), counts);
    }
    let sql = "SELECT count(*) FROM foreign_id WHERE source = ?1";
    let left: i64 = books.query_row(sql, [&source], |row| row.get(0))?;
    let added: u64 = plan.ids.values().map(|(added, ..)| added).sum();
    plan.shrinks.0 = left.unsigned_abs() + plan.shrinks.1 - added;
    Ok(())
}

type Keys = Vec<[u8; 16]>;

/// Makes one source's ids of one stream those given, both in order; which came and which went.
fn merge(books: &Connection, source: &str, issuer: &str, ids: &[([u8; 16], i64)]) -> Result<(Keys, Keys)> {
    let sql = "SELECT key, expires FROM foreign_id WHERE issuer = ?1 AND source = ?2 ORDER BY key";
    let (mut added, mut removed, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    {
        let mut query = books.prepare_cached(sql)?;
        let had =
            query.query_map(params![issuer, source], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, i64>(1)?)))?;
        let mut ids = ids.iter().peekable();
        for had in had {
            let (key, expires) = had?;
            while let Some(new) = ids.next_if(|new| new.0 < key) {
                added.push(*new);
            }
            match ids.next_if(|new| new.0 == key) {
                Some(new) if new.1 != expires => moved.push(*new),
                Some(_) => {}
                None => removed.push(key),
            }
        }
        added.extend(ids.copied());
    }
    let sql = "INSERT INTO foreign_id (issuer, key, source, expires) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET expires = excluded.expires";
    let mut insert = books.prepare_cached(sql)?;
    for (key, expires) in added.iter().chain(&moved) {
        insert.execute(params![issuer, key, source, expires])?;
    }
    let mut delete = books.prepare_cached("DELETE FROM foreign_id WHERE issuer = ?1 AND key = ?2 AND source = ?3")?;
    for key in &removed {
        delete.execute(params![issuer, key, source])?;
    }
    Ok((added.into_iter().map(|(key, _)| key).collect(), removed))
}

/// Takes out what has ended by itself, for boxes too.
pub fn drop_ended(books: &Connection, region: &RegionId, now: i64) -> Result<u64> {
    let sql = "SELECT issuer, key FROM foreign_id GROUP BY issuer, key HAVING max(expires) <= ?1";
    let mut query = books.prepare(sql)?;
    let ended: Vec<(String, [u8; 16])> =
        query.query_map([now], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_>>()?;
    for of_one in ended.chunk_by(|a, b| a.0 == b.0) {
        let changes = of_one.iter().map(|(_, key)| (*key, None));
        tables::note(books, &ids_stream(region, &of_one[0].0), changes)?;
    }
    books.execute("DELETE FROM foreign_id WHERE expires <= ?1", [now])?;
    Ok(ended.len() as u64)
}

fn replace_rules(books: &Connection, rules: &[AcceptanceRule], now: i64, plan: &mut Plan) -> Result<()> {
    type ByName = BTreeMap<(String, String), AcceptanceRule>;
    let by_name = |rules: Vec<AcceptanceRule>| -> ByName {
        rules.into_iter().map(|rule| ((rule.identifier.clone(), rule.version.clone()), rule)).collect()
    };
    let source = plan.source.clone();
    let published = self::rules(books)?;
    let (before, after) = (by_name(rules_of(books, Some(&source))?), by_name(rules.to_vec()));
    books.execute("DELETE FROM foreign_rule WHERE source = ?1", [&source])?;
    let sql = "INSERT INTO foreign_rule (source, country, identifier, version, rule) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = books.prepare(sql)?;
    for ((identifier, version), rule) in &after {
        insert.execute(params![source, rule.country, identifier, version, wire::encode(rule)])?;
        match before.get(&(identifier.clone(), version.clone())) {
            None => plan.rules_added.push((identifier.clone(), version.clone())),
            Some(other) if other != rule => plan.rules_changed.push((identifier.clone(), version.clone())),
            Some(_) => {}
        }
    }
    for (name, rule) in &before {
        let counts = rule.valid_to >= now;
        plan.shrinks.0 += u64::from(counts);
        if !after.contains_key(name) {
            plan.rules_removed.push(name.clone());
            // A new version in its place takes nothing back.
            let replaced = after.keys().any(|(identifier, _)| *identifier == name.0);
            plan.shrinks.1 += u64::from(counts && !replaced);
        }
    }
    for (country, rules) in self::rules(books)? {
        if published.get(&country) != Some(&rules) {
            plan.news += wire::encode(&rules).len() as u64 + AROUND_A_STREAM;
        }
    }
    Ok(())
}

/// Every imported rule by country, each once.
pub fn rules(books: &Connection) -> Result<BTreeMap<String, Vec<AcceptanceRule>>> {
    let mut countries: BTreeMap<String, Vec<AcceptanceRule>> = BTreeMap::new();
    for rule in rules_of(books, None)? {
        countries.entry(rule.country.clone()).or_default().push(rule);
    }
    Ok(countries)
}

fn rules_of(books: &Connection, source: Option<&str>) -> Result<Vec<AcceptanceRule>> {
    let sql = "SELECT DISTINCT country, identifier, version, rule FROM foreign_rule
               WHERE source = ?1 OR ?1 IS NULL ORDER BY country, identifier, version, rule";
    let rule = |row: &Row<'_>| {
        let bytes: Vec<u8> = row.get(3)?;
        minicbor::decode(&bytes)
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Blob, e.into()))
    };
    books.prepare(sql)?.query_map([source], rule)?.collect()
}

/// Of when what is known of each stream is: the oldest of the lists that speak of it.
pub fn ages(books: &Connection) -> Result<BTreeMap<(Part, String), i64>> {
    let keys = "SELECT issuer, min(as_of) FROM foreign_key JOIN foreign_source ON name = source GROUP BY issuer";
    let rules = "SELECT country, min(as_of) FROM foreign_rule JOIN foreign_source ON name = source GROUP BY country";
    // A list of batches speaks of every country, also of those that stand in another one.
    let ids = "SELECT DISTINCT issuer, (SELECT min(as_of) FROM foreign_source WHERE kind = 'ids') FROM foreign_id";
    let mut ages = BTreeMap::new();
    for (part, sql) in [(Part::Keys, keys), (Part::Acceptance, rules), (Part::Ids, ids)] {
        let mut query = books.prepare(sql)?;
        for row in query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (issuer, as_of) = row?;
            ages.insert((part, issuer), as_of);
        }
    }
    Ok(ages)
}
