//! How old the box's knowledge is, part by part, and what policy makes of it.

use minicbor::{Decode, Encode};

/// A part of what HQ tells; its number is that of the part in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Knowledge {
    /// Keys and scopes.
    #[n(0)]
    Keys,
    /// Status lists.
    #[n(1)]
    Status,
    /// The region's rules.
    #[n(2)]
    Policy,
    /// Sets of revoked ids.
    #[n(3)]
    Ids,
    /// Revocations by key, kind and time of issue.
    #[n(4)]
    Rules,
    /// The register.
    #[n(5)]
    Register,
    /// Orders.
    #[n(6)]
    Orders,
    /// By which rules certificates are accepted.
    #[n(7)]
    Acceptance,
}

impl Knowledge {
    /// Every part there is.
    pub const ALL: [Self; 8] = [
        Self::Keys,
        Self::Status,
        Self::Policy,
        Self::Ids,
        Self::Rules,
        Self::Register,
        Self::Orders,
        Self::Acceptance,
    ];

    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Status => "status",
            Self::Policy => "policy",
            Self::Ids => "ids",
            Self::Rules => "rules",
            Self::Register => "register",
            Self::Orders => "orders",
            Self::Acceptance => "acceptance",
        }
    }

    /// Its number in a release.
    pub const fn number(self) -> u16 {
        match self {
            Self::Keys => 0,
            Self::Status => 1,
            Self::Policy => 2,
            Self::Ids => 3,
            Self::Rules => 4,
            Self::Register => 5,
            Self::Orders => 6,
            Self::Acceptance => 7,
        }
    }

    /// The part with a number.
    pub fn numbered(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.number() == number)
    }
}

/// How old each part of the box's knowledge is, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ages {
    /// Keys and scopes.
    pub keys: i64,
    /// Status lists.
    pub status: i64,
    /// The region's rules.
    pub policy: i64,
    /// Sets of revoked ids.
    pub ids: i64,
    /// Revocations by key, kind and time of issue.
    pub rules: i64,
    /// The register.
    pub register: i64,
    /// Orders.
    pub orders: i64,
    /// By which rules certificates are accepted.
    pub acceptance: i64,
}

impl Ages {
    /// Every part equally old: one signature binds them all.
    pub const fn all(age: i64) -> Self {
        Self { keys: age, status: age, policy: age, ids: age, rules: age, register: age, orders: age, acceptance: age }
    }

    /// The age of one part.
    pub const fn of(&self, part: Knowledge) -> i64 {
        match part {
            Knowledge::Keys => self.keys,
            Knowledge::Status => self.status,
            Knowledge::Policy => self.policy,
            Knowledge::Ids => self.ids,
            Knowledge::Rules => self.rules,
            Knowledge::Register => self.register,
            Knowledge::Orders => self.orders,
            Knowledge::Acceptance => self.acceptance,
        }
    }

    /// The age of one part, to be set.
    pub const fn of_mut(&mut self, part: Knowledge) -> &mut i64 {
        match part {
            Knowledge::Keys => &mut self.keys,
            Knowledge::Status => &mut self.status,
            Knowledge::Policy => &mut self.policy,
            Knowledge::Ids => &mut self.ids,
            Knowledge::Rules => &mut self.rules,
            Knowledge::Register => &mut self.register,
            Knowledge::Orders => &mut self.orders,
            Knowledge::Acceptance => &mut self.acceptance,
        }
    }
}

/// What policy makes of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// As good as new.
    Fresh,
    /// Good enough to judge by, not to be sure that something is *not* there.
    Stale,
    /// Too old to admit by.
    Old,
}

impl Grade {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Old => "old",
        }
    }
}

/// The bounds between a part's grades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Freshness {
    /// The part.
    #[n(0)]
    pub part: Knowledge,
    /// Seconds for which it counts as fresh.
    #[n(1)]
    pub fresh_for: i64,
    /// Seconds after which it is old.
    #[n(2)]
    pub old_after: i64,
}
