//! Still images as frames, and folders of them as a camera.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{BadPicture, Camera, Fault, Frame, luma};

/// Most bytes of a file: a camera's raw picture of the largest size. What is longer is not read.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Reads one picture as luma.
///
/// # Errors
/// [`Fault::Missing`] when there is no such file, [`Fault::Failed`] when it is no picture or too large.
pub fn still(path: &Path) -> Result<Frame, Fault> {
    let device = path.display().to_string();
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => still_from(&bytes, &device),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Fault::Missing { device }),
        Err(error) => Err(Fault::Failed { device, source: error.into() }),
    }
}

/// Reads one picture in memory as luma; `device` is where it came from.
///
/// # Errors
/// [`Fault::Failed`] when it is no picture or too large.
pub fn still_from(bytes: &[u8], device: &str) -> Result<Frame, Fault> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| Fault::Failed { device: device.to_owned(), source };
    // A colour photograph costs half of it without its colours. What has no luma of its own takes the long way.
    if image::guess_format(bytes).is_ok_and(|format| format == image::ImageFormat::Jpeg) {
        match luma::of_jpeg(bytes) {
            Ok((width, height, luma)) => return Ok(frame(width, height, luma, device)),
            Err(BadPicture::NoLuma | BadPicture::Jpeg(_)) => {}
            Err(error) => return Err(failed(error.into())),
        }
    }
    let open = || image::ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    // The header alone is read first, so that nothing is allocated for a picture that is refused.
    let (width, height) = open()
        .map_err(image::ImageError::from)
        .and_then(image::ImageReader::into_dimensions)
        .map_err(|error| failed(error.into()))?;
    luma::check_size(width, height).map_err(|error| failed(error.into()))?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(luma::MOST.1 * 8);
    let mut reader = open().map_err(|error| failed(error.into()))?;
    reader.limits(limits);
    let luma = reader.decode().map_err(|error| failed(error.into()))?.into_luma8();
    let (width, height) = luma.dimensions();
    Ok(frame(width, height, luma.into_raw().into(), device))
}

fn frame(width: u32, height: u32, luma: Arc<[u8]>, device: &str) -> Frame {
    Frame { width, height, luma, number: 0, at: Duration::ZERO, source: Some(Arc::from(device)) }
}

/// The pictures of a folder in order of name, each held for a number of frames: a video of stills. On every
/// round the folder is looked into again, so that pictures can be put there while it runs.
pub struct Folder {
    folder: PathBuf,
    files: Vec<PathBuf>,
    /// Which of the files is shown.
    place: usize,
    hold: u64,
    repeat: bool,
    every: Duration,
    began: Option<Instant>,
    number: u64,
    shown: Option<Frame>,
}

impl Folder {
    /// A camera that shows a folder: each picture for `hold` frames, a frame `every` so often.
    ///
    /// # Errors
    /// [`Fault::Missing`] when the folder cannot be read or is empty.
    pub fn open(folder: &Path, hold: u64, every: Duration, repeat: bool) -> Result<Self, Fault> {
        let folder = folder.to_owned();
        let files = files(&folder)?;
        Ok(Self { folder, files, place: 0, hold: hold.max(1), repeat, every, began: None, number: 0, shown: None })
    }
}

/// The files of a folder in order of name; hidden ones are still being written.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let missing = || Fault::Missing { device: folder.display().to_string() };
    let entries = std::fs::read_dir(folder).map_err(|_| missing())?;
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut files: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file() && !is_hidden(path)).collect();
    files.sort();
    if files.is_empty() { Err(missing()) } else { Ok(files) }
}

impl Camera for Folder {
    fn next(&mut self, wait: Duration) -> Result<Option<Frame>, Fault> {
        let began = *self.began.get_or_insert_with(Instant::now);
        let due = self.every * u32::try_from(self.number).unwrap_or(u32::MAX);
        let left = due.saturating_sub(began.elapsed());
        std::thread::sleep(left.min(wait));
        if left > wait {
            return Ok(None);
        }
        let number = self.number;
        self.number += 1;
        let turn_the_page = number.is_multiple_of(self.hold);
        if turn_the_page {
            self.shown = None;
            self.place += usize::from(number > 0);
        }
        if self.place >= self.files.len() {
            if !self.repeat {
                return Err(Fault::Ended);
            }
            self.place = 0;
            self.files = files(&self.folder)?;
        }
        let frame = match &self.shown {
            Some(frame) => frame.clone(),
            None => still(&self.files[self.place])?,
        };
        self.shown = Some(frame.clone());
        Ok(Some(Frame { number, at: began.elapsed(), ..frame }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_shown_in_order_each_picture_held() {
        let folder = tempfile::tempdir().unwrap();
        for (name, shade) in [("b.png", 200), ("a.png", 10)] {
            image::GrayImage::from_pixel(4, 3, image::Luma([shade])).save(folder.path().join(name)).unwrap();
        }
        let mut camera = Folder::open(folder.path(), 2, Duration::ZERO, false).unwrap();
        let mut seen = Vec::new();
        while let Ok(Some(frame)) = camera.next(Duration::from_millis(10)) {
            assert_eq!((frame.width, frame.height), (4, 3));
            seen.push((frame.number, frame.luma[0]));
        }
        assert_eq!(seen, [(0, 10), (1, 10), (2, 200), (3, 200)]);
        assert!(matches!(camera.next(Duration::ZERO), Err(Fault::Ended)));
    }

    #[test]
    fn a_photograph_is_as_grey_as_its_luma_says_and_a_huge_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jpg");
        image::RgbImage::from_pixel(24, 16, image::Rgb([200, 100, 50])).save(&path).unwrap();
        let frame = still(&path).unwrap();
        assert_eq!((frame.width, frame.height), (24, 16));
        // ITU-R BT.601.
        assert!(frame.luma.iter().all(|luma| luma.abs_diff(124) < 4), "{:?}", &frame.luma[..8]);
        image::GrayImage::new(8001, 1).save(folder.path().join("wide.png")).unwrap();
        assert!(matches!(still(&folder.path().join("wide.png")), Err(Fault::Failed { .. })));
    }

    #[test]
    fn what_is_no_picture_is_a_fault_with_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.png");
        assert!(matches!(still(&path), Err(Fault::Missing { .. })));
        std::fs::write(&path, b"\x89PNG\r\n\x1a\nnot really").unwrap();
        assert!(matches!(still(&path), Err(Fault::Failed { .. })));
    }
}
