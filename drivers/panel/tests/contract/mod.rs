//! What every panel promises, held by the simulator and by the driver before a chip of the kernel.

use drivers_api::{DeviceError, Fault, Lamps, Panel, Switches};

/// The cabinet around a panel: door, tamper switch, and two lamps; it has no other lines.
pub(crate) trait Cabinet {
    /// Moves the contacts.
    fn set(&mut self, door_open: bool, tampered: bool);
    /// Which of the two lamps shine: the one that says ready, and the one that calls.
    fn lamps(&mut self) -> (bool, bool);
    /// Pulls the panel's plug.
    fn unplug(&mut self);
    /// Puts it back, with the contacts at rest.
    fn plug(&mut self);
}

/// How often a panel that was plugged in is looked for, 50 ms apart: the kernel of 2022 asks this
/// bridge for each line before it listens to the answers, which takes 16 s.
pub(crate) const LOOKS_MAX: u32 = 1_200;

/// What went wrong in a situation.
pub(crate) type Outcome = Result<(), String>;

/// What is done in a situation.
pub(crate) type Situation = fn(&mut dyn Panel, &mut dyn Cabinet) -> Outcome;

/// All situations in their order; each ends with the cabinet shut and the panel plugged in.
pub(crate) const SITUATIONS: [(&str, Situation); 3] = [
    ("contacts are read as they are", contacts),
    ("lamps shine as they are told", lamps),
    ("a panel that was unplugged is found again, and its lamps obey", replugged),
];

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Outcome {
    if got == expected { Ok(()) } else { Err(format!("{what}: {got:?}, not {expected:?}")) }
}

fn said<T>(answer: Result<T, DeviceError>) -> Result<T, String> {
    answer.map_err(|error| error.to_string())
}

fn contacts(panel: &mut dyn Panel, cabinet: &mut dyn Cabinet) -> Outcome {
    for (door, tampered) in [(false, false), (true, false), (false, true), (true, true)] {
        cabinet.set(door, tampered);
        let expected =
            Switches { door_open: Some(door), tampered: Some(tampered), person: None, stop: None };
        same("switches", said(panel.read())?, expected)?;
    }
    cabinet.set(false, false);
    Ok(())
}

fn lamps(panel: &mut dyn Panel, cabinet: &mut dyn Cabinet) -> Outcome {
    for (ready, attention) in [(true, false), (false, true), (true, true), (false, false)] {
        said(panel.show(Lamps { ready, attention, strip: true }))?;
        same("lamps", cabinet.lamps(), (ready, attention))?;
    }
    Ok(())
}

fn replugged(panel: &mut dyn Panel, cabinet: &mut dyn Cabinet) -> Outcome {
    said(panel.read())?;
    cabinet.unplug();
    for _ in 0..3 {
        let error = panel.read().err().ok_or("an unplugged panel was read")?;
        if !matches!(error.fault, Fault::Removed | Fault::Absent) {
            return Err(error.to_string());
        }
    }
    cabinet.plug();
    cabinet.set(true, false);
    // The kernel needs its time to make the chip: looked for a bounded number of times.
    let mut found = panel.read();
    for _ in 0..LOOKS_MAX {
        if found.is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        found = panel.read();
    }
    same("door", said(found)?.door_open, Some(true))?;
    said(panel.show(Lamps { attention: true, ..Lamps::default() }))?;
    same("lamps", cabinet.lamps(), (false, true))?;
    cabinet.set(false, false);
    Ok(())
}
