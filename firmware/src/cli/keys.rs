//! `kiosk keys …`: the keys that this kiosk signs with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use board::Board;
use drivers_api::Token as _;
use drivers_token::Pkcs11Token;
use formats_copy::TrustAnchors;
use formats_trust_services::Online;
use time::macros::format_description;

use super::{Outcome, complain, say};
use crate::assemble::{officers_token, read_asset, token};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::keys::{Holder, KeyReport, Watch, look};

/// How long a responder may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at keys and certificates. No PIN is used.
#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Checks every token: is it there, how long does its certificate last, does it lead to a
    /// trusted root, was it revoked? Ends with 3 when something is not as it should be.
    Check(Check),
}

/// Which site, and how to report.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The site file.
    #[arg(long, default_value = "/etc/kiosk/kiosk.toml")]
    config: PathBuf,
    /// Asks nobody about revocation.
    #[arg(long)]
    offline: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn keys(command: &Keys) -> Outcome {
    let Keys::Check(args) = command;
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(error) => return complain(&error, "correct the site file"),
    };
    let board = match Board::load(&config.board) {
        Ok(board) => board,
        Err(error) => return complain(&error, "correct the board file that the site file names"),
    };
    let roots = match read_asset("trust file", &config.trust.roots) {
        Ok(roots) => roots,
        Err(error) => return complain(&error, error.hint()),
    };
    let trust = match TrustAnchors::from_pem(&roots) {
        Ok(trust) => trust,
        Err(error) => return complain(&error, "put the PEM of the issuing root into trust.roots"),
    };
    let online = Online::responders(PATIENCE);
    let services = (!args.offline).then_some(&online as _);
    let watch = Watch { trust: &trust, services, now: SystemClock.now() };
    let reports: Vec<KeyReport> = holders(&config, &board.token.module)
        .map(|(holder, mut token)| look(holder, token.certificates(), &watch))
        .collect();
    if args.json {
        match serde_json::to_string(&reports) {
            Ok(text) => say(text),
            Err(error) => return complain(&error, "report this"),
        }
    } else {
        reports.iter().for_each(report);
    }
    let all_well = reports.iter().all(|report| report.problem.is_none());
    if all_well { Outcome::Done } else { Outcome::Degraded }
}

/// Everyone who has a key, with the token that it is on.
fn holders(config: &Config, module: &Path) -> impl Iterator<Item = (Holder, Pkcs11Token)> {
    let officers = config.officers.iter();
    let officers = officers.map(|o| (Holder::Officer(o.id.clone()), officers_token(module, o)));
    officers.chain([
        (Holder::Authority, token(module, &config.authority.key)),
        (Holder::Device, token(module, &config.device.key)),
    ])
}

fn report(report: &KeyReport) {
    let holder = match &report.holder {
        Holder::Officer(id) => format!("officer {id}"),
        Holder::Authority => "authority".to_owned(),
        Holder::Device => "device".to_owned(),
    };
    let day = format_description!("[year]-[month]-[day]");
    let until = report.valid_until.and_then(|until| until.format(day).ok());
    let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
    match &report.problem {
        None => say(format_args!("ok       {holder}: {}{until}", report.name)),
        Some(problem) => {
            say(format_args!("PROBLEM  {holder}: {}{until}: {problem}", report.name));
            say(format_args!("  hint: {}", problem.hint()));
        }
    }
    if !report.revocation_known && report.holder != Holder::Device {
        say("  note: its issuers were not asked, or did not tell, whether it was revoked");
    }
}
