//! The base of an orders stream: an array of orders, their numbers rising.

use verdict::Order;

use super::strict;
use crate::Error;

/// Most orders of a region at one time.
pub const MOST_ORDERS: usize = 1024;

/// Longest text of an order in bytes: two lines on a panel.
pub const LONGEST_TEXT: usize = 400;

/// Most kinds that one order names.
pub const MOST_KINDS: usize = 256;

/// Reads a base.
///
/// # Errors
/// [`Error::Malformed`] when an order lacks what it needs or numbers do not rise, [`Error::TooLong`] for too many.
pub fn read_orders(base: &[u8]) -> Result<Vec<Order>, Error> {
    let orders: Vec<Order> = strict(base, "orders")?;
    if orders.len() > MOST_ORDERS {
        return Err(Error::TooLong("the orders"));
    }
    let rise = orders.windows(2).all(|pair| pair[0].number < pair[1].number);
    let is_short = |order: &Order| {
        order.ru.len() <= LONGEST_TEXT
            && order.en.len() <= LONGEST_TEXT
            && order.kinds.len() <= MOST_KINDS
            && order.issuer.as_ref().is_none_or(|issuer| (1..=64).contains(&issuer.len()))
    };
    let sound = orders.iter().all(|order| order.is_sound() && is_short(order));
    if rise && sound { Ok(orders) } else { Err(Error::Malformed("orders")) }
}

/// Writes a base: one set of orders, one encoding.
pub fn write_orders(mut orders: Vec<Order>) -> Vec<u8> {
    orders.sort_by_key(|order| order.number);
    orders.dedup_by_key(|order| order.number);
    wire::encode(&orders)
}

#[cfg(test)]
mod tests {
    use verdict::Action;

    use super::*;

    fn order(number: u64) -> Order {
        Order {
            number,
            action: Action::Extend,
            kinds: vec![1],
            issuer: None,
            issued_from: None,
            issued_before: Some(9),
            from: 5,
            until: Some(7),
            ru: "Приказ".to_owned(),
            en: "Order".to_owned(),
        }
    }

    #[test]
    fn orders_are_read_as_written_even_those_of_later_versions() {
        let later = Order { action: Action::of(9), until: None, ..order(3) };
        let orders = vec![order(2), later.clone(), order(1)];
        assert_eq!(read_orders(&write_orders(orders)).unwrap(), [order(1), order(2), later]);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let refused = |orders: &[Order]| read_orders(&wire::encode(&orders)).unwrap_err().code();
        assert_eq!(refused(&[order(2), order(1)]), "malformed");
        assert_eq!(refused(&[order(1), order(1)]), "malformed");
        assert_eq!(refused(&[Order { until: None, ..order(1) }]), "malformed");
        assert_eq!(refused(&[Order { until: Some(4), ..order(1) }]), "malformed");
        assert_eq!(refused(&[Order { ru: "x".repeat(LONGEST_TEXT + 1), ..order(1) }]), "malformed");
        let many: Vec<_> = (0..=MOST_ORDERS as u64).map(order).collect();
        assert_eq!(refused(&many), "too-long");
    }
}
