//! What a UPS's words mean. No I/O.

use drivers_api::PowerState;

/// What the machine runs on, by `ups.status` and the charge in percent where the UPS tells it; none
/// where the words do not say.
///
/// The words are those of "Status data" in NUT's developer guide: `OL` on line, `OB` on battery,
/// `LB` low battery, `FSD` forced shutdown. All others leave open what carries the load.
pub(crate) fn judge(status: &str, charge: Option<u8>) -> Option<PowerState> {
    let has = |word| status.split_ascii_whitespace().any(|flag| flag == word);
    if has("FSD") || has("OB") && has("LB") {
        return Some(PowerState::Ending);
    }
    if has("OB") {
        return charge.map(|percent| PowerState::Battery { percent });
    }
    has("OL").then_some(PowerState::Mains)
}

/// `battery.charge`: percent, often with a fraction. What is not from 0 to 100 is no charge.
pub(crate) fn charge(text: &str) -> Option<u8> {
    let whole = text.trim().split('.').next()?;
    whole.parse().ok().filter(|percent| *percent <= 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_ups_say_what_carries_the_load() {
        let battery = |percent| Some(PowerState::Battery { percent });
        for (status, charge, state) in [
            ("OL", None, Some(PowerState::Mains)),
            ("OL CHRG", Some(40), Some(PowerState::Mains)),
            ("OL LB CHRG", Some(4), Some(PowerState::Mains)),
            ("OB DISCHRG", Some(80), battery(80)),
            ("OB", None, None),
            ("OB LB", Some(80), Some(PowerState::Ending)),
            ("OB LB", None, Some(PowerState::Ending)),
            ("FSD OL", Some(99), Some(PowerState::Ending)),
            ("OFF", Some(50), None),
            ("", Some(50), None),
            ("OLD", Some(50), None),
        ] {
            assert_eq!(judge(status, charge), state, "{status} {charge:?}");
        }
    }

    #[test]
    fn a_charge_is_a_percentage() {
        let of = ["100", "99.6", " 7 ", "0", "101", "-1", "full", ""].map(charge);
        assert_eq!(of, [Some(100), Some(99), Some(7), Some(0), None, None, None, None]);
    }
}
