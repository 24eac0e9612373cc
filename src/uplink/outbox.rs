//! The journal as the link needs it.

use journal::Urgent;
use wire::WallTime;
use wire::row::{Receipt, Row};

/// Rows to send, and the one thing that may make them go away. Called from a thread that may block.
pub trait Outbox: Send + 'static {
    /// Up to `rows` consecutive rows above a sequence, and about `bytes` of bodies; at least one if there is one.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn rows_after(&mut self, sequence: u64, rows: usize, bytes: usize) -> Result<Vec<Row>, journal::Error>;

    /// Sequence of the last durable row; 0 when there is none.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn head(&mut self) -> Result<u64, journal::Error>;

    /// Sequence of the last alert; 0 when there is none.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn last_alert(&mut self) -> Result<u64, journal::Error>;

    /// The first alert above a sequence, with what HQ needs to open it alone.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn alert_after(&mut self, sequence: u64) -> Result<Option<Urgent>, journal::Error>;

    /// Sequence of the last row that a receipt has covered; 0 when there is none.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn settled(&mut self) -> Result<u64, journal::Error>;

    /// Takes a verified receipt.
    ///
    /// # Errors
    /// [`journal::Error::Receipt`] when it does not fit this journal, another when it cannot be written down.
    fn settle(&mut self, receipt: &Receipt) -> Result<(), journal::Error>;
}

/// The box's journal: read on a connection of its own, settled by its one writer.
pub struct JournalOutbox<C> {
    reader: journal::Outbox,
    writer: journal::Writer,
    clock: C,
}

impl<C: Fn() -> WallTime + Send + 'static> JournalOutbox<C> {
    /// Puts the two halves together; `clock` dates receipts, so that rows can stay some days after theirs.
    pub const fn new(reader: journal::Outbox, writer: journal::Writer, clock: C) -> Self {
        Self { reader, writer, clock }
    }
}

impl<C: Fn() -> WallTime + Send + 'static> Outbox for JournalOutbox<C> {
    fn rows_after(&mut self, sequence: u64, rows: usize, bytes: usize) -> Result<Vec<Row>, journal::Error> {
        self.reader.rows_after(sequence, rows, bytes)
    }

    fn head(&mut self) -> Result<u64, journal::Error> {
        self.reader.head()
    }

    fn last_alert(&mut self) -> Result<u64, journal::Error> {
        self.reader.last_alert()
    }

    fn alert_after(&mut self, sequence: u64) -> Result<Option<Urgent>, journal::Error> {
        self.reader.alert_after(sequence)
    }

    fn settled(&mut self) -> Result<u64, journal::Error> {
        self.reader.settled()
    }

    fn settle(&mut self, receipt: &Receipt) -> Result<(), journal::Error> {
        self.writer.settle(receipt.clone(), (self.clock)())
    }
}
