//! Everything known about one sighting.

use pass::{Document, Format};
use plate::Reading;
use wire::WallTime;

use crate::{Ages, Order, Policy, Record, Rule, Scope};

/// What the issuer's status list says of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// In force.
    Valid,
    /// Revoked.
    Revoked,
    /// Suspended.
    Suspended,
    /// The list that would tell is not here, or does not reach so far.
    ListMissing,
    /// The pass has no place in any list.
    NoIndex,
}

/// Whether a pass is in its issuer's set of revoked ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listed {
    /// It is: revoked.
    Yes,
    /// It is not.
    No,
    /// HQ keeps such a set, but it is not here or cannot be read.
    Missing,
    /// Nobody keeps such a set.
    NotKept,
}

/// Whether the register can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegisterState {
    /// Nothing of this sighting is looked up.
    NotAsked,
    /// It was.
    Here,
    /// There is none here, or what opens it is not.
    Missing,
}

/// How often a pass was used within the windows of its limits, the crossing being judged apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Used {
    /// Trips within the days that count.
    pub trips: u64,
    /// Trips today, by the region's day.
    pub today: u64,
    /// Unix seconds at which the trip began that is under way: whoever comes again within its minutes is on it still.
    pub under_way_since: Option<i64>,
    /// Unix seconds of the newest word of other boxes' uses; none: never, or there are none.
    pub as_of: Option<i64>,
}

/// What the rules say by which certificates are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acceptance {
    /// There are none for it.
    NotAsked,
    /// All that apply say yes.
    Accepted,
    /// One says no.
    Refused,
    /// None says no, and one cannot tell.
    Open,
}

/// What a condition of policy says of this sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// There is none.
    None,
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It cannot be told.
    Unknown,
}

/// Who has read the plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlateSource {
    /// The officer typed it.
    Officer,
    /// A device, which policy lets speak for the officer, or not.
    Feed {
        /// Whether its reading counts as the officer's yes.
        is_trusted: bool,
    },
}

/// The facts of one sighting.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The format the text's prefix names, if any.
    pub format: Option<Format>,
    /// What the text turned out to be.
    pub reading: Result<&'a Document, &'a pass::Error>,
    /// What its key may be believed for; absent when no signature held.
    pub scope: Option<&'a Scope>,
    /// The kid of that key.
    pub kid: &'a [u8],
    /// What the status list says.
    pub status: Status,
    /// What the sets of revoked ids say.
    pub listed: Listed,
    /// Revocations by rule.
    pub rules: &'a [Rule],
    /// Orders.
    pub orders: &'a [Order],
    /// What the register holds of it; none: nothing, or nothing was looked up.
    pub record: Option<&'a Record>,
    /// The box's wall time.
    pub now: WallTime,
    /// Unix seconds of the newest statement of HQ this box knows: time cannot be before it.
    pub floor: i64,
    /// The plate of the vehicle, if it was read or typed.
    pub plate: Option<&'a Reading>,
    /// Who has read it.
    pub plate_source: PlateSource,
    /// The officer has compared the plate and pressed the key.
    pub plate_agreed: bool,
    /// What the register holds under the plate.
    pub vehicle: Option<&'a Record>,
    /// Whether the register can be asked.
    pub register: RegisterState,
    /// How often it was used; none: nobody counts.
    pub uses: Option<Used>,
    /// What the rules say by which certificates are accepted.
    pub acceptance: Acceptance,
    /// What policy's condition says.
    pub condition: Condition,
    /// The region's rules; absent on a box that has adopted nothing.
    pub policy: Option<&'a Policy>,
    /// How old the knowledge is that this verdict rests on.
    pub ages: Ages,
}
