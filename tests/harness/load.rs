//! A real box under more load than a lane can see, and its peer that trusts the broker's acknowledgement.
//!
//! The programs are in `tests/load`; here are what they leave in files and how they are started. Files, because they
//! survive a SIGKILL: what a program has written before it is there after it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::desk::Desk;
use crate::post::Post;
use crate::process::Process;

/// Numbers in a file, changed in place.
pub struct Numbers<const N: usize>(File);

impl<const N: usize> Numbers<N> {
    /// Opens a file of numbers, or makes one of noughts.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn at(path: &Path) -> Self {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path);
        Self(file.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// Changes them, all with one write.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn set(&self, numbers: [u64; N]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.0.write_all_at(&bytes, 0).expect("a file of numbers can be written");
    }

    /// What they are.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn get(&self) -> [u64; N] {
        let mut bytes = vec![0; 8 * N];
        let there = self.0.read_at(&mut bytes, 0).expect("a file of numbers can be read");
        bytes[there..].fill(0);
        let mut numbers = [0; N];
        for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(8)) {
            *number = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        }
        numbers
    }
}

/// What a box under load says: rows handed to the line, the last row receipted, rows that wait, connections that stood,
/// receipts refused.
pub type Said = Numbers<5>;

/// Rests the load while this file is in its folder.
pub const REST: &str = "rest";

/// The last sequence the box has called durable.
pub const DURABLE: &str = "durable";

/// Crossings the peer has granted.
pub const GRANTED: &str = "granted";

/// Crossings the peer's collector has heard of: eight bytes each.
pub const HEARD: &str = "heard";

/// A board that costs next to nothing: the load comes from elsewhere.
const BOARD: &str = r#"name = "load"
[camera]
kind = "folder"
path = "frames"
hold = 1
every_ms = 1000
repeat = true
[screen]
kind = "file"
path = "panel.png"
width = 320
height = 240
[keys]
kind = "file"
path = "keys"
[lamp]
kind = "file"
path = "lamp"
[clock]
kind = "system"
trust = "ntp"
"#;

/// A load on a desk. It rests until it is let go.
pub struct Load {
    folder: PathBuf,
    every: Duration,
}

impl Load {
    /// Makes a provisioned box ready for so many crossings a second.
    ///
    /// # Panics
    /// When the desk cannot be written.
    pub fn on(desk: &Desk, post: &Post, per_second: u32) -> Self {
        let folder = desk.path(&format!("load-{}", post.name));
        std::fs::create_dir_all(&folder).expect("the desk can be written");
        std::fs::write(post.path("desk.toml"), BOARD).expect("the desk can be written");
        post.show("0.png", &crate::pictures::blank(320, 240));
        let load = Self { folder, every: Duration::from_secs(1) / per_second };
        load.rest(true);
        load
    }

    /// Lets it rest, or go.
    ///
    /// # Panics
    /// When the desk cannot be written.
    pub fn rest(&self, rests: bool) {
        let file = self.folder.join(REST);
        let done = if rests { std::fs::write(&file, b"") } else { std::fs::remove_file(&file) };
        done.expect("the desk can be written");
    }

    fn command(&self, program: &Path, mode: &str) -> Command {
        let mut command = Command::new(program);
        command.arg(mode).arg(&self.folder).arg(self.every.as_micros().to_string());
        command
    }

    /// Starts the box; `program` is the test's own `CARGO_BIN_EXE_load`. `patience` is the link's, in milliseconds; 0 is
    /// the usual one.
    pub fn start_box(&self, program: &Path, post: &Post, patience: u64) -> Process {
        let mut command = self.command(program, "box");
        command.arg(post.path("box.toml")).arg(patience.to_string());
        Process::start(&format!("load-{}", post.name), &mut command, &self.folder)
    }

    /// Starts the peer, or its collector, at a broker.
    pub fn start_peer(&self, program: &Path, mode: &str, desk: &Desk) -> Process {
        let mut command = self.command(program, mode);
        command.arg(desk.broker_address.to_string());
        Process::start(mode, &mut command, &self.folder)
    }

    /// The last row the box has called durable.
    pub fn durable(&self) -> u64 {
        Numbers::<1>::at(&self.folder.join(DURABLE)).get()[0]
    }

    /// What every start of the box has said, the oldest first.
    ///
    /// # Panics
    /// When the desk cannot be read.
    pub fn said(&self) -> Vec<[u64; 5]> {
        let mut starts: Vec<(u64, PathBuf)> = std::fs::read_dir(&self.folder)
            .expect("the desk can be read")
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name();
                Some((name.to_str()?.strip_prefix("said.")?.parse().ok()?, entry.path()))
            })
            .collect();
        starts.sort();
        starts.into_iter().map(|(_, path)| Said::at(&path).get()).collect()
    }

    /// Rows handed to the line so far, repeats included.
    pub fn sent(&self) -> u64 {
        self.said().iter().map(|said| said[0]).sum()
    }

    /// The last row covered by a receipt, once nothing waits any more.
    pub fn drained(&self) -> Option<u64> {
        let [_, covered, queue, ..] = *self.said().last()?;
        (queue == 0 && covered > 0 && covered >= self.durable()).then_some(covered)
    }

    /// Crossings that the peer granted, and how many of them its collector has not heard of.
    ///
    /// # Panics
    /// When the desk cannot be read.
    pub fn peer(&self) -> (u64, u64) {
        let [granted] = Numbers::<1>::at(&self.folder.join(GRANTED)).get();
        let heard: std::collections::HashSet<_> = self.heard().collect();
        (granted, (0..granted).filter(|number| !heard.contains(number)).count() as u64)
    }

    /// How often the peer's collector has heard of a crossing.
    pub fn heard(&self) -> impl Iterator<Item = u64> {
        let bytes = std::fs::read(self.folder.join(HEARD)).unwrap_or_default();
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        bytes.chunks_exact(8).map(number).collect::<Vec<_>>().into_iter()
    }
}
