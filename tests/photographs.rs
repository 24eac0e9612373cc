//! Photographs of codes that nobody here took: the box reads as many as it has read before, reads nothing wrong, and
//! sees nothing where there is nothing.
//!
//! Where the full set stands beside the project it is read too, otherwise only the part that the project carries; the
//! test says which. Comparisons with other decoders on the same photographs are `tests/peers/run`.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use checkpoint_tests::{is_long, measured, programs};

/// Fewest photographs that must be read, of those that show a code: 70 of them in the carried part, 618 in the full
/// set. What has been read once must be read again: raise them when the reader gets better. They hold in every profile:
/// of what is read, nothing takes much more than half of what
/// the box has for a frame.
const FLOOR_CARRIED: usize = 67;
const FLOOR_FULL: usize = 570;

/// The one exception: what its source says is in it lacks a letter ("photograph of"). Four decoders
/// read "photography of", once the gaps between its modules are closed. It counts neither as read nor as wrong.
const MISSPELT: [&str; 1] = ["zxing-2-13.jpg"];

/// A photograph as the manifest has it.
struct Photograph {
    /// What may be read, folded; empty where nobody knows.
    texts: HashSet<String>,
    /// Codes in the picture; none in those that are made to fool a reader.
    codes: usize,
}

/// What became of a set.
#[derive(Default)]
struct Count {
    shown: usize,
    read: usize,
    wrong: Vec<String>,
    out_of_nothing: Vec<String>,
    notes: BTreeMap<String, Vec<String>>,
}

#[test]
fn photographs_are_read_and_nothing_is_read_that_is_not_there() {
    let carried = programs::project().join("tests/data/qr-photos");
    judge("carried part", &carried, FLOOR_CARRIED);
    let full = programs::project().join("../shared/qr-photos");
    let only_carried = std::env::var_os("CHECKPOINT_VECTORS").is_some_and(|which| which == "carried");
    if full.is_dir() && !only_carried {
        judge("full set", &full, FLOOR_FULL);
    }
}

fn judge(which: &str, folder: &Path, floor: usize) {
    let photographs = manifest(folder);
    let count = count(&photographs, &read(folder, &photographs));
    println!(
        "vectors: qr-photos ({which}): {} photographs, {} of {} with a code read",
        photographs.len(),
        count.read,
        count.shown
    );
    measured(&format!("photographs, {which}: {} of {} read, {} wrong", count.read, count.shown, count.wrong.len()));
    assert_eq!(count.wrong, [""; 0], "{which}: texts that are not there");
    assert_eq!(count.out_of_nothing, [""; 0], "{which}: texts where there is no code");
    assert!(!count.notes.contains_key("PANIC"), "{which}: panics: {:?}", count.notes);
    assert!(!count.notes.contains_key("EXC"), "{which}: pictures that cannot be opened: {:?}", count.notes);
    assert!(count.read >= floor, "{which}: {} were read, {floor} must be", count.read);
}

/// Names of files with what is known of them.
fn manifest(folder: &Path) -> BTreeMap<String, Photograph> {
    let text = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let photographs: BTreeMap<_, _> = text
        .lines()
        .skip(1)
        .map(|line| {
            let [file, texts, _source, _licence, _set, codes, truth, _read_by] =
                line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let mut texts: Vec<String> = serde_json::from_str(texts).unwrap();
            texts.retain(|_| !MISSPELT.contains(&file));
            // Where nobody has confirmed a text, a code may stand there all the same.
            let codes = if truth == "no-code" { 0 } else { codes.parse::<usize>().unwrap().max(1) };
            (file.to_owned(), Photograph { texts: texts.iter().map(|text| folded(text)).collect(), codes })
        })
        .collect();
    assert!(!photographs.is_empty(), "{} lists nothing", folder.display());
    photographs
}

/// A text without what depends on how its bytes are taken for letters: decoders differ there, and rightly.
fn folded(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).collect()
}

