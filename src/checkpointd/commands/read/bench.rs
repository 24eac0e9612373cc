//! `checkpointd read --format bench`: one line a picture, as every decoder is measured that is compared with ours.
//!
//! Times are processor time of the decoding alone; reading the file is not counted. Nothing else is started here that
//! the box needs and a measurement does not: a whole process is measured too, instruction by instruction.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use board::Frame;
use reader::{Look, Outcome, Reader, Settings};
use rustix::time::{ClockId, clock_gettime};

use super::{Args, Format};

/// Between two frames of a stream, as its frames tell the time: a camera of thirty a second.
const APART: Duration = Duration::from_micros(33_333);

/// Why there is nothing to measure, or nowhere to write it.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("--stream is for --format bench")]
    StreamOfOthers,
    #[error("--format bench takes one list of pictures; {0} were given")]
    NotOneList(usize),
    #[error("the list {0} cannot be read")]
    List(PathBuf, #[source] io::Error),
    #[error("the lines cannot be written")]
    Print(#[from] io::Error),
}

/// Goes through the list and prints.
pub fn run(args: &Args) -> ExitCode {
    match measure(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("checkpointd read: {error}");
            if let Some(cause) = std::error::Error::source(&error) {
                eprint!(": {cause}");
            }
            eprintln!();
            ExitCode::from(2)
        }
    }
}

fn measure(args: &Args) -> Result<(), Unusable> {
    if args.format != Format::Bench {
        return Err(Unusable::StreamOfOthers);
    }
    let [list] = &args.images[..] else { return Err(Unusable::NotOneList(args.images.len())) };
    let lines = std::fs::read_to_string(list).map_err(|source| Unusable::List(list.clone(), source))?;
    let mut settings = Settings::default();
    settings.budget = args.budget_ms.map_or(settings.budget, Duration::from_millis);
    let mut reader = Reader::new(settings.clone());
    let (mut shown, mut number) = (None, 0);
    let mut out = io::stdout().lock();
    for path in lines.lines().filter(|line| !line.is_empty()) {
        if args.stream {
            let camera = camera(path);
            if shown != Some(camera) {
                (reader, shown, number) = (Reader::new(settings.clone()), Some(camera), 0);
            }
        }
        let line = match board::still(Path::new(path)) {
            Ok(frame) => looked_at(&mut reader, Frame { number, at: at(number), ..frame }, args.stream),
            Err(_) => "0\t0\t\tEXC".to_owned(),
        };
        number += 1;
        writeln!(out, "{path}\t{line}")?;
        // Whoever waits for the line of a picture that takes long sees all before it.
        out.flush()?;
    }
    Ok(())
}

/// What the frames of one camera have in common: their files' name before `-`.
fn camera(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('-').next().unwrap_or(name)
}

fn at(number: u64) -> Duration {
    APART * u32::try_from(number).unwrap_or(u32::MAX)
}

fn looked_at(reader: &mut Reader, frame: Frame, stream: bool) -> String {
    let before = processor_time();
    let look = if stream { reader.watch(&frame) } else { reader.look(&frame) };
    let others = Duration::from_micros(look.others_micros);
    let spent = processor_time().saturating_sub(before) + others;
    let mut line = format!("{}\t{}\t", spent.as_micros(), look.codes.len());
    for (place, code) in look.codes.iter().enumerate() {
        line.push_str(if place > 0 { "," } else { "" });
        for byte in code.text.bytes() {
            // Writing to a string cannot fail.
            let _ = write!(line, "{byte:02x}");
        }
    }
    line.push('\t');
    line.push_str(note(&look));
    line
}

/// Of this process, all its threads together.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // The clock begins with the process: it is never negative.
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn note(look: &Look) -> &'static str {
    let any = |outcome| look.attempts.iter().any(|attempt| attempt.outcome == outcome);
    match () {
        () if any(Outcome::Panicked) => "PANIC",
        () if any(Outcome::TimedOut) => "TIMEOUT",
        () => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_camera_begins_where_the_name_before_the_dash_changes() {
        assert_eq!(camera("/bursts/of-may/007-29.pgm"), "007");
        assert_eq!(camera("008-00.pgm"), "008");
        assert_eq!(camera("plain.pgm"), "plain.pgm");
    }
}
