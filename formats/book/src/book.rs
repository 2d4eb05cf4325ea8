//! What a book holds, and what it adds up to.

use time::{Date, Month, OffsetDateTime};

/// One line of the register; columns of the form under Decree 23/2015.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Column 1: the number, from 1, one for all copies made together of one original.
    pub number: u32,
    /// Column 2: the day of certification.
    pub date: Date,
    /// Column 3: full name of the requester.
    pub requester: String,
    /// Column 4: name of the original.
    pub original: String,
    /// Column 5: full name of who signed.
    pub signer: String,
    /// Column 5: in which capacity.
    pub capacity: String,
    /// Column 6: how many copies were certified.
    pub copies: u32,
    /// Column 7: the fee for all of them, in đồng.
    pub fee_vnd: u64,
    /// Column 8: notes.
    pub note: String,
}

/// One refusal, for the annex. It names no requester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When, in Vietnam's time.
    pub at: OffsetDateTime,
    /// Code of the reason.
    pub code: String,
    /// The reason, as the citizen was told.
    pub reason: String,
    /// The article that gives it, or what else it rests on.
    pub article: String,
    /// Who refused; none when the machine stopped by itself.
    pub officer: Option<String>,
}

/// A book and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Its name as on the cover, such as `03/2026-SCT/BS`.
    pub name: String,
    /// The body whose book it is.
    pub authority: String,
    /// When it was opened.
    pub opened: Date,
    /// When it was closed; none while it is open.
    pub closed: Option<Date>,
    /// Its rows, by number.
    pub rows: Vec<Row>,
    /// What was refused while it was open, oldest first.
    pub refusals: Vec<Refused>,
}

/// Which part of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// All of it.
    Whole,
    /// One month of one year.
    Month(i32, Month),
}

/// Sums over rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Numbers given.
    pub numbers: u32,
    /// Copies certified under them.
    pub copies: u64,
    /// Fees in đồng.
    pub fees_vnd: u64,
}

impl Span {
    /// Whether a day is in it.
    pub fn has(self, day: Date) -> bool {
        match self {
            Self::Whole => true,
            Self::Month(year, month) => (day.year(), day.month()) == (year, month),
        }
    }
}

impl Totals {
    /// The sums of these rows.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        rows.into_iter().fold(Self::default(), |sum, row| Self {
            numbers: sum.numbers.saturating_add(1),
            copies: sum.copies.saturating_add(row.copies.into()),
            fees_vnd: sum.fees_vnd.saturating_add(row.fee_vnd),
        })
    }
}

impl Book {
    /// The rows of a part, in groups of one month each, in order.
    pub(crate) fn months(&self, span: Span) -> Vec<&[Row]> {
        let same =
            |a: &Row, b: &Row| (a.date.year(), a.date.month()) == (b.date.year(), b.date.month());
        let groups = self.rows.chunk_by(same);
        groups.filter(|rows| rows.iter().any(|row| span.has(row.date))).collect()
    }

    /// Sums from the opening to the end of a part.
    pub(crate) fn totals_until(&self, span: Span) -> Totals {
        match span {
            Span::Whole => Totals::of(&self.rows),
            Span::Month(year, month) => {
                let end = (year, u8::from(month));
                let until = |row: &&Row| (row.date.year(), u8::from(row.date.month())) <= end;
                Totals::of(self.rows.iter().filter(until))
            }
        }
    }
}