/// Name, texts and note of every photograph, as the program gives them.
fn read(folder: &Path, photographs: &BTreeMap<String, Photograph>) -> Vec<(String, HashSet<String>, String)> {
    let desk = tempfile::tempdir().unwrap();
    let mut list = String::new();
    for name in photographs.keys() {
        list.push_str(&format!("{}\n", folder.join(name).display()));
    }
    let file = desk.path().join("list.txt");
    std::fs::write(&file, list).unwrap();
    let mut command = Command::new(programs::ours("checkpointd"));
    command.args(["read", "--format", "bench"]).arg(&file);
    if !is_long() {
        // What is tested here is hardly optimised and checks all arithmetic: it has the time it needs.
        command.args(["--budget-ms", "10000"]);
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}: {}", done.status, String::from_utf8_lossy(&done.stderr));
    let lines = String::from_utf8(done.stdout).unwrap();
    let read: Vec<_> = lines.lines().zip(photographs.keys()).map(|(line, name)| (name.clone(), line)).collect();
    assert_eq!(lines.lines().count(), photographs.len(), "a line a photograph");
    read.into_iter()
        .map(|(name, line)| {
            let [path, time, number, texts, note] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            assert_eq!(Path::new(path), folder.join(&name), "lines come in order");
            let texts: HashSet<String> = texts.split(',').filter(|text| !text.is_empty()).map(unhexed).collect();
            assert!(time.parse::<u64>().is_ok() && number.parse::<usize>().unwrap() >= texts.len(), "{line}");
            (name, texts.iter().map(|text| folded(text)).collect(), note.to_owned())
        })
        .collect()
}

fn unhexed(hex: &str) -> String {
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    String::from_utf8(bytes).unwrap()
}

fn count(photographs: &BTreeMap<String, Photograph>, lines: &[(String, HashSet<String>, String)]) -> Count {
    let mut count = Count::default();
    for (name, texts, note) in lines {
        let photograph = &photographs[name];
        let expected = texts.iter().any(|text| photograph.texts.contains(text));
        // Of several codes not every text is known; a text of nothing but other letters folds to nothing.
        let strange = texts.iter().any(|text| !text.is_empty() && !photograph.texts.contains(text));
        match photograph.codes {
            0 if !texts.is_empty() => count.out_of_nothing.push(name.clone()),
            0 => {}
            codes => {
                count.shown += 1;
                count.read += usize::from(expected);
                if codes == 1 && strange && !photograph.texts.is_empty() {
                    count.wrong.push(name.clone());
                }
            }
        }
        if !note.is_empty() {
            count.notes.entry(note.clone()).or_default().push(name.clone());
        }
    }
    count
}

#[test]
fn a_list_that_cannot_be_read_is_named_and_ends_with_2() {
    let ask = |arguments: &[&str]| {
        let done = Command::new(programs::ours("checkpointd")).arg("read").args(arguments).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{arguments:?}");
        assert!(done.stdout.is_empty(), "{arguments:?}");
        String::from_utf8(done.stderr).unwrap()
    };
    let absent: PathBuf = tempfile::tempdir().unwrap().path().join("absent.txt");
    let absent = absent.to_str().unwrap();
    assert!(ask(&["--format", "bench", absent]).contains(absent));
    assert!(ask(&["--format", "bench", absent, absent]).contains("one list"));
    assert!(ask(&["--stream", absent]).contains("--format bench"));
}

#[test]
fn every_path_of_a_list_has_its_line_even_one_that_is_no_picture() {
    let desk = tempfile::tempdir().unwrap();
    let at = |name: &str| desk.path().join(name).display().to_string();
    std::fs::write(at("text.pgm"), "no picture").unwrap();
    image::GrayImage::from_pixel(64, 48, image::Luma([200])).save(at("road.pgm")).unwrap();
    let paths = [at("absent.pgm"), at("text.pgm"), at("road.pgm")];
    std::fs::write(at("list.txt"), paths.join("\n")).unwrap();
    for stream in [&[][..], &["--stream"]] {
        let mut command = Command::new(programs::ours("checkpointd"));
        let done = command.args(["read", "--format", "bench"]).args(stream).arg(at("list.txt")).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let lines = String::from_utf8(done.stdout).unwrap();
        let lines: Vec<Vec<&str>> = lines.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.iter().map(|line| line[0]).collect::<Vec<_>>(), paths);
        assert_eq!(
            lines.iter().map(|line| &line[2..]).collect::<Vec<_>>(),
            [["0", "", "EXC"], ["0", "", "EXC"], ["0", "", ""]]
        );
    }
}
