//! The parcel: files with one bound on all of them together.

use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes of an archive's block; a file takes one for its name, and whole ones for its content.
const BLOCK: usize = 512;

/// What is kept free for the list of contents, the end of the archive, and what compressing adds at the very worst.
const BESIDE: usize = 32 * 1024;

/// Files on their way into an archive.
pub struct Bag {
    files: Vec<(String, Vec<u8>)>,
    listed: Vec<Listed>,
    left: usize,
}

/// One line of the list of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The file's name in the archive.
    pub name: String,
    /// Its bytes.
    pub bytes: usize,
    /// Bytes of its beginning that did not fit any more.
    pub cut: usize,
    /// Why it is not there, when it is not.
    pub missing: Option<String>,
}

impl std::fmt::Display for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, bytes, cut, missing } = self;
        match (missing, cut) {
            (Some(why), _) => write!(f, "{name:<36} missing: {why}"),
            (None, 0) => write!(f, "{name:<36} {bytes} bytes"),
            (None, cut) => write!(f, "{name:<36} {bytes} bytes; {cut} more did not fit"),
        }
    }
}

impl Bag {
    /// A bag whose archive has at most so many bytes, also if nothing in it can be compressed.
    pub fn new(most: usize) -> Self {
        // What cannot be compressed grows by five bytes in some thousands.
        Self { files: Vec::new(), listed: Vec::new(), left: (most - most / 1000).saturating_sub(BESIDE) }
    }

    /// Puts a file in, or as much of its end as fits, or remembers why it is not there.
    pub(super) fn put(&mut self, name: &str, content: Result<Vec<u8>, String>) -> &Listed {
        let mut listed = Listed { name: name.to_owned(), bytes: 0, cut: 0, missing: None };
        match content {
            Ok(mut bytes) => {
                let room = self.left.saturating_sub(BLOCK) / BLOCK * BLOCK;
                listed.cut = bytes.len().saturating_sub(room);
                // What is long is a log: its end tells what happened last.
                bytes.drain(..listed.cut);
                listed.bytes = bytes.len();
                if bytes.is_empty() && listed.cut > 0 {
                    listed.missing = Some("there is no room left; --megabytes gives more".to_owned());
                } else {
                    self.left -= BLOCK + bytes.len().next_multiple_of(BLOCK);
                    self.files.push((name.to_owned(), bytes));
                }
            }
            Err(why) => listed.missing = Some(why.replace(char::is_control, " ")),
        }
        self.listed.push(listed);
        self.listed.last().expect("one was just put there")
    }

    /// The archive, with its list of contents first.
    ///
    /// # Errors
    /// None that memory could have.
    pub fn packed(self) -> io::Result<Vec<u8>> {
        let now = jiff::Timestamp::now().as_second().try_into().unwrap_or(0);
        let mut contents =
            String::from("What this parcel holds. It holds no keys, no passes and no rows of the journal.\n\n");
        for listed in &self.listed {
            contents += &format!("{listed}\n");
        }
        // A list of thousands of faults must not break the bound either.
        let mut contents = contents.into_bytes();
        contents.truncate(BESIDE / 2);
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for (name, bytes) in std::iter::once(("contents.txt".to_owned(), contents)).chain(self.files) {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            header.set_mtime(now);
            archive.append_data(&mut header, format!("checkpoint-diag/{name}"), &*bytes)?;
        }
        archive.into_inner()?.finish()
    }
}
