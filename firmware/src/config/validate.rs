//! All that is wrong with a site file, its board file and what they name, at once: who corrects one
//! mistake should not meet the next one at the next start.

mod named;
mod shape;

use std::path::{Path, PathBuf};

use board::{Board, BoardError};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use toml::de::DeTable;

use super::effective::{line_at, lines};
use super::{Config, explain};

/// Something that is wrong, or may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file in which it must be put right.
    pub file: PathBuf,
    /// Its line, from 1; none where the fault is that something is missing.
    pub line: Option<usize>,
    /// The key; empty where it is the whole file.
    pub key: String,
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// Whether the kiosk starts all the same.
    pub starts: bool,
}

/// A file of settings that was read.
struct Text<'a> {
    path: &'a Path,
    text: String,
}

impl Text<'_> {
    /// A problem at a key that the file has, or lacks.
    fn problem(&self, key: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem {
            file: self.path.into(),
            line: lines(&self.text).get(key).copied(),
            key: key.into(),
            cause: cause.into(),
            remedy: remedy.into(),
            starts: false,
        }
    }
}

/// Everything that is wrong by this site file, its grave faults first within each file.
pub fn problems(site: &Path) -> Vec<Problem> {
    let text = match super::read(site) {
        Ok(text) => Text { path: site, text },
        Err(error) => return vec![unreadable(site, &error)],
    };
    let (mut found, values) = form::<Config>(&text);
    let config = Config::parse(site, &text.text).ok();
    let named = values.as_ref().and_then(|values| values["board"].as_str());
    let board = named.map(|board| site.parent().unwrap_or(Path::new(".")).join(board));
    let (of_board, board) = board.as_deref().map(problems_of_board).unwrap_or_default();
    if let Some(config) = config {
        found.extend(
            config
                .wrong_values()
                .into_iter()
                .map(|wrong| text.problem(wrong.key, wrong.problem, ask(wrong.key))),
        );
        found.extend(named::problems(&text, &config, board.as_ref()));
    }
    found.sort_by_key(|problem| (problem.starts, problem.line));
    found.extend(of_board);
    found
}

fn problems_of_board(path: &Path) -> (Vec<Problem>, Option<Board>) {
    let board = Board::load(path);
    let text = match std::fs::read_to_string(path) {
        Ok(text) if !matches!(board, Err(BoardError::TooLarge { .. })) => Text { path, text },
        Ok(_) | Err(_) => {
            return (board.err().map(|e| unreadable(path, &e)).into_iter().collect(), None);
        }
    };
    let (mut found, _) = form::<Board>(&text);
    let key = match &board {
        Err(BoardError::Resolution { .. }) => Some("scanner.dpi"),
        Err(BoardError::TicketDots { .. }) => Some("ticket.dots"),
        Err(_) | Ok(_) => None,
    };
    if let (Some(key), Err(error)) = (key, &board) {
        found.push(text.problem(key, error.to_string(), ask(key)));
    }
    (found, board.ok())
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Problem {
    Problem {
        file: path.into(),
        line: None,
        key: String::new(),
        cause: crate::chain(error),
        remedy: "name the file by its path, and let the kiosk's user read it".into(),
        starts: false,
    }
}

/// Faults of spelling and form, and the values as far as they could be read.
fn form<T: JsonSchema + DeserializeOwned>(text: &Text<'_>) -> (Vec<Problem>, Option<Value>) {
    let (_, errors) = DeTable::parse_recoverable(&text.text);
    if !errors.is_empty() {
        let spelling = errors.iter().map(|error| misspelt(text, error));
        return (spelling.collect(), None);
    }
    let values = toml::from_str::<toml::Table>(&text.text).ok();
    let Some(values) = values.and_then(|values| serde_json::to_value(values).ok()) else {
        return (vec![text.problem("", "it cannot be read as TOML", "report this")], None);
    };
    let mut faults = Vec::new();
    shape::check(&values, &explain::schema::<T>(), "", &mut faults);
    let mut found: Vec<_> =
        faults.into_iter().map(|f| text.problem(&f.key, f.cause, f.remedy)).collect();
    // What the description of the keys does not tell, such as days that no month has.
    if found.is_empty()
        && let Err(error) = toml::from_str::<T>(&text.text)
    {
        found.push(misspelt(text, &error));
    }
    (found, Some(values))
}

fn misspelt(text: &Text<'_>, error: &toml::de::Error) -> Problem {
    let line = error.span().map(|span| line_at(&text.text, span.start));
    let remedy = "correct the line; `kiosk config explain` lists all keys with their values";
    Problem { line, ..text.problem("", error.message(), remedy) }
}

/// Where to look for what a key means.
fn ask(key: &str) -> String {
    format!("correct it; `kiosk config explain {key}` says what it means")
}

#[cfg(test)]
mod tests;
