//! `mutants`: takes one fsync, rename or check out of the product at a time and sees that a named
//! test notices. A test suite that stays green without an fsync tests no fsync.
//!
//! It works on a scratch worktree of the last commit and never touches this one. The list is
//! tests/crash/mutants.toml; docs/reliability.md says what a surviving mutant means.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::Parser;
use crash::Failure;
use serde::Deserialize;

/// A test that runs longer hangs, which is a way of noticing.
const TEST_SECONDS_MAX: u64 = 300;

/// Lines that are shown of a command that should not have failed.
const LAST_LINES: usize = 40;

#[derive(Parser)]
#[command(about = "Takes one fsync, rename or check out at a time; a test must notice each")]
struct Cli {
    /// Only mutants whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// The repository.
    #[arg(long, default_value = ".")]
    repository: PathBuf,
    /// Only see that every mutation still fits the sources.
    #[arg(long)]
    list: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    /// Test commands by name, as words of a command line.
    commands: BTreeMap<String, Vec<String>>,
    mutant: Vec<Mutant>,
}

/// One line taken out or changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    /// The file, from the repository's root.
    file: String,
    /// The whole line without its indentation.
    line: String,
    /// The function that it is in, where the same line stands in several.
    #[serde(default)]
    within: Option<String>,
    /// What stands there instead; nothing by default.
    #[serde(default)]
    with: String,
    /// The name of the command whose tests must fail.
    test: String,
}

/// What a mutant came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Killed,
    Survived,
    NoProgram,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "mutants: {error}");
            ExitCode::from(3)
        }
    }
}

/// Whether every mutant was noticed.
fn run(cli: &Cli) -> Result<bool, Failure> {
    let text = fs::read_to_string(cli.repository.join("tests/crash/mutants.toml"))?;
    let mut list: List = toml::from_str(&text)?;
    let only = cli.only.as_deref().unwrap_or_default();
    list.mutant.retain(|mutant| mutant.name.contains(only));
    for mutant in &list.mutant {
        mutated(mutant, &fs::read_to_string(cli.repository.join(&mutant.file))?)?;
        if !list.commands.contains_key(&mutant.test) {
            return Err(format!("{}: no command {}", mutant.name, mutant.test).into());
        }
    }
    say(format_args!("{} mutations fit the sources", list.mutant.len()))?;
    if cli.list {
        return Ok(true);
    }
    let tree = Tree::new(&cli.repository)?;
    let used = |name: &&String| list.mutant.iter().any(|mutant| mutant.test == **name);
    for name in list.commands.keys().filter(used) {
        if tree.fate(&list.commands[name])? != Fate::Survived {
            let said = tree.last_words()?;
            return Err(format!("the tests {name} fail without any mutation:\n{said}").into());
        }
        say(format_args!("{name}: passes as it is"))?;
    }
    say("| mutant | taken out | tests | |\n|---|---|---|---|")?;
    let mut survived = 0;
    for mutant in &list.mutant {
        let file = tree.path.join(&mutant.file);
        let sound = fs::read_to_string(&file)?;
        fs::write(&file, mutated(mutant, &sound)?)?;
        let fate = tree.fate(&list.commands[&mutant.test]);
        fs::write(&file, sound)?;
        let word = match fate? {
            Fate::Killed => "noticed",
            Fate::Survived => "SURVIVED",
            Fate::NoProgram => "DOES NOT COMPILE",
        };
        survived += u32::from(word != "noticed");
        let Mutant { name, line, test, .. } = mutant;
        say(format_args!("| {name} | `{line}` | {test} | {word} |"))?;
    }
    Ok(survived == 0)
}

fn say(line: impl std::fmt::Display) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// The file with the mutation. A line that is not there exactly once is an error: a mutation that
/// is skipped in silence proves nothing.
fn mutated(mutant: &Mutant, text: &str) -> Result<String, Failure> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut function = "";
    for (at, line) in lines.iter().enumerate() {
        if let Some((before, rest)) = line.trim_start().split_once("fn ")
            && (before.is_empty()
                || ["pub", "async", "const"].iter().any(|w| before.starts_with(w)))
        {
            function = rest.split(['(', '<']).next().unwrap_or_default();
        }
        let here = mutant.within.as_deref().is_none_or(|within| within == function);
        if here && line.trim() == mutant.line {
            found.push(at);
        }
    }
    let [at] = found[..] else {
        let Mutant { name, file, line, .. } = mutant;
        return Err(format!("{name}: {file} has {} lines `{line}`", found.len()).into());
    };
    let mut lines: Vec<&str> = lines;
    lines[at] = &mutant.with;
    Ok(lines.join("\n") + "\n")
}

/// A scratch worktree of the last commit; gone when dropped.
struct Tree {
    repository: PathBuf,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Tree {
    fn new(repository: &Path) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("tree");
        let added = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(["worktree", "add", "--quiet", "--detach"])
            .arg(&path)
            .status()?;
        if !added.success() {
            return Err("git makes no worktree".into());
        }
        Ok(Self { repository: repository.to_owned(), path, _folder: folder })
    }

    /// Builds and runs a test command.
    fn fate(&self, command: &[String]) -> Result<Fate, Failure> {
        let (program, arguments) = command.split_first().ok_or("an empty command")?;
        let mut build: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if let Some(at) = build.iter().position(|argument| *argument == "--") {
            build.truncate(at);
        }
        if !self.start(program, &[&build[..], &["--no-run"]].concat())?.wait()?.success() {
            return Ok(Fate::NoProgram);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut child = self.start(program, &arguments)?;
        for _ in 0..TEST_SECONDS_MAX * 10 {
            if let Some(status) = child.try_wait()? {
                return Ok(if status.success() { Fate::Survived } else { Fate::Killed });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        child.kill()?;
        child.wait()?;
        Ok(Fate::Killed)
    }

    fn start(&self, program: &str, arguments: &[&str]) -> Result<std::process::Child, Failure> {
        let output = fs::File::create(self.output())?;
        let quiet = Command::new(program)
            .args(arguments)
            .current_dir(&self.path)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn();
        Ok(quiet?)
    }

    fn output(&self) -> PathBuf {
        self.path.with_extension("output")
    }

    /// The end of what the last command said.
    fn last_words(&self) -> Result<String, Failure> {
        let text = fs::read(self.output())?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        Ok(lines[lines.len().saturating_sub(LAST_LINES)..].join("\n"))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = Command::new("git")
            .arg("-C")
            .arg(&self.repository)
            .args(["worktree", "remove", "--force"])
            .arg(&self.path)
            .status();
    }
}
