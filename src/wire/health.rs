//! How a box is: its online state (retained, also its last will) and its heartbeat.

use minicbor::{Decode, Encode};

use crate::WallTime;

/// Online or offline; the payload of the `state` topic.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct State {
    /// False only in the last will.
    #[n(0)]
    pub online: bool,
    /// Version of the software.
    #[n(1)]
    pub version: String,
}

/// The heartbeat; the payload of the `health` topic.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Health {
    /// The box's wall time and its trust.
    #[n(0)]
    pub now: WallTime,
    /// Sequence of the adopted trust release.
    #[n(1)]
    pub release: u64,
    /// Its `issued`, Unix seconds.
    #[n(2)]
    pub release_issued: i64,
    /// Rows not yet covered by a receipt.
    #[n(3)]
    pub queue: u64,
    /// Free bytes where the journal lives.
    #[n(4)]
    pub disk_free: u64,
    /// Hours until the journal is full at the present traffic; absent without traffic.
    #[n(5)]
    pub disk_hours: Option<u32>,
    /// Whether frames arrive.
    #[n(6)]
    pub camera: bool,
    /// Millidegrees Celsius of the processor, where the board tells.
    #[n(7)]
    pub temperature: Option<i32>,
}
