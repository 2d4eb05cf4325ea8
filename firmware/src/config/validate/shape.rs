//! Whether a file has the keys that there are, with values of their kind.

use serde_json::Value;

use crate::config::explain::{drivers, kind, present, values};

/// A key that is too many, missing, or has a value of another kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) key: String,
    pub(super) cause: String,
    pub(super) remedy: String,
}

/// Puts down what is wrong with `value` at `key`.
pub(super) fn check(value: &Value, schema: &Value, key: &str, faults: &mut Vec<Fault>) {
    let schema = present(schema);
    if let Some(variants) = drivers(schema) {
        let name = value["driver"].as_str();
        let names: Vec<_> = variants.iter().map(|(name, _)| name.as_str()).collect();
        match variants.iter().find(|(known, _)| name == Some(known)) {
            Some((_, variant)) => section(value, variant, key, faults),
            None => faults.push(not_among(&below(key, "driver"), name, &names)),
        }
    } else if schema["properties"].is_object() {
        section(value, schema, key, faults);
    } else if schema["items"]["properties"].is_object() {
        match value.as_array() {
            None => faults.push(other_kind(key, "a list of sections")),
            Some(entries) => {
                for (at, entry) in entries.iter().enumerate() {
                    section(entry, &schema["items"], &format!("{key}[{at}]"), faults);
                }
            }
        }
    } else {
        single(value, schema, key, faults);
    }
}

fn section(value: &Value, schema: &Value, key: &str, faults: &mut Vec<Fault>) {
    let Some(fields) = value.as_object() else {
        return faults.push(other_kind(key, "a section"));
    };
    let known = |name: &str| schema["properties"].get(name);
    for (name, value) in fields {
        let key = below(key, name);
        match known(name) {
            Some(_) if schema["properties"][name].get("const").is_some() => {}
            Some(schema) => check(value, schema, &key, faults),
            None => {
                let names = schema["properties"].as_object().into_iter().flatten();
                let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
                let cause = format!("there is no key {name} here");
                let remedy = format!("remove it, or write one of: {}", names.join(", "));
                faults.push(Fault { key, cause, remedy });
            }
        }
    }
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name)) {
        let key = below(key, name);
        let remedy = format!("write it; `kiosk config explain {key}` says what it means");
        faults.push(Fault { key, cause: "it is missing".into(), remedy });
    }
}

fn single(value: &Value, schema: &Value, key: &str, faults: &mut Vec<Fault>) {
    let kind = kind(schema);
    let fits = match kind {
        "whole number" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "true or false" => value.is_boolean(),
        "list" => value.is_array(),
        "section" => value.is_object(),
        _ => value.is_string(),
    };
    if !fits {
        return faults.push(other_kind(key, kind));
    }
    let words = values(schema);
    if !words.is_empty() && !words.iter().any(|(word, _)| value == word.as_str()) {
        let names: Vec<_> = words.iter().map(|(word, _)| word.as_str()).collect();
        return faults.push(not_among(key, value.as_str(), &names));
    }
    let bound = |name: &str| schema[name].as_f64();
    let number = value.as_f64();
    let below = number.zip(bound("minimum")).is_some_and(|(number, least)| number < least);
    let above = number.zip(bound("maximum")).is_some_and(|(number, most)| number > most);
    if below || above {
        let [least, most] = ["minimum", "maximum"].map(|name| match &schema[name] {
            Value::Null => "…".to_owned(),
            bound => bound.to_string(),
        });
        let cause = format!("{value} is out of range");
        faults.push(Fault { key: key.into(), cause, remedy: format!("write {least} to {most}") });
    }
}

fn not_among(key: &str, found: Option<&str>, names: &[&str]) -> Fault {
    let cause =
        found.map_or_else(|| "it is missing".into(), |found| format!("{found} is none of them"));
    Fault { key: key.into(), cause, remedy: format!("write one of: {}", names.join(", ")) }
}

fn other_kind(key: &str, wanted: &str) -> Fault {
    let remedy = format!("write {wanted}; `kiosk config explain {key}` says what it means");
    Fault { key: key.into(), cause: "the value is of another kind".into(), remedy }
}

fn below(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}
