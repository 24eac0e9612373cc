//! The last words of the kernel: cards and cameras that fail say so there.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::OFlags;

/// Its messages, record by record (Linux, Documentation/ABI/testing/dev-kmsg).
const KMSG: &str = "/dev/kmsg";

/// Most bytes kept, the newest.
const LONGEST: usize = 128 * 1024;

/// Longest record; the kernel's own are shorter.
const RECORD: usize = 8192;

/// Most records read: a kernel that talks faster than it is listened to must not keep anybody.
const MOST: usize = 100_000;

/// The newest lines.
pub(super) fn tail() -> Result<Vec<u8>, String> {
    let failed = |error| format!("{KMSG}: {error}; root may read it");
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let mut kmsg = File::options().read(true).custom_flags(flags).open(KMSG).map_err(failed)?;
    let (mut lines, mut bytes) = (VecDeque::new(), 0);
    let mut record = [0; RECORD];
    for _ in 0..MOST {
        let read = match kmsg.read(&mut record) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // It was overwritten meanwhile; the next read goes on where there is something.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => continue,
            Err(error) => return Err(failed(error)),
        };
        let Some(line) = line(&String::from_utf8_lossy(&record[..read])) else { continue };
        bytes += line.len();
        lines.push_back(line);
        while bytes > LONGEST
            && let Some(oldest) = lines.pop_front()
        {
            bytes -= oldest.len();
        }
    }
    Ok(lines.into_iter().collect::<String>().into_bytes())
}

/// `priority,sequence,microseconds,flags;words`, and lines of properties after it.
pub(super) fn line(record: &str) -> Option<String> {
    let (head, words) = record.lines().next()?.split_once(';')?;
    let micros: u64 = head.split(',').nth(2)?.parse().ok()?;
    Some(format!("[{:>5}.{:06}] {words}\n", micros / 1_000_000, micros % 1_000_000))
}
