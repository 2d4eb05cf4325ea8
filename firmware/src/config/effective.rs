//! The values that are in force, and where each comes from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use board::{Board, BoardError};
use serde::Serialize;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::explain::In;
use super::{Config, ConfigError};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "from")]
pub enum Origin {
    /// A file says so.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The files are silent, and this holds.
    Default,
    /// The files are silent, and nothing holds.
    Unset,
}

/// A value in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Its key, such as `officers[0].id`.
    pub key: String,
    /// The file that it belongs to.
    pub file: In,
    /// The value; null where it is unset.
    pub value: Value,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

impl Setting {
    /// The same, without the name of an officer.
    #[must_use]
    pub fn without_names(self) -> Self {
        let is_name = self.key.starts_with("officers[") && self.key.ends_with("].name");
        if is_name { Self { value: "(left out)".into(), ..self } } else { self }
    }
}

/// Why the values in force cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum EffectiveError {
    /// The site file is not usable.
    #[error(transparent)]
    Site(#[from] ConfigError),
    /// The board file is not usable.
    #[error(transparent)]
    Board(#[from] BoardError),
    /// A file was read and is gone, or was changed meanwhile.
    #[error("cannot read {path} again")]
    Again {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The values cannot be written down.
    #[error("cannot write down the values")]
    Encode(#[from] serde_json::Error),
}

/// All values in force by this site file and the board file that it names. What goes to the kiosk
/// as a secret is in neither; a password within an address is left out.
pub fn settings(site: &Path) -> Result<Vec<Setting>, EffectiveError> {
    let config = Config::load(site)?;
    let board = Board::load(&config.board)?;
    let mut settings = Vec::new();
    let files = [
        (In::Site, site, serde_json::to_value(&config)?),
        (In::Board, config.board.as_path(), serde_json::to_value(&board)?),
    ];
    for (file, path, values) in files {
        let again = |source| EffectiveError::Again { path: path.into(), source };
        let lines = lines(&std::fs::read_to_string(path).map_err(again)?);
        flatten(String::new(), values, &mut |key, value| {
            let origin = match lines.get(&key) {
                Some(line) => Origin::File { file: path.into(), line: *line },
                None if value.is_null() => Origin::Unset,
                None => Origin::Default,
            };
            settings.push(Setting { key, file, value: without_password(value), origin });
        });
    }
    Ok(settings)
}

/// Takes values apart into single ones; a list of plain values is one.
fn flatten(key: String, value: Value, put: &mut dyn FnMut(String, Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(below(&key, &name), value, put);
            }
        }
        Value::Array(entries) if entries.iter().any(Value::is_object) => {
            for (at, entry) in entries.into_iter().enumerate() {
                flatten(format!("{key}[{at}]"), entry, put);
            }
        }
        single => put(key, single),
    }
}

fn below(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// The line of each key of a TOML text; none for a text that is not TOML.
pub(super) fn lines(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    if let Ok(table) = DeTable::parse(text) {
        look(text, "", table.get_ref(), &mut found);
    }
    found
}

fn look(text: &str, section: &str, table: &DeTable<'_>, found: &mut BTreeMap<String, usize>) {
    for (name, value) in table {
        let key = below(section, name.get_ref());
        found.insert(key.clone(), line_at(text, name.span().start));
        match value.get_ref() {
            DeValue::Table(inner) => look(text, &key, inner, found),
            DeValue::Array(entries) => {
                for (at, entry) in entries.iter().enumerate() {
                    if let DeValue::Table(inner) = entry.get_ref() {
                        let key = format!("{key}[{at}]");
                        found.insert(key.clone(), line_at(text, entry.span().start));
                        look(text, &key, inner, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The line of a place in a text, from 1.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The value without what may stand before the host of an address (RFC 3986, 3.2.1).
fn without_password(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    let Some((scheme, rest)) = text.split_once("://") else { return value };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://(left out)@{}", &rest[at + 1..]).into(),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_never_shown() {
        let shown = |text: &str| without_password(Value::from(text));
        assert_eq!(shown("http://van:s3cret@tsa.example/a@b"), "http://(left out)@tsa.example/a@b");
        assert_eq!(shown("https://tsa.example/?mail=a@b"), "https://tsa.example/?mail=a@b");
        assert_eq!(shown("UBND a@b"), "UBND a@b");
    }

    #[test]
    fn each_key_has_the_line_on_which_it_stands() {
        let lines = lines("a = 1\n[b]\nc = { d = 2,\n e = 3 }\n[[f]]\ng = 4\n[[f]]\ng = 5\n");
        let at = |key: &str| lines.get(key).copied();
        assert_eq!((at("a"), at("b.c.d"), at("b.c.e")), (Some(1), Some(3), Some(4)));
        assert_eq!((at("f[0].g"), at("f[1].g"), at("f[2].g")), (Some(6), Some(8), None));
    }
}
