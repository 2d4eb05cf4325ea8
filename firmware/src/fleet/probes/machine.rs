//! The machine under the kiosk: clock, power, voice.

use board::{Clock, Power};
use drivers_api::{ClockState, PowerState};

use crate::assemble;
use crate::config::Speech;
use crate::fleet::check::{FaultId, Finding, Subject};

/// What stands behind the clock.
pub fn clock(spec: &Clock) -> Finding {
    let subject = Subject::Clock;
    match assemble::clock_gauge(spec).read() {
        Ok(ClockState::Synchronised { error_max }) => {
            let off = error_max.as_millis();
            Finding::ok(subject, format!("kept right by a time service, off by {off} ms at most"))
        }
        Ok(ClockState::Free) => {
            let cause = "no time service reaches it; the battery-backed clock set it";
            let remedy = "connect the network or GPS; until then the officer confirms the time";
            Finding::fault(subject, FaultId::ClockFree, cause, remedy)
        }
        Ok(ClockState::Unset) => {
            let cause = "nothing set it since the start";
            let remedy = "connect the network or GPS, then change the clock's battery";
            Finding::fault(subject, FaultId::ClockUnset, cause, remedy)
        }
        Err(error) => {
            Finding::fault(subject, FaultId::ClockUnknown, error.to_string(), error.hint())
        }
    }
}

/// What the kiosk runs on; below `percent_min` of its battery it sends no copies.
pub fn power(spec: &Power, percent_min: u8) -> Finding {
    let subject = Subject::Power;
    match assemble::power(spec).read() {
        Ok(PowerState::Mains) => Finding::ok(subject, "mains"),
        Ok(PowerState::Battery { percent }) if percent >= percent_min => {
            Finding::ok(subject, format!("battery, {percent} %"))
        }
        Ok(PowerState::Battery { percent }) => {
            let cause = format!("battery, {percent} %: copies wait for the mains");
            Finding::fault(subject, FaultId::BatteryLow, cause, "plug the kiosk in")
        }
        Ok(PowerState::Ending) => {
            let cause = "battery, and the UPS says that it ends: the kiosk switches itself off";
            Finding::fault(subject, FaultId::BatteryEnds, cause, "plug the kiosk in")
        }
        Err(error) => {
            Finding::fault(subject, FaultId::PowerUnknown, error.to_string(), error.hint())
        }
    }
}

/// Whether the kiosk has a voice.
pub fn speech(speech: &Speech) -> Finding {
    let program = speech.program.display();
    if speech.program.is_file() {
        return Finding::ok(Subject::Speech, format!("{program} is installed"));
    }
    let cause = format!("{program} is not there: the kiosk is silent");
    let remedy = "install eSpeak NG, or correct speech.program";
    Finding::fault(Subject::Speech, FaultId::SpeechMissing, cause, remedy)
}

#[cfg(test)]
mod tests {
    use board::SimClock;

    use super::*;

    #[test]
    fn a_clock_is_as_good_as_what_stands_behind_it() {
        let of = |state| clock(&Clock::Sim { state }).id;
        assert_eq!(of(SimClock::Synchronised), None);
        assert_eq!(of(SimClock::Free), Some(FaultId::ClockFree));
        assert_eq!(of(SimClock::Unset), Some(FaultId::ClockUnset));
    }

    #[test]
    fn a_battery_below_the_policy_of_uploads_is_told() {
        let of = |battery_percent| power(&Power::Sim { battery_percent }, 20).id;
        assert_eq!((of(None), of(Some(20))), (None, None));
        assert_eq!(of(Some(19)), Some(FaultId::BatteryLow));
    }
}
