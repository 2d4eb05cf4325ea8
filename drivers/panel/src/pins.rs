//! Switches and lamps over embedded-hal pins, whatever chip they are on.

use drivers_api::{Lamps, Switches};
use embedded_hal::digital::{InputPin, OutputPin, PinState};

/// A pin, and whether its meaning is the low level.
pub(crate) struct Wire<P> {
    pub(crate) pin: P,
    pub(crate) active_low: bool,
}

/// The open pins of a panel; the driver lets go of them all at once.
pub(crate) struct Pins<I, O> {
    pub(crate) person: Option<Wire<I>>,
    pub(crate) door_open: Option<Wire<I>>,
    pub(crate) tampered: Option<Wire<I>>,
    pub(crate) stop: Option<Wire<I>>,
    pub(crate) ready: Option<Wire<O>>,
    pub(crate) attention: Option<Wire<O>>,
    pub(crate) strip: Option<Wire<O>>,
}

/// Pins of one chip or another. An error is what its driver said.
pub(crate) trait Wiring: Send {
    fn read(&mut self) -> Result<Switches, String>;
    fn show(&mut self, lamps: Lamps) -> Result<(), String>;
}

impl<I: InputPin + Send, O: OutputPin + Send> Wiring for Pins<I, O> {
    fn read(&mut self) -> Result<Switches, String> {
        Ok(Switches {
            person: active(&mut self.person)?,
            door_open: active(&mut self.door_open)?,
            tampered: active(&mut self.tampered)?,
            stop: active(&mut self.stop)?,
        })
    }

    fn show(&mut self, lamps: Lamps) -> Result<(), String> {
        drive(&mut self.ready, lamps.ready)?;
        drive(&mut self.attention, lamps.attention)?;
        drive(&mut self.strip, lamps.strip)
    }
}

fn active<I: InputPin>(wire: &mut Option<Wire<I>>) -> Result<Option<bool>, String> {
    let Some(wire) = wire else { return Ok(None) };
    let high = wire.pin.is_high().map_err(|error| format!("{error:?}"))?;
    Ok(Some(high != wire.active_low))
}

fn drive<O: OutputPin>(wire: &mut Option<Wire<O>>, lit: bool) -> Result<(), String> {
    let Some(wire) = wire else { return Ok(()) };
    let level = PinState::from(lit != wire.active_low);
    wire.pin.set_state(level).map_err(|error| format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use embedded_hal::digital::{Error, ErrorKind, ErrorType};

    use super::*;

    /// A pin that is a level, or broken.
    struct Level(Option<bool>);

    #[derive(Debug)]
    struct Broken;

    impl Error for Broken {
        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    impl ErrorType for Level {
        type Error = Broken;
    }

    impl InputPin for Level {
        fn is_high(&mut self) -> Result<bool, Broken> {
            self.0.ok_or(Broken)
        }

        fn is_low(&mut self) -> Result<bool, Broken> {
            self.is_high().map(|high| !high)
        }
    }

    impl OutputPin for Level {
        fn set_low(&mut self) -> Result<(), Broken> {
            self.0 = Some(false);
            Ok(())
        }

        fn set_high(&mut self) -> Result<(), Broken> {
            self.0 = Some(true);
            Ok(())
        }
    }

    fn wire(level: Option<bool>, active_low: bool) -> Option<Wire<Level>> {
        Some(Wire { pin: Level(level), active_low })
    }

    fn pins() -> Pins<Level, Level> {
        Pins {
            person: wire(Some(true), false),
            door_open: wire(Some(true), true),
            tampered: None,
            stop: wire(Some(false), true),
            ready: wire(None, false),
            attention: wire(None, true),
            strip: None,
        }
    }

    #[test]
    fn a_line_means_its_level_or_the_other_and_a_missing_one_nothing() {
        let read = pins().read().expect("whole pins");
        let expected = Switches {
            person: Some(true),
            door_open: Some(false),
            tampered: None,
            stop: Some(true),
        };
        assert_eq!(read, expected);
        let broken = Pins { stop: wire(None, false), ..pins() }.read();
        assert!(broken.is_err_and(|error| error.contains("Broken")));
    }

    #[test]
    fn a_lamp_that_shines_at_the_low_level_is_driven_low() {
        let mut pins = pins();
        pins.show(Lamps { ready: true, attention: true, strip: true }).expect("whole pins");
        let level = |wire: &Option<Wire<Level>>| wire.as_ref().and_then(|wire| wire.pin.0);
        assert_eq!((level(&pins.ready), level(&pins.attention)), (Some(true), Some(false)));
    }
}
