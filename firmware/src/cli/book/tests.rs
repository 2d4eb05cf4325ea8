//! The commands as a clerk gives them, by their exit status and what they leave.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use clap::Parser;

use super::*;
use crate::clock::VIETNAM;
use crate::store::{Decision, Record, RegisterRow, Verdict};

#[derive(clap::Parser)]
struct Line {
    #[command(subcommand)]
    book: Book,
}

struct Desk {
    folder: tempfile::TempDir,
    year: i32,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().expect("a folder"),
            year: SystemClock.now().to_offset(VIETNAM).year(),
        };
        let site = format!(
            r#"board = "board.toml"
state_dir = "state"
[device]
id = "HN01-K03"
key = {{ token = "device", key = "device", pin_file = "device.pin" }}
[authority]
name = "Ủy ban nhân dân phường Thử Nghiệm"
place = "Hà Nội"
key = {{ token = "authority", key = "seal", pin_file = "seal.pin" }}
[[officers]]
id = "a"
name = "Nguyễn Văn A"
capacity = "CHỦ TỊCH"
valid_from = "2026-01-01"
valid_until = "2036-12-31"
token = "officer"
key = "officer"
[book]
name = "{book}"
[registry]
device_url = "https://localhost:1"
ca = "ca.pem"
receipt_key = "receipt.pub"
public_url = "https://xacthuc.example"
[screen]
listen = "127.0.0.1:8080"
[trust]
roots = "roots.pem"
"#,
            book = desk.name(1)
        );
        std::fs::write(desk.path("kiosk.toml"), site).expect("the site file");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn name(&self, volume: u32) -> String {
        format!("{volume:02}/{}-SCT/BS", self.year)
    }

    /// Runs a command; `{site}` and `{state}` are filled in.
    fn run(&self, line: &[&str]) -> Outcome {
        let site = self.path("kiosk.toml").display().to_string();
        let state = self.path("state").display().to_string();
        let filled = line.iter().map(|a| a.replace("{site}", &site).replace("{state}", &state));
        let line = std::iter::once("book".to_owned()).chain(filled);
        book(&Line::try_parse_from(line).expect("a command line").book)
    }

    fn store(&self) -> Store {
        Store::open(&self.path("state"), Arc::new(SystemClock)).expect("the store opens").0
    }
}

fn decision(visit: &str, verdict: Verdict) -> Record {
    Record::OfficerDecision(Decision {
        visit: visit.into(),
        officer: "Nguyễn Văn A".into(),
        capacity: "CHỦ TỊCH".into(),
        certificate: "ab".repeat(32),
        verdict,
    })
}

fn issue(store: &Store, requester: &str) {
    store.record(decision("v", Verdict::Approved)).expect("journaled");
    let held = store.reserve("v", "CODE").expect("a number");
    let row = RegisterRow {
        certified_at: SystemClock.now(),
        requester: requester.into(),
        original: "Giấy khai sinh".into(),
        officer: "Nguyễn Văn A".into(),
        capacity: "CHỦ TỊCH".into(),
        copies: 2,
        fee_vnd: 8_000,
        note: String::new(),
    };
    store.commit(&held, b"%PDF", row).expect("issued");
}

