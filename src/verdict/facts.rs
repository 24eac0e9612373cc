//! Everything known about one sighting.

use pass::{Document, Format};
use plate::Reading;
use wire::WallTime;

use crate::{Ages, Policy, Scope};

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

/// The facts of one sighting.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The format the text's prefix names, if any.
    pub format: Option<Format>,
    /// What the text turned out to be.
    pub reading: Result<&'a Document, &'a pass::Error>,
    /// What its key may be believed for; absent when no signature held.
    pub scope: Option<&'a Scope>,
    /// What the status list says.
    pub status: Status,
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
    /// How old the box's knowledge is.
    pub ages: Ages,
}
