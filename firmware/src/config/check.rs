//! Values that would make the kiosk unsafe or useless, although each is well-formed.

use std::collections::BTreeSet;

use formats_copy::Product;
use formats_vn::capacity::{Capacity, is_delegated};
use formats_vn::fee;
use formats_vn::vietqr::Account;

use super::{Config, Officer, OfficerPages};
use crate::steps;

/// Longest text of the site file that goes into the register book, in characters.
const BOOK_TEXT_CHARS_MAX: usize = 200;
/// Longest session, in minutes: an officer who comes back from lunch enters the PIN again.
const SESSION_MINUTES_MAX: u32 = 240;
/// Most copies of a session.
const SESSION_SIGNATURES_MAX: u32 = 200;
/// Longest identity of a device, in characters: it is the common name of its certificate.
const DEVICE_ID_CHARS_MAX: usize = 64;

/// A value that the kiosk does not start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrongValue {
    /// Its key.
    pub(super) key: &'static str,
    /// What is wrong with it, or what must be there.
    pub(super) problem: String,
}

impl Config {
    /// All values that the kiosk does not start with.
    pub(super) fn wrong_values(&self) -> Vec<WrongValue> {
        let mut wrong = Vec::new();
        let mut say = |key, problem: &str| wrong.push(WrongValue { key, problem: problem.into() });
        if ![1e-3, 1e-4].contains(&self.face.fmr) {
            say("face.fmr", "thresholds were measured for 1e-3 and 1e-4");
        }
        if !self.screen.listen.ip().is_loopback() {
            say("screen.listen", "the pages must be served on loopback only");
        }
        if !self.officers.iter().any(|officer| officer.role.decides()) {
            say("officers", "at least one officer must be named: only officers certify");
        }
        for (key, problem) in wrong_pages(&self.officer) {
            say(key, problem);
        }
        if let Some(problem) = wrong_certificates(&self.officers) {
            say("officers", &problem);
        }
        if let Err(error) = self.book.name.parse::<formats_book::BookName>() {
            say("book.name", &error.to_string());
        }
        if let Err(problem) = self.authority.key.check_pin() {
            say("authority.key", problem);
        }
        if let Err(problem) = self.device.key.check_pin() {
            say("device.key", problem);
        }
        for officer in &self.officers {
            if let Some(problem) = wrong_officer(officer, self.authority.product) {
                say("officers", &format!("{}: {problem}", officer.id));
            }
        }
        if !self.fee.waivers.iter().all(waiver_fits) {
            let problem = format!(
                "each has a percent of 1 to 100, and a reason of 1 to {BOOK_TEXT_CHARS_MAX} letters"
            );
            say("fee.waivers", &problem);
        }
        if let Some(problem) = self.fee.transfer.as_ref().and_then(|to| wrong_transfer(to, self)) {
            say("fee.transfer", &problem);
        }
        if !device_id_fits(&self.device.id) {
            say("device.id", "use 1 to 64 of the characters A-Z a-z 0-9 - _ .");
        }
        if !self.registry.device_url.starts_with("https://") {
            say("registry.device_url", "the registry is reached by https only");
        }
        if self.upload.battery_percent_min > 100 {
            say("upload.battery_percent_min", "use 0 to 100");
        }
        wrong
    }
}

/// What is wrong with the officers' pages.
fn wrong_pages(pages: &OfficerPages) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    if (pages.session_minutes == 0) != (pages.session_signatures == 0) {
        let problem = "a session is bounded by both officer.session_minutes and \
             officer.session_signatures: set both, or neither";
        wrong.push(("officer.session_minutes", problem));
    }
    if pages.session_minutes > SESSION_MINUTES_MAX {
        wrong.push(("officer.session_minutes", "use at most 240: half a working day"));
    }
    if pages.session_signatures > SESSION_SIGNATURES_MAX {
        wrong.push(("officer.session_signatures", "use at most 200"));
    }
    let named = [&pages.certificate, &pages.key, &pages.client_ca];
    if pages.listen.is_some() && named.iter().any(|file| file.is_none()) {
        let problem = "pages on the network need officer.certificate, officer.key and \
             officer.client_ca: only who has a certificate is served";
        wrong.push(("officer.listen", problem));
    }
    wrong
}

/// A certificate opens the pages for one person.
fn wrong_certificates(officers: &[Officer]) -> Option<String> {
    let mut seen = BTreeSet::new();
    for officer in officers {
        for digest in &officer.certificates {
            let digits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            if digest.len() != 64 || !digest.chars().all(digits) {
                return Some(format!(
                    "{}: write each certificate's SHA-256 as 64 digits 0-9 a-f",
                    officer.id
                ));
            }
            if !seen.insert(digest) {
                return Some(format!("{}: a certificate is one person's", officer.id));
            }
        }
    }
    None
}

/// What is wrong with an officer. Expired delegations may stay in the file; they are refused when
/// they are used.
fn wrong_officer(officer: &Officer, product: Product) -> Option<String> {
    if !officer.role.decides() {
        return None;
    }
    let certifies = product == Product::ChungThuc;
    match officer.capacity.parse::<Capacity>() {
        Err(error) if certifies => Some(error.to_string()),
        _ if officer.capacity.trim().is_empty() => Some("the capacity is empty".into()),
        _ if is_delegated(&officer.capacity) && officer.delegation.trim().is_empty() => {
            Some("this capacity is delegated: name the instrument in delegation".into())
        }
        _ if officer.valid_from > officer.valid_until => {
            Some("valid_from is behind valid_until".into())
        }
        _ if officer.delegation.chars().count() > BOOK_TEXT_CHARS_MAX => {
            Some(format!("use at most {BOOK_TEXT_CHARS_MAX} characters for delegation"))
        }
        _ => None,
    }
}

/// Why fees cannot be transferred to this account.
fn wrong_transfer(account: &Account, config: &Config) -> Option<String> {
    let too_long = || {
        format!(
            "device.id stands in the purpose of every transfer: use at most {} letters and digits",
            steps::fee::DEVICE_CHARS_MAX
        )
    };
    let unfit = account.check().err().map(|error| error.to_string());
    unfit.or_else(|| steps::fee::device_too_long(&config.device.id).then(too_long))
}

fn waiver_fits(waiver: &fee::Waiver) -> bool {
    let letters = waiver.reason.chars().count();
    (1..=100).contains(&waiver.percent)
        && !waiver.reason.trim().is_empty()
        && letters <= BOOK_TEXT_CHARS_MAX
}

fn device_id_fits(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    (1..=DEVICE_ID_CHARS_MAX).contains(&id.len()) && id.chars().all(plain)
}
