//! `kiosk card read`: the chip, for the technician.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use board::{Board, Chip as ChipSpec};
use drivers_api::DeviceError;
use formats_mrtd::lds::dg2::ImageKind;
use formats_mrtd::lds::dg13::Item;
use formats_mrtd::{AccessKey, Chip, Passive, Verdict, Wanted};
use formats_vn::id_number::is_number;
use formats_vn::mrz::{self, Expiry};
use serde_json::{Value, json};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::masked;
use crate::assemble::{card_issuers, card_reader};
use crate::cli::{Outcome, complain, refuse, say};
use crate::clock::{Clock as _, SystemClock, VIETNAM};
use crate::config::Config;
use crate::random::SystemRandom;
use crate::screen::words;
use crate::steps::chip::{self, ChipError, ChipStation};

/// Which card, by which reader, and what is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Read {
    /// The access number: the last six digits of the card's number.
    #[arg(long)]
    can: Option<String>,
    /// The three lines of the machine-readable zone.
    #[arg(long, num_args = 3, value_names = ["LINE1", "LINE2", "LINE3"])]
    mrz: Option<Vec<String>>,
    /// The card's number of 12 digits, with --born and --expires.
    #[arg(long, requires_all = ["born", "expires"])]
    number: Option<String>,
    /// Date of birth, such as 1999-09-09.
    #[arg(long)]
    born: Option<String>,
    /// Date of expiry, such as 2039-09-09, or `never`.
    #[arg(long)]
    expires: Option<String>,
    /// The site file; its board names the reader and its [chip] the trusted issuers.
    #[arg(long)]
    config: Option<PathBuf>,
    /// A part of the reader's name, when no site file is given; any reader is taken otherwise.
    #[arg(long, default_value = "")]
    reader: String,
    /// PEM files of trusted issuers and revocation lists, beside those of the site file.
    #[arg(long)]
    trust: Vec<PathBuf>,
    /// Seconds to wait for a card.
    #[arg(long, default_value_t = 20)]
    wait_s: u8,
    /// Shows personal data, which is masked otherwise.
    #[arg(long)]
    show: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn read(args: &Read) -> Outcome {
    let now = SystemClock.now();
    let keys = match keys(args, now) {
        Ok(keys) => keys,
        Err(problem) => {
            let hint = "give --can, or --mrz with its three lines, or --number, --born, --expires";
            return refuse(problem, hint);
        }
    };
    let station = match station(args) {
        Ok(station) => station,
        Err(outcome) => return outcome,
    };
    let wanted = Wanted { portrait: true, details: true };
    match chip::read(&station, &keys, wanted, now, &SystemRandom) {
        Ok(read) => report(args, &read, now),
        Err(error) => failed(args, &error),
    }
}

fn keys(args: &Read, now: OffsetDateTime) -> Result<Vec<AccessKey>, String> {
    let mut keys = Vec::new();
    if let Some(lines) = &args.mrz {
        let [first, second, third] = lines.as_slice() else { return Err("three lines".into()) };
        let today = now.to_offset(VIETNAM).date();
        let zone = mrz::parse([first, second, third], today).map_err(|error| error.to_string())?;
        keys.extend(chip::keys_of_zone(&zone));
    }
    if let (Some(number), Some(born), Some(expires)) = (&args.number, &args.born, &args.expires) {
        let day = |text: &str| {
            Date::parse(text, format_description!("[year]-[month]-[day]"))
                .map_err(|_| format!("{text} is no date such as 1999-09-09"))
        };
        let expires = if expires == "never" { Expiry::Never } else { Expiry::On(day(expires)?) };
        let key = mrz::chip_key(number, day(born)?, expires);
        keys.push(AccessKey::Mrz(key.ok_or("the number has not 12 digits")?));
    }
    if let Some(can) = &args.can {
        // The whole number is taken too: its end is the access number.
        let can = if is_number(can) { &can[6..] } else { can };
        keys.push(AccessKey::Can(can.to_owned()));
    }
    if keys.is_empty() { Err("nothing to open the chip with".into()) } else { Ok(keys) }
}

fn station(args: &Read) -> Result<ChipStation, Outcome> {
    let wait = Duration::from_secs(args.wait_s.into());
    let any = ChipSpec::Pcsc { reader: args.reader.clone(), command_s: 10 };
    let (spec, mut files) = match &args.config {
        None => (any, vec![]),
        Some(path) => {
            let config = Config::load(path).map_err(|e| complain(&e, "correct the site file"))?;
            let board = Board::load(&config.board)
                .map_err(|e| complain(&e, "correct the board file that the site file names"))?;
            (board.chip, config.chip.trust)
        }
    };
    let hint = "name a [chip] driver in the board file, or leave --config out";
    let reader = card_reader(&spec).ok_or_else(|| refuse("the board has no card reader", hint))?;
    files.extend(args.trust.iter().cloned());
    let trust = card_issuers(&files).map_err(|error| complain(&error, error.hint()))?;
    Ok(ChipStation { reader: Mutex::new(reader), trust, patience: wait })
}

