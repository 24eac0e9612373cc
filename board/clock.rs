//! The clocks of the Linux system a box runs on: its wall clock, whether a time server has set it, a battery-backed
//! clock, and the time since boot.
//!
//! The kernel's own word for *synchronised* (`adjtimex`) cannot be asked for without unsafe code, so a file is looked
//! for that a time daemon leaves once it has set the clock: systemd-timesyncd does by itself, for another a unit can.
//! Such a file stands in `/run`, so it is of this boot.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::{Clock, Readings};

/// How long an answer of the battery-backed clock and of the file system is used: such a clock sits on a slow bus, and
/// the lane asks many times a second.
const LOOK: Duration = Duration::from_secs(1);

/// Most bytes of the battery-backed clock's file.
const LONGEST: u64 = 32;

/// What the system's clock is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The system is asked, by two files.
    Asked {
        /// There once a time server has set the system's clock.
        synchronised: PathBuf,
        /// Holds the battery-backed clock, in seconds since 1970.
        rtc: PathBuf,
    },
    /// It counts as set by a time server: for a desk.
    Ntp,
    /// It counts as the battery-backed clock: for a desk.
    Rtc,
    /// It counts as nothing.
    None,
}

impl Default for Claim {
    fn default() -> Self {
        Self::Asked { synchronised: Self::SYNCHRONISED.into(), rtc: Self::RTC.into() }
    }
}

impl Claim {
    /// The file systemd-timesyncd leaves (systemd-timesyncd.service(8)).
    pub const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
    /// The first battery-backed clock (Linux, Documentation/ABI/testing/sysfs-class-rtc). It must keep UTC.
    pub const RTC: &str = "/sys/class/rtc/rtc0/since_epoch";
}

/// The clocks of the system the box runs on.
pub struct SystemClock {
    claim: Claim,
    looked: Mutex<Option<Looked>>,
}

/// What the slow sources said, and when.
#[derive(Clone, Copy)]
struct Looked {
    at: Duration,
    synchronised: bool,
    rtc_ms: Option<i64>,
}

impl SystemClock {
    /// The clocks, taken for that.
    pub const fn new(claim: Claim) -> Self {
        Self { claim, looked: Mutex::new(None) }
    }

    fn look(&self, synchronised: &Path, rtc: &Path) -> Looked {
        // A panic of the other side cannot leave half of a value.
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.monotonic();
        if let Some(last) = *looked
            && let since = now.saturating_sub(last.at)
            && since < LOOK
        {
            let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
            return Looked { rtc_ms: last.rtc_ms.map(|ms| ms.saturating_add(since)), ..last };
        }
        *looked.insert(Looked { at: now, synchronised: synchronised.exists(), rtc_ms: since_epoch(rtc) })
    }
}

/// The battery-backed clock's seconds, in milliseconds.
fn since_epoch(path: &Path) -> Option<i64> {
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    text.trim().parse::<i64>().ok()?.checked_mul(1000)
}

fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for SystemClock {
    fn read(&self) -> Readings {
        let system_ms = system_ms();
        let (synchronised, rtc_ms) = match &self.claim {
            Claim::Asked { synchronised, rtc } => {
                let Looked { synchronised, rtc_ms, .. } = self.look(synchronised, rtc);
                (synchronised, rtc_ms)
            }
            Claim::Ntp => (true, None),
            Claim::Rtc => (false, Some(system_ms)),
            Claim::None => (false, None),
        };
        Readings { system_ms, synchronised, rtc_ms }
    }

    fn monotonic(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_asked_for_its_clocks_and_what_is_no_number_is_no_clock() {
        let folder = tempfile::tempdir().unwrap();
        let (synchronised, rtc) = (folder.path().join("synchronized"), folder.path().join("since_epoch"));
        let read = || SystemClock::new(Claim::Asked { synchronised: synchronised.clone(), rtc: rtc.clone() }).read();
        assert_eq!((read().synchronised, read().rtc_ms), (false, None));
        std::fs::write(&synchronised, "").unwrap();
        std::fs::write(&rtc, "1588334400\n").unwrap();
        assert_eq!((read().synchronised, read().rtc_ms), (true, Some(1_588_334_400_000)));
        for wrong in ["", "noon", "99999999999999999999", &"1".repeat(40)] {
            std::fs::write(&rtc, wrong).unwrap();
            assert_eq!(read().rtc_ms, None, "{wrong}");
        }
        assert!(read().system_ms > 1_588_334_400_000);
    }

    #[test]
    fn a_slow_clock_is_asked_once_a_second_and_goes_on_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let rtc = folder.path().join("since_epoch");
        std::fs::write(&rtc, "100\n").unwrap();
        let clock = SystemClock::new(Claim::Asked { synchronised: folder.path().join("no"), rtc: rtc.clone() });
        assert_eq!(clock.read().rtc_ms, Some(100_000));
        std::fs::write(&rtc, "500\n").unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let soon = clock.read().rtc_ms.unwrap();
        assert!((100_050..101_000).contains(&soon), "{soon}");
        std::thread::sleep(LOOK);
        assert_eq!(clock.read().rtc_ms, Some(500_000));
    }

    #[test]
    fn a_desk_takes_the_systems_clock_for_what_its_board_file_says() {
        let read = |claim| SystemClock::new(claim).read();
        assert!(read(Claim::Ntp).synchronised && read(Claim::Ntp).rtc_ms.is_none());
        assert!(read(Claim::Rtc).rtc_ms.is_some() && !read(Claim::Rtc).synchronised);
        assert!(!read(Claim::None).synchronised && read(Claim::None).rtc_ms.is_none());
        let clock = SystemClock::new(Claim::None);
        assert!(clock.monotonic() <= clock.monotonic());
    }
}
