//! `kiosk diag …`: what a technician sends to the maintainer.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use board::Board;
use serde::Serialize;
use serde_json::{Value, json};

use super::selftest::{look, running};
use super::{Outcome, complain, journal, refuse, say};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::config::effective::settings;
use crate::config::validate::problems;
use crate::fleet::bundle::{Bundle, LOG_BYTES_MAX, Mask};
use crate::store;

/// How many lines of the log go along.
const LOG_LINES: &str = "5000";
/// What of a journald entry goes along; the rest names processes and machines.
const LOG_FIELDS: [&str; 3] = ["__REALTIME_TIMESTAMP", "PRIORITY", "MESSAGE"];

/// Gathers what helps to find a fault.
#[derive(Debug, clap::Subcommand)]
pub enum Diag {
    /// Writes status, self-test, settings, journal figures, versions and log into one file. No
    /// name, number or picture of a citizen is in it, and no PIN.
    Collect(Collect),
}

/// Where to, and of which kiosk.
#[derive(Debug, clap::Args)]
pub struct Collect {
    /// The file to write, a tar.gz; it must not exist yet.
    #[arg(long)]
    out: PathBuf,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// A log to take along, in the place of the service manager's.
    #[arg(long)]
    log: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Degraded when a part could not be gathered.
pub fn diag(command: &Diag) -> Outcome {
    let Diag::Collect(args) = command;
    if args.out.exists() {
        let problem = format!("{} is there already", args.out.display());
        return refuse(problem, "name another file: nothing is overwritten");
    }
    let bundle = gather(args);
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(&args.out);
    let written = file.and_then(|file| bundle.write(file, SystemClock.now()));
    if let Err(error) = written {
        return complain(&error, "name a file in a folder that can be written, with room in it");
    }
    let missing = bundle.missing();
    if args.json {
        let missing: Vec<_> =
            missing.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect();
        say(json!({ "out": args.out, "parts": bundle.names(), "missing": missing }));
    } else {
        say(format_args!("{} holds {}", args.out.display(), bundle.names().join(", ")));
        for (name, why) in missing {
            say(format_args!("not in it: {name}: {why}"));
        }
    }
    if missing.is_empty() { Outcome::Done } else { Outcome::Degraded }
}

/// All parts, as far as they can be had.
fn gather(args: &Collect) -> Bundle {
    let mut bundle = Bundle::default();
    put(&mut bundle, "versions.json", Ok(versions()));
    put(&mut bundle, "problems.json", Ok(problems(&args.config)));
    let settings = settings(&args.config).map_err(|error| crate::chain(&error));
    let public = settings.map(|all| all.into_iter().map(|s| s.without_names()).collect::<Vec<_>>());
    put(&mut bundle, "settings.json", public);
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => {
            for name in ["status.json", "selftest.json", "journal.json", "log"] {
                bundle.lack(name, crate::chain(&error));
            }
            return bundle;
        }
    };
    let status =
        running(&config).and_then(|daemon| daemon.status().map_err(|error| crate::chain(&error)));
    put(&mut bundle, "status.json", status);
    let board = Board::load(&config.board).map_err(|error| crate::chain(&error));
    let tested = board.and_then(|board| look(&config, &board, &[]).map_err(|e| crate::chain(&*e)));
    put(&mut bundle, "selftest.json", tested);
    let audit = store::verify_journal(&config.state_dir).map_err(|error| crate::chain(&error));
    put(&mut bundle, "journal.json", audit.map(|audit| journal::as_json(&audit)));
    match log(args.log.as_deref()) {
        Ok((name, text)) => bundle.put(name, Mask::of(&config.state_dir).apply(&text).into_bytes()),
        Err(why) => bundle.lack("log", why),
    }
    bundle
}

fn put(bundle: &mut Bundle, name: &'static str, part: Result<impl Serialize, String>) {
    let text = part.and_then(|part| serde_json::to_vec_pretty(&part).map_err(|e| e.to_string()));
    match text {
        Ok(text) => bundle.put(name, text),
        Err(why) => bundle.lack(name, why),
    }
}

/// What runs here.
fn versions() -> Value {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    json!({
        "kiosk": env!("CARGO_PKG_VERSION"),
        "processor": std::env::consts::ARCH,
        "kernel": file("/proc/sys/kernel/osrelease"),
        "system": file("/etc/os-release"),
        "machine": file("/proc/device-tree/model"),
        "up": file("/proc/uptime"),
        "load": file("/proc/loadavg"),
        "memory": file("/proc/meminfo"),
    })
}

/// The end of a log, and what to call it.
fn log(file: Option<&Path>) -> Result<(&'static str, String), String> {
    match file {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
            let from = bytes.len().saturating_sub(LOG_BYTES_MAX);
            Ok(("log.txt", String::from_utf8_lossy(&bytes[from..]).into_owned()))
        }
        None => Ok(("log.jsonl", journald()?)),
    }
}

/// The service's log, each entry without what names processes and machines.
fn journald() -> Result<String, String> {
    let mut command = Command::new("journalctl");
    command.args(["--unit=kiosk", "--output=json", "--no-pager", "--lines", LOG_LINES]);
    let output = command.output().map_err(|error| format!("journalctl: {error}"))?;
    if !output.status.success() {
        return Err(format!("journalctl: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let mut log = String::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(Value::Object(mut entry)) = serde_json::from_str(line) else { continue };
        entry.retain(|name, _| LOG_FIELDS.contains(&name.as_str()));
        log.push_str(&Value::Object(entry).to_string());
        log.push('\n');
    }
    let from = log.ceil_char_boundary(log.len().saturating_sub(LOG_BYTES_MAX));
    Ok(log.split_off(from))
}
