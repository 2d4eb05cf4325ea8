//! What a battery that runs down means: no visit begins, the one in progress may come to its end,
//! what is certified is kept, and then the kiosk asks to be switched off.
//!
//! [`Outlook`] decides and touches nothing; [`watch`] reads the source of power for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use drivers_api::{Power, PowerState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::Kiosk;
use crate::visit::{Say, Severity, State, Trouble};

/// Readings in a row that must say the same before the kiosk closes: one may be a gauge's slip.
const READINGS_TO_CLOSE: u8 = 2;
/// How much fuller than the closing charge a battery must be before visits begin again: a kiosk at
/// the border would open and close with every reading.
const MARGIN_PERCENT: u8 = 3;
/// How often the source of power is read.
const PAUSE: Duration = Duration::from_secs(2);

/// What a low battery means for this kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PowerPolicy {
    /// On battery below so many percent, or when its UPS says that it ends, no visit begins and the
    /// kiosk switches itself off.
    #[schemars(extend("x-unit" = "%"))]
    pub close_percent: u8,
    /// How long a visit in progress then has to come to its end.
    #[schemars(extend("x-unit" = "s"))]
    pub grace_s: u32,
    /// The file that is made when the kiosk is to be switched off; the system's service manager
    /// watches it.
    pub off_file: PathBuf,
}

impl Default for PowerPolicy {
    /// A tenth of a battery lasts for minutes, and is what keeps its cells whole; a UPS that says
    /// that it ends has two minutes left, as most are set.
    fn default() -> Self {
        Self { close_percent: 10, grace_s: 60, off_file: "/run/kiosk/power-off".into() }
    }
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// All goes on.
    Open,
    /// No visit begins; the one in progress goes on.
    Closing,
    /// The visit in progress ends where it waits for a person.
    End,
    /// Nothing goes on any more: off.
    Off,
}

/// What the readings of a source of power come to.
#[derive(Debug, Clone)]
pub struct Outlook {
    close_percent: u8,
    grace: Duration,
    low_readings: u8,
    /// Since when the kiosk closes.
    closing: Option<Duration>,
}

impl Outlook {
    /// The outlook under this policy.
    pub const fn new(policy: &PowerPolicy) -> Self {
        Self {
            close_percent: policy.close_percent,
            grace: Duration::from_secs(policy.grace_s as u64),
            low_readings: 0,
            closing: None,
        }
    }

    /// Takes a reading, or none where the source cannot be read, at the time `now` of a steady
    /// clock. `resting` says that nobody is at the kiosk and nothing is being made.
    ///
    /// A source that cannot be read changes nothing: a cable that slips closes no kiosk, and a UPS
    /// that falls silent while its battery ends opens none.
    pub fn step(&mut self, reading: Option<PowerState>, resting: bool, now: Duration) -> Advice {
        match reading.map(|state| self.is_low(state)) {
            None => {}
            Some(false) => (self.low_readings, self.closing) = (0, None),
            Some(true) => {
                self.low_readings = self.low_readings.saturating_add(1);
                if self.low_readings >= READINGS_TO_CLOSE {
                    self.closing.get_or_insert(now);
                }
            }
        }
        let Some(since) = self.closing else { return Advice::Open };
        if resting {
            Advice::Off
        } else if now.saturating_sub(since) >= self.grace {
            Advice::End
        } else {
            Advice::Closing
        }
    }

    const fn is_low(&self, state: PowerState) -> bool {
        let margin = if self.closing.is_some() { MARGIN_PERCENT } else { 0 };
        match state {
            PowerState::Mains => false,
            PowerState::Ending => true,
            PowerState::Battery { percent } => percent < self.close_percent.saturating_add(margin),
        }
    }
}

/// What is said while the kiosk closes.
pub fn trouble() -> Trouble {
    Trouble {
        say: Say::PowerLow,
        cause: "the battery ends".into(),
        remedy: "plug the kiosk in; it starts again when power is back".into(),
        severity: Severity::Service,
    }
}

