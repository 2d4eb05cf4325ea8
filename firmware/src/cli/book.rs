//! `kiosk book …`: the register books (sổ chứng thực) of this device. Listing and printing read
//! beside the running kiosk; opening and closing need it stopped.

mod appointments;
mod due;
mod fees;
mod print;
mod refusals;

pub use refusals::Period;

use std::path::PathBuf;
use std::sync::Arc;

use formats_book::{BookName, money};
use serde_json::json;

use super::{OfState, Outcome, complain, refuse, say};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::store::{self, BookTotals, Contradiction, Store, StoreError};

/// Looks after the register books.
#[derive(Debug, clap::Subcommand)]
pub enum Book {
    /// Lists all books with their totals.
    List(OfState),
    /// Opens a book of this year; its numbers begin at 01.
    Open(Open),
    /// Closes the open book with its totals (khóa sổ), for good.
    Close(Close),
    /// Prints a book, or a month of it, in the statutory columns as PDF/A.
    Print(print::Print),
    /// Says on which day a copy is due, for the appointment slip.
    Due(due::Due),
    /// Lists appointments: what was promised, and for when.
    Appointments(OfState),
    /// Lists refusals with their reasons.
    Refusals(refusals::Period),
    /// Lists the fees of copies: which are due, which were taken, how and by whom.
    Fees(refusals::Period),
}

/// Which book to open.
#[derive(Debug, clap::Args)]
pub struct Open {
    /// Volume, year and symbol as on the cover, such as 03/2026-SCT/BS.
    book: String,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
}

/// Which book to close.
#[derive(Debug, clap::Args)]
pub struct Close {
    /// The open book's name, so that no other is closed by mistake.
    book: String,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
}

/// Runs the command.
pub fn book(command: &Book) -> Outcome {
    match command {
        Book::List(args) => list(args),
        Book::Open(args) => open(args),
        Book::Close(args) => close(args),
        Book::Print(args) => print::print(args),
        Book::Due(args) => due::due(args),
        Book::Appointments(args) => appointments::appointments(args),
        Book::Refusals(args) => refusals::refusals(args),
        Book::Fees(args) => fees::fees(args),
    }
}

/// Degraded when no book is open, or the open one is of another year.
fn list(args: &OfState) -> Outcome {
    let books = match store::list_books(&args.state) {
        Ok(books) => books,
        Err(error) => return complain(&error, error.hint()),
    };
    if args.json {
        say(json!({ "books": books.iter().map(as_json).collect::<Vec<_>>() }));
    } else {
        for book in &books {
            say(line(book));
        }
    }
    let year = SystemClock.now().year();
    let fits = |book: &BookTotals| book.book.parse().is_ok_and(|name: BookName| name.year == year);
    if books.iter().any(|book| !book.is_closed() && fits(book)) {
        return Outcome::Done;
    }
    if !args.json {
        say(format_args!("no book of {year} is open: `kiosk book open NN/{year}-SCT/BS`"));
    }
    Outcome::Degraded
}

fn line(book: &BookTotals) -> String {
    let state = match book.closed_at {
        Some(at) => format!("closed {}", at.date()),
        None => "open".into(),
    };
    let numbers = match book.issued {
        0 => "no number yet".into(),
        last => format!("numbers 01 to {last:02}"),
    };
    format!(
        "{}  opened {}, {state}: {numbers}, {} copies, {} VND  ({})",
        book.book,
        book.opened_at.date(),
        book.copies,
        money(book.fees_vnd),
        book.authority
    )
}

fn as_json(book: &BookTotals) -> serde_json::Value {
    json!({
        "book": book.book,
        "authority": book.authority,
        "opened_at": book.opened_at.to_string(),
        "closed_at": book.closed_at.map(|at| at.to_string()),
        "first": 1,
        "numbers": book.issued,
        "released": book.released,
        "copies": book.copies,
        "fees_vnd": book.fees_vnd,
    })
}

fn open(args: &Open) -> Outcome {
    let year = SystemClock.now().year();
    match args.book.parse::<BookName>() {
        Err(error) => return refuse(error, "name it as on its cover"),
        Ok(name) if name.year != year => {
            let problem = format!("a book of {} numbers no copies of {year}", name.year);
            return refuse(problem, "open this year's book; if the year is wrong, set the clock");
        }
        Ok(_) => {}
    }
    let (config, store) = match opened(&args.config) {
        Ok(both) => both,
        Err(outcome) => return outcome,
    };
    if let Some(open) = store.current_book().filter(|open| open.book != args.book) {
        let hint = format!("close it first: `kiosk book close {}`", open.book);
        return refuse(format_args!("book {} is open", open.book), &hint);
    }
    match store.open_book(&args.book, &config.authority.name) {
        Ok(()) => {}
        Err(StoreError::Refused(Contradiction::BookClosed { book })) => {
            let hint = "a closed book is never opened again: take the next volume";
            return refuse(format_args!("book {book} is closed"), hint);
        }
        Err(error) => return complain(&error, error.hint()),
    }
    say(format_args!("book {} is open", args.book));
    if config.book.name == args.book {
        return Outcome::Done;
    }
    say(format_args!("write book.name = \"{}\" into the site file", args.book));
    Outcome::Degraded
}

fn close(args: &Close) -> Outcome {
    let (_, store) = match opened(&args.config) {
        Ok(both) => both,
        Err(outcome) => return outcome,
    };
    let Some(open) = store.current_book() else {
        return refuse("no book is open", "`kiosk book list` shows the books");
    };
    if open.book != args.book {
        let hint = format!("`kiosk book close {}` closes it", open.book);
        return refuse(format_args!("the open book is {}", open.book), &hint);
    }
    match store.close_book(&args.book) {
        Ok(closed) => {
            say(line(&closed));
            say(format_args!("print it, sign and seal it: `kiosk book print {}`", closed.book));
            Outcome::Done
        }
        Err(error) => complain(&error, error.hint()),
    }
}

/// The site file and its store, which no running kiosk may hold.
fn opened(config: &std::path::Path) -> Result<(Config, Store), Outcome> {
    let config = Config::load(config).map_err(|error| complain(&error, "correct the site file"))?;
    match Store::open(&config.state_dir, Arc::new(SystemClock)) {
        Ok((store, _)) => Ok((config, store)),
        Err(error @ StoreError::Locked { .. }) => Err(complain(
            &error,
            "stop the kiosk first (systemctl stop kiosk), then start it again",
        )),
        Err(error) => Err(complain(&error, error.hint())),
    }
}

#[cfg(test)]
mod tests;
