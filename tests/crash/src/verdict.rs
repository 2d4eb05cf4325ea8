//! What a check says: how many steps are there, or what is wrong, in one line.

use std::fmt;

/// The word a failing check's line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Something acknowledged is not there.
    Lost,
    /// A number, code or sequence is there twice, or a step happened twice.
    Duplicate,
    /// Stored bytes are not what was written, and the store or the judge noticed.
    Damaged,
    /// Something is there that no step put there.
    Extra,
    /// The store does not open for another reason.
    Unreadable,
    /// Two ways of asking give two answers.
    Wrong,
    /// Another process holds the store.
    Locked,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "LOST",
            Self::Duplicate => "DUPLICATE",
            Self::Damaged => "DAMAGED",
            Self::Extra => "EXTRA",
            Self::Unreadable => "UNREADABLE",
            Self::Wrong => "WRONG",
            Self::Locked => "LOCKED",
        })
    }
}

/// Why the state is not the state after any number of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What kind of failure.
    pub word: Word,
    /// What and where, in words.
    pub detail: String,
}

impl Verdict {
    /// A failing verdict.
    pub fn new(word: Word, detail: impl fmt::Display) -> Self {
        Self { word, detail: detail.to_string() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line, whatever a library put into its message.
        write!(f, "{} {}", self.word, self.detail.replace('\n', " "))
    }
}

impl std::error::Error for Verdict {}

/// [`Verdict`] unless `holds`.
///
/// # Errors
/// The verdict.
pub fn ensure(holds: bool, word: Word, detail: impl FnOnce() -> String) -> Result<(), Verdict> {
    if holds { Ok(()) } else { Err(Verdict::new(word, detail())) }
}
