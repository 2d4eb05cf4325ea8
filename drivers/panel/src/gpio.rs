//! The panel at the lines of a board: opens them when they are needed, and again after a failure.

use drivers_api::{DeviceError, Fault, Lamps, Panel, Switches};
use linux_embedded_hal::CdevPin;
use linux_embedded_hal::gpio_cdev::{self, LineRequestFlags};
use rppal::gpio::{Gpio, InputPin, OutputPin};

use crate::pins::{Pins, Wire, Wiring};

/// What the kernel's lists name as the user of a line.
const CONSUMER: &str = "kiosk";

/// Whose lines they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chip {
    /// A chip behind the kernel's GPIO character device, by its node (`/dev/gpiochip0`) or by its
    /// label, which stays when the chip is plugged in anew and gets another node.
    Kernel(String),
    /// The lines of a Raspberry Pi, by the numbers of its processor (BCM).
    RaspberryPi,
}

/// How a line is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineName {
    /// By its place on the chip.
    Number(u32),
    /// By the name that the board's device tree gives it. A Raspberry Pi's lines have numbers only.
    Name(String),
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub at: LineName,
    /// Whether it means something at the low level, as a contact to ground does.
    pub active_low: bool,
}

/// The lines of a panel; those that the board lacks are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelConfig {
    /// Whose lines they are.
    pub chip: Chip,
    /// A person stands there.
    pub person: Option<Line>,
    /// The door is open.
    pub door_open: Option<Line>,
    /// The tamper switch has let go.
    pub tampered: Option<Line>,
    /// The button that ends the visit.
    pub stop: Option<Line>,
    /// The lamp that says that the next may come.
    pub ready: Option<Line>,
    /// The lamp that calls for help.
    pub attention: Option<Line>,
    /// The strip of light.
    pub strip: Option<Line>,
}

/// The panel at the lines of a board.
///
/// On a Raspberry Pi an input that means its low level is pulled up, the others down. The kernel's
/// device leaves that to the device tree, or to resistors on the board.
pub struct GpioPanel {
    config: PanelConfig,
    wiring: Option<Box<dyn Wiring>>,
}

impl GpioPanel {
    /// The panel of `config`. Opens nothing yet: the chip may be plugged in later.
    pub const fn new(config: PanelConfig) -> Self {
        Self { config, wiring: None }
    }

    fn with<T>(
        &mut self,
        ask: impl FnOnce(&mut dyn Wiring) -> Result<T, String>,
    ) -> Result<T, DeviceError> {
        let wiring = match &mut self.wiring {
            Some(wiring) => wiring,
            none => none.insert(open(&self.config)?),
        };
        ask(wiring.as_mut()).map_err(|detail| {
            // A chip that was unplugged is opened anew at the next call.
            self.wiring = None;
            failed(&self.config.chip, Fault::Removed, detail)
        })
    }
}

impl Panel for GpioPanel {
    fn read(&mut self) -> Result<Switches, DeviceError> {
        self.with(|wiring| wiring.read())
    }

    fn show(&mut self, lamps: Lamps) -> Result<(), DeviceError> {
        self.with(|wiring| wiring.show(lamps))
    }
}

fn failed(chip: &Chip, fault: Fault, detail: impl Into<String>) -> DeviceError {
    let device = match chip {
        Chip::Kernel(chip) => format!("panel at {chip}"),
        Chip::RaspberryPi => "panel at the Raspberry Pi's lines".into(),
    };
    DeviceError::new(device, fault, detail)
}

fn open(config: &PanelConfig) -> Result<Box<dyn Wiring>, DeviceError> {
    match &config.chip {
        Chip::Kernel(name) => {
            let chip =
                kernel_chip(name).map_err(|detail| failed(&config.chip, Fault::Absent, detail))?;
            let line = |line: &Line, flags| kernel_line(&chip, line, flags);
            let all = wire_all(
                config,
                |input| line(input, LineRequestFlags::INPUT),
                |output| line(output, LineRequestFlags::OUTPUT),
            );
            Ok(Box::new(all?))
        }
        Chip::RaspberryPi => {
            let gpio = Gpio::new().map_err(|error| {
                failed(&config.chip, Fault::Absent, format!("no Raspberry Pi: {error}"))
            })?;
            Ok(Box::new(wire_all(
                config,
                |line| pi_input(&gpio, line),
                |line| pi_output(&gpio, line),
            )?))
        }
    }
}

