//! A machine of its own: Debian's kernel under QEMU, with one disk whose every write is written down.
//!
//! The log of writes (QEMU's `blklogwrites`) is what a power cut is made of afterwards: see [`crate::cut`].

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use miniz_oxide::deflate::compress_to_vec;

use crate::cut::Log;
use crate::programs;

/// Modules that a virtio disk needs, in the order in which they are loaded. The rest is in the kernel.
const MODULES: [&str; 6] = [
    "drivers/virtio/virtio_ring.ko",
    "drivers/virtio/virtio.ko",
    "drivers/virtio/virtio_pci_legacy_dev.ko",
    "drivers/virtio/virtio_pci_modern_dev.ko",
    "drivers/virtio/virtio_pci.ko",
    "drivers/block/virtio_blk.ko",
];

/// What happens before the test's own script: the disk is on `/data`.
const BEGINS: &str = "#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev /data /tmp
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /bin/busybox insmod $module; done
/bin/busybox mount -t ext4 /dev/vda /data || echo NO-DISK
";

/// What happens after it.
const ENDS: &str = "\n/bin/busybox umount /data\n/bin/busybox poweroff -f\n";

/// A machine that runs.
pub struct Guest {
    qemu: Child,
    lines: Receiver<String>,
    before: Vec<String>,
    log: PathBuf,
}

/// What a machine is made of.
pub struct Plan<'p> {
    /// What it does, as lines for a shell.
    pub script: &'p str,
    /// Files it finds: where they are here, and there.
    pub files: &'p [(PathBuf, String)],
    /// Its disk: an image of a file system.
    pub disk: &'p Path,
    /// Where it may write, here.
    pub folder: &'p Path,
}

impl Guest {
    /// Starts a machine. Its disk's writes are logged in `writes.log` beside the image.
    ///
    /// # Panics
    /// When QEMU or the kernel is missing: what cannot be tested must not pass.
    pub fn start(plan: &Plan<'_>) -> Self {
        let kernel = programs::left_behind().join("kernel");
        let image = find(&kernel.join("boot"), "vmlinuz-");
        let modules = find(&kernel.join("lib/modules"), "").join("kernel");
        let (start, log) = (plan.folder.join("start.gz"), plan.folder.join("writes.log"));
        fs::write(&start, gzip(&archive(plan, &modules))).expect("the test's folder can be written");
        let _ = fs::remove_file(&log);
        File::create(&log).and_then(|log| log.set_len(4 << 30)).expect("a sparse file can be made");
        let drive = |name: &str, path: &Path| format!("driver=file,filename={},node-name={name}", path.display());
        let mut qemu = Command::new(programs::of_the_system("qemu-system-x86_64", "qemu-system-x86"))
            // Without the host's help: where a machine runs in a machine, /dev/kvm may be there and hang.
            .args(["-machine", "accel=tcg", "-m", "512", "-smp", "1", "-display", "none", "-no-reboot"])
            .args(["-nodefaults", "-serial", "stdio", "-append", "console=ttyS0 quiet panic=-1"])
            .args(["-kernel".as_ref(), image.as_os_str(), "-initrd".as_ref(), start.as_os_str()])
            .args(["-blockdev", &drive("image", plan.disk), "-blockdev", &drive("log", &log), "-blockdev"])
            .arg(
                "driver=blklogwrites,file=image,log=log,log-sector-size=512,log-super-update-interval=1,node-name=disk",
            )
            .args(["-device", "virtio-blk-pci,drive=disk"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("QEMU can be started");
        let (sender, lines) = channel();
        let out = qemu.stdout.take().expect("its output is piped");
        std::thread::spawn(move || {
            let mut out = BufReader::new(out);
            let mut line = Vec::new();
            while out.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if sender.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Self { qemu, lines, before: Vec::new(), log }
    }

    /// The next line it says that begins like this, without its beginning.
    ///
    /// # Panics
    /// When it does not come, with all that was said.
    pub fn says(&mut self, beginning: &str, patience: Duration) -> String {
        let until = Instant::now() + patience;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.before.push(line);
                    if let Some(rest) = self.before.last().and_then(|line| line.strip_prefix(beginning)) {
                        return rest.trim().to_owned();
                    }
                }
                Err(_) => panic!("the machine did not say {beginning:?}:\n{}", self.before.join("\n")),
            }
        }
    }

    /// What it has said so far that begins like this, without its beginning.
    pub fn said<'s>(&'s self, beginning: &'s str) -> impl Iterator<Item = &'s str> {
        self.before.iter().filter_map(move |line| line.strip_prefix(beginning)).map(str::trim)
    }

    /// How many entries the log of its disk has now.
    pub fn written(&self) -> u64 {
        Log::length(&self.log)
    }

    /// Waits until it has switched itself off; the log of its disk.
    ///
    /// # Panics
    /// When it stays on.
    pub fn ends(mut self, patience: Duration) -> Log {
        let what = "the machine to switch itself off";
        let ended = crate::wait::until(what, patience, || self.qemu.try_wait().expect("an own process"));
        ended.unwrap_or_else(|why| panic!("{why}:\n{}", self.before.join("\n")));
        Log::open(&self.log)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// The entry of a folder that begins like this.
fn find(folder: &Path, beginning: &str) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| {
        panic!("{}: {error}: tests/run unpacks Debian's kernel there (linux-image-cloud-amd64)", folder.display())
    });
    let mut found = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(beginning));
    found.next().unwrap_or_else(|| panic!("{} holds no {beginning}*", folder.display())).path()
}

