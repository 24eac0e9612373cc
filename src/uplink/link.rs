//! What the link needs from a client: a pipe that may break at any moment and keeps nothing.

use std::future::Future;

pub mod mqtt;
pub mod subscriber;
pub mod tls;

/// What comes from the far side, or happens to the pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// The connection stands; the box's state is announced, and what HQ says is subscribed to.
    Connected,
    /// Bytes that claim to be a receipt.
    Receipt(Vec<u8>),
    /// Bytes that claim to be the head of a newer release.
    Release(Vec<u8>),
    /// Bytes that claim to be the bundle of a newer release.
    News(Vec<u8>),
    /// Bytes that claim to be a command.
    Command(Vec<u8>),
    /// Bytes that claim to be the head of merged uses.
    Uses(Vec<u8>),
    /// Bytes that claim to be a sheet of merged uses.
    Sheet(Vec<u8>),
    /// The broker has taken rows that nobody listens for.
    Unheard,
    /// The connection is gone, and why, for the log.
    Lost(String),
}

/// What the box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outgoing {
    /// A batch of rows; to be delivered at least once while the connection stands.
    Crossings,
    /// One row that HQ should see at once; to be delivered at least once while the connection stands.
    Alerts,
    /// A heartbeat; may get lost.
    Health,
    /// The answer to a command; to be delivered at least once while the connection stands.
    Diag,
}

/// The pipe takes nothing more for the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// A client of the broker.
pub trait Link {
    /// Begins to connect with a new client; whatever was there before is dropped with all it holds.
    fn connect(&mut self);

    /// Drops the client. To HQ this is a box that went away.
    fn close(&mut self);

    /// Says that the box goes by itself, if the line lets it within a moment, and drops the client.
    fn part(&mut self) -> impl Future<Output = ()>;

    /// Hands a message over without ever waiting.
    ///
    /// # Errors
    /// [`Full`], also when there is no connection.
    fn send(&mut self, what: Outgoing, payload: Vec<u8>) -> Result<(), Full>;

    /// The next thing that comes; never anything of a client that was dropped. Waits for ever without one.
    /// Nothing is lost when the wait is given up.
    fn next(&mut self) -> impl Future<Output = Incoming>;
}
