//! What to ask of a device: the value for each option, given what the device offers. No I/O.

use crate::wire::{Constraint, Descriptor, Kind, Value};

/// SANE_CAP_SOFT_SELECT: software may set the option (4.2.9.7).
const SOFT_SELECT: u32 = 1;
/// SANE_CAP_INACTIVE: another option must change before this one means anything.
const INACTIVE: u32 = 32;
/// SANE_UNIT_DPI.
const UNIT_DPI: u32 = 4;
/// One in SANE's fixed-point numbers (4.2.1).
const FIXED_ONE: f64 = 65_536.0;

/// Why an option cannot be set as asked. The text is for the technician.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OptionError {
    #[error("the device has no option {0}")]
    Missing(String),
    #[error("the option {0} cannot be set now")]
    Inactive(String),
    #[error("the option {name} does not take {value}")]
    Value { name: String, value: String },
    #[error("the device offers at most {offered} dpi, {asked} asked")]
    Resolution { offered: u32, asked: u32 },
}

/// The option of that name, settable now.
pub(crate) fn settable<'a>(
    options: &'a [Descriptor],
    name: &str,
) -> Result<&'a Descriptor, OptionError> {
    let option = options
        .iter()
        .find(|option| option.name == name && option.kind != Kind::Group)
        .ok_or_else(|| OptionError::Missing(name.into()))?;
    if option.capabilities & SOFT_SELECT == 0 || option.capabilities & INACTIVE != 0 {
        return Err(OptionError::Inactive(name.into()));
    }
    Ok(option)
}

/// A configured text as the option's type wants it.
pub(crate) fn value_of(option: &Descriptor, text: &str) -> Result<Value, OptionError> {
    let bad = || OptionError::Value { name: option.name.clone(), value: text.into() };
    Ok(match option.kind {
        Kind::Bool => Value::Words(vec![match text {
            "yes" | "true" | "1" => 1,
            "no" | "false" | "0" => 0,
            _ => return Err(bad()),
        }]),
        Kind::Int => Value::Words(vec![text.parse().map_err(|_| bad())?]),
        Kind::Fixed => Value::Words(vec![fixed(text.parse().map_err(|_| bad())?)]),
        Kind::Text => match &option.constraint {
            Constraint::Texts(offered) if !offered.iter().any(|one| one == text) => {
                return Err(bad());
            }
            _ => Value::Text(text.into()),
        },
        Kind::Button => Value::Nothing,
        Kind::Group => return Err(bad()),
    })
}

/// The colour mode a device calls "Color", if it has modes.
pub(crate) fn colour_mode(option: &Descriptor) -> Option<Value> {
    let Constraint::Texts(modes) = &option.constraint else { return None };
    let mode = modes.iter().find(|mode| mode.eq_ignore_ascii_case("color"));
    mode.map(|mode| Value::Text(mode.clone()))
}

/// Eight bits a sample, if the device lets one choose.
pub(crate) fn depth_8(option: &Descriptor) -> Option<Value> {
    let offered = match &option.constraint {
        Constraint::Words(words) => words.contains(&8),
        Constraint::Range { min, max, .. } => (*min..=*max).contains(&8),
        Constraint::Anything | Constraint::Texts(_) => false,
    };
    (offered && option.kind == Kind::Int).then(|| Value::Words(vec![8]))
}

/// The lowest resolution the device offers that is not below `dpi`.
pub(crate) fn resolution(option: &Descriptor, dpi: u32) -> Result<Value, OptionError> {
    let too_much = |offered: f64| OptionError::Resolution { offered: offered as u32, asked: dpi };
    let asked = f64::from(dpi);
    let number = |raw: i32| number(option.kind, raw);
    let chosen = match &option.constraint {
        Constraint::Range { min, max, step } => {
            let (min, max, step) = (number(*min), number(*max), number(*step).max(0.0));
            let steps = if step > 0.0 { ((asked - min) / step).ceil() } else { 0.0 };
            let stepped = if step > 0.0 { min + steps.max(0.0) * step } else { asked.max(min) };
            if stepped > max { return Err(too_much(max)) } else { stepped }
        }
        Constraint::Words(words) => {
            let offered = || words.iter().map(|word| number(*word));
            let enough = offered().filter(|one| *one >= asked).reduce(f64::min);
            enough.ok_or_else(|| too_much(offered().fold(0.0, f64::max)))?
        }
        Constraint::Anything | Constraint::Texts(_) => asked,
    };
    Ok(Value::Words(vec![raw(option.kind, chosen)]))
}

/// The dots per inch that a resolution's value says; `None` when the option has another unit.
pub(crate) fn dpi_of(option: &Descriptor, value: &Value) -> Option<u32> {
    let Value::Words(words) = value else { return None };
    let dpi = number(option.kind, *words.first()?).round();
    (option.unit == UNIT_DPI && dpi >= 1.0 && dpi <= f64::from(u16::MAX)).then_some(dpi as u32)
}

/// The far end (`max`) or near end of a geometry option's range.
pub(crate) fn end_of_range(option: &Descriptor, far: bool) -> Option<Value> {
    match &option.constraint {
        Constraint::Range { min, max, .. } => {
            Some(Value::Words(vec![if far { *max } else { *min }]))
        }
        _ => None,
    }
}

fn number(kind: Kind, raw: i32) -> f64 {
    if kind == Kind::Fixed { f64::from(raw) / FIXED_ONE } else { f64::from(raw) }
}

fn raw(kind: Kind, number: f64) -> i32 {
    if kind == Kind::Fixed { fixed(number) } else { number as i32 }
}

fn fixed(number: f64) -> i32 {
    (number * FIXED_ONE).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(kind: Kind, constraint: Constraint) -> Descriptor {
        Descriptor {
            number: 1,
            name: "resolution".into(),
            kind,
            unit: UNIT_DPI,
            capabilities: SOFT_SELECT,
            constraint,
        }
    }

    #[test]
    fn the_next_higher_resolution_is_taken_from_a_list() {
        let list = option(Kind::Int, Constraint::Words(vec![600, 150, 400]));
        assert_eq!(resolution(&list, 300), Ok(Value::Words(vec![400])));
        assert_eq!(
            resolution(&list, 1200),
            Err(OptionError::Resolution { offered: 600, asked: 1200 })
        );
    }

    #[test]
    fn a_range_is_met_on_its_steps() {
        let range = Constraint::Range { min: 50, max: 1200, step: 50 };
        assert_eq!(resolution(&option(Kind::Int, range), 310), Ok(Value::Words(vec![350])));
        let fixed = Constraint::Range { min: 65_536, max: 65_536 * 1200, step: 0 };
        let fixed = option(Kind::Fixed, fixed);
        let value = resolution(&fixed, 300).expect("inside");
        assert_eq!(dpi_of(&fixed, &value), Some(300));
    }

    #[test]
    fn an_inactive_option_and_a_missing_one_are_told_apart() {
        let mut one = option(Kind::Int, Constraint::Anything);
        one.capabilities = SOFT_SELECT | INACTIVE;
        let one = [one];
        assert_eq!(settable(&one, "resolution"), Err(OptionError::Inactive("resolution".into())));
        assert_eq!(settable(&one, "source"), Err(OptionError::Missing("source".into())));
    }

    #[test]
    fn a_text_outside_the_offered_ones_is_refused() {
        let source = option(Kind::Text, Constraint::Texts(vec!["Flatbed".into()]));
        assert!(value_of(&source, "Flatbed").is_ok());
        assert!(matches!(value_of(&source, "ADF"), Err(OptionError::Value { .. })));
    }
}
