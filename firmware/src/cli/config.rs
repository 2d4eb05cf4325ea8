//! `kiosk config …`: what the kiosk is set to, whether that can be right, and what each key means.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Outcome, complain, refuse, say};
use crate::config::effective::{EffectiveError, Origin, Setting, settings};
use crate::config::explain::{self, In, Key};
use crate::config::validate::{Problem, problems};

/// Looks at site file and board file; changes nothing.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Prints the values in force, and where each comes from. No secret is among them.
    Show(OfSite),
    /// Tells everything that is wrong with the files and with what they name.
    Validate(OfSite),
    /// Says what keys mean: unit, default, source.
    Explain(Explain),
}

/// Which site, and how to report.
#[derive(Debug, clap::Args)]
pub struct OfSite {
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Which keys, and how to report.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// A key such as `space.reserve_mib`, or a section such as `registry`; all if absent.
    key: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn config(command: &ConfigCommand) -> Outcome {
    match command {
        ConfigCommand::Show(args) => show(args),
        ConfigCommand::Validate(args) => validate(args),
        ConfigCommand::Explain(args) => explain(args),
    }
}

fn show(args: &OfSite) -> Outcome {
    let settings = match settings(&args.config) {
        Ok(settings) => settings,
        Err(error @ EffectiveError::Encode(_)) => return complain(&error, "report this"),
        Err(error) => return complain(&error, "`kiosk config validate` tells all that is wrong"),
    };
    if args.json {
        say(json!({ "settings": settings }));
        return Outcome::Done;
    }
    for Setting { key, value, origin, .. } in &settings {
        match origin {
            Origin::File { file, line } => {
                say(format_args!("{key} = {value}  # {}:{line}", file.display()));
            }
            Origin::Default => say(format_args!("{key} = {value}  # default")),
            Origin::Unset => say(format_args!("# {key} is not set")),
        }
    }
    Outcome::Done
}

/// Failed when the kiosk does not start with these files, degraded when it starts without a part.
fn validate(args: &OfSite) -> Outcome {
    let found = problems(&args.config);
    if args.json {
        say(json!({ "problems": found }));
    } else if found.is_empty() {
        say(format_args!("{}: nothing is wrong", args.config.display()));
    } else {
        found.iter().for_each(report);
    }
    match found.iter().map(|problem| problem.starts).min() {
        None => Outcome::Done,
        Some(true) => Outcome::Degraded,
        Some(false) => Outcome::Failed,
    }
}

fn report(problem: &Problem) {
    let Problem { file, line, key, cause, remedy, starts } = problem;
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    let kind = if *starts { "warning" } else { "PROBLEM" };
    let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
    say(format_args!("{kind}  {}{line}: {key}{cause}", file.display()));
    say(format_args!("  hint: {remedy}"));
}

fn explain(args: &Explain) -> Outcome {
    let keys = match &args.key {
        Some(name) => explain::find(name),
        None => explain::keys(),
    };
    if keys.is_empty() {
        let name = args.key.as_deref().unwrap_or_default();
        return refuse(
            format_args!("there is no key or section {name}"),
            "`kiosk config explain` without a name lists all",
        );
    }
    if args.json {
        say(json!({ "keys": keys }));
    } else {
        keys.iter().for_each(describe);
    }
    Outcome::Done
}

fn describe(key: &Key) {
    let file = match key.file {
        In::Site => "site file",
        In::Board => "board file",
    };
    let driver = key.driver.as_ref().map(|name| format!(", with driver {name}"));
    say(format_args!("{}  ({}, {file}{})", key.key, key.kind, driver.unwrap_or_default()));
    say(format_args!("  {}", key.meaning));
    if let Some(unit) = &key.unit {
        say(format_args!("  unit: {unit}"));
    }
    for (value, meaning) in &key.values {
        say(format_args!("  \"{value}\": {meaning}"));
    }
    match &key.default {
        Some(value) => say(format_args!("  default: {}", brief(value))),
        None if key.required => say("  must be written"),
        None => say("  nothing holds where it is not written"),
    }
    if let Some(source) = &key.source {
        say(format_args!("  source: {source}"));
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "empty".into(),
        Value::Array(entries) if entries.is_empty() => "none".into(),
        value => value.to_string(),
    }
}
