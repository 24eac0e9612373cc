//! The closed set of reasons.

/// What the panel says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Everything the pass binds is proven.
    Admit,
    /// One fact is to be compared by the officer.
    Check,
    /// Not on this pass.
    Refuse,
}

impl Outcome {
    /// Stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admit => "admit",
            Self::Check => "check",
            Self::Refuse => "refuse",
        }
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal, $code:literal, $outcome:ident;)*) => {
        /// Why a verdict is not plain green. Declared from the weightiest to the lightest; numbers and
        /// codes are stable and never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[doc = $doc])* $name,)* }

        impl Reason {
            /// Every reason there is, weightiest first.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Stable number, for journals.
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number),* }
            }

            /// Stable code, for people and tests.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// What it says, for pages; with a space before every line.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*)),* }
            }

            /// What this reason alone leads to.
            pub const fn outcome(self) -> Outcome {
                match self { $(Self::$name => Outcome::$outcome),* }
            }

            /// Whether HQ should know at once, before the backlog is through: a person in quarantine or a stolen pass
            /// stands at the barrier now, or somebody shows a forged one.
            pub const fn is_alert(self) -> bool {
                matches!(self, Self::RegisterAlert | Self::Revoked | Self::Suspended | Self::Forged)
            }

            /// The reason with a number, if there is one in this version.
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

