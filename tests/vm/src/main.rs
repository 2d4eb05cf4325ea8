//! `make vm-test`: the image of a board in a virtual machine, from the first start on.
//!
//! Prints one line for each thing that must hold and ends with 1 if any does not. Keeps the picture
//! of the first screen and all logs in the folder of results. Runs in the workshop, where QEMU is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use vm::{Board, Disk, Machine, Probe, VmError, checks, layout, updates};

/// Emulated on a busy machine, a first start takes some minutes and reading a page many more.
const START: Duration = Duration::from_mins(45);
/// Where things lie on the card.
const LAYOUT: &str = "board/image/disk.sfdisk";
/// Inside the first block of the root image, which is read before anything else of it.
const SUPERBLOCK: u64 = 1024 + 64;

/// Tests the image of a board.
#[derive(Debug, Parser)]
struct Arguments {
    /// The board.
    #[arg(long, value_enum)]
    board: Board,
    /// Folder with the image: `disk.img`.
    #[arg(long)]
    image: PathBuf,
    /// Folder of the results.
    #[arg(long)]
    out: PathBuf,
    /// A file system that is put in as a stick.
    #[arg(long)]
    stick: Option<PathBuf>,
    /// Tests this part only.
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// A file system with update bundles: runs the matrix of updates instead.
    #[arg(long)]
    updates: Option<PathBuf>,
}

/// One of the two starts that are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// From the flashed card on.
    First,
    /// From a card with a flipped bit.
    Flipped,
}

/// What held and what did not.
#[derive(Debug, Default)]
struct Report {
    wrong: usize,
}

impl Report {
    #[expect(clippy::print_stdout, reason = "the report is what this program is for")]
    fn line(&mut self, claim: &str, verdict: &Result<String, String>) {
        match verdict {
            Ok(detail) if detail.is_empty() => println!("ok     {claim}"),
            Ok(detail) => println!("ok     {claim} ({detail})"),
            Err(problem) => {
                self.wrong += 1;
                println!("WRONG  {claim}\n{problem}\n");
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut report = Report::default();
    let done = run(&arguments, &mut report);
    if let Err(error) = done {
        report.line("the machine does what it is told", &Err(error.to_string()));
    }
    if report.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(arguments: &Arguments, report: &mut Report) -> Result<(), VmError> {
    std::fs::create_dir_all(&arguments.out).map_err(|e| VmError(e.to_string()))?;
    let card = arguments.image.join("disk.img");
    let disk = Disk::fresh(&card, &arguments.out)?;
    if let Some(bundles) = &arguments.updates {
        let rows = updates::matrix(arguments.board, &disk, bundles, &arguments.out)?;
        for row in rows {
            report.line(&format!("{}: {}", row.offered, row.expected), &row.verdict);
        }
        return Ok(());
    }
    if arguments.part != Some(Part::Flipped)
        && let Err(error) = first_start(arguments, &disk, report)
    {
        report.line("the machine does what it is told", &Err(error.to_string()));
    }
    if arguments.part != Some(Part::First) {
        flipped_bit(arguments, &disk, report)?;
    }
    Ok(())
}

/// From the flashed card to the first screen, and everything that is asked of a started kiosk.
fn first_start(arguments: &Arguments, disk: &Disk, report: &mut Report) -> Result<(), VmError> {
    let dir = arguments.out.join("first");
    let sticks: Vec<PathBuf> = arguments.stick.iter().cloned().collect();
    let mut machine = Machine::start(arguments.board, disk, &checks::probe(), &sticks, &dir)?;
    let through = machine.wait(START, |m| Probe::is_through(&m.probe_output()))?;
    let age = machine.age();
    if !through {
        return Err(VmError(format!("the machine went off:\n{}", machine.serial())));
    }
    report.line("the kiosk starts", &Ok(format!("{} s after power", age.as_secs())));
    std::thread::sleep(Duration::from_secs(20));
    let picture = arguments.out.join("first-screen.png");
    machine.picture(&picture)?;
    let answers = Probe::answers(&machine.probe_output());
    for (claim, verdict) in checks::judge(&answers) {
        report.line(claim, &verdict);
    }
    machine.press_power()?;
    let still_on = machine.wait(age + Duration::from_mins(4), |_| false);
    report.line("the power button ends it", &still_on.map(|_| String::new()).map_err(|e| e.0));
    report.line("a stranger's line shows no login", &no_login(&dir));
    Ok(())
}

fn no_login(dir: &Path) -> Result<String, String> {
    let serial = std::fs::read(dir.join("serial.log")).map_err(|e| e.to_string())?;
    let serial = String::from_utf8_lossy(&serial);
    if serial.contains("login:") {
        Err("a terminal asks for a name".into())
    } else {
        Ok(String::new())
    }
}

/// A bit of the root image turns; the machine must not start from it.
fn flipped_bit(arguments: &Arguments, disk: &Disk, report: &mut Report) -> Result<(), VmError> {
    let partitions = layout::read(Path::new(LAYOUT))?;
    let root = partitions.iter().find(|partition| partition.name == "root-a");
    let root = root.ok_or_else(|| VmError(format!("{LAYOUT} has no root-a")))?;
    disk.flip_bit(root.start + SUPERBLOCK)?;
    let dir = arguments.out.join("flipped");
    let probe = Probe::after("basic.target").ask("alive", "true");
    let mut machine = Machine::start(arguments.board, disk, &probe, &[], &dir)?;
    let noticed = |machine: &Machine| machine.serial().contains("is corrupted");
    let seen = machine.wait(START, |m| noticed(m) || Probe::is_through(&m.probe_output()))?;
    let verdict = if noticed(&machine) && !Probe::is_through(&machine.probe_output()) {
        Ok("the kernel stops".into())
    } else if seen {
        Err("the machine started from a changed root".into())
    } else {
        Err(machine.serial())
    };
    report.line("a flipped bit in the root is caught", &verdict);
    Ok(())
}
