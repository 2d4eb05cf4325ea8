//! What the supplies of a machine say together. No I/O.

use drivers_api::{DeviceError, Fault, PowerState};

/// The device as errors name it.
pub(crate) const DEVICE: &str = "power supply";

/// What a battery does (`status` in the kernel's ABI).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// `Discharging`.
    Discharging,
    /// `Charging`, `Full` or `Not charging`: something else carries the load.
    Resting,
    /// `Unknown`, or a word of a later kernel.
    Unknown,
}

impl Status {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "Discharging" => Self::Discharging,
            "Charging" | "Full" | "Not charging" => Self::Resting,
            _ => Self::Unknown,
        }
    }
}

/// One supply that feeds the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Supply {
    /// The mains, a USB or a wireless charger.
    Line {
        /// Whether it gives power.
        online: bool,
    },
    /// A battery or a UPS that is there.
    Battery {
        /// What it does.
        status: Status,
        /// How full it is, 0 to 100.
        percent: u8,
    },
}

/// What the machine runs on. A battery that is used up although a line is there, as by a socket too
/// weak for the scanner, is what it runs on.
pub(crate) fn judge(supplies: &[Supply]) -> Result<PowerState, DeviceError> {
    let lines = supplies.iter().filter_map(|supply| match supply {
        Supply::Line { online } => Some(*online),
        Supply::Battery { .. } => None,
    });
    let line = lines.reduce(|one, other| one || other);
    let (mut count, mut sum) = (0, 0);
    let (mut discharging, mut unknown) = (false, false);
    for supply in supplies {
        if let Supply::Battery { status, percent } = supply {
            count += 1;
            sum += u32::from(*percent);
            discharging |= *status == Status::Discharging;
            unknown |= *status == Status::Unknown;
        }
    }
    // A mean of percentages is one, too.
    let mean = sum.checked_div(count).and_then(|mean| u8::try_from(mean).ok());
    match (mean, line) {
        (None, _) => Ok(PowerState::Mains),
        (Some(percent), _) if discharging => Ok(PowerState::Battery { percent }),
        (Some(_), Some(true)) => Ok(PowerState::Mains),
        // Just unplugged: the gauge still says what it did before.
        (Some(percent), Some(false)) => Ok(PowerState::Battery { percent }),
        (Some(_), None) if unknown => Err(DeviceError::new(
            DEVICE,
            Fault::Protocol,
            "a battery of unknown status, and no line to tell what carries the load",
        )),
        (Some(_), None) => Ok(PowerState::Mains),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ON: Supply = Supply::Line { online: true };
    const OFF: Supply = Supply::Line { online: false };

    const fn battery(status: Status, percent: u8) -> Supply {
        Supply::Battery { status, percent }
    }

    #[test]
    fn a_machine_without_battery_is_on_the_mains() {
        for supplies in [&[][..], &[ON], &[OFF]] {
            assert_eq!(judge(supplies), Ok(PowerState::Mains), "{supplies:?}");
        }
    }

    #[test]
    fn the_load_is_carried_by_what_is_used_up() {
        use Status::{Discharging, Resting, Unknown};
        let cases: &[(&[Supply], PowerState)] = &[
            (&[OFF, battery(Discharging, 40)], PowerState::Battery { percent: 40 }),
            (&[ON, battery(Resting, 40)], PowerState::Mains),
            (&[OFF, ON, battery(Unknown, 40)], PowerState::Mains),
            (&[ON, battery(Discharging, 7)], PowerState::Battery { percent: 7 }),
            (&[OFF, battery(Resting, 100)], PowerState::Battery { percent: 100 }),
            (&[OFF, battery(Unknown, 9)], PowerState::Battery { percent: 9 }),
            (&[battery(Resting, 50)], PowerState::Mains),
            (&[battery(Discharging, 50)], PowerState::Battery { percent: 50 }),
            (
                &[OFF, battery(Discharging, 10), battery(Resting, 81)],
                PowerState::Battery { percent: 45 },
            ),
        ];
        for (supplies, state) in cases {
            assert_eq!(judge(supplies), Ok(*state), "{supplies:?}");
        }
    }

    #[test]
    fn nothing_is_guessed_from_a_gauge_of_unknown_status_alone() {
        let error = judge(&[battery(Status::Unknown, 50)]).expect_err("a guess");
        assert_eq!(error.fault, Fault::Protocol);
    }

    proptest! {
        #[test]
        fn more_charge_never_reads_as_less(percent in 0_u8..=99, other in 0_u8..=100) {
            let read = |percent| {
                let both = [percent, other].map(|p| battery(Status::Discharging, p));
                match judge(&both) {
                    Ok(PowerState::Battery { percent }) => percent,
                    state => panic!("{state:?}"),
                }
            };
            prop_assert!(read(percent) <= read(percent + 1));
        }
    }
}
