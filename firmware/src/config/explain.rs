//! What the keys of site and board files mean.
//!
//! The texts are the documentation of the fields themselves; unit and source stand beside them as
//! `x-unit` and `x-source`. There is no second list to keep.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Config;

/// The file that a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum In {
    /// The site file: who and where the kiosk is.
    Site,
    /// The board file: which devices it has.
    Board,
}

/// A key and what is said about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Key {
    /// The key with its sections, such as `registry.ca`; `[]` stands for each entry of a list.
    pub key: String,
    /// Where it is written.
    pub file: In,
    /// What it means.
    pub meaning: String,
    /// Text, number, list and so on.
    pub kind: &'static str,
    /// What its figures count, where it has any.
    pub unit: Option<String>,
    /// The law or rule that it follows from, where there is one.
    pub source: Option<String>,
    /// What holds where the file is silent; none where it must not be, or where nothing holds.
    pub default: Option<Value>,
    /// Whether the file must have it.
    pub required: bool,
    /// The values that there are, each with its meaning; empty where any will do.
    pub values: Vec<(String, String)>,
    /// The section's `driver` that it is for; none where it is for all.
    pub driver: Option<String>,
}

/// All keys, those of the site file first, by name.
pub fn keys() -> Vec<Key> {
    let mut keys = Vec::new();
    walk(&schema::<Config>(), &Place::top(In::Site), &mut keys);
    walk(&schema::<board::Board>(), &Place::top(In::Board), &mut keys);
    keys.sort_by(|a, b| (a.file, &a.key, &a.driver).cmp(&(b.file, &b.key, &b.driver)));
    keys
}

/// The keys that a technician means: one of this name, or all of a section.
pub fn find(name: &str) -> Vec<Key> {
    let plain = |key: &str| key.replace("[]", "");
    let name = plain(name);
    let section = format!("{name}.");
    let mut keys = keys();
    keys.retain(|key| plain(&key.key) == name || plain(&key.key).starts_with(&section));
    keys
}

/// What the files may hold, as a JSON schema without references.
pub(super) fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Where a schema stands.
#[derive(Clone)]
struct Place {
    file: In,
    key: String,
    required: bool,
    /// What the field's own words are, before those of its type.
    field: Map<String, Value>,
    driver: Option<String>,
}

impl Place {
    fn top(file: In) -> Self {
        Self { file, key: String::new(), required: true, field: Map::new(), driver: None }
    }

    fn below(&self, name: &str, required: bool, field: &Value) -> Self {
        let key = match self.key.as_str() {
            "" => name.to_owned(),
            section => format!("{section}.{name}"),
        };
        let field = field.as_object().cloned().unwrap_or_default();
        Self { file: self.file, key, required, field, driver: self.driver.clone() }
    }
}

fn walk(schema: &Value, place: &Place, keys: &mut Vec<Key>) {
    let schema = present(schema);
    if let Some(variants) = drivers(schema) {
        for (driver, variant) in &variants {
            let place = Place { driver: Some(driver.clone()), ..place.clone() };
            sections(variant, &place, keys);
        }
        keys.push(driver_key(&variants, place));
    } else if schema["properties"].is_object() {
        sections(schema, place, keys);
    } else if schema["items"]["properties"].is_object() {
        let place = Place { key: format!("{}[]", place.key), ..place.clone() };
        sections(&schema["items"], &place, keys);
    } else {
        keys.push(leaf(schema, place));
    }
}

/// The keys of a section, but for its driver: that is one key for all of them.
fn sections(schema: &Value, place: &Place, keys: &mut Vec<Key>) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if field.get("const").is_none() {
            let needed = required.iter().any(|one| one == name.as_str());
            walk(field, &place.below(name, needed, field), keys);
        }
    }
}

/// The schema of a value that is there, of one that may be absent.
pub(super) fn present(schema: &Value) -> &Value {
    let ways = schema["anyOf"].as_array();
    ways.and_then(|ways| ways.iter().find(|way| way["type"] != "null")).unwrap_or(schema)
}

