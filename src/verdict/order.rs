//! Orders: HQ's word over signed dates.

use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Decoder, Encode, Encoder};
use pass::Document;

/// What an order does to the passes it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Their validity ends when the order says, not when they do.
    Extend,
    /// They are no longer valid.
    Stop,
    /// They are not valid for a while.
    Suspend,
    /// One that this version does not know; such an order does nothing here. What narrows an order in a way that
    /// older boxes would overlook comes with a new number, too.
    Other(u16),
}

impl Action {
    /// Its number in an order.
    pub const fn number(self) -> u16 {
        match self {
            Self::Extend => 0,
            Self::Stop => 1,
            Self::Suspend => 2,
            Self::Other(number) => number,
        }
    }

    /// The action of a number.
    pub const fn of(number: u16) -> Self {
        match number {
            0 => Self::Extend,
            1 => Self::Stop,
            2 => Self::Suspend,
            other => Self::Other(other),
        }
    }

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extend => "extend",
            Self::Stop => "stop",
            Self::Suspend => "suspend",
            Self::Other(_) => "unknown",
        }
    }
}

impl<C> Encode<C> for Action {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Action {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        d.u16().map(Self::of)
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Order {
    /// Its number in the region; of two orders about one pass the newer, with the higher number, counts alone.
    #[n(0)]
    pub number: u64,
    /// What it does.
    #[n(1)]
    pub action: Action,
    /// Kinds it covers; empty: every one.
    #[cbor(n(2), default, skip_if = "Vec::is_empty")]
    pub kinds: Vec<u16>,
    /// The issuer it covers; none: every one.
    #[n(3)]
    pub issuer: Option<String>,
    /// Unix seconds from which on its passes were issued; none: however early.
    #[n(4)]
    pub issued_from: Option<i64>,
    /// Unix seconds before which its passes were issued; none: however late.
    #[n(5)]
    pub issued_before: Option<i64>,
    /// Unix seconds from which it counts. An extension takes those passes that had not ended by then.
    #[n(6)]
    pub from: i64,
    /// Unix seconds until which it counts, and until which an extension makes passes valid; none: until HQ ends it.
    #[n(7)]
    pub until: Option<i64>,
    /// What it says, in Russian.
    #[n(8)]
    pub ru: String,
    /// What it says, in English.
    #[n(9)]
    pub en: String,
}

impl Order {
    /// Whether it says all that its action needs.
    pub const fn is_sound(&self) -> bool {
        match self.until {
            Some(until) => self.from <= until,
            None => !matches!(self.action, Action::Extend),
        }
    }

    /// Whether it counts at a time in Unix seconds.
    pub fn counts_at(&self, at: i64) -> bool {
        self.from <= at && self.until.is_none_or(|until| at <= until)
    }

    /// Whether it is about a pass.
    pub fn covers(&self, document: &Document) -> bool {
        let extends = self.action == Action::Extend;
        // What does not say when it was issued cannot claim to be extended, nor to be outside of a stop.
        let in_window = document.issued.or(document.not_before).map_or(!extends, |issued| {
            self.issued_from.is_none_or(|from| issued >= from)
                && self.issued_before.is_none_or(|before| issued < before)
        });
        // An extension revives nothing that had ended before it began, and gives no end to what has none.
        let had_not_ended = !extends || document.expires.is_some_and(|expires| expires >= self.from);
        in_window
            && had_not_ended
            && !matches!(self.action, Action::Other(_))
            && (self.kinds.is_empty() || self.kinds.contains(&document.kind.number()))
            && self.issuer.as_ref().is_none_or(|issuer| *issuer == document.issuer)
    }
}

/// The one order that applies to a pass at a time in Unix seconds: the newest of those that count.
pub(crate) fn applying<'o>(orders: &'o [Order], document: &Document, at: i64) -> Option<&'o Order> {
    let counting = orders.iter().filter(|order| order.is_sound() && order.counts_at(at) && order.covers(document));
    counting.max_by_key(|order| order.number)
}
