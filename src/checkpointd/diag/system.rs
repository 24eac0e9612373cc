//! What the system below the box says: versions, clocks, room, warmth, the line's sockets.

use std::fmt::Write as _;
use std::fs::{self, DirEntry};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use board::{Clock as _, SystemClock, SystemThermometer, Thermometer as _};
use wire::{ClockTrust, WallTime};

/// Most files of the data folder that are listed, and how deep it is looked into.
const MOST_FILES: usize = 1000;
const DEEPEST: u32 = 4;

/// Lines of `/proc/meminfo` that are taken: total, free, available and the like.
const MEMORY: usize = 6;

/// The system's clock, for ages: whoever reads them can compare it with what stands under *clocks*.
pub(super) fn now() -> WallTime {
    WallTime { unix_ms: jiff::Timestamp::now().as_millisecond(), trust: ClockTrust::Ntp }
}

/// A small file of the kernel in one line.
fn said(path: &str) -> String {
    let text =
        fs::read(path).map_err(|error| error.to_string()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    text.map_or_else(|why| format!("({why})"), |text| text.trim_matches(['\0', '\n', ' ']).to_owned())
}

/// What runs on what.
pub(super) fn versions() -> String {
    let uname = rustix::system::uname();
    let system = said("/etc/os-release");
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("not known");
    format!(
        "checkpointd  {}\nsystem       {}\nkernel       {} {} {}\nboard        {}\n",
        env!("CARGO_PKG_VERSION"),
        system.trim_matches('"'),
        uname.release().to_string_lossy(),
        uname.version().to_string_lossy(),
        uname.machine().to_string_lossy(),
        said("/sys/firmware/devicetree/base/model"),
    )
}

/// How the system is now.
pub(super) fn state(data: Option<&Path>) -> String {
    let mut text = String::new();
    // Writing to memory cannot fail, here and below.
    let _ = write!(text, "{}", clocks());
    let _ = writeln!(text, "\nload         {}\nuptime       {} s", said("/proc/loadavg"), said("/proc/uptime"));
    let memory = said("/proc/meminfo");
    let _ = writeln!(text, "\nmemory\n{}", memory.lines().take(MEMORY).collect::<Vec<_>>().join("\n"));
    let _ = writeln!(text, "\nroom                              bytes free of all              files free of all");
    for folder in [data, Some(Path::new("/")), Some(Path::new("/tmp")), Some(Path::new("/run"))].into_iter().flatten() {
        let _ = match rustix::fs::statvfs(folder) {
            Ok(disk) => writeln!(
                text,
                "{:<26} {:>15} of {:<15} {:>12} of {}",
                folder.display(),
                disk.f_bavail.saturating_mul(disk.f_frsize),
                disk.f_blocks.saturating_mul(disk.f_frsize),
                disk.f_favail,
                disk.f_files,
            ),
            Err(error) => writeln!(text, "{:<26} {error}", folder.display()),
        };
    }
    let _ = writeln!(text, "\nmounted");
    for line in said("/proc/mounts").lines().filter(|line| line.starts_with('/')) {
        // Not all of a line: options of network drives have passwords in them.
        let parts: Vec<&str> = line.split(' ').collect();
        if let [device, folder, kind, options, ..] = parts[..] {
            let access = options.split(',').next().unwrap_or_default();
            let _ = writeln!(text, "{device} {folder} {kind} {access}");
        }
    }
    let _ = write!(text, "\n{}\n{}", warmth(), sockets());
    text
}

fn clocks() -> String {
    let readings = SystemClock::new(board::Claim::default()).read();
    let at = |ms: i64| jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| at.to_string());
    format!(
        "clocks\nsystem       {}\nset by a time server  {}\nbattery      {}\n",
        at(readings.system_ms),
        if readings.synchronised {
            "yes, as the board's usual file says"
        } else {
            "no, or the board has another file for it"
        },
        readings.rtc_ms.map_or_else(|| "none, or the board has another file for it".to_owned(), at),
    )
}

fn warmth() -> String {
    let mut text = String::from("temperatures, in millidegrees Celsius\n");
    let processor = SystemThermometer::of_the_processor().read();
    let _ =
        writeln!(text, "processor    {}", processor.map_or_else(|| "not measured".to_owned(), |said| said.to_string()));
    for zone in sorted(Path::new("/sys/class/thermal")).iter().filter(|zone| named(zone).starts_with("thermal_zone")) {
        let read = |file: &str| said(&zone.path().join(file).to_string_lossy());
        let _ = writeln!(text, "{:<12} {}", read("type"), read("temp"));
    }
    text
}

fn sockets() -> String {
    let mut text = String::from("network      state, errors in and out\n");
    for card in sorted(Path::new("/sys/class/net")) {
        let read = |file: &str| said(&card.path().join(file).to_string_lossy());
        let (state, lost, failed) = (read("operstate"), read("statistics/rx_errors"), read("statistics/tx_errors"));
        let _ = writeln!(text, "{:<12} {state}, {lost} {failed}", named(&card));
    }
    text
}

/// The names of what lies in the data folder, with size, rights and time; never what is in it.
pub(super) fn files(data: &Path) -> String {
    let mut text = String::new();
    let mut left = MOST_FILES;
    list(data, data, DEEPEST, &mut left, &mut text);
    if left == 0 {
        text += "and more\n";
    }
    text
}

fn list(folder: &Path, base: &Path, deep: u32, left: &mut usize, text: &mut String) {
    let entries = sorted(folder);
    if entries.is_empty() {
        let shown = folder.strip_prefix(base).unwrap_or(folder).join("");
        let why = fs::read_dir(folder).err().map_or_else(|| "empty".to_owned(), |error| error.to_string());
        let _ = writeln!(text, "{} ({why})", shown.display());
    }
    for entry in entries {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let path = entry.path();
        let name = path.strip_prefix(base).unwrap_or(&path).display().to_string();
        // Of a link the link itself: what it leads to is none of the box's.
        let Ok(about) = entry.metadata() else { continue };
        let at = jiff::Timestamp::from_second(about.mtime()).map_or_else(|_| "?".to_owned(), |at| at.to_string());
        let _ = writeln!(text, "{:06o} {:>12} {at} {name}", about.mode(), about.len());
        if about.is_dir() && deep > 0 {
            list(&path, base, deep - 1, left, text);
        }
    }
}

fn sorted(folder: &Path) -> Vec<DirEntry> {
    let mut entries: Vec<DirEntry> =
        fs::read_dir(folder).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect());
    entries.sort_by_key(DirEntry::file_name);
    entries
}

fn named(entry: &DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}