/// A section's variants by their `driver`, if it is such a section.
pub(super) fn drivers(schema: &Value) -> Option<Vec<(String, &Value)>> {
    let variants = schema["oneOf"].as_array()?;
    let name =
        |variant: &Value| variant["properties"]["driver"]["const"].as_str().map(String::from);
    variants.iter().map(|variant| Some((name(variant)?, variant))).collect()
}

fn driver_key(variants: &[(String, &Value)], place: &Place) -> Key {
    let values =
        variants.iter().map(|(name, variant)| (name.clone(), text(&variant["description"])));
    let meaning = text(&place.field.get("description").cloned().unwrap_or_default());
    let default = place.field.get("default").map(|default| default["driver"].clone());
    Key {
        key: format!("{}.driver", place.key),
        file: place.file,
        meaning: format!("{meaning} Which driver speaks to it."),
        kind: "text",
        unit: None,
        source: None,
        required: default.is_none(),
        default,
        values: values.collect(),
        driver: None,
    }
}

fn leaf(schema: &Value, place: &Place) -> Key {
    let said = |name: &str| place.field.get(name).or_else(|| schema.get(name));
    let word = |name: &str| said(name).map(text).filter(|word| !word.is_empty());
    let default = said("default").filter(|default| !default.is_null()).cloned();
    Key {
        key: place.key.clone(),
        file: place.file,
        meaning: word("description").unwrap_or_default(),
        kind: kind(schema),
        unit: word("x-unit"),
        source: word("x-source"),
        required: place.required && default.is_none(),
        default,
        values: values(schema),
        driver: place.driver.clone(),
    }
}

/// Text of the documentation as one line.
fn text(value: &Value) -> String {
    let words: Vec<_> = value.as_str().unwrap_or_default().split_whitespace().collect();
    words.join(" ")
}

/// The values of a closed list of words.
pub(super) fn values(schema: &Value) -> Vec<(String, String)> {
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let described = described.filter_map(|one| {
        one["const"].as_str().map(|value| (value.to_owned(), text(&one["description"])))
    });
    let bare = schema["enum"].as_array().into_iter().flatten();
    let bare = bare.filter_map(|one| one.as_str().map(|value| (value.to_owned(), String::new())));
    described.chain(bare).collect()
}

/// What sort of value it is, in a word.
pub(super) fn kind(schema: &Value) -> &'static str {
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        one => vec![one.clone()],
    };
    match kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null") {
        Some("integer") => "whole number",
        Some("number") => "number",
        Some("boolean") => "true or false",
        Some("array") => "list",
        Some("object") => "section",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_is_explained_and_every_figure_has_a_unit() {
        let keys = keys();
        assert!(keys.len() > 90, "only {} keys: the walk itself is broken", keys.len());
        for key in &keys {
            assert!(key.meaning.len() > 8, "{key:?}");
            assert!(!key.meaning.contains("[`"), "no reader of code is meant: {key:?}");
            let counts = ["whole number", "number"].contains(&key.kind);
            assert!(!counts || key.unit.is_some(), "{} counts what? {key:?}", key.key);
            assert!(key.values.iter().all(|(_, meaning)| !meaning.is_empty()), "{key:?}");
        }
    }

    #[test]
    fn a_key_is_one_thing_only() {
        let mut seen = BTreeSet::new();
        for key in keys() {
            assert!(seen.insert((key.key.clone(), key.driver.clone())), "{} is twice", key.key);
        }
    }

    #[test]
    fn a_key_says_its_unit_default_and_source() {
        let reserve = find("space.reserve_mib");
        assert_eq!(reserve.len(), 1);
        assert_eq!(reserve[0].unit.as_deref(), Some("MiB"));
        assert_eq!(reserve[0].default, Some(512.into()));
        let dpi = find("scanner.dpi").pop().expect("a key of the board file");
        assert_eq!((dpi.file, dpi.driver.as_deref()), (In::Board, Some("sane")));
        assert_eq!(dpi.source.as_deref(), Some("Decree 30/2020, Annex I"));
        let driver = find("ticket.driver").pop().expect("a key of the board file");
        assert_eq!(driver.values.len(), 4, "{driver:?}");
        assert_eq!(driver.default, Some("none".into()));
        assert!(find("device.id")[0].required && find("officers.id")[0].key == "officers[].id");
        assert!(find("registry").len() == 4 && find("no.such.key").is_empty());
    }
}
