//! Reads the kernel's power-supply class (Documentation/ABI/testing/sysfs-class-power).

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use drivers_api::{DeviceError, Fault, Power, PowerState};

use crate::supply::{DEVICE, Status, Supply, judge};

/// Longest attribute that is read, in bytes: one page, as sysfs gives at most.
pub const ATTRIBUTE_BYTES_MAX: u64 = 4096;

/// Most supplies that are looked at; a laptop with USB-C chargers shows about six.
pub const SUPPLIES_MAX: usize = 64;

/// The power supplies of a Linux machine.
#[derive(Debug, Clone)]
pub struct SysfsPower {
    root: PathBuf,
}

impl SysfsPower {
    /// Reads the supplies shown below `root`, `/sys/class/power_supply` on a real machine. Each
    /// reading looks anew: a charger may come and go with its node.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl Power for SysfsPower {
    fn read(&mut self) -> Result<PowerState, DeviceError> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            // A kernel without the class knows of no battery.
            Err(error) if error.kind() == ErrorKind::NotFound => return judge(&[]),
            Err(error) => return Err(failed(&self.root, &error)),
        };
        let mut supplies = vec![];
        for (count, entry) in entries.enumerate() {
            if count == SUPPLIES_MAX {
                return Err(wrong(&self.root, "too many supplies"));
            }
            let node = entry.map_err(|error| failed(&self.root, &error))?.path();
            supplies.extend(supply(&node)?);
        }
        judge(&supplies)
    }
}

/// One supply, unless it feeds something else or is not there.
fn supply(node: &Path) -> Result<Option<Supply>, DeviceError> {
    let Some(kind) = attribute(node, "type")? else {
        // The node went away while it was looked at, as a pulled charger's does.
        return Ok(None);
    };
    // A mouse's or a handset's own battery.
    if attribute(node, "scope")?.is_some_and(|scope| scope == "Device") {
        return Ok(None);
    }
    if kind != "Battery" && kind != "UPS" {
        let online = attribute(node, "online")?;
        // 1 is fixed, 2 programmable; a line that does not say counts for nothing.
        return Ok(online.map(|online| Supply::Line { online: online != "0" }));
    }
    if attribute(node, "present")?.is_some_and(|present| present == "0") {
        return Ok(None);
    }
    let status = attribute(node, "status")?;
    let status = status.as_deref().map_or(Status::Unknown, Status::parse);
    Ok(Some(Supply::Battery { status, percent: percent(node)? }))
}

/// How full a battery is: by its gauge, else by what it holds of what it can hold.
fn percent(node: &Path) -> Result<u8, DeviceError> {
    if let Some(capacity) = number(node, "capacity")? {
        let percent = u8::try_from(capacity).ok().filter(|percent| *percent <= 100);
        return percent.ok_or_else(|| wrong(node, "capacity is over 100"));
    }
    for (now, full) in [("energy_now", "energy_full"), ("charge_now", "charge_full")] {
        if let (Some(now), Some(full)) = (number(node, now)?, number(node, full)?) {
            // Worn cells may hold a little more than the gauge thinks they can.
            let percent = now.saturating_mul(100).checked_div(full).map(|percent| percent.min(100));
            let percent = percent.and_then(|percent| u8::try_from(percent).ok());
            return percent.ok_or_else(|| wrong(node, "a battery that can hold nothing"));
        }
    }
    Err(wrong(node, "a battery without a gauge"))
}

fn number(node: &Path, name: &str) -> Result<Option<u64>, DeviceError> {
    let Some(text) = attribute(node, name)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| wrong(node, &format!("{name} is no number")))
}

/// One attribute's text; None if the supply does not have it.
fn attribute(node: &Path, name: &str) -> Result<Option<String>, DeviceError> {
    let path = node.join(name);
    let mut text = String::new();
    let read =
        File::open(&path).and_then(|file| file.take(ATTRIBUTE_BYTES_MAX).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&path, &error)),
    }
}

fn failed(path: &Path, error: &io::Error) -> DeviceError {
    DeviceError::new(DEVICE, Fault::Io, format!("{}: {error}", path.display()))
}