fn failed(args: &Read, error: &ChipError) -> Outcome {
    if args.json {
        let device = match error {
            ChipError::Reader(DeviceError { fault, .. }) => Some(format!("{fault:?}")),
            ChipError::Read(_) => None,
        };
        let outcome = crate::visit::ChipOutcome::NotRead(error.gap());
        say(json!({ "outcome": outcome.code(), "fault": device, "cause": crate::chain(error) }));
    }
    complain(error, error.hint())
}

fn report(args: &Read, chip: &Chip, now: OffsetDateTime) -> Outcome {
    let outcome = chip::outcome(chip);
    let words = words::chip(outcome);
    let shown = |text: &str| if args.show { text.to_owned() } else { masked(text) };
    let facts = facts(chip, now, shown);
    let findings = chip::findings(None, None, Some(chip), now);
    if args.json {
        let decoded = chip::portrait(chip);
        let pixels = decoded.as_ref().and_then(|decoded| decoded.as_ref().ok());
        let pixels = pixels.map(|image| [image.width(), image.height()]);
        let undecoded = decoded.and_then(Result::err).map(|error| crate::chain(&error));
        let portrait = chip.portrait().and_then(Result::ok).map(|portrait| {
            let kind = match portrait.kind {
                ImageKind::Jpeg => "jpeg",
                ImageKind::Jpeg2000 => "jpeg2000",
            };
            json!({
                "kind": kind, "width": portrait.width, "height": portrait.height,
                "bytes": portrait.image.len(), "pixels": pixels,
                "error": undecoded,
            })
        });
        let refused = chip.refused.iter().map(
            |(file, status)| json!({ "file": file.to_string(), "status": status.to_string() }),
        );
        let refused: Vec<_> = refused.collect();
        let facts: serde_json::Map<String, Value> =
            facts.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        say(json!({
            "outcome": outcome.code(),
            "opened": format!("{:?}", chip.opened),
            "passive": passive(chip),
            "proof": format!("{:?}", chip.evidence.chip),
            "listed": chip.listed,
            "read": chip.groups().collect::<Vec<_>>(),
            "refused": refused,
            "portrait": portrait,
            "masked": !args.show,
            "holder": facts,
            "findings": findings.iter().map(|f| f.en()).collect::<Vec<_>>(),
        }));
    } else {
        say(format_args!("{}\n{}", words.vi, words.en));
        say(format_args!("opened:  {:?}", chip.opened));
        say(format_args!("files:   {}", passive(chip)));
        say(format_args!("chip:    {:?}", chip.evidence.chip));
        for (file, status) in &chip.refused {
            say(format_args!("refused: {file}, status {status}"));
        }
        facts.iter().for_each(|(name, value)| say(format_args!("{name}: {value}")));
        findings.iter().for_each(|finding| say(format_args!("note: {}", finding.en())));
    }
    match chip.evidence.verdict() {
        Verdict::Genuine => Outcome::Done,
        Verdict::FilesOnly | Verdict::IssuerUnknown(_) | Verdict::Suspected(_) => Outcome::Degraded,
    }
}

fn passive(chip: &Chip) -> String {
    match chip.evidence.passive {
        Passive::Signed(issuer) => format!("signed, issuer {issuer:?}"),
        Passive::Broken(broken) => format!("broken: {broken:?}"),
    }
}

/// What the chip says of its holder, by name.
fn facts(
    chip: &Chip,
    now: OffsetDateTime,
    shown: impl Fn(&str) -> String,
) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Ok(zone) = chip.zone(now.to_offset(VIETNAM).date()) {
        let expires = match zone.expires {
            Expiry::On(day) => day.to_string(),
            Expiry::Never => "never".into(),
        };
        facts.extend([
            ("number", shown(&zone.number)),
            ("name", shown(&zone.name)),
            ("born", shown(&zone.born.to_string())),
            ("expires", shown(&expires)),
        ]);
    }
    if let Some(Ok(details)) = chip.details() {
        let items = [
            ("full_name", Item::Name),
            ("residence", Item::Residence),
            ("issued", Item::Issued),
            ("old_number", Item::OldNumber),
        ];
        let told = items.into_iter().filter_map(|(name, item)| Some((name, details.text(item)?)));
        facts.extend(told.map(|(name, text)| (name, shown(text))));
    }
    facts
}