/// The file system that the kernel begins with.
fn archive(plan: &Plan<'_>, modules: &Path) -> Vec<u8> {
    let mut archive = Archive::default();
    archive.file("bin/busybox", 0o755, &read(&programs::of_the_system("busybox", "busybox-static")));
    archive.file("init", 0o755, format!("{BEGINS}{}{ENDS}", plan.script).as_bytes());
    for (at, module) in MODULES.iter().enumerate() {
        archive.file(&format!("modules/{at}.ko"), 0o644, &read(&modules.join(module)));
    }
    for (here, there) in plan.files {
        let is_program = here.extension().is_none();
        archive.file(there, if is_program { 0o755 } else { 0o644 }, &read(here));
        if is_program {
            for library in libraries(here) {
                archive.file(&library.to_string_lossy(), 0o755, &read(&library));
            }
        }
    }
    archive.end()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The libraries that a program loads when it starts.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let told = Command::new("ldd").arg(program).output().expect("ldd is part of libc-bin");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let paths = told.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    paths.map(PathBuf::from).collect()
}

/// A cpio archive in the `newc` format, as the kernel unpacks it (Documentation/driver-api/early-userspace).
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    folders: Vec<String>,
    count: u32,
}

impl Archive {
    fn file(&mut self, name: &str, mode: u32, bytes: &[u8]) {
        let name = name.trim_start_matches('/');
        for (at, _) in name.match_indices('/') {
            let folder = name[..at].to_owned();
            if !self.folders.contains(&folder) {
                self.entry(&folder, 0o040_755, &[]);
                self.folders.push(folder);
            }
        }
        if !self.folders.iter().any(|there| there == name) {
            self.entry(name, 0o100_000 | mode, bytes);
            self.folders.push(name.to_owned());
        }
    }

    fn entry(&mut self, name: &str, mode: u32, bytes: &[u8]) {
        self.count += 1;
        let (size, length) = (bytes.len(), name.len() + 1);
        write!(self.bytes, "070701{:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{size:08x}", self.count, 0, 0, 1, 0)
            .and_then(|()| write!(self.bytes, "{:08x}{:08x}{:08x}{:08x}{length:08x}{:08x}", 0, 0, 0, 0, 0))
            .expect("memory can be written");
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(bytes);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn end(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }
}

/// As `gzip -1` does (RFC 1952).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    packed.extend(compress_to_vec(bytes, 1));
    packed.extend(crc32(bytes).to_le_bytes());
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed
}

fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| (0..8).fold(byte, |rest, _| if rest & 1 == 1 { rest >> 1 ^ 0xedb8_8320 } else { rest >> 1 }))
        .collect();
    !bytes.iter().fold(u32::MAX, |crc, byte| crc >> 8 ^ table[((crc ^ u32::from(*byte)) & 255) as usize])
}