reasons! {
    /// The key is known but the signature does not hold. Unlike [`Reason::UnknownKey`], a newer
    /// release will not cure it: the officer should treat the pass as forged.
    Forged = 10, "forged", Refuse;
    /// Revoked by its issuer.
    Revoked = 11, "revoked", Refuse;
    /// Suspended by its issuer.
    Suspended = 12, "suspended", Refuse;
    /// HQ has revoked its issuer's key, or all passes of its kind that were issued until then.
    RevokedByRule = 26, "revoked-by-rule", Refuse;
    /// An order has stopped passes of this kind.
    StoppedByOrder = 27, "stopped-by-order", Refuse;
    /// An order has suspended passes of this kind for a while.
    SuspendedByOrder = 28, "suspended-by-order", Refuse;
    /// The rules by which certificates are accepted say no to this one.
    NotAccepted = 31, "not-accepted", Refuse;
    /// Its uses are used up: so many trips, so often a day.
    UsedUp = 30, "used-up", Refuse;
    /// The vehicle's plate is not one the pass binds.
    WrongPlate = 13, "wrong-plate", Refuse;
    /// No key for this pass is in the adopted release, which is fresh.
    UnknownKey = 14, "unknown-key", Refuse;
    /// The register does not know it, and is fresh.
    NotRegistered = 29, "not-registered", Refuse;
    /// Too many codes were tried that nobody knows; for a while none is looked up.
    TooManyAttempts = 32, "too-many-attempts", Refuse;
    /// The issuer's key is not valid at this time.
    KeyNotValid = 15, "key-not-valid", Refuse;
    /// The issuer may not issue this kind, or for this territory.
    OutOfScope = 16, "out-of-scope", Refuse;
    /// Its validity has ended.
    Expired = 17, "expired", Refuse;
    /// Its validity has not begun.
    NotYetValid = 18, "not-yet-valid", Refuse;
    /// Issued in the future, or valid longer than any pass may be.
    ImplausibleDates = 19, "implausible-dates", Refuse;
    /// The pass is not for this territory.
    WrongTerritory = 20, "wrong-territory", Refuse;
    /// A condition of policy does not hold for it.
    ConditionFails = 33, "condition-fails", Refuse;
    /// HQ's policy does not know or no longer admits this kind.
    KindNotAdmitted = 21, "kind-not-admitted", Refuse;
    /// This format is not enabled in this region.
    FormatNotEnabled = 22, "format-not-enabled", Refuse;
    /// A link, but to no place where passes of this region stand.
    UnknownLink = 34, "unknown-link", Refuse;
    /// A code that cannot be one of this region's: too long, too short, or typed wrong.
    WrongCode = 35, "wrong-code", Refuse;
    /// It begins like a pass but cannot be decoded.
    Unreadable = 23, "unreadable", Refuse;
    /// The code is not a pass at all.
    NotAPass = 24, "not-a-pass", Refuse;
    /// The box has adopted no release, or its state is lost: it must be provisioned.
    NoTrust = 25, "no-trust", Refuse;
    /// The register bears an alert on this pass or this vehicle.
    RegisterAlert = 49, "register-alert", Check;
    /// No key for this pass, but the list is old: a newer one may hold it. Apart from forged.
    UnknownKeyOldList = 40, "unknown-key-old-list", Check;
    /// The register does not know it, but is old: a newer one may.
    NotRegisteredOldList = 50, "not-registered-old-list", Check;
    /// There is no register here that would know it.
    RegisterMissing = 53, "register-missing", Check;
    /// The box's clock is in doubt, so validity cannot be told.
    ClockInDoubt = 41, "clock-in-doubt", Check;
    /// The status list that covers this pass is not here.
    StatusUnknown = 42, "status-unknown", Check;
    /// HQ keeps a set of revoked ids for such passes, but it is not here.
    IdsListMissing = 48, "ids-list-missing", Check;
    /// The knowledge behind this verdict is older than policy likes.
    KnowledgeOld = 43, "knowledge-old", Check;
    /// It may be used so often only, and what other boxes have seen is not known since long.
    UsesOld = 51, "used-elsewhere-perhaps", Check;
    /// The rules by which certificates are accepted cannot tell.
    RulesOpen = 52, "rules-open", Check;
    /// A condition of policy cannot be told.
    ConditionUnknown = 54, "condition-unknown", Check;
    /// The pass binds a plate: compare it with the car.
    ComparePlate = 44, "compare-plate", Check;
    /// The pass binds a part of the plate and it fits: compare the next fact.
    PartialPlate = 45, "partial-plate", Check;
    /// The plate was read with characters that are easily confused: compare by eye.
    PlateReadingDoubtful = 46, "plate-reading-doubtful", Check;
    /// Policy never admits this kind without a look: compare the next fact.
    CompareNext = 55, "compare-next", Check;
    /// Policy wants this kind compared with a document or a fact on it.
    CompareDocument = 47, "compare-document", Check;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_are_unique_and_lead_back() {
        for (i, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(Reason::from_number(reason.number()), Some(*reason));
            assert!(Reason::ALL[..i].iter().all(|r| r.code() != reason.code()));
        }
    }

    /// The table of `docs/verdict.md` is this one. `CHECKPOINT_BLESS=1` writes it anew.
    #[test]
    fn the_weights_in_the_docs_are_these() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verdict.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (head, rest) = page.split_once("<!-- reasons -->\n").unwrap();
        let (table, tail) = rest.split_once("<!-- end of reasons -->").unwrap();
        let mut expected =
            "| weight | reason | number | alone it says | what it is |\n|---|---|---|---|---|\n".to_owned();
        for (place, reason) in Reason::ALL.iter().enumerate() {
            let meaning = reason.meaning().replace("[`Reason::UnknownKey`]", "`unknown-key`");
            let (code, number, outcome) = (reason.code(), reason.number(), reason.outcome().as_str());
            let line = format!("| {} | `{code}` | {number} | {outcome} | {} |\n", place + 1, meaning.trim());
            expected.push_str(&line);
        }
        if std::env::var_os("CHECKPOINT_BLESS").is_some() {
            std::fs::write(&path, format!("{head}<!-- reasons -->\n{expected}<!-- end of reasons -->{tail}")).unwrap();
        } else {
            assert_eq!(table, expected, "CHECKPOINT_BLESS=1 writes it anew");
        }
    }

    #[test]
    fn refusals_weigh_more_than_checks() {
        assert!(Reason::ALL.windows(2).all(|w| w[0].outcome() >= w[1].outcome()));
    }
}