fn wrong(node: &Path, what: &str) -> DeviceError {
    DeviceError::new(DEVICE, Fault::Protocol, format!("{}: {what}", node.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up class with these supplies and attributes.
    fn class(supplies: &[(&str, &[(&str, &str)])]) -> (tempfile::TempDir, SysfsPower) {
        let root = tempfile::tempdir().expect("a folder");
        for (name, attributes) in supplies {
            let node = root.path().join(name);
            fs::create_dir(&node).expect("a node");
            for (attribute, text) in *attributes {
                fs::write(node.join(attribute), format!("{text}\n")).expect("an attribute");
            }
        }
        let power = SysfsPower::new(root.path());
        (root, power)
    }

    const AC_OFF: (&str, &[(&str, &str)]) = ("AC", &[("type", "Mains"), ("online", "0")]);
    const AC_ON: (&str, &[(&str, &str)]) = ("AC", &[("type", "Mains"), ("online", "1")]);

    fn battery(capacity: &str, status: &str) -> Vec<(&'static str, String)> {
        let texts = [("type", "Battery"), ("present", "1"), ("capacity", capacity)];
        let texts = texts.into_iter().chain([("status", status)]);
        texts.map(|(name, text)| (name, text.to_owned())).collect()
    }

    fn read(supplies: &[(&str, &[(&str, &str)])]) -> Result<PowerState, DeviceError> {
        class(supplies).1.read()
    }

    #[test]
    fn a_van_unplugged_runs_on_its_battery_and_plugged_in_on_the_mains() {
        let of = battery("37", "Discharging");
        let cell: Vec<_> = of.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(read(&[AC_OFF, ("BAT0", &cell)]), Ok(PowerState::Battery { percent: 37 }));
        let of = battery("37", "Charging");
        let cell: Vec<_> = of.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(read(&[AC_ON, ("BAT0", &cell)]), Ok(PowerState::Mains));
    }

    #[test]
    fn a_reading_follows_the_plug() {
        let of = battery("80", "Charging");
        let cell: Vec<_> = of.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let (root, mut power) = class(&[AC_ON, ("BAT0", &cell)]);
        assert_eq!(power.read(), Ok(PowerState::Mains));
        fs::write(root.path().join("AC/online"), "0\n").expect("unplugged");
        fs::write(root.path().join("BAT0/status"), "Discharging\n").expect("unplugged");
        fs::write(root.path().join("BAT0/capacity"), "79\n").expect("unplugged");
        assert_eq!(power.read(), Ok(PowerState::Battery { percent: 79 }));
    }

    #[test]
    fn a_machine_without_the_class_or_with_an_empty_one_is_on_the_mains() {
        assert_eq!(SysfsPower::new("/nowhere/power_supply").read(), Ok(PowerState::Mains));
        assert_eq!(read(&[]), Ok(PowerState::Mains));
    }

    #[test]
    fn batteries_of_other_things_and_empty_bays_do_not_count() {
        let mouse: &[_] = &[
            ("type", "Battery"),
            ("scope", "Device"),
            ("capacity", "3"),
            ("status", "Discharging"),
        ];
        let bay: &[_] = &[("type", "Battery"), ("present", "0"), ("status", "Unknown")];
        assert_eq!(read(&[("hidpp_battery_0", mouse), ("BAT1", bay)]), Ok(PowerState::Mains));
    }

    #[test]
    fn a_battery_without_percent_is_read_by_what_it_holds() {
        let cell: &[_] = &[
            ("type", "Battery"),
            ("status", "Discharging"),
            ("charge_now", "1250000"),
            ("charge_full", "5000000"),
        ];
        assert_eq!(read(&[("bq27441", cell)]), Ok(PowerState::Battery { percent: 25 }));
        let worn: &[_] = &[
            ("type", "UPS"),
            ("status", "Discharging"),
            ("energy_now", "51"),
            ("energy_full", "50"),
        ];
        assert_eq!(read(&[("ups", worn)]), Ok(PowerState::Battery { percent: 100 }));
    }

    #[test]
    fn a_gauge_that_cannot_be_read_is_an_error_and_not_a_guess() {
        let cases: [&[(&str, &str)]; 5] = [
            &[("type", "Battery"), ("status", "Discharging")],
            &[("type", "Battery"), ("status", "Discharging"), ("capacity", "lots")],
            &[("type", "Battery"), ("status", "Discharging"), ("capacity", "101")],
            &[("type", "Battery"), ("status", "Discharging"), ("capacity", "-1")],
            &[("type", "Battery"), ("charge_now", "1"), ("charge_full", "0")],
        ];
        for cell in cases {
            let error = read(&[AC_OFF, ("BAT0", cell)]).expect_err("a guess");
            assert!(error.fault == Fault::Protocol && error.detail.contains("BAT0"), "{error}");
        }
        let (root, mut power) = class(&[AC_OFF, ("BAT0", &[("type", "Battery")])]);
        fs::create_dir(root.path().join("BAT0/capacity")).expect("nothing to read");
        assert_eq!(power.read().expect_err("a guess").fault, Fault::Io);
    }

    #[test]
    fn endless_attributes_and_endless_supplies_are_not_read_to_the_end() {
        let long = "9".repeat(3 * 4096);
        let cell: &[_] = &[("type", "Battery"), ("capacity", long.as_str())];
        assert!(read(&[("BAT0", cell)]).is_err());
        let (root, mut power) = class(&[]);
        for n in 0..=SUPPLIES_MAX {
            fs::create_dir(root.path().join(n.to_string())).expect("a node");
        }
        assert_eq!(power.read().expect_err("too many").fault, Fault::Protocol);
    }
}
