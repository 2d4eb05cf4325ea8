//! What trials count, and the table they end in.

use std::fs;
use std::path::Path;

use crate::Failure;

/// Lines between which the table stands in docs/reliability.md.
const BEGIN: &str = "<!-- table: written by `make reliability` -->";
const END: &str = "<!-- end of table -->";

/// What one kind of trial counted.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Trials done.
    pub cycles: u64,
    /// Copies that were acknowledged, over all stores.
    pub copies: u64,
    /// Trials after which something acknowledged was gone.
    pub lost: u64,
    /// Trials after which something was there twice.
    pub duplicates: u64,
    /// Trials whose damage nobody reported.
    pub silent: u64,
    /// Trials that failed otherwise.
    pub other: u64,
    /// What failed, one line each.
    pub failures: Vec<String>,
}

impl Tally {
    /// Counts a failed check by the word its line begins with.
    pub fn fail(&mut self, line: &str, described: String) {
        match line.split(' ').next() {
            Some("LOST") => self.lost += 1,
            Some("DUPLICATE") => self.duplicates += 1,
            _ => self.other += 1,
        }
        self.failures.push(described);
    }

    /// Adds what another counted.
    pub fn add(&mut self, other: Self) {
        self.cycles += other.cycles;
        self.copies += other.copies;
        self.lost += other.lost;
        self.duplicates += other.duplicates;
        self.silent += other.silent;
        self.other += other.other;
        self.failures.extend(other.failures);
    }
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// What was counted.
    pub tally: Tally,
    /// What else a reader must know.
    pub note: String,
}

/// The table in Markdown.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | cycles | acknowledged copies | lost | duplicates | silent damage \
         | other failures | note |\n|---|--:|--:|--:|--:|--:|--:|---|\n",
    );
    for Row { what, tally: t, note } in rows {
        text += &format!(
            "| {what} | {} | {} | {} | {} | {} | {} | {note} |\n",
            t.cycles, t.copies, t.lost, t.duplicates, t.silent, t.other
        );
    }
    text
}

/// Puts the rows in place of the table in a document, with the command that made them.
///
/// # Errors
/// When the document cannot be read or written, or has no place for the table.
pub fn write_table(document: &Path, rows: &[Row], command: &str) -> Result<(), Failure> {
    let text = fs::read_to_string(document)?;
    let missing = || format!("{} has no place for the table", document.display());
    let (before, rest) = text.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    let table = table(rows);
    let text = format!("{before}{BEGIN}\nMade by `{command}`.\n\n{table}{END}{after}");
    Ok(fs::write(document, text)?)
}
