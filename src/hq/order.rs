//! Orders: HQ's word over signed dates. They reach boxes with the next release.

use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};
use trust::format::{LONGEST_TEXT, MOST_KINDS, MOST_ORDERS, Part, StreamId, write_orders};
use verdict::{Action, Order};

use crate::Error;
use crate::region::{Region, db, who};

/// Longest name of an issuer in bytes.
const LONGEST_ISSUER: usize = 64;

/// An order that is to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// What it does.
    pub action: Action,
    /// Kinds it covers; empty: every one.
    pub kinds: Vec<u16>,
    /// The issuer it covers; none: every one.
    pub issuer: Option<String>,
    /// Unix seconds from which on its passes were issued.
    pub issued_from: Option<i64>,
    /// Unix seconds before which its passes were issued.
    pub issued_before: Option<i64>,
    /// Unix seconds from which it counts.
    pub from: i64,
    /// Unix seconds until which it counts, or until which it makes passes valid.
    pub until: Option<i64>,
    /// What it says, in Russian.
    pub ru: String,
    /// What it says, in English.
    pub en: String,
}

impl NewOrder {
    fn numbered(self, number: u64) -> Order {
        let Self { action, mut kinds, issuer, issued_from, issued_before, from, until, ru, en } = self;
        kinds.sort_unstable();
        kinds.dedup();
        Order { number, action, kinds, issuer, issued_from, issued_before, from, until, ru, en }
    }
}

impl Region {
    /// Gives an order. Of two orders about one pass the newer counts alone.
    ///
    /// # Errors
    /// [`Error::Dates`], [`Error::Field`], [`Error::Database`].
    pub fn give_order(&self, order: NewOrder, by: &str, now: i64) -> std::result::Result<Order, Error> {
        let by = who(by)?;
        let mut order = order.numbered(0);
        check(&order)?;
        self.books(|books| {
            let failed = || Error::database("giving an order");
            let standing = standing(books, now.saturating_sub(self.settings().not_after)).map_err(failed())?;
            if standing.len() >= MOST_ORDERS {
                return Err(Error::field("order", format!("would be one more than the {MOST_ORDERS} that boxes keep")));
            }
            order.number = insert(books, &order).map_err(failed())?;
            let subject = format!("{} {}", order.number, order.action.as_str());
            db::audit(books, now, by, "order", &subject).map_err(failed())?;
            Ok(order)
        })
    }

    /// Orders that count now or will, the newest last.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn orders(&self, now: i64) -> std::result::Result<Vec<Order>, Error> {
        standing(&self.database(), now).map_err(Error::database("listing the orders"))
    }

    /// Takes an order back. Boxes follow with the next release.
    ///
    /// # Errors
    /// [`Error::UnknownOrder`] when there is none with this number that has not ended, [`Error::Database`].
    pub fn end_order(&self, number: u64, by: &str, now: i64) -> std::result::Result<Order, Error> {
        let by = who(by)?;
        self.books(|books| {
            let failed = || Error::database("ending an order");
            let order = find(books, number).map_err(failed())?;
            let order = order.filter(|order| order.until.is_none_or(|until| until >= now));
            let order = order.ok_or(Error::UnknownOrder(number))?;
            let sql = "UPDATE decree SET ended = ?2 WHERE number = ?1";
            books
                .execute(sql, params![number.cast_signed(), now])
                .and_then(|_| db::audit(books, now, by, "order", &format!("{number} end")))
                .map_err(failed())?;
            Ok(order)
        })
    }

    /// The orders as a stream of a release; none: there are none.
    pub(crate) fn orders_base(&self, now: i64) -> std::result::Result<Option<(StreamId, Vec<u8>)>, Error> {
        // One whose time is over still tells a box with a clock in doubt, as long as any release before may serve.
        let orders = self.orders(now.saturating_sub(self.settings().not_after))?;
        let id = StreamId { region: self.id().clone(), part: Part::Orders, issuer: String::new(), series: 0 };
        Ok((!orders.is_empty()).then(|| (id, write_orders(orders))))
    }
}

fn check(order: &Order) -> std::result::Result<(), Error> {
    if order.until.is_none() && order.action == Action::Extend {
        return Err(Error::Dates("an extension says until when"));
    }
    if !order.is_sound() {
        return Err(Error::Dates("an order does not end before it begins"));
    }
    if order.issued_from.zip(order.issued_before).is_some_and(|(from, before)| from >= before) {
        return Err(Error::Dates("no pass is issued both from then on and before"));
    }
    if order.kinds.len() > MOST_KINDS {
        return Err(Error::field("order", format!("names more than {MOST_KINDS} kinds")));
    }
    if order.issuer.as_ref().is_some_and(|issuer| !(1..=LONGEST_ISSUER).contains(&issuer.len())) {
        return Err(Error::field("issuer", format!("needs 1 to {LONGEST_ISSUER} bytes")));
    }
    for text in [&order.ru, &order.en] {
        let is_line = !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !is_line || text.len() > LONGEST_TEXT || !unicode_normalization::is_nfc(text) {
            let problem = format!("is one line of 1 to {LONGEST_TEXT} bytes in each language, in normal form C");
            return Err(Error::field("text", problem));
        }
    }
    Ok(())
}

fn insert(books: &Connection, order: &Order) -> Result<u64> {
    let sql = "INSERT INTO decree (action, kinds, issuer, issued_from, issued_before, valid_from, valid_until, ru, en)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let Order { action, kinds, issuer, issued_from, issued_before, from, until, ru, en, .. } = order;
    let values = params![
        action.number(),
        db::spaced(kinds),
        issuer,
        issued_from,
        issued_before,
        from,
        until,
        ru.trim(),
        en.trim()
    ];
    books.execute(sql, values)?;
    Ok(books.last_insert_rowid().cast_unsigned())
}

const COLUMNS: &str =
    "SELECT number, action, kinds, issuer, issued_from, issued_before, valid_from, valid_until, ru, en
                       FROM decree WHERE ended IS NULL";

fn standing(books: &Connection, now: i64) -> Result<Vec<Order>> {
    let sql = format!("{COLUMNS} AND coalesce(valid_until, ?1) >= ?1 ORDER BY number");
    books.prepare_cached(&sql)?.query_map([now], order)?.collect()
}

fn find(books: &Connection, number: u64) -> Result<Option<Order>> {
    books.query_row(&format!("{COLUMNS} AND number = ?1"), [number.cast_signed()], order).optional()
}

fn order(row: &Row<'_>) -> Result<Order> {
    Ok(Order {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        action: Action::of(row.get(1)?),
        kinds: db::numbers(&row.get::<_, String>(2)?),
        issuer: row.get(3)?,
        issued_from: row.get(4)?,
        issued_before: row.get(5)?,
        from: row.get(6)?,
        until: row.get(7)?,
        ru: row.get(8)?,
        en: row.get(9)?,
    })
}

#[cfg(test)]
mod tests;
