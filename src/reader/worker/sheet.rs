//! The one frame that parent and child share: memory without a file (`memfd_create(2)`), written by the one and
//! read by the other. It is not mapped on either side, so a frame is copied twice, and neither side can see it
//! change while it reads: requests and answers take turns.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::process::Stdio;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

/// The parent's side of it.
pub(super) struct Sheet {
    ours: File,
    /// The same memory, which can only be read through this.
    theirs: File,
}

impl Sheet {
    /// Room for this many pixels. What is never written takes no memory.
    pub(super) fn new(pixels: u32) -> io::Result<Self> {
        let ours = File::from(memfd_create("frame", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?);
        ours.set_len(u64::from(pixels))?;
        // A child that shrinks it would turn the parent's writes into errors.
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&ours, FcntlArg::F_ADD_SEALS(seals))?;
        let theirs = File::open(format!("/proc/self/fd/{}", ours.as_raw_fd()))?;
        Ok(Self { ours, theirs })
    }

    /// Lays a frame on it; the caller has looked at its size.
    pub(super) fn lay(&self, luma: &[u8]) -> io::Result<()> {
        self.ours.write_all_at(luma, 0)
    }

    /// The child's side.
    pub(super) fn for_child(&self) -> io::Result<Stdio> {
        Ok(Stdio::from(self.theirs.try_clone()?))
    }
}
