//! Devices that any computer has: files for a screen, keys and a lamp. They make a box of a desk, and of a test,
//! without a special build.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::{Buzzer, Fault, Key, Keys, Lamp, Light, Picture, Screen, Tone};

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Fault {
    let device = path.display().to_string();
    move |source| Fault::Failed { device, source: source.into() }
}

/// Replaces a file whole: whoever reads it sees the old content or the new. It is nobody else's to read: a panel
/// may show a name.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let aside = path.with_extension("part");
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&aside).and_then(|mut file| file.write_all(bytes));
    written.and_then(|()| std::fs::rename(&aside, path)).map_err(failed(path))
}

/// A screen that is a PNG file.
pub(crate) struct PngScreen {
    pub path: PathBuf,
    pub size: (u32, u32),
}

impl Screen for PngScreen {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn show(&mut self, picture: &Picture) -> Result<(), Fault> {
        replace(&self.path, &picture.to_png())
    }
}

/// A lamp that is a word in a file.
pub(crate) struct WordLamp(pub PathBuf);

impl Lamp for WordLamp {
    fn set(&mut self, light: Light) -> Result<(), Fault> {
        replace(&self.0, format!("{}\n", light.as_str()).as_bytes())
    }
}

/// Longest pause between two looks into the file of keys.
const LOOK: Duration = Duration::from_millis(20);

/// Most bytes of a word; longer lines are no key.
const LONGEST_WORD: usize = 64;

/// Keys that are words in a file, one a line, taken as the file grows.
pub(crate) struct WordKeys {
    path: PathBuf,
    /// Where the next word begins; none before the first look: what stood there before is not pressed.
    from: Option<u64>,
    waiting: Vec<u8>,
}

impl WordKeys {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, from: None, waiting: Vec::new() }
    }

    /// Takes what has been written since; a file that is not there is an empty one.
    fn fill(&mut self) -> Result<(), Fault> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.from = Some(0);
                return Ok(());
            }
            Err(error) => return Err(failed(&self.path)(error)),
        };
        let length = file.metadata().map_err(failed(&self.path))?.len();
        let from = *self.from.get_or_insert(length);
        // A file that has become shorter was begun anew.
        let from = if length < from { 0 } else { from };
        let mut new = Vec::new();
        file.seek(SeekFrom::Start(from))
            .and_then(|_| file.take(4096).read_to_end(&mut new))
            .map_err(failed(&self.path))?;
        self.from = Some(from + new.len() as u64);
        self.waiting.extend(new);
        Ok(())
    }

    fn word(&mut self) -> Option<Key> {
        while let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.waiting.drain(..=end).collect();
            match String::from_utf8_lossy(&line).trim().parse() {
                Ok(key) => return Some(key),
                // Not the word: somebody may have typed a plate there.
                Err(crate::UnknownKey(_)) => tracing::warn!("a line names no key"),
            }
        }
        self.waiting.truncate(LONGEST_WORD);
        None
    }
}

impl Keys for WordKeys {
    fn next(&mut self, wait: Duration) -> Result<Option<Key>, Fault> {
        let began = Instant::now();
        loop {
            if let Some(key) = self.word() {
                return Ok(Some(key));
            }
            let left = wait.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(left.min(LOOK));
            self.fill()?;
        }
    }
}

/// A device that this board does not have, and that nobody misses.
pub struct Nothing;

impl Keys for Nothing {
    fn next(&mut self, wait: Duration) -> Result<Option<Key>, Fault> {
        std::thread::sleep(wait);
        Ok(None)
    }
}

impl Lamp for Nothing {
    fn set(&mut self, _: Light) -> Result<(), Fault> {
        Ok(())
    }
}

impl Buzzer for Nothing {
    fn sound(&mut self, _: Tone) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_written_after_the_start_are_keys_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "no\n").unwrap();
        let mut keys = WordKeys::new(path.clone());
        assert_eq!(keys.next(Duration::from_millis(30)).unwrap(), None);
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"yes\nnonsense\n7\nB\nlang").unwrap();
        let mut pressed = || keys.next(Duration::from_millis(200)).unwrap();
        assert_eq!([pressed(), pressed(), pressed()], [Some(Key::Yes), Some(Key::Digit(7)), Some(Key::Letter('B'))]);
        assert_eq!(pressed(), None);
        file.write_all(b"uage\n").unwrap();
        assert_eq!(pressed(), Some(Key::Language));
    }

    #[test]
    fn a_screen_that_cannot_be_written_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let mut screen = PngScreen { path: folder.path().join("panel.png"), size: (8, 4) };
        screen.show(&Picture::new(8, 4)).unwrap();
        assert!(std::fs::read(&screen.path).unwrap().starts_with(b"\x89PNG"));
        screen.path = folder.path().join("nowhere/panel.png");
        assert!(matches!(screen.show(&Picture::new(8, 4)), Err(Fault::Failed { .. })));
    }
}
