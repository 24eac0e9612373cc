//! Decoders of others in the one-line protocol of `checkpointd read --format bench`:
//!
//!     peers NAME LIST.txt        NAME is one of those that `peers` prints
//!
//! Each is asked for QR codes alone, as thoroughly as it can look. A panic is a line with PANIC, and the next picture
//! has its turn.
#![forbid(unsafe_code)]

mod decoders;

use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A grey picture, rows without padding.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub luma: Vec<u8>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, list] = &arguments[..] else {
        decoders::ALL.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::from(u8::from(!arguments.is_empty()) * 2);
    };
    let Some((_, decode)) = decoders::ALL.iter().find(|(known, _)| known == name) else {
        eprintln!("peers: {name} is not known here");
        return ExitCode::from(2);
    };
    // A panic is told by its line.
    std::panic::set_hook(Box::new(|_| {}));
    match go_through(list, *decode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {list}: {error}");
            ExitCode::from(2)
        }
    }
}

fn go_through(list: &str, decode: decoders::Decode) -> io::Result<()> {
    let list = std::fs::read_to_string(list)?;
    let mut out = io::stdout().lock();
    for path in list.lines().filter(|line| !line.is_empty()) {
        let Some(picture) = std::fs::read(path).ok().and_then(|bytes| pgm(&bytes)) else {
            writeln!(out, "{path}\t0\t0\t\tEXC")?;
            continue;
        };
        let before = processor_time();
        let texts = catch_unwind(AssertUnwindSafe(|| decode(&picture)));
        let spent = processor_time().saturating_sub(before).as_micros();
        let (texts, note) = texts.map_or((Vec::new(), "PANIC"), |texts| (texts, ""));
        let hex: Vec<String> =
            texts.iter().map(|text| text.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
        writeln!(out, "{path}\t{spent}\t{}\t{}\t{note}", texts.len(), hex.join(","))?;
        out.flush()?;
    }
    Ok(())
}

/// A binary PGM of eight bits: `P5`, width, height, 255, one white space, the rows.
fn pgm(bytes: &[u8]) -> Option<Picture> {
    let (mut words, mut at) = (Vec::new(), 0);
    while words.len() < 4 {
        let begins = at + bytes.get(at..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
        at = begins + bytes.get(begins..)?.iter().position(u8::is_ascii_whitespace)?;
        words.push(std::str::from_utf8(&bytes[begins..at]).ok()?);
    }
    let (width, height) = (words[1].parse().ok()?, words[2].parse().ok()?);
    let luma = bytes.get(at + 1..)?.get(..usize::checked_mul(width, height)?)?.to_vec();
    (words[0] == "P5" && words[3] == "255").then_some(Picture { width, height, luma })
}

/// Of this process, all its threads together.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.try_into().unwrap_or_default())
}