/// Reads the source of power until the process ends.
pub fn watch(kiosk: Kiosk, mut power: Box<dyn Power>) -> std::io::Result<()> {
    let watch = move || {
        let policy = kiosk.parts().config.power.clone();
        let mut outlook = Outlook::new(&policy);
        let mut told = Advice::Open;
        let mut readable = true;
        loop {
            let reading = power.read();
            if let (Err(error), true) = (&reading, readable) {
                let hint = error.hint();
                tracing::warn!(%error, hint, "the source of power does not answer");
            } else if reading.is_ok() && !readable {
                tracing::info!("the source of power answers again");
            }
            readable = reading.is_ok();
            let advice = outlook.step(reading.ok(), rests(&kiosk), kiosk.parts().clock.steady());
            follow(&kiosk, advice, told, &policy.off_file);
            told = advice;
            std::thread::sleep(PAUSE);
        }
    };
    std::thread::Builder::new().name("power".into()).spawn(watch).map(drop)
}

/// Whether nothing would be cut off now. Whoever was just told that the visit ended reads on.
fn rests(kiosk: &Kiosk) -> bool {
    let visit = kiosk.watch().borrow().clone();
    let told = match visit.state() {
        State::Idle => return true,
        State::Failed(dossier, _) => dossier.trouble.as_ref(),
        _ => None,
    };
    told.is_some_and(|trouble| trouble.say == Say::PowerLow)
}

fn follow(kiosk: &Kiosk, advice: Advice, told: Advice, off: &Path) {
    kiosk.parts().guard.close(advice != Advice::Open);
    match advice {
        Advice::Open if told != Advice::Open => tracing::info!("power is back: open again"),
        Advice::Open => {
            // Made by a run before this one, whose power came back in time.
            let _nothing_there = std::fs::remove_file(off);
        }
        Advice::Closing if told == Advice::Open => {
            tracing::warn!("the battery ends: no visit begins");
        }
        Advice::Closing => {}
        Advice::End => kiosk.power_ends(),
        Advice::Off => {
            if told != Advice::Off {
                let file = off.display();
                tracing::warn!(%file, "the battery ends: asking to be switched off");
            }
            if let Err(error) = std::fs::write(off, "")
                && told != Advice::Off
            {
                let hint = "let power.off_file in the site file be in a folder of the kiosk's";
                let file = off.display();
                tracing::error!(%file, %error, hint, "nobody is told to switch it off");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn battery(percent: u8) -> Option<PowerState> {
        Some(PowerState::Battery { percent })
    }

    fn outlook() -> Outlook {
        Outlook::new(&PowerPolicy::default())
    }

    #[test]
    fn a_visit_comes_to_its_end_within_its_grace_and_then_the_kiosk_goes_off() {
        let mut outlook = outlook();
        assert_eq!(outlook.step(battery(10), false, at(0)), Advice::Open);
        assert_eq!(outlook.step(battery(9), false, at(2)), Advice::Open, "one may be a slip");
        assert_eq!(outlook.step(battery(9), false, at(4)), Advice::Closing);
        assert_eq!(outlook.step(battery(9), false, at(63)), Advice::Closing);
        assert_eq!(outlook.step(battery(9), false, at(64)), Advice::End);
        assert_eq!(outlook.step(battery(9), true, at(66)), Advice::Off);
    }

    #[test]
    fn the_mains_open_it_again_and_a_charge_at_the_border_does_not() {
        let mut outlook = outlook();
        for second in [0, 2] {
            outlook.step(Some(PowerState::Ending), false, at(second));
        }
        assert_eq!(outlook.step(battery(12), false, at(4)), Advice::Closing);
        assert_eq!(outlook.step(battery(13), false, at(6)), Advice::Open);
        for second in [8, 10] {
            outlook.step(Some(PowerState::Ending), false, at(second));
        }
        assert_eq!(outlook.step(None, false, at(12)), Advice::Closing, "silence opens nothing");
        assert_eq!(outlook.step(Some(PowerState::Mains), false, at(14)), Advice::Open);
        assert_eq!(outlook.step(None, true, at(16)), Advice::Open, "and closes nothing");
    }

    proptest! {
        /// A kiosk never asks to be switched off while something goes on, or on the mains.
        #[test]
        fn nothing_is_cut_off(
            readings in prop::collection::vec((0_u8..=103, any::<bool>(), 1_u64..90), 1..50),
        ) {
            let mut outlook = outlook();
            let mut now = Duration::ZERO;
            for (reading, resting, pause) in readings {
                now += at(pause);
                let state = match reading {
                    101 => Some(PowerState::Mains),
                    102 => Some(PowerState::Ending),
                    103 => None,
                    percent => battery(percent),
                };
                let advice = outlook.step(state, resting, now);
                prop_assert!(advice != Advice::Off || resting);
                prop_assert!(advice == Advice::Open || state != Some(PowerState::Mains));
            }
        }
    }
}
