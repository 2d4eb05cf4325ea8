//! Values that would make the kiosk unsafe or useless, although each is well-formed.

use formats_copy::Product;
use formats_vn::capacity::{Capacity, is_delegated};
use formats_vn::fee;

use super::{Config, Officer};

/// Longest text of the site file that goes into the register book, in characters.
const BOOK_TEXT_CHARS_MAX: usize = 200;
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
        if self.officers.is_empty() {
            say("officers", "at least one officer must be named: only officers certify");
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

/// What is wrong with an officer. Expired delegations may stay in the file; they are refused when
/// they are used.
fn wrong_officer(officer: &Officer, product: Product) -> Option<String> {
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
