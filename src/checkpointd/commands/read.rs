//! `checkpointd read`: what the reader makes of pictures.

mod bench;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use reader::{Attempt, Code, Hint, Look, Reader, Region, Settings};
use serde_json::{Value, json};

/// Milliseconds for one picture where people wait for the answer, and no next frame comes.
const PATIENCE: u64 = 2_000;

/// Read the codes in pictures; one line an image: path, outcome, text or why there is none, milliseconds, what read it.
#[derive(clap::Args)]
#[command(
    after_help = "The outcome is read, unread (a picture, but no text), missing (no such file) or not-a-picture. \
                  Several texts of one image stand with | between them. What read a code is a rung of the search: \
                  docs/reader.md names them. --format json says more, an object a line: every code with its corners \
                  in pixels, beginning with its own upper left, where a code seems to be, every attempt with its \
                  microseconds.\n\n\
                  With --format bench there is one IMAGE, and it is a list: the paths of pictures, one a line. A line \
                  is printed for each: path, microseconds of processor time of the decoding alone, how many texts, \
                  the texts in hexadecimal with commas between, a note; with tabs between. The note is \
                  PANIC, TIMEOUT (a decoder was stopped), EXC (no picture), or empty. How to measure with it: \
                  docs/reader.md.\n\n\
                  Exit code: 0 when every image was read, 1 otherwise. With --format bench: 0 when the list was gone \
                  through, whatever was read; 2 when the list cannot be read or the question makes no sense.\n\n\
                  Examples:\n  checkpointd read --format json photos/\n  \
                  checkpointd read --format bench LIST.txt >ours.tsv\n  \
                  checkpointd read --format bench --stream BURSTS.txt >ours.tsv"
)]
pub struct Args {
    /// How the lines are written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Milliseconds after which nothing further is tried on an image: 2000, and with --format bench what the box
    /// has for a frame.
    #[arg(long, value_name = "N")]
    budget_ms: Option<u64>,
    /// With --format bench: the pictures are frames of a camera, in order. A new camera begins where the part of the
    /// file's name before `-` changes.
    #[arg(long)]
    stream: bool,
    /// Pictures, or folders of pictures; with --format bench one list of them.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For comparisons with other decoders.
    Bench,
}

/// Reads and prints.
pub fn run(args: Args) -> ExitCode {
    if args.format == Format::Bench || args.stream {
        return bench::run(&args);
    }
    let budget = Duration::from_millis(args.budget_ms.unwrap_or(PATIENCE));
    // A rung that was begun within the budget may still end.
    let deadline = budget.saturating_mul(2);
    let mut reader = Reader::new(Settings { budget, deadline, worker: std::env::current_exe().ok() });
    let mut all_read = true;
    for image in args.images.iter().flat_map(|path| files(path)) {
        let look = board::still(&image).map(|frame| reader.look(&frame));
        let outcome = match &look {
            Ok(look) if look.codes.is_empty() => "unread",
            Ok(_) => "read",
            Err(board::Fault::Missing { .. }) => "missing",
            Err(_) => "not-a-picture",
        };
        all_read &= outcome == "read";
        match args.format {
            Format::Json => println!("{}", to_json(&image, outcome, look.ok().as_ref())),
            _ => print_text(&image, outcome, look.ok().as_ref()),
        }
    }
    if all_read { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The file itself, or every file of a folder in order of name.
fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn milliseconds(look: &Look) -> f64 {
    look.micros as f64 / 1000.0
}

fn print_text(image: &Path, outcome: &str, look: Option<&Look>) {
    let Some(look) = look else { return println!("{}\t{outcome}", image.display()) };
    let joined = |of: &dyn Fn(&Code) -> String| look.codes.iter().map(of).collect::<Vec<_>>().join(" | ");
    let said = if look.codes.is_empty() { why(look).to_owned() } else { joined(&|code| one_line(&code.text)) };
    let by = joined(&|code| code.path.as_str().to_owned());
    println!("{}\t{outcome}\t{said}\t{:.1} ms\t{by}", image.display(), milliseconds(look));
}

/// A text without what would break its line or move the terminal's pen.
fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|letter| if letter.is_control() { letter.escape_default().collect() } else { vec![letter] })
        .collect()
}

/// Why nothing was read, for whoever took the picture.
const fn why(look: &Look) -> &'static str {
    match look.hint {
        Some(Hint::TooFar) => "a code too far away: its modules are too small",
        Some(Hint::TooClose) => "a code too close: it is larger than the picture",
        Some(Hint::TooDark) => "a code, but too dark",
        Some(Hint::Glare) => "a code with a reflection on it",
        Some(Hint::Blurred) => "a blurred code: out of focus, or moved",
        Some(Hint::CutOff) => "a code that is not seen whole",
        Some(Hint::NotQr) => "a code of another kind",
        None if look.located => "something like a code",
        None => "no code seen",
    }
}

fn to_json(image: &Path, outcome: &str, look: Option<&Look>) -> Value {
    let Some(look) = look else { return json!({"image": image, "outcome": outcome}) };
    let code = |code: &Code| json!({"text": code.text, "path": code.path.as_str(), "corners": code.corners});
    let attempt = |a: &Attempt| json!({"rung": a.rung.as_str(), "us": a.micros, "outcome": a.outcome.as_str()});
    let region = |r: Region| json!({"x": r.x, "y": r.y, "width": r.width, "height": r.height});
    json!({
        "image": image,
        "outcome": outcome,
        "codes": look.codes.iter().map(code).collect::<Vec<_>>(),
        "hint": look.hint.map(Hint::as_str),
        "region": look.region.map(region),
        "attempts": look.attempts.iter().map(attempt).collect::<Vec<_>>(),
        "ms": milliseconds(look),
    })
}
