//! `kiosk book print`: a book on paper. The file holds requesters' names, so only its owner may
//! read it.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use formats_book::{Book, Faces, Refused, Row, Span};
use time::{Date, Month};

use super::super::{Outcome, complain, refuse, say};
use super::refusals::{ground, reason};
use crate::assemble::read_asset;
use crate::clock::{Clock, SystemClock, VIETNAM};
use crate::config::Config;
use crate::store::{self, BookContents, RefusalEntry};

/// What to print, and where to.
#[derive(Debug, clap::Args)]
pub struct Print {
    /// The book, such as 03/2026-SCT/BS; without it the open one.
    book: Option<String>,
    /// One month only, such as 2026-11.
    #[arg(long)]
    month: Option<String>,
    /// The PDF file to write.
    #[arg(long)]
    out: PathBuf,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
}

/// Runs the command.
pub(super) fn print(args: &Print) -> Outcome {
    let span = match args.month.as_deref().map(parse_month) {
        None => Span::Whole,
        Some(Some(span)) => span,
        Some(None) => return refuse("that is no month", "write it as 2026-11"),
    };
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "correct the site file"),
    };
    let contents = match contents(&config.state_dir, args.book.as_deref()) {
        Ok(Some(contents)) => contents,
        Ok(None) => return refuse("there is no such book", "`kiosk book list` shows the books"),
        Err(error) => return complain(&error, error.hint()),
    };
    let refusals = match store::list_refusals(&config.state_dir) {
        Ok(refusals) => refusals,
        Err(error) => return complain(&error, error.hint()),
    };
    let faces = [&config.fonts.regular, &config.fonts.bold].map(|path| read_asset("font", path));
    let (regular, bold) = match faces {
        [Ok(regular), Ok(bold)] => (regular, bold),
        [Err(error), _] | [_, Err(error)] => return complain(&error, error.hint()),
    };
    let faces = Faces { regular: &regular, bold: &bold };
    let book = as_printed(contents, refusals);
    let pdf = match formats_book::print(&book, span, faces, SystemClock.now()) {
        Ok(pdf) => pdf,
        Err(error) => return complain(&error, "check the fonts in the site file"),
    };
    if let Err(error) = write_private(&args.out, &pdf) {
        return complain(&error, "choose a writable place for the file");
    }
    say(format_args!("book {} is in {}", book.name, args.out.display()));
    say("it holds requesters' names: only its owner can read it (mode 0600); remove it later");
    Outcome::Done
}

fn parse_month(text: &str) -> Option<Span> {
    let (year, month) = text.split_once('-')?;
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Some(Span::Month(year.parse().ok().filter(|year| (2000..=9999).contains(year))?, month))
}

/// The book asked for, or the open one.
fn contents(dir: &Path, book: Option<&str>) -> Result<Option<BookContents>, store::StoreError> {
    let name = match book {
        Some(name) => Some(name.to_owned()),
        None => {
            let open = store::list_books(dir)?.into_iter().find(|book| !book.is_closed());
            open.map(|book| book.book)
        }
    };
    name.map_or(Ok(None), |name| store::read_book(dir, &name))
}

fn as_printed(contents: BookContents, refusals: Vec<RefusalEntry>) -> Book {
    let BookContents { totals, rows } = contents;
    let day = |at: time::OffsetDateTime| -> Date { at.to_offset(VIETNAM).date() };
    let while_open = |refusal: &RefusalEntry| {
        refusal.at >= totals.opened_at && totals.closed_at.is_none_or(|end| refusal.at <= end)
    };
    let refusals = refusals.into_iter().filter(while_open).map(|refusal| Refused {
        at: refusal.at.to_offset(VIETNAM),
        reason: reason(&refusal.reason).vi,
        article: ground(&refusal.reason).vi,
        code: refusal.reason,
        officer: refusal.officer,
    });
    let row = |(number, row): (u32, store::RegisterRow)| Row {
        number,
        date: day(row.certified_at),
        requester: row.requester,
        original: row.original,
        signer: row.officer,
        capacity: row.capacity,
        copies: row.copies,
        fee_vnd: row.fee_vnd,
        note: row.note,
    };
    Book {
        refusals: refusals.collect(),
        rows: rows.into_iter().map(row).collect(),
        opened: day(totals.opened_at),
        closed: totals.closed_at.map(day),
        name: totals.book,
        authority: totals.authority,
    }
}

/// Writes a file that nobody but its owner ever can read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    // What a broken-off print left may be open to others.
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_print_is_private_even_where_an_open_file_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("book.pdf");
        std::fs::write(&path, b"old").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
        write_private(&path, b"new").expect("written");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!((mode & 0o777, std::fs::read(&path).expect("read")), (0o600, b"new".to_vec()));
    }

    #[test]
    fn a_month_is_a_year_and_a_month() {
        assert_eq!(parse_month("2026-11"), Some(Span::Month(2026, Month::November)));
        for wrong in ["2026", "2026-13", "2026-", "x-01", "26-01"] {
            assert_eq!(parse_month(wrong), None, "{wrong}");
        }
    }
}
