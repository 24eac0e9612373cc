//! The link: crossings and health out, receipts and releases in, when there is a line.
//!
//! Responsible for connecting and coming back, for sending the journal's rows until HQ's receipt covers
//! them, for showing HQ alerts before that, for
//! checking receipts and commands before anybody may act on them, for the box's online state and its
//! heartbeat, and for telling `trust` that there is a newer release.
//!
//! Not responsible for keeping anything: the journal is the queue, the client library never is. Nor for
//! fetching releases, nor for what a row says; rows are sealed before they come here. Nor for doing what is commanded.
//!
//! Invariants: a row counts as delivered only by a receipt of HQ that was verified and that the journal
//! took as its own; a broker's acknowledgement counts for nothing; nothing here waits for the network in
//! a way that makes anybody else wait; whatever goes wrong with a connection, it is dropped whole and
//! built anew.
//!
//! Words: *covered* is the last row a receipt speaks of; the *cursor* is the last row handed to the line
//! since the last beginning; to *resend* is to put the cursor back to what is covered.
#![forbid(unsafe_code)]

mod command;
mod error;
pub mod link;
mod machine;
mod outbox;
mod receipt;
mod run;

pub use command::{Refused, judged};
pub use error::Error;
pub use machine::{Command, Event, Machine, Pace, State};
pub use outbox::{JournalOutbox, Outbox};
pub use receipt::verified;
pub use run::{Ends, LinkStatus, Told, run};
