//! Keys: are their tokens there, how long do their certificates last, can their PINs be read? No
//! PIN is offered to any token.

use board::Board;
use drivers_api::{DeviceError, Token as _};
use formats_copy::TrustAnchors;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::assemble::{officers_token, read_asset, token};
use crate::config::{Config, Key};
use crate::engine::{Kiosk, lock};
use crate::fleet::check::{FaultId, Finding, Subject};
use crate::keys::{Holder, KeyReport, Problem, Watch, look as look_at};

/// A key's certificates, as its token gives them.
pub type Chain = (Holder, Result<Vec<Vec<u8>>, DeviceError>);

/// The keys of a board that no daemon uses.
pub(super) fn chains_of_board(
    board: &Board,
    config: &Config,
) -> Box<dyn FnOnce() -> Vec<Chain> + Send> {
    let (config, module) = (config.clone(), board.token.module.clone());
    Box::new(move || {
        let officers = config.officers.iter().map(|officer| {
            let holder = Holder::Officer(officer.id.clone());
            (holder, officers_token(&module, officer).certificates())
        });
        let seal = token(&module, &config.authority.key).certificates();
        let device = token(&module, &config.device.key).certificates();
        officers.chain([(Holder::Authority, seal), (Holder::Device, device)]).collect()
    })
}

/// The keys of the running daemon: it has the tokens open already.
pub(super) fn chains_of_kiosk(
    kiosk: &Kiosk,
    board: &Board,
) -> Box<dyn FnOnce() -> Vec<Chain> + Send> {
    let (kiosk, module) = (kiosk.clone(), board.token.module.clone());
    Box::new(move || {
        let keys = &kiosk.parts().keys;
        let officers = keys.officers.iter();
        let officers =
            officers.map(|(id, token)| (Holder::Officer(id.clone()), lock(token).certificates()));
        let seal = keys.authority.certificates();
        let device = token(&module, &kiosk.parts().config.device.key).certificates();
        officers.chain([(Holder::Authority, seal), (Holder::Device, device)]).collect()
    })
}

/// What is found of all keys.
pub fn look(config: &Config, chains: Vec<Chain>, now: OffsetDateTime) -> Vec<Finding> {
    if chains.is_empty() {
        return vec![Finding::skipped(Subject::Keys, "another process has the tokens")];
    }
    let roots = match roots(config) {
        Ok(roots) => roots,
        Err(cause) => {
            let remedy = "put the PEM of the issuing root into trust.roots";
            return vec![Finding::fault(Subject::Keys, FaultId::RootsUnusable, cause, remedy)];
        }
    };
    let watch = Watch { trust: &roots, services: None, now };
    let reports = chains.into_iter().map(|(holder, chain)| look_at(holder, chain, &watch));
    let mut found: Vec<_> = reports.map(|report| of_report(&report)).collect();
    found.extend(pin("seal", &config.authority.key));
    found.extend(pin("device", &config.device.key));
    found
}

fn roots(config: &Config) -> Result<TrustAnchors, String> {
    let pem = read_asset("trust file", &config.trust.roots).map_err(|e| crate::chain(&e))?;
    TrustAnchors::from_pem(&pem).map_err(|error| crate::chain(&error))
}

/// What the watch over the keys reports, as a finding.
pub fn of_report(report: &KeyReport) -> Finding {
    let holder = match &report.holder {
        Holder::Officer(id) => format!("officer {id}"),
        Holder::Authority => "seal".to_owned(),
        Holder::Device => "device".to_owned(),
    };
    let day = format_description!("[year]-[month]-[day]");
    let until = report.valid_until.and_then(|until| until.format(day).ok());
    let until = until.map(|until| format!("certificate until {until}")).unwrap_or_default();
    let Some(problem) = &report.problem else {
        return Finding::ok(Subject::Keys, format!("{holder}: {until}"));
    };
    let id = match problem {
        Problem::Missing { .. } if matches!(report.holder, Holder::Officer(_)) => {
            let why = format!("{holder}: the token is not plugged in; officers take theirs home");
            return Finding::skipped(Subject::Keys, why);
        }
        Problem::Missing { .. } => FaultId::KeyMissing,
        Problem::Revoked { .. } => FaultId::CertificateRevoked,
        Problem::Expired => FaultId::CertificateEnded,
        Problem::NotYetValid => FaultId::CertificateNotYetValid,
        Problem::Untrusted => FaultId::CertificateUntrusted,
        Problem::EndsSoon { .. } => FaultId::CertificateEndsSoon,
    };
    Finding::fault(Subject::Keys, id, format!("{holder}: {problem}"), problem.hint())
}

/// A PIN that the kiosk holds, as far as it can be read here.
fn pin(whose: &str, key: &Key) -> Option<Finding> {
    let source = key.pin();
    if source.is_out_of_reach() {
        let why = format!("{whose}: its PIN is a credential, which only the service can read");
        return Some(Finding::skipped(Subject::Keys, why));
    }
    let error = source.read().err()?;
    let cause = format!("{whose}: {}", error.detail);
    let remedy = "put the PIN where the site file says, readable by the kiosk's user alone";
    Some(Finding::fault(Subject::Keys, FaultId::KeyPinUnreadable, cause, remedy))
}
