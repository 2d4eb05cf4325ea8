//! `kiosk cabinet clear`: lets the kiosk sign again after its cabinet was opened.

use std::path::PathBuf;

use super::{Outcome, complain, refuse, say};
use crate::config::Config;
use crate::fleet::daemon::{Found, find};

/// Longest name of who cleared the cabinet, in characters.
pub const NAME_MAX: usize = 80;

/// The cabinet's lock.
#[derive(Debug, clap::Subcommand)]
pub enum Cabinet {
    /// Puts on record that the cabinet was looked at and is whole: keys may be used again.
    Clear(Clear),
}

/// Who looked.
#[derive(Debug, clap::Args)]
pub struct Clear {
    /// Who looked at the cabinet; kept in the journal.
    #[arg(long)]
    by: String,
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
}

/// Runs the command.
pub fn cabinet(command: &Cabinet) -> Outcome {
    let Cabinet::Clear(args) = command;
    let by = args.by.trim();
    if by.is_empty() || by.chars().count() > NAME_MAX || by.chars().any(char::is_control) {
        return refuse("--by is no name", "give the name of who looked at the cabinet");
    }
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "`kiosk config validate` tells all that is wrong"),
    };
    let daemon = match find(&config.state_dir) {
        Found::Running(daemon) => daemon,
        Found::Silent(error) => return complain(&error, "`systemctl restart kiosk`, try again"),
        Found::None => {
            return refuse(
                "no daemon runs, and only it sees the switches",
                "start the kiosk first",
            );
        }
    };
    match daemon.clear_cabinet(by) {
        Ok(None) => {
            say("cleared: keys may be used again");
            Outcome::Done
        }
        Ok(Some(why)) => refuse(why, "shut door and tamper switch, plug the panel in, try again"),
        Err(error) => complain(&error, "`kiosk status` says how the daemon is"),
    }
}