#[test]
fn a_book_is_opened_once_for_its_year_and_closed_by_its_name() {
    let desk = Desk::new();
    let (first, second) = (desk.name(1), desk.name(2));
    let open = |name: &str| desk.run(&["open", name, "--config", "{site}"]);
    let close = |name: &str| desk.run(&["close", name, "--config", "{site}"]);
    drop(desk.store());
    assert_eq!(desk.run(&["list", "--state", "{state}"]), Outcome::Degraded, "no book");
    assert_eq!(open("quyen mot"), Outcome::Misuse);
    assert_eq!(open(&format!("01/{}-SCT/BS", desk.year - 1)), Outcome::Misuse);
    assert_eq!(close(&first), Outcome::Misuse, "none is open");
    assert_eq!(open(&first), Outcome::Done);
    assert_eq!(open(&first), Outcome::Done, "it is open already");
    assert_eq!(open(&second), Outcome::Misuse, "the first is open");
    assert_eq!(desk.run(&["list", "--state", "{state}", "--json"]), Outcome::Done);
    assert_eq!(close(&second), Outcome::Misuse, "another is open");
    let running = desk.store();
    assert_eq!(close(&first), Outcome::Failed, "a kiosk runs");
    drop(running);
    assert_eq!(close(&first), Outcome::Done);
    assert_eq!(open(&first), Outcome::Misuse, "a closed book");
    assert_eq!(open(&second), Outcome::Degraded, "the site file names the first");
    let books = store::list_books(&desk.path("state")).expect("the books");
    assert_eq!(books.iter().map(BookTotals::is_closed).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_print_names_the_requester_to_its_owner_only() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["open", &desk.name(1), "--config", "{site}"]), Outcome::Done);
    let store = desk.store();
    issue(&store, "Lê Thị Thử Nghiệm");
    let refused = Verdict::Refused { reason: "R2".into() };
    store.record(decision("w", refused)).expect("journaled");
    // Beside the running kiosk, which holds the store.
    let out = desk.path("book.pdf");
    let to = out.display().to_string();
    let print =
        |more: &[&str]| desk.run(&[&["print", "--config", "{site}", "--out", &to], more].concat());
    assert_eq!(print(&["99/2026-SCT/BS"]), Outcome::Misuse);
    assert_eq!(print(&["--month", "November"]), Outcome::Misuse);
    assert_eq!(print(&[]), Outcome::Done);
    let mode = std::fs::metadata(&out).expect("the print").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let read = Command::new("pdftotext").args(["-layout", &to, "-"]).output();
    let text = read.expect("`make setup` installs poppler").stdout;
    let text = String::from_utf8(text).expect("text");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in ["Lê Thị Thử Nghiệm", "8.000", "R2 Bản chính bị hư hỏng", "Điều 22 khoản 2"]
    {
        assert!(words.contains(wanted), "{wanted} is not in {text}");
    }
    assert_eq!(print(&["--month", "2020-01"]), Outcome::Done, "an empty month");
}

#[test]
fn a_due_day_is_told_for_a_known_year_and_within_the_law() {
    let desk = Desk::new();
    let due = |more: &[&str]| desk.run(&[&["due", "--config", "{site}"], more].concat());
    assert_eq!(due(&["--received", "2026-11-23T15:10", "--json"]), Outcome::Done);
    assert_eq!(due(&["--received", "2026-11-23T15:10", "--extend", "2"]), Outcome::Done);
    assert_eq!(due(&["--received", "2026-11-23T15:10", "--extend", "3"]), Outcome::Misuse);
    assert_eq!(due(&["--received", "2026-11-23T10:00", "--agreed", "2026-12-01"]), Outcome::Done);
    assert_eq!(due(&["--received", "2026-11-23T10:00", "--agreed", "2026-11-22"]), Outcome::Misuse);
    assert_eq!(due(&["--received", "1999-11-23T10:00"]), Outcome::Misuse, "an unknown year");
    assert_eq!(due(&["--received", "this morning"]), Outcome::Misuse);
}

#[test]
fn refusals_are_listed_by_their_days() {
    let desk = Desk::new();
    let store = desk.store();
    let refused = Verdict::Refused { reason: "R9".into() };
    store.record(decision("w", refused)).expect("journaled");
    let list = |more: &[&str]| desk.run(&[&["refusals", "--state", "{state}"], more].concat());
    assert_eq!(list(&[]), Outcome::Done, "a reason of a newer program is no error");
    assert_eq!(list(&["--from", "2026-01-01", "--to", "2036-12-31", "--json"]), Outcome::Done);
    assert_eq!(list(&["--from", "yesterday"]), Outcome::Misuse);
}
