//! The fuel gauge MAX17048 or MAX17049 (Maxim datasheet 19-6171) on an I2C bus. Needs embedded-hal
//! and `core` only; the bus is passed in.

use embedded_hal::i2c::I2c;

/// The chip's address on the bus, 7 bits.
pub const ADDRESS: u8 = 0x36;
/// State of charge: the high byte is percent, the low byte 256ths of one.
pub const SOC: u8 = 0x04;
/// Production version: 0x001 and a digit.
pub const VERSION: u8 = 0x08;
/// How fast the charge changes, signed, in 0.208 % an hour.
pub const CHARGE_RATE: u8 = 0x16;

/// A discharge below this counts as none: one percent an hour, noise of a resting battery. A kiosk
/// takes more than ten.
const REST: i16 = -5;

/// What the gauge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How full the battery is, 0 to 100. The chip goes a little above 100 while it learns.
    pub percent: u8,
    /// Whether it is being used up.
    pub discharging: bool,
}

/// Why there is no reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaugeError<E> {
    /// The bus failed.
    Bus(E),
    /// Another chip answers at the address; this is its version.
    OtherChip(u16),
}

/// Reads the gauge once.
pub fn read<B: I2c>(bus: &mut B) -> Result<Reading, GaugeError<B::Error>> {
    let version = register(bus, VERSION)?;
    if version & 0xfff0 != 0x0010 {
        return Err(GaugeError::OtherChip(version));
    }
    let [percent, _] = register(bus, SOC)?.to_be_bytes();
    let rate = register(bus, CHARGE_RATE)?.cast_signed();
    Ok(Reading { percent: percent.min(100), discharging: rate < REST })
}

/// A register of 16 bits, high byte first.
fn register<B: I2c>(bus: &mut B, register: u8) -> Result<u16, GaugeError<B::Error>> {
    let mut bytes = [0; 2];
    bus.write_read(ADDRESS, &[register], &mut bytes).map_err(GaugeError::Bus)?;
    Ok(u16::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use embedded_hal::i2c::{Error, ErrorKind, ErrorType, NoAcknowledgeSource, Operation};
    use proptest::prelude::*;

    use super::*;

    /// A chip by its registers; none for an empty bus.
    struct Bus(Option<[(u8, u16); 3]>);

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Nack;

    impl Error for Nack {
        fn kind(&self) -> ErrorKind {
            ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)
        }
    }

    impl ErrorType for Bus {
        type Error = Nack;
    }

    impl I2c for Bus {
        fn transaction(
            &mut self,
            address: u8,
            operations: &mut [Operation<'_>],
        ) -> Result<(), Nack> {
            let registers = self.0.filter(|_| address == ADDRESS).ok_or(Nack)?;
            let mut asked = 0;
            for operation in operations {
                match operation {
                    Operation::Write(bytes) => asked = bytes[0],
                    Operation::Read(bytes) => {
                        let found = registers.iter().find(|(register, _)| *register == asked);
                        bytes.copy_from_slice(&found.ok_or(Nack)?.1.to_be_bytes());
                    }
                }
            }
            Ok(())
        }
    }

    fn chip(version: u16, soc: u16, rate: i16) -> Bus {
        Bus(Some([(VERSION, version), (SOC, soc), (CHARGE_RATE, rate.cast_unsigned())]))
    }

    #[test]
    fn a_gauge_says_how_full_and_whether_the_battery_is_used_up() {
        let of = |soc, rate| read(&mut chip(0x0012, soc, rate)).expect("a gauge");
        assert_eq!(of(0x3780, -60), Reading { percent: 55, discharging: true });
        assert_eq!(of(0x3780, 90), Reading { percent: 55, discharging: false });
        assert_eq!(of(0x6501, -2), Reading { percent: 100, discharging: false });
    }

    #[test]
    fn another_chip_and_an_empty_bus_are_no_gauge() {
        let other = read(&mut chip(0x0020, 0, 0));
        assert_eq!(other, Err(GaugeError::OtherChip(0x0020)));
        assert_eq!(read(&mut Bus(None)), Err(GaugeError::Bus(Nack)));
    }

    proptest! {
        #[test]
        fn any_registers_are_a_reading_or_another_chip(version: u16, soc: u16, rate: i16) {
            match read(&mut chip(version, soc, rate)) {
                Ok(reading) => prop_assert!(reading.percent <= 100 && version >> 4 == 1),
                Err(error) => prop_assert_eq!(error, GaugeError::OtherChip(version)),
            }
        }
    }
}