/// Opens every line that the board has; none if one of them fails.
fn wire_all<I, O>(
    config: &PanelConfig,
    input: impl Fn(&Line) -> Result<I, String>,
    output: impl Fn(&Line) -> Result<O, String>,
) -> Result<Pins<I, O>, DeviceError> {
    let chip = &config.chip;
    Ok(Pins {
        person: wire(chip, &config.person, &input)?,
        door_open: wire(chip, &config.door_open, &input)?,
        tampered: wire(chip, &config.tampered, &input)?,
        stop: wire(chip, &config.stop, &input)?,
        ready: wire(chip, &config.ready, &output)?,
        attention: wire(chip, &config.attention, &output)?,
        strip: wire(chip, &config.strip, &output)?,
    })
}

fn wire<P>(
    chip: &Chip,
    line: &Option<Line>,
    open: &impl Fn(&Line) -> Result<P, String>,
) -> Result<Option<Wire<P>>, DeviceError> {
    let Some(line) = line else { return Ok(None) };
    let pin = open(line).map_err(|why| {
        let detail = format!("line {}: {why}", line.at);
        failed(chip, Fault::Misconfigured, detail)
    })?;
    Ok(Some(Wire { pin, active_low: line.active_low }))
}

/// The chip with this node or label.
fn kernel_chip(name: &str) -> Result<gpio_cdev::Chip, String> {
    if name.starts_with('/') {
        return gpio_cdev::Chip::new(name).map_err(|error| error.to_string());
    }
    let chips = gpio_cdev::chips().map_err(|error| error.to_string())?;
    // A chip that goes while it is looked at is not the one.
    let found = chips.flatten().find(|chip| chip.label() == name);
    found.ok_or_else(|| "no chip has this label".into())
}

fn kernel_line(
    chip: &gpio_cdev::Chip,
    wanted: &Line,
    flags: LineRequestFlags,
) -> Result<CdevPin, String> {
    let line = match &wanted.at {
        LineName::Number(number) => {
            let mut lines = chip.lines();
            lines.find(|line| line.offset() == *number).ok_or("the chip has no such line")?
        }
        LineName::Name(name) => {
            let named = |line: &gpio_cdev::Line| {
                line.info().is_ok_and(|info| info.name() == Some(name.as_str()))
            };
            chip.lines().find(named).ok_or("no line of the chip has this name")?
        }
    };
    // Dark, and the level that an input has by itself.
    let rest = u8::from(wanted.active_low);
    let handle = line.request(flags, rest, CONSUMER).map_err(|error| error.to_string())?;
    CdevPin::new(handle).map_err(|error| error.to_string())
}

fn pi_pin(gpio: &Gpio, line: &Line) -> Result<rppal::gpio::Pin, String> {
    let LineName::Number(number) = &line.at else {
        return Err("a Raspberry Pi's line is called by its number".into());
    };
    let number = u8::try_from(*number).map_err(|_| "no such line")?;
    gpio.get(number).map_err(|error| error.to_string())
}

fn pi_input(gpio: &Gpio, line: &Line) -> Result<InputPin, String> {
    let pin = pi_pin(gpio, line)?;
    Ok(if line.active_low { pin.into_input_pullup() } else { pin.into_input_pulldown() })
}

fn pi_output(gpio: &Gpio, line: &Line) -> Result<OutputPin, String> {
    let pin = pi_pin(gpio, line)?;
    Ok(if line.active_low { pin.into_output_high() } else { pin.into_output_low() })
}

impl std::fmt::Display for LineName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(chip: Chip) -> GpioPanel {
        let door = Line { at: LineName::Number(1), active_low: true };
        let [person, tampered, stop, ready, attention, strip] = [const { None }; 6];
        GpioPanel::new(PanelConfig {
            chip,
            door_open: Some(door),
            person,
            tampered,
            stop,
            ready,
            attention,
            strip,
        })
    }

    #[test]
    fn a_chip_that_is_not_there_is_absent_at_every_call() {
        for chip in ["/dev/gpiochip-none", "no such label"] {
            let mut panel = panel(Chip::Kernel(chip.into()));
            for _ in 0..2 {
                let error = panel.read().expect_err("no chip");
                assert_eq!(error.fault, Fault::Absent, "{error}");
                assert!(error.device.contains(chip), "{error}");
            }
        }
    }

    #[test]
    #[cfg(not(target_arch = "aarch64"))]
    fn a_machine_that_is_no_raspberry_pi_is_told() {
        let error = panel(Chip::RaspberryPi).read().expect_err("no Raspberry Pi");
        assert_eq!(error.fault, Fault::Absent, "{error}");
    }
}
