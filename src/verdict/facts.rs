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
    /// What the register holds of it or its vehicle; none: nothing, or nothing was looked up.
    pub record: Option<&'a Record>,
    /// The box's wall time.
    pub now: WallTime,
    /// Unix seconds of the newest statement of HQ this box knows: time cannot be before it.
    pub floor: i64,
    /// The plate of the vehicle, if it was read or typed.
    pub plate: Option<&'a Reading>,
    /// The officer has compared the plate and pressed the key.
    pub plate_agreed: bool,
    /// The region's rules; absent on a box that has adopted nothing.
    pub policy: Option<&'a Policy>,
    /// How old the knowledge is that this verdict rests on.
    pub ages: Ages,
}
