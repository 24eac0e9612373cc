//! How warm the processor is, by the thermal zones of Linux (Documentation/driver-api/thermal/sysfs-api.rst).
//!
//! A board has zones for its processor, its radio, its memory, its battery, in an order of its own; the one of the
//! processor is known by its type. A board whose zones are named otherwise can name the file in its board file.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::Thermometer;

/// Where Linux lists its zones.
const ZONES: &str = "/sys/class/thermal";

/// Types of zones that are a processor's, best first: on boards with device trees (Raspberry Pi: `cpu-thermal`;
/// Rockchip: `soc-thermal`, `package-thermal`), on PCs (`x86_pkg_temp`, `TCPU`), and what virtual machines and older
/// PCs have.
const PROCESSOR: [&str; 6] = ["cpu", "x86_pkg_temp", "soc", "package", "tcpu", "acpitz"];

/// Most zones looked at, and most bytes of a file of theirs.
const MOST_ZONES: usize = 64;
const LONGEST: u64 = 32;

/// What no processor has while it counts, in millidegrees: a sensor that says so is broken.
const POSSIBLE: std::ops::RangeInclusive<i32> = -60_000..=150_000;

/// The thermometer of the system the box runs on.
pub struct SystemThermometer(Option<PathBuf>);

impl SystemThermometer {
    /// The one of the processor, as far as the system tells which that is.
    pub fn of_the_processor() -> Self {
        Self(zone_in(Path::new(ZONES)))
    }

    /// One that is named: a file that holds millidegrees Celsius.
    pub const fn at(file: PathBuf) -> Self {
        Self(Some(file))
    }
}

impl Thermometer for SystemThermometer {
    fn read(&self) -> Option<i32> {
        let degrees: i32 = line(self.0.as_deref()?)?.parse().ok()?;
        POSSIBLE.contains(&degrees).then_some(degrees)
    }
}

/// The processor's file of temperature among the zones of a folder. A system with one zone only means the processor,
/// whatever it calls it.
fn zone_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let is_zone = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("thermal_zone")
    };
    let mut zones: Vec<PathBuf> = entries.filter(is_zone).take(MOST_ZONES).collect();
    zones.sort();
    let rank = |zone: &PathBuf| {
        let kind = line(&zone.join("type"))?.to_lowercase();
        PROCESSOR.iter().position(|known| kind.starts_with(known))
    };
    let best = zones.iter().filter_map(|zone| Some((rank(zone)?, zone))).min();
    let zone = best.map(|(_, zone)| zone).or_else(|| zones.first().filter(|_| zones.len() == 1))?;
    Some(zone.join("temp"))
}

fn line(path: &Path) -> Option<String> {
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(kinds: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (number, kind) in kinds.iter().enumerate() {
            let zone = folder.path().join(format!("thermal_zone{number}"));
            std::fs::create_dir(&zone).unwrap();
            std::fs::write(zone.join("type"), format!("{kind}\n")).unwrap();
            std::fs::write(zone.join("temp"), format!("{}\n", 40_000 + number)).unwrap();
        }
        std::fs::create_dir(folder.path().join("cooling_device0")).unwrap();
        folder
    }

    fn degrees(kinds: &[&str]) -> Option<i32> {
        let folder = zones(kinds);
        SystemThermometer(zone_in(folder.path())).read()
    }

    #[test]
    fn the_processors_zone_is_known_by_its_type_wherever_it_stands() {
        assert_eq!(degrees(&["gpu-thermal", "cpu-thermal"]), Some(40_001));
        assert_eq!(degrees(&["acpitz", "iwlwifi_1", "x86_pkg_temp"]), Some(40_002));
        assert_eq!(degrees(&["acpitz", "iwlwifi_1"]), Some(40_000));
        assert_eq!(degrees(&["bigcore", "CPU-therm"]), Some(40_001));
    }

    #[test]
    fn a_single_zone_is_the_processors_and_of_several_strangers_none_is() {
        assert_eq!(degrees(&["virtual-thing"]), Some(40_000));
        assert_eq!(degrees(&["battery", "modem"]), None);
        assert_eq!(degrees(&[]), None);
    }

    #[test]
    fn a_sensor_that_says_what_cannot_be_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("temp");
        let thermometer = SystemThermometer::at(file.clone());
        assert_eq!(thermometer.read(), None);
        for (said, is_so) in [("-5000\n", Some(-5000)), ("200000", None), ("warm", None), ("", None)] {
            std::fs::write(&file, said).unwrap();
            assert_eq!(thermometer.read(), is_so, "{said}");
        }
    }
}
